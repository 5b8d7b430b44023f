/*
 * jpegopt: JPEG files made smaller without changing a pixel, several at a time, by a pool of workers.
 *
 * This file is all that spork asked for; see ../README.md, where it stands beside posix_before.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ctrl_c.h"
#include "jpegopt.h"
#include "outcome_text.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <spork.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a worker needs beside the file and its coefficients: libjpeg's own. */
#define MEMORY_BESIDE ((apr_uint64_t)64 << 20)

typedef struct {
    const options_t *options;
    rows_t rows;
    spork_pool_t *pool;
    apr_pool_t *item; /* cleared for each */
    int drawn;
} batch_t;

/* [the worker] */
/* Input: a request_t, the file's path, the path of the temporary file. The reply: a row_t. */
static apr_status_t optimise(spork_task_t *task, const void *in, void *out)
{
    const request_t *request = in;
    const char *path = (const char *)(request + 1), *part = path + strlen(path) + 1;
    row_t row;
    apr_status_t status = file_optimise(request, path, part, &row, spork_task_pool(task));

    (void)out;
    if (status == APR_SUCCESS) return spork_reply(task, &row, sizeof row);
    spork_fail(task, "%s", row.words);
    return status;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(optimise), SPORK_END };
/* [end] */

/* [the files] */
/* The next one; it is drawn when a worker can take it. */
static apr_status_t next_file(void *baton, const void **in, apr_size_t *in_size)
{
    batch_t *batch = baton;
    const options_t *options = batch->options;

    if (batch->drawn == options->files->nelts) return APR_EOF;
    apr_pool_clear(batch->item);
    const char *path = APR_ARRAY_IDX(options->files, batch->drawn, const char *);
    const char *part = rows_part(&batch->rows, batch->drawn++, batch->item);
    const apr_size_t path_size = strlen(path) + 1, part_size = strlen(part) + 1;
    char *input = apr_palloc(batch->item, sizeof(request_t) + path_size + part_size);
    memcpy(input, &options->request, sizeof(request_t));
    memcpy(input + sizeof(request_t), path, path_size);
    memcpy(input + sizeof(request_t) + path_size, part, part_size);
    *in = input;
    *in_size = sizeof(request_t) + path_size + part_size;
    return APR_SUCCESS;
}
/* [end] */

/* [the rows] */
/* One that ended, in the order of the files. Who died has its row as well. */
static apr_status_t take_row(void *baton, const spork_outcome_t *outcome)
{
    batch_t *batch = baton;
    const int i = (int)outcome->index;
    row_t row;

    spork_progress_clear(batch->pool);
    if (outcome->status == SPORK_ECANCELLED) { /* Ctrl-C */
        rows_forget(&batch->rows, i);
    } else if (outcome->status == APR_SUCCESS && outcome->out_size == sizeof row) {
        memcpy(&row, outcome->out, sizeof row);
        rows_done(&batch->rows, i, &row);
    } else {
        rows_failed(&batch->rows, i);
        outcome_print(stdout, outcome);
        putchar('\n');
    }
    return APR_SUCCESS;
}
/* [end] */

/* [the pool] */
static apr_status_t run(batch_t *batch, apr_pool_t *mem)
{
    const options_t *options = batch->options;
    spork_config_t config;
    apr_status_t status;

    spork_config_init(&config);
    config.workers = options->workers;
    config.timeout = options->timeout;
    config.memory_limit = (apr_size_t)(options->request.memory + MEMORY_BESIDE);
    config.progress = !options->quiet;
    config.progress_label = "jpegopt";
    status = spork_pool_create(&batch->pool, &config, mem);
    if (status != APR_SUCCESS) return status;
    ctrl_c_watch(batch->pool);
    spork_progress_total(batch->pool, (apr_uint64_t)options->files->nelts);
    status = spork_stream(batch->pool, optimise, next_file, take_row, batch, NULL);
    if (status == APR_SUCCESS) status = spork_pool_close(batch->pool);
    ctrl_c_forget();
    return status;
}
/* [end] */

/* The program's exit status. */
static int end(const batch_t *batch, apr_status_t status)
{
    if (ctrl_c_came()) {
        fprintf(stderr, "jpegopt: interrupted; %d of %d files were not begun\n",
                batch->options->files->nelts - batch->drawn, batch->options->files->nelts);
    } else if (status != APR_SUCCESS) {
        fprintf(stderr, "jpegopt: %s\n", spork_error());
    } else {
        rows_totals(&batch->rows);
        if (fflush(stdout) == 0 && !ferror(stdout))
            return batch->rows.failed || batch->options->unlisted ? EXIT_FAILURE : EXIT_SUCCESS;
        fputs("jpegopt: cannot write the rows\n", stderr);
    }
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;
    options_t options = { .timeout = apr_time_from_sec(60), .request.memory = (apr_uint64_t)512 << 20 };
    batch_t batch = { .options = &options };
    apr_pool_t *mem;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS || /* a worker never returns from it */
        apr_app_initialize(&argc, &args, NULL) != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS ||
        apr_pool_create(&batch.item, mem) != APR_SUCCESS) {
        fprintf(stderr, "jpegopt: cannot start: %s\n", spork_error());
        return EXIT_FAILURE;
    }
    int code = options_parse(&options, argc, args, mem);
    if (code == GO_ON) {
        apr_status_t status = rows_begin(&batch.rows, &options, mem);
        if (status == APR_SUCCESS) status = run(&batch, mem);
        code = end(&batch, status);
    }
    apr_pool_destroy(mem); /* and with it the pool of workers */
    if (ctrl_c_came()) ctrl_c_end();
    return code;
}
