/*
 * Holding APR's memory still, see hold.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hold.h"

#include "mem.h"

#include <apr_allocator.h>
#include <apr_pools.h>

#if APR_HAS_THREADS

/* APR gives its global pool to nobody, but it is the parent of every pool that was given none. */
spk_hold_t spk_hold_apr(void)
{
    spk_hold_t hold = { NULL };
    apr_pool_t *any;

    if (spk_mem_create(&any, NULL) != APR_SUCCESS) return hold;
    hold.mutex = apr_allocator_mutex_get(apr_pool_allocator_get(apr_pool_parent_get(any)));
    apr_pool_destroy(any);
    if (hold.mutex != NULL && apr_thread_mutex_lock(hold.mutex) != APR_SUCCESS) hold.mutex = NULL;
    return hold;
}

void spk_release_apr(spk_hold_t hold)
{
    if (hold.mutex != NULL) (void)apr_thread_mutex_unlock(hold.mutex);
}

#else

spk_hold_t spk_hold_apr(void)
{
    spk_hold_t hold = { 0 };
    return hold;
}

void spk_release_apr(spk_hold_t hold)
{
    (void)hold;
}

#endif
