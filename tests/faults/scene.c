/*
 * The scenes of test_calls.c, see scene.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "scene.h"

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"

#define ITEMS 24
#define WORKERS 2
#define SUMMAND 17 /* what the initializer is given */
#define LONG_INPUT 3000
#define LARGE_REPLY ((apr_size_t)300 << 10)
#define SHARED_ITEMS 70000

/* Spoken loudly and at once: also outside of CMocka, and in a run among thousands. */
#define expect(condition)                                                                           \
    do {                                                                                            \
        if (!(condition)) {                                                                         \
            (void)fprintf(stderr, "%s: %s does not hold (%s:%d); the last words: %s\n", fate->plan, \
                          #condition, __FILE__, __LINE__, spork_error());                           \
            exit(EXIT_FAILURE);                                                                     \
        }                                                                                           \
    } while (0)

/* ---- tasks ----------------------------------------------------------------------------------------------------- */

static int summand;

static apr_status_t initialize(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    if (spork_task_in_size(task) != sizeof summand) return APR_EGENERAL;
    summand = *(const int *)in;
    return APR_SUCCESS;
}

static apr_status_t square(spork_task_t *task, const void *in, void *out)
{
    int n = *(const int *)in;

    (void)task;
    *(int *)out = n * n + summand;
    return APR_SUCCESS;
}

static apr_status_t odd_ones_fail(spork_task_t *task, const void *in, void *out)
{
    int n = *(const int *)in;

    if (n % 2 != 0) {
        spork_fail(task, "%d is odd", n);
        return APR_EGENERAL;
    }
    *(int *)out = n;
    return APR_SUCCESS;
}

static apr_status_t echo(spork_task_t *task, const void *in, void *out)
{
    apr_pool_t *mem = spork_task_pool(task);

    (void)out;
    if (mem == NULL) return APR_ENOMEM;
    return spork_reply(task, in, spork_task_in_size(task));
}

static unsigned char pattern(apr_size_t i)
{
    return (unsigned char)(i * 7 + i / 251);
}

static apr_status_t reply_at_length(spork_task_t *task, const void *in, void *out)
{
    unsigned char *text = malloc(LARGE_REPLY);
    apr_status_t status;

    (void)in;
    (void)out;
    if (text == NULL) return APR_ENOMEM;
    for (apr_size_t i = 0; i < LARGE_REPLY; i++) text[i] = pattern(i);
    status = spork_reply(task, text, LARGE_REPLY);
    free(text);
    return status;
}

static apr_status_t double_it(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(apr_uint32_t *)out = 2 * *(const apr_uint32_t *)in;
    return APR_SUCCESS;
}

/* A long call, and the queue and the dictionary. */
static apr_status_t ask_around(spork_task_t *task, const void *in, void *out)
{
    unsigned char text[LONG_INPUT];
    const void *answer;
    apr_size_t size;
    spork_queue_t *queue;
    spork_dict_t *dict;
    apr_status_t status = spork_queue_open(&queue, task, "queue");

    (void)out;
    if (status == APR_SUCCESS) status = spork_dict_open(&dict, task, "dict");
    if (status != APR_SUCCESS) return status;
    for (apr_size_t i = 0; i < LONG_INPUT; i++) text[i] = pattern(i);
    status = spork_call(task, "mirror", text, sizeof text, &answer, &size);
    if (status != APR_SUCCESS) return status;
    if (size != sizeof text || memcmp(answer, text, size) != 0) return APR_EGENERAL;
    status = spork_dict_add(dict, "sum", *(const int *)in, NULL);
    if (status == APR_SUCCESS) status = spork_dict_put(dict, "text", text, sizeof text);
    if (status == APR_SUCCESS) status = spork_queue_put(queue, text, sizeof text, -1);
    return status;
}

static apr_status_t perish(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    die(DIE_KILLED);
    return APR_SUCCESS;
}

static apr_status_t never_end(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    while (task != NULL) apr_sleep(SECOND);
    return APR_SUCCESS;
}

static apr_status_t initialize_loudly(spork_task_t *task, const void *in, void *out)
{
    (void)spork_log(task, SPORK_LOG_INFO, "begins");
    return initialize(task, in, out);
}

/* Whatever becomes of the record, the item is a success: its result says it. */
static apr_status_t note(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    *(apr_status_t *)out = spork_log(task, SPORK_LOG_INFO, "item %d.", (int)spork_task_index(task));
    return APR_SUCCESS;
}

const spork_entry_t *scene_tasks(void)
{
    static const spork_entry_t tasks[] = {
        SPORK_ENTRY(initialize),
        SPORK_ENTRY(square),
        SPORK_ENTRY(odd_ones_fail),
        SPORK_ENTRY(echo),
        SPORK_ENTRY(reply_at_length),
        SPORK_ENTRY(double_it),
        SPORK_ENTRY(perish),
        SPORK_ENTRY(never_end),
        SPORK_ENTRY(ask_around),
        SPORK_ENTRY(initialize_loudly),
        SPORK_ENTRY(note),
        SPORK_END,
    };
    return tasks;
}

/* ---- judging --------------------------------------------------------------------------------------------------- */

/* Of the scene under way. */
static int lost; /* items that came to nothing for the failure */
static int made; /* there is a pool: now a worker's failure costs an item at most, and no call fails for it */

/* So that words which are found later are new. */
static const char *old_words(void)
{
    (void)spork_pool_close(NULL);
    return "spork_pool_close: pool is NULL";
}

/* Returns 1 for success. Else there are words, of this failure, and it is one that may be. */
static int went_well(apr_status_t status, const char *old, const fate_t *fate)
{
    if (status == APR_SUCCESS) return 1;
    expect(!fate->must_succeed && !(made && fate->side == FAULT_WORKER));
    expect(spork_error()[0] != '\0' && strcmp(spork_error(), old) != 0);
    return 0;
}

/* An item that is not a success, nor what the task had in mind. */
static void lose(const spork_outcome_t *outcome, const fate_t *fate)
{
    char words[120];

    expect(!fate->must_succeed);
    expect(fate->side == FAULT_WORKER || outcome->status != SPORK_ECRASHED);
    expect(spork_strerror(outcome->status, words, sizeof words)[0] != '\0');
    expect(++lost <= 1 || fate->lasting || fate->side == FAULT_PARENT);
}

static void hear(void *baton, const spork_progress_t *progress)
{
    (void)baton;
    (void)progress;
}

static spork_pool_t *make(apr_pool_t *parent, int workers, apr_interval_time_t timeout, const fate_t *fate)
{
    static const int given = SUMMAND;
    const char *old = old_words();
    spork_config_t config;
    spork_pool_t *pool = NULL;
    apr_status_t status;

    lost = made = 0;
    make_config(&config, workers);
    config.initializer = initialize;
    config.init_arg = &given;
    config.init_size = sizeof given;
    config.timeout = timeout;
    config.arena_size = 8 * MIB;
    config.program = self_path(); /* copied: one more thing that can fail */
    config.progress = 1;          /* whether stderr is a terminal is asked */
    config.progress_label = "scene";
    config.progress_fn = hear;
    status = spork_pool_create(&pool, &config, parent);
    expect((pool != NULL) == went_well(status, old, fate));
    made = pool != NULL;
    return pool;
}

/* Failed items of a map are listed, in order, and all others are right. */
static void check_map(spork_pool_t *pool, spork_fn_t fn, int (*wanted)(int), const fate_t *fate)
{
    const char *old = old_words();
    int in[ITEMS], out[ITEMS];
    spork_map_t options;
    apr_status_t status;
    apr_size_t f = 0;

    memset(&options, 0, sizeof options);
    for (int i = 0; i < ITEMS; i++) in[i] = i;
    status = spork_map(pool, fn, in, sizeof *in, out, sizeof *out, ITEMS, &options);
    if (status == SPORK_EFAILED)
        expect(strcmp(spork_error(), old) != 0);
    else if (!went_well(status, old, fate))
        return;
    expect((status == SPORK_EFAILED) == (options.n_failures > 0));
    for (int i = 0; i < ITEMS; i++) {
        const spork_outcome_t *failure = f < options.n_failures ? &options.failures[f] : NULL;

        if (failure == NULL || failure->index != (apr_size_t)i) {
            expect(wanted(i) >= 0 && out[i] == wanted(i));
            continue;
        }
        f++;
        expect(failure->status != APR_SUCCESS && failure->message != NULL);
        if (wanted(i) >= 0 || failure->status != APR_EGENERAL) lose(failure, fate);
    }
    expect(f == options.n_failures);
}

static int squared(int n)
{
    return n * n + SUMMAND;
}

static int only_even(int n)
{
    return n % 2 == 0 ? n : -1;
}

/* Submit one and wait for it: its outcome, or NULL when that failed. */
static const spork_outcome_t *await(spork_future_t **future, spork_pool_t *pool, spork_fn_t fn,
                                    const void *in, apr_size_t size, const fate_t *fate)
{
    const char *old = old_words();
    const spork_outcome_t *outcome;

    if (!went_well(spork_submit(future, pool, fn, in, size), old, fate)) {
        expect(*future == NULL);
        return NULL;
    }
    (void)went_well(spork_future_wait(*future, -1), old, fate);
    outcome = spork_future_outcome(*future);
    expect(outcome != NULL); /* also of a broken pool */
    return outcome;
}

/* ---- what is done with a pool ------------------------------------------------------------------------------------- */

static void check_echo(spork_pool_t *pool, apr_size_t size, const fate_t *fate)
{
    unsigned char text[LONG_INPUT];
    spork_future_t *future = NULL;
    const spork_outcome_t *outcome;

    for (apr_size_t i = 0; i < size; i++) text[i] = pattern(i);
    outcome = await(&future, pool, echo, text, size, fate);
    if (outcome != NULL && outcome->status == APR_SUCCESS)
        expect(outcome->out_size == size && memcmp(outcome->out, text, size) == 0);
    else if (outcome != NULL)
        lose(outcome, fate);
    spork_future_destroy(future);
}

typedef struct {
    const fate_t *fate;
    apr_size_t drawn, delivered;
} flow_t;

/* Short and long in turn. */
static apr_size_t stream_size(apr_size_t i)
{
    return i % 2 == 0 ? 10 : LONG_INPUT;
}

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    static unsigned char text[LONG_INPUT];
    flow_t *flow = baton;

    if (flow->drawn == ITEMS) return APR_EOF;
    *in_size = stream_size(flow->drawn++);
    for (apr_size_t i = 0; i < *in_size; i++) text[i] = pattern(i);
    *in = text;
    return APR_SUCCESS;
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    flow_t *flow = baton;
    const fate_t *fate = flow->fate;
    const unsigned char *text = outcome->out;

    expect(outcome->index == flow->delivered++);
    if (outcome->status != APR_SUCCESS) {
        lose(outcome, fate);
        return APR_SUCCESS;
    }
    expect(outcome->out_size == stream_size(outcome->index));
    for (apr_size_t i = 0; i < outcome->out_size; i++) expect(text[i] == pattern(i));
    return APR_SUCCESS;
}

/* Whatever happens: what was drawn is delivered. */
static void check_stream(spork_pool_t *pool, const spork_stream_t *options, const fate_t *fate)
{
    const char *old = old_words();
    flow_t flow = { fate, 0, 0 };

    if (went_well(spork_stream(pool, echo, draw, deliver, &flow, options), old, fate))
        expect(flow.drawn == ITEMS);
    expect(flow.delivered == flow.drawn);
}

static void check_large_reply(spork_pool_t *pool, const fate_t *fate)
{
    spork_future_t *future = NULL;
    const spork_outcome_t *outcome = await(&future, pool, reply_at_length, NULL, 0, fate);

    if (outcome != NULL && outcome->status == APR_SUCCESS) {
        const unsigned char *text = outcome->out;
        expect(outcome->out_size == LARGE_REPLY);
        for (apr_size_t i = 0; i < LARGE_REPLY; i++) expect(text[i] == pattern(i));
    } else if (outcome != NULL) {
        lose(outcome, fate);
    }
    spork_future_destroy(future);
}

static void check_shared(spork_pool_t *pool, const fate_t *fate)
{
    const char *old = old_words();
    apr_size_t size = SHARED_ITEMS * sizeof(apr_uint32_t);
    apr_uint32_t *in = spork_alloc(pool, size), *out = spork_alloc(pool, size);
    apr_status_t status;

    if (in == NULL || out == NULL) {
        (void)went_well(APR_ENOMEM, old, fate);
    } else {
        for (apr_uint32_t i = 0; i < SHARED_ITEMS; i++) {
            expect(in[i] == 0 && out[i] == 0);
            in[i] = i;
        }
        status = spork_map(pool, double_it, in, sizeof *in, out, sizeof *out, SHARED_ITEMS, NULL);
        if (went_well(status, old, fate))
            for (apr_uint32_t i = 0; i < SHARED_ITEMS; i++) expect(out[i] == 2 * i);
    }
    spork_free(pool, in);
    spork_free(pool, out);
}

static apr_status_t mirror(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    (void)baton;
    return spork_answer(answer, in, in_size);
}

/* What the item has left behind, if it came through. */
static void check_left(spork_queue_t *queue, spork_dict_t *dict, const fate_t *fate)
{
    const char *old = old_words();
    const void *data;
    const apr_int64_t five = 5;
    apr_size_t size;

    if (went_well(spork_queue_get(queue, &data, &size, 0), old, fate))
        expect(size == LONG_INPUT && ((const unsigned char *)data)[77] == pattern(77));
    if (went_well(spork_dict_get(dict, "sum", &data, &size), old, fate))
        expect(size == sizeof five && memcmp(data, &five, size) == 0);
}

static void check_calls(spork_pool_t *pool, const fate_t *fate)
{
    const char *old = old_words();
    spork_queue_t *queue = NULL;
    spork_dict_t *dict = NULL;
    spork_future_t *future = NULL;
    const spork_outcome_t *outcome = NULL;
    int in = 5;

    if (went_well(spork_pool_serve(pool, "mirror", mirror, NULL), old, fate) &&
        went_well(spork_queue_create(&queue, pool, "queue", MIB), old, fate) &&
        went_well(spork_dict_create(&dict, pool, "dict", 0), old, fate))
        outcome = await(&future, pool, ask_around, &in, sizeof in, fate);
    if (outcome != NULL && outcome->status == APR_SUCCESS)
        check_left(queue, dict, fate);
    else if (outcome != NULL)
        lose(outcome, fate);
    spork_future_destroy(future);
    spork_dict_destroy(dict); /* the queue goes with the pool */
}

static void check_end(spork_pool_t *pool, spork_fn_t fn, int cancel, apr_status_t wanted, const fate_t *fate)
{
    const char *old = old_words();
    spork_future_t *future = NULL;
    const spork_outcome_t *outcome;

    if (!went_well(spork_submit(&future, pool, fn, NULL, 0), old, fate)) return;
    if (cancel) (void)spork_future_wait(future, MILLISECOND); /* it may run by then, or not */
    if (cancel) (void)went_well(spork_future_cancel(future), old, fate);
    (void)went_well(spork_future_wait(future, -1), old, fate);
    outcome = spork_future_outcome(future);
    expect(outcome != NULL && outcome->status != APR_SUCCESS);
    if (outcome->status != wanted && outcome->status != SPORK_EDEADLINE && outcome->status != SPORK_ECRASHED)
        lose(outcome, fate);
    spork_future_destroy(future);
}

/* ---- scenes ---------------------------------------------------------------------------------------------------------- */

void scene_work(apr_pool_t *parent, const fate_t *fate)
{
    spork_pool_t *pool = make(parent, WORKERS, 0, fate);
    const char *old;

    if (pool == NULL) return;
    check_map(pool, square, squared, fate);
    check_echo(pool, 10, fate);
    check_echo(pool, LONG_INPUT, fate);
    check_large_reply(pool, fate);
    check_stream(pool, NULL, fate);
    check_map(pool, odd_ones_fail, only_even, fate);
    check_shared(pool, fate);
    check_calls(pool, fate);
    if (start_method() != SPORK_START_INLINE) check_end(pool, perish, 0, SPORK_ECRASHED, fate);
    check_map(pool, square, squared, fate);
    old = old_words();
    (void)went_well(spork_pool_close(pool), old, fate);
    spork_pool_destroy(pool);
}

void scene_ends(apr_pool_t *parent, const fate_t *fate)
{
    spork_pool_t *pool = make(parent, 1, 20 * MILLISECOND * slow_factor(), fate);
    const char *old = old_words();

    if (pool == NULL) return;
    check_end(pool, perish, 0, SPORK_ECRASHED, fate);
    check_end(pool, never_end, 0, SPORK_EDEADLINE, fate);
    check_end(pool, never_end, 1, SPORK_ECANCELLED, fate);
    (void)went_well(spork_pool_terminate(pool), old, fate);
    /* the APR memory pool ends it */
}

/* ---- logs ----------------------------------------------------------------------------------------------------------- */

static char *in_logs(const char *name, apr_pool_t *mem)
{
    return apr_pstrcat(mem, test_directory(), "/logs", name, (char *)NULL);
}

/* All of it; "" if it is not there. */
static const char *text_of(const char *path, apr_pool_t *mem)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_size_t n;
    char *text;

    if (apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, mem) != APR_SUCCESS) return "";
    if (apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS) return "";
    n = (apr_size_t)info.size;
    text = apr_pcalloc(mem, n + 1);
    (void)apr_file_read_full(file, text, n, &n);
    (void)apr_file_close(file);
    return text;
}

/* The logs' directory, with what is in it; how many of the files were but for a while. */
static int clear_logs(apr_pool_t *mem)
{
    apr_array_header_t *names = apr_array_make(mem, 8, sizeof(char *));
    apr_dir_t *dir;
    apr_finfo_t info;
    int temporary = 0;

    if (apr_dir_open(&dir, in_logs("", mem), mem) != APR_SUCCESS) return 0;
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS)
        if (info.name[0] != '.')
            APR_ARRAY_PUSH(names, char *) = apr_pstrcat(mem, "/", info.name, (char *)NULL);
    (void)apr_dir_close(dir);
    for (int i = 0; i < names->nelts; i++) {
        const char *name = APR_ARRAY_IDX(names, i, char *);
        temporary += strstr(name, ".tmp") != NULL;
        (void)apr_file_remove(in_logs(name, mem), mem);
    }
    (void)apr_dir_remove(in_logs("", mem), mem);
    return temporary;
}

/* What was written is in the merged log, once; what was not is counted. */
static void check_records(const char *text, const apr_status_t noted[ITEMS], apr_uint64_t counted,
                          const fate_t *fate)
{
    int dropped = 0;

    for (int i = 0; i < ITEMS; i++) {
        char words[32];
        const char *found;

        (void)apr_snprintf(words, sizeof words, " item %d.\n", i);
        found = strstr(text, words);
        expect((found != NULL) == (noted[i] == APR_SUCCESS));
        expect(found == NULL || strstr(found + 1, words) == NULL);
        dropped += noted[i] != APR_SUCCESS;
    }
    expect(counted >= (apr_uint64_t)dropped);
    expect(counted == 0 || !fate->must_succeed);
}

static void use_logs(spork_pool_t *pool, apr_pool_t *mem, const fate_t *fate)
{
    const char *old = old_words();
    apr_status_t noted[ITEMS];
    int all;

    all = went_well(spork_map(pool, note, NULL, 0, noted, sizeof *noted, ITEMS, NULL), old, fate);
    old = old_words();
    if (went_well(spork_pool_close(pool), old, fate)) {
        if (all) check_records(text_of(in_logs("/all", mem), mem), noted, spork_logs_lost(pool), fate);
    } else {
        expect(text_of(in_logs("/all", mem), mem)[0] == '\0');
    }
}

void scene_logs(apr_pool_t *parent, const fate_t *fate)
{
    static const int given = SUMMAND;
    const char *old = old_words();
    spork_config_t config;
    spork_pool_t *pool = NULL;
    apr_pool_t *mem;
    apr_status_t status;

    made = lost = 0;
    expect(apr_pool_create(&mem, NULL) == APR_SUCCESS);
    make_config(&config, WORKERS);
    config.initializer = initialize_loudly;
    config.init_arg = &given;
    config.init_size = sizeof given;
    config.log_dir = in_logs("", mem);
    config.log_merge = in_logs("/all", mem);
    config.log_output = 1;
    status = spork_pool_create(&pool, &config, parent);
    expect((pool != NULL) == went_well(status, old, fate));
    made = pool != NULL;
    if (pool != NULL) use_logs(pool, mem, fate);
    spork_pool_destroy(pool);
    expect(clear_logs(mem) == 0 || fate->lasting);
    apr_pool_destroy(mem);
}

/* ---- journals -------------------------------------------------------------------------------------------------- */

/* A map that is recorded: what is not a failure is right. How many items were taken from the journal; negative: it did not go
 * well, or not for all. */
static int map_with_journal(spork_pool_t *pool, const char *path, const fate_t *fate)
{
    const char *old = old_words();
    int in[ITEMS], out[ITEMS];
    spork_map_t options = { 0 };
    apr_status_t status;
    apr_size_t f = 0;

    options.journal = path;
    for (int i = 0; i < ITEMS; i++) in[i] = i;
    status = spork_map(pool, square, in, sizeof *in, out, sizeof *out, ITEMS, &options);
    if (status != SPORK_EFAILED && !went_well(status, old, fate)) return -1;
    for (int i = 0; i < ITEMS; i++) {
        if (f < options.n_failures && options.failures[f].index == (apr_size_t)i)
            lose(&options.failures[f++], fate);
        else
            expect(out[i] == squared(i));
    }
    return f == 0 ? (int)options.n_resumed : -1;
}

static void use_journals(spork_pool_t *pool, const char *of_map, const char *of_stream, const fate_t *fate)
{
    spork_stream_t options = { 0 };
    apr_size_t n_resumed = 0;
    int first = map_with_journal(pool, of_map, fate), second = map_with_journal(pool, of_map, fate);

    expect(first <= 0); /* there was nothing to be taken */
    expect(first < 0 || second < 0 || second == ITEMS);
    options.journal = of_stream;
    options.n_resumed = &n_resumed;
    check_stream(pool, &options, fate);
    expect(n_resumed == 0);
    check_stream(pool, &options, fate);
}

void scene_journals(apr_pool_t *parent, const fate_t *fate)
{
    spork_pool_t *pool = make(parent, WORKERS, 0, fate);
    apr_pool_t *mem;
    const char *of_map, *of_stream;

    if (pool == NULL) return;
    expect(apr_pool_create(&mem, NULL) == APR_SUCCESS);
    of_map = apr_pstrcat(mem, test_directory(), "/map.journal", (char *)NULL);
    of_stream = apr_pstrcat(mem, test_directory(), "/stream.journal", (char *)NULL);
    use_journals(pool, of_map, of_stream, fate);
    spork_pool_destroy(pool);
    (void)apr_file_remove(of_map, mem);
    (void)apr_file_remove(of_stream, mem);
    apr_pool_destroy(mem);
}

static int call_named(const char *name, const fate_t *fate)
{
    for (int call = 0; call < fault_calls(); call++)
        if (strcmp(fault_name(call), name) == 0) return call;
    expect(0);
    return 0;
}

/* A sync that failed has dropped what it was about, perhaps: what the system still shows of it must not count in a later run. And
 * who was killed between write and sync leaves what only the system has: it is on disk before it counts. */
void scene_syncs(apr_pool_t *parent, const fate_t *fate)
{
    spork_pool_t *pool = make(parent, WORKERS, 0, fate);
    const char *path = apr_pstrcat(parent, test_directory(), "/synced.journal", (char *)NULL);
    int sync;

    expect(pool != NULL);
    expect(map_with_journal(pool, path, fate) == 0);
    sync = call_named("apr_file_datasync", fate);
    expect(apr_file_remove(path, parent) == APR_SUCCESS);
    fault_plan(sync, FAULT_PARENT, 2, 0, 1); /* the head's is the first */
    expect(map_with_journal(pool, path, fate) < 0);
    expect(fault_struck() > 0);
    fault_clear();
    expect(map_with_journal(pool, path, fate) == 0);
    fault_plan(sync, FAULT_PARENT, 1, 0, 1);
    expect(map_with_journal(pool, path, fate) < 0);
    expect(fault_struck() > 0);
    fault_clear();
    expect(map_with_journal(pool, path, fate) == ITEMS);
    spork_pool_destroy(pool);
    expect(apr_file_remove(path, parent) == APR_SUCCESS);
}

void scene_first(apr_pool_t *parent, const fate_t *fate)
{
    spork_pool_t *pool = make(parent, WORKERS, 0, fate);

    if (pool == NULL) return;
    check_map(pool, square, squared, fate);
    spork_pool_destroy(pool);
}
