/*
 * The arena's bookkeeping: which parts of [begin, end) are given out. It lives in the parent's private
 * memory and never looks at the bytes, so a worker cannot spoil it. Pure: no system call.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_ARENA_H
#define SPK_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef struct spk_block_t spk_block_t;

#define SPK_ARENA_ALIGN ((size_t)64) /* the unit */
#define SPK_ARENA_BINS 58            /* of sizes in units up to 2^58 - 1, all of a 64 bit address space */

typedef struct {
    size_t end;            /* one past the last offset that may be given out */
    size_t top;            /* offsets from here on are free */
    size_t bare, bare_end; /* of them these were made bare */
    spk_block_t *last;     /* the highest block, in order of offsets */
    spk_block_t *holes
        [SPK_ARENA_BINS]; /* free blocks by size: 2^bin units or more, less than twice that; newest first */
    spk_block_t *spare;   /* records to use again */
} spk_arena_t;

/* Manage offsets [begin, end). */
void spk_arena_init(spk_arena_t *arena, size_t begin, size_t end);

/* A block of at least `size` bytes, aligned to SPK_ARENA_ALIGN, or NULL: no room or no memory. The
 * caller commits it. A hole that nearly fits, else one that fits for sure, else from the top; in the end any that fits. */
spk_block_t *spk_arena_alloc(spk_arena_t *arena, size_t size);

/* Give it back; joins with free neighbours. */
void spk_arena_free(spk_arena_t *arena, spk_block_t *block);

/* The block's pages have been given back to the system, or the caller has restored them. It stays so through frees,
 * joins and splits: a block of which a part may be bare, is. */
void spk_block_set_bare(spk_block_t *block, int is_bare);
int spk_block_is_bare(const spk_block_t *block);

size_t spk_block_offset(const spk_block_t *block);
size_t spk_block_size(const spk_block_t *block);

/* Free the bookkeeping, blocks included. */
void spk_arena_destroy(spk_arena_t *arena);

#endif
