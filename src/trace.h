/*
 * The trace: a pool's run as Chrome trace events, for whoever sets SPORK_TRACE=FILE in the environment. Each call but
 * spk_trace_open() does nothing where pool->trace is NULL.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_TRACE_H
#define SPK_TRACE_H

#include "pool.h"

/* Decide whether there is one, and open its file. Its words are set if it fails. */
apr_status_t spk_trace_open(spork_pool_t *pool);
/* Bytes of the arena that it takes. */
size_t spk_trace_room(const spork_pool_t *pool);
/* Take them; then where they begin, 0: nowhere. */
apr_status_t spk_trace_place(spork_pool_t *pool);
uint64_t spk_trace_offset(const spork_pool_t *pool);

/* What happens to a worker: its process will be started; was; is known to have ended (the item that it ran is its
 * casualty, unless nothing of it is believed). */
void spk_trace_prepare(spork_pool_t *pool, int m);
void spk_trace_start(spork_pool_t *pool, int m);
void spk_trace_death(spork_pool_t *pool, int m, const spk_os_exit_t *exit);

/* The parent has waited since then; an item was run in it. */
void spk_trace_waited(spork_pool_t *pool, uint64_t since);
void spk_trace_item(spork_pool_t *pool, uint64_t start, uint64_t index, uint32_t fn, apr_status_t status);

/* From the pump: take the workers' notes and write them, if it is time. */
void spk_trace_look(spork_pool_t *pool);
/* In a forked worker: the file is the parent's. */
void spk_trace_leave(spork_pool_t *pool);
/* Write what is left, if this is the process that made it, and close it. */
void spk_trace_close(spork_pool_t *pool, int ours);

#endif
