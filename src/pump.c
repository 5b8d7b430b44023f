/*
 * The pump: what the parent does while it waits in the pool. There is no thread behind the program's
 * back, so every waiting call comes here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compiler.h"
#include "pool.h"
#include "progress.h"
#include "trace.h"

/* The parent looks around at least this often while it waits, in case somebody did not ring. */
#define LOOK_AROUND ((apr_interval_time_t)100000)

void spk_pump(spork_pool_t *pool)
{
    spk_crew_drain(pool);
    spk_crew_tend(pool);
    spk_calls_serve(pool);
    spk_deadlines(pool);
    spk_jobs_sweep(pool);
    spk_run_feed(pool);
    spk_queue_feed(pool, 1);
    if (pool->broken != APR_SUCCESS && pool->was_ready && !spk_run_is_under_way(pool)) {
        spk_crew_end(pool, 0);
        spk_queue_cancel(pool);
    }
    spk_progress_look(pool);
    spk_trace_look(pool);
}

static int has_news(const spork_pool_t *pool)
{
    int m;

    for (m = 0; m < pool->n; m++)
        if (pool->members[m].state != SPK_ABSENT &&
            atomic_load_explicit(&pool->members[m].seat->head, memory_order_relaxed) !=
                pool->members[m].taken)
            return 1;
    return spk_calls_any(pool);
}

/* Says where it waits. 1 if whoever could have news is there, too: nothing comes before this one yields. */
static int is_beside_workers(const spork_pool_t *pool)
{
    uint32_t here = (uint32_t)(spk_os_cpu() + 1);
    int m, beside = 0;

    if (atomic_load_explicit(&pool->head->parent_cpu, memory_order_relaxed) != here)
        atomic_store_explicit(&pool->head->parent_cpu, here, memory_order_relaxed);
    for (m = 0; here != 0 && m < pool->n; m++) {
        const spk_seat_t *seat = pool->members[m].seat;

        if (pool->members[m].state == SPK_ABSENT ||
            atomic_load_explicit(&seat->mood, memory_order_relaxed) == SPK_MOOD_ASLEEP)
            continue;
        if (atomic_load_explicit(&seat->cpu, memory_order_relaxed) != here) return 0;
        beside = 1;
    }
    return beside;
}

static int news_within(const spork_pool_t *pool, int looks)
{
    while (looks-- > 0) {
        if (has_news(pool)) return 1;
        SPK_RELAX();
    }
    return 0;
}

/* What is awake answers before the question who is where, which is a line's journey more; who was just woken does not. */
static int spin_for_news(spork_pool_t *pool)
{
    uint64_t until = spk_os_clock() + (uint64_t)pool->spin * 1000;
    int looks = pool->rang ? 1 : SPK_LOOKS_FIRST;

    pool->rang = 0;
    do {
        if (news_within(pool, looks)) return 1;
        if (is_beside_workers(pool))
            looks = 1;
        else if (news_within(pool, SPK_LOOKS_MORE))
            return 1;
        spk_os_yield(); /* where processors are short, a worker may be waiting for this one */
    } while (spk_os_clock() < until);
    return 0;
}

static void watch(spork_pool_t *pool, apr_interval_time_t most)
{
    uint64_t since = pool->trace != NULL ? spk_os_clock() : 0;

    spk_os_watch_wait(pool->watch, most);
    spk_trace_waited(pool, since);
}

/* Sleep until somebody rings or dies, at most this long. The flag is up before the last look: who
 * changes something after that look sees it and rings (worker.c has the other half). */
static int sleep_once(spork_pool_t *pool, int (*done)(void *of), void *of, apr_interval_time_t most)
{
    _Atomic uint32_t *asleep = &pool->head->parent_asleep;
    uint64_t changes = pool->changes;
    int is_done;

    atomic_store_explicit(asleep, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    spk_pump(pool);
    is_done = done(of);
    if (!is_done && changes == pool->changes && !pool->interrupted) watch(pool, most);
    atomic_store_explicit(asleep, 0, memory_order_relaxed);
    if (!is_done) spk_roll_call(pool);
    return is_done;
}

/* Microseconds until this call has to do something by itself; at most LOOK_AROUND, at least one
 * millisecond. */
static apr_interval_time_t patience(spork_pool_t *pool, uint64_t now, uint64_t until)
{
    apr_interval_time_t most = LOOK_AROUND, deadline = spk_deadlines(pool), wait = spk_calls_patience(pool);
    apr_interval_time_t journal = spk_run_patience(pool);

    if (deadline >= 0 && deadline < most) most = deadline;
    if (wait >= 0 && wait < most) most = wait;
    if (journal >= 0 && journal < most) most = journal;
    if ((until - now) / 1000 < (uint64_t)most) most = (apr_interval_time_t)((until - now) / 1000);
    return most > 1000 ? most : 1000;
}

/* The moment when a time-out that begins now is over; UINT64_MAX: never. */
static uint64_t end_of(apr_interval_time_t timeout)
{
    uint64_t now = spk_os_clock();

    if (timeout < 0 || (uint64_t)timeout > (UINT64_MAX - now) / 1000) return UINT64_MAX;
    return now + (uint64_t)timeout * 1000;
}

/* Who has just been answered often calls again at once. */
static int spin_for_calls(spork_pool_t *pool)
{
    int talks = pool->talks;

    pool->talks = 0;
    return talks;
}

static apr_status_t pump_until(spork_pool_t *pool, int (*done)(void *of), void *of, uint64_t until, int spin)
{
    uint64_t changes, now;

    for (;;) {
        changes = pool->changes;
        spk_pump(pool);
        if (done(of)) return APR_SUCCESS;
        if (pool->broken != APR_SUCCESS) return pool->broken;
        if (atomic_exchange(&pool->interrupted, 0)) return SPORK_ECANCELLED;
        now = spk_os_clock();
        if (now >= until) return APR_TIMEUP;
        if (changes != pool->changes) {
            if (pool->impossible > 0) spk_roll_call(pool); /* what never ends may also never let it sleep */
            continue;
        }
        if ((spin_for_calls(pool) || spin) && pool->spin > 0 && spin_for_news(pool)) continue;
        if (sleep_once(pool, done, of, patience(pool, now, until))) return APR_SUCCESS;
    }
}

apr_status_t spk_pump_until(spork_pool_t *pool, int (*done)(void *of), void *of, apr_interval_time_t timeout,
                            int spin)
{
    uint64_t until = end_of(timeout);
    apr_status_t status;

    pool->endless = until == UINT64_MAX;
    status = pump_until(pool, done, of, until, spin);
    pool->endless = 0;
    return status;
}
