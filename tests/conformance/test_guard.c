/*
 * Conformance: the guard (behaviours 28 and 32): no pool without spork_init(), no pool of processes inside a
 * worker, tables that are sound and the same on both sides. Each in a process of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

/* Read by main before spork_init(), also in workers: which tables and arguments to use there. */
#define TABLE "SPORK_TEST_TABLE"

/* ---- tasks ---------------------------------------------------------------------------------- */

static apr_status_t times_two(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(long *)out = 2 * *(const long *)in;
    return APR_SUCCESS;
}

static apr_status_t of_the_library(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(long *)out = 100 + *(const long *)in;
    return APR_SUCCESS;
}

/* The start method that a pool was asked for inside a task; what came of it. */
typedef struct {
    apr_status_t status;
    int start;
    int workers;
    int has_words;
    long result;
} nested_t;

static apr_status_t make_pool_inside(spork_task_t *task, const void *in, void *out)
{
    nested_t *nested = out;
    spork_config_t config;
    spork_pool_t *pool = NULL;
    long value = 21;

    memset(nested, 0, sizeof *nested);
    spork_config_init(&config);
    config.start = *(const spork_start_e *)in;
    config.workers = 2;
    nested->status = spork_pool_create(&pool, &config, spork_task_pool(task));
    nested->has_words = spork_error()[0] != '\0';
    if (nested->status != APR_SUCCESS) return APR_SUCCESS;
    nested->start = (int)spork_pool_start(pool);
    nested->workers = spork_pool_workers(pool);
    nested->status = spork_map(pool, times_two, &value, sizeof value, &nested->result, sizeof value, 1, NULL);
    return spork_pool_close(pool);
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(times_two), SPORK_ENTRY(make_pool_inside), SPORK_END };
static const spork_entry_t renamed[] = { { "times_too", times_two },
                                         SPORK_ENTRY(make_pool_inside),
                                         SPORK_END };
static const spork_entry_t longer[] = { SPORK_ENTRY(times_two), SPORK_ENTRY(make_pool_inside),
                                        SPORK_ENTRY(of_the_library), SPORK_END };
static const spork_entry_t library[] = { SPORK_ENTRY(of_the_library), SPORK_END };

static spork_pool_t *create(apr_status_t *status)
{
    spork_config_t config;
    spork_pool_t *pool = NULL;
    make_config(&config, 2);
    *status = spork_pool_create(&pool, &config, NULL);
    return pool;
}

/* A pool can be made and serves this function. */
static int serves(spork_fn_t fn, long in, long want)
{
    apr_status_t status;
    spork_pool_t *pool = create(&status);
    long out = -1;

    if (status == APR_SUCCESS) status = spork_map(pool, fn, &in, sizeof in, &out, sizeof out, 1, NULL);
    if (status == APR_SUCCESS) status = spork_pool_close(pool);
    spork_pool_destroy(pool);
    return status == APR_SUCCESS && out == want;
}

/* ---- roles ---------------------------------------------------------------------------------- */

static int without_init(int argc, char **argv)
{
    static const spork_start_e methods[] = { SPORK_START_AUTO, SPORK_START_FORK, SPORK_START_SPAWN,
                                             SPORK_START_INLINE };
    spork_config_t config;

    (void)argc;
    (void)argv;
    for (size_t i = 0; i < LENGTH(methods); i++) {
        spork_pool_t *pool = (spork_pool_t *)&config;
        spork_config_init(&config);
        config.start = methods[i];
        role_check(spork_pool_create(&pool, &config, NULL) == SPORK_EGUARD);
        role_check(pool == NULL);
        role_check(strstr(spork_error(), "spork_init") != NULL);
    }
    return 0;
}

static int init_twice(int argc, char **argv)
{
    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    role_check(spork_init(&argc, &argv, tasks) == APR_EINVAL);
    role_check(spork_error()[0] != '\0');
    role_check(spork_register(library) == APR_EINVAL);
    role_check(serves(times_two, 4, 8));
    return 0;
}

static int refuses(const spork_entry_t *first, const spork_entry_t *second)
{
    int argc = 1;
    char name[] = "test", *args[] = { name, NULL }, **argv = args;
    apr_status_t status;

    if (first != NULL && spork_register(first) != APR_SUCCESS) return 0;
    if (spork_init(&argc, &argv, second) != APR_EINVAL || spork_error()[0] == '\0') return 0;
    return create(&status) == NULL && status != APR_SUCCESS;
}

/* spork_init() is called once in a process, so there is a process for each table. */
static int bad_table(int argc, char **argv)
{
    static const spork_entry_t twice[] = { SPORK_ENTRY(times_two), SPORK_ENTRY(times_two), SPORK_END };
    static const spork_entry_t same_name[] = { SPORK_ENTRY(times_two),
                                               { "times_two", of_the_library },
                                               SPORK_END };
    static const spork_entry_t no_name[] = { { NULL, times_two }, SPORK_END };
    static const spork_entry_t empty_name[] = { { "", times_two }, SPORK_END };
    static const spork_entry_t no_function[] = { { "times_two", NULL }, SPORK_END };

    role_check(argc == 2);
    switch (atoi(argv[1])) {
    case 0: role_check(refuses(NULL, twice)); break;
    case 1: role_check(refuses(NULL, same_name)); break;
    case 2: role_check(refuses(NULL, no_name)); break;
    case 3: role_check(refuses(NULL, empty_name)); break;
    case 4: role_check(refuses(NULL, no_function)); break;
    case 5: role_check(refuses(library, longer)); break;
    case 6: role_check(refuses(same_name, tasks)); break;
    default:
        role_check(spork_register(NULL) == APR_EINVAL);
        role_check(spork_error()[0] != '\0');
        break;
    }
    return 0;
}

static int init_leaves_arguments(int argc, char **argv)
{
    int count = argc;
    char **same = argv, *first = argv[0], *second = argv[1];

    role_check(spork_init(&count, &same, tasks) == APR_SUCCESS);
    role_check(count == argc && same == argv && argv[0] == first && argv[1] == second && argv[2] == NULL);
    return 0;
}

/* main's spork_init() does these, as workers must do the same; see main(). */
static int init_as_told(const char *how, int argc, char **argv)
{
    if (strcmp(how, "null arguments") == 0) return spork_init(NULL, NULL, tasks);
    if (strcmp(how, "library") == 0)
        return spork_register(library) == APR_SUCCESS ? spork_init(&argc, &argv, tasks) : APR_EGENERAL;
    if (strcmp(how, "library only") == 0)
        return spork_register(library) == APR_SUCCESS ? spork_init(&argc, &argv, NULL) : APR_EGENERAL;
    if (strcmp(how, "renamed") == 0) return spork_init(&argc, &argv, renamed);
    if (strcmp(how, "longer") == 0) return spork_init(&argc, &argv, longer);
    return spork_init(&argc, &argv, tasks);
}

static const char *told(void)
{
    const char *how = getenv(TABLE);
    return how != NULL ? how : "";
}

static int other_ways_to_init(int argc, char **argv)
{
    role_check(init_as_told(told(), argc, argv) == APR_SUCCESS);
    if (strcmp(told(), "library only") != 0) role_check(serves(times_two, 4, 8));
    if (strncmp(told(), "library", 7) == 0) role_check(serves(of_the_library, 4, 104));
    return 0;
}

/* This process has the usual table; workers are told of another. */
static int mismatch(int argc, char **argv)
{
    apr_pool_t *mem;
    apr_status_t status;
    spork_pool_t *pool;

    role_check(argc == 3);
    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    role_check(apr_pool_create(&mem, NULL) == APR_SUCCESS);
    role_check(apr_env_set(TABLE, argv[1], mem) == APR_SUCCESS);
    pool = create(&status);
    if (strcmp(argv[2], "fine") == 0) {
        role_check(status == APR_SUCCESS);
        spork_pool_destroy(pool);
        role_check(serves(times_two, 4, 8));
    } else {
        role_check(status == SPORK_EMISMATCH && pool == NULL);
        role_check(spork_error()[0] != '\0');
    }
    return 0;
}

/* What comes after spork_init() is run by one process only. */
static int one_gets_past_init(int argc, char **argv)
{
    apr_pool_t *mem;
    apr_status_t status;

    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    role_check(apr_pool_create(&mem, NULL) == APR_SUCCESS);
    role_check(apr_env_set(TABLE, "loud", mem) == APR_SUCCESS);
    role_check(serves(times_two, 1, 2));
    spork_pool_destroy(create(&status));
    role_check(status == APR_SUCCESS);
    return 0;
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void without_init_there_is_no_pool(void **state)
{
    (void)state;
    assert_role("without_init", NULL, NULL);
}

static void a_second_init_is_refused_and_harmless(void **state)
{
    (void)state;
    assert_role("init_twice", NULL, NULL);
}

static void unsound_tables_are_refused(void **state)
{
    static const char *const which[] = { "0", "1", "2", "3", "4", "5", "6", "7" };
    (void)state;
    for (size_t i = 0; i < LENGTH(which); i++) assert_role("bad_table", which[i], NULL);
}

static void init_leaves_the_arguments_alone(void **state)
{
    (void)state;
    assert_role("init_leaves_arguments", "-x", NULL);
}

static void there_are_other_ways_to_init(void **state)
{
    static const char *const ways[] = { "", "null arguments", "library", "library only", "longer" };
    (void)state;
    for (size_t i = 0; i < LENGTH(ways); i++) {
        const char *env[] = { apr_pstrcat(test_memory(), TABLE "=", ways[i], (char *)NULL), NULL };
        assert_role("other_ways_to_init", NULL, env);
    }
}

static void different_tables_are_a_mismatch(void **state)
{
    static const char *const tables[][2] = {
        { "renamed", "" }, { "longer", "" }, { "library", "" }, { "same", "fine" }
    };

    (void)state;
    needs_spawn();
    for (size_t i = 0; i < LENGTH(tables); i++) {
        const char *args[] = { "mismatch", tables[i][0], tables[i][1], NULL };
        run_t run;
        run_role(&run, args, NULL);
        if (run.exit_code != 0) fail_msg("%s: %s", tables[i][0], run.err);
    }
}

static void a_worker_never_gets_past_init(void **state)
{
    static const char *const args[] = { "one_gets_past_init", NULL };
    run_t run;

    (void)state;
    run_role(&run, args, NULL);
    assert_int_equal(run.exit_code, 0);
    assert_string_equal(run.out, "");
    assert_string_equal(run.err, "");
}

static void a_pool_inside_a_task_is_an_inline_one(void **state)
{
    static const spork_start_e methods[] = { SPORK_START_AUTO, SPORK_START_INLINE, SPORK_START_FORK,
                                             SPORK_START_SPAWN };
    nested_t nested[LENGTH(methods)];
    spork_pool_t *pool;

    (void)state;
    needs_workers();
    pool = start_pool(2);
    assert_success(spork_map(pool, make_pool_inside, methods, sizeof methods[0], nested, sizeof nested[0],
                             LENGTH(methods), NULL));
    for (int i = 0; i < 2; i++) {
        assert_success(nested[i].status);
        assert_int_equal(nested[i].start, SPORK_START_INLINE);
        assert_int_equal(nested[i].workers, 0);
        assert_int_equal(nested[i].result, 42);
    }
    for (int i = 2; i < 4; i++) {
        assert_status(nested[i].status, SPORK_EGUARD);
        assert_true(nested[i].has_words);
    }
    end_pool(pool);
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "without_init", without_init },
                                    { "init_twice", init_twice },
                                    { "bad_table", bad_table },
                                    { "init_leaves_arguments", init_leaves_arguments },
                                    { "other_ways_to_init", other_ways_to_init },
                                    { "mismatch", mismatch },
                                    { "one_gets_past_init", one_gets_past_init } };
    static const struct CMUnitTest tests[] = {
        TEST(without_init_there_is_no_pool), TEST(a_second_init_is_refused_and_harmless),
        TEST(unsound_tables_are_refused),    TEST(init_leaves_the_arguments_alone),
        TEST(there_are_other_ways_to_init),  TEST(different_tables_are_a_mismatch),
        TEST(a_worker_never_gets_past_init), TEST(a_pool_inside_a_task_is_an_inline_one),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (init_as_told(told(), argc, argv) != APR_SUCCESS) return EXIT_FAILURE;
    if (strcmp(told(), "loud") == 0) (void)printf("a worker got past spork_init()\n");
    return RUN_TESTS("guard", tests);
}
