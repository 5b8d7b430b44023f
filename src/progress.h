/*
 * How far a pool is, for a line on the terminal and for the program's own display. Each call does nothing where
 * pool->progress is NULL: nobody wants to know. Whoever gives the pool work says so here:
 *
 *     a map, a stream    begin(how many, or SPK_UNKNOWN) … count(ended, of them failed) … end()
 *     submitted items    expect(1) … count(1, failed or not), and the queue knows when it is empty
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_PROGRESS_H
#define SPK_PROGRESS_H

#include "spork.h"
#include <stdint.h>

#define SPK_UNKNOWN UINT64_MAX

/* Decide whether anybody wants to know. APR_ENOMEM. */
apr_status_t spk_progress_create(spork_pool_t *pool);

/* A map or a stream begins: one at a time. */
void spk_progress_begin(spork_pool_t *pool, uint64_t total);
/* So many items more were given to the pool. */
void spk_progress_expect(spork_pool_t *pool, uint64_t items);
/* So many have ended, since the last call. */
void spk_progress_count(spork_pool_t *pool, uint64_t done, uint64_t failed);
/* It is over. */
void spk_progress_end(spork_pool_t *pool);

/* From the pump, at any rate: draw and tell, if it is time. */
void spk_progress_look(spork_pool_t *pool);
/* A wait was interrupted: what the program prints now belongs in a line of its own. */
void spk_progress_pause(spork_pool_t *pool);
/* Nothing of it goes on: the pool ends. */
void spk_progress_close(spork_pool_t *pool);

/* In an INLINE pool: what the caller itself is at, after each item too; part negative: not told. */
void spk_progress_here(spork_pool_t *pool, int running, apr_size_t index, double part);

#endif
