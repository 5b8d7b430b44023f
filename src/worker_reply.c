/*
 * How a worker answers: its ring of entries, in which small replies are, and the region of the arena in which larger
 * ones lie until the parent has copied them. Both are bounded; when one is full the worker asks, and sleeps until the parent
 * has made room.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "worker.h"

#include "error.h"
#include "step.h"
#include <string.h>

/* The parent writes its tail as often as it hears; it is looked at once a ring. */
static int ring_has_room(spk_worker_t *worker)
{
    if (worker->published - worker->taken >= SPK_RING)
        worker->taken = atomic_load_explicit(&worker->seat->tail, memory_order_acquire);
    return worker->published - worker->taken < SPK_RING;
}

spk_entry_t *spk_worker_entry(spk_worker_t *worker, uint32_t kind, const spk_job_t *job, unsigned slot,
                              uint32_t item)
{
    spk_entry_t *entry = &worker->seat->ring[worker->published % SPK_RING];

    if (!ring_has_room(worker)) {
        spk_worker_wake_parent(worker);
        spk_worker_wait(worker, SPK_MOOD_BLOCKED, ring_has_room);
    }
    memset(entry, 0, offsetof(spk_entry_t, bytes));
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
    worker->published = worker->taken = atomic_load_explicit(&worker->seat->head, memory_order_relaxed);
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

static apr_status_t keep_in_region(spk_worker_t *worker, const void *data, size_t size)
{
    apr_status_t status = make_room(worker, size + SPORK_MESSAGE_MAX);

    if (status != APR_SUCCESS) return status;
    if (size > 0)
        SPK_STEP_COPY("half replied", worker->task.base + worker->region + worker->reply, data, size);
    worker->in_region = 1;
    return APR_SUCCESS;
}

apr_status_t spk_worker_keep_reply(spork_task_t *task, const void *data, apr_size_t size)
{
    spk_worker_t *worker = task->keeper;
    apr_status_t status = APR_SUCCESS;

    worker->reply_size = 0;
    worker->in_region = 0;
    if (size > SIZE_MAX - SPORK_MESSAGE_MAX - 16)
        return spk_error(SPORK_ETOOBIG, "spork_reply: %" APR_SIZE_T_FMT " bytes are more than any arena",
                         size);
    if (size > sizeof worker->small)
        status = keep_in_region(worker, data, size);
    else if (size > 0)
        memcpy(worker->small, data, size);
    if (status != APR_SUCCESS) return status;
    worker->reply_size = size;
    SPK_STEP("replied");
    return APR_SUCCESS;
}

/* Where reply and words go; the words may have to be left out. */
static unsigned char *find_place(spk_worker_t *worker, spk_entry_t *entry, size_t *words)
{
    if (!worker->in_region && *words > sizeof entry->bytes - worker->reply_size &&
        keep_in_region(worker, worker->small, worker->reply_size) != APR_SUCCESS)
        *words = 0;
    if (worker->in_region) return worker->task.base + worker->region + worker->reply;
    memcpy(entry->bytes, worker->small, worker->reply_size);
    return entry->bytes;
}

void spk_worker_attach_reply(spk_worker_t *worker, spk_entry_t *entry)
{
    size_t words = strlen(worker->task.message);
    unsigned char *place = find_place(worker, entry, &words);

    memcpy(place + worker->reply_size, worker->task.message, words);
    entry->out_size = worker->reply_size;
    entry->words = (uint32_t)words;
    if (worker->in_region) {
        entry->out = worker->region + worker->reply;
        worker->bump = rounded(worker->reply + worker->reply_size + words);
    }
    if (worker->region_once) { /* the parent takes it back with this entry */
        worker->region_size = 0;
        worker->region_once = 0;
    }
    worker->reply_size = 0;
    worker->in_region = 0;
}
