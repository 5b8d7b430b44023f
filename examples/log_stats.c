/*
 * log_stats: what access logs say, by the gigabyte.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "log_stats.h"
#include "ctrl_c.h"
#include "lone_dash.h"

#include <apr_cstr.h>
#include <apr_general.h>
#include <apr_getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE_ERROR 2
#define GO_ON (-1)
#define RETRIES 2 /* of a piece whose worker died: reading it again does no harm */

static const char help[] =
    "Usage: log_stats [-n N] [-t UNIT] [-w N] FILE...\n"
    "Requests by status, the paths asked for most, and how long requests took, from access logs of Apache and\n"
    "nginx (common or combined, also with a virtual host in front). Worker processes read them in pieces.\n"
    "\n"
    "  -n, --top=N      so many paths (default: 10), without what follows a question mark\n"
    "  -t, --time=UNIT  of the number at a line's end: s, ms or us (default: seconds if it has a point, as\n"
    "                   nginx' $request_time, else microseconds, as Apache's %D)\n"
    "  -w, --workers=N  worker processes (default: one per processor)\n"
    "      --piece=BYTES  how much a worker takes at once (default: by the file's size)\n"
    "  -h, --help       this text\n"
    "      --version    the version\n"
    "\n"
    "Times are known to 1 %. Lines that are not an access log's are counted; a file that has only such, or\n"
    "cannot be read, has failed, and the others stand.\n"
    "SPORK_START=fork|spawn|inline chooses the start method, SPORK_WORKERS=N overrides -w.\n"
    "Exit status: 0 all files were read, 1 something failed, 2 wrong usage. Ctrl-C ends it, by that signal.\n";

static const spork_entry_t tasks[] = { SPORK_ENTRY(log_piece), SPORK_END };

/* What is wrong with the files; how many failed. */
static int say_failures(const log_stats_t *stats)
{
    int failed = 0;
    for (int i = 0; i < stats->files->nelts; i++) {
        const log_file_t *file = &APR_ARRAY_IDX(stats->files, i, log_file_t);
        const char *failure = file->failure;
        if (failure == NULL && file->others > 0 && file->requests == 0) failure = "is not an access log";
        if (failure) {
            fprintf(stderr, "log_stats: %s: %s\n", file->path, failure);
            failed++;
        } else if (file->others > 0) {
            fprintf(stderr, "log_stats: %s: %llu lines are not an access log's, the first is line %llu\n",
                    file->path, (unsigned long long)file->others,
                    (unsigned long long)pieces_line(file->path, file->first_other, stats->mem));
        }
    }
    return failed;
}

/* The exit status. */
static int run(log_stats_t *stats)
{
    spork_pool_t *pool = NULL;
    int code = EXIT_FAILURE;
    apr_status_t status = spork_pool_create(&pool, &stats->config, stats->mem);

    if (status == APR_SUCCESS) {
        ctrl_c_watch(pool);
        status = log_add_up(stats, pool);
    }
    if (ctrl_c_came()) {
        fputs("log_stats: interrupted\n", stderr);
    } else if (status != APR_SUCCESS) {
        fprintf(stderr, "log_stats: %s\n", spork_error());
    } else {
        ctrl_c_forget(); /* what is left is to print: that ends at once */
        log_print(stats);
        const int failed = say_failures(stats);
        if (fflush(stdout) != 0 || ferror(stdout))
            fputs("log_stats: cannot write the tables\n", stderr);
        else if (spork_pool_close(pool) == APR_SUCCESS && failed == 0)
            code = EXIT_SUCCESS;
    }
    ctrl_c_forget();
    spork_pool_destroy(pool);
    return code;
}

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "log_stats: %s%s\nTry 'log_stats --help'.\n", what, value);
    return USAGE_ERROR;
}

static int parse_number(const char *what, const char *value, apr_uint64_t least, apr_uint64_t most,
                        apr_uint64_t *n)
{
    if (apr_cstr_strtoui64(n, value, least, most, 10) == APR_SUCCESS) return GO_ON;
    return usage_error(what, value);
}

static int parse_unit(const char *value, time_unit_e *unit)
{
    if (strcmp(value, "s") == 0)
        *unit = TIME_SECONDS;
    else if (strcmp(value, "ms") == 0)
        *unit = TIME_MILLISECONDS;
    else if (strcmp(value, "us") == 0)
        *unit = TIME_MICROSECONDS;
    else
        return usage_error("not a unit of time: ", value);
    return GO_ON;
}

/* One option; GO_ON, or the exit status. */
static int parse_option(log_stats_t *stats, int option, const char *value)
{
    apr_uint64_t n = 0;
    int code = GO_ON;
    switch (option) {
    case 'n':
        code = parse_number("not a number of paths: ", value, 0, APR_INT32_MAX, &n);
        stats->top = (int)n;
        return code;
    case 't': return parse_unit(value, &stats->unit);
    case 'w':
        code = parse_number("not a number of workers: ", value, 1, SPORK_WORKERS_MAX, &n);
        stats->config.workers = (int)n;
        return code;
    case 'p': return parse_number("not a size: ", value, 1, APR_INT64_MAX, &stats->piece_size);
    case 'h': return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    default: return puts("log_stats (spork) " SPORK_VERSION_STRING) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
}

/* GO_ON, or the exit status. */
static int parse(log_stats_t *stats, int argc, const char *const *argv)
{
    static const apr_getopt_option_t known[] = { { "top", 'n', 1, NULL },     { "time", 't', 1, NULL },
                                                 { "workers", 'w', 1, NULL }, { "piece", 'p', 1, NULL },
                                                 { "help", 'h', 0, NULL },    { "version", 256, 0, NULL },
                                                 { NULL, 0, 0, NULL } };
    apr_getopt_t *scan;
    apr_status_t status = APR_SUCCESS;
    const char *value;
    int option, code = GO_ON;

    if (apr_getopt_init(&scan, stats->mem, argc, argv) != APR_SUCCESS) return EXIT_FAILURE;
    lone_dash_words(scan);
    scan->interleave = 1;
    while (code == GO_ON && (status = apr_getopt_long(scan, known, &option, &value)) == APR_SUCCESS)
        code = parse_option(stats, option, value);
    if (code != GO_ON) return code;
    if (status != APR_EOF) { /* apr_getopt_long has said what is wrong */
        fputs("Try 'log_stats --help'.\n", stderr);
        return USAGE_ERROR;
    }
    for (int i = scan->ind; i < argc; i++) {
        log_file_t *file = apr_array_push(stats->files);
        memset(file, 0, sizeof *file);
        file->path = scan->argv[i];
    }
    return stats->files->nelts > 0 ? GO_ON : usage_error("no file given", "");
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;
    log_stats_t stats = { 0 };

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS || /* a worker never returns from it */
        apr_app_initialize(&argc, &args, NULL) != APR_SUCCESS ||
        apr_pool_create(&stats.mem, NULL) != APR_SUCCESS) {
        fprintf(stderr, "log_stats: cannot start: %s\n", spork_error());
        return EXIT_FAILURE;
    }
    spork_config_init(&stats.config);
    stats.config.retries = RETRIES;
    stats.config.progress = 1;
    stats.config.progress_label = "log_stats";
    stats.files = apr_array_make(stats.mem, 8, sizeof(log_file_t));
    stats.top = 10;
    int code = parse(&stats, argc, args);
    if (code == GO_ON) code = run(&stats);
    apr_pool_destroy(stats.mem);
    if (ctrl_c_came()) ctrl_c_end();
    return code;
}
