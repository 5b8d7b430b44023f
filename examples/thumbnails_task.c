/*
 * The task: a picture's file in, its thumbnail's file out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "thumbnails.h"
#include "whole_file.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

static apr_status_t fail(spork_task_t *task, const char *what, apr_status_t status)
{
    char words[128];
    spork_fail(task, "%s: %s", what, apr_strerror(status, words, sizeof words));
    return status;
}

static apr_status_t read_file(spork_task_t *task, const char *path, apr_uint64_t most, whole_file_t *whole)
{
    int opened;
    const apr_status_t status = whole_file_read(whole, path, most, &opened, spork_task_pool(task));

    if (status == APR_SUCCESS) return status;
    if (status != APR_EGENERAL) return fail(task, opened ? "cannot read" : "cannot open", status);
    spork_fail(task, "the file has %" APR_UINT64_T_FMT " bytes, more than a picture may need",
               (apr_uint64_t)whole->info.size);
    return APR_EGENERAL;
}

static apr_status_t write_file(spork_task_t *task, const char *path, const work_t *work)
{
    apr_pool_t *mem = spork_task_pool(task);
    const char *part = apr_pstrcat(mem, path, PART, NULL);
    apr_file_t *file;
    apr_status_t status =
        apr_file_open(&file, part, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE | APR_FOPEN_BINARY,
                      APR_FPROT_OS_DEFAULT, mem);

    if (status == APR_SUCCESS) {
        status = apr_file_write_full(file, work->result, work->result_size, NULL);
        const apr_status_t closed = apr_file_close(file);
        if (status == APR_SUCCESS) status = closed;
        if (status == APR_SUCCESS) status = apr_file_rename(part, path, mem);
        if (status != APR_SUCCESS) (void)apr_file_remove(part, mem);
    }
    return status == APR_SUCCESS ? status : fail(task, "cannot write the thumbnail", status);
}

/* By what is in the file, not by what it is called. */
static int decode(work_t *work)
{
    if (is_jpeg(work->data, work->data_size)) return jpeg_thumbnail(work);
    if (is_png(work->data, work->data_size)) return png_thumbnail(work);
    strcpy(work->words, "neither JPEG nor PNG");
    return 0;
}

apr_status_t make_thumbnail(spork_task_t *task, const void *in, void *out)
{
    const request_t *request = in;
    const char *from = (const char *)(request + 1), *to = from + strlen(from) + 1;
    whole_file_t whole;
    work_t work;
    apr_status_t status;

    (void)out; /* a submitted item has none: it replies */
    memset(&work, 0, sizeof work);
    work.size = request->size;
    status = read_file(task, from, request->memory, &whole);
    work.data = whole.data;
    work.data_size = whole.size;
    work.memory = request->memory - work.data_size;
    if (status == APR_SUCCESS && !decode(&work)) {
        spork_fail(task, "%s", work.words[0] ? work.words : "no memory");
        status = APR_EGENERAL;
    }
    if (status == APR_SUCCESS) status = write_file(task, to, &work);
    if (status == APR_SUCCESS) status = spork_reply(task, &work.made, sizeof work.made);
    free(work.result);
    free(whole.data);
    return status;
}
