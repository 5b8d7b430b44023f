/*
 * How a worker answers: its ring of entries, and the region of the arena in which its replies lie
 * until the parent has copied them. Both are bounded; when one is full the worker asks, and sleeps
 * until the parent has made room.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "worker.h"

#include "error.h"
#include "step.h"
#include <string.h>

static int ring_has_room(spk_worker_t *worker)
{
    return worker->published - atomic_load_explicit(&worker->seat->tail, memory_order_acquire) < SPK_RING;
}

spk_entry_t *spk_worker_entry(spk_worker_t *worker, uint32_t kind, const spk_job_t *job, unsigned slot,
                              uint32_t item)
{
    spk_entry_t *entry = &worker->seat->ring[worker->published % SPK_RING];

    if (!ring_has_room(worker)) {
        spk_worker_wake_parent(worker);
        spk_worker_wait(worker, SPK_MOOD_BLOCKED, ring_has_room);
    }
    memset(entry, 0, sizeof *entry);
    entry->serial = job->serial;
    entry->kind = kind;
    entry->slot = slot;
    entry->item = item;
    return entry;
}

void spk_worker_publish(spk_worker_t *worker)
{
    worker->published++;
    atomic_store_explicit(&worker->seat->head, worker->published, memory_order_release);
}

static int all_taken(spk_worker_t *worker)
{
    return atomic_load_explicit(&worker->seat->tail, memory_order_acquire) == worker->published;
}

static int was_granted(spk_worker_t *worker)
{
    return atomic_load_explicit(&worker->seat->granted, memory_order_acquire) != worker->granted;
}

/* Where a reply cannot lie somebody has written over what the parent said. This worker would keep to it for all
 * its life; its successor finds it said anew. */
static void read_region(spk_worker_t *worker)
{
    const spork_task_t *task = &worker->task;
    size_t region, size;

    worker->granted = atomic_load_explicit(&worker->seat->granted, memory_order_acquire);
    region = (size_t)worker->seat->region;
    size = (size_t)worker->seat->region_size;
    if (size > 0 && (region < task->arena || region > task->arena_end || size > task->arena_end - region))
        spk_os_exit(1);
    worker->region = region;
    worker->region_size = size;
    worker->region_once = worker->seat->region_once != 0;
    worker->bump = 0;
}

void spk_worker_begin_replies(spk_worker_t *worker)
{
    worker->published = atomic_load_explicit(&worker->seat->head, memory_order_relaxed);
    read_region(worker);
}

/* Ask the parent for a region of at least `size` bytes; it takes out all earlier replies first. */
static void ask_for_room(spk_worker_t *worker, size_t size)
{
    /* as seen last, or somebody has asked in this worker's name */
    worker->granted = atomic_load_explicit(&worker->seat->granted, memory_order_relaxed);
    atomic_store_explicit(&worker->seat->want, size, memory_order_release);
    SPK_STEP("wanting");
    spk_worker_wake_parent(worker);
    spk_worker_wait(worker, SPK_MOOD_BLOCKED, was_granted);
    read_region(worker);
    SPK_STEP("granted");
}

/* Room for `size` bytes of the item's reply, words included; the place is worker->reply. */
static apr_status_t make_room(spk_worker_t *worker, size_t size)
{
    if (worker->bump > 0 && all_taken(worker)) worker->bump = 0;
    if (worker->bump > worker->region_size || size > worker->region_size - worker->bump)
        ask_for_room(worker, size);
    if (size > worker->region_size)
        return spk_error(SPORK_ETOOBIG, "spork_reply: no room for %" APR_SIZE_T_FMT " bytes in the arena",
                         size);
    worker->reply = worker->bump;
    return spk_worker_reach(worker, worker->region + worker->reply + size);
}

/* Replies begin at multiples of this; so do the words behind them not. */
static size_t rounded(size_t size)
{
    return (size + 15) / 16 * 16;
}

apr_status_t spk_worker_keep_reply(spork_task_t *task, const void *data, apr_size_t size)
{
    spk_worker_t *worker = task->keeper;
    apr_status_t status;

    worker->reply_size = 0;
    if (size > SIZE_MAX - SPORK_MESSAGE_MAX - 16)
        return spk_error(SPORK_ETOOBIG, "spork_reply: %" APR_SIZE_T_FMT " bytes are more than any arena",
                         size);
    status = make_room(worker, size + SPORK_MESSAGE_MAX);
    if (status != APR_SUCCESS) return status;
    if (size > 0) SPK_STEP_COPY("half replied", task->base + worker->region + worker->reply, data, size);
    worker->reply_size = size;
    SPK_STEP("replied");
    return APR_SUCCESS;
}

void spk_worker_attach_reply(spk_worker_t *worker, spk_entry_t *entry)
{
    size_t words = strlen(worker->task.message);

    if (words > 0 && worker->reply_size == 0 && make_room(worker, SPORK_MESSAGE_MAX) != APR_SUCCESS)
        words = 0;
    if (worker->region_once) { /* the parent takes it back with this entry */
        worker->region_size = 0;
        worker->region_once = 0;
    }
    if (words == 0 && worker->reply_size == 0) return;
    memcpy(worker->task.base + worker->region + worker->reply + worker->reply_size, worker->task.message,
           words);
    entry->out = worker->region + worker->reply;
    entry->out_size = worker->reply_size;
    entry->words = (uint32_t)words;
    worker->bump = rounded(worker->reply + worker->reply_size + words);
    worker->reply_size = 0;
}
