/*
 * Items of a map: success leaves no trace but its result. The order of the stores is the protocol of claim.h; every
 * line between two of them is a place where the worker may die.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "worker_serve.h"

#include "registry.h"
#include "step.h"

/* NULL stays NULL. */
static const unsigned char *place_of(const unsigned char *base, uint32_t item, size_t size)
{
    return base != NULL ? base + item * size : NULL;
}

/* What is left to do for an item that is not a plain success: it failed, used its context, or its end must be
 * decided by compare-and-swap. */
static void end_item(spk_worker_t *worker, const spk_work_t *work, uint32_t item, apr_status_t status)
{
    status = spk_task_status(&worker->task, status);
    spk_worker_trace_item(worker, work->fn, status);
    if (status == APR_SUCCESS)
        spk_worker_finish(worker, work, item, SPK_CUR_FINISHED);
    else
        spk_worker_report(worker, work, item, status);
    spk_task_finish(&worker->task);
}

/* What an item has printed is written when it ends. Where the system does not tell whether there is any, a flush would cost
 * more than a short item: after a chunk of these will do. (Chunks of the worker's own choice are short, too.) */
static int is_to_be_flushed(const spk_work_t *work, int is_last)
{
    int pending = spk_os_stdio_pending();

    return pending > 0 || (pending < 0 && (is_last || work->chunk != 0));
}

/* This loop is what an item costs: what is the same for all of them is looked at once. Addresses are numbers here, for
 * nothing may be added to NULL, which stays NULL. */
static void run_plain(spk_worker_t *worker, const spk_work_t *work, spk_range_t *range)
{
    const uint64_t running = spk_cur_pack(SPK_CUR_RUNNING, work->slot, work->lane, 0);
    const uint64_t finished = spk_cur_pack(SPK_CUR_FINISHED, work->slot, work->lane, 0);
    const uint64_t first = work->first;
    const size_t in_size = work->in_size, out_size = work->out_size;
    const spork_fn_t fn = spk_registry_fn(work->fn);
    const _Atomic uint32_t *const stop = &work->job->stop;
    _Atomic uint64_t *const cur = &worker->seat->cur;
    spork_task_t *const task = &worker->task;
    const uint32_t end = range->end;
    uint32_t item = range->begin;
    uintptr_t in = (uintptr_t)place_of(work->in_base, item, in_size);
    uintptr_t out = (uintptr_t)place_of(work->out_base, item, out_size);
    apr_status_t status;

    for (; item < end && atomic_load_explicit(stop, memory_order_relaxed) == 0; item++) {
        task->index = (apr_size_t)(first + item);
        task->slot = (unsigned char *)out;
        SPK_STEP("beginning");
        atomic_store_explicit(cur, running | (uint64_t)item << 32, memory_order_release);
        SPK_STEP("running");
        status = fn(task, (const void *)in, (void *)out);
        SPK_STEP("returned");
        if (status == APR_SUCCESS && !task->touched)
            atomic_store_explicit(cur, finished | (uint64_t)item << 32, memory_order_release);
        else
            end_item(worker, work, item, status);
        SPK_STEP("ended");
        if (is_to_be_flushed(work, item + 1 == end)) spk_task_flush();
        in += in_size;
        out += out_size;
    }
    range->begin = item;
}

/* Where a clock is read for each item, or its end may be condemned. */
static void run_watched(spk_worker_t *worker, const spk_work_t *work, spk_range_t *range)
{
    const spork_fn_t fn = spk_registry_fn(work->fn);
    spork_task_t *task = &worker->task;
    apr_status_t status;

    for (; range->begin < range->end; range->begin++) {
        const uint32_t item = range->begin;
        const unsigned char *in = place_of(work->in_base, item, work->in_size);

        if (atomic_load_explicit(&work->job->stop, memory_order_relaxed) != 0) break;
        task->index = (apr_size_t)(work->first + item);
        task->slot = work->out_base != NULL ? work->out_base + item * work->out_size : NULL;
        spk_worker_note_time(worker, work);
        SPK_STEP("beginning");
        spk_worker_store_cur(worker, SPK_CUR_RUNNING, work, item);
        SPK_STEP("running");
        status = fn(task, in, task->slot);
        SPK_STEP("returned");
        end_item(worker, work, item, status);
        SPK_STEP("ended");
        if (is_to_be_flushed(work, item + 1 == range->end)) spk_task_flush();
    }
}

void spk_worker_run_mapped(spk_worker_t *worker, const spk_work_t *work, spk_range_t *range)
{
    if ((work->flags & (SPK_JOB_GUARDED | SPK_JOB_TIMED)) == 0 && worker->track == NULL)
        run_plain(worker, work, range);
    else
        run_watched(worker, work, range);
}
