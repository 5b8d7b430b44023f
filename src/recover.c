/*
 * Recovery: what the parent does about things that no honest worker does. A worker that has gone wrong can
 * write anything anywhere in the segment; what is impossible is not repaired item by item, for nothing that stands
 * there can be told from a lie any more.
 *
 *  - What workers only read is compared with the parent's own copy, and written again if it differs.
 *  - A worker that says impossible things of itself is ended, as if it had died.
 *  - The roll call finds out that the segment as a whole makes no sense: the parent waits for something, yet nobody is at
 *    it. Then all workers are ended, what was in the open jobs has failed, the control part of the segment is written
 *    anew, and new workers go on with what is left. In place, for the host holds pointers into the
 *    arena behind it (spork_alloc). If that happens again and again, the pool is given up.
 *  - The same is done about what would keep a job going for ever: claims that are set back, and items that are given
 *    back as if they had not been begun (jobs.c counts them).
 *
 * The roll call needs no guess about time. The parent has done all it can (a whole round of the pump), stores the
 * call's number, and rings everybody. Who sleeps wakes, loads the number (acquire), looks once more, and stores the
 * number (release) only if there was nothing to do, or still no room (worker.c). So if every worker that is ready
 * has answered, and another round of the pump changes nothing, then nobody is at anything and nobody ever will be: with
 * honest words in the segment at least one of them would have found what the parent waits for. Who runs an item,
 * however long, does not answer. tests/unit/test_wake_model.c looks for a schedule in which honest workers seem to
 * contradict themselves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pool.h"

#include <string.h>

#define SECOND UINT64_C(1000000000)

/* The roll is called so often while it looks as if nobody were at work, and so often in any case. */
#define CALL_SOON (SECOND / 10)
#define CALL_ANYHOW SECOND

/* Calls in a row with contradicting answers after which the segment is given up; recoveries in a row without a
 * job that went through after which the pool is. */
#define CONTRADICTIONS 3U
#define RECOVERIES 8U

void spk_heal(spork_pool_t *pool)
{
    if (memcmp(pool->head, pool->constants, sizeof pool->constants) != 0)
        memcpy(pool->head, pool->constants, sizeof pool->constants);
    if (!pool->closed) atomic_store_explicit(&pool->head->closing, 0, memory_order_relaxed);
    spk_jobs_publish(pool);
}

void spk_heal_init_arg(spork_pool_t *pool)
{
    void *init_arg;

    if (pool->init_arg == NULL) return;
    init_arg = spk_memory_at(pool, pool->init_arg);
    if (memcmp(init_arg, pool->init_copy, pool->config.init_size) != 0)
        memcpy(init_arg, pool->init_copy, pool->config.init_size);
}

/* ---- a single worker --------------------------------------------------------------------------------------- */

/* At an item of an open job. What honest workers say while they are at one. */
static int is_at_item(const spork_pool_t *pool, const spk_cur_t *cur)
{
    const spk_slot_t *slot = &pool->slots[cur->slot % SPK_SLOTS];

    return cur->slot < SPK_SLOTS && slot->state == SPK_SLOT_OPEN && cur->lane < slot->n_lanes &&
           cur->item < slot->count;
}

static int is_impossible(const spork_pool_t *pool, const spk_member_t *member, const spk_cur_t *cur)
{
    switch (cur->state) {
    case SPK_CUR_RUNNING: return !is_at_item(pool, cur);
    case SPK_CUR_CONDEMNED: return member->condemned == APR_SUCCESS;
    default: return cur->state > SPK_CUR_CONDEMNED || cur->slot >= SPK_SLOTS;
    }
}

static int has_answered(const spork_pool_t *pool, const spk_member_t *member)
{
    uint32_t mood = atomic_load_explicit(&member->seat->mood, memory_order_relaxed);

    return atomic_load_explicit(&member->seat->answered, memory_order_acquire) == pool->roll &&
           (mood == SPK_MOOD_ASLEEP || mood == SPK_MOOD_BLOCKED);
}

/* Where items have a time-out, a worker may not be nowhere for longer than that either: one that never ends its item
 * could say so. Nowhere is: at one look after the other its word is the same, and is not that of an item that runs. (An
 * honest one may be, if nobody reads what it has printed.) */
static int is_too_long_astray(const spork_pool_t *pool, spk_member_t *member, uint64_t word, uint64_t now)
{
    int is_somewhere = spk_cur_unpack(word).state == SPK_CUR_RUNNING || has_answered(pool, member);

    if (is_somewhere || word != member->astray_at || now - pool->called > 2 * CALL_ANYHOW) member->astray = 0;
    if (!is_somewhere && member->astray == 0) member->astray = now;
    member->astray_at = word;
    return pool->config.timeout > 0 && member->astray != 0 && now - member->astray > SECOND &&
           (now - member->astray - SECOND) / 1000 > (uint64_t)pool->config.timeout;
}

static void doubt(spork_pool_t *pool, spk_member_t *member, uint64_t now)
{
    uint64_t word = atomic_load_explicit(&member->seat->cur, memory_order_acquire);
    spk_cur_t cur = spk_cur_unpack(word);

    member->doubts = is_impossible(pool, member, &cur) ? member->doubts + 1 : 0;
    if (is_too_long_astray(pool, member, word, now))
        member->condemned = SPORK_EDEADLINE;
    else if (member->doubts < 2)
        return;
    member->liar = 1;
    spk_member_kill(member);
}

/* ---- the segment as a whole ---------------------------------------------------------------------------------- */

static int everybody_has_answered(const spork_pool_t *pool)
{
    int m, n = 0;

    for (m = 0; m < pool->n; m++) {
        const spk_member_t *member = &pool->members[m];

        if (member->state == SPK_STARTING || (member->state == SPK_READY && !has_answered(pool, member)))
            return 0;
        n += member->state == SPK_READY;
    }
    return n > 0;
}

/* Only what is written here; what the host and the jobs have in the arena stays. */
static void rewrite_control(spork_pool_t *pool)
{
    unsigned char *bytes = (unsigned char *)pool->head;
    int m;

    for (m = 0; m < pool->n; m++)
        pool->log_lost += atomic_load_explicit(&pool->members[m].seat->log_lost, memory_order_relaxed);

    memcpy(bytes, pool->constants, sizeof pool->constants);
    memset(bytes + sizeof pool->constants, 0, pool->payloads - sizeof pool->constants);
    spk_jobs_forget(pool);
}

static void recover(spork_pool_t *pool)
{
    static const char words[] = "shared memory was damaged by a worker";
    const spk_result_t lost = { SPORK_ECRASHED, 0, 0, (const unsigned char *)words, 0, sizeof words - 1 };

    pool->contradictions = pool->idle_deaths = pool->unbegun = pool->impossible = 0;
    pool->recoveries++;
    spk_crew_raze(pool);
    spk_jobs_lose(pool, NULL, &lost);
    if (pool->broken == APR_SUCCESS) rewrite_control(pool);
    if (pool->recoveries >= RECOVERIES)
        spk_crew_break(pool, SPORK_EFAILED, "shared memory was damaged by workers, %u times in a row",
                       pool->recoveries);
    pool->changes++;
}

static int somebody_seems_busy(const spork_pool_t *pool)
{
    spk_cur_t cur;
    int m;

    for (m = 0; m < pool->n; m++) {
        const spk_member_t *member = &pool->members[m];

        cur = spk_cur_unpack(atomic_load_explicit(&member->seat->cur, memory_order_relaxed));
        if (member->state == SPK_READY && cur.state == SPK_CUR_RUNNING && is_at_item(pool, &cur) &&
            atomic_load_explicit(&member->seat->mood, memory_order_relaxed) == SPK_MOOD_AWAKE)
            return 1;
    }
    return 0;
}

static void call(spork_pool_t *pool, uint64_t now)
{
    int m;

    pool->called = now;
    pool->roll_changes = pool->changes;
    atomic_store_explicit(&pool->head->roll, ++pool->roll, memory_order_release);
    for (m = 0; m < pool->n; m++)
        if (pool->members[m].state != SPK_ABSENT) spk_os_bell_ring(&pool->members[m].bell);
}

/* The parent waits for a start only: nothing that workers could be at. */
static int is_anything_left(const spork_pool_t *pool)
{
    return pool->busy != 0 || !spk_queue_is_empty(pool);
}

/* Everybody has answered, and then a whole round of the pump finds nothing: what they did before they answered would be
 * seen by it. */
static int is_contradiction(spork_pool_t *pool)
{
    if (pool->changes != pool->roll_changes || !everybody_has_answered(pool) || !is_anything_left(pool))
        return 0;
    spk_pump(pool);
    return pool->changes == pool->roll_changes && everybody_has_answered(pool);
}

/* Workers die one after the other before they have taken anything, and no job goes through: of what they read, say. */
static int is_deadly(const spork_pool_t *pool)
{
    return pool->idle_deaths >= spk_crew_most_idle_deaths(pool) && spk_jobs_any(pool);
}

void spk_roll_call(spork_pool_t *pool)
{
    uint64_t now = spk_os_clock();
    int m;

    if (pool->impossible >= SPK_IMPOSSIBLE_MOST) {
        recover(pool);
        return;
    }
    if (now - pool->called < CALL_SOON) return;
    if (now - pool->called < CALL_ANYHOW && somebody_seems_busy(pool) && spk_crew_demand(pool) == 0) return;
    pool->contradictions = is_contradiction(pool) ? pool->contradictions + 1 : 0;
    /* tasks that wait for each other: no lie */
    if (pool->contradictions > 1 && spk_calls_starve(pool, pool->endless)) pool->contradictions = 0;
    if (pool->contradictions >= CONTRADICTIONS || is_deadly(pool)) {
        recover(pool);
        return;
    }
    for (m = 0; m < pool->n; m++) {
        spk_member_t *member = &pool->members[m];

        if (member->state == SPK_READY) doubt(pool, member, now);
        /* only who is ready sleeps, and answers: somebody wrote over what it said */
        if (member->state == SPK_STARTING && pool->roll > 0 && has_answered(pool, member))
            atomic_store_explicit(&member->seat->phase, SPK_PHASE_READY, memory_order_release);
    }
    spk_heal(pool);
    call(pool, now);
}
