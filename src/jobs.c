/*
 * Jobs: opening a slot, hearing from workers, seeing when a job is through, and settling what a dead
 * worker held. Only the parent runs this; it believes its own copy of a job (spk_slot_t), not the one
 * that workers can write.
 *
 * A slot is FREE, OPEN (workers may come), or LEAVING (through, but somebody may still be looking).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bits.h"
#include "pool.h"

#include <string.h>

static void set_state(spork_pool_t *pool, unsigned slot, int state)
{
    uint64_t bit = UINT64_C(1) << slot;

    pool->slots[slot].state = state;
    pool->busy = state != SPK_SLOT_FREE ? pool->busy | bit : pool->busy & ~bit;
    pool->open = state == SPK_SLOT_OPEN ? pool->open | bit : pool->open & ~bit;
}

void spk_jobs_forget(spork_pool_t *pool)
{
    unsigned slot;

    for (slot = 0; slot < SPK_SLOTS; slot++) set_state(pool, slot, SPK_SLOT_FREE);
}

static int free_slot(const spork_pool_t *pool)
{
    unsigned i, slot;

    for (i = 0; i < SPK_SLOTS; i++) {
        slot = (unsigned)(pool->serials + i) % SPK_SLOTS;
        if (pool->slots[slot].state == SPK_SLOT_FREE) return (int)slot;
    }
    return -1;
}

int spk_job_can_be_posted(const spork_pool_t *pool)
{
    return free_slot(pool) >= 0;
}

/* Cut [0, count) into lanes; with fixed chunks at multiples of them. */
static void cut_lanes(spk_slot_t *slot, spk_job_t *job)
{
    uint32_t unit = slot->chunk != 0 ? slot->chunk : 1, units, begin = 0, end;
    uint32_t i;

    units = slot->count / unit + (slot->count % unit != 0);
    for (i = 0; i < slot->n_lanes; i++) {
        end = (uint32_t)((uint64_t)units * (i + 1) / slot->n_lanes);
        end = (uint64_t)end * unit < slot->count ? end * unit : slot->count;
        spk_lane_init(&job->lanes[i], begin, end);
        slot->ends[i] = end;
        slot->left[i] = end - begin;
        begin = end;
    }
}

static void fill_job(spk_job_t *job, const spk_slot_t *slot, const spk_post_t *post)
{
    job->serial = slot->serial;
    job->flags = slot->flags;
    job->fn = post->fn;
    job->count = slot->count;
    job->chunk = slot->chunk;
    job->n_lanes = slot->n_lanes;
    job->first = post->first;
    job->in = post->in;
    job->in_size = post->in_size;
    job->out = post->out;
    job->out_size = post->out_size;
    atomic_store_explicit(&job->stop, SPK_STOP_NOT, memory_order_relaxed);
}

static void publish_oldest(spork_pool_t *pool)
{
    unsigned slot, oldest = 0;
    uint64_t serial = UINT64_MAX, rest;

    for (rest = pool->open; rest != 0; rest &= rest - 1) {
        slot = spk_lowest(rest);
        if (pool->slots[slot].serial < serial) {
            serial = pool->slots[slot].serial;
            oldest = slot;
        }
    }
    atomic_store_explicit(&pool->head->oldest, oldest, memory_order_relaxed);
}

static void publish_open(spork_pool_t *pool)
{
    atomic_store_explicit(&pool->head->open, pool->open, memory_order_release);
}

void spk_jobs_publish(spork_pool_t *pool)
{
    uint64_t rest;

    for (rest = pool->open; rest != 0; rest &= rest - 1) {
        unsigned slot = spk_lowest(rest);

        atomic_store_explicit(&pool->head->serials[slot], pool->slots[slot].look, memory_order_release);
    }
    publish_oldest(pool);
    publish_open(pool);
}

int spk_job_post(spork_pool_t *pool, const spk_post_t *post)
{
    int i = free_slot(pool), m;
    spk_slot_t *slot;
    spk_job_t *job;

    if (i < 0) return -1;
    slot = &pool->slots[i];
    job = &pool->head->jobs[i];
    slot->owner = post->owner;
    slot->of = post->of;
    slot->serial = slot->look = ++pool->serials;
    slot->flags = post->flags;
    slot->count = post->count;
    slot->chunk = post->chunk;
    slot->n_lanes = post->n_lanes;
    slot->stopped = 0;
    slot->first = post->first;
    slot->in = post->in;
    slot->fn = post->fn;
    cut_lanes(slot, job);
    fill_job(job, slot, post);
    for (m = 0; m < pool->n; m++) spk_claim_reset(pool->members[m].seat, (unsigned)i, slot->n_lanes);
    set_state(pool, (unsigned)i, SPK_SLOT_OPEN);
    publish_oldest(pool);
    atomic_store_explicit(&pool->head->serials[i], slot->look, memory_order_release);
    publish_open(pool);
    spk_crew_wake(pool);
    pool->changes++;
    return i;
}

/* Who acquires the lane's new end sees the items that were written before. Who found the lane exhausted has kept the
 * number under which he looked, and looks again because of the new one; if he sleeps by then he is woken, as for a new
 * job. */
int spk_job_extend(spork_pool_t *pool, unsigned slot, uint32_t n)
{
    spk_slot_t *own = &pool->slots[slot];

    if (own->state != SPK_SLOT_OPEN || own->stopped || own->n_lanes != 1) return 0;
    own->count += n;
    own->ends[0] += n;
    own->left[0] += n;
    atomic_store_explicit(&pool->head->jobs[slot].lanes[0].end, own->ends[0], memory_order_release);
    own->look = ++pool->serials;
    atomic_store_explicit(&pool->head->serials[slot], own->look, memory_order_release);
    spk_crew_wake(pool);
    pool->changes++;
    return 1;
}

int spk_jobs_any(const spork_pool_t *pool)
{
    return pool->open != 0;
}

int spk_jobs_of(const spork_pool_t *pool, const spk_owner_t *owner)
{
    uint64_t rest;
    int n = 0;

    for (rest = pool->busy; rest != 0; rest &= rest - 1) n += pool->slots[spk_lowest(rest)].owner == owner;
    return n;
}

/* ---- hearing from workers ------------------------------------------------------------------------------- */

static void hand_rest(spork_pool_t *pool, unsigned slot, spk_range_t range)
{
    pool->slots[slot].owner->rest(pool, slot, range);
    pool->changes++;
}

/* Where a reply may lie: in the entry, or inside the region that was granted to this worker. */
static int reply_is_inside(const spk_member_t *member, const spk_entry_t *entry)
{
    size_t begin, size;

    if (entry->out == 0)
        return entry->out_size <= sizeof entry->bytes &&
               entry->words <= sizeof entry->bytes - entry->out_size;
    if (member->region == NULL || entry->words > SPORK_MESSAGE_MAX) return 0;
    begin = spk_block_offset(member->region);
    size = spk_block_size(member->region);
    return entry->out >= begin && entry->out - begin <= size &&
           entry->out_size <= size - (entry->out - begin) &&
           entry->words <= size - (entry->out - begin) - entry->out_size;
}

/* A worker gives back what is left of its claim behind an item that it ran; all of it only if it was told to stop. So
 * each time there is less to be given back, and an end. Others are counted: the item at which a worker gives back
 * itself, and all the others, would come again for ever. */
static int is_honest_rest(const spk_slot_t *slot, uint32_t item, uint32_t count)
{
    uint32_t lane = 0, begin, into;

    while (lane + 1 < slot->n_lanes && item >= slot->ends[lane]) lane++;
    begin = lane > 0 ? slot->ends[lane - 1] : 0;
    if (slot->stopped) return 1;
    if (item == begin || count > slot->ends[lane] - item) return 0;
    into = slot->chunk != 0 ? (item - begin) % slot->chunk : 0;
    return slot->chunk == 0 || (into != 0 && count <= slot->chunk - into);
}

void spk_jobs_deliver(spork_pool_t *pool, int m, const spk_entry_t *entry)
{
    spk_slot_t *slot = &pool->slots[entry->slot % SPK_SLOTS];
    spk_member_t *member = &pool->members[m];
    spk_result_t result = { entry->status, 0, 0, NULL, 0, 0 };
    spk_range_t range;

    if (entry->slot >= SPK_SLOTS || slot->state != SPK_SLOT_OPEN || slot->serial != entry->serial ||
        entry->item >= slot->count)
        return;
    member->reported = 1;
    if (entry->kind == SPK_ENTRY_REST && entry->count > 0 && entry->count <= slot->count - entry->item) {
        range.begin = entry->item;
        range.end = entry->item + entry->count;
        pool->impossible += (unsigned)!is_honest_rest(slot, entry->item, entry->count);
        hand_rest(pool, entry->slot, range);
    } else if (entry->kind == SPK_ENTRY_OUTCOME && !reply_is_inside(member, entry)) {
        /* it takes another region for its own, and would lose all its replies */
        spk_member_kill(member);
    } else if (entry->kind == SPK_ENTRY_OUTCOME) {
        result.out = entry->out != 0 ? pool->shm.base + entry->out : entry->bytes;
        result.out_size = (size_t)entry->out_size;
        result.words = entry->words;
        slot->owner->outcome(pool, entry->slot, entry->item, &result);
        pool->changes++;
    }
}

/* ---- through ------------------------------------------------------------------------------------------------ */

/* Items that were claimed are free again? Who sets claims back could do so for ever. */
static int is_exhausted(spork_pool_t *pool, unsigned slot)
{
    spk_slot_t *own = &pool->slots[slot];
    uint32_t left;
    unsigned lane;

    for (lane = 0; lane < own->n_lanes; lane++) {
        left = spk_claim_free(&pool->head->jobs[slot], lane, own->chunk, own->ends[lane]);
        if (left > own->left[lane]) pool->impossible += SPK_IMPOSSIBLE_MOST;
        own->left[lane] = left;
        if (left > 0) return 0;
    }
    return 1;
}

static int somebody_holds(const spork_pool_t *pool, unsigned slot)
{
    const spk_slot_t *own = &pool->slots[slot];
    const spk_job_t *job = &pool->head->jobs[slot];
    spk_held_t held;
    unsigned lane;
    int m;

    for (m = 0; m < pool->n; m++)
        for (lane = 0; lane < own->n_lanes; lane++)
            if (spk_claim_held(job, slot, lane, pool->members[m].seat, (unsigned)m, own->chunk,
                               own->ends[lane], &held))
                return 1;
    return 0;
}

/* Those that are claimed, less those that are still held. */
uint32_t spk_job_finished(const spork_pool_t *pool, unsigned slot)
{
    const spk_slot_t *own = &pool->slots[slot];
    const spk_job_t *job = &pool->head->jobs[slot];
    uint32_t begin = 0, size, unclaimed, claimed = 0, unfinished = 0;
    spk_held_t held;
    unsigned lane;
    int m;

    for (lane = 0; lane < own->n_lanes; begin = own->ends[lane++]) {
        size = own->ends[lane] - begin;
        unclaimed = spk_claim_free(job, lane, own->chunk, own->ends[lane]);
        claimed += unclaimed < size ? size - unclaimed : 0;
        for (m = 0; m < pool->n; m++)
            if (spk_claim_held(job, slot, lane, pool->members[m].seat, (unsigned)m, own->chunk,
                               own->ends[lane], &held))
                unfinished += (held.running != 0) + held.rest.end - held.rest.begin;
    }
    return claimed > unfinished ? claimed - unfinished : 0;
}

/* Items of a table have numbers and tasks of their own, which stand in shared memory: for showing only. */
static const spk_item_t *table_of(const spork_pool_t *pool, const spk_slot_t *own)
{
    return (const spk_item_t *)(const void *)(pool->shm.base + own->in);
}

uint32_t spk_job_fn(const spork_pool_t *pool, unsigned slot, uint32_t item)
{
    const spk_slot_t *own = &pool->slots[slot];

    return own->flags & SPK_JOB_TABLE ? table_of(pool, own)[item].fn : own->fn;
}

int spk_job_index(const spork_pool_t *pool, unsigned slot, uint32_t item, apr_size_t *index)
{
    const spk_slot_t *own = &pool->slots[slot % SPK_SLOTS];

    if (slot >= SPK_SLOTS || own->state != SPK_SLOT_OPEN || item >= own->count) return 0;
    if (own->flags & SPK_JOB_TABLE)
        *index = (apr_size_t)table_of(pool, own)[item].index;
    else
        *index = (apr_size_t)(own->first + item);
    return 1;
}

static int somebody_looks(const spork_pool_t *pool, unsigned slot)
{
    int m;

    atomic_thread_fence(memory_order_seq_cst);
    for (m = 0; m < pool->n; m++)
        if (pool->members[m].state != SPK_ABSENT &&
            atomic_load_explicit(&pool->members[m].seat->looking, memory_order_acquire) == slot + 1)
            return 1;
    return 0;
}

static void leave_slot(spork_pool_t *pool, unsigned slot)
{
    /* entries about the job were published before its last claim was finished: take them first */
    spk_crew_drain(pool);
    pool->slots[slot].owner->through(pool, slot);
    set_state(pool, slot, SPK_SLOT_LEAVING);
    pool->recoveries = pool->idle_deaths = 0;
    publish_open(pool);
    publish_oldest(pool);
    pool->changes++;
}

void spk_jobs_sweep(spork_pool_t *pool)
{
    uint64_t rest;
    unsigned slot;

    for (rest = pool->busy; rest != 0; rest &= rest - 1) {
        slot = spk_lowest(rest);
        if (pool->slots[slot].state == SPK_SLOT_OPEN && is_exhausted(pool, slot) &&
            !somebody_holds(pool, slot))
            leave_slot(pool, slot);
        if (pool->slots[slot].state == SPK_SLOT_LEAVING && !somebody_looks(pool, slot)) {
            set_state(pool, slot, SPK_SLOT_FREE);
            pool->changes++;
        }
    }
}

void spk_job_stop(spork_pool_t *pool, unsigned slot, uint32_t how)
{
    spk_slot_t *own = &pool->slots[slot];
    spk_job_t *job = &pool->head->jobs[slot];
    spk_range_t range;
    unsigned lane;

    if (own->state != SPK_SLOT_OPEN) return;
    own->stopped = 1;
    atomic_store_explicit(&job->stop, how, memory_order_relaxed);
    for (lane = 0; lane < own->n_lanes; lane++)
        if (spk_claim_rest(job, slot, lane, pool->head->seats, (uint32_t)pool->n, own->chunk, own->ends[lane],
                           &range))
            hand_rest(pool, slot, range);
}

void spk_jobs_lose(spork_pool_t *pool, const spk_owner_t *owner, const spk_result_t *result)
{
    uint64_t rest;
    unsigned slot;

    for (rest = pool->open; rest != 0; rest &= rest - 1) {
        slot = spk_lowest(rest);
        if (owner != NULL && pool->slots[slot].owner != owner) continue;
        pool->slots[slot].owner->lost(pool, slot, result);
        set_state(pool, slot, SPK_SLOT_LEAVING);
        pool->changes++;
    }
    publish_open(pool);
    publish_oldest(pool);
}

/* ---- settling -------------------------------------------------------------------------------------------------- */

/* So many deaths in a row between a claim and its first item are no chance: an item that ends its worker, and hides that
 * it was begun, would be given to one worker after the other, for ever. */
#define UNBEGUN_MOST 16U

/* Was the first item that it says not to have begun the one that it ran? */
static int hides_its_item(spork_pool_t *pool, spk_member_t *member, const spk_held_t *held)
{
    int hides;

    if (held->running || held->rest.begin >= held->rest.end) {
        pool->unbegun = held->running ? 0 : pool->unbegun;
        return 0;
    }
    hides = member->liar || pool->unbegun >= UNBEGUN_MOST;
    pool->unbegun = hides ? 0 : pool->unbegun + 1;
    member->liar = 0;
    return hides;
}

static void settle_lane(spork_pool_t *pool, unsigned slot, unsigned lane, int m, const spk_result_t *casualty)
{
    const spk_slot_t *own = &pool->slots[slot];
    spk_job_t *job = &pool->head->jobs[slot];
    spk_seat_t *seat = pool->members[m].seat;
    spk_held_t held;

    if (spk_claim_held(job, slot, lane, seat, (unsigned)m, own->chunk, own->ends[lane], &held)) {
        if (hides_its_item(pool, &pool->members[m], &held)) {
            held.running = 1;
            held.item = held.rest.begin++;
        }
        if (held.running) own->owner->casualty(pool, slot, held.item, casualty);
        if (held.rest.begin < held.rest.end) hand_rest(pool, slot, held.rest);
        pool->changes++;
    }
    spk_claim_settle(job, slot, lane, seat, (unsigned)m);
}

void spk_jobs_settle(spork_pool_t *pool, int m, const spk_result_t *casualty)
{
    spk_seat_t *seat = pool->members[m].seat;
    unsigned slot, lane;
    uint64_t rest;

    for (rest = pool->open; rest != 0; rest &= rest - 1)
        for (slot = spk_lowest(rest), lane = 0; lane < pool->slots[slot].n_lanes; lane++)
            settle_lane(pool, slot, lane, m, casualty);
    atomic_store_explicit(&seat->cur, 0, memory_order_relaxed);
    atomic_store_explicit(&seat->looking, 0, memory_order_relaxed);
    atomic_store_explicit(&seat->mood, SPK_MOOD_AWAKE, memory_order_relaxed);
    atomic_store_explicit(&seat->want, 0, memory_order_relaxed);
}
