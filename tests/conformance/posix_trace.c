/*
 * Conformance: SPORK_TRACE where the system does not let the file grow.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <apr_env.h>
#include <apr_strings.h>

#include "conformance.h"
#include "json.h"

static apr_status_t work(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(work), SPORK_END };

static void limit(rlim_t most, struct rlimit *former)
{
    struct rlimit lower;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, former), 0);
    lower = *former;
    lower.rlim_cur = most;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &lower), 0);
}

static char *text_of(const char *path)
{
    static char text[200000];
    apr_size_t size = sizeof text - 1;
    apr_file_t *file;

    assert_success(apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, test_memory()));
    assert_success(apr_file_read(file, text, &size));
    text[size] = '\0';
    assert_success(apr_file_close(file));
    return text;
}

/* A pool that is traced, and the file's name: a process's second trace has one of its own. */
static spork_pool_t *make_traced(const char **made)
{
    static int traces;
    const char *path = test_path("trace.json");
    spork_config_t config;
    spork_pool_t *pool;

    traces++;
    *made = traces == 1 ? path : test_path(apr_psprintf(test_memory(), "trace.%d.json", traces));
    make_config(&config, 2);
    assert_success(apr_env_set("SPORK_TRACE", path, test_memory()));
    pool = make_pool(&config);
    assert_success(apr_env_delete("SPORK_TRACE", test_memory()));
    return pool;
}

static void map_more(spork_pool_t *pool, apr_size_t items)
{
    assert_success(spork_map(pool, work, NULL, 0, NULL, 0, items, NULL));
}

/* SIGXFSZ is at its default: it would end the host. */
static void a_limit_on_files_ends_the_trace_and_nothing_else(void **state)
{
    static const rlim_t limits[] = { 20000, 5000, 1000 };
    const char *path;
    struct rlimit former;
    size_t i;

    (void)state;
    for (i = 0; i < LENGTH(limits); i++) {
        spork_pool_t *pool = make_traced(&path);

        limit(limits[i], &former);
        map_more(pool, 1000);
        assert_success(spork_pool_close(pool));
        end_pool(pool);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &former), 0);
        if (json_error(text_of(path)) != NULL) fail_msg("limit %lu: no JSON", (unsigned long)limits[i]);
        assert_success(apr_file_remove(path, test_memory()));
    }
}

static apr_off_t size_of(const char *path)
{
    apr_finfo_t info;

    assert_success(apr_stat(&info, path, APR_FINFO_SIZE, test_memory()));
    return info.size;
}

/* Just below, at, and just above the end of what is there: the closing bracket and its line ends are three bytes. */
static void a_limit_about_where_the_trace_ends_leaves_it_whole(void **state)
{
    const char *path;
    struct rlimit former;

    (void)state;
    for (int more = -9; more <= 6; more++) {
        spork_pool_t *pool = make_traced(&path);

        map_more(pool, 100);
        limit((rlim_t)(size_of(path) + more), &former);
        map_more(pool, 1000);
        assert_success(spork_pool_close(pool));
        end_pool(pool);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &former), 0);
        if (json_error(text_of(path)) != NULL) fail_msg("limit at %d bytes more: no JSON", more);
        assert_success(apr_file_remove(path, test_memory()));
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_limit_on_files_ends_the_trace_and_nothing_else),
        TEST(a_limit_about_where_the_trace_ends_leaves_it_whole),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("a trace without room", tests);
}
