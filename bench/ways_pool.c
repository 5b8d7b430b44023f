/*
 * spork's ways that are not about handing many items out: a pool's start and end, the time of one round trip,
 * memory, and what the parent costs while it waits.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways_spork.h"

#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <stdlib.h>

/* ---- start and end ---------------------------------------------------------------------------------- */

typedef struct {
    apr_uint32_t here;
    apr_uint32_t wanted;
} meeting_t;

/* Answers when all have come: so each worker gives one answer, and none gives two. */
apr_status_t meet(spork_task_t *task, const void *in, void *out)
{
    meeting_t *meeting = spork_deref(task, *(const spork_ref_t *)in, sizeof(meeting_t));
    if (!meeting) return APR_EINVAL;
    spork_atomic_add32(&meeting->here, 1);
    while (spork_atomic_load32(&meeting->here) < meeting->wanted) apr_thread_yield();
    *(word_t *)out = (word_t)spork_worker_id(task) + 1;
    return APR_SUCCESS;
}

static apr_status_t meet_all(const job_t *job, spork_pool_t *pool)
{
    const apr_size_t n = (apr_size_t)job->workers;
    spork_ref_t *in = calloc(n, sizeof *in);
    word_t *out = calloc(n, sizeof *out);
    meeting_t *meeting = spork_alloc(pool, sizeof *meeting);
    apr_status_t status = in && out && meeting ? APR_SUCCESS : APR_ENOMEM;
    spork_map_t options = { 0 };
    word_t seen = 0;

    if (status == APR_SUCCESS) {
        meeting->wanted = (apr_uint32_t)n;
        for (apr_size_t i = 0; i < n; i++) in[i] = spork_ref(pool, meeting);
        options.chunk = 1;
        status = spork_map(pool, meet, in, sizeof *in, out, sizeof *out, n, &options);
    }
    for (apr_size_t i = 0; i < n && status == APR_SUCCESS; i++) seen += out[i];
    if (status == APR_SUCCESS && seen != n * (n + 1) / 2) status = APR_EGENERAL;
    free(in);
    free(out);
    return status;
}

static apr_status_t run_start(job_t *job, apr_uint64_t *ns)
{
    spork_pool_t *pool;
    const apr_uint64_t start = clock_now();
    apr_status_t status = spork_make(&pool, job);
    if (status == APR_SUCCESS) status = meet_all(job, pool);
    if (status == APR_SUCCESS) status = spork_pool_close(pool);
    spork_pool_destroy(pool);
    *ns = clock_now() - start;
    return status;
}

/* ---- one round trip --------------------------------------------------------------------------------- */

static apr_status_t set_up_one(job_t *job)
{
    spork_pool_t *pool;
    const apr_status_t status = spork_make(&pool, job);
    job->state = pool;
    return status;
}

static void tear_down_one(job_t *job)
{
    spork_pool_destroy(job->state);
}

static apr_status_t trip(job_t *job, word_t in, word_t *out)
{
    spork_future_t *future = NULL;
    apr_status_t status = spork_submit(&future, job->state, spork_task_of("echo_reply"), &in, WORD);
    if (status == APR_SUCCESS) status = spork_future_wait(future, -1);
    if (status == APR_SUCCESS) {
        const spork_outcome_t *outcome = spork_future_outcome(future);
        status = outcome->status;
        if (status == APR_SUCCESS && outcome->out_size == WORD) *out = *(const word_t *)outcome->out;
    }
    spork_future_destroy(future);
    return status;
}

static apr_status_t run_trips(job_t *job, apr_uint64_t *ns)
{
    return job_trips(job, trip, ns);
}

/* ---- memory ----------------------------------------------------------------------------------------- */

/* Of the parent and all workers together, KiB. */
typedef struct {
    double parent;  /* private to the parent */
    double workers; /* private to the workers */
    double shared;  /* shared memory that anybody has touched, once */
    double most;    /* that the parent had resident at any time */
    double resident;
    double parent_shared;
} census_t;

static apr_status_t take_census(spork_pool_t *pool, census_t *census)
{
    apr_int64_t pids[SPORK_WORKERS_MAX];
    const int n = pool ? spork_pool_pids(pool, pids, SPORK_WORKERS_MAX) : 0;
    memory_t memory;
    apr_status_t status = memory_of(0, &memory);

    *census = (census_t){ (double)memory.anonymous,   0,
                          (double)memory.shared_part, (double)memory.most_resident,
                          (double)memory.resident,    (double)memory.shared };
    for (int i = 0; i < n && status == APR_SUCCESS; i++) {
        status = memory_of(pids[i], &memory);
        census->workers += (double)memory.anonymous;
        census->shared += (double)memory.shared_part;
    }
    return status;
}

/* What a pool adds to the parent and takes of shared memory, after a small map; KiB a worker. */
static apr_status_t run_memory_pool(job_t *job, apr_uint64_t *ns)
{
    const apr_uint64_t start = clock_now();
    census_t before, after;
    spork_pool_t *pool = NULL;
    word_t in[1000], out[1000];
    const double n = job->workers;
    apr_status_t status = take_census(NULL, &before);

    for (int i = 0; i < 1000; i++) in[i] = (word_t)i;
    if (status == APR_SUCCESS) status = spork_make(&pool, job);
    if (status == APR_SUCCESS)
        status = spork_map(pool, spork_task_of("echo"), in, WORD, out, WORD, 1000, NULL);
    if (status == APR_SUCCESS) status = take_census(pool, &after);
    spork_pool_destroy(pool);
    *ns = clock_now() - start;
    if (status == APR_SUCCESS)
        apr_snprintf(job->also, sizeof job->also, " kib=%.1f parent_kib=%.1f shared_kib=%.1f worker_kib=%.1f",
                     (after.parent - before.parent + after.shared - before.shared) / n,
                     (after.parent - before.parent) / n, (after.shared - before.shared) / n,
                     after.workers / n);
    return status;
}

/* What a map takes beside its arrays, which are touched before it; in parts of them and in KiB. */
static apr_status_t run_memory_map(job_t *job, apr_uint64_t *ns)
{
    census_t before, after;
    const double arrays = (double)(job->work.items * 2 * WORD) / 1024;
    apr_status_t status = take_census(job->state, &before);
    const apr_uint64_t start = clock_now();

    if (status == APR_SUCCESS)
        status = spork_map(job->state, spork_task_of("echo"), job->in, WORD, job->out, WORD, job->work.items,
                           NULL);
    *ns = clock_now() - start;
    if (status == APR_SUCCESS) status = take_census(job->state, &after);
    if (status == APR_SUCCESS) {
        /* the parent at its fullest, what only workers have touched, and their own */
        const double only_theirs =
            (after.shared - after.parent_shared) - (before.shared - before.parent_shared);
        const double more = after.most - before.resident + only_theirs + after.workers - before.workers;
        apr_snprintf(job->also, sizeof job->also, " kib=%.0f part=%.5f", more, more / arrays);
    }
    return status;
}

/* ---- a parent that waits ---------------------------------------------------------------------------- */

/* Computes for so many nanoseconds. */
apr_status_t work_until(spork_task_t *task, const void *in, void *out)
{
    const apr_uint64_t end = clock_now() + *(const word_t *)in;
    word_t turns = 1000, sum;
    (void)task;
    do item_spin(&turns, WORD, &sum);
    while (clock_now() < end);
    *(word_t *)out = 1;
    return APR_SUCCESS;
}

/* An item of `pause` microseconds for each worker. */
static apr_status_t run_waiting(job_t *job, apr_uint64_t *ns)
{
    const apr_size_t n = (apr_size_t)job->workers;
    word_t *in = calloc(n, WORD), *out = calloc(n, WORD);
    apr_status_t status = in && out ? APR_SUCCESS : APR_ENOMEM;
    spork_map_t options = { 0 };

    options.chunk = 1;
    for (apr_size_t i = 0; i < n && status == APR_SUCCESS; i++) in[i] = (word_t)job->pause * 1000;
    const apr_uint64_t used = clock_processor(), start = clock_now();
    if (status == APR_SUCCESS) status = spork_map(job->state, work_until, in, WORD, out, WORD, n, &options);
    *ns = clock_now() - start;
    if (status == APR_SUCCESS)
        apr_snprintf(job->also, sizeof job->also, " percent=%.4f",
                     100.0 * (double)(clock_processor() - used) / (double)*ns);
    free(in);
    free(out);
    return status;
}

static apr_status_t set_up_memory(job_t *job)
{
    const apr_status_t status = set_up_one(job);
    memory_t memory;
    if (status != APR_SUCCESS) return status;
    return memory_of(0, &memory) == APR_SUCCESS ? plain_set_up(job) : APR_ENOTIMPL;
}

static void tear_down_memory(job_t *job)
{
    tear_down_one(job);
    plain_tear_down(job);
}

static apr_status_t set_up_memory_shared(job_t *job)
{
    const apr_status_t status = set_up_one(job);
    if (status != APR_SUCCESS) return status;
    job->in = spork_alloc(job->state, job->work.items * WORD);
    job->out = spork_alloc(job->state, job->work.items * WORD);
    return job->in && job->out ? APR_SUCCESS : APR_ENOMEM;
}

const way_t pool_ways[] = {
    { "start", "spork: start, one answer of each worker, end", NULL, run_start, NULL },
    { "trips", "spork_submit to outcome, one at a time: the median trip", set_up_one, run_trips,
      tear_down_one },
    { "memory_pool", "what a pool takes, KiB a worker", NULL, run_memory_pool, NULL },
    { "memory_map", "what a map takes beside its arrays of ordinary memory", set_up_memory, run_memory_map,
      tear_down_memory },
    { "memory_shared", "the same over spork_alloc memory", set_up_memory_shared, run_memory_map,
      tear_down_one },
    { "waiting", "the parent's processor time during items of `pause` microseconds", set_up_one, run_waiting,
      tear_down_one },
    { NULL, NULL, NULL, NULL, NULL },
};
