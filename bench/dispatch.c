/*
 * dispatch: what spork adds to an item of no work at all, beside other ways to hand items out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "measure.h"
#include "report.h"

#include <apr_cstr.h>
#include <apr_general.h>
#include <apr_getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define USAGE_ERROR 2
#define GO_ON (-1)

static const char help[] =
    "Usage: dispatch [-n ITEMS] [-w N] [-r ROUNDS] [--json]\n"
    "Nanoseconds an item of 8 bytes in and 8 bytes out that does nothing: spork beside a raw loop over a\n"
    "shared cursor, OpenMP, pipes, and Python's multiprocessing.Pool.\n"
    "\n"
    "  -n, --items=N    items in each round (default: 1000000; slow peers get a fraction)\n"
    "  -w, --workers=N  workers (default: 2)\n"
    "  -r, --rounds=N   rounds, all peers in turn in each (default: 5)\n"
    "      --json       JSON instead of a Markdown table\n"
    "  -h, --help       this text\n"
    "\n"
    "Exit status: 0 measured (whether or not the goals are met), 1 something failed, 2 wrong usage.\n";

/* ---- what is measured ------------------------------------------------------------------------------ */

enum {
    SERIAL,
    CURSOR_1,
    CURSOR_64,
    OPENMP_1,
    OPENMP_1024,
    MAP_1,
    MAP_OWN,
    SHARED_1,
    SHARED_OWN,
    SUBMIT_MANY,
    SUBMIT_ONE,
    STREAM,
    STREAM_64,
    PIPE,
    PYTHON_1,
    PYTHON_OWN,
    ROWS
};

static const struct {
    const char *key;
    const char *name;
    measure_t measure;
    apr_size_t chunk;
    apr_size_t share; /* of the items: one in so many */
    const char *if_not;
} plan[ROWS] = {
    [SERIAL] = { "serial", "serial call", measure_serial, 0, 1, "" },
    [CURSOR_1] = { "cursor_1", "raw shared cursor, chunk 1", measure_cursor, 1, 1, "no fork() here" },
    [CURSOR_64] = { "cursor_64", "raw shared cursor, chunk 64", measure_cursor, 64, 1, "no fork() here" },
    [OPENMP_1] = { "openmp_1", "OpenMP dynamic,1", measure_openmp, 1, 1, "built without OpenMP" },
    [OPENMP_1024] = { "openmp_1024", "OpenMP dynamic,1024", measure_openmp, 1024, 1, "built without OpenMP" },
    [MAP_1] = { "map_1", "spork_map, chunk 1", measure_map, 1, 1, "" },
    [MAP_OWN] = { "map_own", "spork_map, own chunk", measure_map, 0, 1, "" },
    [SHARED_1] = { "shared_1", "spork_map over spork_alloc, chunk 1", measure_map_shared, 1, 1, "" },
    [SHARED_OWN] = { "shared_own", "spork_map over spork_alloc, own chunk", measure_map_shared, 0, 1, "" },
    [SUBMIT_MANY] = { "submit_64", "spork_submit to outcome, 64 on their way", measure_submit, IN_FLIGHT, 10,
                      "" },
    [SUBMIT_ONE] = { "submit_1", "spork_submit to outcome, one at a time", measure_submit, 1, 200, "" },
    [STREAM] = { "stream", "spork_stream, own window", measure_stream, 0, 4, "" },
    [STREAM_64] = { "stream_64", "spork_stream, window 64", measure_stream, 64, 4, "" },
    [PIPE] = { "pipe", "pipe round trip per item", measure_pipe, 1, 50, "no fork() here" },
    [PYTHON_1] = { "python_1", "Python Pool.map, chunk 1", measure_python, 1, 50, "no python3 that can" },
    [PYTHON_OWN] = { "python_own", "Python Pool.map, own chunk", measure_python, 0, 5,
                     "no python3 that can" },
};

static apr_size_t items_of(const bench_t *bench, int row)
{
    const apr_size_t items = bench->items / plan[row].share;
    return items ? items : 1;
}

/* Other peers' idle workers still spin for a moment (OpenMP's do); nothing tells when they
 * have stopped. */
static void settle(void)
{
    apr_sleep(20000);
}

static void skip(row_t *row, const char *why)
{
    fprintf(stderr, "dispatch: skipped: %s: %s\n", row->name, why);
    row->skipped = why;
}

/* All rows once; round −1 warms up and is not kept. 0 on failure. */
static int run_round(bench_t *bench, row_t *rows, int round)
{
    for (int i = 0; i < ROWS; i++) {
        double ns;
        if (rows[i].skipped) continue;
        settle();
        const apr_status_t status = plan[i].measure(bench, rows[i].items, plan[i].chunk, &ns);
        if (status == APR_ENOTIMPL && plan[i].if_not[0]) {
            skip(&rows[i], plan[i].if_not);
        } else if (status != APR_SUCCESS) {
            char words[128];
            fprintf(stderr, "dispatch: %s: %s %s\n", rows[i].name,
                    spork_strerror(status, words, sizeof words), spork_error());
            return 0;
        } else if (round >= 0) {
            rows[i].ns[round] = ns;
        }
    }
    return 1;
}

/* ---- set-up and report ----------------------------------------------------------------------------- */

/* spork first: its workers must not hold the pipes of the others. */
static apr_status_t set_up(bench_t *bench)
{
    spork_config_t config;
    spork_config_init(&config);
    config.workers = bench->workers;
    apr_status_t status = spork_pool_create(&bench->pool, &config, bench->mem);
    if (status != APR_SUCCESS) return status;
    if (spork_pool_workers(bench->pool) > 0)
        bench->workers = spork_pool_workers(bench->pool); /* SPORK_WORKERS */
    bench->in = malloc(bench->items * WORD);
    bench->out = malloc(bench->items * WORD);
    bench->shared_in = spork_alloc(bench->pool, bench->items * WORD);
    bench->shared_out = spork_alloc(bench->pool, bench->items * WORD);
    if (!bench->in || !bench->out || !bench->shared_in || !bench->shared_out) return APR_ENOMEM;
    measure_fill(bench->in, bench->items);
    measure_fill(bench->shared_in, bench->items);

    status = peer_cursor_create(&bench->cursor, bench->workers, bench->items, bench->mem);
    if (status == APR_SUCCESS) measure_fill(peer_cursor_in(bench->cursor), bench->items);
    if (status == APR_SUCCESS || status == APR_ENOTIMPL)
        status = peer_pipe_create(&bench->pipe, bench->workers, bench->mem);
    return status == APR_ENOTIMPL ? APR_SUCCESS : status;
}

static const char *start_name(const spork_pool_t *pool)
{
    switch (spork_pool_start(pool)) {
    case SPORK_START_FORK: return "fork";
    case SPORK_START_SPAWN: return "spawn";
    default: return "inline";
    }
}

/* Why a goal that compares these two has no answer. */
static const char *unanswered(const bench_t *bench, const row_t *ours, const row_t *theirs)
{
    if (spork_pool_workers(bench->pool) == 0) return "inline has no workers";
    return ours->skipped ? ours->skipped : theirs->skipped;
}

static void report(const bench_t *bench, const row_t *rows)
{
    const heading_t heading = { bench->items,   bench->workers,          spork_cpu_count(),
                                bench->rounds,  start_name(bench->pool), &rows[CURSOR_1],
                                &rows[PYTHON_1] };
    const goal_t goals[] = {
        { "spork_map at chunk 1 to the raw loop at chunk 1", " times",
          rows[MAP_1].median / rows[CURSOR_1].median, 3, 0,
          unanswered(bench, &rows[MAP_1], &rows[CURSOR_1]) },
        { "spork_map at its own chunk", " ns an item", rows[MAP_OWN].median, 5, 0,
          unanswered(bench, &rows[MAP_OWN], &rows[MAP_OWN]) },
        { "spork_map to Python's Pool.map, both at chunk 1", " times faster",
          rows[PYTHON_1].median / rows[MAP_1].median, 300, 1,
          unanswered(bench, &rows[MAP_1], &rows[PYTHON_1]) },
    };
    (bench->json ? report_json : report_markdown)(&heading, rows, ROWS, goals, sizeof goals / sizeof *goals);
}

static int run(bench_t *bench)
{
    row_t rows[ROWS] = { { 0 } };
    int code = EXIT_FAILURE;
    const apr_status_t status = set_up(bench);
    if (status != APR_SUCCESS) {
        char words[128];
        fprintf(stderr, "dispatch: cannot set up: %s %s\n", spork_strerror(status, words, sizeof words),
                spork_error());
    } else {
        int good = 1;
        for (int i = 0; i < ROWS; i++) {
            rows[i].key = plan[i].key;
            rows[i].name = plan[i].name;
            rows[i].items = items_of(bench, i);
            rows[i].ns = apr_pcalloc(bench->mem, (apr_size_t)bench->rounds * sizeof(double));
        }
        for (int round = -1; round < bench->rounds && good; round++) good = run_round(bench, rows, round);
        for (int i = 0; i < ROWS && good; i++) report_summarize(&rows[i], bench->rounds);
        if (good) report(bench, rows);
        if (good && fflush(stdout) == 0 && spork_pool_close(bench->pool) == APR_SUCCESS) code = EXIT_SUCCESS;
    }
    spork_pool_destroy(bench->pool);
    free(bench->in);
    free(bench->out);
    return code;
}

static int parse_number(const char *value, apr_uint64_t most, apr_uint64_t *n)
{
    if (apr_cstr_strtoui64(n, value, 1, most, 10) == APR_SUCCESS) return 1;
    fprintf(stderr, "dispatch: not a number from 1 to %llu: %s\n", (unsigned long long)most, value);
    return 0;
}

/* GO_ON, or the exit status. */
static int parse(bench_t *bench, int argc, const char *const *argv)
{
    static const apr_getopt_option_t known[] = { { "items", 'n', 1, NULL },  { "workers", 'w', 1, NULL },
                                                 { "rounds", 'r', 1, NULL }, { "json", 256, 0, NULL },
                                                 { "help", 'h', 0, NULL },   { NULL, 0, 0, NULL } };
    apr_getopt_t *scan;
    apr_status_t status;
    const char *value;
    apr_uint64_t n;
    int option, good = 1;

    if (apr_getopt_init(&scan, bench->mem, argc, argv) != APR_SUCCESS) return EXIT_FAILURE;
    while (good && (status = apr_getopt_long(scan, known, &option, &value)) != APR_EOF) {
        if (status != APR_SUCCESS)
            good = 0;
        else if (option == 'n' && (good = parse_number(value, 1000000000, &n)))
            bench->items = (apr_size_t)n;
        else if (option == 'w' && (good = parse_number(value, SPORK_WORKERS_MAX, &n)))
            bench->workers = (int)n;
        else if (option == 'r' && (good = parse_number(value, 1000, &n)))
            bench->rounds = (int)n;
        else if (option == 256)
            bench->json = 1;
        else if (option == 'h')
            return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (good && scan->ind == argc) return GO_ON;
    fputs("Try 'dispatch --help'.\n", stderr);
    return USAGE_ERROR;
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;
    bench_t bench = { 0 };

    if (spork_init(&argc, &argv, measured_tasks) != APR_SUCCESS ||
        apr_app_initialize(&argc, &args, NULL) != APR_SUCCESS ||
        apr_pool_create(&bench.mem, NULL) != APR_SUCCESS) {
        fprintf(stderr, "dispatch: cannot start: %s\n", spork_error());
        return EXIT_FAILURE;
    }
    bench.items = 1000000;
    bench.workers = 2;
    bench.rounds = 5;
    int code = parse(&bench, argc, args);
    if (code == GO_ON) code = run(&bench);
    apr_pool_destroy(bench.mem);
    return code;
}
