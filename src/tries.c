/*
 * How often items were tried, see tries.h. Nothing is ever taken out, so that a search may end at the first free place.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "tries.h"

#include <stdint.h>
#include <stdlib.h>

struct spk_try_t {
    size_t item;
    int count; /* 0: the place is free */
};

/* The item's place, or the free one where it would be. There always is one: half of the room is free. */
static spk_try_t *find(spk_try_t *places, size_t room, size_t item)
{
    size_t at = (size_t)(item * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (room - 1);

    while (places[at].count != 0 && places[at].item != item) at = (at + 1) & (room - 1);
    return &places[at];
}

static int grow(spk_tries_t *tries)
{
    size_t room = tries->room > 0 ? tries->room * 2 : 16, i;
    spk_try_t *places;

    if (tries->used < tries->room / 2) return 1;
    places = calloc(room, sizeof *places);
    if (places == NULL) return 0;
    for (i = 0; i < tries->room; i++)
        if (tries->places[i].count != 0) *find(places, room, tries->places[i].item) = tries->places[i];
    free(tries->places);
    tries->places = places;
    tries->room = room;
    return 1;
}

int spk_tries_of(const spk_tries_t *tries, size_t item)
{
    return tries->room > 0 ? find(tries->places, tries->room, item)->count : 0;
}

int spk_tries_count(spk_tries_t *tries, size_t item)
{
    spk_try_t *place;

    if (!grow(tries)) return 0;
    place = find(tries->places, tries->room, item);
    tries->used += place->count == 0;
    place->item = item;
    place->count++;
    return 1;
}

void spk_tries_free(spk_tries_t *tries)
{
    free(tries->places);
    tries->places = NULL;
    tries->used = tries->room = 0;
}
