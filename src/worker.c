/*
 * A worker process: enter, initialize, then look for jobs, serve them, sleep.
 *
 * Three protocols with the parent are here, all of the kind "store mine, fence, look at yours", so
 * that at least one side sees the other:
 *  - looking: the worker stores the slot it is about to touch, fences, and checks that the slot is still
 *    open with the same job; the parent closes the slot, fences, and reuses it only when nobody is
 *    looking (jobs.c). So no worker ever touches a job that is being replaced.
 *  - mood: the worker stores ASLEEP, fences, and looks for work once more before it sleeps; the parent
 *    posts work, fences, and rings those who are ASLEEP. The same the other way with parent_asleep.
 *  - dismissal: the parent says in the job that who is at it is to end, fences, and kills those whose cur is in
 *    it; the worker, leaving a job, stores its cur, fences, and looks whether it was to end (map_windows.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "worker.h"

#include "compiler.h"
#include "registry.h"
#include "step.h"
#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

void spk_worker_wake_parent(spk_worker_t *worker)
{
    _Atomic uint32_t *asleep = &worker->head->parent_asleep;

    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(asleep, memory_order_relaxed) == 0) return;
    if (atomic_exchange_explicit(asleep, 0, memory_order_relaxed) != 0)
        spk_os_bell_ring(&worker->kit.parent_bell);
}

static void leave(int code)
{
    fflush(stdout);
    fflush(stderr);
    spk_os_exit(code);
}

void spk_worker_retire(spk_worker_t *worker)
{
    SPK_STEP("retiring");
    atomic_store_explicit(&worker->seat->cur, 0, memory_order_release);
    atomic_store_explicit(&worker->seat->looking, 0, memory_order_release);
    atomic_store_explicit(&worker->seat->phase, SPK_PHASE_RETIRED, memory_order_release);
    SPK_STEP("retired");
    leave(0);
}

void spk_worker_wait(spk_worker_t *worker, uint32_t as, int (*ready)(spk_worker_t *worker))
{
    _Atomic uint32_t *mood = &worker->seat->mood;
    uint64_t roll, since;

    for (;;) {
        atomic_store_explicit(mood, as, memory_order_relaxed);
        atomic_thread_fence(memory_order_seq_cst);
        /* before the look: what the parent did before it called is seen by it (recover.c) */
        roll = atomic_load_explicit(&worker->head->roll, memory_order_acquire);
        SPK_STEP(as == SPK_MOOD_BLOCKED ? "blocked" : "asleep");
        if (ready(worker)) break;
        atomic_store_explicit(&worker->seat->answered, roll, memory_order_release);
        since = worker->track != NULL ? spk_os_clock() : 0;
        if (spk_os_worker_sleep(&worker->kit, -1) == APR_EOF) leave(1);
        worker->woken = 1;
        if (worker->track != NULL)
            spk_track_rest(worker->track, as == SPK_MOOD_BLOCKED ? SPK_NOTE_BLOCKED : SPK_NOTE_ASLEEP, since,
                           spk_os_clock());
        SPK_STEP(as == SPK_MOOD_BLOCKED ? "roused" : "woken");
    }
    atomic_store_explicit(mood, SPK_MOOD_AWAKE, memory_order_relaxed);
}

apr_status_t spk_worker_reach(spk_worker_t *worker, size_t end)
{
    if (end <= worker->shm.committed) return APR_SUCCESS;
    return spk_os_shm_commit(&worker->shm, end);
}

static apr_status_t reach(spork_task_t *task, size_t end)
{
    return spk_worker_reach(task->keeper, end);
}

static void tell_part(spork_task_t *task, uint32_t part)
{
    const spk_worker_t *worker = task->keeper;

    atomic_store_explicit(&worker->seat->part, part, memory_order_relaxed);
}

/* ---- looking for a job ---------------------------------------------------------------------------- */

static int is_open(const spk_worker_t *worker, unsigned slot)
{
    return (int)(atomic_load_explicit(&worker->head->open, memory_order_acquire) >> slot & 1);
}

/* The slot of a job to look at next, oldest first; SPK_SLOTS if there is none. */
static unsigned next_slot(spk_worker_t *worker)
{
    spk_header_t *head = worker->head;
    uint64_t open = atomic_load_explicit(&head->open, memory_order_acquire);
    unsigned first = atomic_load_explicit(&head->oldest, memory_order_relaxed), i, slot;

    for (i = 0; open != 0 && i < SPK_SLOTS; i++) {
        slot = (first + i) % SPK_SLOTS;
        if ((open >> slot & 1) != 0 &&
            atomic_load_explicit(&head->serials[slot], memory_order_acquire) != worker->through[slot])
            return slot;
    }
    return SPK_SLOTS;
}

static int something_to_do(spk_worker_t *worker)
{
    return next_slot(worker) < SPK_SLOTS ||
           atomic_load_explicit(&worker->head->closing, memory_order_relaxed);
}

/* Whoever is at a map that the parent ends is killed, as long as its cur is in that job; it is dismissed first. So
 * who has just left it looks once more: the kill may be on its way, and would hit an item of the next job. */
static int is_dismissed(const spk_worker_t *worker, unsigned slot)
{
    const spk_job_t *job = &worker->head->jobs[slot];

    if (job->flags & SPK_JOB_TABLE) return 0; /* its items are ended one by one: deadline.c */
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(&job->stop, memory_order_relaxed) == SPK_STOP_DISMISSED;
}

static void serve(spk_worker_t *worker, unsigned slot)
{
    spk_seat_t *seat = worker->seat;
    uint64_t serial = atomic_load_explicit(&worker->head->serials[slot], memory_order_acquire);

    SPK_STEP("found");
    atomic_store_explicit(&seat->looking, slot + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    SPK_STEP("looking");
    if (is_open(worker, slot) &&
        atomic_load_explicit(&worker->head->serials[slot], memory_order_acquire) == serial) {
        spk_worker_serve(worker, slot);
        worker->through[slot] = serial;
        SPK_STEP("served");
        atomic_store_explicit(&seat->cur, 0, memory_order_release);
        SPK_STEP("left");
        if (is_dismissed(worker, slot)) spk_worker_retire(worker);
        atomic_store_explicit(&seat->looking, 0, memory_order_release);
        SPK_STEP("gone");
        spk_worker_wake_parent(worker);
    } else {
        atomic_store_explicit(&seat->looking, 0, memory_order_release);
        spk_worker_wake_parent(worker); /* it may wait for the slot */
    }
}

/* Says where it waits. 1 if that is where the parent waits, too: then nothing comes before one of them yields. */
static int is_beside_parent(spk_worker_t *worker)
{
    uint32_t here = (uint32_t)(spk_os_cpu() + 1);

    if (atomic_load_explicit(&worker->seat->cpu, memory_order_relaxed) != here)
        atomic_store_explicit(&worker->seat->cpu, here, memory_order_relaxed);
    return here != 0 && here == atomic_load_explicit(&worker->head->parent_cpu, memory_order_relaxed);
}

static int ready_within(spk_worker_t *worker, int (*ready)(spk_worker_t *worker), int looks)
{
    while (looks-- > 0) {
        SPK_RELAX();
        if (ready(worker)) return 1;
    }
    return 0;
}

/* The next job often comes at once. */
int spk_worker_spin(spk_worker_t *worker, int (*ready)(spk_worker_t *worker))
{
    uint32_t spin = worker->head->spin;
    int looks = worker->woken ? 1 : SPK_LOOKS_FIRST; /* who woke it may wait beside it */
    uint64_t until;

    if (ready(worker)) return 1;
    worker->woken = 0;
    if (spin == 0) return 0;
    if (spin > SPK_SPIN) spin = SPK_SPIN; /* somebody wrote over it: who spins for an hour answers no call */
    until = spk_os_clock() + (uint64_t)spin * 1000;
    do {
        if (ready_within(worker, ready, looks)) return 1;
        if (is_beside_parent(worker))
            looks = 1;
        else if (ready_within(worker, ready, SPK_LOOKS_MORE))
            return 1;
        spk_os_yield(); /* the parent may be waiting for this processor */
    } while (spk_os_clock() < until);
    return 0;
}

static void serve_for_ever(spk_worker_t *worker)
{
    unsigned slot;

    for (;;) {
        slot = next_slot(worker);
        if (slot < SPK_SLOTS) {
            serve(worker, slot);
        } else if (atomic_load_explicit(&worker->head->closing, memory_order_relaxed)) {
            spk_worker_retire(worker);
        } else {
            atomic_store_explicit(&worker->seat->mood, SPK_MOOD_IDLE, memory_order_relaxed);
            SPK_STEP("idle");
            if (!spk_worker_spin(worker, something_to_do))
                spk_worker_wait(worker, SPK_MOOD_ASLEEP, something_to_do);
            atomic_store_explicit(&worker->seat->mood, SPK_MOOD_AWAKE, memory_order_relaxed);
        }
    }
}

/* ---- start-up --------------------------------------------------------------------------------------- */

static void give_up(spk_worker_t *worker, uint32_t phase, apr_status_t status, const char *words)
{
    char cause[SPK_WORDS];

    if (words[0] == '\0') words = spork_strerror(status, cause, sizeof cause);
    apr_cpystrn(worker->seat->words, words, SPK_WORDS);
    worker->seat->unfit = status;
    SPK_STEP("failing");
    atomic_store_explicit(&worker->seat->phase, phase, memory_order_release);
    SPK_STEP("failed");
    spk_worker_wake_parent(worker);
    leave(1);
}

static void initialize(spk_worker_t *worker)
{
    spk_header_t *head = worker->head;
    spork_task_t *task = &worker->task;
    spork_fn_t fn = spk_registry_fn(head->initializer - 1);
    unsigned char scrap = 0;
    apr_status_t status;

    task->in_size = (size_t)head->init_size;
    task->slot = &scrap;
    task->slot_size = 0;
    task->keep_reply = NULL;
    status = spk_worker_reach(worker, (size_t)(head->init_arg + head->init_size));
    if (status != APR_SUCCESS) give_up(worker, SPK_PHASE_UNABLE, status, "");
    SPK_STEP("initializing");
    worker->log.initializing = 1;
    status = spk_task_status(task, fn(task, head->init_size > 0 ? task->base + head->init_arg : NULL, NULL));
    worker->log.initializing = 0;
    if (status != APR_SUCCESS) give_up(worker, SPK_PHASE_UNFIT, status, task->message);
    SPK_STEP("initialized");
    spk_task_finish(task);
    task->slot = NULL;
}

static void begin_log(spk_worker_t *worker)
{
    if (worker->log_setup == NULL) return;
    spk_log_open(&worker->log, worker->log_setup, (int)worker->id, &worker->seat->log_lost);
    worker->task.log = &worker->log;
}

static void fill_task(spk_worker_t *worker)
{
    spork_task_t *task = &worker->task;

    memset(task, 0, sizeof *task);
    task->base = worker->shm.base;
    task->arena = (size_t)worker->head->arena;
    task->arena_end = worker->shm.reserved;
    task->worker_id = (int)worker->id;
    task->reach = reach;
    task->tell_part = tell_part;
    task->keeper = worker;
}

static void find_track(spk_worker_t *worker)
{
    size_t at = (size_t)worker->head->trace + worker->id * sizeof *worker->track;
    apr_status_t status;

    if (worker->head->trace == 0) return;
    status = spk_worker_reach(worker, at + sizeof *worker->track);
    if (status != APR_SUCCESS) give_up(worker, SPK_PHASE_UNABLE, status, "");
    worker->track = (spk_track_t *)(void *)(worker->shm.base + at);
}

void spk_worker_main(spk_worker_t *worker)
{
    apr_status_t status;

    worker->seat = &worker->head->seats[worker->id];
    fill_task(worker);
    tell_part(&worker->task, 0);
    SPK_STEP("seated");
    atomic_store_explicit(&worker->seat->phase, SPK_PHASE_ENTERED, memory_order_release);
    SPK_STEP("entering");
    status = spk_os_worker_enter(&worker->kit);
    if (status == APR_ENOTIMPL)
        give_up(worker, SPK_PHASE_UNABLE, status, "this system does not keep the memory_limit");
    if (status != APR_SUCCESS) give_up(worker, SPK_PHASE_UNABLE, status, "");
    SPK_STEP("entered");
    spk_worker_begin_replies(worker);
    worker->pid = spk_os_pid();
    worker->asked = atomic_load_explicit(&worker->seat->mail.asked, memory_order_relaxed);
    begin_log(worker);
    find_track(worker);
    if (worker->head->initializer != 0) initialize(worker);
    worker->task.call = spk_worker_call;
    SPK_STEP("prepared");
    /* since its process was started; the parent knows when that was */
    if (worker->track != NULL) spk_track_rest(worker->track, SPK_NOTE_STARTING, 0, spk_os_clock());
    atomic_store_explicit(&worker->seat->phase, SPK_PHASE_READY, memory_order_release);
    SPK_STEP("ready");
    spk_worker_wake_parent(worker);
    serve_for_ever(worker);
}
