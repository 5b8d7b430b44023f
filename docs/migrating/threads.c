/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>

typedef struct {
    int below, primes;
} job_t;

static apr_status_t count_primes(spork_task_t *task, const void *in, void *out)
{
    job_t job = *(const job_t *)in; /* a copy: the parent's own is in another process */
    (void)out;
    for (int n = 2; n < job.below; n++) {
        int d = 2;
        while (d * d <= n && n % d) d++;
        job.primes += d * d > n;
    }
    return spork_reply(task, &job, sizeof job); /* and so it goes back */
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(count_primes), SPORK_END };

int main(int argc, char **argv)
{
    job_t jobs[] = { { 1000, 0 }, { 20000, 0 }, { 50000, 0 } };
    spork_future_t *future;
    spork_config_t config;
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1; /* initializes APR, too */
    spork_config_init(&config);
    config.workers = 2;
    if (spork_pool_create(&pool, &config, NULL) != APR_SUCCESS) return 1;
    for (int i = 0; i < 3; i++) {
        if (spork_submit(&future, pool, count_primes, &jobs[i], sizeof jobs[i]) != APR_SUCCESS) return 1;
        spork_future_set_baton(future, &jobs[i]);
    }
    while (spork_wait_any(pool, -1, &future) ==
           APR_SUCCESS) { /* whichever is done next; APR_EOF: none left */
        const spork_outcome_t *outcome = spork_future_outcome(future);
        if (outcome->status != APR_SUCCESS) return 1;
        *(job_t *)spork_future_baton(future) = *(const job_t *)outcome->out;
        spork_future_destroy(future);
    }
    spork_pool_destroy(pool);
    for (int i = 0; i < 3; i++) printf("%d primes below %d\n", jobs[i].primes, jobs[i].below);
    return 0;
}
