/*
 * Room and time that run short: a full arena, a full ring, polling instead of waiting, long time-outs.
 * Nothing may wait for ever, and nothing be refused that fits later.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static apr_status_t answer(spork_task_t *task, const void *in, void *out)
{
    const long seven = 7;

    (void)in;
    (void)out;
    return spork_reply(task, &seven, sizeof seven);
}

static apr_status_t answer_large(spork_task_t *task, const void *in, void *out)
{
    apr_size_t size = *(const apr_size_t *)in;
    unsigned char *data = apr_pcalloc(spork_task_pool(task), size);

    (void)out;
    if (data == NULL) return APR_ENOMEM;
    data[size - 1] = 77;
    return spork_reply(task, data, size);
}

static apr_status_t answer_impossible(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    return spork_reply(task, "x", (apr_size_t)-1);
}

static apr_status_t fail_always(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    spork_fail(task, "item %lu", (unsigned long)spork_task_index(task));
    return APR_EGENERAL;
}

static apr_status_t sleep_for_ever(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    while (spork_worker_id(task) >= 0) apr_sleep(SECOND);
    return APR_SUCCESS;
}

static apr_status_t pass_gate(spork_task_t *task, const void *in, void *out)
{
    gate_t *gate = spork_deref(task, *(const spork_ref_t *)in, sizeof *gate);

    (void)out;
    if (gate == NULL) return APR_EINVAL;
    gate_pass(gate);
    return APR_SUCCESS;
}

static apr_status_t widen(spork_task_t *task, const void *in, void *out)
{
    apr_uint32_t value = *(const apr_uint32_t *)in;

    (void)task;
    *(apr_uint64_t *)out = value;
    return APR_SUCCESS;
}

static const spork_entry_t entries[] = { SPORK_ENTRY(answer),      SPORK_ENTRY(answer_large),
                                         SPORK_ENTRY(fail_always), SPORK_ENTRY(answer_impossible),
                                         SPORK_ENTRY(pass_gate),   SPORK_ENTRY(sleep_for_ever),
                                         SPORK_ENTRY(widen),       SPORK_END };

static spork_pool_t *pool_with_arena(int workers, apr_size_t arena)
{
    spork_config_t config;

    make_config(&config, workers);
    config.arena_size = arena;
    return make_pool(&config);
}

static void fill_arena(spork_pool_t *pool)
{
    apr_size_t size = 64 * MIB;

    while (size >= 64)
        if (spork_alloc(pool, size) == NULL) size /= 2;
}

static spork_future_t *submit(spork_pool_t *pool, spork_fn_t fn, const void *in, apr_size_t size)
{
    spork_future_t *future = NULL;

    assert_success(spork_submit(&future, pool, fn, in, size));
    return future;
}

static void a_full_arena_is_said_not_waited_for(void **state)
{
    spork_pool_t *pool = pool_with_arena(2, MIB);
    spork_future_t *future;

    (void)state;
    fill_arena(pool);
    future = submit(pool, answer, NULL, 0);
    assert_success(spork_future_wait(future, -1));
    assert_true(spork_future_outcome(future)->status == APR_SUCCESS ||
                spork_future_outcome(future)->status == SPORK_ETOOBIG);
    end_pool(pool);
}

static void queue_and_map_do_not_wait_for_each_other(void **state)
{
    enum { LARGE = 1800000 };
    spork_pool_t *pool;
    unsigned char *large;
    int in = 1;
    spork_future_t *future;

    (void)state;
    needs_workers();
    pool = pool_with_arena(2, 2 * MIB);
    large = calloc(1, LARGE);
    assert_non_null(large);
    assert_success(spork_map(pool, answer, &in, sizeof in, NULL, 0, 0, NULL));
    assert_non_null(spork_alloc(pool, MIB));
    future = submit(pool, answer, large, LARGE);
    assert_failed(spork_map(pool, answer, large, LARGE, NULL, 0, 1, NULL), SPORK_ETOOBIG);
    assert_success(spork_future_wait(future, -1));
    assert_status(spork_future_outcome(future)->status, SPORK_ETOOBIG);
    free(large);
    end_pool(pool);
}

/* An idle worker does not sit on the room of its last large reply. */
static void large_replies_take_turns(void **state)
{
    enum { COUNT = 6 };
    spork_pool_t *pool = pool_with_arena(2, 40 * MIB);
    spork_future_t *futures[COUNT];
    apr_size_t size = 24 * MIB;

    (void)state;
    for (int i = 0; i < COUNT; i++) futures[i] = submit(pool, answer_large, &size, sizeof size);
    for (int i = 0; i < COUNT; i++) {
        const spork_outcome_t *outcome;

        assert_success(spork_future_wait(futures[i], -1));
        outcome = spork_future_outcome(futures[i]);
        assert_success(outcome->status);
        assert_int_equal(outcome->out_size, size);
        assert_int_equal(((const unsigned char *)outcome->out)[size - 1], 77);
        spork_future_destroy(futures[i]);
    }
    assert_non_null(spork_alloc(pool, 30 * MIB));
    end_pool(pool);
}

/* Its old room was taken back, the new one is not there yet: its successor must find neither. */
static void who_is_ended_while_it_waits_for_room_leaves_none(void **state)
{
    enum { COUNT = 40, SIZE = 16 * 1024 };
    spork_pool_t *pool = pool_with_arena(2, 2 * MIB);
    gate_t *gate = spork_alloc(pool, sizeof *gate);
    spork_ref_t ref = spork_ref(pool, gate);
    spork_future_t *gated, *large;
    apr_size_t size = 1500 * 1024;
    unsigned char *mine[COUNT];

    (void)state;
    needs_workers();
    gated = submit(pool, pass_gate, &ref, sizeof ref);
    gate_await(gated, gate, 1);
    for (int i = 0; i < 2; i++) {
        spork_future_t *small = submit(pool, answer, NULL, 0);

        assert_success(spork_future_wait(small, -1));
        assert_success(spork_future_outcome(small)->status);
        if (i > 0) break;
        assert_non_null(spork_alloc(pool, 1200 * 1024));
        large = submit(pool, answer_large, &size, sizeof size);
        (void)spork_future_wait(large, 300 * MILLISECOND); /* by then it waits, as a rule */
        assert_success(spork_future_cancel(large));
        assert_success(spork_future_wait(large, -1));
        for (int a = 0; a < COUNT; a++)
            if ((mine[a] = spork_alloc(pool, SIZE)) != NULL) memset(mine[a], 'U', SIZE);
    }
    for (int a = 0; a < COUNT; a++)
        for (int b = 0; mine[a] != NULL && b < SIZE; b++) assert_int_equal(mine[a][b], 'U');
    atomic_store(&gate->open, 1);
    assert_success(spork_future_wait(gated, -1));
    end_pool(pool);
}

static void the_smallest_arena_serves_many_workers(void **state)
{
    enum { COUNT = 3000 };
    static spork_future_t *futures[COUNT];
    spork_pool_t *pool = pool_with_arena(13, 1);
    char input[100] = { 0 };

    (void)state;
    for (int i = 0; i < COUNT; i++) futures[i] = submit(pool, answer, input, i % 7 != 0 ? 8 : sizeof input);
    for (int i = 0; i < COUNT; i++) {
        assert_success(spork_future_wait(futures[i], -1));
        assert_success(spork_future_outcome(futures[i])->status);
    }
    end_pool(pool);
}

static void an_impossible_reply_fails_alone(void **state)
{
    spork_pool_t *pool = start_pool(1);
    spork_future_t *future = submit(pool, answer_impossible, NULL, 0);

    (void)state;
    assert_success(spork_future_wait(future, -1));
    assert_int_not_equal(spork_future_outcome(future)->status, APR_SUCCESS);
    future = submit(pool, answer, NULL, 0);
    assert_success(spork_future_wait(future, -1));
    assert_success(spork_future_outcome(future)->status);
    end_pool(pool);
}

/* More failures than a worker's ring has entries. */
static void every_item_may_fail_with_words(void **state)
{
    enum { COUNT = 20000 };

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        spork_map_t options = { 0 };
        char words[40];

        assert_failed(spork_map(pool, fail_always, NULL, 0, NULL, 0, COUNT, &options), SPORK_EFAILED);
        assert_int_equal(options.n_failures, COUNT);
        for (apr_size_t i = 0; i < COUNT; i++) {
            (void)snprintf(words, sizeof words, "item %lu", (unsigned long)i);
            assert_int_equal(options.failures[i].index, i);
            assert_string_equal(options.failures[i].message, words);
        }
        end_pool(pool);
    }
}

static void polling_enforces_deadlines(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    spork_future_t *future;
    apr_status_t status;

    (void)state;
    needs_workers();
    make_config(&config, 2);
    config.timeout = 50 * MILLISECOND;
    pool = make_pool(&config);
    future = submit(pool, sleep_for_ever, NULL, 0);
    while ((status = spork_future_wait(future, 0)) == APR_TIMEUP) apr_sleep(MILLISECOND);
    assert_success(status);
    assert_status(spork_future_outcome(future)->status, SPORK_EDEADLINE);
    future = submit(pool, sleep_for_ever, NULL, 0);
    while (spork_future_outcome(future) == NULL) apr_sleep(MILLISECOND);
    assert_status(spork_future_outcome(future)->status, SPORK_EDEADLINE);
    end_pool(pool);
}

static void the_longest_time_out_is_not_over_at_once(void **state)
{
    spork_pool_t *pool = start_pool(1);
    gate_t *gate = spork_alloc(pool, sizeof *gate);
    spork_ref_t ref = spork_ref(pool, gate);
    spork_future_t *future;

    (void)state;
    needs_workers();
    future = submit(pool, pass_gate, &ref, sizeof ref);
    gate_await(future, gate, 1);
    assert_status(spork_future_wait(future, 0), APR_TIMEUP);
    atomic_store(&gate->open, 1U);
    assert_success(spork_future_wait(future, INT64_MAX));
    assert_success(spork_future_outcome(future)->status);
    end_pool(pool);
}

/* As many single items run at once as there are workers, also when they come one by one. */
static void items_that_trickle_in_run_side_by_side(void **state)
{
    enum { WORKERS = 20 };
    spork_pool_t *pool = start_pool(WORKERS);
    gate_t *gate = spork_alloc(pool, sizeof *gate);
    spork_ref_t ref = spork_ref(pool, gate);
    spork_future_t *futures[WORKERS];

    (void)state;
    needs_workers();
    for (unsigned i = 0; i < WORKERS; i++) {
        futures[i] = submit(pool, pass_gate, &ref, sizeof ref);
        gate_await(futures[i], gate, i + 1);
    }
    atomic_store(&gate->open, 1U);
    for (int i = 0; i < WORKERS; i++) assert_success(spork_future_wait(futures[i], -1));
    end_pool(pool);
}

static void overlap_is_refused_unless_item_by_item(void **state)
{
    enum { COUNT = 1000 };
    spork_pool_t *pool = start_pool(2);
    apr_uint64_t *both = calloc(COUNT, sizeof *both);

    (void)state;
    assert_non_null(both);
    assert_failed(spork_map(pool, widen, both, sizeof(apr_uint32_t), both, sizeof *both, COUNT, NULL),
                  APR_EINVAL);
    assert_failed(spork_map(pool, widen, both, sizeof *both, both + 1, sizeof *both, COUNT - 1, NULL),
                  APR_EINVAL);
    for (apr_uint64_t i = 0; i < COUNT; i++) both[i] = i;
    assert_success(spork_map(pool, widen, both, sizeof *both, both, sizeof *both, COUNT, NULL));
    for (apr_uint64_t i = 0; i < COUNT; i++) assert_int_equal(both[i], i);
    free(both);
    end_pool(pool);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(a_full_arena_is_said_not_waited_for),
        TEST(queue_and_map_do_not_wait_for_each_other),
        TEST(large_replies_take_turns),
        TEST(who_is_ended_while_it_waits_for_room_leaves_none),
        TEST(the_smallest_arena_serves_many_workers),
        TEST(an_impossible_reply_fails_alone),
        TEST(every_item_may_fail_with_words),
        TEST(polling_enforces_deadlines),
        TEST(the_longest_time_out_is_not_over_at_once),
        TEST(items_that_trickle_in_run_side_by_side),
        TEST(overlap_is_refused_unless_item_by_item),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, entries) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("room", tests);
}
