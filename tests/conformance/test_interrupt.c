/*
 * Conformance: spork_pool_interrupt(), before a call and during it, once and many times, from this thread and
 * from another. From a signal handler: posix_interrupt.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "conformance.h"

#include <apr_thread_proc.h>
#include <stdlib.h>

#define ROUNDS 30
#define ITEMS 4000
#define BIG_ITEMS 40
#define BIG_SIZE ((apr_size_t)1 << 20)

static apr_status_t times_two(spork_task_t *task, const void *in, void *out)
{
    long result = 2 * *(const long *)in;
    if (out == NULL) return spork_reply(task, &result, sizeof result);
    *(long *)out = result;
    return APR_SUCCESS;
}

static apr_status_t wait_at_gate(spork_task_t *task, const void *in, void *out)
{
    gate_t *gate = spork_deref(task, *(const spork_ref_t *)in, sizeof *gate);
    (void)out;
    if (gate == NULL) return APR_EINVAL;
    gate_pass(gate);
    return APR_SUCCESS;
}

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static apr_status_t take_a_while(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    apr_sleep((apr_interval_time_t)(spork_task_index(task) * 977 % 9000));
    return APR_SUCCESS;
}

static apr_status_t take_a_moment(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    for (volatile int turn = 0; turn < 20000;) turn = turn + 1;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(times_two),     SPORK_ENTRY(wait_at_gate),
                                       SPORK_ENTRY(nothing),       SPORK_ENTRY(take_a_while),
                                       SPORK_ENTRY(take_a_moment), SPORK_END };

/* A map whose items succeed or are cancelled, and nothing else; how many were cancelled. */
static apr_size_t map_interrupted(spork_pool_t *pool)
{
    static long in[ITEMS], out[ITEMS];
    spork_map_t options = { 0 };
    apr_size_t failure = 0;
    apr_status_t status;

    for (long i = 0; i < ITEMS; i++) in[i] = i;
    status = spork_map(pool, times_two, in, sizeof in[0], out, sizeof out[0], ITEMS, &options);
    assert_status(status, options.n_failures > 0 ? SPORK_EFAILED : APR_SUCCESS);
    for (apr_size_t i = 0; i < ITEMS; i++) {
        if (failure < options.n_failures && options.failures[failure].index == i)
            assert_status(options.failures[failure++].status, SPORK_ECANCELLED);
        else
            assert_int_equal(out[i], 2 * (long)i);
    }
    assert_int_equal(failure, options.n_failures);
    return options.n_failures;
}

static void interrupt_thrice(spork_pool_t *pool)
{
    for (int i = 0; i < 3; i++) spork_pool_interrupt(pool);
}

/* ---- before the call ------------------------------------------------------------------------------ */

static void an_early_interrupt_ends_the_next_map_only(void **state)
{
    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (int i = 0; i < 5; i++) {
            interrupt_thrice(pool);
            assert_int_equal(map_interrupted(pool), ITEMS);
            assert_int_equal(map_interrupted(pool), 0);
        }
        end_pool(pool);
    }
}

static void an_early_interrupt_ends_the_next_wait_only(void **state)
{
    spork_pool_t *pool;
    spork_future_t *future, *any;
    gate_t *gate;
    spork_ref_t ref;

    (void)state;
    needs_workers();
    pool = start_pool(2);
    gate = spork_alloc(pool, sizeof *gate);
    ref = spork_ref(pool, gate);
    assert_success(spork_submit(&future, pool, wait_at_gate, &ref, sizeof ref));
    interrupt_thrice(pool);
    assert_failed(spork_future_wait(future, -1), SPORK_ECANCELLED);
    assert_status(spork_future_wait(future, MILLISECOND), APR_TIMEUP);
    interrupt_thrice(pool);
    assert_failed(spork_wait_any(pool, -1, &any), SPORK_ECANCELLED);
    assert_null(any);
    assert_status(spork_wait_any(pool, MILLISECOND, &any), APR_TIMEUP);
    atomic_store(&gate->open, 1u);
    assert_success(spork_future_wait(future, -1)); /* it has run on */
    assert_success(spork_future_outcome(future)->status);
    assert_int_equal(spork_future_outcome(future)->attempts, 1);
    end_pool(pool);
}

static void an_early_interrupt_cuts_a_close_short(void **state)
{
    spork_pool_t *pool;
    spork_future_t *future;
    gate_t *gate;
    spork_ref_t ref;

    (void)state;
    needs_workers();
    pool = start_pool(2);
    gate = spork_alloc(pool, sizeof *gate);
    ref = spork_ref(pool, gate);
    assert_success(spork_submit(&future, pool, wait_at_gate, &ref, sizeof ref));
    interrupt_thrice(pool);
    assert_failed(spork_pool_close(pool), SPORK_ECANCELLED);
    assert_status(spork_future_outcome(future)->status, SPORK_ECANCELLED);
    assert_no_children();
    assert_success(spork_pool_close(pool)); /* it is */
    spork_pool_destroy(pool);
}

static void there_may_be_nothing_to_interrupt(void **state)
{
    spork_pool_t *pool;

    (void)state;
    spork_pool_interrupt(NULL);
    pool = start_pool(2);
    interrupt_thrice(pool);
    assert_success(
        spork_map(pool, nothing, NULL, 0, NULL, 0, 0, NULL)); /* waits for nothing, so is not ended */
    assert_int_equal(map_interrupted(pool), ITEMS);
    interrupt_thrice(pool);
    end_pool(pool);
}

/* ---- from another thread ----------------------------------------------------------------------------- */

typedef struct {
    spork_pool_t *pool;
    gate_t *gate; /* interrupt once somebody is at it; NULL: again and again */
    _Atomic int stop;
} interrupter_t;

static void *APR_THREAD_FUNC keep_interrupting(apr_thread_t *thread, void *of)
{
    interrupter_t *interrupter = of;

    while (interrupter->gate != NULL && atomic_load(&interrupter->gate->started) == 0) apr_sleep(MILLISECOND);
    do {
        spork_pool_interrupt(interrupter->pool);
        apr_sleep(interrupter->gate != NULL ? 0 : 3 * MILLISECOND);
    } while (interrupter->gate == NULL && !atomic_load(&interrupter->stop));
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static apr_thread_t *start_interrupting(interrupter_t *interrupter)
{
    apr_thread_t *thread;
    assert_success(apr_thread_create(&thread, NULL, keep_interrupting, interrupter, test_memory()));
    return thread;
}

static void stop_interrupting(interrupter_t *interrupter, apr_thread_t *thread)
{
    apr_status_t status;
    atomic_store(&interrupter->stop, 1);
    assert_success(apr_thread_join(&status, thread));
}

static void another_thread_ends_a_map(void **state)
{
    interrupter_t interrupter = { 0 };
    apr_thread_t *thread;
    spork_pool_t *pool;
    spork_ref_t in[20];
    spork_map_t options = { 0 };

    (void)state;
    needs_workers();
    pool = start_pool(2);
    interrupter.pool = pool;
    interrupter.gate = spork_alloc(pool, sizeof *interrupter.gate);
    for (int i = 0; i < 20; i++) in[i] = spork_ref(pool, interrupter.gate);
    thread = start_interrupting(&interrupter);
    assert_failed(spork_map(pool, wait_at_gate, in, sizeof in[0], NULL, 0, 20, &options), SPORK_EFAILED);
    stop_interrupting(&interrupter, thread);
    assert_int_equal(options.n_failures, 20);
    for (int i = 0; i < 20; i++) assert_status(options.failures[i].status, SPORK_ECANCELLED);
    assert_full_size(pool, nothing);
    assert_int_equal(map_interrupted(pool), 0);
    end_pool(pool);
}

/* Also while large windows are copied. */
static void map_big(spork_pool_t *pool, const char *in)
{
    spork_map_t options = { 0 };
    apr_status_t status = spork_map(pool, nothing, in, BIG_SIZE, NULL, 0, BIG_ITEMS, &options);

    assert_status(status, options.n_failures > 0 ? SPORK_EFAILED : APR_SUCCESS);
    for (apr_size_t i = 0; i < options.n_failures; i++)
        assert_status(options.failures[i].status, SPORK_ECANCELLED);
}

static void wait_stubbornly(spork_pool_t *pool)
{
    spork_future_t *future;
    long in = 21;
    apr_status_t status;

    assert_success(spork_submit(&future, pool, times_two, &in, sizeof in));
    do {
        status = spork_future_wait(future, -1);
    } while (status == SPORK_ECANCELLED);
    assert_success(status);
    assert_success(spork_future_outcome(future)->status);
    assert_int_equal(*(const long *)spork_future_outcome(future)->out, 42);
    spork_future_destroy(future);
}

static void a_storm_of_interrupts_cancels_and_harms_nothing(void **state)
{
    interrupter_t interrupter = { 0 };
    apr_thread_t *thread;
    spork_pool_t *pool = start_pool(3);
    char *big = calloc(BIG_ITEMS, BIG_SIZE);

    (void)state;
    assert_non_null(big);
    interrupter.pool = pool;
    thread = start_interrupting(&interrupter);
    for (int round = 0; round < ROUNDS; round++) {
        (void)map_interrupted(pool);
        map_big(pool, big);
        for (int i = 0; i < 10; i++) wait_stubbornly(pool);
    }
    stop_interrupting(&interrupter, thread);
    (void)map_interrupted(pool); /* the last one may still stand */
    assert_int_equal(map_interrupted(pool), 0);
    if (start_method() != SPORK_START_INLINE) assert_full_size(pool, nothing);
    end_pool(pool);
    free(big);
}

static void map_slowly(spork_pool_t *pool)
{
    spork_map_t options = { 0 };

    options.chunk = 1;
    (void)spork_map(pool, take_a_while, NULL, 0, NULL, 0, BIG_ITEMS, &options);
    for (apr_size_t i = 0; i < options.n_failures; i++)
        assert_status(options.failures[i].status, SPORK_ECANCELLED);
}

/* Whoever is ended is at an item of the map, and not yet at one of the others. */
static void an_interrupted_map_takes_no_submitted_item_with_it(void **state)
{
    static spork_future_t *futures[ITEMS];
    interrupter_t interrupter = { 0 };
    apr_thread_t *thread;
    apr_status_t status;

    (void)state;
    interrupter.pool = start_pool(4);
    thread = start_interrupting(&interrupter);
    for (int round = 0; round < ROUNDS / 3; round++) {
        for (size_t i = 0; i < ITEMS; i++)
            assert_success(spork_submit(&futures[i], interrupter.pool, take_a_moment, NULL, 0));
        for (int i = 0; i < 10; i++) map_slowly(interrupter.pool);
        for (size_t i = 0; i < ITEMS; i++) {
            do {
                status = spork_future_wait(futures[i], -1);
            } while (status == SPORK_ECANCELLED);
            assert_success(status);
            assert_success(spork_future_outcome(futures[i])->status);
            spork_future_destroy(futures[i]);
        }
    }
    stop_interrupting(&interrupter, thread);
    end_pool(interrupter.pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(an_early_interrupt_ends_the_next_map_only),
        TEST(an_early_interrupt_ends_the_next_wait_only),
        TEST(an_early_interrupt_cuts_a_close_short),
        TEST(there_may_be_nothing_to_interrupt),
        TEST(another_thread_ends_a_map),
        TEST(a_storm_of_interrupts_cancels_and_harms_nothing),
        TEST(an_interrupted_map_takes_no_submitted_item_with_it),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("interrupt", tests);
}
