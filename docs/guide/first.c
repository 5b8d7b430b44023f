/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>

#define RANGES 100
#define LENGTH 10000

typedef struct {
    int from, to;
} range_t;

static int is_prime(int n)
{
    for (int d = 2; d * d <= n; d++)
        if (n % d == 0) return 0;
    return n > 1;
}

/* The task: one item of work. It runs in a worker process. */
static apr_status_t count_primes(spork_task_t *task, const void *in, void *out)
{
    const range_t *range = in;
    int *primes = out;
    (void)task;
    *primes = 0;
    for (int n = range->from; n < range->to; n++) *primes += is_prime(n);
    return APR_SUCCESS;
}

/* All functions that workers may be asked to run. */
static const spork_entry_t tasks[] = { SPORK_ENTRY(count_primes), SPORK_END };

static int failed(void)
{
    fprintf(stderr, "first: %s\n", spork_error());
    return 1;
}

int main(int argc, char **argv)
{
    range_t ranges[RANGES];
    int primes[RANGES], all = 0;
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return failed(); /* workers stay in here */

    for (int i = 0; i < RANGES; i++) {
        ranges[i].from = i * LENGTH;
        ranges[i].to = (i + 1) * LENGTH;
    }
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return failed();
    if (spork_map(pool, count_primes, ranges, sizeof *ranges, primes, sizeof *primes, RANGES, NULL) !=
        APR_SUCCESS)
        return failed();
    if (spork_pool_close(pool) != APR_SUCCESS) return failed();
    spork_pool_destroy(pool);

    for (int i = 0; i < RANGES; i++) all += primes[i];
    printf("%d primes below %d\n", all, RANGES * LENGTH);
    return 0;
}
