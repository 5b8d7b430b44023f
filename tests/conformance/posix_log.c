/*
 * Conformance: logs that find no room, and merges under narrow limits: what POSIX lets a test bring about.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* ru_maxrss is no part of POSIX, but everywhere */
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1 /* … on macOS under this name */
#endif
#include <apr_file_info.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance.h"

/* ---- helpers ------------------------------------------------------------------------------------ */

static void limit(int resource, rlim_t value)
{
    struct rlimit both;

    if (getrlimit(resource, &both) != 0) abort();
    both.rlim_cur = value < both.rlim_max ? value : both.rlim_max;
    if (setrlimit(resource, &both) != 0) abort();
}

static char *whole_file(const char *path)
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

/* The contents of the files in it, one behind the other, if they are wanted; it is removed. */
static char *empty_directory(const char *path, int wanted)
{
    char *text = apr_pstrdup(test_memory(), "");
    apr_dir_t *dir;
    apr_finfo_t info;

    assert_success(apr_dir_open(&dir, path, test_memory()));
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        char *file = apr_pstrcat(test_memory(), path, "/", info.name, (char *)NULL);
        struct stat about;
        if (info.name[0] == '.') continue;
        if (wanted && stat(file, &about) == 0 && S_ISREG(about.st_mode))
            text = apr_pstrcat(test_memory(), text, whole_file(file), (char *)NULL);
        assert_int_equal(unlink(file), 0);
    }
    assert_success(apr_dir_close(dir));
    assert_success(apr_dir_remove(path, test_memory()));
    return text;
}

static char *take_directory(const char *path)
{
    return empty_directory(path, 1);
}

static int count(const char *text, const char *words)
{
    int n = 0;
    while ((text = strstr(text, words)) != NULL) {
        n++;
        text += strlen(words);
    }
    return n;
}

/* ---- a log that is full --------------------------------------------------------------------------- */

#define ROOM 3000 /* bytes of a log, while there is little */

typedef struct {
    int room; /* bytes that a file may have, 0: as before */
    int times;
} wish_t;

typedef struct {
    int written, dropped, blocked;
    apr_status_t status; /* of the last that was dropped */
} told_t;

/* SIGXFSZ is at its default: it would end the process. */
static apr_status_t write_much(spork_task_t *task, const void *in, void *out)
{
    const wish_t *wish = in;
    told_t *told = out;
    apr_status_t status;
    sigset_t mask;

    memset(told, 0, sizeof *told);
    if (wish->room > 0) limit(RLIMIT_FSIZE, (rlim_t)wish->room);
    for (int i = 0; i < wish->times; i++) {
        status =
            spork_log(task, SPORK_LOG_INFO, "record %d of many, each of them of about the same length", i);
        if (status == APR_SUCCESS)
            told->written++;
        else
            told->dropped++;
        if (status != APR_SUCCESS) told->status = status;
    }
    limit(RLIMIT_FSIZE, RLIM_INFINITY);
    if (sigprocmask(SIG_BLOCK, NULL, &mask) != 0) return APR_EGENERAL;
    told->blocked = sigismember(&mask, SIGXFSZ);
    return APR_SUCCESS;
}

static apr_status_t fork_and_log(spork_task_t *task, const void *in, void *out)
{
    pid_t child = fork();
    int how = -1;

    (void)in;
    if (child == 0) _exit(spork_log(task, SPORK_LOG_INFO, "from a child") == APR_EINVAL ? 0 : 1);
    if (child == -1 || waitpid(child, &how, 0) != child) return APR_EGENERAL;
    *(int *)out = how;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(write_much), SPORK_ENTRY(fork_and_log), SPORK_END };

/* Lines, each of which is whole or marked. */
static void check_lines(char *text)
{
    char *end;

    for (; *text != '\0'; text = end + 1) {
        end = strchr(text, '\n');
        assert_non_null(end);
        *end = '\0';
        if (strstr(text, " [cut]") != NULL) continue;
        if (strstr(text, " length") == NULL && strstr(text, " could not be written") == NULL)
            fail_msg("half a line: %s", text);
        if (strncmp(text, "20", 2) != 0) fail_msg("it begins amid: %s", text);
        assert_int_equal(count(text, " pid="), 1);
    }
}

static void records_without_room_are_dropped_and_counted(void **state)
{
    wish_t wishes[] = { { ROOM, 60 }, { 0, 3 }, { ROOM, 5 }, { 0, 3 } };
    told_t told[4];
    spork_config_t config;
    spork_pool_t *pool;
    spork_map_t options = { 0 };
    char *text;

    (void)state;
    make_config(&config, 1);
    config.log_dir = test_path("logs");
    pool = make_pool(&config);
    options.chunk = 4;
    assert_success(spork_map(pool, write_much, wishes, sizeof *wishes, told, sizeof *told, 4, &options));
    assert_true(told[0].written > 5 && told[0].dropped > 5);
    assert_true(APR_STATUS_IS_ENOSPC(told[0].status) || told[0].status == APR_FROM_OS_ERROR(EFBIG));
    assert_int_equal(told[1].written, 3);
    assert_int_equal(told[2].dropped, 5);
    assert_int_equal(told[3].written, 3);
    for (int i = 0; i < 4; i++) assert_int_equal(told[i].blocked, 0);
    assert_int_equal(spork_logs_lost(pool), told[0].dropped + 5);
    end_pool(pool);
    text = take_directory(config.log_dir);
    assert_int_equal(count(text, "could not be written\n"), 2);
    assert_non_null(strstr(
        text, apr_psprintf(test_memory(), "spork: %d records before this could not", told[0].dropped)));
    assert_non_null(strstr(text, "spork: 5 records before this could not"));
    assert_int_equal(count(text, " same length\n"), told[0].written + 3 + 3);
    check_lines(text);
}

/* The first file is an INLINE pool's own, whose name is known beforehand. */
static void a_full_device_drops_all(void **state)
{
    static const wish_t wish = { 0, 7 };
    char *path;
    told_t told;
    spork_config_t config;
    spork_pool_t *pool;

    (void)state;
    if (start_method() != SPORK_START_INLINE || access("/dev/full", W_OK) != 0) skip();
    make_config(&config, 1);
    config.log_dir = test_path("logs");
    assert_success(apr_dir_make(config.log_dir, APR_FPROT_OS_DEFAULT, test_memory()));
    path = apr_psprintf(test_memory(), "%s/conformance_posix_log_%ld.log", config.log_dir, (long)getpid());
    assert_int_equal(symlink("/dev/full", path), 0);
    pool = make_pool(&config);
    assert_success(spork_map(pool, write_much, &wish, sizeof wish, &told, sizeof told, 1, NULL));
    assert_int_equal(told.dropped, 7);
    assert_true(APR_STATUS_IS_ENOSPC(told.status));
    assert_int_equal(spork_logs_lost(pool), 7);
    end_pool(pool);
    (void)take_directory(config.log_dir);
}

static void a_child_of_a_task_does_not_log(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    int how = -1;

    (void)state;
    make_config(&config, 1);
    config.log_dir = test_path("logs");
    pool = make_pool(&config);
    assert_success(spork_map(pool, fork_and_log, NULL, 0, &how, sizeof how, 1, NULL));
    assert_int_equal(how, 0);
    end_pool(pool);
    assert_string_equal(take_directory(config.log_dir), "");
}

/* ---- merges ----------------------------------------------------------------------------------------- */

/* Files of records, each of them in time order; bytes in all. */
static long make_logs(const char *dir, int files, int records)
{
    long size = 0;

    assert_success(apr_dir_make(dir, APR_FPROT_OS_DEFAULT, test_memory()));
    for (int f = 0; f < files; f++) {
        char path[512];
        FILE *file;
        (void)snprintf(path, sizeof path, "%s/w_%d.log", dir, 1000 + f);
        file = fopen(path, "w");
        assert_non_null(file);
        for (int r = 0; r < records; r++)
            size += fprintf(file, "2026-11-25T10:26:38.123456Z %d.%09d INFO pid=%d worker=%d item=%d %0*d\n",
                            r, f * 7, 1000 + f, f, r, 1 + (f + r) % 200, r);
        assert_int_equal(fclose(file), 0);
    }
    return size;
}

static long peak_memory(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : -1; /* KiB (macOS: bytes) */
}

/* argv[1]: directory, argv[2]: out; the limit of descriptors is narrow */
static int merge_in_a_small_room(int argc, char **argv)
{
    long before;

    role_check(argc == 3);
    role_check(apr_initialize() == APR_SUCCESS);
    before = peak_memory();
    limit(RLIMIT_NOFILE, 8);
    role_check(spork_logs_merge(argv[1], argv[2], NULL) == APR_SUCCESS);
    (void)printf("%ld KiB more\n", peak_memory() - before);
    role_check(under_sanitizer() ||
               peak_memory() - before < 6 * 1024 * (peak_memory() > 10000000 ? 1024 : 1));
    return EXIT_SUCCESS;
}

static void many_logs_are_merged_with_few_descriptors_and_little_memory(void **state)
{
    enum { FILES = 300, RECORDS = 1000 };
    const char *dir = test_path("logs"), *out = test_path("all"), *const role[] = { "merge", dir, out, NULL };
    long size = make_logs(dir, FILES, RECORDS);
    char text[512];
    FILE *file;
    run_t run;
    int n = 0;

    (void)state;
    run_role(&run, role, NULL);
    if (run.exit_code != 0) fail_msg("exit code %d: %s%s", run.exit_code, run.out, run.err);
    print_message("%ld MiB: %s", size >> 20, run.out);
    file = fopen(out, "r");
    assert_non_null(file);
    for (; fgets(text, sizeof text, file) != NULL; n++) {
        int second = -1, fraction = -1;
        assert_int_equal(sscanf(text, "%*s %d.%9d", &second, &fraction), 2);
        assert_int_equal(second, n / FILES);
        assert_int_equal(fraction, n % FILES * 7);
        size -= (long)strlen(text);
    }
    assert_int_equal(fclose(file), 0);
    assert_int_equal(n, FILES * RECORDS);
    assert_int_equal(size, 0);
    assert_int_equal(unlink(out), 0);
    (void)empty_directory(dir, 0);
}

/* All or nothing: what was there before stays, and nothing else. No signal is seen. */
static void a_merge_without_room_leaves_nothing(void **state)
{
    const char *dir = test_path("logs"), *out = test_path("all");
    struct rlimit former;
    apr_status_t status;
    FILE *file;

    (void)state;
    make_logs(dir, 20, 100);
    file = fopen(out, "w");
    assert_non_null(file);
    assert_true(fputs("as it was", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &former), 0);
    limit(RLIMIT_FSIZE, 100000);
    status = spork_logs_merge(dir, out, test_memory());
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &former), 0);
    assert_status(status, APR_FROM_OS_ERROR(EFBIG));
    assert_non_null(strstr(spork_error(), "/all."));
    assert_string_equal(whole_file(out), "as it was");
    assert_int_equal(unlink(out), 0); /* the census finds what else there is */
    (void)empty_directory(dir, 0);
}

static void a_device_is_not_replaced(void **state)
{
    struct stat before, after;
    const char *dir = test_path("logs");

    (void)state;
    make_logs(dir, 1, 1);
    assert_int_equal(stat("/dev/null", &before), 0);
    assert_failed(spork_logs_merge(dir, "/dev/null", NULL), APR_EINVAL);
    assert_int_equal(stat("/dev/null", &after), 0);
    assert_true(before.st_ino == after.st_ino);
    (void)empty_directory(dir, 0);
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "merge", merge_in_a_small_room } };
    static const struct CMUnitTest tests[] = {
        TEST(records_without_room_are_dropped_and_counted),
        TEST(a_full_device_drops_all),
        TEST(a_child_of_a_task_does_not_log),
        TEST(many_logs_are_merged_with_few_descriptors_and_little_memory),
        TEST(a_merge_without_room_leaves_nothing),
        TEST(a_device_is_not_replaced),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("posix_log", tests);
}
