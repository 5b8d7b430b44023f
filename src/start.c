/*
 * Starting a worker: what its process is told, by fork or by spawn.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hello.h"
#include "hold.h"
#include "journal_file.h"
#include "pool.h"
#include "registry.h"
#include "role.h"
#include "trace.h"
#include "worker.h"

#include <apr_strings.h>
#include <string.h>

static void become_worker(spork_pool_t *pool, int m, const spk_os_kit_t *kit)
{
    static spk_worker_t worker; /* of this process, which is all new */

    spk_role_become_worker();
    spk_trace_leave(pool);
    spk_journal_file_leave();
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

/* A pool of AUTO that forks does so only while that is safe. While it is being made nothing has to be looked up: AUTO has
 * become fork because there was this thread only (config.c), and it has not returned since. */
static int may_fork(const spork_pool_t *pool)
{
    return pool->start == SPORK_START_FORK &&
           !(pool->automatic && pool->was_ready && spk_os_thread_count() > 1);
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

apr_status_t spk_member_start(spork_pool_t *pool, int m)
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
