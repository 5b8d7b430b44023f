/*
 * Conformance: initializers: seen by every task, also of replacements; and those that fail (behaviour 17).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_file_info.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define OWN_STATUS (APR_OS_START_USERERR + 42)

typedef enum { FINE, FAILS, DIES, NEVER_RETURNS } manner_e;

/* The initializer's argument. It leaves a file for each time it ran, and looks for one that spoils it. */
typedef struct {
    apr_int64_t manner;
    apr_int64_t value;
    int leave_files;
    char spoiler[512]; /* a path, or "" */
    char directory[512];
} setup_t;

static apr_int64_t state_of_worker = -1;

static void leave_file(spork_task_t *task, const setup_t *setup)
{
    apr_file_t *file;
    apr_pool_t *mem = spork_task_pool(task);
    const char *path = apr_psprintf(mem, "%s/ran-%ld", setup->directory, (long)host_pid());

    if (apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_FPROT_OS_DEFAULT, mem) ==
        APR_SUCCESS)
        (void)apr_file_close(file);
}

static apr_status_t prepare_worker(spork_task_t *task, const void *in, void *out)
{
    const setup_t *setup = in;
    apr_finfo_t info;
    int spoilt = setup->spoiler[0] != '\0' &&
                 apr_stat(&info, setup->spoiler, APR_FINFO_TYPE, spork_task_pool(task)) == APR_SUCCESS;

    if (out != NULL || spork_task_in_size(task) != sizeof *setup) return APR_EINVAL;
    if (setup->leave_files) leave_file(task, setup);
    if (setup->manner == DIES) die(DIE_EXIT_3);
    while (setup->manner == NEVER_RETURNS) apr_sleep(SECOND);
    if (setup->manner == FAILS || spoilt) {
        spork_fail(task, "no dictionary called %s", "klingon");
        return OWN_STATUS;
    }
    state_of_worker = setup->value;
    return APR_SUCCESS;
}

static apr_status_t tell_state(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    *(apr_int64_t *)out = state_of_worker;
    return APR_SUCCESS;
}

static apr_status_t die_or_tell_state(spork_task_t *task, const void *in, void *out)
{
    if (*(const int *)in) die(DIE_KILLED);
    return tell_state(task, in, out);
}

static apr_status_t die_or_reply(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    if (*(const int *)in) die(DIE_KILLED);
    return spork_reply(task, &state_of_worker, sizeof state_of_worker);
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(prepare_worker), SPORK_ENTRY(tell_state),
                                       SPORK_ENTRY(die_or_tell_state), SPORK_ENTRY(die_or_reply), SPORK_END };

static void make_setup(setup_t *setup, spork_config_t *config, int workers, manner_e manner)
{
    memset(setup, 0, sizeof *setup);
    setup->manner = manner;
    setup->value = 4711;
    apr_cpystrn(setup->directory, test_directory(), sizeof setup->directory);
    make_config(config, workers);
    config->initializer = prepare_worker;
    config->init_arg = setup;
    config->init_size = sizeof *setup;
}

/* Counts the files that initializers left, and removes them. */
static int take_files(void)
{
    apr_dir_t *dir;
    apr_finfo_t info;
    int count = 0;

    assert_success(apr_dir_open(&dir, test_directory(), test_memory()));
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS)
        if (strncmp(info.name, "ran-", 4) == 0) {
            assert_success(apr_file_remove(test_path(info.name), test_memory()));
            count++;
        }
    assert_success(apr_dir_close(dir));
    return count;
}

static void every_worker_is_initialized_before_its_first_item(void **state)
{
    apr_int64_t out[300];
    setup_t setup;
    spork_config_t config;

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool;
        make_setup(&setup, &config, workers, FINE);
        setup.leave_files = 1;
        pool = make_pool(&config);
        memset(&setup, 0xff, sizeof setup); /* it was copied */
        assert_int_equal(take_files(), workers);
        assert_success(spork_map(pool, tell_state, NULL, 0, out, sizeof out[0], LENGTH(out), NULL));
        for (size_t i = 0; i < LENGTH(out); i++) assert_int_equal(out[i], 4711);
        end_pool(pool);
    }
}

static void replacements_are_initialized_as_well(void **state)
{
    int in[60];
    apr_int64_t out[60];
    setup_t setup;
    spork_config_t config;
    spork_pool_t *pool;
    spork_map_t options = { 0 };

    (void)state;
    needs_workers();
    make_setup(&setup, &config, 2, FINE);
    pool = make_pool(&config);
    memset(&setup, 0xff, sizeof setup);
    for (int i = 0; i < 60; i++) in[i] = i % 10 == 3;
    assert_status(spork_map(pool, die_or_tell_state, in, sizeof in[0], out, sizeof out[0], 60, &options),
                  SPORK_EFAILED);
    assert_int_equal(options.n_failures, 6);
    for (int i = 0; i < 60; i++) assert_true(in[i] || out[i] == 4711);
    end_pool(pool);
}

static void a_failing_initializer_fails_the_creation_with_its_words(void **state)
{
    setup_t setup;
    spork_config_t config;

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = (spork_pool_t *)&setup;
        make_setup(&setup, &config, workers, FAILS);
        setup.leave_files = 1;
        assert_failed(spork_pool_create(&pool, &config, test_memory()), SPORK_EINITIALIZER);
        assert_null(pool);
        assert_non_null(strstr(spork_error(), "no dictionary called klingon"));
        assert_no_children();
        assert_true(take_files() <= workers * 4);
    }
}

static void a_dying_initializer_fails_the_creation(void **state)
{
    setup_t setup;
    spork_config_t config;

    (void)state;
    needs_workers();
    for_each_workers(workers)
    {
        spork_pool_t *pool = NULL;
        make_setup(&setup, &config, workers, DIES);
        setup.leave_files = 1;
        assert_failed(spork_pool_create(&pool, &config, test_memory()), SPORK_EINITIALIZER);
        assert_null(pool);
        assert_no_children();
        assert_true(take_files() <= workers * 4);
    }
}

static void an_initializer_that_never_returns_is_ended_in_time(void **state)
{
    setup_t setup;
    spork_config_t config;

    (void)state;
    needs_workers();
    for_each_workers(workers)
    {
        spork_pool_t *pool = NULL;
        make_setup(&setup, &config, workers, NEVER_RETURNS);
        config.start_timeout = 300 * MILLISECOND;
        assert_failed(spork_pool_create(&pool, &config, test_memory()), SPORK_ESTART);
        assert_null(pool);
        assert_no_children();
    }
}

/* A pool of one worker that is fine; then something that the initializer needs breaks. */
static spork_pool_t *make_pool_to_be_spoilt(const char *spoiler)
{
    setup_t setup;
    spork_config_t config;
    spork_pool_t *pool;
    apr_file_t *file;

    make_setup(&setup, &config, 1, FINE);
    apr_cpystrn(setup.spoiler, spoiler, sizeof setup.spoiler);
    pool = make_pool(&config);
    assert_success(apr_file_open(&file, spoiler, APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_FPROT_OS_DEFAULT,
                                 test_memory()));
    assert_success(apr_file_close(file));
    return pool;
}

static void an_initializer_that_fails_later_ends_the_map(void **state)
{
    int in[40];
    apr_int64_t out[40];
    spork_pool_t *pool;
    spork_map_t options = { 0 };
    char *spoiler = test_path("spoiler");

    (void)state;
    needs_workers();
    pool = make_pool_to_be_spoilt(spoiler);
    for (int i = 0; i < 40; i++) in[i] = i == 4;
    options.chunk = 1;
    assert_failed(spork_map(pool, die_or_tell_state, in, sizeof in[0], out, sizeof out[0], 40, &options),
                  SPORK_EINITIALIZER);
    assert_int_equal(options.n_failures, 36);
    assert_status(options.failures[0].status, SPORK_ECRASHED);
    for (int i = 1; i < 36; i++) {
        assert_int_equal(options.failures[i].index, i + 4);
        assert_status(options.failures[i].status, SPORK_ECANCELLED);
    }
    assert_success(apr_file_remove(spoiler, test_memory()));
    spork_pool_destroy(pool);
}

/* One that kills its worker, and three that are left over. */
static void submit_four(spork_pool_t *pool, spork_future_t **futures)
{
    for (int i = 0; i < 4; i++) {
        const int dies = i == 0;
        assert_success(spork_submit(&futures[i], pool, die_or_reply, &dies, sizeof dies));
    }
}

static void assert_one_crashed(spork_future_t **futures)
{
    for (int i = 0; i < 4; i++) {
        assert_non_null(spork_future_outcome(futures[i]));
        assert_status(spork_future_outcome(futures[i])->status, i == 0 ? SPORK_ECRASHED : SPORK_ECANCELLED);
    }
}

static void an_initializer_that_fails_later_ends_the_futures(void **state)
{
    spork_future_t *futures[4], *any;
    spork_pool_t *pool;
    char *spoiler = test_path("spoiler");
    const int dies = 0;

    (void)state;
    needs_workers();
    pool = make_pool_to_be_spoilt(spoiler);
    submit_four(pool, futures);
    assert_failed(spork_future_wait(futures[3], -1), SPORK_EINITIALIZER);
    assert_non_null(strstr(spork_error(), "no dictionary called klingon"));
    assert_one_crashed(futures);
    assert_failed(spork_submit(&any, pool, die_or_reply, &dies, sizeof dies), SPORK_EINITIALIZER);
    assert_null(any);
    assert_success(apr_file_remove(spoiler, test_memory()));
    spork_pool_destroy(pool);

    pool = make_pool_to_be_spoilt(spoiler);
    submit_four(pool, futures);
    for (int i = 0; i < 4; i++) { /* all are handed out: one died, the others are given up */
        assert_success(spork_wait_any(pool, -1, &any));
        assert_non_null(any);
    }
    assert_status(spork_wait_any(pool, -1, &any), APR_EOF);
    assert_one_crashed(futures);
    assert_success(apr_file_remove(spoiler, test_memory()));
    spork_pool_destroy(pool);
}

static apr_status_t unregistered(spork_task_t *task, const void *in, void *out)
{
    return prepare_worker(task, in, out);
}

static void an_unregistered_initializer_is_refused(void **state)
{
    spork_config_t config;
    spork_pool_t *pool = (spork_pool_t *)&config;

    (void)state;
    make_config(&config, 2);
    config.initializer = unregistered;
    assert_failed(spork_pool_create(&pool, &config, test_memory()), SPORK_ENOTTASK);
    assert_null(pool);
    assert_no_children();
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(every_worker_is_initialized_before_its_first_item),
        TEST(replacements_are_initialized_as_well),
        TEST(a_failing_initializer_fails_the_creation_with_its_words),
        TEST(a_dying_initializer_fails_the_creation),
        TEST(an_initializer_that_never_returns_is_ended_in_time),
        TEST(an_initializer_that_fails_later_ends_the_map),
        TEST(an_initializer_that_fails_later_ends_the_futures),
        TEST(an_unregistered_initializer_is_refused),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("initializer", tests);
}
