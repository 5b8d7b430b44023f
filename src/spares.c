/*
 * Memory of large outcomes: see spares.h. What is known of a spare block stands in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "spares.h"

#include <stdlib.h>

#define BLOCK_MIN ((size_t)16 * 1024) /* smaller ones malloc() keeps itself */
#define BLOCK_MAX ((size_t)4 * 1024 * 1024)
#define BYTES_MAX ((size_t)8 * 1024 * 1024) /* all together */
#define UNIT ((size_t)4096)                 /* so that replies of about one size fit each other's blocks */
#define LOOKS 8                             /* at spares that may not fit */

struct spk_spare_t {
    spk_spare_t *next;
    size_t room;
};

static spk_spare_t *unlink_fitting(spk_spares_t *spares, size_t size)
{
    spk_spare_t **link = &spares->first, *spare;
    int looks;

    for (looks = 0; (spare = *link) != NULL && looks < LOOKS; looks++, link = &spare->next) {
        if (spare->room < size || spare->room / 2 > size) continue;
        *link = spare->next;
        spares->bytes -= spare->room;
        return spare;
    }
    return NULL;
}

unsigned char *spk_spares_take(spk_spares_t *spares, size_t size, size_t *room)
{
    spk_spare_t *spare;
    unsigned char *block;

    *room = size;
    if (size < BLOCK_MIN || size > BLOCK_MAX) return malloc(size > 0 ? size : 1);
    spare = unlink_fitting(spares, size);
    if (spare != NULL) {
        *room = spare->room;
        return (unsigned char *)spare;
    }
    *room = (size + UNIT - 1) / UNIT * UNIT;
    block = malloc(*room);
    if (block == NULL) *room = 0;
    return block;
}

void spk_spares_give(spk_spares_t *spares, unsigned char *block, size_t room)
{
    spk_spare_t *spare = (spk_spare_t *)(void *)block;

    if (block == NULL || room < BLOCK_MIN || room > BLOCK_MAX || spares->bytes + room > BYTES_MAX) {
        free(block);
        return;
    }
    spare->next = spares->first;
    spare->room = room;
    spares->first = spare;
    spares->bytes += room;
}

void spk_spares_free(spk_spares_t *spares)
{
    spk_spare_t *spare, *next;

    for (spare = spares->first; spare != NULL; spare = next) {
        next = spare->next;
        free(spare);
    }
    spares->first = NULL;
    spares->bytes = 0;
}
