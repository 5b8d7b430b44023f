/*
 * What one job of a map covers: some of a window's items. Each of them is this part's until it is taken out, once: it
 * failed, goes into another part, or is known to be finished. So whatever workers say, an item ends once. Private to the
 * parent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_MAP_PART_H
#define SPK_MAP_PART_H

#include "map.h"

typedef struct {
    spk_window_t *window;
    uint32_t base, count;    /* in the window */
    uint32_t taken;          /* bits that are set */
    uint32_t low[SPK_LANES]; /* of each lane: what is before this has been taken out by spk_part_harvest() */
    unsigned char bits[];    /* a bit per item: taken out */
} spk_part_t;

/* NULL: there is no memory. To be freed by free(). */
spk_part_t *spk_part_make(spk_window_t *window, spk_range_t range);
int spk_part_is_taken(const spk_part_t *part, uint32_t item);
/* 1 if the item was still in the part: now it is not any more. */
int spk_part_take(spk_part_t *part, uint32_t item);
/* Take the next run of items out that are still in the part, from range->begin on; what is left to look at stays in
 * range. 0: there is none. */
int spk_part_take_run(spk_part_t *part, spk_range_t *range, spk_range_t *run);

/* A run of items was taken out, for they are finished. */
typedef void (*spk_part_each_t)(void *of, spk_part_t *part, spk_range_t some);
/* Take out what workers are through with by now, while the job goes on; `room` is for SPK_LANES ranges a worker. Not from
 * inside an owner's function: it hears what the workers have to tell. */
void spk_part_harvest(spork_pool_t *pool, unsigned slot, spk_range_t *room, spk_part_each_t each, void *of);

#endif
