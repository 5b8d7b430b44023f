/*
 * The conformance tests' common ground, see conformance.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "conformance.h"

#include <apr_env.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "census.h"
#include "skip.h"
#include "watchdog.h"

#define PATIENCE_SECONDS 60
#define WORDS 512

/* ERROR_INTERNAL_ERROR of CreateProcessW. Wine 8 says so, about once in ten thousand starts under load, when the
 * new process died before it had said that it was there; the next try is well. No such status elsewhere. */
#define START_MISCARRIED (APR_OS_START_SYSERR + 1359)
#define START_TRIES 5

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

static int the_argc;
static char **the_argv;
static const char *executable;
static apr_pool_t *program_memory; /* as long as the program */
static apr_pool_t *memory;         /* as long as the test */
static char *directory;
static census_t before;

/* ---- the program ---------------------------------------------------------------------------- */

static void play(const role_t *roles, size_t n_roles)
{
    const char *const *argv = (const char *const *)the_argv;

    /* UTF-8 arguments on Windows */
    if (apr_app_initialize(&the_argc, &argv, NULL) != APR_SUCCESS) exit(EXIT_FAILURE);
    the_argv = (char **)(uintptr_t)argv;
    for (size_t i = 0; i < n_roles; i++)
        if (strcmp(roles[i].name, the_argv[2]) == 0) exit(roles[i].run(the_argc - 2, the_argv + 2));
    (void)fprintf(stderr, "no such role: %s\n", the_argv[2]);
    exit(EXIT_FAILURE);
}

void conformance_enter(int argc, char **argv, const role_t *roles, size_t n_roles)
{
    the_argc = argc;
    the_argv = argv;
    host_setup();
    if (argc >= 3 && strcmp(argv[1], "role") == 0) play(roles, n_roles);
}

int conformance_argc(void)
{
    return the_argc;
}

const char *conformance_argv(int i)
{
    return i < the_argc ? the_argv[i] : "";
}

const char *self_path(void)
{
    return executable;
}

const char *conformance_title(const char *name)
{
    static char title[64];
    static const char *const methods[] = { "auto", "fork", "spawn", "inline" };
    (void)snprintf(title, sizeof title, "%s, %s", name, methods[start_method()]);
    skip_what_is_left_out();
    return title;
}

/* Own temporary directory, so that what other programs leave in the common one does not count. One that was killed
 * leaves its own, and its number comes again. */
static void make_directory(void)
{
    const char *base;
    static const char *const names[] = { "TMPDIR", "TMP", "TEMP" };
    apr_status_t status;
    int turn = 0;

    assert_success(apr_temp_dir_get(&base, program_memory));
    do {
        directory = apr_psprintf(program_memory, "%s/spork-test-%ld-%d", base, (long)host_pid(), turn++);
        status = apr_dir_make(directory, APR_FPROT_OS_DEFAULT, program_memory);
    } while (APR_STATUS_IS_EEXIST(status));
    assert_success(status);
    for (size_t i = 0; i < LENGTH(names); i++)
        assert_success(apr_env_set(names[i], directory, program_memory));
}

static void *APR_THREAD_FUNC do_nothing(apr_thread_t *thread, void *data)
{
    (void)thread;
    return data;
}

/* ThreadSanitizer starts a thread of its own with the first of the program's. */
static void start_the_sanitizers_thread(void)
{
    apr_thread_t *thread;
    apr_status_t ended;

    assert_success(apr_thread_create(&thread, NULL, do_nothing, NULL, program_memory));
    assert_success(apr_thread_join(&ended, thread));
}

/* What is opened once per process (by APR, the C library, the system) is opened before the first census. */
static void warm_up(void)
{
    spork_pool_t *pool;
    spork_config_t config;

    if (under_sanitizer()) start_the_sanitizers_thread();
    make_config(&config, 1);
    assert_success(spork_pool_create(&pool, &config, program_memory));
    assert_success(spork_pool_close(pool));
    spork_pool_destroy(pool);
}

int conformance_begin(void **state)
{
    (void)state;
    assert_success(apr_pool_create(&program_memory, NULL));
    executable = host_executable(the_argv[0], program_memory);
    (void)apr_env_delete("SPORK_START", program_memory);
    (void)apr_env_delete("SPORK_WORKERS", program_memory);
    if (start_method() == SPORK_START_FORK && !host_can_fork()) {
        (void)fprintf(stderr, "SPORK_TEST_START=fork: this system has no fork\n");
        return 1;
    }
    if (the_argc > 1) cmocka_set_test_filter(the_argv[1]);
    watchdog_start("the first pool", PATIENCE_SECONDS * slow_factor());
    make_directory();
    warm_up();
    watchdog_stop();
    return 0;
}

int conformance_end(void **state)
{
    (void)state;
    (void)apr_dir_remove(directory, program_memory);
    apr_pool_destroy(program_memory);
    return 0;
}

/* ---- around each test ----------------------------------------------------------------------- */

/* ThreadSanitizer's own, of a worker that was killed while its run-time library started; likewise valgrind's. */
static int is_of_sanitizer(const char *name)
{
    return strncmp(name, "tsan.rodata.", 12) == 0 || strncmp(name, "valgrind_proc_", 14) == 0;
}

static int count_files(void)
{
    apr_dir_t *dir;
    apr_finfo_t info;
    int count = 0;

    if (apr_dir_open(&dir, directory, program_memory) != APR_SUCCESS) return -1;
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS)
        if (is_of_sanitizer(info.name)) {
            (void)apr_file_remove(apr_pstrcat(program_memory, directory, "/", info.name, (char *)NULL),
                                  program_memory);
        } else if (strcmp(info.name, ".") != 0 && strcmp(info.name, "..") != 0) {
            (void)fprintf(stderr, "left behind: %s/%s\n", directory, info.name);
            count++;
        }
    (void)apr_dir_close(dir);
    return count;
}

int test_setup(void **state)
{
    watchdog_start(*state, PATIENCE_SECONDS * slow_factor());
    census_take(&before);
    return apr_pool_create(&memory, NULL) == APR_SUCCESS ? 0 : -1;
}

/* Names of shared memory are the machine's: another program's may come and go. A leak stays. */
int test_teardown(void **state)
{
    census_t after;
    char words[WORDS];
    int looks = 20;

    apr_pool_destroy(memory);
    memory = NULL;
    do {
        census_take(&after);
        if (after.names <= before.names) break;
        apr_sleep(50 * MILLISECOND);
    } while (--looks > 0);
    watchdog_stop();
    if (census_differs(&before, &after, words, sizeof words))
        fail_msg("%s left something behind: %s", (const char *)*state, words);
    assert_int_equal(count_files(), 0);
    return 0;
}

void assert_no_children(void)
{
    census_t now;
    census_take(&now);
    assert_int_equal(now.children, before.children);
    assert_int_equal(now.zombies, 0);
}

/* ---- circumstances -------------------------------------------------------------------------- */

spork_start_e start_method(void)
{
    const char *name = getenv("SPORK_TEST_START");
    if (name != NULL && strcmp(name, "fork") == 0) return SPORK_START_FORK;
    if (name != NULL && strcmp(name, "inline") == 0) return SPORK_START_INLINE;
    return SPORK_START_SPAWN;
}

int slow_factor(void)
{
    const char *factor = getenv("SPORK_TEST_SLOW");
    int value = factor != NULL ? atoi(factor) : 1;
    return value > 0 ? value : 1;
}

int under_sanitizer(void)
{
    return SANITIZED;
}

const int *worker_counts(void)
{
    static const int with[] = { 1, 2, 5, 13, 0 }, without[] = { 1, 0 };
    return start_method() == SPORK_START_INLINE ? without : with;
}

/* ---- things that end with the test ---------------------------------------------------------- */

apr_pool_t *test_memory(void)
{
    return memory;
}

const char *test_directory(void)
{
    return directory;
}

char *test_path(const char *name)
{
    return apr_pstrcat(memory, directory, "/", name, (char *)NULL);
}

void make_config(spork_config_t *config, int workers)
{
    spork_config_init(config);
    config->start = start_method();
    config->workers = workers;
}

spork_pool_t *make_pool(const spork_config_t *config)
{
    spork_pool_t *pool = NULL;
    assert_success(spork_pool_create(&pool, config, memory));
    assert_non_null(pool);
    return pool;
}

spork_pool_t *start_pool(int workers)
{
    spork_config_t config;
    make_config(&config, workers);
    return make_pool(&config);
}

void end_pool(spork_pool_t *pool)
{
    assert_success(spork_pool_close(pool));
    spork_pool_destroy(pool);
}

/* ---- assertions ----------------------------------------------------------------------------- */

void check_status(apr_status_t got, apr_status_t want, const char *file, int line)
{
    char got_words[WORDS], want_words[WORDS];

    if (got == want) return;
    print_error("status %d (%s) instead of %d (%s); spork_error(): %s\n", got,
                spork_strerror(got, got_words, sizeof got_words), want,
                spork_strerror(want, want_words, sizeof want_words), spork_error());
    _fail(file, line);
}

void check_failed(apr_status_t got, apr_status_t want, const char *file, int line)
{
    check_status(got, want, file, line);
    if (spork_error()[0] == '\0') {
        print_error("spork_error() has no words\n");
        _fail(file, line);
    }
}

void assert_full_size(spork_pool_t *pool, spork_fn_t any_task)
{
    apr_int64_t pids[SPORK_WORKERS_MAX];
    int missing;

    do {
        spork_future_t *future;
        int n = spork_pool_pids(pool, pids, SPORK_WORKERS_MAX);
        assert_int_equal(n, spork_pool_workers(pool));
        missing = 0;
        for (int i = 0; i < n; i++) missing += pids[i] == 0;
        assert_success(spork_submit(&future, pool, any_task, NULL, 0));
        assert_success(spork_future_wait(future, -1));
        spork_future_destroy(future);
    } while (missing > 0);
}

/* ---- dying ---------------------------------------------------------------------------------- */

static volatile int never = 0;

/* Each frame is looked at after the call, so that no compiler makes a loop of it. */
static int overflow(int depth)
{
    volatile char frame[4096];
    frame[0] = (char)depth;
    if (never) return 0;
    return overflow(depth + 1) + frame[0];
}

void die(die_e how)
{
    volatile int *volatile nowhere = NULL;

    switch (how) {
    case DIE_KILLED: host_kill_self(); break;
    case DIE_FAULT: *nowhere = 1; break;
    case DIE_ABORT: abort();
    case DIE_EXIT_0: _Exit(0);
    case DIE_EXIT_3: exit(3);
    case DIE_STACK: (void)overflow(0); break;
    }
    for (;;) /* a kill may take a moment */
        apr_sleep(SECOND);
}

int can_die(die_e how)
{
    return how != DIE_STACK || !under_sanitizer();
}

/* Sanitizers turn faults and exits into exit codes of their own. */
int died_as(die_e how, const spork_outcome_t *outcome)
{
    if (host_died_as(how, outcome->signal, outcome->exit_code)) return 1;
    if (under_sanitizer() && (how == DIE_FAULT || how == DIE_EXIT_3))
        return outcome->signal != 0 || outcome->exit_code != 0;
    print_error("death %d was reported as signal %d, exit code %u\n", (int)how, outcome->signal,
                (unsigned)outcome->exit_code);
    return 0;
}

/* ---- gates: polled, because what could be waited for across processes is what is under test - */

void gate_pass(gate_t *gate)
{
    (void)atomic_fetch_add(&gate->started, 1u);
    while (atomic_load(&gate->open) == 0) apr_sleep(MILLISECOND);
}

void gate_await(spork_future_t *any, gate_t *gate, unsigned n)
{
    while (atomic_load(&gate->started) < n) (void)spork_future_wait(any, MILLISECOND);
}

/* ---- runs of other processes ---------------------------------------------------------------- */

static apr_file_t *open_output(const char *path)
{
    apr_file_t *file = NULL;
    assert_success(apr_file_open(&file, path,
                                 APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE,
                                 APR_FPROT_OS_DEFAULT, memory));
    return file;
}

/* Read it all, close it and remove it. */
static char *take_output(apr_file_t *file, const char *path)
{
    apr_off_t size = 0;
    apr_size_t got = 0;
    char *text;

    assert_success(apr_file_seek(file, APR_END, &size));
    text = apr_pcalloc(memory, (apr_size_t)size + 1);
    got = (apr_size_t)size;
    size = 0;
    assert_success(apr_file_seek(file, APR_SET, &size));
    if (got > 0) assert_success(apr_file_read_full(file, text, got, &got));
    assert_success(apr_file_close(file));
    assert_success(apr_file_remove(path, memory));
    return text;
}

/* Sets the NAME=value at env, and leaves there what brings the earlier one back. A copy of it: the text that getenv() tells is gone
 * with the next setenv() (musl frees it). */
static void exchange_environment(const char **env)
{
    for (; *env != NULL; env++) {
        char *name = apr_pstrdup(memory, *env), *equals = strchr(name, '='), *earlier = NULL;
        if (equals != NULL) *equals = '\0';
        earlier = apr_env_get(&earlier, name, memory) == APR_SUCCESS ? apr_pstrdup(memory, earlier) : NULL;
        if (equals != NULL)
            assert_success(apr_env_set(name, equals + 1, memory));
        else
            (void)apr_env_delete(name, memory);
        *env = earlier != NULL ? apr_pstrcat(memory, name, "=", earlier, (char *)NULL) : name;
    }
}

static apr_status_t start_program(apr_proc_t *process, const char *program, const char *run_directory,
                                  const char *const *args, apr_file_t *out, apr_file_t *err)
{
    apr_procattr_t *attributes;
    apr_status_t status;
    int tries = 0;
    const char *argv[16] = { program };

    for (int i = 0; args[i] != NULL; i++) {
        assert_true(i + 2 < (int)LENGTH(argv));
        argv[i + 1] = args[i];
    }
    assert_success(apr_procattr_create(&attributes, memory));
    assert_success(apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV));
    if (run_directory != NULL) assert_success(apr_procattr_dir_set(attributes, run_directory));
    assert_success(apr_procattr_child_out_set(attributes, out, NULL));
    assert_success(apr_procattr_child_err_set(attributes, err, NULL));
    do {
        if (tries > 0) apr_sleep(50 * MILLISECOND);
        status = apr_proc_create(process, program, argv, NULL, attributes, memory);
    } while (status == START_MISCARRIED && ++tries < START_TRIES);
    return status;
}

void run_program(run_t *run, const char *program, const char *run_directory, const char *const *args,
                 const char *const *env)
{
    apr_proc_t process;
    apr_exit_why_e why = APR_PROC_EXIT;
    apr_status_t status;
    const char *out_path = test_path("stdout"), *err_path = test_path("stderr");
    apr_file_t *out = open_output(out_path), *err = open_output(err_path);
    const char *settings[8] = { NULL };

    for (size_t i = 0; env != NULL && env[i] != NULL; i++) {
        assert_true(i + 1 < LENGTH(settings));
        settings[i] = env[i];
    }
    exchange_environment(settings);
    status = start_program(&process, program, run_directory, args, out, err);
    exchange_environment(settings);
    if (status == APR_SUCCESS) {
        status = apr_proc_wait(&process, &run->exit_code, &why, APR_WAIT);
        if (!APR_PROC_CHECK_EXIT(why)) run->exit_code = -1;
    }
    /* before any verdict: a file left behind would be the next tests' failure, too */
    run->out = take_output(out, out_path);
    run->err = take_output(err, err_path);
    assert_status(status, APR_CHILD_DONE);
}

void run_role(run_t *run, const char *const *role_and_args, const char *const *env)
{
    const char *args[16] = { "role" };

    for (int i = 0; role_and_args[i] != NULL; i++) {
        assert_true(i + 2 < (int)LENGTH(args));
        args[i + 1] = role_and_args[i];
    }
    run_program(run, executable, NULL, args, env);
}

void assert_role(const char *role, const char *argument, const char *const *env)
{
    run_t run;
    const char *args[] = { role, argument, NULL };

    run_role(&run, args, env);
    if (run.exit_code != 0)
        fail_msg("role %s %s: exit code %d, stdout: %s, stderr: %s", role, argument != NULL ? argument : "",
                 run.exit_code, run.out, run.err);
}

int role_failed(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "%s:%d: not so: %s; spork_error(): %s\n", file, line, condition, spork_error());
    return EXIT_FAILURE;
}
