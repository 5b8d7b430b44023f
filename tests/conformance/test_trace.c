/*
 * Conformance: SPORK_TRACE. What stands in the file is JSON whatever happened, and no item is missing. Each run is a
 * process of its own, for the environment and the numbers of its pools.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "json.h"

#define ITEMS 200
#define DEADLY 5 /* every fortieth */
#define MANY 100000
#define WORKERS 2
#define STRANGE "na\"me\\ \n\x01 \xc3\xa9 \xff end"

/* ---- tasks --------------------------------------------------------------------------------------------------- */

static apr_status_t work(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    return spork_task_index(task) % 100 == 99 ? APR_EGENERAL : APR_SUCCESS;
}

static apr_status_t reply(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    return spork_reply(task, "answer", 6);
}

static apr_status_t fall(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    if (spork_task_index(task) % (ITEMS / DEADLY) == 11) die(DIE_KILLED);
    return APR_SUCCESS;
}

static apr_status_t hang(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    for (;;) {
        spork_task_progress(task, 0.5); /* INLINE: the display is called from there */
        apr_sleep(MILLISECOND);
    }
    return APR_SUCCESS;
}

/* An INLINE pool inside a worker: not to be traced. */
static apr_status_t nest(spork_task_t *task, const void *in, void *out)
{
    spork_pool_t *pool;
    apr_status_t status = spork_pool_create(&pool, NULL, NULL);

    (void)task;
    (void)in;
    (void)out;
    if (status == APR_SUCCESS) status = spork_map(pool, work, NULL, 0, NULL, 0, 10, NULL);
    if (status == APR_SUCCESS) status = spork_pool_close(pool);
    spork_pool_destroy(pool);
    return status;
}

static apr_status_t initialize(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(work), SPORK_ENTRY(reply),      SPORK_ENTRY(fall),
                                       SPORK_ENTRY(hang), SPORK_ENTRY(initialize), { STRANGE, nest },
                                       SPORK_END };

/* ---- the traced program: a role -------------------------------------------------------------------------------- */

static apr_status_t open_pool(spork_pool_t **pool, spork_config_t *config)
{
    config->initializer = initialize;
    return spork_pool_create(pool, config, NULL);
}

static int end(spork_pool_t *pool)
{
    role_check(spork_pool_close(pool) == APR_SUCCESS);
    spork_pool_destroy(pool);
    return EXIT_SUCCESS;
}

static apr_status_t map(spork_pool_t *pool, spork_fn_t fn, apr_size_t count)
{
    spork_map_t options = { 0 };
    return spork_map(pool, fn, NULL, 0, NULL, 0, count, &options);
}

static int do_plain(spork_pool_t *pool)
{
    spork_future_t *future;

    role_check(map(pool, work, ITEMS) == SPORK_EFAILED);
    for (int i = 0; i < 20; i++) role_check(spork_submit(&future, pool, reply, NULL, 0) == APR_SUCCESS);
    while (spork_wait_any(pool, -1, &future) == APR_SUCCESS) {
        role_check(spork_future_outcome(future)->out_size == 6);
        spork_future_destroy(future);
    }
    return end(pool);
}

static int do_deaths(spork_pool_t *pool)
{
    spork_future_t *future;

    role_check(map(pool, fall, ITEMS) == SPORK_EFAILED);
    for (int i = 0; i < ITEMS; i++) role_check(spork_submit(&future, pool, fall, NULL, 0) == APR_SUCCESS);
    while (spork_wait_any(pool, -1, &future) == APR_SUCCESS) spork_future_destroy(future);
    return end(pool);
}

/* In the midst of it; the fifth time that the display is called the trace has been written to. */
static void die_at_last(void *baton, const spork_progress_t *progress)
{
    int *calls = baton;

    (void)progress;
    if (++*calls == 5) host_kill_self();
}

static int do_killed(spork_pool_t *pool)
{
    (void)map(pool, hang, ITEMS);
    return end(pool);
}

static int do_terminated(spork_pool_t *pool)
{
    spork_future_t *future;

    for (int i = 0; i < ITEMS; i++) role_check(spork_submit(&future, pool, work, NULL, 0) == APR_SUCCESS);
    role_check(spork_pool_terminate(pool) == APR_SUCCESS);
    spork_pool_destroy(pool);
    return EXIT_SUCCESS;
}

static int do_two(spork_pool_t *pool)
{
    spork_pool_t *second;
    spork_config_t config;

    make_config(&config, WORKERS);
    role_check(open_pool(&second, &config) == APR_SUCCESS);
    role_check(map(pool, work, ITEMS) == SPORK_EFAILED);
    role_check(map(second, work, 10) == APR_SUCCESS);
    return end(pool) + end(second);
}

static int traced(int argc, char **argv)
{
    static int calls;
    spork_config_t config;
    spork_pool_t *pool;
    apr_status_t status;

    role_check(argc == 2 && spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    make_config(&config, WORKERS);
    if (strcmp(argv[1], "killed") == 0) {
        config.progress_fn = die_at_last;
        config.progress_baton = &calls;
    }
    status = open_pool(&pool, &config);
    if (strcmp(argv[1], "refused") == 0) {
        role_check(status != APR_SUCCESS && pool == NULL && strstr(spork_error(), "SPORK_TRACE") != NULL);
        return EXIT_SUCCESS;
    }
    role_check(status == APR_SUCCESS);
    if (strcmp(argv[1], "plain") == 0) return do_plain(pool);
    if (strcmp(argv[1], "deaths") == 0) return do_deaths(pool);
    if (strcmp(argv[1], "killed") == 0) return do_killed(pool);
    if (strcmp(argv[1], "terminated") == 0) return do_terminated(pool);
    if (strcmp(argv[1], "two") == 0) return do_two(pool);
    role_check(map(pool, strcmp(argv[1], "nested") == 0 ? nest : work,
                   strcmp(argv[1], "many") == 0 ? MANY : 4) != APR_EINVAL);
    return end(pool);
}

/* ---- its traces ---------------------------------------------------------------------------------------------------- */

static char *read_all(const char *path)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_size_t size;
    char *text;

    assert_success(
        apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, test_memory()));
    assert_success(apr_file_info_get(&info, APR_FINFO_SIZE, file));
    size = (apr_size_t)info.size;
    text = apr_palloc(test_memory(), size + 1);
    if (size > 0) assert_success(apr_file_read_full(file, text, size, &size));
    text[size] = '\0';
    assert_success(apr_file_close(file));
    return text;
}

/* Removed, for the test's directory must be empty at its end. */
static char *take_trace(const char *name)
{
    const char *path = test_path(name);
    char *text = read_all(path);

    assert_success(apr_file_remove(path, test_memory()));
    if (json_error(text) != NULL) fail_msg("%s: no JSON from here on: %.200s", name, json_error(text));
    return text;
}

static void run_traced(run_t *run, const char *what, const char *name)
{
    const char *role[] = { "traced", what, NULL };
    const char *env[] = { apr_pstrcat(test_memory(), "SPORK_TRACE=", test_path(name), (char *)NULL), NULL };

    run_role(run, role, env);
}

/* A run that must go well; its trace. */
static char *trace_of(const char *what)
{
    run_t run;

    run_traced(&run, what, "trace.json");
    if (run.exit_code != 0) fail_msg("%s: exit code %d: %s%s", what, run.exit_code, run.out, run.err);
    assert_string_equal(run.err, "");
    return take_trace("trace.json");
}

static unsigned long workers(void)
{
    return start_method() == SPORK_START_INLINE ? 0 : WORKERS;
}

static long long all_of(const char *text)
{
    assert_int_equal(json_number(text, "items"), json_count(text, "\"cat\":\"item\""));
    return json_number(text, "items") + json_number(text, "in_bulk") + json_number(text, "left_out");
}

/* ---- tests ------------------------------------------------------------------------------------------------------------ */

static void every_item_has_a_slice(void **state)
{
    char *text = trace_of("plain");

    (void)state;
    assert_int_equal(json_number(text, "items"), ITEMS + 20);
    assert_int_equal(all_of(text), ITEMS + 20);
    assert_int_equal(json_count(text, "{\"name\":\"work\",\"ph\":\"X\""), ITEMS);
    assert_int_equal(json_count(text, "{\"name\":\"reply\",\"ph\":\"X\""), 20);
    assert_int_equal(json_count(text, "\"failed\":"), ITEMS / 100);
    assert_int_equal(json_count(text, "\"item\":99,\"failed\":"), 1);
    assert_int_equal(json_count(text, "\"name\":\"thread_name\""), 1 + workers());
    assert_int_equal(json_count(text, "\"name\":\"start\""), workers());
    assert_int_equal(json_count(text, "\"name\":\"starting\""), workers());
    assert_int_equal(json_count(text, "\"name\":\"end\""), workers());
    assert_int_equal(json_count(text, "initialize"), 0);
    assert_int_equal(json_count(text, "\"name\":\"worker 1\""), workers() > 0);
}

static void deaths_are_told_and_no_item_is_lost(void **state)
{
    char *text;
    unsigned long deaths = 2 * DEADLY;

    (void)state;
    needs_workers();
    text = trace_of("deaths");
    assert_int_equal(all_of(text), 2 * ITEMS);
    assert_int_equal(json_count(text, "\"failed\":\"its worker"), deaths);
    assert_int_equal(json_count(text, "\"item\":11,\"failed\":\"its worker"), 2);
    assert_true(json_count(text, "\"name\":\"start\"") >=
                deaths + 1); /* the last one's may come after the end */
    assert_int_equal(json_count(text, "\"name\":\"end\""), json_count(text, "\"name\":\"start\""));
}

/* All are in the sum, however many have no slice of their own. */
static void many_items_are_summed_up(void **state)
{
    char *text = trace_of("many");

    (void)state;
    assert_int_equal(all_of(text), MANY);
    assert_int_equal(json_number(text, "left_out"), 0);
}

static void a_killed_parent_leaves_json(void **state)
{
    run_t run;
    char *text;

    (void)state;
    run_traced(&run, "killed", "trace.json");
    assert_int_not_equal(run.exit_code, 0);
    text = take_trace("trace.json");
    assert_int_equal(json_count(text, "\"name\":\"start\""), workers());
}

static void a_terminated_pool_leaves_json(void **state)
{
    char *text = trace_of("terminated");

    (void)state;
    assert_true(all_of(text) <= ITEMS);
    assert_int_equal(json_count(text, "\"name\":\"end\""), json_count(text, "\"name\":\"start\""));
}

static void a_pool_inside_a_worker_has_none(void **state)
{
    char *text;

    (void)state;
    needs_workers();
    text = trace_of("nested");
    assert_int_equal(all_of(text), 4);
    assert_int_equal(json_count(text, "na\\\"me\\\\ \\u000a\\u0001 \xc3\xa9 \\ufffd end"), 4);
    assert_int_equal(json_count(text, "\"name\":\"work\""), 0);
    /* the test's end finds any other file in the directory */
}

static void each_pool_has_its_file(void **state)
{
    static const struct {
        const char *first, *second;
    } names[] = {
        { "a.json", "a.2.json" }, { "a.b", "a.2.b" }, { "plain", "plain.2" }, { ".json", ".json.2" }
    };
    run_t run;

    (void)state;
    for (size_t i = 0; i < LENGTH(names); i++) {
        run_traced(&run, "two", names[i].first);
        assert_int_equal(run.exit_code, 0);
        assert_int_equal(all_of(take_trace(names[i].first)), ITEMS);
        assert_int_equal(all_of(take_trace(names[i].second)), 10);
    }
}

/* What was there before is gone, also if it was longer. */
static void an_old_trace_is_overwritten(void **state)
{
    apr_file_t *file;

    (void)state;
    assert_success(apr_file_open(&file, test_path("trace.json"), APR_FOPEN_WRITE | APR_FOPEN_CREATE,
                                 APR_FPROT_OS_DEFAULT, test_memory()));
    for (int i = 0; i < 50000; i++) assert_true(apr_file_puts("old text, ", file) == APR_SUCCESS);
    assert_success(apr_file_close(file));
    assert_int_equal(json_count(trace_of("plain"), "old text"), 0);
}

static void a_file_that_cannot_be_is_refused(void **state)
{
    char *names[3];
    run_t run;

    (void)state;
    names[0] = apr_psprintf(test_memory(), "missing/trace.json");
    names[1] = apr_psprintf(test_memory(), "."); /* a directory */
    names[2] = apr_palloc(test_memory(), 1201);
    memset(names[2], 'x', 1200);
    names[2][1200] = '\0';
    for (size_t i = 0; i < LENGTH(names); i++) {
        run_traced(&run, "refused", names[i]);
        if (run.exit_code != 0) fail_msg("%.40s: %s", names[i], run.err);
        assert_no_children();
    }
}

static void an_empty_name_is_none(void **state)
{
    static const char *const role[] = { "traced", "plain", NULL }, *const env[] = { "SPORK_TRACE=", NULL };
    run_t run;

    (void)state;
    run_role(&run, role, env);
    assert_int_equal(run.exit_code, 0);
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "traced", traced } };
    static const struct CMUnitTest tests_of_traces[] = {
        TEST(every_item_has_a_slice),           TEST(deaths_are_told_and_no_item_is_lost),
        TEST(many_items_are_summed_up),         TEST(a_killed_parent_leaves_json),
        TEST(a_terminated_pool_leaves_json),    TEST(a_pool_inside_a_worker_has_none),
        TEST(each_pool_has_its_file),           TEST(an_old_trace_is_overwritten),
        TEST(a_file_that_cannot_be_is_refused), TEST(an_empty_name_is_none),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("trace", tests_of_traces);
}
