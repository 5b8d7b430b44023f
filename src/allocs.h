/*
 * What the user has allocated in the arena, by offset. The order is needed because any address inside of an
 * allocation is good for a spork_ref().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_ALLOCS_H
#define SPK_ALLOCS_H

#include "arena.h"

typedef struct spk_alloc_t spk_alloc_t;

struct spk_alloc_t {
    size_t offset, size;
    spk_block_t *block;
    spk_alloc_t *below, *above; /* the tree */
};

/* The one that begins last of those that begin at or before this offset; NULL if none does. */
spk_alloc_t *spk_allocs_at(spk_alloc_t *root, size_t offset);
/* Its block's offset is in none yet. 0: no memory. */
int spk_allocs_add(spk_alloc_t **root, spk_block_t *block, size_t size);
/* The one that begins there, if there is one. */
void spk_allocs_remove(spk_alloc_t **root, size_t offset);
void spk_allocs_free(spk_alloc_t *root);

#endif
