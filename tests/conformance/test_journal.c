/*
 * Conformance: journals: a batch that was cut off goes on where it stopped, and comes to the same results; items that are recorded do
 * not run again, failed ones do; a journal of another batch, or in use, is refused and stays as it is; of a damaged one the
 * records before the damage count. Batches that are killed: tests/faults/test_journal.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define ITEMS 300

/* ---- a batch, and what the parent knows of it ------------------------------------------------------------- */

/* What the tasks ask: which of them have run, and how they shall end. In the parent. */
typedef struct {
    spork_pool_t *pool;
    int runs[ITEMS];
    int fail_every; /* each of these items fails; 0: none */
    int die_every;  /* likewise: its worker dies */
    int interrupt;  /* when this item has begun the pool is interrupted; negative: not */
} desk_t;

typedef struct {
    apr_uint64_t number, twice;
} item_t;

static apr_status_t answer_task(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    desk_t *desk = baton;
    apr_size_t index;
    char fails = 0;

    if (in_size != sizeof index) return APR_EINVAL;
    memcpy(&index, in, sizeof index);
    if (index >= ITEMS) return APR_EINVAL;
    desk->runs[index]++;
    if (desk->fail_every > 0 && index % (apr_size_t)desk->fail_every == 0) fails = 1;
    if (desk->die_every > 0 && index % (apr_size_t)desk->die_every == 0) fails = 2;
    if ((int)index == desk->interrupt) spork_pool_interrupt(desk->pool);
    return spork_answer(answer, &fails, 1);
}

static apr_status_t ask(spork_task_t *task)
{
    apr_size_t index = spork_task_index(task), size;
    const void *answer;
    apr_status_t status = spork_call(task, "desk", &index, sizeof index, &answer, &size);

    if (status != APR_SUCCESS || *(const char *)answer == 0) return status;
    if (*(const char *)answer == 2) die(DIE_KILLED);
    spork_fail(task, "item %d was told to fail", (int)index);
    return APR_EGENERAL;
}

static apr_uint64_t weight(apr_uint64_t number)
{
    return number * 2654435761U + 7;
}

static apr_status_t weigh(spork_task_t *task, const void *in, void *out)
{
    const item_t *item = in;
    apr_status_t status = ask(task);

    if (status == APR_SUCCESS) *(apr_uint64_t *)out = weight(item->number) + item->twice;
    return status;
}

static apr_status_t weigh_otherwise(spork_task_t *task, const void *in, void *out)
{
    return weigh(task, in, out);
}

/* Where it lies. */
static apr_status_t weigh_in_place(spork_task_t *task, const void *in, void *out)
{
    item_t item = *(const item_t *)in;
    apr_status_t status = ask(task);

    if (status != APR_SUCCESS) return status;
    item.number = weight(item.number);
    *(item_t *)out = item;
    return APR_SUCCESS;
}

/* The input backwards; of some also words, though they succeed. */
static apr_status_t turn(spork_task_t *task, const void *in, void *out)
{
    apr_size_t size = spork_task_in_size(task);
    const unsigned char *bytes = in;
    unsigned char *back = malloc(size + 1);
    apr_status_t status = back != NULL ? ask(task) : APR_ENOMEM;

    (void)out;
    for (apr_size_t i = 0; status == APR_SUCCESS && i < size; i++) back[i] = bytes[size - 1 - i];
    if (status == APR_SUCCESS) status = spork_reply(task, back, size);
    if (status == APR_SUCCESS && spork_task_index(task) % 5 == 0)
        spork_fail(task, "a word on %d", (int)spork_task_index(task));
    free(back);
    return status;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(weigh), SPORK_ENTRY(weigh_otherwise),
                                       SPORK_ENTRY(weigh_in_place), SPORK_ENTRY(turn), SPORK_END };

static spork_pool_t *open_desk(desk_t *desk)
{
    spork_config_t config;

    memset(desk, 0, sizeof *desk);
    desk->interrupt = -1;
    make_config(&config, 3);
    desk->pool = make_pool(&config);
    assert_success(spork_pool_serve(desk->pool, "desk", answer_task, desk));
    return desk->pool;
}

static int total(const desk_t *desk)
{
    int n = 0;
    for (int i = 0; i < ITEMS; i++) n += desk->runs[i];
    return n;
}

static void forget(desk_t *desk)
{
    memset(desk->runs, 0, sizeof desk->runs);
    desk->fail_every = desk->die_every = 0;
    desk->interrupt = -1;
}

/* ---- files ------------------------------------------------------------------------------------------------- */

typedef struct {
    unsigned char *bytes;
    apr_size_t size;
} content_t;

static content_t get_file(const char *path)
{
    content_t content;
    apr_file_t *file;
    apr_finfo_t info;

    assert_success(
        apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, test_memory()));
    assert_success(apr_file_info_get(&info, APR_FINFO_SIZE, file));
    content.size = (apr_size_t)info.size;
    content.bytes = apr_palloc(test_memory(), content.size + 1);
    if (content.size > 0) assert_success(apr_file_read_full(file, content.bytes, content.size, NULL));
    assert_success(apr_file_close(file));
    return content;
}

static void put_file(const char *path, const void *bytes, apr_size_t size)
{
    apr_file_t *file;

    assert_success(apr_file_open(&file, path,
                                 APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE | APR_FOPEN_BINARY,
                                 APR_FPROT_OS_DEFAULT, test_memory()));
    if (size > 0) assert_success(apr_file_write_full(file, bytes, size, NULL));
    assert_success(apr_file_close(file));
}

static void assert_file(const char *path, content_t wanted)
{
    content_t found = get_file(path);

    assert_int_equal(found.size, wanted.size);
    assert_memory_equal(found.bytes, wanted.bytes, wanted.size);
}

static void remove_file(const char *path)
{
    assert_success(apr_file_remove(path, test_memory()));
}

/* ---- maps --------------------------------------------------------------------------------------------------- */

typedef struct {
    item_t in[ITEMS];
    apr_uint64_t out[ITEMS];
    spork_map_t options;
} map_t;

static void fill_map(map_t *map, const char *journal)
{
    memset(map, 0, sizeof *map);
    for (apr_size_t i = 0; i < ITEMS; i++) {
        map->in[i].number = i + 1;
        map->in[i].twice = 2 * i;
    }
    map->options.journal = journal;
}

static apr_status_t run_map(spork_pool_t *pool, map_t *map)
{
    memset(map->out, 0, sizeof map->out);
    return spork_map(pool, weigh, map->in, sizeof map->in[0], map->out, sizeof map->out[0], ITEMS,
                     &map->options);
}

static int is_failure(const map_t *map, apr_size_t index)
{
    for (apr_size_t f = 0; f < map->options.n_failures; f++)
        if (map->options.failures[f].index == index) return 1;
    return 0;
}

static void assert_results(const map_t *map)
{
    for (apr_size_t i = 0; i < ITEMS; i++)
        if (!is_failure(map, i)) assert_true(map->out[i] == weight(map->in[i].number) + map->in[i].twice);
}

/* The second time nothing runs, and all is there. */
static void assert_finished(desk_t *desk, map_t *map)
{
    forget(desk);
    assert_success(run_map(desk->pool, map));
    assert_int_equal(map->options.n_resumed, ITEMS);
    assert_int_equal(map->options.n_failures, 0);
    assert_int_equal(total(desk), 0);
    assert_results(map);
}

static void map_failed_items_run_again(void **state)
{
    const char *path = test_path("journal");
    desk_t desk;
    map_t map;

    (void)state;
    open_desk(&desk);
    fill_map(&map, path);
    desk.fail_every = 7;
    assert_status(run_map(desk.pool, &map), SPORK_EFAILED);
    assert_int_equal(map.options.n_resumed, 0);
    assert_int_equal(map.options.n_failures, (ITEMS + 6) / 7);
    assert_int_equal(total(&desk), ITEMS);
    assert_results(&map);
    forget(&desk);
    desk.fail_every = 14;
    assert_status(run_map(desk.pool, &map), SPORK_EFAILED);
    assert_int_equal(map.options.n_resumed, ITEMS - (ITEMS + 6) / 7);
    for (int i = 0; i < ITEMS; i++) assert_int_equal(desk.runs[i], i % 7 == 0);
    assert_int_equal(map.options.n_failures, (ITEMS + 13) / 14);
    for (apr_size_t f = 0; f < map.options.n_failures; f++) {
        assert_int_equal(map.options.failures[f].index, 14 * f);
        assert_int_equal(map.options.failures[f].status, APR_EGENERAL);
    }
    forget(&desk);
    assert_success(run_map(desk.pool, &map));
    for (int i = 0; i < ITEMS; i++) assert_int_equal(desk.runs[i], i % 14 == 0);
    assert_results(&map);
    assert_finished(&desk, &map);
    end_pool(desk.pool);
    remove_file(path);
}

static void map_goes_on_where_it_was_interrupted(void **state)
{
    const char *path = test_path("journal");
    apr_size_t done;
    desk_t desk;
    map_t map;

    (void)state;
    open_desk(&desk);
    fill_map(&map, path);
    desk.interrupt = ITEMS / 2;
    assert_status(run_map(desk.pool, &map), SPORK_EFAILED);
    assert_true(map.options.n_failures > 0);
    done = ITEMS - map.options.n_failures;
    assert_results(&map);
    forget(&desk);
    assert_success(run_map(desk.pool, &map));
    assert_int_equal(map.options.n_resumed, done);
    assert_int_equal(total(&desk), ITEMS - done);
    assert_results(&map);
    assert_finished(&desk, &map);
    end_pool(desk.pool);
    remove_file(path);
}

/* Another pool, with other workers. */
static void map_goes_on_in_another_pool(void **state)
{
    const char *path = test_path("journal");
    spork_config_t config;
    desk_t desk;
    map_t map;

    (void)state;
    open_desk(&desk);
    fill_map(&map, path);
    desk.fail_every = 2;
    assert_status(run_map(desk.pool, &map), SPORK_EFAILED);
    end_pool(desk.pool);
    forget(&desk);
    make_config(&config, 13);
    desk.pool = make_pool(&config);
    assert_success(spork_pool_serve(desk.pool, "desk", answer_task, &desk));
    map.options.chunk = 5;
    assert_success(run_map(desk.pool, &map));
    assert_int_equal(map.options.n_resumed, ITEMS / 2);
    assert_int_equal(total(&desk), ITEMS / 2);
    assert_results(&map);
    end_pool(desk.pool);
    remove_file(path);
}

/* Workers die, and are replaced, also for they have served enough. */
static void map_amid_deaths(void **state)
{
    const char *path = test_path("journal");
    spork_config_t config;
    desk_t desk;
    map_t map;

    (void)state;
    needs_workers();
    memset(&desk, 0, sizeof desk);
    make_config(&config, 3);
    config.max_tasks = 11;
    config.timeout = 60 * SECOND * slow_factor();
    desk.pool = make_pool(&config);
    assert_success(spork_pool_serve(desk.pool, "desk", answer_task, &desk));
    forget(&desk);
    fill_map(&map, path);
    desk.die_every = 20;
    desk.fail_every = 6;
    assert_status(run_map(desk.pool, &map), SPORK_EFAILED);
    for (apr_size_t i = 0; i < ITEMS; i++) assert_int_equal(is_failure(&map, i), i % 20 == 0 || i % 6 == 0);
    assert_results(&map);
    forget(&desk);
    assert_success(run_map(desk.pool, &map));
    for (int i = 0; i < ITEMS; i++) assert_int_equal(desk.runs[i], i % 20 == 0 || i % 6 == 0);
    assert_results(&map);
    assert_finished(&desk, &map);
    end_pool(desk.pool);
    remove_file(path);
}

/* In memory of the pool's own, inputs and results in one place, too. */
static void map_in_shared_memory(void **state)
{
    const char *path = test_path("journal");
    spork_map_t options;
    item_t *items;
    desk_t desk;

    (void)state;
    open_desk(&desk);
    items = spork_alloc(desk.pool, ITEMS * sizeof *items);
    assert_non_null(items);
    memset(&options, 0, sizeof options);
    options.journal = path;
    for (int turn_of = 0; turn_of < 3; turn_of++) {
        forget(&desk);
        desk.fail_every = turn_of == 0 ? 3 : 0;
        for (apr_size_t i = 0; i < ITEMS; i++) {
            items[i].number = i;
            items[i].twice = 5;
        }
        assert_status(
            spork_map(desk.pool, weigh_in_place, items, sizeof *items, items, sizeof *items, ITEMS, &options),
            turn_of == 0 ? SPORK_EFAILED : APR_SUCCESS);
        assert_int_equal(options.n_resumed, turn_of == 0 ? 0 : turn_of == 1 ? ITEMS - ITEMS / 3 : ITEMS);
        for (apr_size_t i = 0; i < ITEMS; i++)
            if (turn_of > 0 || i % 3 != 0) assert_true(items[i].number == weight(i) && items[i].twice == 5);
    }
    spork_free(desk.pool, items);
    end_pool(desk.pool);
    remove_file(path);
}

static void map_without_inputs_or_results(void **state)
{
    const char *path = test_path("journal");
    spork_map_t options;
    desk_t desk;

    (void)state;
    open_desk(&desk);
    memset(&options, 0, sizeof options);
    options.journal = path;
    assert_success(spork_map(desk.pool, weigh, NULL, 0, NULL, 0, 0, &options));
    assert_int_equal(options.n_resumed, 0);
    assert_status(spork_map(desk.pool, weigh, NULL, 0, NULL, 0, 1, &options), SPORK_EJOURNAL);
    end_pool(desk.pool);
    remove_file(path);
}

static void assert_refused(apr_status_t got, const char *path, const char *word)
{
    assert_failed(got, SPORK_EJOURNAL);
    assert_non_null(strstr(spork_error(), path));
    if (strstr(spork_error(), word) == NULL) fail_msg("not \"%s\": %s", word, spork_error());
}

static void map_of_another_batch_is_refused(void **state)
{
    const char *path = test_path("journal");
    content_t before;
    desk_t desk;
    map_t map;

    (void)state;
    open_desk(&desk);
    fill_map(&map, path);
    desk.fail_every = 3;
    assert_status(run_map(desk.pool, &map), SPORK_EFAILED);
    before = get_file(path);
    forget(&desk);
    assert_refused(spork_map(desk.pool, weigh_otherwise, map.in, sizeof map.in[0], map.out, sizeof map.out[0],
                             ITEMS, &map.options),
                   path, "weigh_otherwise");
    assert_refused(spork_map(desk.pool, weigh, map.in, sizeof map.in[0], map.out, sizeof map.out[0],
                             ITEMS - 1, &map.options),
                   path, "300 items");
    map.in[ITEMS - 1].twice++;
    assert_refused(run_map(desk.pool, &map), path, "inputs");
    assert_int_equal(map.options.n_resumed, 0);
    map.in[ITEMS - 1].twice--;
    assert_int_equal(total(&desk), 0);
    assert_file(path, before);
    map.in[0].twice++; /* of an item that failed: nobody has its result */
    assert_success(run_map(desk.pool, &map));
    assert_results(&map);
    end_pool(desk.pool);
    remove_file(path);
}

static void map_after_damage(void **state)
{
    const char *path = test_path("journal");
    content_t whole;
    unsigned char *bytes;
    desk_t desk;
    map_t map;
    unsigned random = 4711;

    (void)state;
    open_desk(&desk);
    fill_map(&map, path);
    assert_success(run_map(desk.pool, &map));
    whole = get_file(path);
    bytes = apr_palloc(test_memory(), whole.size + 100);
    for (int turn_of = 0; turn_of < 12; turn_of++) {
        apr_size_t at = 256 + (random = random * 69069 + 1) / 7 % (whole.size - 256), size = whole.size;
        memcpy(bytes, whole.bytes, whole.size);
        if (turn_of % 3 == 0) size = at;
        if (turn_of % 3 == 1) bytes[at] ^= (unsigned char)(1U << turn_of % 8);
        if (turn_of % 3 == 2) memset(bytes + at, turn_of, (size = at + 77) - at);
        put_file(path, bytes, size);
        forget(&desk);
        assert_success(run_map(desk.pool, &map));
        assert_true(map.options.n_resumed < ITEMS);
        assert_int_equal(total(&desk), ITEMS - map.options.n_resumed);
        assert_results(&map);
        assert_finished(&desk, &map);
    }
    end_pool(desk.pool);
    remove_file(path);
}

/* A file that cannot be had: nothing runs. */
static void what_cannot_be_opened(void **state)
{
    const char *path = test_path("no such directory/journal"), *directory = test_path("directory");
    desk_t desk;
    map_t map;

    (void)state;
    open_desk(&desk);
    fill_map(&map, path);
    assert_true(APR_STATUS_IS_ENOENT(run_map(desk.pool, &map)));
    assert_non_null(strstr(spork_error(), path));
    assert_success(apr_dir_make(directory, APR_FPROT_OS_DEFAULT, test_memory()));
    map.options.journal = directory;
    assert_refused(run_map(desk.pool, &map), directory, "no file");
    map.options.journal = "";
    assert_failed(run_map(desk.pool, &map), APR_EINVAL);
    assert_success(apr_dir_remove(directory, test_memory()));
    assert_int_equal(total(&desk), 0);
    map.options.journal = NULL;
    assert_success(run_map(desk.pool, &map));
    end_pool(desk.pool);
}

/* ---- in use --------------------------------------------------------------------------------------------------- */

/* A batch of another process's: exit code 0 if it was refused. */
static int be_second(int argc, char **argv)
{
    spork_pool_t *pool;
    spork_config_t config;
    desk_t desk;
    map_t map;

    role_check(argc == 2);
    role_check(spork_init(NULL, NULL, tasks) == APR_SUCCESS);
    spork_config_init(&config);
    config.start = SPORK_START_INLINE;
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    memset(&desk, 0, sizeof desk);
    desk.interrupt = -1;
    role_check(spork_pool_serve(pool, "desk", answer_task, &desk) == APR_SUCCESS);
    fill_map(&map, argv[1]);
    role_check(run_map(pool, &map) == SPORK_EJOURNAL);
    role_check(strstr(spork_error(), "in use") != NULL);
    role_check(total(&desk) == 0);
    spork_pool_destroy(pool);
    return 0;
}

/* While a map runs, from a service: this process's other pools do not get it, nor does another process, and neither
 * takes it away. */
static apr_status_t try_others(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    const char *path = test_path("journal");
    spork_config_t config;
    spork_pool_t *other;
    map_t map;
    (void)baton;
    (void)in;
    (void)in_size;
    (void)answer;

    fill_map(&map, path);
    spork_config_init(&config);
    config.start = SPORK_START_INLINE;
    assert_success(spork_pool_create(&other, &config, NULL));
    assert_role("second", path, NULL);
    assert_refused(run_map(other, &map), path, "in use");
    assert_role("second", path, NULL);
    spork_pool_destroy(other);
    return APR_SUCCESS;
}

static apr_status_t have_others_try(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    return spork_call(task, "others", NULL, 0, NULL, NULL);
}

static const spork_entry_t more_tasks[] = { SPORK_ENTRY(have_others_try), SPORK_END };

static void one_batch_at_a_time(void **state)
{
    const char *path = test_path("journal");
    spork_map_t options;
    desk_t desk;

    (void)state;
    open_desk(&desk);
    assert_success(spork_pool_serve(desk.pool, "others", try_others, NULL));
    memset(&options, 0, sizeof options);
    options.journal = path;
    assert_success(spork_map(desk.pool, have_others_try, NULL, 0, NULL, 0, 1, &options));
    assert_success(spork_map(desk.pool, have_others_try, NULL, 0, NULL, 0, 1, &options));
    assert_int_equal(options.n_resumed, 1);
    end_pool(desk.pool);
    remove_file(path);
}

/* ---- streams --------------------------------------------------------------------------------------------------- */

typedef struct {
    apr_size_t drawn, delivered, failed, from_journal;
    int seen[ITEMS];
    apr_status_t failure; /* of the last that failed */
    apr_size_t stop_at;   /* the sink fails there; ITEMS: never */
    apr_size_t changed;   /* this input is another; ITEMS: none */
    unsigned char input[4000];
    apr_size_t n_resumed;
    spork_stream_t options;
} stream_t;

static apr_size_t size_of(apr_size_t index)
{
    return index % 10 == 3 ? 0 : index % 10 == 4 ? 3999 : index % 97;
}

static unsigned char byte_of(apr_size_t index, apr_size_t i)
{
    return (unsigned char)(index * 31 + i * 7 + i / 256);
}

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    stream_t *stream = baton;
    apr_size_t index = stream->drawn;

    if (index == ITEMS) return APR_EOF;
    *in_size = size_of(index);
    for (apr_size_t i = 0; i < *in_size; i++) stream->input[i] = byte_of(index, i);
    if (index == stream->changed) stream->input[0] ^= 1;
    *in = stream->input;
    stream->drawn++;
    return APR_SUCCESS;
}

static void check_reply(const spork_outcome_t *outcome)
{
    const unsigned char *reply = outcome->out;
    apr_size_t size = size_of(outcome->index);
    char words[40] = "";

    assert_int_equal(outcome->out_size, size);
    assert_true(size == 0 || reply != NULL);
    for (apr_size_t i = 0; i < size; i++) assert_int_equal(reply[i], byte_of(outcome->index, size - 1 - i));
    if (outcome->index % 5 == 0) (void)apr_snprintf(words, sizeof words, "a word on %d", (int)outcome->index);
    assert_string_equal(outcome->message, words);
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    stream_t *stream = baton;

    if (!stream->options.unordered) assert_int_equal(outcome->index, stream->delivered);
    assert_true(outcome->index < stream->drawn);
    assert_int_equal(stream->seen[outcome->index]++, 0);
    stream->delivered++;
    if (outcome->status == APR_SUCCESS) {
        if (outcome->index != stream->changed) check_reply(outcome);
        stream->from_journal += outcome->attempts == 0;
    } else {
        stream->failed++;
        stream->failure = outcome->status;
        assert_null(outcome->out);
    }
    return stream->delivered > stream->stop_at ? APR_EGENERAL : APR_SUCCESS;
}

static apr_status_t run_stream(spork_pool_t *pool, stream_t *stream, const char *path, int unordered)
{
    apr_size_t stop_at = stream->stop_at, changed = stream->changed;
    apr_status_t status;

    memset(stream, 0, sizeof *stream);
    stream->stop_at = stop_at;
    stream->changed = changed;
    stream->options.journal = path;
    stream->options.n_resumed = &stream->n_resumed;
    stream->options.unordered = unordered;
    stream->n_resumed = 4711;
    status = spork_stream(pool, turn, draw, deliver, stream, &stream->options);
    assert_int_equal(stream->from_journal, stream->n_resumed);
    return status;
}

static void reset_stream(stream_t *stream)
{
    stream->stop_at = stream->changed = ITEMS;
}

static void stream_resumes(int unordered)
{
    const char *path = test_path("journal");
    desk_t desk;
    stream_t stream;

    open_desk(&desk);
    reset_stream(&stream);
    desk.fail_every = 7;
    assert_success(run_stream(desk.pool, &stream, path, unordered));
    assert_int_equal(stream.delivered, ITEMS);
    assert_int_equal(stream.failed, (ITEMS + 6) / 7);
    assert_int_equal(stream.n_resumed, 0);
    forget(&desk);
    assert_success(run_stream(desk.pool, &stream, path, !unordered));
    assert_int_equal(stream.delivered, ITEMS);
    assert_int_equal(stream.failed, 0);
    assert_int_equal(stream.n_resumed, ITEMS - (ITEMS + 6) / 7);
    for (int i = 0; i < ITEMS; i++) assert_int_equal(desk.runs[i], i % 7 == 0);
    forget(&desk);
    assert_success(run_stream(desk.pool, &stream, path, unordered));
    assert_int_equal(stream.n_resumed, ITEMS);
    assert_int_equal(total(&desk), 0);
    end_pool(desk.pool);
    remove_file(path);
}

static void stream_failed_items_run_again(void **state)
{
    (void)state;
    stream_resumes(0);
}

static void unordered_stream_failed_items_run_again(void **state)
{
    (void)state;
    stream_resumes(1);
}

/* What was delivered before the sink failed never runs again. */
static void stream_goes_on_after_its_sink(void **state)
{
    const char *path = test_path("journal");
    desk_t desk;
    stream_t stream;
    int delivered[ITEMS];

    (void)state;
    for (int unordered = 0; unordered < 2; unordered++) {
        open_desk(&desk);
        reset_stream(&stream);
        stream.stop_at = ITEMS / 3;
        assert_status(run_stream(desk.pool, &stream, path, unordered), APR_EGENERAL);
        memcpy(delivered, stream.seen, sizeof delivered);
        forget(&desk);
        reset_stream(&stream);
        assert_success(run_stream(desk.pool, &stream, path, unordered));
        assert_int_equal(stream.delivered, ITEMS);
        assert_int_equal(stream.failed, 0);
        assert_true(stream.n_resumed > ITEMS / 3);
        assert_int_equal(total(&desk), ITEMS - stream.n_resumed);
        for (int i = 0; i < ITEMS; i++)
            if (delivered[i]) assert_int_equal(desk.runs[i], 0);
        end_pool(desk.pool);
        remove_file(path);
    }
}

static void stream_goes_on_where_it_was_interrupted(void **state)
{
    const char *path = test_path("journal");
    desk_t desk;
    stream_t stream;
    apr_size_t done;

    (void)state;
    open_desk(&desk);
    reset_stream(&stream);
    desk.interrupt = ITEMS / 2;
    assert_status(run_stream(desk.pool, &stream, path, 0), SPORK_ECANCELLED);
    assert_int_equal(stream.delivered, stream.drawn);
    done = stream.delivered - stream.failed;
    forget(&desk);
    assert_success(run_stream(desk.pool, &stream, path, 0));
    assert_int_equal(stream.n_resumed, done);
    assert_int_equal(total(&desk), ITEMS - done);
    end_pool(desk.pool);
    remove_file(path);
}

/* Another input than the one that is recorded: nothing of this run stays in the journal. */
static void stream_of_other_inputs_is_refused(void **state)
{
    const char *path = test_path("journal");
    content_t before;
    desk_t desk;
    stream_t stream;

    (void)state;
    open_desk(&desk);
    reset_stream(&stream);
    desk.fail_every = 4;
    assert_success(run_stream(desk.pool, &stream, path, 0));
    before = get_file(path);
    forget(&desk);
    stream.changed = ITEMS - 1;
    assert_refused(run_stream(desk.pool, &stream, path, 0), path, "input of item 299");
    assert_int_equal(stream.delivered, stream.drawn - 1); /* that one is no item */
    if (stream.failed > 0)
        assert_true(stream.failure == SPORK_EJOURNAL || stream.failure == SPORK_ECANCELLED);
    assert_file(path, before);
    assert_refused(spork_stream(desk.pool, weigh, draw, deliver, &stream, &stream.options), path, "turn");
    assert_file(path, before);
    forget(&desk);
    reset_stream(&stream);
    assert_success(run_stream(desk.pool, &stream, path, 0));
    assert_int_equal(stream.n_resumed, ITEMS - ITEMS / 4);
    end_pool(desk.pool);
    remove_file(path);
}

static void stream_after_damage(void **state)
{
    const char *path = test_path("journal");
    content_t whole;
    desk_t desk;
    stream_t stream;

    (void)state;
    open_desk(&desk);
    reset_stream(&stream);
    assert_success(run_stream(desk.pool, &stream, path, 1));
    whole = get_file(path);
    for (apr_size_t part = 1; part < 9; part++) {
        put_file(path, whole.bytes, whole.size * part / 9);
        forget(&desk);
        assert_success(run_stream(desk.pool, &stream, path, part % 2 == 0));
        assert_int_equal(stream.delivered, ITEMS);
        assert_int_equal(stream.failed, 0);
        assert_true(stream.n_resumed < ITEMS);
        assert_int_equal(total(&desk), ITEMS - stream.n_resumed);
    }
    end_pool(desk.pool);
    remove_file(path);
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "second", be_second } };
    static const struct CMUnitTest all[] = {
        TEST(map_failed_items_run_again),
        TEST(map_goes_on_where_it_was_interrupted),
        TEST(map_goes_on_in_another_pool),
        TEST(map_amid_deaths),
        TEST(map_in_shared_memory),
        TEST(map_without_inputs_or_results),
        TEST(map_of_another_batch_is_refused),
        TEST(map_after_damage),
        TEST(what_cannot_be_opened),
        TEST(one_batch_at_a_time),
        TEST(stream_failed_items_run_again),
        TEST(unordered_stream_failed_items_run_again),
        TEST(stream_goes_on_after_its_sink),
        TEST(stream_goes_on_where_it_was_interrupted),
        TEST(stream_of_other_inputs_is_refused),
        TEST(stream_after_damage),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_register(more_tasks) != APR_SUCCESS || spork_init(&argc, &argv, tasks) != APR_SUCCESS)
        return EXIT_FAILURE;
    return RUN_TESTS("journal", all);
}
