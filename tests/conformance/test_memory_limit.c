/*
 * Conformance: config.memory_limit. The system keeps it, for each worker, replacements too; what is
 * shared with the pool does not count. Tasks take memory from malloc(), under a sanitizer, whose malloc() does
 * not know how to fail, from the system itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define LIMIT (48 * MIB)
enum { FROM_HEAP, FROM_SYSTEM };
#define MANY 160 /* MiB that a task tries to get at most: more than any limit here */

/* ---- tasks ---------------------------------------------------------------------------------- */

static void *blocks[MANY];
static int past_the_heap; /* what a fork inherits free in its heap is not counted: do without it */

static int from_system(void)
{
    return past_the_heap || under_sanitizer();
}

static void *take_block(void)
{
    void *block = from_system() ? host_take_memory(MIB) : malloc(MIB);
    if (block != NULL) memset(block, 1, MIB);
    return block;
}

static void give_block(void *block)
{
    if (from_system())
        host_give_memory(block, MIB);
    else
        free(block);
}

static int take_all(void)
{
    int n = 0;
    while (n < MANY && (blocks[n] = take_block()) != NULL) n++;
    return n;
}

static void give_all(int n)
{
    while (n > 0) give_block(blocks[--n]);
}

typedef struct {
    apr_int64_t pid;
    apr_uint64_t limit;
    apr_int64_t got; /* MiB */
} hoard_t;

static apr_status_t hoard(spork_task_t *task, const void *in, void *out)
{
    hoard_t *found = out;
    (void)task;
    past_the_heap = *(const int *)in;
    found->pid = host_pid();
    found->limit = host_memory_limit();
    found->got = take_all();
    give_all((int)found->got);
    past_the_heap = 0;
    return APR_SUCCESS;
}

/* What most C does: it does not look. */
static apr_status_t hoard_blindly(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    for (int n = 0; n < MANY; n++) {
        volatile unsigned char *block = under_sanitizer() ? host_take_memory(MIB) : malloc(MIB);
        for (apr_size_t i = 0; i < MIB; i += 512) block[i] = 1;
    }
    host_kill_self(); /* nothing held it back: as dead as it should be */
    return APR_SUCCESS;
}

/* With no memory left of its own: it answers, prints and fails with words all the same. */
static apr_status_t echo_in_need(spork_task_t *task, const void *in, void *out)
{
    int n = take_all();
    apr_status_t status = spork_reply(task, in, spork_task_in_size(task));
    (void)out;
    spork_fail(task, "took %d", n);
    (void)printf("%s", "");
    give_all(n);
    return status;
}

static apr_status_t fail_in_need(spork_task_t *task, const void *in, void *out)
{
    int n = take_all();
    (void)in;
    (void)out;
    spork_fail(task, "%s", host_keeps_memory_limit() && n == MANY ? "no limit" : "no memory");
    give_all(n);
    return APR_ENOMEM;
}

static apr_status_t double_word(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(apr_uint64_t *)out = 2 * *(const apr_uint64_t *)in;
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

static apr_status_t die_of_memory(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return host_die_of_memory() ? APR_EGENERAL : APR_SUCCESS;
}

static apr_status_t say_memory(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return SPORK_EMEMORY;
}

static apr_uint64_t *inherited; /* what a forked worker finds of its parent's */

static apr_status_t write_inherited(spork_task_t *task, const void *in, void *out)
{
    apr_size_t words = *(const apr_size_t *)in;
    (void)task;
    for (apr_size_t i = 0; inherited != NULL && i < words; i += 64) inherited[i]++;
    *(apr_uint64_t *)out = inherited != NULL ? inherited[64] : 0;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(hoard),           SPORK_ENTRY(hoard_blindly),
                                       SPORK_ENTRY(echo_in_need),    SPORK_ENTRY(fail_in_need),
                                       SPORK_ENTRY(double_word),     SPORK_ENTRY(pass_gate),
                                       SPORK_ENTRY(die_of_memory),   SPORK_ENTRY(say_memory),
                                       SPORK_ENTRY(write_inherited), SPORK_END };

/* ---- helpers -------------------------------------------------------------------------------- */

static spork_pool_t *limited_pool(spork_config_t *config, int workers, apr_size_t limit)
{
    make_config(config, workers);
    config->memory_limit = limit;
    return make_pool(config);
}

/* Not more than the limit, but for what was free in the heap before; and most of it. */
static void assert_limited(const hoard_t *found, apr_size_t limit)
{
    apr_int64_t mebibytes = (apr_int64_t)(limit / MIB);

    if (!host_keeps_memory_limit()) {
        static int told;
        if (!told++) print_message("this system takes the limit and does not keep it: not tested\n");
        assert_int_equal(found->got, MANY);
    } else if (found->limit < limit) {
        fail_msg("the system knows of no limit");
    } else if (found->got < mebibytes / 2 || found->got > mebibytes + 4) {
        fail_msg("%d MiB with a limit of %d", (int)found->got, (int)mebibytes);
    }
}

static void assert_all_limited(spork_pool_t *pool, apr_size_t limit, int how)
{
    hoard_t found[12];
    int in[LENGTH(found)];

    for (size_t i = 0; i < LENGTH(found); i++) in[i] = how;
    assert_success(spork_map(pool, hoard, in, sizeof in[0], found, sizeof found[0], LENGTH(found), NULL));
    for (size_t i = 0; i < LENGTH(found); i++) assert_limited(&found[i], limit);
}

static int is_member(const apr_int64_t *pids, int n, apr_int64_t pid)
{
    int is = 0;
    for (int i = 0; i < n; i++) is |= pids[i] == pid;
    return is;
}

/* ---- tests ---------------------------------------------------------------------------------- */

/* And the worker goes on: it gave everything back, and finds as much the next time. */
static void beyond_the_limit_allocations_fail_in_the_task(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    apr_int64_t before[2], after[2];

    (void)state;
    needs_workers();
    pool = limited_pool(&config, 2, LIMIT);
    assert_int_equal(spork_pool_pids(pool, before, 2), 2);
    for (int round = 0; round < 3; round++) assert_all_limited(pool, LIMIT, FROM_HEAP);
    assert_int_equal(spork_pool_pids(pool, after, 2), 2);
    for (int i = 0; i < 2; i++) assert_true(is_member(before, 2, after[i]));
    end_pool(pool);
}

static void without_a_limit_there_is_none(void **state)
{
    hoard_t found;
    int how = FROM_HEAP;
    spork_pool_t *pool = start_pool(1);

    (void)state;
    assert_success(spork_map(pool, hoard, &how, sizeof how, &found, sizeof found, 1, NULL));
    assert_int_equal(found.got, MANY);
    assert_int_equal(found.limit, 0);
    end_pool(pool);
}

static void inline_has_no_limit(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    hoard_t found;
    int how = FROM_HEAP;

    (void)state;
    if (start_method() != SPORK_START_INLINE) skip();
    pool = limited_pool(&config, 1, SPORK_MEMORY_LIMIT_MIN);
    assert_success(spork_map(pool, hoard, &how, sizeof how, &found, sizeof found, 1, NULL));
    assert_int_equal(found.got, MANY);
    assert_int_equal(found.limit, 0);
    end_pool(pool);
}

/* A neighbour that is in the middle of its item does not notice; the replacement is limited as well. */
static void who_does_not_look_dies_alone_and_is_replaced(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    spork_future_t *neighbour, *blind;
    spork_ref_t ref;
    gate_t *gate;

    (void)state;
    needs_workers();
    pool = limited_pool(&config, 2, LIMIT);
    gate = spork_alloc(pool, sizeof *gate);
    assert_non_null(gate);
    ref = spork_ref(pool, gate);
    assert_success(spork_submit(&neighbour, pool, pass_gate, &ref, sizeof ref));
    gate_await(neighbour, gate, 1);
    for (int i = 0; i < 3; i++) {
        assert_success(spork_submit(&blind, pool, hoard_blindly, NULL, 0));
        assert_success(spork_future_wait(blind, -1));
        assert_status(spork_future_outcome(blind)->status, SPORK_ECRASHED);
        if (host_keeps_memory_limit() &&
            !under_sanitizer()) /* which may leave with 0, out of memory itself */
            assert_true(died_as(DIE_FAULT, spork_future_outcome(blind)));
    }
    assert_null(spork_future_outcome(neighbour));
    atomic_store(&gate->open, 1);
    assert_success(spork_future_wait(neighbour, -1));
    assert_status(spork_future_outcome(neighbour)->status, APR_SUCCESS);
    assert_full_size(pool, say_memory);
    assert_all_limited(pool, LIMIT, FROM_HEAP);
    end_pool(pool);
}

static void who_is_replaced_after_max_tasks_is_limited_too(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    hoard_t found[6];
    int how[LENGTH(found)] = { FROM_HEAP };

    (void)state;
    needs_workers();
    make_config(&config, 2);
    config.memory_limit = LIMIT;
    config.max_tasks = 1;
    pool = make_pool(&config);
    assert_success(spork_map(pool, hoard, how, sizeof how[0], found, sizeof found[0], LENGTH(found), NULL));
    for (size_t i = 0; i < LENGTH(found); i++) {
        assert_limited(&found[i], LIMIT);
        for (size_t k = 0; k < i; k++) assert_true(found[k].pid != found[i].pid);
    }
    end_pool(pool);
}

static void the_initializer_is_limited(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;

    (void)state;
    needs_workers();
    make_config(&config, 2);
    config.memory_limit = LIMIT;
    config.initializer = fail_in_need;
    assert_failed(spork_pool_create(&pool, &config, test_memory()), SPORK_EINITIALIZER);
    assert_non_null(strstr(spork_error(), "no memory"));
    assert_no_children();
}

/* The smallest limit, and a worker that has nothing left: what is shared is not its own. */
static void payloads_and_replies_do_not_count(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    spork_future_t *future;
    const spork_outcome_t *outcome;
    apr_size_t words = 48 * MIB / sizeof(apr_uint64_t);
    apr_uint64_t *large, sum = 0;

    (void)state;
    needs_workers();
    pool = limited_pool(&config, 2, SPORK_MEMORY_LIMIT_MIN);
    large = spork_alloc(pool, 48 * MIB);
    assert_non_null(large);
    for (apr_size_t i = 0; i < words; i++) large[i] = i;
    assert_success(spork_map(pool, double_word, large, sizeof *large, large, sizeof *large, words, NULL));
    for (apr_size_t i = 0; i < words; i++) sum += large[i];
    assert_true(sum == (apr_uint64_t)words * (words - 1));
    for (int i = 0; i < 4; i++) {
        assert_success(spork_submit(&future, pool, echo_in_need, large, 24 * MIB));
        assert_success(spork_future_wait(future, -1));
        outcome = spork_future_outcome(future);
        assert_status(outcome->status, APR_SUCCESS);
        assert_int_equal(outcome->out_size, 24 * MIB);
        assert_memory_equal(outcome->out, large, 24 * MIB);
        spork_future_destroy(future);
        assert_success(spork_submit(&future, pool, fail_in_need, NULL, 0));
        assert_success(spork_future_wait(future, -1));
        assert_status(spork_future_outcome(future)->status, APR_ENOMEM);
        assert_string_equal(spork_future_outcome(future)->message, "no memory");
        spork_future_destroy(future);
    }
    end_pool(pool);
}

/* What the parent has is no worker's use: with a limit far below it workers have as much as others, and
 * may write to what they inherited. */
static void a_fat_parent_makes_no_difference(void **state)
{
    const apr_size_t fat = 192 * MIB, limit = 16 * MIB;
    apr_size_t words = fat / sizeof *inherited;
    apr_uint64_t seen[6];
    spork_config_t config;
    spork_pool_t *pool;
    spork_map_t options;

    (void)state;
    needs_workers();
    inherited = host_take_memory(fat);
    assert_non_null(inherited);
    memset(inherited, 0, fat);
    pool = limited_pool(&config, 2, limit);
    for (int round = 0; round < 2; round++) {
        memset(&options, 0, sizeof options);
        assert_all_limited(pool, limit, FROM_SYSTEM);
        for (size_t i = 0; i < LENGTH(seen); i++)
            assert_success(
                spork_map(pool, write_inherited, &words, sizeof words, &seen[i], sizeof seen[i], 1, NULL));
        for (size_t i = 0; i < LENGTH(seen); i++)
            assert_true(start_method() == SPORK_START_FORK ? seen[i] > 0 : seen[i] == 0);
        assert_failed(spork_map(pool, hoard_blindly, NULL, 0, NULL, 0, 2, &options), SPORK_EFAILED);
        assert_int_equal(options.n_failures, 2);
    }
    end_pool(pool);
    host_give_memory(inherited, fat);
    inherited = NULL;
}

/* As much as no system has, and a sum beyond the largest number. */
static void a_limit_beyond_everything_does_no_harm(void **state)
{
    static const apr_size_t limits[] = { SIZE_MAX, SIZE_MAX / 2, SIZE_MAX - 4096 };
    spork_config_t config;
    hoard_t found;
    int how = FROM_HEAP;

    (void)state;
    for (size_t i = 0; i < LENGTH(limits); i++) {
        spork_pool_t *pool = limited_pool(&config, 1, limits[i]);
        assert_success(spork_map(pool, hoard, &how, sizeof how, &found, sizeof found, 1, NULL));
        assert_int_equal(found.got, MANY);
        end_pool(pool);
    }
}

static apr_status_t how_memory_ends(apr_size_t limit)
{
    spork_config_t config;
    spork_pool_t *pool = limited_pool(&config, 1, limit);
    spork_future_t *future;
    apr_status_t status;

    assert_success(spork_submit(&future, pool, die_of_memory, NULL, 0));
    assert_success(spork_future_wait(future, -1));
    status = spork_future_outcome(future)->status;
    end_pool(pool);
    return status;
}

/* Where a system never tells, the task returns. */
static void where_the_system_tells_the_status_does(void **state)
{
    apr_status_t without, with;

    (void)state;
    needs_workers();
    without = how_memory_ends(0);
    with = how_memory_ends(LIMIT);
    if (without == APR_SUCCESS)
        assert_status(with, APR_SUCCESS);
    else {
        assert_status(without, SPORK_ECRASHED);
        assert_status(with, SPORK_EMEMORY);
    }
}

static void a_task_cannot_say_it_itself(void **state)
{
    spork_pool_t *pool = start_pool(1);
    spork_future_t *future;

    (void)state;
    assert_success(spork_submit(&future, pool, say_memory, NULL, 0));
    assert_success(spork_future_wait(future, -1));
    assert_status(spork_future_outcome(future)->status, SPORK_EFAILED);
    end_pool(pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests_of_limits[] = {
        TEST(beyond_the_limit_allocations_fail_in_the_task),
        TEST(without_a_limit_there_is_none),
        TEST(inline_has_no_limit),
        TEST(who_does_not_look_dies_alone_and_is_replaced),
        TEST(who_is_replaced_after_max_tasks_is_limited_too),
        TEST(the_initializer_is_limited),
        TEST(payloads_and_replies_do_not_count),
        TEST(a_fat_parent_makes_no_difference),
        TEST(a_limit_beyond_everything_does_no_harm),
        TEST(where_the_system_tells_the_status_does),
        TEST(a_task_cannot_say_it_itself),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("memory_limit", tests_of_limits);
}
