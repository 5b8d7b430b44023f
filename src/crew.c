/*
 * The crew: waking workers, seeing them die, replacing them, ending them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bits.h"
#include "error.h"
#include "pool.h"
#include "role.h"
#include "trace.h"

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

/* ---- waking ------------------------------------------------------------------------------------------------- */

uint32_t spk_crew_demand(const spork_pool_t *pool)
{
    uint32_t items = 0, free_here, n = (uint32_t)pool->n;
    unsigned slot, lane;
    uint64_t rest;

    for (rest = pool->open; rest != 0 && items < n; rest &= rest - 1) {
        const spk_slot_t *own = &pool->slots[slot = spk_lowest(rest)];

        for (lane = 0; lane < own->n_lanes && items < n; lane++) {
            free_here = spk_claim_free(&pool->head->jobs[slot], lane, own->chunk, own->ends[lane]);
            items += free_here < n ? free_here : n;
        }
    }
    return items;
}

void spk_crew_wake(spork_pool_t *pool)
{
    uint32_t awake = 0, wanted, asleep = 0;
    int m;

    atomic_thread_fence(memory_order_seq_cst);
    for (m = 0; m < pool->n; m++) {
        spk_member_t *member = &pool->members[m];
        uint32_t mood = atomic_load_explicit(&member->seat->mood, memory_order_relaxed);

        member->counted = member->state == SPK_READY && mood == SPK_MOOD_IDLE;
        awake += (uint32_t)member->counted;
        asleep += member->state != SPK_ABSENT && mood == SPK_MOOD_ASLEEP;
    }
    if (asleep == 0) return; /* who falls asleep from here on looks once more before */
    wanted = spk_crew_demand(pool);
    for (m = 0; m < pool->n && awake < wanted; m++) {
        spk_member_t *member = &pool->members[m];
        uint32_t mood = SPK_MOOD_ASLEEP;

        if (member->state == SPK_ABSENT ||
            !atomic_compare_exchange_strong_explicit(&member->seat->mood, &mood, SPK_MOOD_IDLE,
                                                     memory_order_relaxed, memory_order_relaxed))
            continue;
        spk_os_bell_ring(&member->bell);
        pool->rang = 1;
        awake += !member->counted; /* it may have fallen asleep since */
    }
}

/* ---- deaths -------------------------------------------------------------------------------------------------- */

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
        spk_member_hear(pool, m);
        spk_member_hear_last(pool, m);
        changes = pool->changes;
        spk_jobs_settle(pool, m, &casualty);
        if (member->region_once) spk_region_take_back(pool, member);
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
        spk_member_kill(member);
        spk_crew_break(pool, SPORK_ESTART,
                       "a worker was not ready within start_timeout, %" APR_TIME_T_FMT " microseconds",
                       pool->config.start_timeout);
    }
}

/* `who` as in "worker 1 of 2". Who has named a program is told which: that is the likely mistake. */
static void cannot_start(spork_pool_t *pool, const char *who, apr_status_t status)
{
    const char *program = pool->start == SPORK_START_SPAWN ? pool->config.program : NULL;
    char cause[120];

    spk_crew_break(pool, SPORK_ESTART, "%s cannot be started: %s%s%s", who,
                   spork_strerror(status, cause, sizeof cause), program != NULL ? "; config.program is " : "",
                   program != NULL ? program : "");
}

static void tend_absent(spork_pool_t *pool, int m, uint64_t now)
{
    apr_status_t status;

    if (now < pool->members[m].since || pool->closed || pool->broken != APR_SUCCESS) return;
    status = spk_member_start(pool, m);
    if (status == APR_SUCCESS) return;
    pool->members[m].since = now + (SECOND / 1000) * 10 + damping(pool);
    if (++pool->fruitless >= most_fruitless(pool)) cannot_start(pool, "a worker", status);
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
    apr_status_t status = spk_member_start(pool, m);
    uint64_t how_long;

    for (how_long = SECOND / 100; APR_STATUS_IS_EAGAIN(status) && how_long <= SECOND / 100 * 8;
         how_long *= 2) {
        pause_between_tries(pool, how_long);
        if (pool->broken != APR_SUCCESS) break;
        status = spk_member_start(pool, m);
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
            char who[40];

            (void)apr_snprintf(who, sizeof who, "worker %d of %d", m + 1, pool->n);
            cannot_start(pool, who, status);
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
