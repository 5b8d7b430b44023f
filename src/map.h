/*
 * A map under way, as map.c (the call, and what it tells of failures) and map_windows.c (what goes to the workers and comes
 * back) share it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_MAP_H
#define SPK_MAP_H

#include "pool.h"
#include "tries.h"

typedef struct spk_window_t spk_window_t;
typedef struct spk_todo_t spk_todo_t;
typedef struct spk_map_journal_t spk_map_journal_t; /* map_journal.c */

struct spk_run_t {
    spork_pool_t *pool;
    uint32_t fn;
    const unsigned char *in;
    unsigned char *out;
    size_t in_size, out_size, count;
    uint32_t chunk;
    int stop_on_error;
    int keeps_failures;      /* the caller can look at them */
    int in_place, out_place; /* the memory lies in the arena, at in_at and out_at */
    uint64_t in_at, out_at;

    int waited_for; /* spork_map() has not returned */
    int active;
    int stopping;   /* begin no further item */
    int dismissing; /* and whoever is at one is to end */
    size_t next;    /* first item that is in no window yet */
    size_t ended;
    size_t per_window;
    spk_window_t *windows;
    spk_window_t *spares; /* through, perhaps in a map before; their memory is for others */
    size_t spare_bytes;   /* it has so many */
    int n_windows;
    spk_todo_t *todo;
    size_t n_todo, max_todo;

    apr_pool_t *mem;   /* words of failures */
    spk_tries_t tries; /* of items that were casualties */
    spork_outcome_t *failures;
    size_t n_failures, max_failures;
    apr_status_t trouble; /* no memory to keep a failure */

    spk_map_journal_t *journal; /* NULL: none */
};

/* ---- map.c ------------------------------------------------------------------------------------------------- */

/* How often the item was a casualty before. */
int spk_run_attempts(const spk_run_t *run, size_t index);
void spk_run_count_attempt(spk_run_t *run, size_t index);
/* The item ended so. */
void spk_run_fail(spk_run_t *run, size_t index, const spk_result_t *result, int attempts);
void spk_run_cancel_items(spk_run_t *run, size_t first, size_t count);
void spk_run_out_of_memory(spk_run_t *run);
/* Room for one more in an array of n; 0: there is no memory. */
int spk_run_grow(void **array, size_t n, size_t *max, size_t each);

/* ---- map_windows.c ------------------------------------------------------------------------------------------ */

/* How many items make a window. */
size_t spk_windows_plan(const spk_run_t *run);
/* What a map before has left for windows to come. */
void spk_windows_inherit(spk_run_t *run, spk_run_t *before);
/* Every item has ended, and no window is left. */
int spk_run_is_over(void *run);
void spk_windows_free(spk_run_t *run);

#endif
