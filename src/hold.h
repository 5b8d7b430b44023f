/*
 * APR's memory, held still while this process forks. All pools without a parent share one allocator with one
 * lock; were another thread of the host inside it at that moment, the child would have the lock for ever, and a
 * task's first apr_pool_create() would never return. (The C library does the same for its malloc().)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_HOLD_H
#define SPK_HOLD_H

#include <apr_thread_mutex.h>

typedef struct {
#if APR_HAS_THREADS
    apr_thread_mutex_t *mutex; /* NULL: nothing is held */
#else
    int nothing;
#endif
} spk_hold_t;

/* Before the fork. No APR pool may be touched until the release. */
spk_hold_t spk_hold_apr(void);

/* After it, in parent and child alike. */
void spk_release_apr(spk_hold_t hold);

#endif
