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

static int make_usable(spork_pool_t *pool, spk_block_t *block)
{
    size_t offset = spk_block_offset(block), size = spk_block_size(block);

    if (!commit_up_to(pool, offset + size)) return 0;
    if (!spk_block_is_bare(block)) return 1;
    if (spk_os_shm_restore(&pool->shm, offset, size) != APR_SUCCESS) return 0;
    spk_block_set_bare(block, 0);
    return 1;
}

static spk_block_t *allocate(spork_pool_t *pool, size_t size)
{
    spk_block_t *block = spk_arena_alloc(&pool->arena, size);

    if (block != NULL && !make_usable(pool, block)) {
        spk_arena_free(&pool->arena, block);
        block = NULL;
    }
    return block;
}

spk_block_t *spk_memory_alloc(spork_pool_t *pool, size_t size)
{
    spk_block_t *block = allocate(pool, size);

    if (block == NULL && spk_windows_drop_spares(pool)) block = allocate(pool, size);
    if (block != NULL && spk_block_offset(block) + spk_block_size(block) > pool->touched)
        pool->touched = spk_block_offset(block) + spk_block_size(block);
    return block;
}

/* Blocks at least this large are given back to the system when they are freed. */
#define DISCARD_MIN ((size_t)8 * 1024 * 1024)

void spk_memory_free(spork_pool_t *pool, spk_block_t *block)
{
    if (block == NULL) return;
    if (spk_block_size(block) >= DISCARD_MIN && !pool->foreign &&
        spk_os_shm_discard(&pool->shm, spk_block_offset(block), spk_block_size(block)))
        spk_block_set_bare(block, 1);
    spk_arena_free(&pool->arena, block);
}

unsigned char *spk_memory_at(const spork_pool_t *pool, const spk_block_t *block)
{
    return pool->shm.base + spk_block_offset(block);
}

/* ---- what the user allocates ------------------------------------------------------------------------ */

void *spork_alloc(spork_pool_t *pool, apr_size_t size)
{
    spk_block_t *block = NULL;
    size_t touched;

    if (spk_pool_check(pool, "spork_alloc") != APR_SUCCESS || size == 0) return NULL;
    touched = pool->touched;
    block = size <= pool->shm.reserved ? spk_memory_alloc(pool, size) : NULL;
    if (block != NULL && !spk_allocs_add(&pool->allocs, block, size)) {
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
    spk_alloc_t *alloc;
    size_t offset;

    if (address < base || address - base >= pool->shm.reserved) return NULL;
    offset = (size_t)(address - base);
    alloc = spk_allocs_at(pool->allocs, offset);
    return alloc != NULL && offset - alloc->offset < alloc->size ? alloc : NULL;
}

void spork_free(spork_pool_t *pool, void *memory)
{
    spk_alloc_t *alloc;

    if (memory == NULL || spk_pool_check(pool, "spork_free") != APR_SUCCESS) return;
    alloc = find(pool, memory);
    if (alloc == NULL || pool->shm.base + alloc->offset != (unsigned char *)memory) return;
    spk_memory_free(pool, alloc->block);
    spk_allocs_remove(&pool->allocs, alloc->offset);
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
    uint64_t offset, end; /* not apr_uint64_t everywhere: on macOS one is long, the other long long */

    if (spk_pool_check_look(pool, "spork_ref") != APR_SUCCESS) return ref;
    if (spk_memory_inside(pool, memory, 1, &offset, &end)) {
        ref.opaque[0] = offset;
        ref.opaque[1] = end;
    } else {
        spk_error(APR_EINVAL, "spork_ref: the address is not inside memory from spork_alloc()");
    }
    return ref;
}
