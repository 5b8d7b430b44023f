/*
 * See map_part.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "map_part.h"

#include <stdlib.h>
#include <string.h>

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
    size_t n;
    spk_range_t held[];
} snapshot_t;

static int by_begin(const void *a, const void *b)
{
    uint32_t x = ((const spk_range_t *)a)->begin, y = ((const spk_range_t *)b)->begin;

    return (x > y) - (x < y);
}

/* The order matters. An item that is claimed at the first look was finished or given back before the second, if nobody holds
 * it then: spk_claim_held() of a worker that lives may say too much (claim.h: begun is read before cur), never too little. From the
 * item at hand on all of a claim counts as held, for of one that is REPORTING or GIVING the entry may not be published yet.
 * NULL: there is no memory, and the next look will do as well. */
static snapshot_t *take_snapshot(const spork_pool_t *pool, unsigned slot)
{
    const spk_slot_t *own = &pool->slots[slot];
    const spk_job_t *job = &pool->head->jobs[slot];
    snapshot_t *shot = malloc(sizeof *shot + (size_t)pool->n * SPK_LANES * sizeof *shot->held);
    spk_held_t held;
    unsigned lane;
    int m;

    if (shot == NULL) return NULL;
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
    qsort(shot->held, shot->n, sizeof *shot->held, by_begin);
    return shot;
}

static void harvest_range(spk_run_t *run, spk_part_t *part, spk_range_t range, spk_part_each_t each)
{
    spk_range_t some;

    while (spk_part_take_run(part, &range, &some)) each(run, part, some);
}

/* From `begin` on to what is claimed, but what is held. Where the next harvest has to begin. */
static uint32_t harvest_lane(spk_run_t *run, spk_part_t *part, const snapshot_t *shot, spk_range_t lane,
                             spk_part_each_t each)
{
    uint32_t low = lane.end;
    spk_range_t open = lane;
    size_t i;

    for (i = 0; i < shot->n && open.begin < lane.end; i++) {
        const spk_range_t *held = &shot->held[i];

        if (held->end <= open.begin || held->begin >= lane.end) continue;
        if (held->begin < low) low = held->begin > lane.begin ? held->begin : lane.begin;
        open.end = held->begin;
        harvest_range(run, part, open, each);
        open.begin = held->end;
    }
    open.end = lane.end;
    harvest_range(run, part, open, each);
    return low;
}

void spk_part_harvest(spk_run_t *run, unsigned slot, spk_part_each_t each)
{
    const spk_slot_t *own = &run->pool->slots[slot];
    spk_part_t *part = own->of;
    snapshot_t *shot = take_snapshot(run->pool, slot);
    spk_range_t lane;
    uint32_t begin = 0;
    unsigned i;

    if (shot == NULL) return;
    /* what was not a success, or was given back, has been told before it was let go: now it is taken out as that */
    spk_crew_drain(run->pool);
    for (i = 0; i < own->n_lanes; begin = own->ends[i++]) {
        lane.begin = part->low[i] > begin ? part->low[i] : begin;
        lane.end = shot->claimed[i];
        if (lane.begin < lane.end) part->low[i] = harvest_lane(run, part, shot, lane, each);
    }
    free(shot);
}
