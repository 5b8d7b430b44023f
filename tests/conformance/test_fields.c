/*
 * Conformance: each field of spork_config_t reaches the workers, those that were started first and those that
 * took the place of dead ones (behaviour 39: options cross the re-exec). The table has a row for every field:
 * `other` does not compile without a value for a new one, and a value that no row stands for is found.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_file_info.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define ITEMS 12

/* ---- tasks ---------------------------------------------------------------------------------- */

static char seen[8];
static apr_uint64_t seen_size, initialized;
static int after_init; /* set by main behind spork_init(): a fork sees it, a spawned worker does not */

static apr_status_t see_argument(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    seen_size = spork_task_in_size(task);
    if (seen_size > 0 && seen_size <= sizeof seen) memcpy(seen, in, (size_t)seen_size);
    initialized++;
    return APR_SUCCESS;
}

typedef struct {
    apr_int64_t pid;
    apr_uint64_t initialized, seen_size, memory_limit;
    char seen[8];
    int after_init;
    char program[300];
} told_t;

static apr_status_t tell(spork_task_t *task, const void *in, void *out)
{
    told_t *told = out;
    (void)task;
    (void)in;
    memset(told, 0, sizeof *told);
    told->pid = host_pid();
    told->initialized = initialized;
    told->seen_size = seen_size;
    memcpy(told->seen, seen, sizeof seen);
    told->memory_limit = host_memory_limit();
    told->after_init = after_init;
    apr_cpystrn(told->program, conformance_argv(0), sizeof told->program);
    return APR_SUCCESS;
}

static volatile int for_ever = 1;

static apr_status_t hang(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    while (for_ever) apr_sleep(SECOND);
    return APR_SUCCESS;
}

static apr_status_t fall(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    die(DIE_KILLED);
    return APR_SUCCESS;
}

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static apr_status_t say(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    *(apr_int64_t *)out = host_pid();
    (void)printf("said aloud\n");
    (void)spork_log(task, SPORK_LOG_INFO, "said softly");
    return spork_log(task, SPORK_LOG_ERROR, "said clearly");
}

static apr_status_t wait_at_gate(spork_task_t *task, const void *in, void *out)
{
    gate_t *gate = spork_deref(task, *(const spork_ref_t *)in, sizeof *gate);
    (void)out;
    if (gate == NULL) return APR_EINVAL;
    gate_pass(gate);
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(see_argument), SPORK_ENTRY(tell),
                                       SPORK_ENTRY(hang),         SPORK_ENTRY(fall),
                                       SPORK_ENTRY(nothing),      SPORK_ENTRY(wait_at_gate),
                                       SPORK_ENTRY(say),          SPORK_END };

/* ---- the table's values ------------------------------------------------------------------------ */

static void show(void *baton, const spork_progress_t *progress);
static char shown_to[] = "display";

/* A value other than the default for every field, by position: -Wmissing-field-initializers sees that none
 * is left out. Where a check needs a value of the moment, it puts that in the place of the one here. */
static const spork_config_t other = {
    sizeof(spork_config_t), /* size */
    3,                      /* workers */
    SPORK_START_SPAWN,      /* start */
    see_argument,           /* initializer */
    "fields",               /* init_arg */
    7,                      /* init_size */
    250 * MILLISECOND,      /* start_timeout */
    2,                      /* max_tasks */
    300 * MILLISECOND,      /* timeout */
    2,                      /* retries */
    1000 * MIB,             /* memory_limit */
    8 * MIB,                /* arena_size */
    "program",              /* program */
    "logs",                 /* log_dir */
    1,                      /* progress */
    SPORK_LOG_ERROR,        /* log_level */
    1,                      /* log_output */
    "all in one",           /* log_merge */
    show,                   /* progress_fn */
    shown_to,               /* progress_baton */
    250 * MILLISECOND,      /* progress_interval */
    "label"                 /* progress_label */
};

/* ---- helpers -------------------------------------------------------------------------------- */

static void tell_all(spork_pool_t *pool, told_t told[ITEMS])
{
    spork_map_t options = { 0 };
    options.chunk = 1;
    assert_success(spork_map(pool, tell, NULL, 0, told, sizeof told[0], ITEMS, &options));
}

static int how_often(const told_t told[ITEMS], apr_int64_t pid)
{
    int n = 0;
    for (int i = 0; i < ITEMS; i++) n += told[i].pid == pid;
    return n;
}

static void replace_workers(spork_pool_t *pool)
{
    apr_int64_t pids[8];
    int n = spork_pool_pids(pool, pids, LENGTH(pids));

    for (int i = 0; i < n; i++) host_kill(pids[i]);
    assert_full_size(pool, nothing);
}

/* Every item's word, from the first workers and from their successors. */
static void each_says(const spork_config_t *config, void (*check)(const told_t *told))
{
    told_t told[ITEMS];
    spork_pool_t *pool = make_pool(config);

    for (int round = 0; round < 2; round++) {
        if (round > 0) replace_workers(pool);
        tell_all(pool, told);
        for (int i = 0; i < ITEMS; i++) check(&told[i]);
    }
    end_pool(pool);
}

static spork_outcome_t outcome_of(const spork_config_t *config, spork_fn_t fn)
{
    spork_future_t *future;
    spork_outcome_t outcome;
    spork_pool_t *pool = make_pool(config);

    assert_success(spork_submit(&future, pool, fn, NULL, 0));
    assert_success(spork_future_wait(future, -1));
    outcome = *spork_future_outcome(future);
    end_pool(pool);
    return outcome;
}

/* ---- what shows that a field has arrived; config has the other value there, else the defaults -------- */

/* What lies behind the size is not looked at: it would be refused. */
static void size_shows(spork_config_t *config)
{
    config->size = offsetof(spork_config_t, initializer);
    memset((unsigned char *)config + config->size, 0xa5, sizeof *config - config->size);
    end_pool(make_pool(config));
}

static void workers_show(spork_config_t *config)
{
    apr_int64_t pids[8];
    spork_pool_t *pool = make_pool(config);

    assert_int_equal(spork_pool_workers(pool), other.workers);
    assert_int_equal(spork_pool_pids(pool, pids, LENGTH(pids)), other.workers);
    for (int i = 0; i < other.workers; i++)
        for (int k = 0; k < i; k++) assert_true(pids[i] != 0 && pids[i] != pids[k]);
    end_pool(pool);
}

static void says_start(const told_t *told)
{
    assert_true(told->pid != host_pid());
    assert_int_equal(told->after_init, start_method() == SPORK_START_FORK);
}

static void start_shows(spork_config_t *config)
{
    config->start = start_method();
    each_says(config, says_start);
}

static void says_initialized(const told_t *told)
{
    assert_int_equal(told->initialized, 1);
    assert_int_equal(told->seen_size, 0);
}

static void initializer_shows(spork_config_t *config)
{
    each_says(config, says_initialized);
}

static void says_argument(const told_t *told)
{
    assert_int_equal(told->initialized, 1);
    assert_int_equal(told->seen_size, other.init_size);
    assert_string_equal(told->seen, other.init_arg);
}

static void argument_shows(spork_config_t *config)
{
    config->initializer = see_argument;
    config->init_arg = other.init_arg;
    config->init_size = other.init_size;
    each_says(config, says_argument);
}

static void start_timeout_shows(spork_config_t *config)
{
    spork_pool_t *pool;

    config->initializer = hang;
    assert_failed(spork_pool_create(&pool, config, test_memory()), SPORK_ESTART);
    assert_non_null(strstr(spork_error(), "start_timeout, 250000 "));
}

static void max_tasks_shows(spork_config_t *config)
{
    told_t told[ITEMS];
    spork_pool_t *pool = make_pool(config);

    for (int round = 0; round < 2; round++) {
        tell_all(pool, told);
        for (int i = 0; i < ITEMS; i++) assert_in_range(how_often(told, told[i].pid), 1, other.max_tasks);
    }
    end_pool(pool);
}

static void timeout_shows(spork_config_t *config)
{
    assert_status(outcome_of(config, hang).status, SPORK_EDEADLINE);
}

static void retries_show(spork_config_t *config)
{
    spork_outcome_t outcome = outcome_of(config, fall);
    assert_status(outcome.status, SPORK_ECRASHED);
    assert_int_equal(outcome.attempts, other.retries + 1);
}

static void says_memory_limit(const told_t *told)
{
    assert_in_range(told->memory_limit, other.memory_limit, UINT64_MAX - 1);
}

static void says_anything(const told_t *told)
{
    assert_true(told->pid != host_pid());
}

static void memory_limit_shows(spork_config_t *config)
{
    if (!host_keeps_memory_limit())
        print_message("memory_limit: this system does not give it back, only that it is taken is seen\n");
    each_says(config, host_keeps_memory_limit() ? says_memory_limit : says_anything);
}

static void arena_size_shows(spork_config_t *config)
{
    spork_pool_t *pool = make_pool(config);

    assert_null(spork_alloc(pool, 2 * other.arena_size)); /* what is rounded up is less than that */
    assert_non_null(spork_alloc(pool, other.arena_size / 4));
    end_pool(pool);
}

static const char *named; /* the program's path */

static void says_program(const told_t *told)
{
    int is_spawned = start_method() == SPORK_START_SPAWN;
    assert_string_equal(told->program, is_spawned ? named : conformance_argv(0));
}

/* A fork is what its parent is. */
static void program_shows(spork_config_t *config)
{
    named = apr_pstrcat(test_memory(), test_directory(), "/another.exe", (char *)NULL);
    assert_success(apr_file_copy(self_path(), named, APR_FPROT_FILE_SOURCE_PERMS, test_memory()));
    config->program = named;
    each_says(config, says_program);
    assert_success(apr_file_remove(named, test_memory()));
}

/* ---- logs: of each worker, and of its successor ---- */

static char *file_of(const char *path)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_size_t n;
    char *text;

    assert_success(apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, test_memory()));
    assert_success(apr_file_info_get(&info, APR_FINFO_SIZE, file));
    n = (apr_size_t)info.size;
    text = apr_pcalloc(test_memory(), n + 1);
    if (n > 0) assert_success(apr_file_read_full(file, text, n, &n));
    assert_success(apr_file_close(file));
    return text;
}

static char *log_of(const char *dir, apr_int64_t pid)
{
    return apr_psprintf(test_memory(), "%s/conformance_fields_%" APR_INT64_T_FMT ".log", dir, pid);
}

static void remove_logs(const char *dir)
{
    apr_dir_t *open;
    apr_finfo_t info;
    char *found = NULL;

    do {
        if (found != NULL) assert_success(apr_file_remove(found, test_memory()));
        found = NULL;
        assert_success(apr_dir_open(&open, dir, test_memory()));
        while (found == NULL && apr_dir_read(&info, APR_FINFO_NAME, open) == APR_SUCCESS)
            if (info.name[0] != '.') found = apr_pstrcat(test_memory(), dir, "/", info.name, (char *)NULL);
        assert_success(apr_dir_close(open));
    } while (found != NULL);
    assert_success(apr_dir_remove(dir, test_memory()));
}

static void each_logs(spork_config_t *config, int aloud, int softly)
{
    apr_int64_t pids[ITEMS];
    spork_pool_t *pool;
    spork_map_t options = { 0 };

    config->log_dir = test_path(other.log_dir);
    pool = make_pool(config);
    options.chunk = 1;
    for (int round = 0; round < 2; round++) {
        if (round > 0) replace_workers(pool);
        assert_success(spork_map(pool, say, NULL, 0, pids, sizeof *pids, ITEMS, &options));
        for (int i = 0; i < ITEMS; i++) {
            const char *text = file_of(log_of(config->log_dir, pids[i]));
            assert_non_null(strstr(text, "said clearly"));
            assert_int_equal(strstr(text, "said softly") != NULL, softly);
            assert_int_equal(strstr(text, "said aloud") != NULL, aloud);
        }
    }
    end_pool(pool);
    remove_logs(config->log_dir);
}

static void log_dir_shows(spork_config_t *config)
{
    each_logs(config, 0, 1);
}

static void log_level_shows(spork_config_t *config)
{
    each_logs(config, 0, 0);
}

static void log_output_shows(spork_config_t *config)
{
    each_logs(config, 1, 1);
}

static void log_merge_shows(spork_config_t *config)
{
    config->log_merge = test_path(other.log_merge);
    each_logs(config, 0, 1);
    assert_non_null(strstr(file_of(config->log_merge), "said clearly"));
    assert_success(apr_file_remove(config->log_merge, test_memory()));
}

static const void *shown;
static apr_interval_time_t shown_first;
static gate_t *shown_gate;

static void show(void *baton, const spork_progress_t *progress)
{
    if (shown == NULL) shown_first = progress->elapsed;
    shown = baton;
    atomic_store(&shown_gate->open, 1);
}

static void progress_shows(spork_config_t *config)
{
    int in[ITEMS] = { 0 };
    spork_pool_t *pool;
    spork_ref_t ref;

    if (config->progress != 0 || config->progress_label != NULL) { /* no terminal is here */
        pool = make_pool(config);
        assert_success(spork_map(pool, nothing, in, sizeof in[0], NULL, 0, ITEMS, NULL));
        end_pool(pool);
        return;
    }
    config->progress_fn = show;
    config->progress_baton = shown_to;
    config->progress_interval = other.progress_interval;
    shown = NULL;
    pool = make_pool(config);
    shown_gate = spork_alloc(pool, sizeof *shown_gate);
    ref = spork_ref(pool, shown_gate);
    assert_success(spork_map(pool, wait_at_gate, &ref, sizeof ref, NULL, 0, 1, NULL));
    assert_ptr_equal(shown, shown_to);
    assert_true(shown_first >= other.progress_interval);
    end_pool(pool);
}

#define ROW(field, shows)                                                  \
    {                                                                      \
#field, offsetof(spork_config_t, field), sizeof other.field, shows \
    }
static const struct {
    const char *field;
    size_t offset, size;
    void (*shows)(spork_config_t *config);
} rows[] = {
    ROW(size, size_shows),
    ROW(workers, workers_show),
    ROW(start, start_shows),
    ROW(initializer, initializer_shows),
    ROW(init_arg, argument_shows),
    ROW(init_size, argument_shows),
    ROW(start_timeout, start_timeout_shows),
    ROW(max_tasks, max_tasks_shows),
    ROW(timeout, timeout_shows),
    ROW(retries, retries_show),
    ROW(memory_limit, memory_limit_shows),
    ROW(arena_size, arena_size_shows),
    ROW(program, program_shows),
    ROW(log_dir, log_dir_shows),
    ROW(log_level, log_level_shows),
    ROW(log_output, log_output_shows),
    ROW(log_merge, log_merge_shows),
    ROW(progress, progress_shows),
    ROW(progress_fn, progress_shows),
    ROW(progress_baton, progress_shows),
    ROW(progress_interval, progress_shows),
    ROW(progress_label, progress_shows),
};

/* ---- tests ---------------------------------------------------------------------------------- */

static void the_table_has_every_field(void **state)
{
    static const unsigned char zeros[sizeof other.initializer + sizeof other.init_size];
    unsigned char left[sizeof other];

    (void)state;
    memcpy(left, &other, sizeof other);
    for (size_t i = 0; i < LENGTH(rows); i++) {
        const unsigned char *value = (const unsigned char *)&other + rows[i].offset;
        if (memcmp(value, zeros, rows[i].size) == 0) fail_msg("%s has its default here", rows[i].field);
        memset(left + rows[i].offset, 0, rows[i].size);
    }
    for (size_t i = 0; i < sizeof left; i++)
        if (left[i] != 0) fail_msg("the byte at offset %d belongs to no row", (int)i);
}

static void each_field_has_its_effect_in_every_worker(void **state)
{
    (void)state;
    needs_workers();
    for (size_t i = 0; i < LENGTH(rows); i++) {
        spork_config_t config;
        make_config(&config, 2);
        memcpy((unsigned char *)&config + rows[i].offset, (const unsigned char *)&other + rows[i].offset,
               rows[i].size);
        print_message("%s\n", rows[i].field);
        rows[i].shows(&config);
        assert_no_children();
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests_of_fields[] = {
        TEST(the_table_has_every_field),
        TEST(each_field_has_its_effect_in_every_worker),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    after_init = 1;
    return RUN_TESTS("fields", tests_of_fields);
}
