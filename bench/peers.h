/*
 * What dispatch measures spork against. Each peer runs the same item, 8 bytes in and 8 bytes out, and
 * calls it through a pointer that the compiler cannot see through, as a pool has to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <apr_errno.h>
#include <apr_pools.h>

typedef void (*peer_item_t)(const void *in, void *out);

/* The item, fetched from a volatile: no compiler inlines what it returns. */
peer_item_t peer_item(void);

/* Monotonic, in nanoseconds. */
apr_uint64_t peer_clock(void);

/* A peer's processes and memory: they end with the APR pool. What this system or build cannot do is
 * APR_ENOTIMPL; the peer is NULL then, and there is nothing to run. */
typedef struct peer_t peer_t;

/* Workers forked once that take chunks from a cursor in shared memory: the raw loop, no safety. */
apr_status_t peer_cursor_create(peer_t **peer, int workers, apr_size_t items, apr_pool_t *mem);
apr_status_t peer_cursor_run(peer_t *peer, apr_size_t items, apr_size_t chunk);
/* Its shared arrays, a word for each item. */
apr_uint64_t *peer_cursor_in(peer_t *peer);
apr_uint64_t *peer_cursor_out(peer_t *peer);

/* Workers forked once that get each item by one pipe and answer by another. */
apr_status_t peer_pipe_create(peer_t **peer, int workers, apr_pool_t *mem);
apr_status_t peer_pipe_run(peer_t *peer, const apr_uint64_t *in, apr_uint64_t *out, apr_size_t items);

/* Threads, schedule(dynamic, chunk). APR_ENOTIMPL if the compiler had no OpenMP. */
apr_status_t peer_openmp_run(int workers, const apr_uint64_t *in, apr_uint64_t *out, apr_size_t items,
                             apr_size_t chunk);

/* multiprocessing.Pool in a child interpreter; nanoseconds an item, at chunk 1 and at Python's own.
 * APR_ENOTIMPL if there is no python3 that can do it. */
apr_status_t peer_python_run(const char *script, int workers, apr_size_t items_one, apr_size_t items_own,
                             double ns[2], apr_pool_t *mem);

#endif
