/*
 * See hostile.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "watchdog.h"

#define ROUND_SECONDS 60 /* of patience */
#define KEPT_VALUE 77
#define PATTERN 0xa5

/* ---- in the worker ---------------------------------------------------------------------------------- */

uint64_t random_word(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

apr_status_t square(spork_task_t *task, const void *in, void *out)
{
    item_t item = *(const item_t *)in;
    int result = item.value * item.value;

    if (item.what != 0) misbehave(task, &item);
    if (out == NULL) return spork_reply(task, &result, sizeof result);
    *(int *)out = result;
    return APR_SUCCESS;
}

/* ---- the bed ---------------------------------------------------------------------------------------- */

static item_t honest(int value)
{
    item_t item;

    memset(&item, 0, sizeof item);
    item.value = value;
    return item;
}

static void expect_squares(const int *out)
{
    for (int i = 0; i < ITEMS; i++) assert_int_equal(out[i], i * i);
}

static int is_square(spork_future_t *future, int value)
{
    const spork_outcome_t *outcome = spork_future_outcome(future);
    int result = value * value;

    return outcome->status == APR_SUCCESS && outcome->out_size == sizeof result &&
           memcmp(outcome->out, &result, sizeof result) == 0;
}

/* Failures are told once each, in order; and only of items that there are. */
static void check_failures(const spork_map_t *options)
{
    assert_true(options->n_failures <= ITEMS);
    for (apr_size_t i = 0; i < options->n_failures; i++) {
        assert_true(options->failures[i].index < ITEMS);
        assert_true(options->failures[i].status != APR_SUCCESS);
        assert_non_null(options->failures[i].message);
        if (i > 0) assert_true(options->failures[i].index > options->failures[i - 1].index);
    }
}

static apr_status_t map_in(spork_pool_t *pool, int *out, const item_t *hostile, spork_map_t *options)
{
    item_t in[ITEMS];

    memset(options, 0, sizeof *options);
    options->chunk = 1;
    for (int i = 0; i < ITEMS; i++) {
        in[i] = honest(i);
        if (hostile != NULL && i == HOSTILE_ITEM) in[i] = *hostile;
        in[i].value = i;
        out[i] = -1;
    }
    return spork_map(pool, square, in, sizeof *in, out, sizeof *out, ITEMS, options);
}

apr_status_t bed_map(bed_t *bed, int *out, const item_t *hostile)
{
    apr_status_t status = map_in(bed->pool, out, hostile, &bed->options);

    if (status != APR_SUCCESS) assert_true(spork_error()[0] != '\0');
    if (status == APR_SUCCESS) assert_int_equal(bed->options.n_failures, 0);
    check_failures(&bed->options);
    return status;
}

static spork_pool_t *make_neighbour(void)
{
    spork_pool_t *pool = start_pool(1);
    spork_map_t options;
    int out[ITEMS];

    assert_success(map_in(pool, out, NULL, &options));
    return pool;
}

void bed_make(bed_t *bed, const spork_config_t *config)
{
    item_t item = honest(KEPT_VALUE);

    memset(bed, 0, sizeof *bed);
    bed->guard = malloc(MIB);
    assert_non_null(bed->guard);
    memset(bed->guard, PATTERN, MIB);
    bed->beside = make_neighbour();
    bed->pool = make_pool(config);
    assert_success(bed_map(bed, bed->before, NULL));
    assert_success(spork_submit(&bed->kept, bed->pool, square, &item, sizeof item));
    assert_success(spork_future_wait(bed->kept, -1));
    bed_check(bed);
}

const char *const kinds[N_KINDS] = { "plain", "retries", "max_tasks", "timeout" };

void bed_make_kind(bed_t *bed, int workers, int kind)
{
    spork_config_t config;

    make_config(&config, workers);
    config.arena_size = 4 * MIB; /* so that a worker can fill all of it */
    if (kind == RETRIES) config.retries = 2;
    if (kind == WEARS) config.max_tasks = 20;
    if (kind == TIMED) config.timeout = SECOND * slow_factor();
    bed_make(bed, &config);
}

void bed_check(bed_t *bed)
{
    spork_map_t options;
    int out[ITEMS];

    expect_squares(bed->before);
    assert_true(is_square(bed->kept, KEPT_VALUE));
    for (size_t i = 0; i < MIB; i++)
        if (bed->guard[i] != PATTERN) fail_msg("private memory has changed");
    assert_success(map_in(bed->beside, out, NULL, &options));
    expect_squares(out);
}

/* All that was submitted, each once. 0: the pool takes nothing any more. */
static int submit_all(bed_t *bed, spork_future_t **futures, const item_t *hostile)
{
    for (int i = 0; i < SUBMITTED; i++) {
        item_t item = honest(i);

        if (hostile != NULL && i == HOSTILE_SUBMIT) item = *hostile;
        item.value = i;
        futures[i] = NULL;
        if (spork_submit(&futures[i], bed->pool, square, &item, sizeof item) != APR_SUCCESS) {
            assert_true(spork_error()[0] != '\0');
            return 0;
        }
        spork_future_set_baton(futures[i], &futures[i]);
    }
    return 1;
}

/* How many of them are right. */
static int collect(bed_t *bed, spork_future_t **futures)
{
    spork_future_t *future;
    int n_right = 0;

    for (int n = 0; n < SUBMITTED; n++) {
        if (futures[n] == NULL) continue;
        assert_success(spork_wait_any(bed->pool, -1, &future));
        spork_future_t **place = spork_future_baton(future);

        assert_ptr_equal(*place, future);
        n_right += is_square(future, (int)(place - futures));
    }
    assert_status(spork_wait_any(bed->pool, -1, &future), APR_EOF);
    for (int n = 0; n < SUBMITTED; n++) spork_future_destroy(futures[n]);
    return n_right;
}

void bed_suffer(bed_t *bed, const item_t *hostile, int is_submitted)
{
    spork_future_t *futures[SUBMITTED] = { NULL };
    int out[ITEMS];

    (void)submit_all(bed, futures, is_submitted ? hostile : NULL);
    (void)bed_map(bed, out, is_submitted ? NULL : hostile);
    (void)collect(bed, futures);
    bed_check(bed);
}

int bed_recovers(bed_t *bed)
{
    spork_future_t *futures[SUBMITTED] = { NULL };
    int out[ITEMS], is_right, accepts;

    do {
        accepts = submit_all(bed, futures, NULL);
        is_right = accepts && bed_map(bed, out, NULL) == APR_SUCCESS;
        for (int i = 0; is_right && i < ITEMS; i++) is_right = out[i] == i * i;
        is_right = collect(bed, futures) == SUBMITTED && is_right;
    } while (accepts && !is_right);
    return is_right;
}

void bed_close(bed_t *bed)
{
    if (spork_pool_close(bed->pool) != APR_SUCCESS) assert_true(spork_error()[0] != '\0');
    bed_end(bed);
}

void bed_end(bed_t *bed)
{
    spork_pool_destroy(bed->pool);
    end_pool(bed->beside);
    free(bed->guard);
}

void the_next_pool_works(int workers)
{
    spork_pool_t *pool = start_pool(workers);
    spork_map_t options;
    int out[ITEMS];

    assert_success(map_in(pool, out, NULL, &options));
    expect_squares(out);
    end_pool(pool);
}

/* ---- around ----------------------------------------------------------------------------------------- */

void round_begins(const char *format, ...)
{
    static char words[128];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(words, sizeof words, format, args);
    va_end(args);
    (void)fprintf(stderr, "%s\n", words); /* CTest shows it when something has failed */
    watchdog_start(words, ROUND_SECONDS * slow_factor());
}

int setting(const char *name, int otherwise)
{
    const char *value = getenv(name);
    int number = value != NULL ? atoi(value) : 0;

    return number > 0 ? number : otherwise;
}
