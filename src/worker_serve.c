/*
 * Serving a job: claim a chunk, run its items one by one, tell what must be told. The order of the
 * stores is the protocol of claim.h; every line between two of them is a place where the worker may die.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "worker_serve.h"

#include "registry.h"
#include "step.h"

/* A chunk should last about this long: long enough to pay for its claim and the clock, short enough
 * to strand nobody at the end. Nanoseconds. */
#define CHUNK_SHORT 8000U
#define CHUNK_LONG 32000U

/* RUNNING → FINISHED or REPORTING. In a guarded job the parent may have condemned the item meanwhile: then its
 * outcome is not this worker's any more, and the end is on its way. Anything else is another worker's scribble: then
 * nothing in this seat can be relied on. */
void spk_worker_finish(spk_worker_t *worker, const spk_work_t *work, uint32_t item, unsigned state)
{
    uint64_t running = spk_cur_pack(SPK_CUR_RUNNING, work->slot, work->lane, item);
    uint64_t finished = spk_cur_pack(state, work->slot, work->lane, item);

    if (!(work->flags & SPK_JOB_GUARDED))
        atomic_store_explicit(&worker->seat->cur, finished, memory_order_release);
    else if (!atomic_compare_exchange_strong_explicit(&worker->seat->cur, &running, finished,
                                                      memory_order_acq_rel, memory_order_relaxed)) {
        while (running == spk_cur_pack(SPK_CUR_CONDEMNED, work->slot, work->lane, item) &&
               spk_os_worker_sleep(&worker->kit, -1) != APR_EOF)
            continue;
        spk_os_exit(1);
    }
    SPK_STEP(state == SPK_CUR_REPORTING ? "reporting" : "finished");
}

/* Give items [from, end) of the claim back: a stop was asked for, or this worker has served enough. */
static void give_back(spk_worker_t *worker, const spk_work_t *work, uint32_t first, uint32_t from,
                      uint32_t end)
{
    spk_entry_t *entry = spk_worker_entry(worker, SPK_ENTRY_REST, work->job, work->slot, from);

    entry->count = end - from;
    SPK_STEP("rest written");
    spk_worker_store_cur(worker, SPK_CUR_GIVING, work, from);
    SPK_STEP("giving");
    atomic_store_explicit(&worker->seat->begun[work->slot][work->lane], first + 1, memory_order_release);
    SPK_STEP("rest begun");
    spk_worker_publish(worker);
    SPK_STEP("rest published");
    spk_worker_store_cur(worker, SPK_CUR_SKIPPED, work, from);
    SPK_STEP("given");
}

/* For a deadline, or for the trace. */
void spk_worker_note_time(spk_worker_t *worker, const spk_work_t *work)
{
    if (!(work->flags & SPK_JOB_TIMED) && worker->track == NULL) return;
    worker->began = spk_os_clock();
    atomic_store_explicit(&worker->seat->started, worker->began, memory_order_relaxed);
}

/* Before its end is said: what dies in between is known to have its slice (trace.c). */
void spk_worker_trace_item(spk_worker_t *worker, uint32_t fn, apr_status_t status)
{
    if (worker->track != NULL)
        spk_track_item(worker->track, worker->began, spk_os_clock(), worker->task.index, fn, status);
}

void spk_worker_report(spk_worker_t *worker, const spk_work_t *work, uint32_t item, apr_status_t status)
{
    spk_entry_t *entry = spk_worker_entry(worker, SPK_ENTRY_OUTCOME, work->job, work->slot, item);

    entry->status = status;
    spk_worker_attach_reply(worker, entry);
    SPK_STEP("entry written");
    spk_worker_finish(worker, work, item, SPK_CUR_REPORTING);
    spk_worker_publish(worker);
    SPK_STEP("published");
    spk_worker_store_cur(worker, SPK_CUR_FINISHED, work, item);
    SPK_STEP("told");
    spk_worker_wake_parent(worker);
    SPK_STEP("rung");
}

/* One submitted item: it says itself what to run and on what, and may have been cancelled. */
static void run_submitted(spk_worker_t *worker, const spk_work_t *work, uint32_t number)
{
    spork_task_t *task = &worker->task;
    spk_item_t *item = (spk_item_t *)(task->base + work->in) + number;
    size_t in_size = (size_t)item->in_size;
    const void *in = item->in != 0 ? task->base + item->in : item->bytes;
    uint32_t number_of_fn = item->fn;
    spork_fn_t fn = spk_registry_fn(number_of_fn);
    apr_status_t status;

    task->index = (apr_size_t)item->index;
    task->in_size = in_size;
    task->keep_reply = spk_worker_keep_reply;
    worker->reply_size = 0;
    spk_worker_note_time(worker, work);
    SPK_STEP("beginning");
    spk_worker_store_cur(worker, SPK_CUR_RUNNING, work, number);
    SPK_STEP("running");
    /* the parent stores cancelled, fences, and looks at cur: one of the two sees the other */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&item->cancelled, memory_order_relaxed) != 0)
        status = SPORK_ECANCELLED;
    else if (item->in != 0 && spk_worker_reach(worker, (size_t)item->in + in_size) != APR_SUCCESS)
        status = APR_ENOMEM;
    else
        status = fn == NULL ? SPORK_ENOTTASK : spk_task_status(task, fn(task, in_size > 0 ? in : NULL, NULL));
    SPK_STEP("returned");
    spk_worker_trace_item(worker, number_of_fn, status);
    spk_worker_report(worker, work, number, status);
    spk_task_finish(task);
    task->keep_reply = NULL;
    SPK_STEP("ended");
}

static void run_table(spk_worker_t *worker, const spk_work_t *work, spk_range_t *range)
{
    while (range->begin < range->end && atomic_load_explicit(&work->job->stop, memory_order_relaxed) == 0)
        run_submitted(worker, work, range->begin++);
}

/* Run a claim. 0: take no further: the rest of it was given back, or this worker has served enough. */
static int run_range(spk_worker_t *worker, const spk_work_t *work, spk_range_t claimed)
{
    uint64_t may = worker->head->max_tasks != 0 ? worker->head->max_tasks - worker->served : UINT32_MAX;
    spk_range_t range = claimed;

    SPK_STEP("claimed");
    if (may < range.end - range.begin) range.end = range.begin + (uint32_t)may;
    if (work->flags & SPK_JOB_TABLE)
        run_table(worker, work, &range);
    else
        spk_worker_run_mapped(worker, work, &range);
    worker->served += range.begin - claimed.begin;
    atomic_store_explicit(&worker->seat->finished, worker->served, memory_order_relaxed);
    SPK_STEP("counted");
    if (range.begin < claimed.end) {
        give_back(worker, work, claimed.begin, range.begin, claimed.end);
        return 0;
    }
    atomic_store_explicit(&worker->seat->begun[work->slot][work->lane], claimed.begin + 1,
                          memory_order_release);
    SPK_STEP("chunk done");
    return worker->head->max_tasks == 0 || worker->served < worker->head->max_tasks;
}

/* The next chunk's size, from what the last one took; never so much that the lane's end is stranded. */
static void choose_length(spk_worker_t *worker, const spk_work_t *work, uint64_t took, uint32_t items)
{
    uint32_t end = atomic_load_explicit(&work->job->lanes[work->lane].end, memory_order_relaxed);
    uint32_t left = spk_claim_free(work->job, work->lane, 0, end);

    if (took < CHUNK_SHORT && items >= UINT32_C(1) << worker->length && worker->length < SPK_LENGTH_MAX)
        worker->length++;
    else if (took > CHUNK_LONG && worker->length > 0)
        worker->length--;
    while (took > CHUNK_LONG && worker->length > 0 && took >> worker->length > CHUNK_LONG) worker->length--;
    while (worker->length > 0 && UINT32_C(1) << worker->length > left / 4) worker->length--;
}

/* Claim from one lane until it is exhausted. 0: leave the job. */
static int serve_lane(spk_worker_t *worker, const spk_work_t *work)
{
    spk_header_t *head = worker->head;
    uint64_t before = 0, now;
    spk_range_t range;

    if (work->chunk == 0) before = spk_os_clock();
    while (spk_claim(work->job, work->slot, work->lane, head->seats, head->n_seats, worker->id,
                     worker->length, &range)) {
        if (!run_range(worker, work, range)) return 0;
        if (work->chunk != 0) continue;
        now = spk_os_clock();
        choose_length(worker, work, now - before, range.end - range.begin);
        before = now;
    }
    return 1;
}

static void read_job(const spk_worker_t *worker, unsigned slot, spk_work_t *work)
{
    spk_job_t *job = &worker->head->jobs[slot];

    work->job = job;
    work->slot = slot;
    work->lane = 0;
    work->flags = job->flags;
    work->chunk = job->chunk;
    work->fn = job->fn;
    work->first = job->first;
    work->in = (size_t)job->in;
    work->in_size = (size_t)job->in_size;
    work->out = (size_t)job->out;
    work->out_size = (size_t)job->out_size;
    work->in_base = work->in_size == 0 ? NULL : worker->task.base + work->in;
    work->out_base = work->out_size == 0 ? NULL : worker->task.base + work->out;
}

/* Make the payloads of a mapped job touchable; a system that cannot has no business here. */
static int reach_payloads(spk_worker_t *worker, const spk_work_t *work, uint32_t count)
{
    size_t in_end = work->in + work->in_size * count, out_end = work->out + work->out_size * count;

    /* items may come to a table while it is worked off */
    if (work->flags & SPK_JOB_TABLE) in_end = work->in + sizeof(spk_item_t) * SPK_BATCH_MAX;
    return spk_worker_reach(worker, in_end > out_end ? in_end : out_end) == APR_SUCCESS;
}

void spk_worker_serve(spk_worker_t *worker, unsigned slot)
{
    spk_job_t *job = &worker->head->jobs[slot];
    unsigned n_lanes = job->n_lanes <= SPK_LANES ? job->n_lanes : SPK_LANES, i;
    spk_work_t work;

    read_job(worker, slot, &work);
    if (!reach_payloads(worker, &work, job->count)) spk_os_exit(1);
    worker->task.in_size = work.in_size;
    worker->task.slot_size = work.out_size;
    for (i = 0; i < n_lanes; i++) {
        work.lane = (worker->id + i) % n_lanes;
        if (!serve_lane(worker, &work)) break;
    }
    if (worker->head->max_tasks != 0 && worker->served >= worker->head->max_tasks) spk_worker_retire(worker);
}
