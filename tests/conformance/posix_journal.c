/*
 * Conformance: journals that find no room: the batch ends in order, with words, and what was recorded counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include <apr_file_io.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance.h"

#define ITEMS 2000
#define ROOM 20000 /* bytes of a file, while there is little */

static apr_status_t square(spork_task_t *task, const void *in, void *out)
{
    apr_uint64_t n = *(const apr_uint64_t *)in, result = n * n;

    if (out == NULL) return spork_reply(task, &result, sizeof result);
    *(apr_uint64_t *)out = result;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(square), SPORK_END };

/* The soft limit of this process; its workers have started before. SIGXFSZ is at its default: it would end it. */
static void limit_files(rlim_t bytes)
{
    struct rlimit both;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &both), 0);
    both.rlim_cur = bytes < both.rlim_max ? bytes : both.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &both), 0);
}

static off_t size_of(const char *path)
{
    struct stat about;

    assert_int_equal(stat(path, &about), 0);
    return about.st_size;
}

/* ---- maps ------------------------------------------------------------------------------------------------------ */

typedef struct {
    apr_uint64_t in[ITEMS], out[ITEMS];
    spork_map_t options;
} map_t;

static apr_status_t run_map(spork_pool_t *pool, map_t *map)
{
    memset(map->out, 0, sizeof map->out);
    return spork_map(pool, square, map->in, 8, map->out, 8, ITEMS, &map->options);
}

static void map_finds_no_room(void **state)
{
    const char *path = test_path("journal");
    spork_pool_t *pool = start_pool(2);
    static map_t map;

    (void)state;
    memset(&map, 0, sizeof map);
    for (apr_uint64_t i = 0; i < ITEMS; i++) map.in[i] = i;
    assert_success(run_map(pool, &map)); /* the arena grows now, if ever: it is a file, too */
    map.options.journal = path;
    limit_files(ROOM / 4);
    assert_failed(run_map(pool, &map), EFBIG);
    assert_non_null(strstr(spork_error(), path));
    assert_true(size_of(path) <= ROOM / 4);
    assert_failed(run_map(pool, &map), EFBIG);
    limit_files(RLIM_INFINITY);
    assert_success(run_map(pool, &map));
    for (apr_uint64_t i = 0; i < ITEMS; i++) assert_true(map.out[i] == i * i);
    assert_success(run_map(pool, &map));
    assert_int_equal(map.options.n_resumed, ITEMS);
    end_pool(pool);
    assert_int_equal(unlink(path), 0);
}

/* Not even for the head: no file is left, and nothing runs. */
static void no_room_for_the_head(void **state)
{
    const char *path = test_path("journal");
    spork_pool_t *pool = start_pool(2);
    static map_t map;

    (void)state;
    memset(&map, 0, sizeof map);
    map.options.journal = path;
    limit_files(100);
    assert_failed(run_map(pool, &map), EFBIG);
    limit_files(RLIM_INFINITY);
    assert_non_null(strstr(spork_error(), path));
    assert_int_equal(access(path, F_OK), -1);
    for (int i = 0; i < ITEMS; i++) assert_true(map.out[i] == 0);
    end_pool(pool);
}

/* ---- streams --------------------------------------------------------------------------------------------------- */

typedef struct {
    apr_uint64_t input;
    apr_size_t drawn, delivered, good, failed;
    apr_status_t failure;
    apr_size_t n_resumed;
} flow_t;

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    flow_t *flow = baton;

    if (flow->drawn == ITEMS) return APR_EOF;
    flow->input = flow->drawn++;
    *in = &flow->input;
    *in_size = sizeof flow->input;
    return APR_SUCCESS;
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    flow_t *flow = baton;

    assert_int_equal(outcome->index, flow->delivered++);
    if (outcome->status == APR_SUCCESS) {
        apr_uint64_t result;
        assert_int_equal(outcome->out_size, sizeof result);
        memcpy(&result, outcome->out, sizeof result);
        assert_true(result == (apr_uint64_t)outcome->index * outcome->index);
        flow->good++;
        return APR_SUCCESS;
    }
    assert_null(outcome->out);
    if (outcome->status == EFBIG) assert_non_null(strstr(outcome->message, "recorded"));
    if (outcome->status == EFBIG) flow->failed++;
    return APR_SUCCESS;
}

static apr_status_t run_stream(spork_pool_t *pool, flow_t *flow, const char *path)
{
    spork_stream_t options = { 0 };

    memset(flow, 0, sizeof *flow);
    options.journal = path;
    options.n_resumed = &flow->n_resumed;
    return spork_stream(pool, square, draw, deliver, flow, &options);
}

static void stream_finds_no_room(void **state)
{
    const char *path = test_path("journal");
    spork_pool_t *pool = start_pool(2);
    flow_t flow;
    apr_size_t good;

    (void)state;
    assert_success(run_stream(pool, &flow, NULL));
    limit_files(ROOM);
    assert_failed(run_stream(pool, &flow, path), EFBIG);
    limit_files(RLIM_INFINITY);
    assert_non_null(strstr(spork_error(), path));
    assert_int_equal(flow.delivered, flow.drawn);
    assert_true(flow.failed > 0);
    assert_true(flow.drawn < ITEMS || flow.good < ITEMS);
    good = flow.good;
    assert_success(run_stream(pool, &flow, path));
    assert_true(flow.n_resumed >= good);
    assert_true(flow.n_resumed < ITEMS);
    assert_int_equal(flow.good, ITEMS);
    end_pool(pool);
    assert_int_equal(unlink(path), 0);
}

/* ---- who may not write ---------------------------------------------------------------------------------------------- */

static void a_file_that_cannot_be_written(void **state)
{
    const char *path = test_path("journal");
    spork_pool_t *pool = start_pool(2);
    static map_t map;

    (void)state;
    memset(&map, 0, sizeof map);
    map.options.journal = path;
    assert_success(run_map(pool, &map));
    if (geteuid() != 0) { /* a super-user may */
        assert_int_equal(chmod(path, 0444), 0);
        assert_failed(run_map(pool, &map), EACCES);
        assert_non_null(strstr(spork_error(), path));
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0); /* whose opening would never return */
    assert_failed(run_map(pool, &map), SPORK_EJOURNAL);
    assert_int_equal(unlink(path), 0);
    map.options.journal = "/dev/full";
    assert_failed(run_map(pool, &map), SPORK_EJOURNAL);
    end_pool(pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest all[] = {
        TEST(map_finds_no_room),
        TEST(no_room_for_the_head),
        TEST(stream_finds_no_room),
        TEST(a_file_that_cannot_be_written),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("posix journal", all);
}
