/*
 * The trace over a scripted system: what stands in the file after honest, full, and spoilt tracks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crew.h"

#include "json.h"
#include "track.h"
#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static apr_pool_t *mem;
static char *path;
static unsigned n_traces; /* the library numbers the pools of a process that have one */
static void (*in_task)(spk_worker_t *worker, const spork_task_t *task);

static apr_status_t work(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    fake.now += 1000;
    if (in_task != NULL) in_task(task->keeper, task);
    return spork_task_index(task) % 10 == 9 ? APR_EGENERAL : APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(work), SPORK_END };

/* fake_be_ready(), with a track as worker.c finds it. */
static void start_traced(int process)
{
    spk_worker_t *worker = &fake.processes[process].worker;

    fake_be_ready(process);
    worker->track = (spk_track_t *)(void *)(worker->shm.base + worker->head->trace) + worker->id;
    assert_true(worker->head->trace > 0);
}

static spork_pool_t *open_pool(void)
{
    spork_config_t config;
    spork_pool_t *pool;

    crew_reset(&config, 2);
    fake.on_start = start_traced;
    in_task = NULL;
    assert_int_equal(spork_pool_create(&pool, &config, NULL), APR_SUCCESS);
    n_traces++;
    return pool;
}

static apr_status_t map(spork_pool_t *pool, apr_size_t count)
{
    return spork_map(pool, work, NULL, 0, NULL, 0, count, NULL);
}

/* The pool's end, and what the file says then. */
static char *close_pool(spork_pool_t *pool)
{
    char *name = n_traces == 1 ? path : apr_psprintf(mem, "unit_trace.%u.json", n_traces), *text;
    FILE *file;
    size_t size;

    crew_close(pool);
    file = fopen(name, "rb");
    assert_non_null(file);
    text = malloc(4 << 20);
    assert_non_null(text);
    size = fread(text, 1, (4 << 20) - 1, file);
    text[size] = '\0';
    assert_int_equal(fclose(file), 0);
    assert_int_equal(remove(name), 0);
    if (json_error(text) != NULL) fail_msg("no JSON from here on: %.200s", json_error(text));
    assert_string_equal(text + size - 3, "\n]\n");
    return text;
}

static long long all_of(const char *text)
{
    assert_int_equal(json_number(text, "items"), json_count(text, "\"cat\":\"item\""));
    return json_number(text, "items") + json_number(text, "in_bulk") + json_number(text, "left_out");
}

static void every_item_has_a_slice(void **state)
{
    spork_pool_t *pool = open_pool();
    char *text;

    (void)state;
    assert_int_equal(map(pool, 100), SPORK_EFAILED);
    text = close_pool(pool);
    assert_int_equal(json_number(text, "items"), 100);
    assert_int_equal(all_of(text), 100);
    assert_int_equal(json_count(text, "\"failed\":"), 10);
    assert_int_equal(json_count(text, "\"name\":\"start\""), 2);
    assert_int_equal(json_count(text, "\"name\":\"end\""), 2);
    assert_int_equal(json_count(text, "\"name\":\"worker 1\""), 1);
    assert_true(json_count(text, "\"name\":\"waiting\"") > 0);
    free(text);
}

/* The scripted worker serves a whole job before the parent looks. */
static void what_finds_no_room_is_summed_up(void **state)
{
    spork_pool_t *pool = open_pool();
    char *text;

    (void)state;
    assert_int_equal(map(pool, 10000), SPORK_EFAILED);
    assert_int_equal(map(pool, 10000), SPORK_EFAILED);
    text = close_pool(pool);
    assert_int_equal(all_of(text), 20000);
    assert_int_equal(json_number(text, "left_out"), 0);
    assert_true(json_number(text, "in_bulk") > 0);
    assert_true(json_count(text, "\"many items\"") > 0);
    free(text);
}

static void die_at_7(spk_worker_t *worker, const spork_task_t *task)
{
    (void)worker;
    if (spork_task_index(task) == 7) fake_die(11, 0);
}

static void who_dies_leaves_a_slice(void **state)
{
    spork_pool_t *pool = open_pool();
    char *text;

    (void)state;
    in_task = die_at_7;
    assert_int_equal(map(pool, 20), SPORK_EFAILED);
    text = close_pool(pool);
    assert_int_equal(all_of(text), 20);
    assert_int_equal(json_count(text, "\"item\":7,\"failed\":\"its worker was ended by signal 11\""), 1);
    assert_int_equal(json_count(text, "\"signal\":11"), 1);
    assert_int_equal(json_count(text, "\"name\":\"start\""), 3);
    free(text);
}

/* It dies when its slice is noted, and its end not yet said. */
static void note_and_die(spk_worker_t *worker, const spork_task_t *task)
{
    if (spork_task_index(task) != 7) return;
    spk_track_item(worker->track, worker->began, fake.now, 7, 0, 0);
    fake_die(11, 0);
}

static void no_item_has_two(void **state)
{
    spork_pool_t *pool = open_pool();
    char *text;

    (void)state;
    in_task = note_and_die;
    assert_int_equal(map(pool, 20), SPORK_EFAILED);
    text = close_pool(pool);
    assert_int_equal(all_of(text), 20);
    assert_int_equal(json_count(text, "\"item\":7}"), 1);
    free(text);
}

static void rest(spk_worker_t *worker, const spork_task_t *task)
{
    if (spork_task_index(task) != 1) return;
    spk_track_rest(worker->track, SPK_NOTE_ASLEEP, fake.now - 500, fake.now);
    spk_track_rest(worker->track, SPK_NOTE_BLOCKED, fake.now - 400, fake.now);
    spk_track_rest(worker->track, SPK_NOTE_STARTING, 0, fake.now);
    spk_track_rest(worker->track, SPK_NOTE_STARTING + 1, 0, fake.now);
}

static void rests_are_told(void **state)
{
    spork_pool_t *pool = open_pool();
    char *text;

    (void)state;
    in_task = rest;
    assert_int_equal(map(pool, 5), APR_SUCCESS);
    text = close_pool(pool);
    assert_int_equal(all_of(text), 5);
    assert_int_equal(json_count(text, "{\"name\":\"asleep\",\"ph\":\"X\""), 1);
    assert_int_equal(json_count(text, "{\"name\":\"blocked\",\"ph\":\"X\""), 1);
    assert_int_equal(json_count(text, "{\"name\":\"starting\",\"ph\":\"X\""), 1);
    assert_int_equal(json_count(text, "\"dur\":0.500"), 1);
    free(text);
}

static unsigned way;

/* Lies of every kind: the file is a JSON text all the same, with times that can be. */
static void spoil(spk_worker_t *worker, const spork_task_t *task)
{
    spk_track_t *track = worker->track;

    if (spork_task_index(task) != 3) return;
    switch (way) {
    case 0: memset(track, 0xff, sizeof *track); break;
    case 1: memset(track, 0xa5, sizeof *track); break;
    case 2: memset(track->notes, 0xff, sizeof track->notes); break;
    case 3: memset(track->notes, 1, sizeof track->notes); break; /* items of no time, and no task */
    case 4: atomic_store(&track->head, UINT64_MAX); break;
    case 5: atomic_store(&track->tail, UINT64_MAX); break;
    case 6: atomic_store(&track->skipped, UINT64_MAX); break;
    case 7: track->notes[0].end = 0; break;
    case 8: track->notes[0].start = UINT64_MAX; break;
    default:
        for (size_t i = 0; i < sizeof *track; i++) ((unsigned char *)track)[i] = (unsigned char)rand();
    }
}

static void lies_are_valid_json(void **state)
{
    (void)state;
    for (way = 0; way < 20; way++) {
        spork_pool_t *pool = open_pool();
        char *text;

        in_task = spoil;
        (void)map(pool, 20);
        (void)map(pool, 3000);
        text = close_pool(pool);
        assert_int_equal(json_count(text, "\"dur\":-"), 0);
        assert_int_equal(json_count(text, "\"ts\":-"), 0);
        /* nothing lasted longer than all of it: the fake hour of the clock's start is in none */
        assert_null(strstr(text, "\"ts\":3600"));
        free(text);
    }
}

int main(void)
{
    static const struct CMUnitTest tests_of_trace[] = {
        cmocka_unit_test(every_item_has_a_slice),  cmocka_unit_test(what_finds_no_room_is_summed_up),
        cmocka_unit_test(who_dies_leaves_a_slice), cmocka_unit_test(no_item_has_two),
        cmocka_unit_test(rests_are_told),          cmocka_unit_test(lies_are_valid_json),
    };
    int failed;

    fake_reset();
    if (spork_init(NULL, NULL, tasks) != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS) return 1;
    path = apr_pstrdup(mem, "unit_trace.json");
    if (apr_env_set("SPORK_TRACE", path, mem) != APR_SUCCESS) return 1;
    failed = cmocka_run_group_tests_name("trace", tests_of_trace, NULL, NULL);
    (void)apr_env_delete("SPORK_TRACE", mem);
    return failed;
}
