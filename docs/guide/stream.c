/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>

/* [stream] */
typedef struct {
    apr_uint64_t next, end; /* the source's: inputs to come */
    apr_uint64_t sum;       /* the sink's: results so far */
} batch_t;

static apr_status_t source(void *baton, const void **in, apr_size_t *in_size)
{
    batch_t *batch = baton;
    if (batch->next == batch->end) return APR_EOF;
    batch->next++;
    *in = &batch->next; /* copied before the next call */
    *in_size = sizeof batch->next;
    return APR_SUCCESS;
}

static apr_status_t sink(void *baton, const spork_outcome_t *outcome)
{
    batch_t *batch = baton;
    if (outcome->status != APR_SUCCESS) return outcome->status; /* the first failure ends the stream */
    batch->sum += *(const apr_uint64_t *)outcome->out;
    return APR_SUCCESS;
}

static apr_status_t digits(spork_task_t *task, const void *in, void *out)
{
    apr_uint64_t n = *(const apr_uint64_t *)in, sum = 0;
    (void)out;
    for (; n > 0; n /= 10) sum += n % 10;
    return spork_reply(task, &sum, sizeof sum);
}
/* [end] */

static const spork_entry_t tasks[] = { SPORK_ENTRY(digits), SPORK_END };

int main(int argc, char **argv)
{
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    /* [call] */
    batch_t batch = { 0, 100000, 0 };
    if (spork_stream(pool, digits, source, sink, &batch, NULL) != APR_SUCCESS) return 1;
    printf("the digits of all numbers up to 100000 add up to %d\n", (int)batch.sum);
    /* [end] */
    spork_pool_destroy(pool);
    return 0;
}
