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

typedef struct {
    size_t end;         /* one past the last offset that may be given out */
    size_t top;         /* offsets from here on are free */
    spk_block_t *last;  /* the highest block, in order of offsets */
    spk_block_t *holes; /* free blocks, newest first */
    spk_block_t *spare; /* records to use again */
} spk_arena_t;

#define SPK_ARENA_ALIGN ((size_t)64)

/* Manage offsets [begin, end). */
void spk_arena_init(spk_arena_t *arena, size_t begin, size_t end);

/* A block of at least `size` bytes, aligned to SPK_ARENA_ALIGN, or NULL: no room or no memory. The
 * caller commits it. First fit, else from the top. */
spk_block_t *spk_arena_alloc(spk_arena_t *arena, size_t size);

/* Give it back; joins with free neighbours. */
void spk_arena_free(spk_arena_t *arena, spk_block_t *block);

size_t spk_block_offset(const spk_block_t *block);
size_t spk_block_size(const spk_block_t *block);

/* Free the bookkeeping, blocks included. */
void spk_arena_destroy(spk_arena_t *arena);

#endif
