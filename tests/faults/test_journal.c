/*
 * Faults: a batch with a journal is killed ten times at random moments, parent and workers, and started again each time. It comes to
 * the right answer; what is recorded never runs again; what was delivered is recorded; and of a stream no more is lost than
 * was under way.
 *
 * Two generations: this program (the observer) starts itself as a batch, whose workers hold its standard output, a pipe that the
 * observer reads to its end: then all of them are gone. Each item appends its number to a file of its worker's when it
 * begins (to a common one not: Wine 8 looks where the end is, and then writes there), and the sink to another.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "journal.h"
#include "os.h"
#include "watchdog.h"

#define ITEMS 400
#define KILLS 10
#define WORKERS 2
#define WINDOW 8
#define ITEM_TAKES (2 * MILLISECOND)
#define SALT 1234567

typedef enum { MAP, ORDERED, UNORDERED } kind_e;
static const char *const kind_names[] = { "map", "ordered stream", "unordered stream" };

/* ---- the batch ------------------------------------------------------------------------------------------------ */

static char runs_path[1024]; /* in every process: where items say that they run */

static apr_status_t note(const char *path, apr_uint64_t index)
{
    spk_os_handle_t file;
    size_t written;
    apr_status_t status = spk_os_append_open(&file, path);

    if (status != APR_SUCCESS) return status;
    status = spk_os_append(file, &index, sizeof index, &written);
    spk_os_append_close(&file);
    return status;
}

static apr_status_t learn_path(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)out;
    apr_cpystrn(runs_path, in, sizeof runs_path);
    return APR_SUCCESS;
}

static apr_uint64_t result_of(apr_uint64_t number)
{
    return number * number + 3 * number + 1;
}

static apr_status_t work(spork_task_t *task, const void *in, void *out)
{
    apr_uint64_t result = result_of(*(const apr_uint64_t *)in);
    char path[sizeof runs_path + 16];
    apr_status_t status;

    (void)apr_snprintf(path, sizeof path, "%s.%d", runs_path, spork_worker_id(task));
    status = note(path, spork_task_index(task));
    if (status != APR_SUCCESS) return status;
    apr_sleep(ITEM_TAKES);
    if (out == NULL) return spork_reply(task, &result, sizeof result);
    *(apr_uint64_t *)out = result;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(learn_path), SPORK_ENTRY(work), SPORK_END };

static apr_uint64_t number_of(apr_size_t index)
{
    return index + SALT;
}

typedef struct {
    apr_size_t drawn;
    apr_uint64_t number, sum;
    const char *delivered_path;
} flow_t;

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    flow_t *flow = baton;

    if (flow->drawn == ITEMS) return APR_EOF;
    flow->number = number_of(flow->drawn++);
    *in = &flow->number;
    *in_size = sizeof flow->number;
    return APR_SUCCESS;
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    flow_t *flow = baton;

    if (outcome->status != APR_SUCCESS) return outcome->status;
    if (outcome->out_size != sizeof flow->sum) return APR_EGENERAL;
    flow->sum += *(const apr_uint64_t *)outcome->out;
    return note(flow->delivered_path, outcome->index);
}

static int run_as_map(spork_pool_t *pool, const char *journal, apr_uint64_t *sum)
{
    static apr_uint64_t in[ITEMS], out[ITEMS];
    spork_map_t options = { 0 };

    options.journal = journal;
    for (apr_size_t i = 0; i < ITEMS; i++) in[i] = number_of(i);
    role_check(spork_map(pool, work, in, sizeof *in, out, sizeof *out, ITEMS, &options) == APR_SUCCESS);
    for (apr_size_t i = 0; i < ITEMS; i++) *sum += out[i];
    return EXIT_SUCCESS;
}

static int run_as_stream(spork_pool_t *pool, const char *journal, const char *delivered, int unordered,
                         apr_uint64_t *sum)
{
    flow_t flow = { 0, 0, 0, NULL };
    spork_stream_t options = { 0 };

    flow.delivered_path = delivered;
    options.journal = journal;
    options.window = WINDOW;
    options.unordered = unordered;
    role_check(spork_stream(pool, work, draw, deliver, &flow, &options) == APR_SUCCESS);
    *sum = flow.sum;
    return EXIT_SUCCESS;
}

/* batch KIND METHOD JOURNAL RUNS DELIVERED */
static int batch(int argc, char **argv)
{
    spork_config_t config;
    spork_pool_t *pool;
    apr_uint64_t sum = 0;
    int result;

    role_check(argc == 6);
    role_check(spork_init(NULL, NULL, tasks) == APR_SUCCESS);
    spork_config_init(&config);
    config.start = (spork_start_e)atoi(argv[2]);
    config.workers = WORKERS;
    config.initializer = learn_path;
    config.init_arg = argv[4];
    config.init_size = strlen(argv[4]) + 1;
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    if (atoi(argv[1]) == MAP)
        result = run_as_map(pool, argv[3], &sum);
    else
        result = run_as_stream(pool, argv[3], argv[5], atoi(argv[1]) == UNORDERED, &sum);
    spork_pool_destroy(pool);
    if (result == EXIT_SUCCESS) (void)printf("%llu\n", (unsigned long long)sum);
    return result;
}

/* ---- the observer ----------------------------------------------------------------------------------------------- */

typedef struct {
    kind_e kind;
    const char *journal, *runs, *delivered;
    const char *runs_of_worker[WORKERS];
    unsigned char recorded[ITEMS];
    apr_size_t n_recorded;
    apr_size_t runs_seen[WORKERS]; /* entries of each file */
    int runs_of[ITEMS];
    unsigned random;
    char answer[64]; /* what the batch has printed */
} watch_t;

static apr_size_t size_of(const char *path)
{
    apr_finfo_t info;
    apr_status_t status = apr_stat(&info, path, APR_FINFO_SIZE, test_memory());

    return status == APR_SUCCESS ? (apr_size_t)info.size : 0;
}

/* Entries from `from` on; malloc()ed. */
static apr_uint64_t *read_entries(const char *path, apr_size_t from, apr_size_t *n)
{
    apr_size_t total = size_of(path) / sizeof(apr_uint64_t);
    apr_uint64_t *entries = malloc((total + 1) * sizeof *entries);
    apr_off_t at = (apr_off_t)(from * sizeof *entries);
    apr_file_t *file;

    assert_non_null(entries);
    *n = total > from ? total - from : 0;
    if (*n == 0) return entries;
    assert_success(
        apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, test_memory()));
    assert_success(apr_file_seek(file, APR_SET, &at));
    assert_success(apr_file_read_full(file, entries, *n * sizeof *entries, NULL));
    assert_success(apr_file_close(file));
    return entries;
}

static void start_batch(watch_t *watch, apr_proc_t *process)
{
    const char *args[] = { self_path(),
                           "role",
                           "batch",
                           apr_itoa(test_memory(), (int)watch->kind),
                           apr_itoa(test_memory(), (int)start_method()),
                           watch->journal,
                           watch->runs,
                           watch->delivered,
                           NULL };
    apr_procattr_t *attributes;

    assert_success(apr_procattr_create(&attributes, test_memory()));
    assert_success(apr_procattr_io_set(attributes, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE));
    assert_success(apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV));
    assert_success(apr_proc_create(process, self_path(), args, NULL, attributes, test_memory()));
}

/* All that it prints, until all who could are gone. */
static int end_of_batch(watch_t *watch, apr_proc_t *process)
{
    apr_size_t used = 0, n;
    apr_status_t status;
    apr_exit_why_e why;
    int code;

    do {
        n = sizeof watch->answer - 1 - used;
        status = apr_file_read(process->out, watch->answer + used, &n);
        if (status == APR_SUCCESS) used += n;
    } while (status == APR_SUCCESS && used < sizeof watch->answer - 1);
    watch->answer[used] = '\0';
    assert_success(apr_file_close(process->out));
    assert_int_equal(apr_proc_wait(process, &code, &why, APR_WAIT), APR_CHILD_DONE);
    return APR_PROC_CHECK_EXIT(why) ? code : -1;
}

static unsigned pick(watch_t *watch, unsigned below)
{
    watch->random = watch->random * 1103515245u + 12345u;
    return (watch->random >> 16) % below;
}

static apr_size_t count_runs(const watch_t *watch)
{
    apr_size_t bytes = 0;
    for (int w = 0; w < WORKERS; w++) bytes += size_of(watch->runs_of_worker[w]);
    return bytes / sizeof(apr_uint64_t);
}

/* Let some items more begin, and kill it. */
static void run_a_while(watch_t *watch)
{
    apr_size_t enough = count_runs(watch) + pick(watch, ITEMS / 8);
    apr_proc_t process;

    if (enough > ITEMS / 2) enough = count_runs(watch); /* some are to be left */
    start_batch(watch, &process);
    while (count_runs(watch) < enough) apr_sleep(MILLISECOND / 2);
    apr_sleep(pick(watch, 5000)); /* somewhere in an item, or in a sync */
    host_kill((int64_t)process.pid);
    (void)end_of_batch(watch, &process);
}

/* ---- what must be true after each death --------------------------------------------------------------------------- */

static apr_status_t see_record(void *of, const spk_journal_record_t *record, const unsigned char *data)
{
    watch_t *watch = of;

    for (apr_uint64_t i = record->first; i < record->first + record->count; i++) {
        apr_uint64_t result;
        assert_true(i < ITEMS);
        memcpy(&result, data + (i - record->first) * sizeof result, sizeof result);
        assert_true(result == result_of(number_of((apr_size_t)i)));
        watch->n_recorded += !watch->recorded[i];
        watch->recorded[i] = 1;
    }
    return APR_SUCCESS;
}

/* Windows gives a dead process's locks back when it has the time. */
static void read_journal(watch_t *watch)
{
    spk_journal_batch_t of = { "observer", SPK_JOURNAL_STREAM, "work", 0, 0, 0 };
    spk_journal_t *journal = NULL;
    apr_status_t status;
    int tries = 0;

    if (size_of(watch->journal) == 0) return;
    if (watch->kind == MAP) {
        of.kind = SPK_JOURNAL_MAP;
        of.in_size = of.out_size = sizeof(apr_uint64_t);
        of.count = ITEMS;
    }
    do {
        if (tries > 0) apr_sleep(10 * MILLISECOND);
        status = spk_journal_open(&journal, watch->journal, &of);
    } while (status == SPORK_EJOURNAL && strstr(spork_error(), "in use") != NULL && tries++ < 500);
    assert_success(status);
    assert_success(spk_journal_scan(journal, see_record, watch));
    spk_journal_close(journal);
}

static void check_delivered(const watch_t *watch)
{
    apr_size_t n;
    apr_uint64_t *entries = read_entries(watch->delivered, 0, &n);

    for (apr_size_t i = 0; i < n; i++) assert_true(entries[i] < ITEMS && watch->recorded[entries[i]]);
    free(entries);
}

/* What has run since the last time, in one worker. How many of these are not recorded. */
static apr_size_t check_runs(watch_t *watch, int worker, const unsigned char *before)
{
    apr_size_t n, unrecorded = 0;
    apr_uint64_t *entries = read_entries(watch->runs_of_worker[worker], watch->runs_seen[worker], &n);

    for (apr_size_t i = 0; i < n; i++) {
        assert_true(entries[i] < ITEMS);
        if (before[entries[i]]) fail_msg("item %d was recorded, and ran again", (int)entries[i]);
        watch->runs_of[entries[i]]++;
        unrecorded += !watch->recorded[entries[i]];
    }
    watch->runs_seen[worker] += n;
    free(entries);
    return unrecorded;
}

static void look(watch_t *watch)
{
    unsigned char before[ITEMS];
    apr_size_t n_before = watch->n_recorded, unrecorded = 0;

    memcpy(before, watch->recorded, sizeof before);
    memset(watch->recorded, 0, sizeof watch->recorded);
    watch->n_recorded = 0;
    read_journal(watch);
    assert_true(watch->n_recorded >= n_before);
    for (apr_size_t i = 0; i < ITEMS; i++) assert_true(watch->recorded[i] || !before[i]);
    for (int w = 0; w < WORKERS; w++) unrecorded += check_runs(watch, w, before);
    if (watch->kind != MAP) assert_true(unrecorded <= WINDOW + WORKERS);
    if (watch->kind != MAP) check_delivered(watch);
}

static void check_answer(const watch_t *watch)
{
    apr_uint64_t sum = 0;
    int again = 0;

    for (apr_size_t i = 0; i < ITEMS; i++) {
        sum += result_of(number_of(i));
        assert_in_range(watch->runs_of[i], 1, KILLS + 1);
        again += watch->runs_of[i] - 1;
    }
    assert_true(strtoull(watch->answer, NULL, 10) == sum);
    assert_int_equal(watch->n_recorded, ITEMS);
    print_message("%s: %d of %d items were under way at one of %d deaths, and ran again\n",
                  kind_names[watch->kind], again, ITEMS, KILLS);
}

static void remove_files(const watch_t *watch)
{
    (void)apr_file_remove(watch->journal, test_memory());
    (void)apr_file_remove(watch->delivered, test_memory());
    for (int w = 0; w < WORKERS; w++) (void)apr_file_remove(watch->runs_of_worker[w], test_memory());
}

static void kill_and_resume(kind_e kind)
{
    watch_t watch;
    apr_proc_t process;

    memset(&watch, 0, sizeof watch);
    watch.kind = kind;
    watch.random = (unsigned)apr_time_now();
    print_message("seed %u\n", watch.random);
    watch.journal = test_path("journal");
    watch.runs = test_path("runs");
    watch.delivered = test_path("delivered");
    for (int w = 0; w < WORKERS; w++)
        watch.runs_of_worker[w] = apr_psprintf(test_memory(), "%s.%d", watch.runs, w);
    remove_files(&watch);
    for (int i = 0; i < KILLS; i++) {
        watchdog_start(kind_names[kind], 120 * slow_factor());
        run_a_while(&watch);
        look(&watch);
    }
    watchdog_start(kind_names[kind], 240 * slow_factor());
    start_batch(&watch, &process);
    assert_int_equal(end_of_batch(&watch, &process), 0);
    look(&watch);
    check_answer(&watch);
    remove_files(&watch);
}

static void a_map_is_killed(void **state)
{
    (void)state;
    kill_and_resume(MAP);
}

static void a_stream_is_killed(void **state)
{
    (void)state;
    kill_and_resume(ORDERED);
}

static void an_unordered_stream_is_killed(void **state)
{
    (void)state;
    kill_and_resume(UNORDERED);
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "batch", batch } };
    static const struct CMUnitTest kills[] = {
        TEST(a_map_is_killed),
        TEST(a_stream_is_killed),
        TEST(an_unordered_stream_is_killed),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("journal", kills);
}
