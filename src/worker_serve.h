/*
 * Serving a job, as worker_serve.c (claims, submitted items) and worker_map.c (items of a map) share it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_WORKER_SERVE_H
#define SPK_WORKER_SERVE_H

#include "worker.h"

/* A job as this worker sees it: its descriptor, copied once. */
typedef struct {
    spk_job_t *job;
    unsigned slot, lane;
    uint32_t flags, chunk, fn;
    uint64_t first;
    size_t in, in_size, out, out_size;
    const unsigned char *in_base; /* what a task gets for item 0; NULL for size 0 */
    unsigned char *out_base;
} spk_work_t;

static inline void spk_worker_store_cur(spk_worker_t *worker, unsigned state, const spk_work_t *work,
                                        uint32_t item)
{
    atomic_store_explicit(&worker->seat->cur, spk_cur_pack(state, work->slot, work->lane, item),
                          memory_order_release);
}

/* RUNNING → FINISHED or REPORTING. Does not return if the item was condemned. */
void spk_worker_finish(spk_worker_t *worker, const spk_work_t *work, uint32_t item, unsigned state);

/* The item begins: for a deadline, or for the trace. */
void spk_worker_note_time(spk_worker_t *worker, const spk_work_t *work);
void spk_worker_trace_item(spk_worker_t *worker, uint32_t fn, apr_status_t status);

/* How the item ended goes into the ring, with its reply and words. */
void spk_worker_report(spk_worker_t *worker, const spk_work_t *work, uint32_t item, apr_status_t status);

/* Run items of a map from range->begin on, until its end or a stop: range->begin is the first that was not run. */
void spk_worker_run_mapped(spk_worker_t *worker, const spk_work_t *work, spk_range_t *range);

#endif
