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
