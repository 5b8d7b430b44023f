/*
 * file_batch: every *.csv below some folders, counted and summed by a pool of workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ctrl_c.h"
#include "file_batch.h"
#include "find_files.h"
#include "lone_dash.h"
#include "option_value.h"

#include <apr_general.h>
#include <apr_getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE_ERROR 2
#define GO_ON (-1)
#define WINDOW 256 /* files on their way at once: bounds the memory, however many there are */

static const char help[] =
    "Usage: file_batch [-w N] [-t SECONDS] DIR...\n"
    "Every *.csv below each DIR is read by a pool of worker processes: rows, columns, and the sum of each\n"
    "numeric column, in a table. The first row of a file names its columns. A file that cannot be read or\n"
    "parsed, or whose reader dies, is one failed line of the table; the others stand.\n"
    "\n"
    "  -w, --workers=N        worker processes (default: one per processor)\n"
    "  -t, --timeout=SECONDS  that one file may take (default: no limit)\n"
    "  -h, --help             this text\n"
    "      --version          the version\n"
    "\n"
    "SPORK_START=fork|spawn|inline chooses the start method, SPORK_WORKERS=N overrides -w.\n"
    "Exit status: 0 all files were read, 1 something failed, 2 wrong usage. Ctrl-C ends it with what was\n"
    "read so far, and by that signal.\n";

static const spork_entry_t tasks[] = { SPORK_ENTRY(csv_summary), SPORK_END };

static void print_file(batch_t *batch, spork_pool_t *pool, int i, spork_future_t *future)
{
    spork_progress_clear(pool);
    if (!table_line(batch->width, APR_ARRAY_IDX(batch->files, i, const char *), spork_future_outcome(future)))
        batch->failed++;
}

/* Submit ahead of what is printed, by at most WINDOW files; print in input order. What is left over in
 * futures after a failure or an interruption, [*first, *submitted), ends with the pool. */
static apr_status_t process(batch_t *batch, spork_pool_t *pool, spork_future_t **futures, int *first,
                            int *submitted)
{
    const apr_array_header_t *files = batch->files;
    apr_status_t status = APR_SUCCESS;

    spork_progress_total(pool, (apr_uint64_t)files->nelts);
    for (int i = 0; i < files->nelts && status == APR_SUCCESS && !ctrl_c_came(); i++) {
        spork_future_t **future = &futures[i % WINDOW];
        for (; *submitted < files->nelts && *submitted - i < WINDOW; ++*submitted) {
            const char *path = APR_ARRAY_IDX(files, *submitted, const char *);
            status = spork_submit(&futures[*submitted % WINDOW], pool, csv_summary, path, strlen(path) + 1);
            if (status != APR_SUCCESS) break;
        }
        if (status == APR_SUCCESS) status = spork_future_wait(*future, -1);
        if (status == APR_SUCCESS) {
            print_file(batch, pool, i, *future);
            spork_future_destroy(*future);
            *first = i + 1;
        }
    }
    return status;
}

/* After Ctrl-C: of the files that were on their way, those that are done. */
static void print_finished(batch_t *batch, spork_pool_t *pool, spork_future_t **futures, int first,
                           int submitted)
{
    int finished = first;

    (void)spork_pool_terminate(pool);
    for (int i = first; i < submitted; i++) {
        const spork_outcome_t *outcome = spork_future_outcome(futures[i % WINDOW]);
        if (outcome == NULL || outcome->status == SPORK_ECANCELLED) continue;
        print_file(batch, pool, i, futures[i % WINDOW]);
        finished++;
    }
    (void)fflush(stdout);
    fprintf(stderr, "file_batch: interrupted; %d of %d files were not read\n", batch->files->nelts - finished,
            batch->files->nelts);
}

/* The program's exit status. */
static int run(batch_t *batch, apr_pool_t *mem)
{
    spork_future_t *futures[WINDOW];
    spork_pool_t *pool = NULL;
    apr_status_t status;
    int code = EXIT_FAILURE, first = 0, submitted = 0;

    for (int i = 0; i < batch->dirs->nelts; i++)
        batch->failed +=
            find_files(batch->files, APR_ARRAY_IDX(batch->dirs, i, const char *), ".csv", "file_batch");
    status = spork_pool_create(&pool, &batch->config, mem);
    if (status == APR_SUCCESS) {
        ctrl_c_watch(pool);
        batch->width = table_width(batch->files);
        table_head(batch->width);
        status = process(batch, pool, futures, &first, &submitted);
        if (status == APR_SUCCESS && !ctrl_c_came()) status = spork_pool_close(pool);
    }
    if (ctrl_c_came()) {
        print_finished(batch, pool, futures, first, submitted);
    } else if (status != APR_SUCCESS) {
        fprintf(stderr, "file_batch: %s\n", spork_error());
    } else if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("file_batch: cannot write the table\n", stderr);
    } else if (batch->failed) {
        fprintf(stderr, "file_batch: %d failed\n", batch->failed);
    } else {
        code = EXIT_SUCCESS;
    }
    ctrl_c_forget();
    spork_pool_destroy(pool);
    return code;
}

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "file_batch: %s%s\nTry 'file_batch --help'.\n", what, value);
    return USAGE_ERROR;
}

/* GO_ON, or the exit status. */
static int parse(batch_t *batch, int argc, const char *const *argv, apr_pool_t *mem)
{
    static const apr_getopt_option_t known[] = { { "workers", 'w', 1, NULL },
                                                 { "timeout", 't', 1, NULL },
                                                 { "help", 'h', 0, NULL },
                                                 { "version", 256, 0, NULL },
                                                 { NULL, 0, 0, NULL } };
    apr_getopt_t *scan;
    apr_status_t status;
    const char *value;
    apr_uint64_t workers;
    int option;

    if (apr_getopt_init(&scan, mem, argc, argv) != APR_SUCCESS) return EXIT_FAILURE;
    lone_dash_words(scan);
    scan->interleave = 1;
    while ((status = apr_getopt_long(scan, known, &option, &value)) == APR_SUCCESS) {
        switch (option) {
        case 'w':
            if (!option_number(value, 1, SPORK_WORKERS_MAX, &workers))
                return usage_error("not a number of workers: ", value);
            batch->config.workers = (int)workers;
            break;
        case 't':
            if (!option_seconds(value, &batch->config.timeout)) return usage_error("not a time: ", value);
            break;
        case 'h': return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        default: return puts("file_batch (spork) " SPORK_VERSION_STRING) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
        }
    }
    if (status != APR_EOF) { /* apr_getopt_long has said what is wrong */
        fputs("Try 'file_batch --help'.\n", stderr);
        return USAGE_ERROR;
    }
    for (int i = scan->ind; i < argc; i++) {
        if (scan->argv[i][0] == '\0') return usage_error("a folder without a name", "");
        APR_ARRAY_PUSH(batch->dirs, const char *) = scan->argv[i];
    }
    return batch->dirs->nelts > 0 ? GO_ON : usage_error("no folder given", "");
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;
    batch_t batch = { 0 };
    apr_pool_t *mem;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS || /* a worker never returns from it */
        apr_app_initialize(&argc, &args, NULL) != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS) {
        fprintf(stderr, "file_batch: cannot start: %s\n", spork_error());
        return EXIT_FAILURE;
    }
    spork_config_init(&batch.config);
    batch.config.progress = 1;
    batch.config.progress_label = "file_batch";
    batch.dirs = apr_array_make(mem, 4, sizeof(const char *));
    batch.files = apr_array_make(mem, 64, sizeof(const char *));
    int code = parse(&batch, argc, args, mem);
    if (code == GO_ON) code = run(&batch, mem);
    apr_pool_destroy(mem);
    if (ctrl_c_came()) ctrl_c_end();
    return code;
}
