/*
 * The tables of break_even.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_BREAK_EVEN_H
#define BENCH_BREAK_EVEN_H

#include <spork.h>

#define EVEN_ROUNDS_MAX 1000

typedef struct {
    int workers, rounds;
    int best; /* not the medians */
    apr_pool_t *mem;
    spork_pool_t *pool; /* for all but even_jobs(), which makes its own */
} even_t;

extern const spork_entry_t even_tasks[];

/* Each measures and prints a table. APR_EGENERAL: results were wrong. */
apr_status_t even_jobs(const even_t *even);
apr_status_t even_items(const even_t *even);
apr_status_t even_bytes(const even_t *even);

#endif
