/*
 * Batches: jobs whose items say themselves what to run. In them submitted items travel. As long as the last batch is worked
 * at and has room, what comes is added to it: that costs little, and a lone item leaves at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "bits.h"
#include "compiler.h"
#include "future.h"
#include "pool.h"

#include <stdlib.h>
#include <string.h>

#define BATCHES 40 /* slots that submitted items may take; the others are for maps */

/* ---- what becomes of a batch's items: spk_owner_t ------------------------------------------------------------- */

spork_future_t *spk_batch_take(spork_pool_t *pool, unsigned slot, uint32_t item)
{
    spork_future_t *f = item < SPK_BATCH_MAX ? pool->queue->batches[slot].items[item] : NULL;

    if (f != NULL) pool->queue->batches[slot].items[item] = NULL;
    return f;
}

static void on_outcome(spork_pool_t *pool, unsigned slot, uint32_t item, const spk_result_t *result)
{
    spork_future_t *f = spk_batch_take(pool, slot, item);

    if (f == NULL) return;
    if (result->status != SPORK_ECANCELLED) f->attempts++;
    spk_future_complete(f, result);
}

static void on_casualty(spork_pool_t *pool, unsigned slot, uint32_t item, const spk_result_t *result)
{
    spork_future_t *f = spk_batch_take(pool, slot, item);

    if (f == NULL) return;
    f->attempts++;
    if (f->cancelled || f->orphan)
        spk_future_complete_as(f, SPORK_ECANCELLED);
    else if (result->status != SPORK_ECANCELLED && f->attempts <= pool->config.retries)
        spk_future_requeue(f);
    else
        spk_future_complete(f, result);
}

static void on_rest(spork_pool_t *pool, unsigned slot, spk_range_t range)
{
    uint32_t item;
    spork_future_t *f;

    for (item = range.end; item-- > range.begin;)
        if ((f = spk_batch_take(pool, slot, item)) != NULL) {
            if (f->cancelled || f->orphan)
                spk_future_complete_as(f, SPORK_ECANCELLED);
            else
                spk_future_requeue(f);
        }
}

static void on_through(spork_pool_t *pool, unsigned slot)
{
    spk_range_t all = { 0, pool->slots[slot].count };
    spork_future_t *f;
    uint32_t item;

    /* a worker that lied about having finished may have left some: they ended with it */
    for (item = all.begin; item < all.end; item++)
        if ((f = spk_batch_take(pool, slot, item)) != NULL) spk_future_complete_as(f, SPORK_ECRASHED);
}

static void on_lost(spork_pool_t *pool, unsigned slot, const spk_result_t *result)
{
    uint32_t count = pool->slots[slot].count, item;
    spork_future_t *f;

    for (item = 0; item < count; item++) {
        if ((f = spk_batch_take(pool, slot, item)) == NULL) continue;
        if (f->cancelled || f->orphan)
            spk_future_complete_as(f, SPORK_ECANCELLED);
        else
            spk_future_complete(f, result);
    }
}

static const spk_owner_t batch_owner = { on_outcome, on_casualty, on_rest, on_through, on_lost };

/* ---- posting ------------------------------------------------------------------------------------------------------ */

/* The input must stand in the arena or in the item. 0: no room now. */
static int place_input(spork_future_t *f)
{
    if (f->in_size <= SPK_INLINE || f->block != NULL) return 1;
    if (!spk_future_take_room(f)) return 0;
    memcpy(spk_memory_at(f->pool, f->block), f->spill, f->in_size);
    free(f->spill);
    f->spill = NULL;
    return 1;
}

static void fill_item(spk_item_t *item, const spork_future_t *f)
{
    item->index = f->outcome.index;
    item->in_size = f->in_size;
    item->in = f->block != NULL ? spk_block_offset(f->block) : 0;
    item->fn = f->fn;
    atomic_store_explicit(&item->cancelled, 0, memory_order_relaxed);
    if (f->block == NULL && f->in_size > 0) memcpy(item->bytes, f->bytes, f->in_size);
}

/* Which slot the next job would get is not known before it is posted, but its table must be filled
 * then: so the table is found first and handed to that slot's batch after. One that is used again is warm. */
static spk_block_t *spare_table(spork_pool_t *pool, uint32_t *from)
{
    uint64_t spare = pool->queue->tables & ~pool->busy;

    *from = spare != 0 ? spk_lowest(spare) : SPK_SLOTS;
    return spare != 0 ? pool->queue->batches[*from].table
                      : spk_memory_alloc(pool, SPK_BATCH_MAX * sizeof(spk_item_t));
}

static void set_table(spk_queue_t *queue, uint32_t slot, spk_block_t *table)
{
    queue->batches[slot].table = table;
    if (table != NULL)
        queue->tables |= UINT64_C(1) << slot;
    else
        queue->tables &= ~(UINT64_C(1) << slot);
}

static int post_table(spork_pool_t *pool, spk_block_t *table, uint32_t count)
{
    spk_post_t post;

    memset(&post, 0, sizeof post);
    post.owner = &batch_owner;
    post.flags = SPK_JOB_TABLE | SPK_JOB_GUARDED | (pool->config.timeout > 0 ? SPK_JOB_TIMED : 0U);
    post.count = count;
    post.chunk = 1;
    post.n_lanes = 1;
    post.in = spk_block_offset(table);
    post.in_size = sizeof(spk_item_t);
    return spk_job_post(pool, &post);
}

/* Write those who wait longest into a table, from its entry `begin` on: how many. */
static uint32_t fill_table(const spork_pool_t *pool, const spk_block_t *table, uint32_t begin)
{
    spk_item_t *items = (spk_item_t *)(void *)spk_memory_at(pool, table);
    spork_future_t *f;
    uint32_t n = begin;

    for (f = pool->queue->waiting.first; f != NULL && n < SPK_BATCH_MAX && place_input(f); f = f->after)
        fill_item(&items[n++], f);
    if (n + 1 < SPK_BATCH_MAX) SPK_PREFETCH_WRITE(&items[n + 1]);
    return n - begin;
}

/* They stand there now: entries [begin, begin + n) of the slot's table are theirs. */
static void move_to_batch(spk_queue_t *queue, int slot, uint32_t begin, uint32_t n)
{
    uint32_t i;

    for (i = begin; i < begin + n; i++) {
        spork_future_t *f = queue->waiting.first;

        spk_list_remove(&queue->waiting, f);
        f->state = SPK_POSTED;
        f->slot = (unsigned)slot;
        f->item = i;
        queue->batches[slot].items[i] = f;
    }
    queue->n_posted += n;
}

/* The last batch takes as many as it has room for. 0: none. */
static int extend_batch(spork_pool_t *pool)
{
    spk_queue_t *queue = pool->queue;
    const spk_slot_t *own = &pool->slots[queue->last];
    uint32_t begin = own->count, n;

    if (own->state != SPK_SLOT_OPEN || own->serial != queue->last_serial || own->stopped) return 0;
    n = fill_table(pool, queue->batches[queue->last].table, begin);
    if (n == 0) return 0;
    move_to_batch(queue, queue->last, begin, n);
    return spk_job_extend(pool, (unsigned)queue->last, n);
}

static int post_batch(spork_pool_t *pool)
{
    spk_queue_t *queue = pool->queue;
    uint32_t from, n;
    spk_block_t *table = spare_table(pool, &from);
    int slot;

    if (table == NULL) return 0;
    n = fill_table(pool, table, 0);
    slot = n > 0 ? post_table(pool, table, n) : -1;
    if (slot < 0) {
        if (from == SPK_SLOTS) spk_memory_free(pool, table);
        return 0;
    }
    if (from < SPK_SLOTS) set_table(queue, from, queue->batches[slot].table);
    set_table(queue, (uint32_t)slot, table);
    move_to_batch(queue, slot, 0, n);
    queue->last = slot;
    queue->last_serial = pool->slots[slot].serial;
    return 1;
}

/* How many must wait to be worth one of the slots that are left. */
static size_t worth_a_slot(int slots_left)
{
    return slots_left > 8 ? 1 : slots_left > 4 ? 8 : slots_left > 2 ? 32 : SPK_BATCH_MAX;
}

/* The first in the queue could not be posted for want of room in the arena. If nothing is under way that could
 * make room, that will not change. */
static void give_up_first(spork_pool_t *pool)
{
    if (pool->queue->n_posted == 0 && !spk_run_is_under_way(pool))
        spk_future_complete_as(pool->queue->waiting.first, SPORK_ETOOBIG);
}

void spk_queue_feed(spork_pool_t *pool, int all)
{
    spk_queue_t *queue = pool->queue;
    int left;

    while (queue->waiting.n > 0 && pool->broken == APR_SUCCESS) {
        if (extend_batch(pool)) continue;
        left = BATCHES - spk_jobs_of(pool, &batch_owner);
        if (left <= 0 || (!all && queue->waiting.n < worth_a_slot(left))) return;
        if (!post_batch(pool)) {
            if (spk_job_can_be_posted(pool)) give_up_first(pool);
            return;
        }
    }
}
