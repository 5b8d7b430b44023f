/*
 * See map_part.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "map_part.h"

#include <stdlib.h>

spk_part_t *spk_part_make(spk_window_t *window, spk_range_t range)
{
    uint32_t count = range.end - range.begin;
    spk_part_t *part = calloc(1, sizeof *part + (size_t)count / 8 + 1);

    if (part == NULL) return NULL;
    part->window = window;
    part->base = range.begin;
    part->count = count;
    return part;
}

int spk_part_is_taken(const spk_part_t *part, uint32_t item)
{
    return part->bits[item / 8] >> (item % 8) & 1;
}

int spk_part_take(spk_part_t *part, uint32_t item)
{
    if (item >= part->count || spk_part_is_taken(part, item)) return 0;
    part->bits[item / 8] |= (unsigned char)(1U << (item % 8));
    part->taken++;
    return 1;
}

int spk_part_take_run(spk_part_t *part, spk_range_t *range, spk_range_t *run)
{
    while (range->begin < range->end && spk_part_is_taken(part, range->begin)) range->begin++;
    run->begin = range->begin;
    while (range->begin < range->end && spk_part_take(part, range->begin)) range->begin++;
    run->end = range->begin;
    return run->begin < run->end;
}

/* ---- what is finished of a job that is not through ------------------------------------------------------------- */

/* A job as it was at one moment, or later: what is claimed, and what of that somebody may not be through with. */
typedef struct {
    uint32_t claimed[SPK_LANES]; /* of each lane, up to here */
    spk_range_t *held;
    size_t n;
} snapshot_t;

/* Whom it goes to. */
typedef struct {
    spk_part_t *part;
    spk_part_each_t each;
    void *of;
} harvest_t;

static int by_begin(const void *a, const void *b)
{
    uint32_t x = ((const spk_range_t *)a)->begin, y = ((const spk_range_t *)b)->begin;

    return (x > y) - (x < y);
}

/* The order matters. An item that is claimed at the first look was finished or given back before the second, if nobody holds
 * it then: spk_claim_held() of a worker that lives may say too much (begun is read before cur), never too little. From the
 * item at hand on all of a claim counts as held, for of one that is REPORTING or GIVING the entry may not be published yet.
 * tests/unit/test_claim_model.c tries it at every moment. */
static void take_snapshot(const spork_pool_t *pool, unsigned slot, snapshot_t *shot)
{
    const spk_slot_t *own = &pool->slots[slot];
    const spk_job_t *job = &pool->head->jobs[slot];
    spk_held_t held;
    unsigned lane;
    int m;

    shot->n = 0;
    for (lane = 0; lane < own->n_lanes; lane++)
        shot->claimed[lane] = own->ends[lane] - spk_claim_free(job, lane, own->chunk, own->ends[lane]);
    for (lane = 0; lane < own->n_lanes; lane++)
        for (m = 0; m < pool->n; m++)
            if (spk_claim_held(job, slot, lane, pool->members[m].seat, (unsigned)m, own->chunk,
                               own->ends[lane], &held)) {
                shot->held[shot->n].begin = held.item;
                shot->held[shot->n++].end = held.rest.end > held.item ? held.rest.end : held.item + 1;
            }
    if (shot->n > 1) qsort(shot->held, shot->n, sizeof *shot->held, by_begin);
}

static void harvest_range(const harvest_t *harvest, uint32_t begin, uint32_t end)
{
    spk_range_t range = { begin, end }, some;

    while (spk_part_take_run(harvest->part, &range, &some)) harvest->each(harvest->of, harvest->part, some);
}

/* All of the range but what is held. Where the next harvest has to begin. */
static uint32_t harvest_lane(const harvest_t *harvest, const snapshot_t *shot, spk_range_t lane)
{
    uint32_t low = lane.end, at = lane.begin;
    size_t i;

    for (i = 0; i < shot->n && at < lane.end; i++) {
        const spk_range_t *held = &shot->held[i];

        if (held->end <= at || held->begin >= lane.end) continue;
        if (held->begin < low) low = held->begin > lane.begin ? held->begin : lane.begin;
        harvest_range(harvest, at, held->begin);
        at = held->end;
    }
    harvest_range(harvest, at, lane.end);
    return low;
}

void spk_part_harvest(spork_pool_t *pool, unsigned slot, spk_range_t *room, spk_part_each_t each, void *of)
{
    const spk_slot_t *own = &pool->slots[slot];
    harvest_t harvest = { own->of, each, of };
    snapshot_t shot = { { 0 }, room, 0 };
    spk_range_t lane;
    uint32_t begin = 0;
    unsigned i;

    take_snapshot(pool, slot, &shot);
    /* what was not a success, or was given back, has been told before it was let go: now it is taken out as that */
    spk_crew_drain(pool);
    for (i = 0; i < own->n_lanes; begin = own->ends[i++]) {
        lane.begin = harvest.part->low[i] > begin ? harvest.part->low[i] : begin;
        lane.end = shot.claimed[i];
        if (lane.begin < lane.end) harvest.part->low[i] = harvest_lane(&harvest, &shot, lane);
    }
}
