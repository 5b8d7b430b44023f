/*
 * One measurement of each kind. The clock runs from handing over the inputs to having all the answers;
 * checking them is not counted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure.h"

#include <string.h>

/* Where pool_dispatch.py lies; the build knows. */
#ifndef SPORK_BENCH_DIR
#define SPORK_BENCH_DIR "bench"
#endif

static apr_status_t echo(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(apr_uint64_t *)out = *(const apr_uint64_t *)in;
    return APR_SUCCESS;
}

static apr_status_t echo_reply(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    return spork_reply(task, in, WORD);
}

const spork_entry_t measured_tasks[] = { SPORK_ENTRY(echo), SPORK_ENTRY(echo_reply), SPORK_END };

static void echo_plain(const void *in, void *out)
{
    *(apr_uint64_t *)out = *(const apr_uint64_t *)in;
}

static peer_item_t volatile the_item = echo_plain;

peer_item_t peer_item(void)
{
    return the_item;
}

static apr_uint64_t word_at(apr_size_t i)
{
    return (apr_uint64_t)i * 0x9E3779B97F4A7C15u + 1;
}

void measure_fill(apr_uint64_t *in, apr_size_t items)
{
    for (apr_size_t i = 0; i < items; i++) in[i] = word_at(i);
}

/* What was written last time must not pass for a result of this time. */
static apr_uint64_t begin(apr_uint64_t *out, apr_size_t items)
{
    memset(out, 0, items * WORD);
    return peer_clock();
}

static apr_status_t end(apr_uint64_t start, apr_status_t status, const apr_uint64_t *out, apr_size_t items,
                        double *ns)
{
    *ns = (double)(peer_clock() - start) / (double)items;
    for (apr_size_t i = 0; i < items && status == APR_SUCCESS; i++)
        if (out[i] != word_at(i)) status = APR_EGENERAL;
    return status;
}

apr_status_t measure_serial(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns)
{
    const peer_item_t item = peer_item();
    const apr_uint64_t start = begin(bench->out, items);
    (void)chunk;
    for (apr_size_t i = 0; i < items; i++) item(&bench->in[i], &bench->out[i]);
    return end(start, APR_SUCCESS, bench->out, items, ns);
}

apr_status_t measure_cursor(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns)
{
    if (!bench->cursor) return APR_ENOTIMPL;
    const apr_uint64_t start = begin(peer_cursor_out(bench->cursor), items);
    const apr_status_t status = peer_cursor_run(bench->cursor, items, chunk);
    return end(start, status, peer_cursor_out(bench->cursor), items, ns);
}

apr_status_t measure_openmp(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns)
{
    const apr_uint64_t start = begin(bench->out, items);
    const apr_status_t status = peer_openmp_run(bench->workers, bench->in, bench->out, items, chunk);
    return end(start, status, bench->out, items, ns);
}

static apr_status_t map(bench_t *bench, const apr_uint64_t *in, apr_uint64_t *out, apr_size_t items,
                        apr_size_t chunk, double *ns)
{
    spork_map_t options = { 0 };
    options.chunk = chunk;
    const apr_uint64_t start = begin(out, items);
    const apr_status_t status = spork_map(bench->pool, echo, in, WORD, out, WORD, items, &options);
    return end(start, status, out, items, ns);
}

apr_status_t measure_map(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns)
{
    return map(bench, bench->in, bench->out, items, chunk, ns);
}

apr_status_t measure_map_shared(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns)
{
    return map(bench, bench->shared_in, bench->shared_out, items, chunk, ns);
}

static apr_status_t collect(spork_future_t *future, apr_uint64_t *out)
{
    apr_status_t status = spork_future_wait(future, -1);
    const spork_outcome_t *outcome = spork_future_outcome(future);
    if (status == APR_SUCCESS) status = outcome->status;
    if (status == APR_SUCCESS && outcome->out_size == WORD) memcpy(out, outcome->out, WORD);
    spork_future_destroy(future);
    return status;
}

/* Submit and collect, with `flight` (the row's chunk) items on their way. */
apr_status_t measure_submit(bench_t *bench, apr_size_t items, apr_size_t flight, double *ns)
{
    spork_future_t *futures[IN_FLIGHT];
    apr_status_t status = APR_SUCCESS;
    const apr_uint64_t start = begin(bench->out, items);
    apr_size_t sent = 0;
    for (apr_size_t i = 0; i < items && status == APR_SUCCESS; i++) {
        for (; sent < items && sent - i < flight && status == APR_SUCCESS; sent++)
            status = spork_submit(&futures[sent % flight], bench->pool, echo_reply, &bench->in[sent], WORD);
        if (status == APR_SUCCESS) status = collect(futures[i % flight], &bench->out[i]);
    }
    return end(start, status, bench->out, items, ns);
}

typedef struct {
    bench_t *bench;
    apr_size_t items, drawn;
} stream_t;

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    stream_t *stream = baton;
    if (stream->drawn == stream->items) return APR_EOF;
    *in = &stream->bench->in[stream->drawn++];
    *in_size = WORD;
    return APR_SUCCESS;
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    const stream_t *stream = baton;
    if (outcome->out_size == WORD) memcpy(&stream->bench->out[outcome->index], outcome->out, WORD);
    return outcome->status;
}

/* The window is the row's chunk. */
apr_status_t measure_stream(bench_t *bench, apr_size_t items, apr_size_t window, double *ns)
{
    const spork_stream_t options = { .window = window };
    stream_t stream = { bench, items, 0 };
    const apr_uint64_t start = begin(bench->out, items);
    const apr_status_t status = spork_stream(bench->pool, echo_reply, draw, deliver, &stream, &options);
    return end(start, status, bench->out, items, ns);
}

apr_status_t measure_pipe(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns)
{
    (void)chunk;
    if (!bench->pipe) return APR_ENOTIMPL;
    const apr_uint64_t start = begin(bench->out, items);
    const apr_status_t status = peer_pipe_run(bench->pipe, bench->in, bench->out, items);
    return end(start, status, bench->out, items, ns);
}

apr_status_t measure_python(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns)
{
    apr_status_t status = APR_SUCCESS;
    if (chunk == 1) {
        apr_pool_t *mem;
        status = apr_pool_create(&mem, bench->mem);
        if (status != APR_SUCCESS) return status;
        status = peer_python_run(SPORK_BENCH_DIR "/pool_dispatch.py", bench->workers, items, items * 10,
                                 bench->python, mem);
        apr_pool_destroy(mem);
        if (status != APR_SUCCESS) bench->python[0] = bench->python[1] = 0;
    }
    *ns = bench->python[chunk == 1 ? 0 : 1];
    return *ns > 0 ? status : APR_ENOTIMPL;
}
