/*
 * Ending a single item while it runs: because its time is up, or it was cancelled. The item is first
 * condemned, by a compare-and-swap of its worker's cur word, and only then is the process killed: so what
 * is killed is never a worker that has already gone on to another item.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pool.h"

static int condemn(spork_pool_t *pool, int m, uint64_t running, apr_status_t status)
{
    spk_member_t *member = &pool->members[m];
    spk_cur_t cur = spk_cur_unpack(running);
    uint64_t condemned = spk_cur_pack(SPK_CUR_CONDEMNED, cur.slot, cur.lane, cur.item);

    if (!atomic_compare_exchange_strong_explicit(&member->seat->cur, &running, condemned,
                                                 memory_order_acq_rel, memory_order_acquire))
        return 0;
    member->condemned = status;
    spk_member_kill(member);
    pool->changes++;
    return 1;
}

int spk_condemn(spork_pool_t *pool, int m, unsigned slot, uint32_t item, apr_status_t status)
{
    spk_member_t *member = &pool->members[m];
    uint64_t word;
    spk_cur_t cur;

    if (member->state == SPK_ABSENT || member->condemned != APR_SUCCESS) return 0;
    word = atomic_load_explicit(&member->seat->cur, memory_order_acquire);
    cur = spk_cur_unpack(word);
    if (cur.state != SPK_CUR_RUNNING || cur.slot != slot || cur.item != item) return 0;
    return condemn(pool, m, word, status);
}

/* Honest workers go forward in a lane. One that seems to go back gets no new time for it. */
static int goes_back(const spk_member_t *member, const spk_cur_t *cur, uint64_t serial)
{
    spk_cur_t seen = spk_cur_unpack(member->seen_cur);

    return member->seen_serial == serial && seen.slot == cur->slot && seen.lane == cur->lane &&
           cur->item <= seen.item;
}

/* When the item in cur began. The worker's own word is believed only where it makes the item older: an
 * item is at least as old as the parent's first sight of it. */
static uint64_t begun_at(const spork_pool_t *pool, spk_member_t *member, uint64_t word, uint64_t now)
{
    spk_cur_t cur = spk_cur_unpack(word);
    uint64_t serial = pool->slots[cur.slot].serial;
    uint64_t started = atomic_load_explicit(&member->seat->started, memory_order_relaxed);

    if (!goes_back(member, &cur, serial)) {
        member->seen_cur = word;
        member->seen_serial = serial;
        member->seen_at = now;
    }
    return started < member->seen_at ? started : member->seen_at;
}

/* Microseconds that the member's item still has; 0 if its time is up. The whole limit if it runs none: it may
 * begin one any time, if there is any. */
static apr_interval_time_t time_left(const spork_pool_t *pool, spk_member_t *member, uint64_t word,
                                     uint64_t now)
{
    spk_cur_t cur = spk_cur_unpack(word);
    apr_interval_time_t age;

    if (cur.state != SPK_CUR_RUNNING || cur.slot >= SPK_SLOTS ||
        pool->slots[cur.slot].state != SPK_SLOT_OPEN || !(pool->slots[cur.slot].flags & SPK_JOB_TIMED))
        return pool->config.timeout;
    age = (apr_interval_time_t)((now - begun_at(pool, member, word, now)) / 1000);
    return age < pool->config.timeout ? pool->config.timeout - age : 0;
}

apr_interval_time_t spk_deadlines(spork_pool_t *pool)
{
    apr_interval_time_t left, next = pool->config.timeout;
    uint64_t now, word;
    int m;

    if (pool->config.timeout == 0 || !spk_jobs_any(pool)) return -1;
    now = spk_os_clock();
    for (m = 0; m < pool->n; m++) {
        spk_member_t *member = &pool->members[m];

        if (member->state == SPK_ABSENT || member->condemned != APR_SUCCESS) continue;
        word = atomic_load_explicit(&member->seat->cur, memory_order_acquire);
        left = time_left(pool, member, word, now);
        if (left == 0) condemn(pool, m, word, SPORK_EDEADLINE);
        if (left > 0 && left < next) next = left;
    }
    return next;
}
