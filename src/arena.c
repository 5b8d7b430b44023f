/*
 * The arena's bookkeeping: blocks in a list by offset, free ones also in a list of holes of about their size. A free
 * block never lies next to another free one, nor at the top.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "arena.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct spk_block_t {
    size_t offset, size;
    spk_block_t *below, *above; /* neighbours by offset */
    spk_block_t *next, *prev;   /* among the holes; next also among the spare */
    int is_free, is_bare;
};

void spk_arena_init(spk_arena_t *arena, size_t begin, size_t end)
{
    arena->top = (begin + SPK_ARENA_ALIGN - 1) / SPK_ARENA_ALIGN * SPK_ARENA_ALIGN;
    arena->end = end;
    arena->bare = arena->bare_end = 0;
    arena->last = arena->spare = NULL;
    memset(arena->holes, 0, sizeof arena->holes);
}

void spk_block_set_bare(spk_block_t *block, int is_bare)
{
    block->is_bare = is_bare;
}

int spk_block_is_bare(const spk_block_t *block)
{
    return block->is_bare;
}

size_t spk_block_offset(const spk_block_t *block)
{
    return block->offset;
}

size_t spk_block_size(const spk_block_t *block)
{
    return block->size;
}

static spk_block_t *take_record(spk_arena_t *arena)
{
    spk_block_t *block = arena->spare;

    if (block != NULL)
        arena->spare = block->next;
    else
        block = malloc(sizeof *block);
    return block;
}

static void put_record(spk_arena_t *arena, spk_block_t *block)
{
    block->next = arena->spare;
    arena->spare = block;
}

static int bin_of(size_t size)
{
    size_t units = size / SPK_ARENA_ALIGN;
    int bin = 0;

    while (units >>= 1) bin++;
    return bin;
}

static void unlink_hole(spk_arena_t *arena, spk_block_t *block)
{
    if (block->prev != NULL)
        block->prev->next = block->next;
    else
        arena->holes[bin_of(block->size)] = block->next;
    if (block->next != NULL) block->next->prev = block->prev;
    block->is_free = 0;
}

static void link_hole(spk_arena_t *arena, spk_block_t *block)
{
    spk_block_t **holes = &arena->holes[bin_of(block->size)];

    block->prev = NULL;
    block->next = *holes;
    if (block->next != NULL) block->next->prev = block;
    *holes = block;
    block->is_free = 1;
}

/* Cut what is behind `size` off into a hole of its own; without memory for its record it stays whole. */
static void split(spk_arena_t *arena, spk_block_t *block, size_t size)
{
    spk_block_t *tail;

    if (block->size == size || (tail = take_record(arena)) == NULL) return;
    tail->offset = block->offset + size;
    tail->size = block->size - size;
    tail->is_bare = block->is_bare;
    tail->below = block;
    tail->above = block->above;
    if (tail->above != NULL)
        tail->above->below = tail;
    else
        arena->last = tail;
    block->above = tail;
    block->size = size;
    link_hole(arena, tail);
}

static spk_block_t *extend(spk_arena_t *arena, size_t size)
{
    spk_block_t *block;

    if (size > arena->end || arena->top > arena->end - size || (block = take_record(arena)) == NULL)
        return NULL;
    block->offset = arena->top;
    block->size = size;
    block->below = arena->last;
    block->above = NULL;
    block->is_free = 0;
    if (arena->last != NULL) arena->last->above = block;
    arena->last = block;
    arena->top += size;
    block->is_bare = arena->top > arena->bare && block->offset < arena->bare_end;
    if (block->is_bare) arena->bare = arena->top;
    return block;
}

/* A hole of this bin that is large enough, among the first `most`. */
static spk_block_t *find_hole(const spk_arena_t *arena, int bin, size_t size, int most)
{
    spk_block_t *block = arena->holes[bin];

    while (block != NULL && block->size < size) block = most-- > 0 ? block->next : NULL;
    return block;
}

#define LOOKS 8 /* at holes that may be too small: so that the time does not grow with their number */

static spk_block_t *choose_hole(const spk_arena_t *arena, size_t size)
{
    int bin = bin_of(size);
    spk_block_t *block = find_hole(arena, bin, size, LOOKS);

    while (block == NULL && ++bin < SPK_ARENA_BINS) block = arena->holes[bin];
    return block;
}

spk_block_t *spk_arena_alloc(spk_arena_t *arena, size_t size)
{
    spk_block_t *block;

    if (size > SIZE_MAX - SPK_ARENA_ALIGN) return NULL;
    size = (size + SPK_ARENA_ALIGN - 1) / SPK_ARENA_ALIGN * SPK_ARENA_ALIGN;
    if (size == 0) size = SPK_ARENA_ALIGN;
    block = choose_hole(arena, size);
    if (block == NULL && (block = extend(arena, size)) != NULL) return block;
    if (block == NULL) block = find_hole(arena, bin_of(size), size, INT_MAX);
    if (block == NULL) return NULL;
    unlink_hole(arena, block);
    split(arena, block, size);
    return block;
}

/* Let `block` take in its neighbour above, which is in no list of holes. */
static void swallow_above(spk_arena_t *arena, spk_block_t *block)
{
    spk_block_t *above = block->above;

    block->size += above->size;
    block->is_bare |= above->is_bare;
    block->above = above->above;
    if (block->above != NULL)
        block->above->below = block;
    else
        arena->last = block;
    put_record(arena, above);
}

static void lower_top(spk_arena_t *arena, spk_block_t *block)
{
    if (block->is_bare && arena->bare_end <= arena->top) arena->bare_end = arena->top;
    if (block->is_bare) arena->bare = block->offset;
    arena->top = block->offset;
    arena->last = block->below;
    if (block->below != NULL) block->below->above = NULL;
    put_record(arena, block);
}

void spk_arena_free(spk_arena_t *arena, spk_block_t *block)
{
    if (block == NULL) return;
    if (block->above != NULL && block->above->is_free) {
        unlink_hole(arena, block->above);
        swallow_above(arena, block);
    }
    if (block->below != NULL && block->below->is_free) {
        block = block->below;
        unlink_hole(arena, block);
        swallow_above(arena, block);
    }
    if (block->above == NULL)
        lower_top(arena, block);
    else
        link_hole(arena, block);
}

static void free_list(spk_block_t *block, int by_offset)
{
    spk_block_t *next;

    for (; block != NULL; block = next) {
        next = by_offset ? block->below : block->next;
        free(block);
    }
}

void spk_arena_destroy(spk_arena_t *arena)
{
    free_list(arena->last, 1);
    free_list(arena->spare, 0);
    arena->last = arena->spare = NULL;
    memset(arena->holes, 0, sizeof arena->holes);
}
