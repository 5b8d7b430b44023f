/*
 * Contract: facts, clock, command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "actor.h"
#include "sys.h"

static int main_argc;
static char **main_argv;

static void facts_make_sense(void **state)
{
    spk_os_facts_t facts;

    (void)state;
    spk_os_facts(&facts);
    assert_true(facts.page_size >= 4096 && (facts.page_size & (facts.page_size - 1)) == 0);
    assert_true(facts.memory >= (uint64_t)64 << 20);
    assert_true(facts.reserve >= (size_t)64 << 20);
    assert_int_equal(facts.reserve % facts.page_size, 0);
    assert_true(facts.can_fork || !facts.fork_by_default);
}

static void there_is_at_least_one_processor(void **state)
{
    (void)state;
    assert_true(spk_os_cpu_count() >= 1);
    assert_true(spk_os_cpu_count() < 1 << 20);
}

/* 0 means that the system does not tell. */
static void this_thread_is_counted(void **state)
{
    (void)state;
    assert_true(spk_os_thread_count() >= 0);
    assert_true(spk_os_thread_count() < 1000);
}

static void the_clock_never_goes_back(void **state)
{
    uint64_t last = spk_os_clock(), now;
    int i, moved = 0;

    (void)state;
    for (i = 0; i < 100000 || !moved; i++) {
        now = spk_os_clock();
        assert_true(now >= last);
        moved |= now > last;
        last = now;
        if (i % 1000 == 0) spk_os_yield();
    }
    assert_true(moved);
}

static void the_command_line_is_mains(void **state)
{
    char **argv = NULL;
    apr_pool_t *mem;
    int argc = 0, i;

    (void)state;
    assert_int_equal(apr_pool_create(&mem, NULL), APR_SUCCESS);
    assert_int_equal(spk_os_command_line(&argc, &argv, mem), APR_SUCCESS);
    assert_int_equal(argc, main_argc);
    for (i = 0; i < argc; i++) assert_string_equal(argv[i], main_argv[i]);
    assert_null(argv[argc]);
    apr_pool_destroy(mem);
}

static void the_environment_is_trusted_here(void **state)
{
    (void)state;
    assert_int_equal(spk_os_env_trusted(), 1);
}

static void init_may_be_called_again(void **state)
{
    int before = sys_descriptors();

    (void)state;
    assert_int_equal(spk_os_init(), APR_SUCCESS);
    assert_int_equal(spk_os_init(), APR_SUCCESS);
    assert_int_equal(sys_descriptors(), before);
    assert_true(spk_os_pid() > 0);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(facts_make_sense),          cmocka_unit_test(there_is_at_least_one_processor),
        cmocka_unit_test(this_thread_is_counted),    cmocka_unit_test(the_clock_never_goes_back),
        cmocka_unit_test(the_command_line_is_mains), cmocka_unit_test(the_environment_is_trusted_here),
        cmocka_unit_test(init_may_be_called_again)
    };

    main_argc = argc;
    main_argv = argv;
    actor_begin(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
