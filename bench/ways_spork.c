/*
 * spork's own ways: map over ordinary and over shared memory, submit, stream.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways_spork.h"

#include <stdlib.h>
#include <string.h>

/* ---- the tasks -------------------------------------------------------------------------------------- */

static apr_status_t echo(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    item_echo(in, WORD, out);
    return APR_SUCCESS;
}

static apr_status_t spin(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    item_spin(in, WORD, out);
    return APR_SUCCESS;
}

static apr_status_t blob(spork_task_t *task, const void *in, void *out)
{
    item_blob(in, spork_task_in_size(task), out);
    return APR_SUCCESS;
}

static apr_status_t reply(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    item_reply(in, sizeof(order_t), out);
    return APR_SUCCESS;
}

static apr_status_t echo_reply(spork_task_t *task, const void *in, void *out)
{
    word_t word;
    (void)out;
    item_echo(in, WORD, &word);
    return spork_reply(task, &word, WORD);
}

static apr_status_t spin_reply(spork_task_t *task, const void *in, void *out)
{
    word_t word;
    (void)out;
    item_spin(in, WORD, &word);
    return spork_reply(task, &word, WORD);
}

/* A worker's buffer for what it answers, as each peer's workers have one; it grows and stays. */
static void *buffer_of(apr_size_t size)
{
    static void *buffer;
    static apr_size_t room;
    if (size > room) {
        free(buffer);
        buffer = malloc(size);
        room = buffer ? size : 0;
    }
    return buffer;
}

static apr_status_t blob_reply(spork_task_t *task, const void *in, void *out)
{
    const apr_size_t size = spork_task_in_size(task);
    (void)out;
    out = buffer_of(size);
    if (!out) return APR_ENOMEM;
    item_blob(in, size, out);
    return spork_reply(task, out, size);
}

static apr_status_t reply_reply(spork_task_t *task, const void *in, void *out)
{
    const apr_size_t size = (apr_size_t)((const order_t *)in)->size;
    (void)out;
    out = buffer_of(size);
    if (!out) return APR_ENOMEM;
    item_reply(in, sizeof(order_t), out);
    return spork_reply(task, out, size);
}

const spork_entry_t measured_tasks[] = {
    SPORK_ENTRY(echo),
    SPORK_ENTRY(spin),
    SPORK_ENTRY(blob),
    SPORK_ENTRY(reply),
    SPORK_ENTRY(echo_reply),
    SPORK_ENTRY(spin_reply),
    SPORK_ENTRY(blob_reply),
    SPORK_ENTRY(reply_reply),
    SPORK_ENTRY(meet),
    SPORK_ENTRY(work_until),
    SPORK_END,
};

spork_fn_t spork_task_of(const char *name)
{
    const spork_entry_t *entry = measured_tasks;
    while (entry->name && strcmp(entry->name, name) != 0) entry++;
    return entry->fn;
}

/* ---- pools ------------------------------------------------------------------------------------------ */

static spork_start_e start_of(const char *name)
{
    if (strcmp(name, "fork") == 0) return SPORK_START_FORK;
    if (strcmp(name, "spawn") == 0) return SPORK_START_SPAWN;
    return strcmp(name, "inline") == 0 ? SPORK_START_INLINE : SPORK_START_AUTO;
}

apr_status_t spork_make(spork_pool_t **pool, const job_t *job)
{
    spork_config_t config;
    spork_config_init(&config);
    config.workers = job->workers;
    config.start = start_of(job->start);
    config.arena_size = job->arena << 20;
    return spork_pool_create(pool, &config, NULL);
}

static apr_status_t make_pool(job_t *job)
{
    spork_pool_t *pool;
    const apr_status_t status = spork_make(&pool, job);
    job->state = pool;
    return status;
}

/* Answers of kind reply would be gigabytes: they are looked at as they come. */
static apr_status_t set_up(job_t *job)
{
    const apr_status_t status = make_pool(job);
    if (status != APR_SUCCESS) return status;
    if (job->kind->keeps) return plain_set_up(job);
    job->in = malloc(job->work.items * job->kind->in_size(&job->work));
    return job->in ? APR_SUCCESS : APR_ENOMEM;
}

static void tear_down(job_t *job)
{
    spork_pool_destroy(job->state);
    plain_tear_down(job);
}

static apr_status_t set_up_map(job_t *job)
{
    const apr_status_t status = make_pool(job);
    return status == APR_SUCCESS ? plain_set_up(job) : status;
}

static apr_status_t set_up_shared(job_t *job)
{
    const apr_status_t status = make_pool(job);
    if (status != APR_SUCCESS) return status;
    /* and one, for spork_alloc() gives nothing for nothing */
    job->in = spork_alloc(job->state, job->work.items * job->kind->in_size(&job->work) + 1);
    job->out = spork_alloc(job->state, job->work.items * job->kind->out_size(&job->work) + 1);
    return job->in && job->out ? APR_SUCCESS : APR_ENOMEM;
}

static void tear_down_shared(job_t *job)
{
    spork_pool_destroy(job->state);
}

/* ---- map -------------------------------------------------------------------------------------------- */

static apr_status_t map(const job_t *job, spork_pool_t *pool)
{
    spork_map_t options = { 0 };
    options.chunk = job->chunk;
    return spork_map(pool, spork_task_of(job->kind->task), job->in, job->kind->in_size(&job->work), job->out,
                     job->kind->out_size(&job->work), job->work.items, &options);
}

static apr_status_t run_map(job_t *job, apr_uint64_t *ns)
{
    const apr_uint64_t start = clock_now();
    const apr_status_t status = map(job, job->state);
    *ns = clock_now() - start;
    return status;
}

/* The pool's start and end belong to it. */
static apr_status_t run_cold(job_t *job, apr_uint64_t *ns)
{
    spork_pool_t *pool;
    const apr_uint64_t start = clock_now();
    apr_status_t status = spork_make(&pool, job);
    if (status == APR_SUCCESS) status = map(job, pool);
    spork_pool_destroy(pool);
    *ns = clock_now() - start;
    return status;
}

/* ---- submit ----------------------------------------------------------------------------------------- */

static apr_status_t collect(job_t *job, apr_size_t i, spork_future_t *future)
{
    apr_status_t status = spork_future_wait(future, -1);
    if (status == APR_SUCCESS) {
        const spork_outcome_t *outcome = spork_future_outcome(future);
        status = outcome->status;
        if (status == APR_SUCCESS) job_take(job, i, outcome->out, outcome->out_size);
    }
    spork_future_destroy(future);
    return status;
}

static apr_status_t run_submit(job_t *job, apr_uint64_t *ns)
{
    const spork_fn_t fn = spork_task_of(job->kind->reply);
    const apr_size_t in_size = job->kind->in_size(&job->work), items = job->work.items;
    const apr_size_t flight = job->flight ? job->flight : 64;
    spork_future_t **futures = malloc(flight * sizeof(*futures));
    apr_status_t status = futures ? APR_SUCCESS : APR_ENOMEM;
    apr_size_t sent = 0;

    const apr_uint64_t start = clock_now();
    for (apr_size_t i = 0; i < items && status == APR_SUCCESS; i++) {
        for (; sent < items && sent - i < flight && status == APR_SUCCESS; sent++)
            status = spork_submit(&futures[sent % flight], job->state, fn, (char *)job->in + sent * in_size,
                                  in_size);
        if (status == APR_SUCCESS) status = collect(job, i, futures[i % flight]);
    }
    *ns = clock_now() - start;
    free(futures);
    return status;
}

/* ---- stream ----------------------------------------------------------------------------------------- */

typedef struct {
    job_t *job;
    apr_size_t drawn;
} stream_t;

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    stream_t *stream = baton;
    const job_t *job = stream->job;
    if (stream->drawn == job->work.items) return APR_EOF;
    *in_size = job->kind->in_size(&job->work);
    *in = (const char *)job->in + stream->drawn++ * *in_size;
    return APR_SUCCESS;
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    const stream_t *stream = baton;
    if (outcome->status == APR_SUCCESS)
        job_take(stream->job, outcome->index, outcome->out, outcome->out_size);
    return outcome->status;
}

/* The window is the flight; 0: spork's own. */
static apr_status_t run_stream(job_t *job, apr_uint64_t *ns)
{
    const spork_stream_t options = { .window = job->flight };
    stream_t stream = { job, 0 };
    const apr_uint64_t start = clock_now();
    const apr_status_t status =
        spork_stream(job->state, spork_task_of(job->kind->reply), draw, deliver, &stream, &options);
    *ns = clock_now() - start;
    return status;
}

const way_t spork_ways[] = {
    { "map", "spork_map, ordinary memory, pool warm", set_up_map, run_map, tear_down },
    { "map_shared", "spork_map over spork_alloc memory, pool warm", set_up_shared, run_map,
      tear_down_shared },
    { "map_cold", "spork_map, with the pool's start and end", plain_set_up, run_cold, plain_tear_down },
    { "submit", "spork_submit to outcome, `flight` on their way", set_up, run_submit, tear_down },
    { "stream", "spork_stream; its window is `flight`", set_up, run_stream, tear_down },
    { NULL, NULL, NULL, NULL, NULL },
};
