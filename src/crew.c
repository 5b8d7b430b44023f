/*
 * The crew: starting workers, hearing them, seeing them die, replacing them, ending them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "error.h"
#include "hello.h"
#include "hold.h"
#include "pool.h"
#include "registry.h"
#include "role.h"
#include "trace.h"
#include "worker.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

/* A pool that has workers goes on with them, and goes on trying to have more. */
static int somebody_serves(const spork_pool_t *pool)
{
    int m;

    for (m = 0; pool->was_ready && m < pool->n; m++)
        if (pool->members[m].state == SPK_READY) return 1;
    return 0;
}

void spk_crew_break(spork_pool_t *pool, apr_status_t status, const char *format, ...)
{
    va_list args;

    if (pool->broken != APR_SUCCESS || (!pool->razing && somebody_serves(pool))) return;
    va_start(args, format);
    apr_vsnprintf(pool->broken_words, sizeof pool->broken_words, format, args);
    va_end(args);
    pool->broken = status;
    pool->changes++;
}

/* ---- starting ------------------------------------------------------------------------------------------- */

static void become_worker(spork_pool_t *pool, int m, const spk_os_kit_t *kit)
{
    static spk_worker_t worker; /* of this process, which is all new */

    spk_role_become_worker();
    spk_trace_leave(pool);
    spk_os_stdio_forget();
    memset(&worker, 0, sizeof worker);
    worker.kit = *kit;
    worker.shm = pool->shm;
    worker.head = pool->head;
    worker.id = (unsigned)m;
    worker.log_setup = pool->log_setup;
    spk_worker_main(&worker);
}

static apr_status_t start_by_fork(spork_pool_t *pool, int m, spk_os_kit_t *kit)
{
    int in_child = 0;
    spk_hold_t hold = spk_hold_apr();
    apr_status_t status = spk_os_process_fork(&pool->members[m].process, kit, &in_child);

    spk_release_apr(hold);
    if (status == APR_SUCCESS && in_child) become_worker(pool, m, kit);
    return status;
}

static apr_status_t start_by_spawn(spork_pool_t *pool, int m, const spk_os_kit_t *kit)
{
    spk_hello_t hello;

    memset(&hello, 0, sizeof hello);
    hello.magic = SPK_MAGIC;
    hello.fingerprint = pool->fingerprint;
    hello.reserved = pool->shm.reserved;
    hello.arena = pool->payloads;
    hello.memory_limit = pool->config.memory_limit;
    hello.id = (uint32_t)m;
    hello.n_seats = (uint32_t)pool->n;
    memcpy(hello.secret, pool->secret, SPK_SECRET);
    apr_cpystrn(hello.program, spk_role_program(), sizeof hello.program);
    if (pool->log_setup != NULL) hello.log = *pool->log_setup;
    return spk_os_process_spawn(&pool->members[m].process, kit, pool->config.program, SPK_ROLE, &hello,
                                sizeof hello);
}

/* A pool of AUTO that forks does so only while that is safe. */
static int may_fork(const spork_pool_t *pool)
{
    return pool->start == SPORK_START_FORK && !(pool->automatic && spk_os_thread_count() > 1);
}

/* What the newcomer reads of its seat is said anew: others may have written over it, and it would keep to that for all
 * its life. */
static void renew_seat(spk_member_t *member)
{
    spk_seat_t *seat = member->seat;

    atomic_store_explicit(&seat->head, member->taken, memory_order_relaxed);
    atomic_store_explicit(&seat->tail, member->taken, memory_order_relaxed);
    atomic_store_explicit(&seat->granted, member->granted, memory_order_relaxed);
    atomic_store_explicit(&seat->want, 0, memory_order_relaxed);
    seat->region = member->region != NULL ? spk_block_offset(member->region) : 0;
    seat->region_size = member->region != NULL ? spk_block_size(member->region) : 0;
    seat->region_once = (uint32_t)member->region_once;
    atomic_store_explicit(&seat->mail.asked, 0, memory_order_relaxed);
    atomic_store_explicit(&seat->mail.replied, 0, memory_order_relaxed);
    seat->mail.room = seat->mail.room_size = 0;
}

static apr_status_t start_member(spork_pool_t *pool, int m)
{
    spk_member_t *member = &pool->members[m];
    spk_os_kit_t kit = {
        pool->shm.handle, member->bell, pool->bell, { SPK_OS_NONE_V }, pool->config.memory_limit
    };
    apr_status_t status;

    spk_heal(pool);
    spk_heal_init_arg(pool);
    renew_seat(member);
    atomic_store_explicit(&member->seat->phase, SPK_PHASE_STARTING, memory_order_release);
    atomic_store_explicit(&member->seat->answered, 0, memory_order_relaxed);
    member->condemned = APR_SUCCESS;
    member->doubts = 0;
    member->liar = 0;
    member->astray = member->seen_cur = member->seen_serial = 0;
    member->reported = 0;
    member->finished = 0;
    atomic_store_explicit(&member->seat->finished, 0, memory_order_relaxed);
    spk_trace_prepare(pool, m);
    status = may_fork(pool) ? start_by_fork(pool, m, &kit) : start_by_spawn(pool, m, &kit);
    if (status != APR_SUCCESS) return status;
    member->state = SPK_STARTING;
    member->since = spk_os_clock();
    spk_os_watch_set(pool->watch, m, &member->process);
    spk_trace_start(pool, m);
    pool->changes++;
    return APR_SUCCESS;
}

/* ---- hearing ------------------------------------------------------------------------------------------------ */

/* The usual size of a reply region. In a small arena those of all workers together take an eighth. */
#define REGION_USUAL ((size_t)256 * 1024)

static size_t usual_region(const spork_pool_t *pool)
{
    size_t share = (pool->shm.reserved - pool->payloads) / 8 / (size_t)pool->n;

    return share < REGION_USUAL ? share : REGION_USUAL;
}

static void take_region_back(spork_pool_t *pool, spk_member_t *member)
{
    spk_memory_free(pool, member->region);
    member->region = NULL;
    member->region_once = 0;
    member->seat->region_size = 0;
}

/* 1 if this worker's region is now large enough, or there is none. A larger one than usual is for one
 * reply: an idle worker must not sit on it. */
static int find_region(spork_pool_t *pool, spk_member_t *member, size_t want)
{
    size_t usual = usual_region(pool), has = member->region != NULL ? spk_block_size(member->region) : 0;

    if (has >= want && !member->region_once) return 1;
    take_region_back(pool, member); /* in the seat, too: it is read by who takes the seat next */
    member->region = spk_memory_alloc(pool, want < usual ? usual : want);
    if (member->region == NULL && want < usual) member->region = spk_memory_alloc(pool, want);
    member->region_once = member->region != NULL && want > usual;
    return member->region != NULL;
}

/* Somebody else is at work, and will give memory back when it is through; or has just been, and the entry with
 * which its large region comes back is not taken yet. */
static int others_run(const spork_pool_t *pool, const spk_member_t *member)
{
    spk_cur_t cur;
    int m;

    for (m = 0; m < pool->n; m++) {
        const spk_member_t *other = &pool->members[m];

        if (other != member && other->region_once) return 1;
        if (other == member || other->state == SPK_ABSENT ||
            atomic_load_explicit(&other->seat->want, memory_order_relaxed) != 0)
            continue;
        cur = spk_cur_unpack(atomic_load_explicit(&other->seat->cur, memory_order_relaxed));
        if (cur.state != SPK_CUR_NONE) return 1;
    }
    return 0;
}

/* Answer a worker's wish for reply room; all its earlier replies were taken. Where the arena is full for now
 * it stays unanswered, where nobody else could make room the answer is none. */
static int grant(spork_pool_t *pool, spk_member_t *member, uint64_t want)
{
    spk_seat_t *seat = member->seat;
    int found = want <= pool->shm.reserved && find_region(pool, member, (size_t)want);

    if (!found && want <= pool->shm.reserved && others_run(pool, member)) return 0;
    seat->region = found ? spk_block_offset(member->region) : 0;
    seat->region_size = found ? spk_block_size(member->region) : 0;
    seat->region_once = found ? (uint32_t)member->region_once : 0;
    atomic_store_explicit(&seat->want, 0, memory_order_relaxed);
    atomic_store_explicit(&seat->granted, ++member->granted, memory_order_release);
    return 1;
}

static void take_entries(spork_pool_t *pool, int m, uint64_t head)
{
    spk_member_t *member = &pool->members[m];
    spk_entry_t entry;

    while (member->taken != head) {
        memcpy(&entry, &member->seat->ring[member->taken % SPK_RING], sizeof entry);
        spk_jobs_deliver(pool, m, &entry);
        if (member->region_once && entry.kind == SPK_ENTRY_OUTCOME) take_region_back(pool, member);
        member->taken++;
    }
}

static void drain_ring(spork_pool_t *pool, int m)
{
    spk_member_t *member = &pool->members[m];
    spk_seat_t *seat = member->seat;
    uint64_t want = atomic_load_explicit(&seat->want, memory_order_acquire);
    /* read after the wish, and so with all entries that were published before it */
    uint64_t head = atomic_load_explicit(&seat->head, memory_order_acquire);
    int granted;

    if (head - member->taken > SPK_RING) { /* no honest worker's doing */
        spk_os_process_kill(&member->process);
        return;
    }
    take_entries(pool, m, head);
    atomic_store_explicit(&seat->tail, member->taken, memory_order_release);
    granted = want != 0 && grant(pool, member, want);
    /* who is BLOCKED stored that, fenced, and looked at tail and granted (worker.c) */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&seat->mood, memory_order_relaxed) == SPK_MOOD_BLOCKED && !member->caller.open &&
        (granted || atomic_load_explicit(&seat->want, memory_order_relaxed) == 0)) {
        pool->changes += (uint64_t)granted;
        spk_os_bell_ring(&member->bell);
    }
}

void spk_crew_drain(spork_pool_t *pool)
{
    int m;

    for (m = 0; !pool->razing && m < pool->n; m++)
        if (pool->members[m].state != SPK_ABSENT) drain_ring(pool, m);
}

uint32_t spk_crew_demand(const spork_pool_t *pool)
{
    uint32_t items = 0, free_here;
    unsigned slot, lane;

    for (slot = 0; slot < SPK_SLOTS && items < (uint32_t)pool->n; slot++) {
        const spk_slot_t *own = &pool->slots[slot];

        for (lane = 0; own->state == SPK_SLOT_OPEN && lane < own->n_lanes && items < (uint32_t)pool->n;
             lane++) {
            free_here = spk_claim_free(&pool->head->jobs[slot], lane, own->chunk, own->ends[lane]);
            items += free_here < (uint32_t)pool->n ? free_here : (uint32_t)pool->n;
        }
    }
    return items;
}

void spk_crew_wake(spork_pool_t *pool)
{
    uint32_t awake = 0, wanted = spk_crew_demand(pool);
    int m;

    atomic_thread_fence(memory_order_seq_cst);
    for (m = 0; m < pool->n; m++) {
        spk_member_t *member = &pool->members[m];

        member->counted = member->state == SPK_READY &&
                          atomic_load_explicit(&member->seat->mood, memory_order_relaxed) == SPK_MOOD_IDLE;
        awake += (uint32_t)member->counted;
    }
    for (m = 0; m < pool->n && awake < wanted; m++) {
        spk_member_t *member = &pool->members[m];
        uint32_t mood = SPK_MOOD_ASLEEP;

        if (member->state == SPK_ABSENT ||
            !atomic_compare_exchange_strong_explicit(&member->seat->mood, &mood, SPK_MOOD_IDLE,
                                                     memory_order_relaxed, memory_order_relaxed))
            continue;
        spk_os_bell_ring(&member->bell);
        awake += !member->counted; /* it may have fallen asleep since */
    }
}

/* ---- deaths -------------------------------------------------------------------------------------------------- */

/* A worker that died between the step that decides an item and the publication of its entry: the
 * entry counts (claim.h). */
static void take_last_entry(spork_pool_t *pool, int m)
{
    spk_member_t *member = &pool->members[m];
    spk_cur_t cur = spk_cur_unpack(atomic_load_explicit(&member->seat->cur, memory_order_acquire));
    spk_entry_t entry;

    memcpy(&entry, &member->seat->ring[member->taken % SPK_RING], sizeof entry);
    if ((cur.state == SPK_CUR_REPORTING || cur.state == SPK_CUR_GIVING) && entry.slot == cur.slot &&
        entry.item == cur.item && (entry.kind == SPK_ENTRY_REST) == (cur.state == SPK_CUR_GIVING)) {
        spk_jobs_deliver(pool, m, &entry);
        member->taken++; /* the successor's ring begins behind it */
    }
    atomic_store_explicit(&member->seat->head, member->taken, memory_order_relaxed);
    atomic_store_explicit(&member->seat->tail, member->taken, memory_order_relaxed);
}

/* Starts in a row that may come to nothing before the pool gives up. At creation that is the program's own
 * doing; later all workers may be killed at once from outside while they start. */
static unsigned most_fruitless(const spork_pool_t *pool)
{
    if (pool->was_ready) return 8 + 2 * (unsigned)pool->n;
    return pool->config.initializer != NULL ? 3 : 8;
}

static void break_for_deaths(spork_pool_t *pool, apr_status_t status, unsigned deaths, const char *when,
                             const spk_os_exit_t *last)
{
    spk_crew_break(pool, status, "%u workers in a row ended %s; the last by %s %u", deaths, when,
                   last->signal != 0 ? "signal" : "exit code",
                   last->signal != 0 ? (unsigned)last->signal : (unsigned)last->exit_code);
}

static void judge_start(spork_pool_t *pool, const spk_member_t *member, uint32_t phase,
                        const spk_os_exit_t *exit)
{
    char words[SPK_WORDS];
    unsigned most = most_fruitless(pool);

    pool->fruitless++;
    memcpy(words, member->seat->words, sizeof words);
    words[sizeof words - 1] = '\0';
    if (phase == SPK_PHASE_UNFIT && pool->config.initializer != NULL) {
        spk_crew_break(pool, SPORK_EINITIALIZER, "the initializer failed in a worker: %s", words);
    } else if (phase == SPK_PHASE_UNABLE && (!pool->was_ready || pool->fruitless >= most)) {
        /* in a pool that has worked it may pass */
        spk_crew_break(pool, SPORK_ESTART, "a worker cannot be made ready: %s", words);
    } else if (phase == SPK_PHASE_STARTING && exit->exit_code == SPK_EXIT_MISMATCH) {
        spk_crew_break(pool, SPORK_EMISMATCH,
                       "the worker's executable has other tasks, or another version of spork");
    } else if (pool->fruitless >= most) {
        break_for_deaths(pool, pool->config.initializer != NULL ? SPORK_EINITIALIZER : SPORK_ESTART,
                         pool->fruitless, "before they were ready", exit);
    }
}

unsigned spk_crew_most_idle_deaths(const spork_pool_t *pool)
{
    return 16 + 4 * (unsigned)pool->n;
}

/* Creation waits for all to be ready at once: where they keep dying right after, it would wait for ever. */
static void judge_idle_death(spork_pool_t *pool, const spk_os_exit_t *exit)
{
    pool->idle_deaths++;
    if (!pool->was_ready && pool->idle_deaths >= spk_crew_most_idle_deaths(pool))
        break_for_deaths(pool, SPORK_ESTART, pool->idle_deaths, "as soon as they were ready", exit);
}

/* How long to wait before the seat is filled again: nothing, unless workers keep dying in vain. */
static uint64_t damping(const spork_pool_t *pool)
{
    unsigned vain = pool->fruitless / (unsigned)pool->n, idle = pool->idle_deaths / (unsigned)pool->n;

    if (idle > 2 && idle - 2 > vain) vain = idle - 2;
    return vain == 0 ? 0 : (SECOND / 1000) << (vain < 10 ? vain : 10);
}

static void judge_death(spork_pool_t *pool, spk_member_t *member, uint32_t phase, const spk_os_exit_t *exit,
                        int was_idle)
{
    if (pool->closed || (phase == SPK_PHASE_RETIRED && pool->config.max_tasks != 0 && !was_idle)) return;
    if (member->state == SPK_STARTING && phase != SPK_PHASE_READY)
        judge_start(pool, member, phase, exit);
    else if (was_idle && !member->reported && member->condemned == APR_SUCCESS)
        judge_idle_death(pool, exit);
    else
        pool->idle_deaths = pool->fruitless = 0;
}

static void bury(spork_pool_t *pool, int m, const spk_os_exit_t *exit)
{
    spk_member_t *member = &pool->members[m];
    spk_result_t casualty = { SPORK_ECRASHED, exit->signal, exit->exit_code, NULL, 0, 0 };
    uint32_t phase = atomic_load_explicit(&member->seat->phase, memory_order_acquire);
    uint64_t finished = atomic_load_explicit(&member->seat->finished, memory_order_relaxed), changes;

    if (exit->no_memory && pool->config.memory_limit != 0) casualty.status = SPORK_EMEMORY;
    if (member->condemned != APR_SUCCESS) {
        casualty.status = member->condemned;
        casualty.signal = 0;
        casualty.exit_code = 0;
    }
    spk_trace_death(pool, m, exit);
    if (!pool->razing) {
        drain_ring(pool, m);
        take_last_entry(pool, m);
        changes = pool->changes;
        spk_jobs_settle(pool, m, &casualty);
        if (member->region_once) take_region_back(pool, member);
        judge_death(pool, member, phase, exit, changes == pool->changes && finished == 0);
    }
    spk_calls_forget(pool, m);
    spk_os_watch_set(pool->watch, m, NULL);
    spk_os_process_destroy(&member->process);
    member->state = SPK_ABSENT;
    member->since = spk_os_clock() + damping(pool);
    pool->changes++;
}

static void look_at(spork_pool_t *pool, int m)
{
    spk_member_t *member = &pool->members[m];
    spk_os_exit_t exit = { 0, 0, 0 };

    if (member->state != SPK_ABSENT && spk_os_process_poll(&member->process, &exit) == APR_CHILD_DONE)
        bury(pool, m, &exit);
}

/* ---- tending --------------------------------------------------------------------------------------------------- */

static void tend_starting(spork_pool_t *pool, int m, uint64_t now)
{
    spk_member_t *member = &pool->members[m];

    if (atomic_load_explicit(&member->seat->phase, memory_order_acquire) == SPK_PHASE_READY) {
        member->state = SPK_READY;
        pool->fruitless = 0;
        pool->changes++;
        spk_os_bell_ring(&member->bell);
    } else if ((now - member->since) / 1000 >= (uint64_t)pool->config.start_timeout) {
        spk_os_process_kill(&member->process);
        spk_crew_break(pool, SPORK_ESTART,
                       "a worker was not ready within start_timeout, %" APR_TIME_T_FMT " microseconds",
                       pool->config.start_timeout);
    }
}

static void tend_absent(spork_pool_t *pool, int m, uint64_t now)
{
    apr_status_t status;
    char cause[120];

    if (now < pool->members[m].since || pool->closed || pool->broken != APR_SUCCESS) return;
    status = start_member(pool, m);
    if (status == APR_SUCCESS) return;
    pool->members[m].since = now + (SECOND / 1000) * 10 + damping(pool);
    if (++pool->fruitless >= most_fruitless(pool))
        spk_crew_break(pool, SPORK_ESTART, "a worker cannot be started: %s",
                       spork_strerror(status, cause, sizeof cause));
}

void spk_crew_tend(spork_pool_t *pool)
{
    uint64_t now = spk_os_clock();
    int all = now - pool->looked >= SECOND / 10, m;

    if (all) pool->looked = now;
    for (m = 0; m < pool->n; m++) {
        if (pool->members[m].state != SPK_ABSENT && (all || spk_os_watch_fired(pool->watch, m)))
            look_at(pool, m);
        if (pool->members[m].state == SPK_STARTING) tend_starting(pool, m, now);
        if (pool->members[m].state == SPK_ABSENT) tend_absent(pool, m, now);
    }
}

static int all_ready(void *of)
{
    const spork_pool_t *pool = of;
    int m;

    for (m = 0; m < pool->n; m++)
        if (pool->members[m].state != SPK_READY) return 0;
    return 1;
}

/* Nothing is heard meanwhile but deaths: they would end each wait at once. */
static void pause_between_tries(spork_pool_t *pool, uint64_t how_long)
{
    uint64_t until = spk_os_clock() + how_long, now;
    int m;

    while ((now = spk_os_clock()) < until && pool->broken == APR_SUCCESS) {
        spk_os_watch_wait(pool->watch, (apr_interval_time_t)((until - now) / 1000 + 1));
        for (m = 0; m < pool->n; m++) look_at(pool, m);
    }
}

/* At creation the first failure that will not pass ends it all. One that may (EAGAIN, and what a backend calls
 * so) is met by five tries within 150 ms: a pool must not fail because the machine was full for a moment. */
static apr_status_t start_first(spork_pool_t *pool, int m)
{
    apr_status_t status = start_member(pool, m);
    uint64_t how_long;

    for (how_long = SECOND / 100; APR_STATUS_IS_EAGAIN(status) && how_long <= SECOND / 100 * 8;
         how_long *= 2) {
        pause_between_tries(pool, how_long);
        if (pool->broken != APR_SUCCESS) break;
        status = start_member(pool, m);
    }
    return status;
}

apr_status_t spk_crew_start(spork_pool_t *pool)
{
    apr_status_t status = APR_SUCCESS;
    int m;

    for (m = 0; status == APR_SUCCESS && m < pool->n; m++) {
        status = start_first(pool, m);
        if (status != APR_SUCCESS) {
            char cause[120];

            spk_crew_break(pool, SPORK_ESTART, "worker %d of %d cannot be started: %s", m + 1, pool->n,
                           spork_strerror(status, cause, sizeof cause));
        }
    }
    if (pool->broken == APR_SUCCESS) status = spk_pump_until(pool, all_ready, pool, -1, 0);
    pool->was_ready = status == APR_SUCCESS;
    if (pool->broken != APR_SUCCESS)
        return spk_error(pool->broken, "spork_pool_create: %s", pool->broken_words);
    return status;
}

/* ---- ending ------------------------------------------------------------------------------------------------------- */

static int nobody_left(void *of)
{
    const spork_pool_t *pool = of;
    int m;

    for (m = 0; m < pool->n; m++)
        if (pool->members[m].state != SPK_ABSENT) return 0;
    return 1;
}

static void reap_all(spork_pool_t *pool, apr_interval_time_t patience)
{
    uint64_t until = spk_os_clock() + (uint64_t)patience * 1000;
    int m;

    for (;;) {
        spk_crew_drain(pool); /* who is blocked cannot hear that it shall end */
        for (m = 0; m < pool->n; m++) look_at(pool, m);
        if (nobody_left(pool) || spk_os_clock() >= until) return;
        spk_os_watch_wait(pool->watch, 100000);
    }
}

void spk_crew_end(spork_pool_t *pool, int gently)
{
    int m;

    if (gently) {
        atomic_store_explicit(&pool->head->closing, 1, memory_order_seq_cst);
        for (m = 0; m < pool->n; m++)
            if (pool->members[m].state != SPK_ABSENT) spk_os_bell_ring(&pool->members[m].bell);
        reap_all(pool, 2000000);
    }
    for (m = 0; m < pool->n; m++) {
        if (pool->members[m].state == SPK_ABSENT) continue;
        if (pool->members[m].condemned == APR_SUCCESS) pool->members[m].condemned = SPORK_ECANCELLED;
        spk_os_process_kill(&pool->members[m].process);
    }
    reap_all(pool, 10000000);
}

void spk_crew_raze(spork_pool_t *pool)
{
    int m;

    pool->razing = 1;
    for (m = 0; m < pool->n; m++)
        if (pool->members[m].state != SPK_ABSENT) spk_os_process_kill(&pool->members[m].process);
    reap_all(pool, 10000000);
    if (!nobody_left(pool))
        spk_crew_break(pool, SPORK_ESTART, "a worker was killed, but the system does not end it");
    pool->razing = 0;
    for (m = 0; m < pool->n; m++) {
        spk_memory_free(pool, pool->members[m].region);
        pool->members[m].region = NULL;
        pool->members[m].region_once = 0;
        pool->members[m].taken = pool->members[m].granted = 0;
    }
}

void spk_crew_free(spork_pool_t *pool)
{
    int m, ours = pool->owner == spk_os_pid();

    for (m = 0; pool->members != NULL && m < pool->n; m++) {
        if (!ours) pool->members[m].process.gone = 1;
        spk_os_process_destroy(&pool->members[m].process);
        spk_os_bell_destroy(&pool->members[m].bell);
    }
}
