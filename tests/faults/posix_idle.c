/*
 * Idle is free: an idle pool runs nowhere and wakes nobody, and a parent that waits looks around ten times a second
 * at most. What counts is counted by the kernel, for each thread of parent and workers: how often it was switched away
 * from. (Linux, by /proc; elsewhere this is skipped, and says so.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conformance.h"

#define WORKERS 8
/* The length of the measurement itself, not a time by which something is hoped to have happened. */
#define IDLE_SECONDS 10
#define BUSY_SECONDS 3
#define LOOKS_A_SECOND 10
#define SLACK 10 /* wake-ups of the begin and the end, and a page that had to be waited for */

/* ---- tasks ---------------------------------------------------------------------------------- */

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static apr_status_t take_long(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    apr_sleep(BUSY_SECONDS * SECOND);
    return APR_SUCCESS;
}

static const spork_entry_t entries[] = { SPORK_ENTRY(nothing), SPORK_ENTRY(take_long), SPORK_END };

/* ---- what the kernel has counted ------------------------------------------------------------- */

typedef struct {
    long long voluntary, involuntary; /* switches away from a thread of the process */
    long long ticks;                  /* of processor time */
    int threads, running;             /* running: not asleep at this moment */
} activity_t;

static void add_thread(activity_t *sum, const char *task)
{
    char path[300], line[512];
    long long number;
    FILE *file;

    (void)snprintf(path, sizeof path, "%s/status", task);
    file = fopen(path, "r");
    if (file == NULL) return;
    while (fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "voluntary_ctxt_switches: %lld", &number) == 1) sum->voluntary += number;
        if (sscanf(line, "nonvoluntary_ctxt_switches: %lld", &number) == 1) sum->involuntary += number;
        if (strncmp(line, "State:", strlen("State:")) == 0)
            sum->running += strstr(line, "S (sleeping)") == NULL;
    }
    (void)fclose(file);
    sum->threads++;
}

/* Its processor time stands behind the name in brackets, as the 12th and 13th word (proc(5)). */
static void add_time(activity_t *sum, int64_t pid)
{
    char path[64], line[1024], *at;
    long long user, system;
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    file = fopen(path, "r");
    if (file == NULL) return;
    if (fgets(line, sizeof line, file) != NULL && (at = strrchr(line, ')')) != NULL &&
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld", &user, &system) == 2)
        sum->ticks += user + system;
    (void)fclose(file);
}

static activity_t activity_of(int64_t pid)
{
    char path[280];
    activity_t sum = { 0 };
    struct dirent *entry;
    DIR *tasks;

    (void)snprintf(path, sizeof path, "/proc/%lld/task", (long long)pid);
    tasks = opendir(path);
    assert_non_null(tasks);
    while ((entry = readdir(tasks)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(path, sizeof path, "/proc/%lld/task/%.200s", (long long)pid, entry->d_name);
        add_thread(&sum, path);
    }
    (void)closedir(tasks);
    add_time(&sum, pid);
    assert_true(sum.threads > 0);
    return sum;
}

static int kernel_counts(void)
{
    DIR *tasks = opendir("/proc/self/task");

    if (tasks == NULL) {
        print_message("skipped: this system has no /proc/self/task, so wake-ups are not counted here\n");
        return 0;
    }
    (void)closedir(tasks);
    return 1;
}

/* By the same kind of clock as the parent's waits are: seconds, as a fraction. */
static double seconds_now(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- nobody has anything to do ------------------------------------------------------------------ */

/* Until all are asleep and stay so for a moment: after an item a worker stays awake for a while. */
static void await_sleep(const apr_int64_t *pids, activity_t *all)
{
    int awake;

    do {
        awake = 0;
        for (int i = 0; i < WORKERS; i++) all[i] = activity_of(pids[i]);
        apr_sleep(200 * MILLISECOND);
        for (int i = 0; i < WORKERS; i++) {
            activity_t now = activity_of(pids[i]);
            awake += now.running > 0 || now.voluntary != all[i].voluntary;
        }
    } while (awake > 0);
}

static void an_idle_pool_runs_nowhere_and_wakes_nobody(void **state)
{
    apr_int64_t pids[WORKERS];
    activity_t before[WORKERS], parent, parent_after;
    spork_pool_t *pool;

    (void)state;
    needs_workers();
    if (!kernel_counts()) skip();
    pool = start_pool(WORKERS);
    assert_success(spork_map(pool, nothing, NULL, 0, NULL, 0, 10000, NULL));
    assert_int_equal(spork_pool_pids(pool, pids, WORKERS), WORKERS);
    await_sleep(pids, before);
    parent = activity_of(host_pid());
    apr_sleep(IDLE_SECONDS * SECOND);
    parent_after = activity_of(host_pid());
    for (int i = 0; i < WORKERS; i++) {
        activity_t after = activity_of(pids[i]);
        assert_int_equal(after.threads, before[i].threads);
        assert_int_equal(after.voluntary - before[i].voluntary, 0);
        assert_int_equal(after.involuntary - before[i].involuntary, 0);
        assert_int_equal(after.ticks - before[i].ticks, 0);
    }
    print_message("%d s idle: workers woke 0 times, the parent %lld (its own sleep)\n", IDLE_SECONDS,
                  parent_after.voluntary - parent.voluntary);
    assert_int_equal(parent_after.threads, parent.threads);
    assert_in_range(parent_after.voluntary - parent.voluntary, 1, 3);
    end_pool(pool);
}

/* ---- the parent waits --------------------------------------------------------------------------- */

static apr_status_t wait_for_one(spork_pool_t *pool, spork_future_t *future)
{
    (void)pool;
    return spork_future_wait(future, -1);
}

static apr_status_t wait_for_any(spork_pool_t *pool, spork_future_t *future)
{
    spork_future_t *any = NULL;
    apr_status_t status = spork_wait_any(pool, -1, &any);
    assert_ptr_equal(any, future);
    return status;
}

static apr_status_t map_meanwhile(spork_pool_t *pool, spork_future_t *future)
{
    apr_status_t status = spork_map(pool, take_long, NULL, 0, NULL, 0, 3, NULL);
    if (status == APR_SUCCESS) status = spork_future_wait(future, -1);
    return status;
}

/* The kernel counts a switch for other reasons, too (a page that must be read again, on a machine with much to do), but never
 * less: so the best of a few tries counts. */
#define TRIES 3

static int is_quiet(spork_pool_t *pool, apr_status_t (*wait)(spork_pool_t *pool, spork_future_t *future))
{
    spork_future_t *future;
    activity_t before, after;
    double begun = seconds_now(), passed;

    assert_success(spork_submit(&future, pool, take_long, NULL, 0));
    before = activity_of(host_pid());
    assert_success(wait(pool, future));
    after = activity_of(host_pid());
    passed = seconds_now() - begun;
    print_message("waiting for %.1f s: the parent woke %lld times\n", passed,
                  after.voluntary - before.voluntary);
    assert_true(passed >= BUSY_SECONDS);
    spork_future_destroy(future);
    return (double)(after.voluntary - before.voluntary) <= passed * LOOKS_A_SECOND + SLACK;
}

static void a_waiting_parent_looks_around_ten_times_a_second(void **state)
{
    apr_status_t (*const ways[])(spork_pool_t * pool, spork_future_t * future) = { wait_for_one, wait_for_any,
                                                                                   map_meanwhile };
    spork_pool_t *pool;

    (void)state;
    needs_workers();
    if (!kernel_counts()) skip();
    pool = start_pool(WORKERS);
    for (size_t i = 0; i < LENGTH(ways); i++) {
        int quiet = 0;

        for (int tries = 0; tries < TRIES && !quiet; tries++) quiet = is_quiet(pool, ways[i]);
        assert_true(quiet);
    }
    end_pool(pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(an_idle_pool_runs_nowhere_and_wakes_nobody),
        TEST(a_waiting_parent_looks_around_ten_times_a_second),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, entries) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("idle", tests);
}
