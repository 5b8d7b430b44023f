/*
 * Memory of APR pools when there is none. APR's own apr_pcalloc(), apr_pmemdup(), apr_pstrdup() and apr_hash_…() write
 * through what apr_palloc() gave them, NULL too (memory/unix/apr_pools.c, strings/apr_strings.c, 1.7): so spork
 * takes apr_palloc() alone, and looks. And a pool takes over its parent's abort function, by which a host
 * may end itself when its own memory is out; a pool of spork's has one that does nothing, for what
 * spork cannot have is a status.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_MEM_H
#define SPK_MEM_H

#include <apr_pools.h>
#include <string.h>

static inline int spk_mem_carry_on(int status)
{
    return status;
}

/* *mem is NULL after a failure. */
static inline apr_status_t spk_mem_create(apr_pool_t **mem, apr_pool_t *parent)
{
    return apr_pool_create_ex(mem, parent, spk_mem_carry_on, NULL);
}

/* Both NULL if there is no memory. */
static inline void *spk_mem_zeroed(apr_pool_t *mem, apr_size_t size)
{
    void *block = apr_palloc(mem, size);

    return block != NULL ? memset(block, 0, size) : NULL;
}

static inline void *spk_mem_copy(apr_pool_t *mem, const void *data, apr_size_t size)
{
    void *block = apr_palloc(mem, size);

    return block != NULL ? memcpy(block, data, size) : NULL;
}

#endif
