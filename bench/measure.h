/*
 * One measurement of each kind, of spork and of its peers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "peers.h"

#include <spork.h>

#define IN_FLIGHT 64 /* submitted items on their way at once */
#define WORD sizeof(apr_uint64_t)

typedef struct {
    apr_size_t items;
    int workers, rounds, json;
    apr_pool_t *mem;
    spork_pool_t *pool;
    peer_t *cursor, *pipe;
    apr_uint64_t *in, *out;               /* ordinary memory */
    apr_uint64_t *shared_in, *shared_out; /* from spork_alloc() */
    double python[2];
} bench_t;

extern const spork_entry_t measured_tasks[];

/* The input of the items, and what they have to answer. */
void measure_fill(apr_uint64_t *in, apr_size_t items);

/* Runs items, checks what they answer, and sets *ns to the nanoseconds an item. APR_ENOTIMPL: cannot be
 * done here. A chunk of 0 is the measured one's own; for measure_submit it says how many are on their way,
 * at most IN_FLIGHT, for measure_stream it is the window. */
typedef apr_status_t (*measure_t)(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns);

apr_status_t measure_serial(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns);
apr_status_t measure_cursor(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns);
apr_status_t measure_openmp(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns);
apr_status_t measure_map(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns);
apr_status_t measure_map_shared(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns);
apr_status_t measure_submit(bench_t *bench, apr_size_t items, apr_size_t flight, double *ns);
apr_status_t measure_stream(bench_t *bench, apr_size_t items, apr_size_t window, double *ns);
apr_status_t measure_pipe(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns);
/* At chunk 1 it measures both rows of Python in one child; else it takes what that has left. */
apr_status_t measure_python(bench_t *bench, apr_size_t items, apr_size_t chunk, double *ns);

#endif
