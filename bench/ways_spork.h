/*
 * What spork's ways share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_WAYS_SPORK_H
#define BENCH_WAYS_SPORK_H

#include "ways.h"

/* The pool that the job asks for. */
apr_status_t spork_make(spork_pool_t **pool, const job_t *job);

/* The registered functions of the job's kind. */
spork_fn_t spork_task_of(const char *name);

/* Tasks of ways_pool.c. */
apr_status_t meet(spork_task_t *task, const void *in, void *out);
apr_status_t work_until(spork_task_t *task, const void *in, void *out);

#endif
