/*
 * Shared memory: the arena, committed as it grows; what the user allocates in it, and how a task
 * finds that again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "error.h"
#include "pool.h"

#include <stdlib.h>
#include <string.h>

/* Commits grow at least by this, so that small blocks do not each cost a system call. */
#define COMMIT_STEP ((size_t)256 * 1024)

static int commit_up_to(spork_pool_t *pool, size_t end)
{
    size_t step = pool->shm.committed / 4 > COMMIT_STEP ? pool->shm.committed / 4 : COMMIT_STEP;
    size_t wish = end > SIZE_MAX - step ? end : end + step;

    if (end <= pool->shm.committed) return 1;
    if (wish > pool->shm.reserved) wish = pool->shm.reserved;
    return spk_os_shm_commit(&pool->shm, wish) == APR_SUCCESS ||
           spk_os_shm_commit(&pool->shm, end) == APR_SUCCESS;
}

spk_block_t *spk_memory_alloc(spork_pool_t *pool, size_t size)
{
    spk_block_t *block = spk_arena_alloc(&pool->arena, size);

    if (block != NULL && !commit_up_to(pool, spk_block_offset(block) + spk_block_size(block))) {
        spk_arena_free(&pool->arena, block);
        block = NULL;
    }
    if (block != NULL && spk_block_offset(block) + spk_block_size(block) > pool->touched)
        pool->touched = spk_block_offset(block) + spk_block_size(block);
    return block;
}

/* Blocks at least this large are given back to the system when they are freed. */
#define DISCARD_MIN ((size_t)8 * 1024 * 1024)

void spk_memory_free(spork_pool_t *pool, spk_block_t *block)
{
    if (block == NULL) return;
    if (spk_block_size(block) >= DISCARD_MIN && !pool->foreign)
        spk_os_shm_discard(&pool->shm, spk_block_offset(block), spk_block_size(block));
    spk_arena_free(&pool->arena, block);
}

unsigned char *spk_memory_at(const spork_pool_t *pool, const spk_block_t *block)
{
    return pool->shm.base + spk_block_offset(block);
}

/* ---- what the user allocates: an array in order of offsets ---------------------------------------- */

struct spk_alloc_t {
    size_t offset, size;
    spk_block_t *block;
};

/* Place of the last allocation that begins at or below this offset, plus 1; 0 if there is none. */
static size_t place_of(const spork_pool_t *pool, size_t offset)
{
    size_t low = 0, high = pool->n_allocs, middle;

    while (low < high) {
        middle = (low + high) / 2;
        if (pool->allocs[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int remember(spork_pool_t *pool, spk_block_t *block, size_t size)
{
    size_t at = place_of(pool, spk_block_offset(block)), capacity;
    spk_alloc_t *grown;

    if (pool->n_allocs == pool->max_allocs) {
        capacity = pool->max_allocs * 2 + 16;
        if ((grown = realloc(pool->allocs, capacity * sizeof *grown)) == NULL) return 0;
        pool->allocs = grown;
        pool->max_allocs = capacity;
    }
    memmove(&pool->allocs[at + 1], &pool->allocs[at], (pool->n_allocs - at) * sizeof *pool->allocs);
    pool->allocs[at].offset = spk_block_offset(block);
    pool->allocs[at].size = size;
    pool->allocs[at].block = block;
    pool->n_allocs++;
    return 1;
}

void *spork_alloc(spork_pool_t *pool, apr_size_t size)
{
    spk_block_t *block = NULL;
    size_t touched;

    if (spk_pool_check(pool, "spork_alloc") != APR_SUCCESS || size == 0) return NULL;
    touched = pool->touched;
    block = size <= pool->shm.reserved ? spk_memory_alloc(pool, size) : NULL;
    if (block != NULL && !remember(pool, block, size)) {
        spk_memory_free(pool, block);
        block = NULL;
    }
    if (block == NULL) {
        spk_error(APR_ENOMEM,
                  "spork_alloc: no room for %" APR_SIZE_T_FMT " bytes in the arena of %" APR_SIZE_T_FMT, size,
                  (apr_size_t)pool->shm.reserved);
        return NULL;
    }
    if (spk_block_offset(block) < touched) memset(spk_memory_at(pool, block), 0, size);
    return spk_memory_at(pool, block);
}

/* The allocation in which this address lies; NULL if in none. */
static spk_alloc_t *find(spork_pool_t *pool, const void *memory)
{
    uintptr_t base = (uintptr_t)pool->shm.base, address = (uintptr_t)memory;
    size_t offset, at;

    if (address < base || address - base >= pool->shm.reserved) return NULL;
    offset = (size_t)(address - base);
    at = place_of(pool, offset);
    if (at == 0 || offset - pool->allocs[at - 1].offset >= pool->allocs[at - 1].size) return NULL;
    return &pool->allocs[at - 1];
}

void spork_free(spork_pool_t *pool, void *memory)
{
    spk_alloc_t *alloc;

    if (memory == NULL || spk_pool_check(pool, "spork_free") != APR_SUCCESS) return;
    alloc = find(pool, memory);
    if (alloc == NULL || pool->shm.base + alloc->offset != (unsigned char *)memory) return;
    spk_memory_free(pool, alloc->block);
    pool->n_allocs--;
    memmove(alloc, alloc + 1, (size_t)(pool->allocs + pool->n_allocs - alloc) * sizeof *alloc);
}

int spk_memory_inside(spork_pool_t *pool, const void *memory, size_t size, uint64_t *offset, uint64_t *end)
{
    const spk_alloc_t *alloc = find(pool, memory);

    if (alloc == NULL) return 0;
    *offset = (uint64_t)((uintptr_t)memory - (uintptr_t)pool->shm.base);
    *end = alloc->offset + alloc->size;
    return size <= *end - *offset;
}

spork_ref_t spork_ref(spork_pool_t *pool, const void *memory)
{
    spork_ref_t ref = { { 0, 0 } };

    if (spk_pool_check(pool, "spork_ref") != APR_SUCCESS) return ref;
    if (!spk_memory_inside(pool, memory, 1, &ref.opaque[0], &ref.opaque[1])) {
        ref.opaque[0] = ref.opaque[1] = 0;
        spk_error(APR_EINVAL, "spork_ref: the address is not inside memory from spork_alloc()");
    }
    return ref;
}
