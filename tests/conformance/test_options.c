/*
 * Conformance: options mean the same to every start method (behaviour 39), the environment overrides
 * them, and bad input is an error with words that costs nothing (behaviour 4).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

/* ---- tasks ---------------------------------------------------------------------------------- */

/* A digest of the initializer's argument, as this worker saw it. */
static apr_uint64_t seen_size, seen_digest;

static apr_uint64_t digest(const unsigned char *bytes, apr_size_t size)
{
    apr_uint64_t sum = 1469598103934665603u;
    for (apr_size_t i = 0; i < size; i++) sum = (sum ^ bytes[i]) * 1099511628211u;
    return sum;
}

static apr_status_t see_argument(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    seen_size = spork_task_in_size(task);
    seen_digest = digest(in, spork_task_in_size(task));
    return APR_SUCCESS;
}

typedef struct {
    apr_uint64_t size, digest;
    apr_int64_t pid;
} seen_t;

static apr_status_t tell_seen(spork_task_t *task, const void *in, void *out)
{
    seen_t *seen = out;
    (void)task;
    (void)in;
    seen->size = seen_size;
    seen->digest = seen_digest;
    seen->pid = host_pid();
    return APR_SUCCESS;
}

static volatile int for_ever = 1;

static apr_status_t sleep_for_ever(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    while (for_ever) apr_sleep(SECOND);
    return APR_SUCCESS;
}

static apr_status_t echo(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    return spork_reply(task, in, spork_task_in_size(task));
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(see_argument), SPORK_ENTRY(tell_seen),
                                       SPORK_ENTRY(sleep_for_ever), SPORK_ENTRY(echo), SPORK_END };

/* ---- 39: options ---------------------------------------------------------------------------- */

/* The argument is large and full of zeros: it must not travel as a string, nor in a command line. */
static void the_initializers_argument_arrives_whole(void **state)
{
    static const apr_size_t sizes[] = { 0, 1, 100, 4096, 5000, 1000003 };
    unsigned char *argument = calloc(1, 1000003);

    (void)state;
    assert_non_null(argument);
    for (apr_size_t i = 0; i < 1000003; i += 3) argument[i] = (unsigned char)(i >> 4);
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        spork_config_t config;
        spork_pool_t *pool;
        seen_t seen[20];
        make_config(&config, 2);
        config.initializer = see_argument;
        config.init_arg = sizes[i] > 0 ? argument : NULL;
        config.init_size = sizes[i];
        pool = make_pool(&config);
        assert_success(spork_map(pool, tell_seen, NULL, 0, seen, sizeof seen[0], 20, NULL));
        for (int k = 0; k < 20; k++) {
            assert_int_equal(seen[k].size, sizes[i]);
            assert_true(seen[k].digest == digest(argument, sizes[i]));
        }
        end_pool(pool);
    }
    free(argument);
}

/* All of them at once; each shows its effect. */
static void every_option_at_another_value_has_its_effect(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    spork_future_t *future;
    seen_t seen[30];
    unsigned char *large;

    (void)state;
    needs_workers();
    large = apr_pcalloc(test_memory(), 64 * MIB);
    make_config(&config, 3);
    config.initializer = see_argument;
    config.init_arg = "options";
    config.init_size = 7;
    config.start_timeout = 50 * SECOND;
    config.max_tasks = 4;
    config.timeout = 400 * slow_factor() * MILLISECOND;
    config.retries = 1;
    config.memory_limit = 64 * MIB;
    config.arena_size = 8 * MIB;
    config.program = self_path();
    pool = make_pool(&config);
    assert_int_equal(spork_pool_workers(pool), 3);
    assert_int_equal(spork_pool_start(pool), start_method());
    assert_success(spork_map(pool, tell_seen, NULL, 0, seen, sizeof seen[0], 30, NULL));
    for (int i = 0; i < 30; i++) {
        int same = 0;
        for (int k = 0; k < 30; k++) same += seen[k].pid == seen[i].pid;
        assert_true(same <= 4 && seen[i].size == 7 &&
                    seen[i].digest == digest((const unsigned char *)"options", 7));
    }
    assert_success(spork_submit(&future, pool, sleep_for_ever, NULL, 0));
    assert_success(spork_future_wait(future, -1));
    assert_status(spork_future_outcome(future)->status, SPORK_EDEADLINE);
    assert_int_equal(spork_future_outcome(future)->attempts, 2);
    assert_failed(spork_submit(&future, pool, echo, large, 64 * MIB), SPORK_ETOOBIG);
    end_pool(pool);
}

static void defaults_are_all_zero_but_the_size(void **state)
{
    spork_config_t config;

    (void)state;
    memset(&config, 0xff, sizeof config);
    spork_config_init(&config);
    assert_int_equal(config.size, sizeof config);
    assert_int_equal(config.workers, 0);
    assert_int_equal(config.start, SPORK_START_AUTO);
    assert_true(config.initializer == NULL && config.init_arg == NULL && config.init_size == 0);
    assert_true(config.start_timeout == 0 && config.timeout == 0 && config.max_tasks == 0 &&
                config.retries == 0);
    assert_true(config.memory_limit == 0 && config.arena_size == 0 && config.program == NULL);
    assert_true(config.log_dir == NULL && config.progress == 0);
    assert_true(config.log_level == 0 && config.log_output == 0 && config.log_merge == NULL);
    assert_true(config.progress_fn == NULL && config.progress_baton == NULL &&
                config.progress_interval == 0 && config.progress_label == NULL);
}

/* A program compiled when the struct ended after its third member: nothing behind that is read or written. */
static void an_older_programs_smaller_config_is_understood(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    apr_size_t old_size = offsetof(spork_config_t, initializer);

    (void)state;
    memset(&config, 0xa5, sizeof config);
    spork_config_init_size(&config, old_size);
    for (apr_size_t i = old_size; i < sizeof config; i++)
        assert_int_equal(((unsigned char *)&config)[i], 0xa5);
    config.workers = 2;
    config.start = start_method();
    pool = make_pool(&config);
    assert_int_equal(spork_pool_workers(pool), start_method() == SPORK_START_INLINE ? 0 : 2);
    end_pool(pool);
}

static void the_default_config_works(void **state)
{
    spork_pool_t *pool = NULL;
    seen_t seen[10];

    (void)state;
    assert_success(spork_pool_create(&pool, NULL, test_memory()));
    assert_true(spork_pool_start(pool) == SPORK_START_FORK || spork_pool_start(pool) == SPORK_START_SPAWN);
    assert_int_equal(spork_pool_workers(pool), spork_cpu_count());
    assert_success(spork_map(pool, tell_seen, NULL, 0, seen, sizeof seen[0], 10, NULL));
    end_pool(pool);
}

/* ---- the environment ------------------------------------------------------------------------ */

/* What the environment should lead to, in words: a status, or start method and workers. */
static int create_from_environment(int argc, char **argv)
{
    spork_config_t config;
    spork_pool_t *pool = NULL;
    apr_status_t status;

    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    spork_config_init(&config);
    config.start = start_method();
    config.workers = 2;
    status = spork_pool_create(&pool, &config, NULL);
    if (status == APR_SUCCESS)
        (void)printf("start %d workers %d", (int)spork_pool_start(pool), spork_pool_workers(pool));
    else
        (void)printf("%s, %s: %s",
                     status == APR_EINVAL     ? "invalid"
                     : status == APR_ENOTIMPL ? "missing"
                                              : "other",
                     pool == NULL ? "no pool" : "a pool", spork_error());
    spork_pool_destroy(pool);
    return 0;
}

static const char *created_with(const char *setting)
{
    static const char *const args[] = { "create_from_environment", NULL };
    const char *env[] = { setting, NULL };
    run_t run;

    run_role(&run, args, env);
    assert_int_equal(run.exit_code, 0);
    assert_string_equal(run.err, "");
    return run.out;
}

static void the_environment_overrides_the_start_method(void **state)
{
    static const struct {
        const char *name;
        spork_start_e start;
    } methods[] = { { "fork", SPORK_START_FORK },
                    { "spawn", SPORK_START_SPAWN },
                    { "inline", SPORK_START_INLINE } };

    (void)state;
    for (size_t i = 0; i < LENGTH(methods); i++) {
        const char *out =
            created_with(apr_pstrcat(test_memory(), "SPORK_START=", methods[i].name, (char *)NULL));
        if (methods[i].start == SPORK_START_FORK && !host_can_fork())
            assert_non_null(strstr(out, "missing, no pool: "));
        else
            assert_string_equal(out, apr_psprintf(test_memory(), "start %d workers %d", (int)methods[i].start,
                                                  methods[i].start == SPORK_START_INLINE ? 0 : 2));
    }
}

static void the_environment_overrides_the_number_of_workers(void **state)
{
    (void)state;
    needs_workers();
    assert_string_equal(created_with("SPORK_WORKERS=3"),
                        apr_psprintf(test_memory(), "start %d workers 3", (int)start_method()));
    assert_string_equal(created_with("SPORK_WORKERS=1"),
                        apr_psprintf(test_memory(), "start %d workers 1", (int)start_method()));
}

/* The words repeat what was wrong, so that it is found. */
static void bad_values_in_the_environment_are_told(void **state)
{
    static const char *const bad[] = {
        "SPORK_START=banana",       "SPORK_START=forkk",    "SPORK_START=spawn,fork",
        "SPORK_WORKERS=0",          "SPORK_WORKERS=-3",     "SPORK_WORKERS=abc",
        "SPORK_WORKERS=3x",         "SPORK_WORKERS=100000", "SPORK_WORKERS=99999999999999999999",
        "SPORK_WORKERS=4294967298", "SPORK_WORKERS=+2",     "SPORK_WORKERS= 2"
    };

    (void)state;
    for (size_t i = 0; i < LENGTH(bad); i++) {
        const char *out = created_with(bad[i]), *value = strchr(bad[i], '=') + 1;
        char *name = apr_pstrndup(test_memory(), bad[i], (apr_size_t)(value - bad[i]) - 1);
        if (strncmp(out, "invalid, no pool: ", 18) != 0 || strstr(out, name) == NULL ||
            strstr(out, value) == NULL)
            fail_msg("%s: %s", bad[i], out);
    }
}

/* ---- bad input ------------------------------------------------------------------------------ */

static void refused(const spork_config_t *config, apr_status_t want)
{
    spork_pool_t *pool = (spork_pool_t *)&pool;
    assert_failed(spork_pool_create(&pool, config, test_memory()), want);
    assert_null(pool);
    assert_no_children();
}

static void values_out_of_range_are_refused(void **state)
{
    static const int workers[] = { -1, INT32_MIN, SPORK_WORKERS_MAX + 1, 100000, INT32_MAX };
    spork_config_t config;

    (void)state;
    for (size_t i = 0; i < LENGTH(workers); i++) {
        make_config(&config, workers[i]);
        refused(&config, APR_EINVAL);
    }
    make_config(&config, 1);
    config.start = (spork_start_e)99;
    refused(&config, APR_EINVAL);
    make_config(&config, 1);
    config.retries = -1;
    refused(&config, APR_EINVAL);
    make_config(&config, 1);
    config.timeout = -1;
    refused(&config, APR_EINVAL);
    make_config(&config, 1);
    config.start_timeout = -1;
    refused(&config, APR_EINVAL);
    make_config(&config, 1);
    config.initializer = see_argument;
    config.init_size = 10;
    refused(&config, APR_EINVAL);
    make_config(&config, 1);
    config.memory_limit = 1;
    refused(&config, APR_EINVAL);
    make_config(&config, 1);
    config.memory_limit = SPORK_MEMORY_LIMIT_MIN - 1;
    refused(&config, APR_EINVAL);
    make_config(&config, 1);
    config.size = 0;
    refused(&config, APR_EINVAL);
}

static void an_impossible_arena_is_refused_or_made_smaller(void **state)
{
    spork_config_t config;
    spork_pool_t *pool = NULL;

    (void)state;
    make_config(&config, 1);
    config.arena_size = (apr_size_t)-1;
    if (spork_pool_create(&pool, &config, test_memory()) == APR_SUCCESS) {
        seen_t seen;
        assert_success(spork_map(pool, tell_seen, NULL, 0, &seen, sizeof seen, 1, NULL));
        end_pool(pool);
    } else {
        assert_null(pool);
        assert_string_not_equal(spork_error(), "");
        assert_no_children();
    }
}

static void null_is_an_error_or_nothing_everywhere(void **state)
{
    spork_pool_t *pool = start_pool(1);
    spork_future_t *future = NULL;
    spork_config_t config;
    apr_int64_t pids[1];

    (void)state;
    make_config(&config, 1);
    assert_failed(spork_pool_create(NULL, &config, NULL), APR_EINVAL);
    assert_failed(spork_submit(NULL, pool, echo, NULL, 0), APR_EINVAL);
    assert_failed(spork_submit(&future, NULL, echo, NULL, 0), APR_EINVAL);
    assert_failed(spork_submit(&future, pool, echo, NULL, 1), APR_EINVAL);
    assert_true(spork_submit(&future, pool, NULL, NULL, 0) != APR_SUCCESS);
    assert_null(future);
    assert_failed(spork_future_wait(NULL, 0), APR_EINVAL);
    assert_failed(spork_future_cancel(NULL), APR_EINVAL);
    assert_null(spork_future_outcome(NULL));
    spork_future_destroy(NULL);
    assert_failed(spork_wait_any(NULL, 0, &future), APR_EINVAL);
    assert_failed(spork_wait_any(pool, 0, NULL), APR_EINVAL);
    assert_failed(spork_pool_close(NULL), APR_EINVAL);
    assert_failed(spork_pool_terminate(NULL), APR_EINVAL);
    spork_pool_interrupt(NULL);
    assert_int_equal(spork_pool_workers(NULL), 0);
    assert_int_equal(spork_pool_pids(NULL, pids, 1), 0);
    assert_int_equal(spork_pool_pids(pool, NULL, 1), 0);
    assert_int_equal(spork_pool_pids(pool, pids, -1), 0);
    spork_config_init_size(NULL, sizeof config);
    end_pool(pool);
}

static void statuses_have_words(void **state)
{
    static const apr_status_t statuses[] = { SPORK_EGUARD,    SPORK_ENOTTASK,     SPORK_EFAILED,
                                             SPORK_ECRASHED,  SPORK_EDEADLINE,    SPORK_ECANCELLED,
                                             SPORK_ECLOSED,   SPORK_EINITIALIZER, SPORK_ESTART,
                                             SPORK_EMISMATCH, SPORK_ETOOBIG,      SPORK_EMEMORY };
    char words[LENGTH(statuses)][256], small[8], apr_words[256];

    (void)state;
    for (size_t i = 0; i < LENGTH(statuses); i++) {
        assert_ptr_equal(spork_strerror(statuses[i], words[i], sizeof words[i]), words[i]);
        assert_true(strlen(words[i]) > 5);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(words[i], words[k]);
        memset(small, 'x', sizeof small);
        (void)spork_strerror(statuses[i], small, 5);
        assert_int_equal(strlen(small), 4);
        assert_memory_equal(small, words[i], 4);
        assert_int_equal(small[5], 'x');
    }
    memset(small, 'x', sizeof small);
    assert_ptr_equal(spork_strerror(SPORK_EGUARD, small, 0), small);
    assert_int_equal(small[0], 'x');
    assert_null(spork_strerror(SPORK_EGUARD, NULL, 10));
    assert_string_equal(spork_strerror(APR_ENOENT, words[0], sizeof words[0]),
                        apr_strerror(APR_ENOENT, apr_words, sizeof apr_words));
    assert_non_null(spork_error());
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "create_from_environment", create_from_environment } };
    static const struct CMUnitTest tests[] = {
        TEST(the_initializers_argument_arrives_whole),
        TEST(every_option_at_another_value_has_its_effect),
        TEST(defaults_are_all_zero_but_the_size),
        TEST(an_older_programs_smaller_config_is_understood),
        TEST(the_default_config_works),
        TEST(the_environment_overrides_the_start_method),
        TEST(the_environment_overrides_the_number_of_workers),
        TEST(bad_values_in_the_environment_are_told),
        TEST(values_out_of_range_are_refused),
        TEST(an_impossible_arena_is_refused_or_made_smaller),
        TEST(null_is_an_error_or_nothing_everywhere),
        TEST(statuses_have_words),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("options", tests);
}
