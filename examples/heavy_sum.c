/*
 * heavy_sum: the sums of i*i for i below each n, first in this process, then in a pool of workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ctrl_c.h"
#include "lone_dash.h"
#include <spork.h>

#include <apr_cstr.h>
#include <apr_general.h>
#include <apr_getopt.h>
#include <apr_tables.h>
#include <stdio.h>
#include <stdlib.h>

#define USAGE_ERROR 2
#define GO_ON (-1)

static const char help[] =
    "Usage: heavy_sum [-w N] [n...]\n"
    "For each n the sum of i*i for all i below n (mod 2^64): first one process alone, then a pool of\n"
    "worker processes. Without n: four equal ones, sized to take this machine about a second. What takes longer has a\n"
    "progress line on standard error, if that is a terminal.\n"
    "\n"
    "  -w, --workers=N  worker processes (default: one per processor)\n"
    "  -h, --help       this text\n"
    "      --version    the version\n"
    "\n"
    "SPORK_START=fork|spawn|inline chooses the start method, SPORK_WORKERS=N overrides -w.\n"
    "Exit status: 0 all results agree, 1 something failed, 2 wrong usage. Ctrl-C ends it, by that signal.\n";

/* What one item answers. No pointers: so it can travel between processes as it is. */
typedef struct {
    apr_uint64_t sum;
    apr_int64_t worker;
} result_t;

typedef struct {
    int workers;
    apr_array_header_t *sizes; /* of apr_uint64_t */
} options_t;

/* The sum of i*i has a closed form that optimizers know. The step is volatile, so it must be read
 * anew in each turn and might always be another: no formula, no unrolling, n real turns. */
static volatile apr_uint64_t one = 1;

static apr_uint64_t sum_of_squares(apr_uint64_t n)
{
    apr_uint64_t sum = 0;
    for (apr_uint64_t i = 0; i < n; i += one) sum += i * i;
    return sum;
}

static apr_status_t heavy_sum(spork_task_t *task, const void *in, void *out)
{
    result_t *result = out;
    result->sum = sum_of_squares(*(const apr_uint64_t *)in);
    result->worker = spork_worker_id(task);
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(heavy_sum), SPORK_END };

static double seconds_since(apr_time_t start)
{
    return (double)(apr_time_now() - start) / APR_USEC_PER_SEC;
}

/* An n whose sum takes about a quarter of a second here. */
static apr_uint64_t quarter_second(void)
{
    apr_uint64_t n = 10000000;
    double took;
    for (;;) {
        const apr_time_t start = apr_time_now();
        (void)sum_of_squares(n);
        took = seconds_since(start);
        if (took >= 0.05) break;
        n *= 2;
    }
    n = (apr_uint64_t)((double)n * 0.25 / took);
    return n < 1000000 ? 1000000 : n - n % 1000000;
}

static void print_failures(const spork_map_t *map)
{
    for (apr_size_t i = 0; i < map->n_failures; i++) {
        const spork_outcome_t *failure = &map->failures[i];
        char words[128];
        fprintf(stderr, "heavy_sum: item %lu: %s\n", (unsigned long)failure->index,
                failure->message[0] ? failure->message
                                    : spork_strerror(failure->status, words, sizeof words));
    }
}

static const char *start_name(spork_start_e start)
{
    switch (start) {
    case SPORK_START_FORK: return "fork";
    case SPORK_START_SPAWN: return "spawn";
    default: return "inline";
    }
}

/* How many workers took part: those that wrote a result. */
static int distinct_workers(const result_t *results, int count)
{
    int distinct = 0;
    for (int i = 0; i < count; i++) {
        int earlier = 0;
        while (earlier < i && results[earlier].worker != results[i].worker) earlier++;
        distinct += earlier == i;
    }
    return distinct;
}

/* One line for each n; how many results differ. */
static int compare(const apr_array_header_t *sizes, const apr_uint64_t *sums, const result_t *results)
{
    int differ = 0;
    printf("%20s %20s %20s  %s\n", "n", "one process", "pool", "worker");
    for (int i = 0; i < sizes->nelts; i++) {
        const int same = sums[i] == results[i].sum;
        printf("%20llu %20llu %20llu  %d%s\n", (unsigned long long)APR_ARRAY_IDX(sizes, i, apr_uint64_t),
               (unsigned long long)sums[i], (unsigned long long)results[i].sum, (int)results[i].worker,
               same ? "" : "  DIFFERENT");
        differ += !same;
    }
    return differ;
}

/* The same sums both ways; the program's exit status. */
static int run(const options_t *options, apr_pool_t *mem)
{
    const apr_array_header_t *sizes = options->sizes;
    const apr_size_t count = (apr_size_t)sizes->nelts;
    apr_uint64_t *sums = apr_pcalloc(mem, (count + 1) * sizeof *sums);
    result_t *results = apr_pcalloc(mem, (count + 1) * sizeof *results);
    spork_map_t map = { 0 };
    spork_config_t config;
    spork_pool_t *pool = NULL;
    int code = EXIT_FAILURE;

    apr_time_t start = apr_time_now();
    for (apr_size_t i = 0; i < count; i++) sums[i] = sum_of_squares(APR_ARRAY_IDX(sizes, i, apr_uint64_t));
    const double alone = seconds_since(start);

    start = apr_time_now();
    spork_config_init(&config);
    config.workers = options->workers;
    config.progress = 1;
    config.progress_label = "heavy_sum";
    map.chunk = 1; /* each item is heavy: nobody takes two while another has none */
    apr_status_t status = spork_pool_create(&pool, &config, mem);
    if (status == APR_SUCCESS) {
        ctrl_c_watch(pool);
        status = spork_map(pool, heavy_sum, sizes->elts, sizeof(apr_uint64_t), results, sizeof *results,
                           count, &map);
    }
    spork_progress_clear(pool);
    if (ctrl_c_came()) {
        fputs("heavy_sum: interrupted\n", stderr);
    } else if (status != APR_SUCCESS) {
        fprintf(stderr, "heavy_sum: %s\n", spork_error());
        print_failures(&map);
    } else {
        const double pooled = seconds_since(start);
        ctrl_c_forget(); /* what is left is to print: that ends at once */
        const int differ = compare(sizes, sums, results);
        printf("one process  %.3f s\n", alone);
        printf("pool         %.3f s with its start, %d workers by %s\n", pooled, spork_pool_workers(pool),
               start_name(spork_pool_start(pool)));
        printf("speed-up     %.2f\n", pooled > 0 ? alone / pooled : 1.0);
        printf("processes    %d%s\n", distinct_workers(results, sizes->nelts),
               spork_pool_workers(pool) ? "" : " (this one)");
        printf("%s\n", differ ? "THE RESULTS DIFFER" : "the results agree");
        if (fflush(stdout) != 0 || ferror(stdout))
            fputs("heavy_sum: cannot write the results\n", stderr);
        else if (spork_pool_close(pool) != APR_SUCCESS)
            fprintf(stderr, "heavy_sum: %s\n", spork_error());
        else if (!differ)
            code = EXIT_SUCCESS;
    }
    ctrl_c_forget();
    spork_pool_destroy(pool);
    return code;
}

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "heavy_sum: %s%s\nTry 'heavy_sum --help'.\n", what, value);
    return USAGE_ERROR;
}

/* GO_ON, or the exit status. */
static int parse(options_t *options, int argc, const char *const *argv, apr_pool_t *mem)
{
    static const apr_getopt_option_t known[] = { { "workers", 'w', 1, NULL },
                                                 { "help", 'h', 0, NULL },
                                                 { "version", 256, 0, NULL },
                                                 { NULL, 0, 0, NULL } };
    apr_getopt_t *scan;
    apr_status_t status;
    const char *value;
    apr_uint64_t n;
    int option;

    if (apr_getopt_init(&scan, mem, argc, argv) != APR_SUCCESS) return EXIT_FAILURE;
    lone_dash_words(scan);
    scan->interleave = 1;
    while ((status = apr_getopt_long(scan, known, &option, &value)) == APR_SUCCESS) {
        switch (option) {
        case 'w':
            if (apr_cstr_strtoui64(&n, value, 1, SPORK_WORKERS_MAX, 10) != APR_SUCCESS)
                return usage_error("not a number of workers: ", value);
            options->workers = (int)n;
            break;
        case 'h': return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        default: return puts("heavy_sum (spork) " SPORK_VERSION_STRING) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        }
    }
    if (status != APR_EOF) { /* apr_getopt_long has said what is wrong */
        fputs("Try 'heavy_sum --help'.\n", stderr);
        return USAGE_ERROR;
    }
    for (int i = scan->ind; i < argc; i++) {
        if (apr_cstr_strtoui64(&n, scan->argv[i], 0, APR_INT64_MAX, 10) != APR_SUCCESS)
            return usage_error("not a size: ", scan->argv[i]);
        APR_ARRAY_PUSH(options->sizes, apr_uint64_t) = n;
    }
    return GO_ON;
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;
    options_t options = { 0, NULL };
    apr_pool_t *mem;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS || /* a worker never returns from it */
        apr_app_initialize(&argc, &args, NULL) != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS) {
        fprintf(stderr, "heavy_sum: cannot start: %s\n", spork_error());
        return EXIT_FAILURE;
    }
    options.sizes = apr_array_make(mem, 4, sizeof(apr_uint64_t));
    int code = parse(&options, argc, args, mem);
    if (code == GO_ON) {
        if (options.sizes->nelts == 0) {
            const apr_uint64_t n = quarter_second();
            for (int i = 0; i < 4; i++) APR_ARRAY_PUSH(options.sizes, apr_uint64_t) = n;
        }
        code = run(&options, mem);
    }
    apr_pool_destroy(mem);
    if (ctrl_c_came()) ctrl_c_end();
    return code;
}
