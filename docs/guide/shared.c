/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>
#include <string.h>

/* [task] */
typedef struct {
    spork_ref_t counts; /* where the shared array is */
    char text[48];
} item_t;

static apr_status_t count_letters(spork_task_t *task, const void *in, void *out)
{
    const item_t *item = in;
    apr_uint64_t *counts = spork_deref(task, item->counts, 26 * sizeof *counts);
    (void)out;
    if (counts == NULL) return APR_EINVAL; /* not all of it is in shared memory */
    for (const char *c = item->text; *c; c++)
        if (*c >= 'a' && *c <= 'z') (void)spork_atomic_add64(&counts[*c - 'a'], 1);
    return APR_SUCCESS;
}
/* [end] */

static const spork_entry_t tasks[] = { SPORK_ENTRY(count_letters), SPORK_END };

int main(int argc, char **argv)
{
    static const char *lines[] = { "the quick brown fox", "jumps over", "the lazy dog" };
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    /* [parent] */
    apr_uint64_t *counts = spork_alloc(pool, 26 * sizeof *counts); /* zeroed; all workers see it */
    item_t *items = spork_alloc(pool, 3 * sizeof *items);          /* a map over it copies nothing */
    if (counts == NULL || items == NULL) return 1;
    for (int i = 0; i < 3; i++) {
        items[i].counts = spork_ref(pool, counts);
        strcpy(items[i].text, lines[i]);
    }
    if (spork_map(pool, count_letters, items, sizeof *items, NULL, 0, 3, NULL) != APR_SUCCESS) return 1;
    printf("e: %d, o: %d\n", (int)counts['e' - 'a'], (int)counts['o' - 'a']);
    /* [end] */
    spork_pool_destroy(pool); /* the shared memory ends with it */
    return 0;
}
