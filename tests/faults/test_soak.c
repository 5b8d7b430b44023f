/*
 * Soak: one pool for as long as it is told, under all that a program does to a pool in its life, in an order that nobody chose:
 * maps, submitted items with large inputs and replies, items that fail, die or never end, workers that are killed, futures
 * that are cancelled or destroyed at any time, shared memory that comes and goes. Each item has an outcome that it may
 * have, and in the end parent and arena hold what they held at the beginning.
 *
 * The environment: SPORK_TEST_SECONDS says how long, SPORK_TEST_SEED repeats an order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "holdings.h"
#include "watchdog.h"

#define WORKERS 4
#define SECONDS 120
#define ROUND_SECONDS 120 /* of patience */
#define MAPPED 400
#define SUBMITTED 48
#define INPUT_MAX ((apr_size_t)256 << 10)
#define SHARED_MAX ((apr_size_t)1 << 20)
#define ARENA ((apr_size_t)64 << 20)
#define OWN_STATUS (APR_OS_START_USERERR + 77)

/* ---- in the worker --------------------------------------------------------------------------------- */

typedef enum { DO_WELL, DO_FAIL, DO_DIE, DO_SPIN } deed_e;

typedef struct {
    apr_uint64_t value;
    apr_uint32_t deed;
    apr_uint32_t reply; /* bytes, of a submitted item */
} item_t;

static apr_uint64_t mix(apr_uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static apr_status_t work(spork_task_t *task, const void *in, void *out)
{
    volatile apr_uint64_t turns = 0;
    item_t item;
    void *reply;

    memcpy(&item, in, sizeof item);
    if (item.deed == DO_FAIL) spork_fail(task, "value %lu", (unsigned long)(item.value % 1000));
    if (item.deed == DO_FAIL) return OWN_STATUS;
    if (item.deed == DO_DIE) die(item.value % 2 == 0 ? DIE_KILLED : DIE_ABORT);
    while (item.deed == DO_SPIN) turns++;
    if (out != NULL) {
        *(apr_uint64_t *)out = mix(item.value);
        return APR_SUCCESS;
    }
    reply = apr_palloc(spork_task_pool(task), item.reply + 1);
    memset(reply, (int)(item.value & 0xff), item.reply);
    return spork_reply(task, reply, item.reply);
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(work), SPORK_END };

/* ---- an order that nobody chose --------------------------------------------------------------------- */

typedef struct {
    spork_pool_t *pool;
    apr_uint64_t seed, drawn;
    apr_uint64_t rounds, items, well, failed, died, overran, cancelled, kills;
    int somebody_was_killed; /* in this round */
} soak_t;

/* 0 … below - 1 */
static apr_uint64_t draw(soak_t *soak, apr_uint64_t below)
{
    return mix(soak->seed + UINT64_C(0x9e3779b97f4a7c15) * ++soak->drawn) % below;
}

/* Those that never end are few: each costs a time-out. */
static item_t draw_item(soak_t *soak, int may_do_ill)
{
    apr_uint64_t luck = draw(soak, 1000);
    item_t item;

    memset(&item, 0, sizeof item);
    item.value = draw(soak, UINT64_MAX);
    item.reply = (apr_uint32_t)draw(soak, draw(soak, 8) == 0 ? INPUT_MAX : 200);
    item.deed = DO_WELL;
    if (luck < 20) item.deed = DO_FAIL;
    if (may_do_ill && luck >= 20 && luck < 25) item.deed = DO_DIE;
    if (may_do_ill && luck == 25) item.deed = DO_SPIN;
    return item;
}

static void kill_somebody(soak_t *soak)
{
    apr_int64_t pids[WORKERS];
    int n = spork_pool_pids(soak->pool, pids, WORKERS);

    assert_int_equal(n, WORKERS);
    host_kill(pids[draw(soak, WORKERS)]);
    soak->kills++;
    soak->somebody_was_killed = 1;
}

/* ---- what an item may have come to ---------------------------------------------------------------------- */

/* An item that would end well may overrun all the same: machines pause. */
static void count_outcome(soak_t *soak, const item_t *item, apr_status_t status, int may_be_cancelled)
{
    soak->items++;
    switch (status) {
    case APR_SUCCESS:
        assert_int_equal(item->deed, DO_WELL);
        soak->well++;
        break;
    case OWN_STATUS:
        assert_int_equal(item->deed, DO_FAIL);
        soak->failed++;
        break;
    case SPORK_ECRASHED:
        assert_true(item->deed == DO_DIE || soak->somebody_was_killed);
        soak->died++;
        break;
    case SPORK_EDEADLINE: soak->overran++; break;
    case SPORK_ECANCELLED:
        assert_true(may_be_cancelled);
        soak->cancelled++;
        break;
    default: fail_msg("an outcome of status %d", status);
    }
}

static void check_map(soak_t *soak, const item_t *items, const apr_uint64_t *out, apr_size_t count,
                      const spork_map_t *options)
{
    apr_size_t next = 0;

    for (apr_size_t i = 0; i < count; i++) {
        if (next < options->n_failures && options->failures[next].index == i) {
            assert_int_not_equal(options->failures[next].status, APR_SUCCESS);
            count_outcome(soak, &items[i], options->failures[next++].status, options->stop_on_error);
        } else {
            count_outcome(soak, &items[i], APR_SUCCESS, 0);
            assert_true(out[i] == mix(items[i].value));
        }
    }
    assert_int_equal(next, options->n_failures);
}

static void check_reply(soak_t *soak, const item_t *item, const spork_outcome_t *outcome,
                        int may_be_cancelled)
{
    const unsigned char *reply = outcome->out;

    count_outcome(soak, item, outcome->status, may_be_cancelled);
    if (outcome->status != APR_SUCCESS) return;
    assert_int_equal(outcome->out_size, item->reply);
    for (apr_uint32_t i = 0; i < item->reply; i++)
        if (reply[i] != (item->value & 0xff)) fail_msg("byte %u of a reply is another", (unsigned)i);
}

/* ---- rounds ------------------------------------------------------------------------------------------------ */

static void map_over(soak_t *soak, item_t *items)
{
    static apr_uint64_t out[MAPPED];
    apr_size_t count = (apr_size_t)draw(soak, MAPPED + 1);
    spork_map_t options;
    apr_status_t status;

    memset(&options, 0, sizeof options);
    options.chunk = (apr_size_t)draw(soak, 9);
    options.stop_on_error = draw(soak, 8) == 0;
    for (apr_size_t i = 0; i < count; i++) items[i] = draw_item(soak, 1);
    if (draw(soak, 4) == 0) kill_somebody(soak);
    status = spork_map(soak->pool, work, items, sizeof *items, out, sizeof *out, count, &options);
    assert_status(status, options.n_failures > 0 ? SPORK_EFAILED : APR_SUCCESS);
    check_map(soak, items, out, count, &options);
}

static void map_over_mine(soak_t *soak)
{
    static item_t items[MAPPED];
    map_over(soak, items);
}

/* In place; beside it a piece of any size, so that the arena is never twice the same. */
static void map_over_shared(soak_t *soak)
{
    void *beside = spork_alloc(soak->pool, 1 + (apr_size_t)draw(soak, SHARED_MAX));
    item_t *items = spork_alloc(soak->pool, MAPPED * sizeof *items);

    assert_true(beside != NULL && items != NULL);
    if (draw(soak, 2) == 0) {
        spork_free(soak->pool, beside);
        beside = NULL;
    }
    map_over(soak, items);
    spork_free(soak->pool, items);
    spork_free(soak->pool, beside);
}

typedef struct {
    item_t item;
    spork_future_t *future;
    int given_up;
} order_t;

static void order(soak_t *soak, order_t *one)
{
    static unsigned char input[INPUT_MAX + sizeof(item_t)];
    apr_size_t size = sizeof(item_t) + (apr_size_t)draw(soak, draw(soak, 8) == 0 ? INPUT_MAX : 200);

    one->item = draw_item(soak, 1);
    one->given_up = 0;
    memcpy(input, &one->item, sizeof one->item);
    assert_success(spork_submit(&one->future, soak->pool, work, input, size));
    spork_future_set_baton(one->future, one);
}

static void take(soak_t *soak, order_t *one)
{
    check_reply(soak, &one->item, spork_future_outcome(one->future), one->given_up);
    spork_future_destroy(one->future);
    one->future = NULL;
}

/* Some are given up at once, some are waited for by name, some as they come, the rest is left where it is. */
static void submit_some(soak_t *soak)
{
    static order_t orders[SUBMITTED];
    int n = 1 + (int)draw(soak, SUBMITTED), taken = (int)draw(soak, (apr_uint64_t)n + 1);
    spork_future_t *future;

    for (int i = 0; i < n; i++) order(soak, &orders[i]);
    if (draw(soak, 4) == 0) kill_somebody(soak);
    for (int i = 0; i < n; i++)
        if (draw(soak, 10) == 0) {
            assert_success(spork_future_cancel(orders[i].future));
            orders[i].given_up = 1;
        }
    if (draw(soak, 2) == 0) {
        assert_success(spork_future_wait(orders[n - 1].future, -1));
        take(soak, &orders[n - 1]);
    }
    while (taken-- > 0 && spork_wait_any(soak->pool, -1, &future) == APR_SUCCESS)
        take(soak, spork_future_baton(future));
    for (int i = 0; i < n; i++) spork_future_destroy(orders[i].future);
}

static void one_round(soak_t *soak)
{
    watchdog_start("a round of the soak", ROUND_SECONDS * slow_factor());
    soak->somebody_was_killed = 0;
    soak->rounds++;
    switch (draw(soak, 4)) {
    case 0: map_over_mine(soak); break;
    case 1: map_over_shared(soak); break;
    default: submit_some(soak);
    }
}

/* ---- what is held -------------------------------------------------------------------------------------- */

typedef struct {
    int descriptors;
    int64_t memory;
} look_t;

/* When all are there: a worker that is missing holds nothing. And a quarter of the arena is free in one piece. */
static look_t look(soak_t *soak)
{
    apr_int64_t pids[WORKERS];
    item_t item;
    look_t seen;
    void *large;
    int missing;

    memset(&item, 0, sizeof item);
    do {
        spork_future_t *future;
        assert_success(spork_submit(&future, soak->pool, work, &item, sizeof item));
        assert_success(spork_future_wait(future, -1));
        spork_future_destroy(future);
        missing = WORKERS - spork_pool_pids(soak->pool, pids, WORKERS);
        for (int i = 0; i < WORKERS; i++) missing += pids[i] == 0;
    } while (missing > 0);
    large = spork_alloc(soak->pool, ARENA / 4);
    assert_non_null(large);
    spork_free(soak->pool, large);
    seen.descriptors = holdings_descriptors();
    seen.memory = holdings_memory();
    return seen;
}

static apr_uint64_t told(const char *name, apr_uint64_t otherwise)
{
    const char *text = getenv(name);
    long long value = text != NULL ? atoll(text) : 0;
    return value > 0 ? (apr_uint64_t)value : otherwise;
}

static void print_figures(const soak_t *soak, apr_uint64_t seconds, const look_t *first, const look_t *last)
{
    print_message("soak: %llu s, %llu rounds, %llu items: well %llu, failed %llu, died %llu, overran %llu, "
                  "cancelled %llu; %llu workers killed; descriptors %d -> %d, bytes %lld -> %lld\n",
                  (unsigned long long)seconds, (unsigned long long)soak->rounds,
                  (unsigned long long)soak->items, (unsigned long long)soak->well,
                  (unsigned long long)soak->failed, (unsigned long long)soak->died,
                  (unsigned long long)soak->overran, (unsigned long long)soak->cancelled,
                  (unsigned long long)soak->kills, first->descriptors, last->descriptors,
                  (long long)first->memory, (long long)last->memory);
}

static void one_pool_holds_what_it_held(void **state)
{
    apr_uint64_t seconds = told("SPORK_TEST_SECONDS", SECONDS);
    apr_time_t began = apr_time_now();
    spork_config_t config;
    look_t first, last;
    soak_t soak;

    (void)state;
    needs_workers();
    memset(&soak, 0, sizeof soak);
    soak.seed = told("SPORK_TEST_SEED", (apr_uint64_t)began);
    print_message("SPORK_TEST_SEED=%llu\n", (unsigned long long)soak.seed);
    make_config(&config, WORKERS);
    config.arena_size = ARENA;
    config.timeout = 200 * MILLISECOND * slow_factor();
    soak.pool = make_pool(&config);
    while (soak.rounds < 50) one_round(&soak); /* what is allocated once and kept, is by then */
    first = look(&soak);
    while (apr_time_now() - began < (apr_time_t)seconds * SECOND) one_round(&soak);
    last = look(&soak);
    print_figures(&soak, seconds, &first, &last);
    assert_int_equal(last.descriptors, first.descriptors);
    if (first.memory >= 0 && !under_sanitizer()) /* which keep what was freed for a while */
        assert_true(last.memory <= first.memory + holdings_memory_slack());
    end_pool(soak.pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest all[] = { TEST(one_pool_holds_what_it_held) };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("soak", all);
}
