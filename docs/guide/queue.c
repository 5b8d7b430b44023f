/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>

/* [task] */
typedef struct {
    int item, part;
} event_t;

static apr_status_t work(spork_task_t *task, const void *in, void *out)
{
    spork_queue_t *events; /* this item's handle; it ends with the item */
    apr_status_t status = spork_queue_open(&events, task, "events");
    (void)out;
    for (int part = 1; part <= 3 && status == APR_SUCCESS; part++) {
        event_t event = { *(const int *)in, part };
        status = spork_queue_put(events, &event, sizeof event, -1); /* waits while it is full */
    }
    return status;
}
/* [end] */

static const spork_entry_t tasks[] = { SPORK_ENTRY(work), SPORK_END };

int main(int argc, char **argv)
{
    int parts[4] = { 0 };
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    /* [parent] */
    spork_queue_t *events;
    const void *data;
    apr_size_t size;
    apr_status_t status = spork_queue_create(&events, pool, "events", 4096);
    for (int i = 0; i < 4 && status == APR_SUCCESS; i++) {
        spork_future_t *future;
        status = spork_submit(&future, pool, work, &i, sizeof i);
    }
    while (status == APR_SUCCESS && (status = spork_queue_get(events, &data, &size, -1)) == APR_SUCCESS) {
        const event_t *event = data;
        if (size == sizeof *event && event->item >= 0 && event->item < 4) parts[event->item] = event->part;
    }
    if (!APR_STATUS_IS_EOF(status)) return 1; /* the end: no item is left that could put */
    printf("last parts heard of: %d %d %d %d\n", parts[0], parts[1], parts[2], parts[3]);
    /* [end] */
    spork_pool_destroy(pool);
    return 0;
}
