/*
 * What a job costs in pexec, beside GNU parallel and xargs: `true` for each of N arguments, two at a time.
 *
 *     bench_pexec [JOBS [ROUNDS]]      (2000, 5)
 *
 * Rounds are interleaved, the median counts. The goal: at most a third of GNU parallel's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <apr_time.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 100
#define GOAL (1.0 / 3)

typedef struct {
    const char *name;
    const char *words[8];
    double us[ROUNDS_MAX];
    int missing;
} peer_t;

static peer_t peers[] = {
    { "pexec", { SPORK_BENCH_PEXEC, "-j", "2", "true", NULL }, { 0 }, 0 },
    { "pexec -u", { SPORK_BENCH_PEXEC, "-u", "-j", "2", "true", NULL }, { 0 }, 0 },
    { "pexec --shell", { SPORK_BENCH_PEXEC, "--shell", "-j", "2", "true", NULL }, { 0 }, 0 },
    { "xargs -P 2 -n 1", { "xargs", "-P", "2", "-n", "1", "true", NULL }, { 0 }, 0 },
    { "GNU parallel", { "parallel", "--will-cite", "-j", "2", "true", NULL }, { 0 }, 0 },
};
#define PEERS ((int)(sizeof peers / sizeof *peers))

/* All of them read the same lines from a file. */
static apr_status_t write_lines(const char *path, int jobs, apr_pool_t *mem)
{
    apr_file_t *file;
    apr_status_t status = apr_file_open(
        &file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE | APR_FOPEN_BUFFERED,
        APR_FPROT_UREAD | APR_FPROT_UWRITE, mem);

    for (int i = 1; i <= jobs && status == APR_SUCCESS; i++)
        if (apr_file_printf(file, "%d\n", i) < 0) status = APR_EGENERAL;
    return status == APR_SUCCESS ? apr_file_close(file) : status;
}

/* 0: it cannot be run here. */
static int run(peer_t *peer, const char *path, double *us, int jobs, apr_pool_t *mem)
{
    apr_procattr_t *attributes;
    apr_exit_why_e why;
    apr_proc_t process;
    apr_file_t *lines;
    int code = 1;
    const apr_time_t start = apr_time_now();

    if (apr_file_open(&lines, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, mem) != APR_SUCCESS ||
        apr_procattr_create(&attributes, mem) != APR_SUCCESS ||
        apr_procattr_child_in_set(attributes, lines, NULL) != APR_SUCCESS ||
        apr_procattr_cmdtype_set(attributes, APR_PROGRAM_PATH) != APR_SUCCESS ||
        apr_proc_create(&process, peer->words[0], peer->words, NULL, attributes, mem) != APR_SUCCESS ||
        !APR_STATUS_IS_CHILD_DONE(apr_proc_wait(&process, &code, &why, APR_WAIT)))
        return 0;
    *us = (double)(apr_time_now() - start) / jobs;
    return code == 0;
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(peer_t *peer, int rounds)
{
    qsort(peer->us, (size_t)rounds, sizeof *peer->us, ascending);
    return rounds % 2 ? peer->us[rounds / 2] : (peer->us[rounds / 2 - 1] + peer->us[rounds / 2]) / 2;
}

static void report(int jobs, int rounds)
{
    double medians[PEERS];

    printf("`true`, %d jobs, two at a time, median of %d rounds\n\n", jobs, rounds);
    printf("| | µs a job | of GNU parallel's |\n|---|---:|---:|\n");
    for (int i = 0; i < PEERS; i++) medians[i] = peers[i].missing ? 0 : median(&peers[i], rounds);
    for (int i = 0; i < PEERS; i++) {
        if (peers[i].missing)
            printf("| %s | could not be run | |\n", peers[i].name);
        else if (peers[PEERS - 1].missing)
            printf("| %s | %.0f | |\n", peers[i].name, medians[i]);
        else
            printf("| %s | %.0f | %.3f |\n", peers[i].name, medians[i], medians[i] / medians[PEERS - 1]);
    }
    if (peers[0].missing || peers[PEERS - 1].missing)
        printf("\nthe goal cannot be told\n");
    else
        printf("\ngoal, at most a third of GNU parallel's: %s\n",
               medians[0] <= GOAL * medians[PEERS - 1] ? "met" : "MISSED");
}

int main(int argc, char **argv)
{
    const int jobs = argc > 1 ? atoi(argv[1]) : 2000, rounds = argc > 2 ? atoi(argv[2]) : 5;
    const char *temporary, *path;
    apr_pool_t *mem, *scratch;

    if (jobs < 1 || rounds < 1 || rounds > ROUNDS_MAX) {
        fputs("usage: bench_pexec [JOBS [ROUNDS]]\n", stderr);
        return 2;
    }
    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS ||
        apr_pool_create(&scratch, mem) != APR_SUCCESS || apr_temp_dir_get(&temporary, mem) != APR_SUCCESS)
        return EXIT_FAILURE;
    path = apr_psprintf(mem, "%s/bench_pexec.%lu", temporary, (unsigned long)apr_time_now());
    if (write_lines(path, jobs, mem) != APR_SUCCESS) {
        fprintf(stderr, "bench_pexec: cannot write %s\n", path);
        return EXIT_FAILURE;
    }
    for (int round = 0; round < rounds; round++)
        for (int i = 0; i < PEERS; i++) {
            if (!peers[i].missing)
                peers[i].missing = !run(&peers[i], path, &peers[i].us[round], jobs, scratch);
            apr_pool_clear(scratch);
        }
    report(jobs, rounds);
    (void)apr_file_remove(path, mem);
    return EXIT_SUCCESS;
}
