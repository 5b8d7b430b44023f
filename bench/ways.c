/*
 * ways: does one kind of work in one way, as often as it is told to; bench/run tells it.
 *
 *     ways WAY [NAME=VALUE…]
 *
 * It starts what the way needs, prints "ready" and then, for each line that it reads, runs the work once,
 * checks all answers, and prints what it took: "ns=…", and what else there is to tell. A line may change
 * chunk, flight, pause, and items (to fewer). It ends with its input. What cannot be done here is a line on stderr
 * that says so, and exit status 3.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways.h"

#include <apr_cstr.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <spork.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE_ERROR 2
#define CANNOT 3
#define LINE 256

static const way_t *const lists[] = { plain_ways,  spork_ways, pool_ways, thread_ways,
                                      system_ways, start_ways, ping_ways, futex_ways };
#define LISTS (sizeof lists / sizeof *lists)

static const char help[] =
    "Usage: ways WAY [NAME=VALUE...]\n"
    "       ways --list\n"
    "Does one kind of work in one way, once for each line that it reads, and prints the nanoseconds that it\n"
    "took. bench/run uses it. Names, with their defaults:\n"
    "\n"
    "  kind=echo         echo (8 bytes in, 8 out), spin (a loop), blob (size bytes in and out), reply (size out)\n"
    "  items=1000000     how many\n"
    "  size=8            bytes, of blob and reply\n"
    "  cost=100          turns of spin's loop, on average\n"
    "  profile=constant  or uneven, up, down, giant: how cost is spread\n"
    "  workers=2         processes or threads\n"
    "  chunk=0           items taken at once; 0: the way's own choice\n"
    "  flight=64         items on their way at once, where they are sent one by one\n"
    "  pause=0           microseconds between round trips\n"
    "  heap=0            MiB of touched memory in the parent\n"
    "  arena=0           MiB of spork's arena; 0: spork's own choice\n"
    "  start=auto        spork's start method: fork, spawn, inline\n"
    "\n"
    "Exit status: 0 done, 1 something failed, 2 wrong usage, 3 cannot be done on this system or in this build.\n";

apr_status_t way_cannot(job_t *job)
{
    (void)job;
    return APR_ENOTIMPL;
}

void job_take(job_t *job, apr_size_t i, const void *answer, apr_size_t size)
{
    const apr_size_t in_size = job->kind->in_size(&job->work);
    if (size != job->kind->out_size(&job->work)) return;
    if (job->kind->keeps) {
        memcpy((char *)job->out + i * size, answer, size);
    } else {
        /* the first word is the order's seed, and the last follows from it */
        const order_t *order = (const order_t *)((const char *)job->in + i * in_size);
        const word_t *words = answer;
        job->taken += words[0] == order->seed && words[size / WORD - 1] == order->seed + size / WORD - 1;
    }
}

/* ---- what is asked ---------------------------------------------------------------------------------- */

static int number(const char *value, apr_size_t most, apr_size_t *n)
{
    apr_uint64_t got;
    if (apr_cstr_strtoui64(&got, value, 0, most, 10) != APR_SUCCESS) {
        fprintf(stderr, "ways: not a number from 0 to %llu: %s\n", (unsigned long long)most, value);
        return 0;
    }
    *n = (apr_size_t)got;
    return 1;
}

/* What a request may change. 1 if it was one of these and right, 0 if wrong, −1 if it is none of these. */
static int set_in_request(job_t *job, const char *name, const char *value)
{
    if (strcmp(name, "chunk") == 0) return number(value, 1000000000, &job->chunk);
    if (strcmp(name, "flight") == 0) return number(value, 1000000, &job->flight);
    if (strcmp(name, "pause") == 0) return number(value, 10000000, &job->pause);
    if (strcmp(name, "items") == 0) {
        if (!number(value, job->room ? job->room : 1000000000, &job->work.items)) return 0;
        return job->work.items > 0;
    }
    return -1;
}

static int set(job_t *job, const char *name, const char *value)
{
    apr_size_t n;
    int good = set_in_request(job, name, value);
    if (good >= 0) return good;
    if (strcmp(name, "size") == 0)
        good = number(value, (apr_size_t)1 << 30, &job->work.size) && job->work.size % WORD == 0;
    else if (strcmp(name, "cost") == 0)
        good = number(value, 1000000000, &job->work.cost);
    else if (strcmp(name, "heap") == 0)
        good = number(value, 1048576, &job->heap);
    else if (strcmp(name, "arena") == 0)
        good = number(value, 1048576, &job->arena);
    else if (strcmp(name, "workers") == 0 && (good = number(value, SPORK_WORKERS_MAX, &n) && n > 0))
        job->workers = (int)n;
    else if (strcmp(name, "kind") == 0)
        good = (job->kind = kind_named(value)) != NULL;
    else if (strcmp(name, "profile") == 0 && (good = profile_is_known(value)))
        job->work.profile = apr_pstrdup(job->mem, value);
    else if (strcmp(name, "start") == 0 &&
             (good = strcmp(value, "fork") == 0 || strcmp(value, "spawn") == 0 ||
                     strcmp(value, "inline") == 0 || strcmp(value, "auto") == 0))
        job->start = apr_pstrdup(job->mem, value);
    if (good != 1) fprintf(stderr, "ways: what is %s=%s?\n", name, value);
    return good == 1;
}

/* Takes words apart at '='. */
static int set_word(job_t *job, char *word, int is_request)
{
    char *value = strchr(word, '=');
    if (value) {
        *value++ = '\0';
        return is_request ? set_in_request(job, word, value) == 1 : set(job, word, value);
    }
    fprintf(stderr, "ways: not NAME=VALUE: %s\n", word);
    return 0;
}

static const way_t *way_named(const char *name)
{
    for (apr_size_t i = 0; i < LISTS; i++)
        for (const way_t *way = lists[i]; way->name; way++)
            if (strcmp(way->name, name) == 0) return way;
    return NULL;
}

static void list(void)
{
    for (apr_size_t i = 0; i < LISTS; i++)
        for (const way_t *way = lists[i]; way->name; way++) printf("%-16s %s\n", way->name, way->words);
}

/* ---- doing it --------------------------------------------------------------------------------------- */

static int fail(const char *what, const way_t *way, apr_status_t status)
{
    char words[128];
    if (status == APR_ENOTIMPL) {
        fprintf(stderr, "%s: cannot be done on this system or in this build\n", way->name);
        return CANNOT;
    }
    fprintf(stderr, "ways: %s: %s: %s %s\n", way->name, what, spork_strerror(status, words, sizeof words),
            spork_error());
    return EXIT_FAILURE;
}

static int answers_are_right(const job_t *job)
{
    if (job->out) return items_are_right(job->kind, &job->work, job->in, job->out);
    return job->in == NULL || job->taken == job->work.items;
}

static int run_once(const way_t *way, job_t *job)
{
    apr_uint64_t ns = 0;
    job->also[0] = '\0';
    job->taken = 0;
    /* what was written last time must not pass for an answer of this time */
    if (job->out) memset(job->out, 0, job->work.items * job->kind->out_size(&job->work));
    const apr_status_t status = way->run(job, &ns);
    if (status != APR_SUCCESS) return fail("running", way, status);
    if (!answers_are_right(job)) {
        fprintf(stderr, "ways: %s: wrong answers\n", way->name);
        return EXIT_FAILURE;
    }
    printf("ns=%llu%s\n", (unsigned long long)ns, job->also);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int serve(const way_t *way, job_t *job)
{
    char line[LINE], *last, *word;
    int code = EXIT_SUCCESS;

    job->room = job->work.items;
    puts("ready");
    if (fflush(stdout) != 0) return EXIT_FAILURE;
    while (code == EXIT_SUCCESS && fgets(line, sizeof line, stdin)) {
        for (word = apr_strtok(line, " \r\n", &last); word; word = apr_strtok(NULL, " \r\n", &last)) {
            if (!set_word(job, word, 1)) {
                fprintf(stderr, "ways: a request cannot change that: %s\n", word);
                return USAGE_ERROR;
            }
        }
        code = run_once(way, job);
    }
    return code;
}

/* So that fork() has something to copy. */
static char *touched_heap(const job_t *job)
{
    char *heap = job->heap ? malloc(job->heap << 20) : NULL;
    if (heap)
        for (apr_size_t i = 0; i < job->heap << 20; i += 4096) heap[i] = (char)(i >> 12);
    return heap;
}

static int run(const way_t *way, job_t *job)
{
    char *heap = touched_heap(job);
    int code = EXIT_FAILURE;
    if (job->heap && !heap) {
        fprintf(stderr, "ways: no memory for heap=%llu\n", (unsigned long long)job->heap);
        return code;
    }
    const apr_status_t status = way->set_up ? way->set_up(job) : APR_SUCCESS;
    if (status != APR_SUCCESS) {
        code = fail("setting up", way, status);
    } else {
        if (job->in) items_fill(job->kind, &job->work, job->in);
        code = serve(way, job);
    }
    if (way->tear_down) way->tear_down(job);
    free(heap);
    return code;
}

static int usage(void)
{
    fputs("Try 'ways --help'.\n", stderr);
    return USAGE_ERROR;
}

static int parse_and_run(job_t *job, int argc, const char *const *argv)
{
    if (argc < 2) return usage();
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (strcmp(argv[1], "--list") == 0) {
        list();
        return EXIT_SUCCESS;
    }
    const way_t *way = way_named(argv[1]);
    if (!way) {
        fprintf(stderr, "ways: there is no way %s; 'ways --list' tells which there are\n", argv[1]);
        return USAGE_ERROR;
    }
    job->kind = kind_named("echo");
    for (int i = 2; i < argc; i++)
        if (!set_word(job, apr_pstrdup(job->mem, argv[i]), 0)) return usage();
    return run(way, job);
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;
    job_t job = { 0 };

    if (start_is_child(argc, args)) return EXIT_SUCCESS;
    if (spork_init(&argc, &argv, measured_tasks) != APR_SUCCESS ||
        apr_app_initialize(&argc, &args, NULL) != APR_SUCCESS ||
        apr_pool_create(&job.mem, NULL) != APR_SUCCESS) {
        fprintf(stderr, "ways: cannot start: %s\n", spork_error());
        return EXIT_FAILURE;
    }
    job.work = (work_t){ "constant", 1000000, WORD, 100 };
    job.workers = 2;
    job.flight = 64;
    job.start = "auto";
    job.self = argv[0];
    const int code = parse_and_run(&job, argc, args);
    apr_pool_destroy(job.mem);
    return code;
}
