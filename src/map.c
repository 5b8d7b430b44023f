/*
 * spork_map(): the call, from the check of what it is given to what it tells of failures. What lies between, how items
 * come to the workers and back, is map_windows.c's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "map.h"

#include "error.h"
#include "map_journal.h"
#include "mem.h"
#include "progress.h"
#include "registry.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_MOST ((size_t)1 << 30) /* items are numbered with 32 bits in a job */

/* ---- failures ---------------------------------------------------------------------------------------------- */

int spk_run_attempts(const spk_run_t *run, size_t index)
{
    return spk_tries_of(&run->tries, index);
}

void spk_run_out_of_memory(spk_run_t *run)
{
    run->trouble = spk_error(APR_ENOMEM, "spork_map: no memory");
    run->stopping = 1;
}

/* Uncounted it would be tried for ever. */
void spk_run_count_attempt(spk_run_t *run, size_t index)
{
    if (!spk_tries_count(&run->tries, index)) spk_run_out_of_memory(run);
}

int spk_run_grow(void **array, size_t n, size_t *max, size_t each)
{
    size_t wanted = *max * 2 + 16;
    void *grown;

    if (n < *max) return 1;
    grown = realloc(*array, wanted * each);
    if (grown == NULL) return 0;
    *array = grown;
    *max = wanted;
    return 1;
}

static const char *keep_words(spk_run_t *run, const spk_result_t *result)
{
    char *words = apr_palloc(run->mem, result->words + 1);

    if (words == NULL) return "(there was no memory for its words)";
    memcpy(words, result->out + result->out_size, result->words);
    words[result->words] = '\0';
    return words;
}

void spk_run_fail(spk_run_t *run, size_t index, const spk_result_t *result, int attempts)
{
    spork_outcome_t *failure;

    run->ended++;
    if (run->stop_on_error) run->stopping = 1;
    if (!run->keeps_failures) {
        run->n_failures++;
        return;
    }
    if (!spk_run_grow((void **)&run->failures, run->n_failures, &run->max_failures, sizeof *run->failures)) {
        spk_run_out_of_memory(run);
        return;
    }
    failure = &run->failures[run->n_failures++];
    memset(failure, 0, sizeof *failure);
    failure->index = index;
    failure->status = result->status;
    failure->signal = result->signal;
    failure->exit_code = result->exit_code;
    failure->attempts = attempts;
    failure->message = "";
    if (result->words > 0) failure->message = keep_words(run, result);
}

void spk_run_cancel_items(spk_run_t *run, size_t first, size_t count)
{
    spk_result_t result = { SPORK_ECANCELLED, 0, 0, NULL, 0, 0 };
    size_t i;

    for (i = 0; i < count; i++)
        if (!spk_map_journal_has(run, first + i))
            spk_run_fail(run, first + i, &result, spk_run_attempts(run, first + i));
}

static int by_index(const void *a, const void *b)
{
    size_t x = ((const spork_outcome_t *)a)->index, y = ((const spork_outcome_t *)b)->index;

    return (x > y) - (x < y);
}

/* ---- one map --------------------------------------------------------------------------------------------------------- */

void spk_run_free(spork_pool_t *pool)
{
    spk_run_t *run = pool->run;

    if (run == NULL) return;
    spk_windows_free(run);
    spk_map_journal_free(run);
    free(run->failures);
    if (run->mem != NULL) apr_pool_destroy(run->mem);
    spk_tries_free(&run->tries);
    free(run);
    pool->run = NULL;
}

static apr_status_t check_sizes(const void *in, size_t in_size, const void *out, size_t out_size,
                                size_t count)
{
    if (in == NULL && in_size > 0 && count > 0)
        return spk_error(APR_EINVAL, "spork_map: in is NULL, but in_size is not 0");
    if (out == NULL && out_size > 0 && count > 0)
        return spk_error(APR_EINVAL, "spork_map: out is NULL, but out_size is not 0");
    if ((in_size > 0 && count > SIZE_MAX / 2 / in_size) || (out_size > 0 && count > SIZE_MAX / 2 / out_size))
        return spk_error(APR_EINVAL, "spork_map: count times the size of an item overflows");
    return APR_SUCCESS;
}

static int overlap(const void *in, size_t in_bytes, const void *out, size_t out_bytes)
{
    uintptr_t a = (uintptr_t)in, b = (uintptr_t)out;

    return in_bytes > 0 && out_bytes > 0 && a < b + out_bytes && b < a + in_bytes;
}

static apr_status_t check_map(spork_pool_t *pool, spork_fn_t fn, const void *in, size_t in_size,
                              const void *out, size_t out_size, size_t count)
{
    apr_status_t status = spk_pool_check(pool, "spork_map");

    if (status != APR_SUCCESS) return status;
    if (fn == NULL) return spk_error(APR_EINVAL, "spork_map: fn is NULL");
    status = check_sizes(in, in_size, out, out_size, count);
    if (status != APR_SUCCESS) return status;
    if (spk_registry_find(fn) == SPK_NOT_A_TASK)
        return spk_error(SPORK_ENOTTASK,
                         "spork_map: the function is not in a task table given to spork_init()");
    if (overlap(in, in_size * count, out, out_size * count) &&
        (pool->config.retries > 0 || in != out || in_size != out_size))
        return spk_error(APR_EINVAL,
                         "spork_map: in and out overlap, and not item by item, or the pool has retries");
    if (pool->closed) return spk_error(SPORK_ECLOSED, "spork_map: the pool was closed");
    if (pool->broken != APR_SUCCESS) return spk_error(pool->broken, "spork_map: %s", pool->broken_words);
    return APR_SUCCESS;
}

static spk_run_t *make_run(spork_pool_t *pool, const spork_map_t *options)
{
    spk_run_t *run = calloc(1, sizeof *run);
    size_t chunk = options != NULL ? options->chunk : 0;

    if (run == NULL) return NULL;
    run->pool = pool;
    run->chunk = chunk < CHUNK_MOST ? (uint32_t)chunk : (uint32_t)CHUNK_MOST;
    run->stop_on_error = options != NULL && options->stop_on_error;
    run->keeps_failures = options != NULL;
    if (spk_mem_create(&run->mem, pool->mem) != APR_SUCCESS) {
        free(run);
        return NULL;
    }
    return run;
}

static void run_here(spk_run_t *run, spork_fn_t fn)
{
    char message[SPORK_MESSAGE_MAX];
    spk_result_t result = { APR_SUCCESS, 0, 0, NULL, 0, 0 };
    uint64_t input;
    size_t i;

    for (i = spk_map_journal_next(run, 0); i < run->count && !run->stopping;
         i = spk_map_journal_next(run, i + 1)) {
        if (atomic_exchange(&run->pool->interrupted, 0)) break;
        input = spk_map_journal_input(run, i);
        result.status = spk_inline_run(run->pool, fn, i, run->in_size > 0 ? run->in + i * run->in_size : NULL,
                                       run->in_size, run->out_size > 0 ? run->out + i * run->out_size : NULL,
                                       run->out_size, NULL, NULL, message);
        result.out = (unsigned char *)message;
        result.words = strlen(message);
        if (result.status != APR_SUCCESS) {
            spk_run_fail(run, i, &result, 1);
            continue;
        }
        run->ended++;
        spk_map_journal_add_one(run, i, input, run->out + i * run->out_size);
        spk_map_journal_commit(run);
    }
    spk_run_cancel_items(run, i, run->count - i);
}

static void run_in_workers(spk_run_t *run)
{
    spork_pool_t *pool = run->pool;
    apr_status_t status;
    uint64_t end;

    run->in_place =
        run->in_size > 0 && spk_memory_inside(pool, run->in, run->in_size * run->count, &run->in_at, &end);
    run->out_place = run->out_size > 0 &&
                     spk_memory_inside(pool, run->out, run->out_size * run->count, &run->out_at, &end);
    /* the journal wants an item's input when it is finished: so what it overwrites is overwritten later */
    if (run->journal != NULL &&
        overlap(run->in, run->in_size * run->count, run->out, run->out_size * run->count))
        run->out_place = 0;
    run->per_window = spk_windows_plan(run);
    run->next = spk_map_journal_next(run, 0);
    run->active = 1;
    /* an interrupt that came before: then nothing is begun that would only be cut off */
    status = atomic_exchange(&pool->interrupted, 0) ? SPORK_ECANCELLED
                                                    : spk_pump_until(pool, spk_run_is_over, run, -1, 0);
    if (status != APR_SUCCESS) spk_run_cancel(pool);
    run->active = 0;
    if (pool->broken != APR_SUCCESS) {
        spk_queue_cancel(pool);
        run->trouble = spk_error(pool->broken, "spork_map: %s", pool->broken_words);
    }
}

static void reset_results(spork_map_t *options)
{
    if (options == NULL) return;
    options->failures = NULL;
    options->n_failures = options->n_resumed = 0;
}

static void run_map(spk_run_t *run, spork_fn_t fn)
{
    spork_pool_t *pool = run->pool;

    run->waited_for = 1;
    spk_progress_begin(pool, run->count);
    if (run->count > 0 && pool->n == 0) run_here(run, fn);
    if (run->count > 0 && pool->n > 0) run_in_workers(run);
    run->waited_for = 0;
    spk_progress_count(pool, run->ended, run->n_failures);
    spk_progress_end(pool);
    if (run->keeps_failures && run->n_failures > 1)
        qsort(run->failures, run->n_failures, sizeof *run->failures, by_index);
}

apr_status_t spork_map(spork_pool_t *pool, spork_fn_t fn, const void *in, apr_size_t in_size, void *out,
                       apr_size_t out_size, apr_size_t count, spork_map_t *options)
{
    apr_status_t status = check_map(pool, fn, in, in_size, out, out_size, count);
    spk_run_t *run;

    reset_results(options);
    if (status != APR_SUCCESS) return status;
    run = make_run(pool, options);
    if (run == NULL) return spk_error(APR_ENOMEM, "spork_map: no memory");
    if (pool->run != NULL) spk_windows_inherit(run, pool->run);
    spk_run_free(pool);
    pool->run = run;
    run->fn = (uint32_t)spk_registry_find(fn);
    run->in = in;
    run->out = out;
    run->in_size = in_size;
    run->out_size = out_size;
    run->count = count;
    if (options != NULL && options->journal != NULL) {
        status = spk_map_journal_open(run, options->journal);
        if (status != APR_SUCCESS) return status;
        options->n_resumed = spk_map_journal_taken(run);
    }
    run_map(run, fn);
    if (options != NULL) {
        options->failures = run->failures;
        options->n_failures = run->n_failures;
    }
    status = spk_map_journal_finish(run);
    if (run->trouble != APR_SUCCESS) return run->trouble;
    if (status != APR_SUCCESS || run->n_failures == 0) return status;
    return spk_error(SPORK_EFAILED,
                     "spork_map: %" APR_SIZE_T_FMT " of %" APR_SIZE_T_FMT " items did not succeed",
                     run->n_failures, count);
}
