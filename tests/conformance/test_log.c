/*
 * Conformance: logs. Every worker writes its own file, whatever becomes of it, and all of them make one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_file_info.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define ITEMS 40

/* ---- tasks ---------------------------------------------------------------------------------- */

static apr_status_t start(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    return spork_log(task, SPORK_LOG_INFO, "worker %d starts", spork_worker_id(task));
}

static apr_status_t note(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    if (out != NULL) *(apr_int64_t *)out = host_pid();
    return spork_log(task, SPORK_LOG_INFO, "item %d", (int)spork_task_index(task));
}

static apr_status_t note_levels(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    for (int level = SPORK_LOG_DEBUG; level <= SPORK_LOG_ERROR; level++)
        if (spork_log(task, (spork_level_e)level, "level %d", level) != APR_SUCCESS) return APR_EGENERAL;
    return APR_SUCCESS;
}

static apr_status_t note_wildly(spork_task_t *task, const void *in, void *out)
{
    char *text = apr_palloc(spork_task_pool(task), 3 * SPORK_LOG_MAX);

    (void)in;
    (void)out;
    memset(text, 'x', 3 * SPORK_LOG_MAX);
    text[3 * SPORK_LOG_MAX - 1] = '\0';
    if (spork_log(task, SPORK_LOG_WARNING, "%s", text) != APR_SUCCESS) return APR_EGENERAL;
    return spork_log(task, SPORK_LOG_ERROR, "two\nlines, %s, C:\\x\r\n", "K\xc3\xb6ln");
}

static apr_status_t misuse(spork_task_t *task, const void *in, void *out)
{
    const char *none = NULL;

    (void)in;
    (void)out;
    if (spork_log(NULL, SPORK_LOG_INFO, "x") != APR_EINVAL) return APR_EGENERAL;
    /* an argument, or Debian's -Werror=format-security does not compile it */
    if (spork_log(task, SPORK_LOG_INFO, none, 0) != APR_EINVAL) return APR_EGENERAL;
    if (spork_log(task, (spork_level_e)0, "x") != APR_EINVAL) return APR_EGENERAL;
    if (spork_log(task, (spork_level_e)5, "x") != APR_EINVAL) return APR_EGENERAL;
    return spork_error()[0] != '\0' ? APR_SUCCESS : APR_EGENERAL;
}

static apr_status_t note_and_die(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    (void)spork_log(task, SPORK_LOG_ERROR, "last words");
    die(DIE_KILLED);
    return APR_SUCCESS;
}

static apr_status_t print_and_note(spork_task_t *task, const void *in, void *out)
{
    apr_status_t status;

    (void)in;
    (void)out;
    (void)printf("printed first\n");
    (void)printf("no end here");
    status = spork_log(task, SPORK_LOG_INFO, "noted second");
    (void)fprintf(stderr, "complained third\n");
    if (status == APR_SUCCESS) status = spork_log(task, SPORK_LOG_INFO, "noted fourth");
    (void)printf("printed fifth\n");
    return status;
}

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

/* An INLINE pool in a worker has a log, too. */
static apr_status_t note_inside(spork_task_t *task, const void *in, void *out)
{
    spork_config_t config;
    spork_pool_t *pool;
    apr_status_t status;

    (void)out;
    spork_config_init(&config);
    config.start = SPORK_START_INLINE;
    config.log_dir = in;
    status = spork_pool_create(&pool, &config, spork_task_pool(task));
    if (status != APR_SUCCESS) return status;
    status = spork_map(pool, note, NULL, 0, NULL, 0, 3, NULL);
    spork_pool_destroy(pool);
    return status;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(start),          SPORK_ENTRY(note),
                                       SPORK_ENTRY(note_levels),    SPORK_ENTRY(note_wildly),
                                       SPORK_ENTRY(misuse),         SPORK_ENTRY(note_and_die),
                                       SPORK_ENTRY(print_and_note), SPORK_ENTRY(note_inside),
                                       SPORK_ENTRY(nothing),        SPORK_END };

/* ---- what is found ----------------------------------------------------------------------------- */

typedef struct {
    char *wall, *level, *words; /* NULL wall: the line is no record, words is all of it */
    apr_uint64_t clock;
    apr_int64_t pid, file_pid; /* as the record says; as the file's name does */
    int worker, item;          /* -1: none */
} found_t;

typedef struct {
    found_t *lines;
    int n, files;
} log_t;

static char *whole_file(const char *path)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_size_t n;
    char *text;

    assert_success(
        apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, test_memory()));
    assert_success(apr_file_info_get(&info, APR_FINFO_SIZE, file));
    n = (apr_size_t)info.size;
    text = apr_pcalloc(test_memory(), n + 1);
    if (n > 0) assert_success(apr_file_read_full(file, text, n, &n));
    assert_success(apr_file_close(file));
    return text;
}

/* By another way than the library's own. */
static found_t parse(char *line)
{
    found_t found = { 0 };
    long long seconds, pid;
    unsigned nanoseconds;
    char wall[32], level[16], item[24];
    int length = 0;

    found.words = line;
    if (sscanf(line, "%27[0-9TZ:.-] %lld.%9u %15[A-Z] pid=%lld worker=%d item=%23s%n", wall, &seconds,
               &nanoseconds, level, &pid, &found.worker, item, &length) != 7 ||
        strlen(wall) != 27)
        return found;
    assert_int_equal(line[length], ' ');
    found.wall = apr_pstrdup(test_memory(), wall);
    found.level = apr_pstrdup(test_memory(), level);
    found.clock = (apr_uint64_t)seconds * 1000000000u + nanoseconds;
    found.pid = (apr_int64_t)pid;
    found.item = strcmp(item, "-") == 0 ? -1 : atoi(item);
    found.words = line + length + 1;
    return found;
}

static void take_lines(log_t *log, char *text, apr_int64_t pid)
{
    char *end;

    for (; *text != '\0'; text = end + 1) {
        end = strchr(text, '\n');
        assert_non_null(end);
        *end = '\0';
        log->lines = realloc(log->lines, (size_t)(log->n + 1) * sizeof *log->lines);
        assert_non_null(log->lines);
        log->lines[log->n] = parse(text);
        log->lines[log->n++].file_pid = pid;
    }
}

static apr_status_t free_lines(void *log)
{
    free(((log_t *)log)->lines);
    return APR_SUCCESS;
}

static log_t *new_log(void)
{
    log_t *log = apr_pcalloc(test_memory(), sizeof *log);
    apr_pool_cleanup_register(test_memory(), log, free_lines, apr_pool_cleanup_null);
    return log;
}

/* What this program is called in its logs. */
static const char *program_name(void)
{
    const char *slash = strrchr(self_path(), '/'), *back = strrchr(self_path(), '\\');
    const char *name = back > slash ? back + 1 : slash != NULL ? slash + 1 : self_path();
    char *copy = apr_pstrdup(test_memory(), name), *dot = strstr(copy, ".exe");

    if (dot != NULL) *dot = '\0';
    return copy;
}

/* Every log in the directory, which is removed with all that is in it. */
static log_t *take_logs(const char *dir)
{
    log_t *log = new_log();
    apr_dir_t *open;
    apr_finfo_t info;
    const char *prefix = apr_pstrcat(test_memory(), program_name(), "_", (char *)NULL);
    apr_array_header_t *paths = apr_array_make(test_memory(), 8, sizeof(char *));

    assert_success(apr_dir_open(&open, dir, test_memory()));
    while (apr_dir_read(&info, APR_FINFO_NAME, open) == APR_SUCCESS) {
        char *path;
        if (info.name[0] == '.') continue;
        if (strncmp(info.name, prefix, strlen(prefix)) != 0) fail_msg("%s is called %s…", info.name, prefix);
        path = apr_pstrcat(test_memory(), dir, "/", info.name, (char *)NULL);
        take_lines(log, whole_file(path), apr_atoi64(info.name + strlen(prefix)));
        log->files++;
        APR_ARRAY_PUSH(paths, char *) = path;
    }
    assert_success(apr_dir_close(open));
    for (int i = 0; i < paths->nelts; i++)
        assert_success(apr_file_remove(APR_ARRAY_IDX(paths, i, char *), test_memory()));
    assert_success(apr_dir_remove(dir, test_memory()));
    return log;
}

static int count(const log_t *log, const char *words)
{
    int n = 0;
    for (int i = 0; i < log->n; i++) n += strcmp(log->lines[i].words, words) == 0;
    return n;
}

static const found_t *find(const log_t *log, const char *words)
{
    for (int i = 0; i < log->n; i++)
        if (strcmp(log->lines[i].words, words) == 0) return &log->lines[i];
    fail_msg("not in the log: %s", words);
    return NULL;
}

static void config_with_logs(spork_config_t *config, int workers, const char *dir)
{
    make_config(config, workers);
    config->log_dir = dir;
}

static void map_success(spork_pool_t *pool, spork_fn_t fn, apr_size_t n)
{
    assert_success(spork_map(pool, fn, NULL, 0, NULL, 0, n, NULL));
}

/* ---- tests -------------------------------------------------------------------------------------- */

static void each_worker_has_its_file(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    log_t *log;
    int inline_pool = start_method() == SPORK_START_INLINE;

    (void)state;
    for_each_workers(n)
    {
        apr_int64_t pids[ITEMS];
        config_with_logs(&config, n, test_path("logs"));
        config.initializer = start;
        pool = make_pool(&config);
        assert_success(spork_map(pool, note, NULL, 0, pids, sizeof pids[0], ITEMS, NULL));
        assert_true(spork_logs_lost(pool) == 0);
        end_pool(pool);
        log = take_logs(config.log_dir);
        assert_int_equal(log->files, inline_pool ? 1 : n);
        assert_int_equal(log->n, ITEMS + log->files);
        for (int i = 0; i < log->n; i++) {
            const found_t *found = &log->lines[i];
            assert_non_null(found->wall);
            assert_string_equal(found->level, "INFO");
            assert_true(found->pid == found->file_pid);
            if (found->item >= 0) {
                assert_string_equal(found->words, apr_psprintf(test_memory(), "item %d", found->item));
                assert_true(found->pid == pids[found->item]);
            } else {
                assert_string_equal(found->words,
                                    apr_psprintf(test_memory(), "worker %d starts", found->worker));
            }
        }
        for (int i = 0; i < ITEMS; i++)
            assert_int_equal(count(log, apr_psprintf(test_memory(), "item %d", i)), 1);
    }
}

static void submitted_items_log_too(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    spork_future_t *future;
    log_t *log;

    (void)state;
    config_with_logs(&config, 2, test_path("logs"));
    pool = make_pool(&config);
    for (int i = 0; i < 3; i++) {
        assert_success(spork_submit(&future, pool, note, NULL, 0));
        assert_success(spork_future_wait(future, -1));
        assert_success(spork_future_outcome(future)->status);
    }
    end_pool(pool);
    log = take_logs(config.log_dir);
    assert_int_equal(log->n, 3);
    for (int i = 0; i < 3; i++)
        assert_int_equal(find(log, apr_psprintf(test_memory(), "item %d", i))->item, i);
}

static void a_record_stays_a_line(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    log_t *log;

    (void)state;
    config_with_logs(&config, 1, test_path("logs"));
    pool = make_pool(&config);
    map_success(pool, note_wildly, 1);
    end_pool(pool);
    log = take_logs(config.log_dir);
    assert_int_equal(log->n, 2);
    assert_string_equal(log->lines[0].level, "WARNING");
    assert_string_equal(log->lines[0].words + strlen(log->lines[0].words) - 8, "xx [cut]");
    assert_in_range(strlen(log->lines[0].words), SPORK_LOG_MAX - 120, SPORK_LOG_MAX - 60);
    assert_string_equal(log->lines[1].level, "ERROR");
    assert_string_equal(log->lines[1].words, "two\\nlines, K\xc3\xb6ln, C:\\\\x\\r\\n");
}

static void the_least_level_counts(void **state)
{
    static const int least[] = { 0, SPORK_LOG_DEBUG, SPORK_LOG_INFO, SPORK_LOG_WARNING, SPORK_LOG_ERROR };
    spork_config_t config;
    spork_pool_t *pool;
    log_t *log;

    (void)state;
    for (size_t i = 0; i < LENGTH(least); i++) {
        int from = least[i] == 0 ? SPORK_LOG_INFO : least[i];
        config_with_logs(&config, 1, test_path("logs"));
        config.log_level = (spork_level_e)least[i];
        pool = make_pool(&config);
        map_success(pool, note_levels, 1);
        end_pool(pool);
        log = take_logs(config.log_dir);
        assert_int_equal(log->n, SPORK_LOG_ERROR - from + 1);
        for (int k = 0; k < log->n; k++)
            assert_string_equal(log->lines[k].words, apr_psprintf(test_memory(), "level %d", from + k));
    }
}

static void without_a_log_dir_nothing_is_written(void **state)
{
    spork_pool_t *pool = start_pool(1);

    (void)state;
    map_success(pool, note_levels, 3);
    map_success(pool, misuse, 1);
    assert_true(spork_logs_lost(pool) == 0);
    end_pool(pool);
}

static void misuse_is_an_error_with_logs_as_well(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;

    (void)state;
    config_with_logs(&config, 1, test_path("logs"));
    pool = make_pool(&config);
    map_success(pool, misuse, 1);
    assert_true(spork_logs_lost(pool) == 0);
    end_pool(pool);
    assert_int_equal(take_logs(config.log_dir)->n, 0);
}

static void the_dead_leave_their_words_and_successors_have_a_file(void **state)
{
    enum { DEATHS = 3 };
    spork_config_t config;
    spork_pool_t *pool;
    log_t *log;

    (void)state;
    needs_workers();
    config_with_logs(&config, 1, test_path("logs"));
    config.initializer = start;
    pool = make_pool(&config);
    for (int i = 0; i < DEATHS; i++) {
        spork_map_t options = { 0 };
        assert_status(spork_map(pool, note_and_die, NULL, 0, NULL, 0, 1, &options), SPORK_EFAILED);
        assert_full_size(pool, nothing);
    }
    end_pool(pool);
    log = take_logs(config.log_dir);
    assert_int_equal(count(log, "last words"), DEATHS);
    assert_int_equal(count(log, "worker 0 starts"), DEATHS + 1);
    assert_in_range(log->files, 1, DEATHS + 1); /* an id may come again */
}

/* A directory that is not there, of any name, named from where the process was. */
static void the_directory_is_made(void **state)
{
    static const char relative[] = "a log/K\xc3\xb6ln \xe6\x97\xa5\xe6\x9c\xac";
    const char *dir = test_path(relative);
    spork_config_t config;
    spork_pool_t *pool;
    char *former;
    log_t *log;

    (void)state;
    assert_success(apr_filepath_get(&former, APR_FILEPATH_NATIVE, test_memory()));
    assert_success(apr_filepath_set(test_directory(), test_memory()));
    config_with_logs(&config, 1, relative);
    config.log_merge = "all in one";
    pool = make_pool(&config);
    assert_success(apr_filepath_set(former, test_memory()));
    map_success(pool, note, 2);
    if (start_method() != SPORK_START_INLINE) {
        (void)spork_map(pool, note_and_die, NULL, 0, NULL, 0, 1, NULL);
        assert_full_size(pool, nothing);
    }
    end_pool(pool);
    log = take_logs(dir);
    assert_int_equal(log->n, start_method() == SPORK_START_INLINE ? 2 : 3);
    assert_success(apr_dir_remove(test_path("a log"), test_memory()));
    assert_int_equal(strlen(whole_file(test_path("all in one"))) > 0, 1);
    assert_success(apr_file_remove(test_path("all in one"), test_memory()));
}

/* Longer than what Windows takes without further ado. */
static void a_long_path_will_do(void **state)
{
    enum { PARTS = 6 };
    char *parts[PARTS];
    spork_config_t config;
    spork_pool_t *pool;

    (void)state;
    for (int i = 0; i < PARTS; i++)
        parts[i] = apr_psprintf(test_memory(), "%s/%060d", i == 0 ? test_directory() : parts[i - 1], i);
    config_with_logs(&config, 1, parts[PARTS - 1]);
    config.log_merge = apr_pstrcat(test_memory(), parts[PARTS - 2], "/all", (char *)NULL);
    pool = make_pool(&config);
    map_success(pool, note, 3);
    assert_true(spork_logs_lost(pool) == 0);
    end_pool(pool);
    assert_int_equal(take_logs(config.log_dir)->n, 3);
    assert_int_equal(strlen(whole_file(config.log_merge)) > 0, 1);
    assert_success(apr_file_remove(config.log_merge, test_memory()));
    for (int i = PARTS - 2; i >= 0; i--) assert_success(apr_dir_remove(parts[i], test_memory()));
}

/* ---- what workers print --------------------------------------------------------------------------- */

/* In a role, for this process's own streams are to be seen: argv[1]: the directory */
static int print_in_a_pool(int argc, char **argv)
{
    spork_config_t config;
    spork_pool_t *pool;

    role_check(argc == 2);
    role_check(spork_init(NULL, NULL, tasks) == APR_SUCCESS);
    make_config(&config, 1);
    config.log_dir = argv[1];
    config.log_output = 1;
    (void)printf("the parent's own\n");
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    role_check(spork_map(pool, print_and_note, NULL, 0, NULL, 0, 1, NULL) == APR_SUCCESS);
    role_check(spork_logs_lost(pool) == 0);
    role_check(spork_pool_close(pool) == APR_SUCCESS);
    spork_pool_destroy(pool);
    return EXIT_SUCCESS;
}

static void what_workers_print_stands_between_the_records(void **state)
{
    static const char *const wanted[] = {
        "spork: stdout and stderr are written here",
        "printed first",
        "no end here",
        "noted second",
        "complained third",
        "noted fourth",
        "printed fifth",
    };
    const char *dir = test_path("logs"), *const role[] = { "print_in_a_pool", dir, NULL };
    log_t *log;
    run_t run;

    (void)state;
    run_role(&run, role, NULL);
    if (run.exit_code != 0) fail_msg("exit code %d: %s%s", run.exit_code, run.out, run.err);
    log = take_logs(dir);
    assert_non_null(strstr(run.out, "the parent's own"));
    if (start_method() == SPORK_START_INLINE) { /* the streams are the caller's */
        assert_non_null(strstr(run.out, "printed fifth"));
        assert_non_null(strstr(run.err, "complained third"));
        assert_int_equal(log->n, 2);
        return;
    }
    assert_null(strstr(run.out, "printed"));
    assert_string_equal(run.err, "");
    assert_int_equal(log->n, LENGTH(wanted));
    for (int i = 0; i < log->n; i++) {
        assert_string_equal(log->lines[i].words, wanted[i]);
        assert_int_equal(log->lines[i].wall != NULL, strstr(wanted[i], "noted") != NULL || i == 0);
    }
}

/* ---- merging ------------------------------------------------------------------------------------------ */

static void check_merged(const char *path, int records)
{
    log_t *merged = new_log();
    int seen[ITEMS] = { 0 };

    take_lines(merged, whole_file(path), 0);
    assert_int_equal(merged->n, records);
    for (int i = 0; i < merged->n; i++) {
        const found_t *found = &merged->lines[i];
        assert_non_null(found->wall);
        if (i > 0) assert_true(found->clock >= merged->lines[i - 1].clock);
        if (found->item >= 0 && strncmp(found->words, "item ", 5) == 0) seen[found->item]++;
    }
    for (int i = 0; i < ITEMS; i++) assert_int_equal(seen[i], 1);
    assert_success(apr_file_remove(path, test_memory()));
}

static void closing_merges_all_in_time_order(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    log_t *log;
    int with_workers = start_method() != SPORK_START_INLINE;

    (void)state;
    config_with_logs(&config, 3, test_path("logs"));
    config.log_merge = test_path("all.log");
    config.initializer = start;
    pool = make_pool(&config);
    map_success(pool, note, ITEMS);
    if (with_workers) (void)spork_map(pool, note_and_die, NULL, 0, NULL, 0, 1, NULL);
    if (with_workers) assert_full_size(pool, nothing);
    assert_success(spork_pool_close(pool));
    assert_success(spork_pool_close(pool)); /* does not merge again, and does not fail */
    spork_pool_destroy(pool);
    assert_success(spork_logs_merge(config.log_dir, test_path("again.log"), test_memory()));
    assert_string_equal(whole_file(config.log_merge), whole_file(test_path("again.log")));
    assert_success(apr_file_remove(test_path("again.log"), test_memory()));
    log = take_logs(config.log_dir);
    assert_int_equal(log->n, with_workers ? ITEMS + 3 + 2 : ITEMS + 1);
    check_merged(config.log_merge, log->n);
}

static void a_merge_that_fails_is_said(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    apr_status_t status;

    (void)state;
    config_with_logs(&config, 1, test_path("logs"));
    config.log_merge = test_path("missing/all.log");
    assert_true(APR_STATUS_IS_ENOENT(spork_pool_create(&pool, &config, NULL)));
    assert_null(pool);
    assert_non_null(strstr(spork_error(), "log_merge"));

    /* what is there when the pool is made, and is not any more when it is closed */
    assert_success(apr_dir_make(test_path("missing"), APR_FPROT_OS_DEFAULT, test_memory()));
    pool = make_pool(&config);
    map_success(pool, note, 1);
    assert_success(apr_dir_remove(test_path("missing"), test_memory())); /* so it was empty */
    status = spork_pool_close(pool);
    assert_true(APR_STATUS_IS_ENOENT(status));
    assert_non_null(strstr(spork_error(), "missing"));
    spork_pool_destroy(pool);
    assert_int_equal(take_logs(config.log_dir)->n, 1);
}

static void a_pool_in_a_task_logs_as_well(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    spork_future_t *future;
    const char *dir = test_path("logs");

    (void)state;
    make_config(&config, 1);
    pool = make_pool(&config);
    assert_success(spork_submit(&future, pool, note_inside, dir, strlen(dir) + 1));
    assert_success(spork_future_wait(future, -1));
    assert_success(spork_future_outcome(future)->status);
    end_pool(pool);
    assert_int_equal(take_logs(dir)->n, 3);
}

/* ---- what is refused ---------------------------------------------------------------------------------- */

static void refused(const spork_config_t *config, apr_status_t status, const char *words)
{
    spork_pool_t *pool;
    apr_status_t got = spork_pool_create(&pool, config, test_memory());

    assert_null(pool);
    if (status != 0)
        assert_status(got, status);
    else
        assert_true(got != APR_SUCCESS);
    if (strstr(spork_error(), words) == NULL) fail_msg("no \"%s\" in: %s", words, spork_error());
    assert_no_children();
}

static void a_directory_that_cannot_be_written_is_refused(void **state)
{
    spork_config_t config;
    apr_file_t *file;
    char *long_path = apr_pcalloc(test_memory(), 8000);

    (void)state;
    assert_success(apr_file_open(&file, test_path("file"), APR_FOPEN_WRITE | APR_FOPEN_CREATE,
                                 APR_FPROT_OS_DEFAULT, test_memory()));
    assert_success(apr_file_close(file));
    config_with_logs(&config, 2, test_path("file"));
    refused(&config, 0, "spork-test-");
    config.log_dir = test_path("file/below");
    refused(&config, 0, "file/below");
    assert_success(apr_file_remove(test_path("file"), test_memory()));
    memset(long_path, 'x', 7999);
    for (int i = 0; i < 7999; i += 100) long_path[i] = '/';
    config.log_dir = long_path;
    refused(&config, 0, "log_dir");
}

static void senseless_options_are_refused(void **state)
{
    spork_config_t config;

    (void)state;
    config_with_logs(&config, 1, "");
    refused(&config, APR_EINVAL, "log_dir");
    make_config(&config, 1);
    config.log_output = 1;
    refused(&config, APR_EINVAL, "log_output");
    make_config(&config, 1);
    config.log_merge = test_path("all");
    refused(&config, APR_EINVAL, "log_merge");
    config_with_logs(&config, 1, test_path("logs"));
    config.log_level = (spork_level_e)5;
    refused(&config, APR_EINVAL, "log_level");
    config_with_logs(&config, 1, test_path("logs"));
    config.log_merge = "";
    refused(&config, APR_EINVAL, "log_merge");
    config.log_merge = test_path("logs/x_1.log");
    refused(&config, APR_EINVAL, "x_1.log");
    config.log_merge = test_directory();
    refused(&config, APR_EINVAL, "is there, and no file");
    assert_int_equal(take_logs(test_path("logs"))->files, 0);
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "print_in_a_pool", print_in_a_pool } };
    static const struct CMUnitTest tests_of_logs[] = {
        TEST(each_worker_has_its_file),
        TEST(submitted_items_log_too),
        TEST(a_record_stays_a_line),
        TEST(the_least_level_counts),
        TEST(without_a_log_dir_nothing_is_written),
        TEST(misuse_is_an_error_with_logs_as_well),
        TEST(the_dead_leave_their_words_and_successors_have_a_file),
        TEST(the_directory_is_made),
        TEST(a_long_path_will_do),
        TEST(what_workers_print_stands_between_the_records),
        TEST(closing_merges_all_in_time_order),
        TEST(a_merge_that_fails_is_said),
        TEST(a_pool_in_a_task_logs_as_well),
        TEST(a_directory_that_cannot_be_written_is_refused),
        TEST(senseless_options_are_refused),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("log", tests_of_logs);
}
