/*
 * Conformance: workers that die (behaviours 10 to 14 and 16).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

/* ---- tasks ---------------------------------------------------------------------------------- */

#define LIVE (-1)

typedef struct {
    int how;          /* a die_e, or LIVE */
    int only_first;   /* die only in the first run */
    spork_ref_t runs; /* counts the runs; all zero: uncounted */
    apr_uint64_t value;
} mortal_t;

static apr_status_t die_as_told(spork_task_t *task, const void *in, void *out)
{
    const mortal_t *item = in;
    _Atomic apr_uint32_t *runs = spork_deref(task, item->runs, sizeof *runs);
    apr_uint32_t earlier = runs != NULL ? atomic_fetch_add(runs, 1u) : 0;

    if (item->how != LIVE && (!item->only_first || earlier == 0)) die((die_e)item->how);
    if (out != NULL) *(apr_uint64_t *)out = item->value + 1;
    return APR_SUCCESS;
}

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

typedef enum { DIE_NEVER, DIE_READING, DIE_WRITING, DIE_REPLIED } when_e;

typedef struct {
    apr_int64_t when;
    unsigned char data[1];
} large_t;

#define LARGE (8 * MIB)

static unsigned sum_of(const unsigned char *bytes, apr_size_t size)
{
    unsigned sum = 0;
    for (apr_size_t i = 0; i < size; i++) sum = sum * 31 + bytes[i];
    return sum;
}

/* Reads the input, answers with as many bytes, and is gone in the middle of it if so told. */
static apr_status_t die_in_between(spork_task_t *task, const void *in, void *out)
{
    const large_t *item = in;
    apr_size_t size = spork_task_in_size(task);
    unsigned char *reply = malloc(size);
    apr_status_t status;

    if (reply == NULL) return APR_ENOMEM;
    reply[0] = (unsigned char)sum_of(in, size / 2);
    if (item->when == DIE_READING) die(DIE_KILLED);
    memcpy(reply, in, size);
    if (out != NULL) memcpy(out, reply, size / 2);
    if (item->when == DIE_WRITING) die(DIE_KILLED);
    status = spork_reply(task, reply, size);
    if (item->when == DIE_REPLIED) die(DIE_KILLED);
    free(reply);
    return status;
}

static apr_status_t echo(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    return spork_reply(task, in, spork_task_in_size(task));
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(die_as_told), SPORK_ENTRY(nothing),
                                       SPORK_ENTRY(die_in_between), SPORK_ENTRY(echo), SPORK_END };

/* ---- 10: one of eight ----------------------------------------------------------------------- */

static void prepare(mortal_t *items, int count)
{
    memset(items, 0, (size_t)count * sizeof *items);
    for (int i = 0; i < count; i++) {
        items[i].how = LIVE;
        items[i].value = (apr_uint64_t)i * 10;
    }
}

static void check_results(const apr_uint64_t *out, int count, int but)
{
    for (int i = 0; i < count; i++)
        if (i != but && out[i] != (apr_uint64_t)i * 10 + 1) fail_msg("item %d has no result", i);
}

static void one_of_eight_costs_one_item(void **state)
{
    static const apr_size_t chunks[] = { 0, 1, 3, 8 };
    mortal_t items[8];
    apr_uint64_t out[8];

    (void)state;
    needs_workers();
    for_each_workers(workers) for (size_t i = 0; i < LENGTH(chunks); i++)
    {
        spork_pool_t *pool = start_pool(workers);
        spork_map_t options = { 0 };
        prepare(items, 8);
        items[2].how = DIE_KILLED;
        options.chunk = chunks[i];
        assert_failed(spork_map(pool, die_as_told, items, sizeof items[0], out, sizeof out[0], 8, &options),
                      SPORK_EFAILED);
        assert_int_equal(options.n_failures, 1);
        assert_int_equal(options.failures[0].index, 2);
        assert_status(options.failures[0].status, SPORK_ECRASHED);
        assert_int_equal(options.failures[0].attempts, 1);
        assert_true(died_as(DIE_KILLED, &options.failures[0]));
        check_results(out, 8, 2);
        assert_full_size(pool, nothing);
        end_pool(pool);
    }
}

/* ---- 11: each death is reported as itself --------------------------------------------------- */

static void each_death_is_reported_as_itself(void **state)
{
    static const die_e ways[] = { DIE_KILLED, DIE_FAULT, DIE_ABORT, DIE_EXIT_0, DIE_EXIT_3, DIE_STACK };
    spork_pool_t *pool;
    mortal_t items[5];
    apr_uint64_t out[5];

    (void)state;
    needs_workers();
    pool = start_pool(2);
    for (size_t i = 0; i < LENGTH(ways); i++) {
        spork_map_t options = { 0 };
        if (!can_die(ways[i])) continue;
        prepare(items, 5);
        items[3].how = (int)ways[i];
        assert_status(spork_map(pool, die_as_told, items, sizeof items[0], out, sizeof out[0], 5, &options),
                      SPORK_EFAILED);
        assert_int_equal(options.n_failures, 1);
        assert_int_equal(options.failures[0].index, 3);
        assert_status(options.failures[0].status, SPORK_ECRASHED);
        assert_true(died_as(ways[i], &options.failures[0]));
        check_results(out, 5, 3);
    }
    end_pool(pool);
}

static void a_submitted_item_that_dies_is_never_a_success(void **state)
{
    spork_pool_t *pool;
    spork_future_t *future;
    mortal_t item;

    (void)state;
    needs_workers();
    pool = start_pool(1);
    prepare(&item, 1);
    for (int how = DIE_KILLED; how <= DIE_STACK; how++) {
        const spork_outcome_t *outcome;
        if (!can_die((die_e)how)) continue;
        item.how = how;
        assert_success(spork_submit(&future, pool, die_as_told, &item, sizeof item));
        assert_success(spork_future_wait(future, -1));
        outcome = spork_future_outcome(future);
        assert_status(outcome->status, SPORK_ECRASHED);
        assert_int_equal(outcome->out_size, 0);
        assert_true(died_as((die_e)how, outcome));
        spork_future_destroy(future);
    }
    end_pool(pool);
}

static void every_item_may_die(void **state)
{
    static mortal_t items[40];

    (void)state;
    needs_workers();
    prepare(items, 40);
    for (int i = 0; i < 40; i++) items[i].how = DIE_KILLED;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        spork_map_t options = { 0 };
        apr_uint64_t out[40];
        assert_status(spork_map(pool, die_as_told, items, sizeof items[0], out, sizeof out[0], 40, &options),
                      SPORK_EFAILED);
        assert_int_equal(options.n_failures, 40);
        for (apr_size_t i = 0; i < 40; i++) {
            assert_int_equal(options.failures[i].index, i);
            assert_status(options.failures[i].status, SPORK_ECRASHED);
        }
        assert_full_size(pool, nothing);
        end_pool(pool);
    }
}

/* ---- 12: the idle die ----------------------------------------------------------------------- */

static void a_hundred_items_succeed(spork_pool_t *pool)
{
    mortal_t items[100];
    apr_uint64_t out[100];

    prepare(items, 100);
    assert_success(spork_map(pool, die_as_told, items, sizeof items[0], out, sizeof out[0], 100, NULL));
    check_results(out, 100, -1);
}

static void idle_workers_may_die(void **state)
{
    (void)state;
    needs_workers();
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (int round = 0; round < 4; round++) {
            apr_int64_t pids[13];
            int victims = round % 2 == 0 ? workers : 1; /* all, and any one */
            assert_full_size(pool, nothing);
            assert_int_equal(spork_pool_pids(pool, pids, workers), workers);
            for (int i = 0; i < victims; i++) host_kill(pids[(i + round) % workers]);
            a_hundred_items_succeed(pool);
        }
        end_pool(pool);
    }
}

static void a_pool_of_the_dead_can_be_ended(void **state)
{
    (void)state;
    needs_workers();
    for (int way = 0; way < 3; way++) {
        spork_pool_t *pool = start_pool(3);
        apr_int64_t pids[3];
        assert_int_equal(spork_pool_pids(pool, pids, 3), 3);
        for (int i = 0; i < 3; i++) host_kill(pids[i]);
        if (way == 0) assert_success(spork_pool_close(pool));
        if (way == 1) assert_success(spork_pool_terminate(pool));
        spork_pool_destroy(pool);
        assert_no_children();
    }
}

/* ---- 13: no partial results ----------------------------------------------------------------- */

static void a_death_amid_large_payloads_delivers_nothing_partial(void **state)
{
    large_t *item;
    spork_pool_t *pool;

    (void)state;
    needs_workers();
    item = malloc(LARGE);
    assert_non_null(item);
    memset(item, 0x42, LARGE);
    pool = start_pool(2);
    for (int when = DIE_NEVER; when <= DIE_REPLIED; when++) {
        spork_future_t *future;
        const spork_outcome_t *outcome;
        item->when = when;
        assert_success(spork_submit(&future, pool, die_in_between, item, LARGE));
        assert_success(spork_future_wait(future, -1));
        outcome = spork_future_outcome(future);
        assert_status(outcome->status, when == DIE_NEVER ? APR_SUCCESS : SPORK_ECRASHED);
        assert_int_equal(outcome->out_size, when == DIE_NEVER ? LARGE : 0);
        if (when == DIE_NEVER) assert_memory_equal(outcome->out, item, LARGE);
        spork_future_destroy(future);
    }
    free(item);
    end_pool(pool);
}

static void a_map_with_a_death_amid_its_copies_keeps_the_others(void **state)
{
    enum { COUNT = 6, SIZE = 1 << 20 };
    unsigned char *in, *out;
    spork_pool_t *pool;
    spork_map_t options = { 0 };

    (void)state;
    needs_workers();
    pool = start_pool(2);
    in = malloc(COUNT * SIZE);
    out = calloc(COUNT, SIZE);
    for (int i = 0; i < COUNT; i++) {
        memset(in + (size_t)i * SIZE, 0x30 + i, SIZE);
        ((large_t *)(void *)(in + (size_t)i * SIZE))->when = i % 2 ? i / 2 + 1 : DIE_NEVER;
    }
    assert_status(spork_map(pool, die_in_between, in, SIZE, out, SIZE, COUNT, &options), SPORK_EFAILED);
    assert_int_equal(options.n_failures, COUNT / 2);
    for (int i = 0; i < COUNT; i++)
        if (i % 2 == 0)
            assert_memory_equal(in + (size_t)i * SIZE, out + (size_t)i * SIZE, SIZE);
        else
            assert_int_equal(options.failures[i / 2].index, i);
    free(in);
    free(out);
    end_pool(pool);
}

/* Kill the worker at an instant nobody chose: the outcome is whole or it is a crash. */
static void killed_at_any_instant_the_answer_is_whole_or_none(void **state)
{
    enum { SIZE = 2 << 20, ROUNDS = 150 };
    unsigned char *data;
    spork_pool_t *pool;
    unsigned seed = 1;

    (void)state;
    needs_workers();
    data = malloc(SIZE);
    assert_non_null(data);
    pool = start_pool(1);
    memset(data, 0x77, SIZE);
    for (int round = 0; round < ROUNDS / slow_factor(); round++) {
        spork_future_t *future;
        const spork_outcome_t *outcome;
        apr_int64_t pid = 0;
        assert_success(spork_submit(&future, pool, echo, data, SIZE));
        seed = seed * 1103515245u + 12345u;
        (void)spork_future_wait(future, (apr_interval_time_t)(seed >> 16) % 3000);
        if (spork_pool_pids(pool, &pid, 1) == 1 && pid != 0) host_kill(pid);
        assert_success(spork_future_wait(future, -1));
        outcome = spork_future_outcome(future);
        if (outcome->status != SPORK_ECRASHED) {
            assert_success(outcome->status);
            assert_int_equal(outcome->out_size, SIZE);
            assert_memory_equal(outcome->out, data, SIZE);
        } else {
            assert_int_equal(outcome->out_size, 0);
        }
        spork_future_destroy(future);
    }
    free(data);
    end_pool(pool);
}

/* ---- 14: at random -------------------------------------------------------------------------- */

static void check_each_outcome(spork_future_t **futures, int count)
{
    for (int i = 0; i < count; i++) {
        const spork_outcome_t *outcome;
        assert_success(spork_future_wait(futures[i], -1));
        outcome = spork_future_outcome(futures[i]);
        if (outcome->status != SPORK_ECRASHED) {
            assert_success(outcome->status);
            assert_int_equal(outcome->out_size, sizeof i);
            assert_memory_equal(outcome->out, &i, sizeof i);
        }
        spork_future_destroy(futures[i]);
    }
}

static void workers_killed_at_random_cost_no_more_than_their_items(void **state)
{
    enum { COUNT = 3000 };
    static spork_future_t *futures[COUNT];
    apr_int64_t pids[5];
    unsigned seed = 7;
    spork_pool_t *pool;

    (void)state;
    needs_workers();
    pool = start_pool(5);
    for (int i = 0; i < COUNT; i++) assert_success(spork_submit(&futures[i], pool, echo, &i, sizeof i));
    for (int kills = 0; kills < 100 / slow_factor() + 5; kills++) {
        spork_future_t *done;
        int n;
        for (int i = 0; i < 20; i++) /* the pool gets somewhere between two deaths */
            (void)spork_wait_any(pool, 20 * MILLISECOND, &done);
        n = spork_pool_pids(pool, pids, 5);
        seed = seed * 1103515245u + 12345u;
        if (n > 0 && pids[(seed >> 16) % 5] != 0) host_kill(pids[(seed >> 16) % 5]);
    }
    check_each_outcome(futures, COUNT);
    assert_full_size(pool, nothing);
    a_hundred_items_succeed(pool);
    end_pool(pool);
}

/* ---- 16: retries ---------------------------------------------------------------------------- */

static spork_pool_t *pool_with_retries(int workers, int retries)
{
    spork_config_t config;
    make_config(&config, workers);
    config.retries = retries;
    return make_pool(&config);
}

static void an_item_that_always_dies_runs_three_times(void **state)
{
    mortal_t items[24];
    apr_uint64_t out[24];

    (void)state;
    needs_workers();
    for_each_workers(workers) for (apr_size_t chunk = 1; chunk <= 24; chunk *= 8)
    {
        spork_pool_t *pool = pool_with_retries(workers, 2);
        spork_map_t options = { 0 };
        _Atomic apr_uint32_t *runs = spork_alloc(pool, 24 * sizeof *runs);
        prepare(items, 24);
        for (int i = 0; i < 24; i++) items[i].runs = spork_ref(pool, &runs[i]);
        items[5].how = DIE_KILLED;
        options.chunk = chunk;
        assert_status(spork_map(pool, die_as_told, items, sizeof items[0], out, sizeof out[0], 24, &options),
                      SPORK_EFAILED);
        assert_int_equal(options.n_failures, 1);
        assert_int_equal(options.failures[0].index, 5);
        assert_status(options.failures[0].status, SPORK_ECRASHED);
        assert_int_equal(options.failures[0].attempts, 3);
        for (int i = 0; i < 24; i++) assert_int_equal(atomic_load(&runs[i]), i == 5 ? 3 : 1);
        check_results(out, 24, 5);
        end_pool(pool);
    }
}

static void an_item_that_dies_once_succeeds_in_its_second_run(void **state)
{
    mortal_t items[10];
    apr_uint64_t out[10];
    spork_pool_t *pool;
    _Atomic apr_uint32_t *runs;
    spork_future_t *future;

    (void)state;
    needs_workers();
    pool = pool_with_retries(2, 1);
    runs = spork_alloc(pool, 11 * sizeof *runs);
    prepare(items, 10);
    for (int i = 0; i < 10; i++) {
        items[i].runs = spork_ref(pool, &runs[i]);
        items[i].how = i % 3 == 0 ? DIE_KILLED : LIVE;
        items[i].only_first = 1;
    }
    assert_success(spork_map(pool, die_as_told, items, sizeof items[0], out, sizeof out[0], 10, NULL));
    check_results(out, 10, -1);
    items[0].runs = spork_ref(pool, &runs[10]);
    assert_success(spork_submit(&future, pool, die_as_told, &items[0], sizeof items[0]));
    assert_success(spork_future_wait(future, -1));
    assert_success(spork_future_outcome(future)->status);
    assert_int_equal(spork_future_outcome(future)->attempts, 2);
    assert_int_equal(spork_future_outcome(future)->signal, 0);
    end_pool(pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(one_of_eight_costs_one_item),
        TEST(each_death_is_reported_as_itself),
        TEST(a_submitted_item_that_dies_is_never_a_success),
        TEST(every_item_may_die),
        TEST(idle_workers_may_die),
        TEST(a_pool_of_the_dead_can_be_ended),
        TEST(a_death_amid_large_payloads_delivers_nothing_partial),
        TEST(a_map_with_a_death_amid_its_copies_keeps_the_others),
        TEST(killed_at_any_instant_the_answer_is_whole_or_none),
        TEST(workers_killed_at_random_cost_no_more_than_their_items),
        TEST(an_item_that_always_dies_runs_three_times),
        TEST(an_item_that_dies_once_succeeds_in_its_second_run),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("crashes", tests);
}
