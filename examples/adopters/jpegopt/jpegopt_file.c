/*
 * One file: read, made smaller, and what came of it written beside its place, complete and on the disk.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "jpegopt.h"
#include "whole_file.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

static apr_status_t fail(row_t *row, const char *what, apr_status_t status)
{
    char words[128];
    (void)apr_snprintf(row->words, sizeof row->words, "%s: %s", what,
                       apr_strerror(status, words, sizeof words));
    return status;
}

static apr_status_t read_file(const request_t *request, const char *path, whole_file_t *whole, row_t *row,
                              apr_pool_t *mem)
{
    int opened;
    const apr_uint64_t most = request->memory / 2; /* and as much for the result */
    const apr_status_t status = whole_file_read(whole, path, most, &opened, mem);

    row->old_size = row->new_size = (apr_uint64_t)whole->size;
    if (status == APR_EGENERAL) {
        (void)apr_snprintf(row->words, sizeof row->words,
                           "its %" APR_OFF_T_FMT " bytes are more than memory allows", whole->info.size);
        return APR_EGENERAL;
    }
    if (status != APR_SUCCESS) return fail(row, opened ? "cannot read" : "cannot open", status);
    row->mtime = whole->info.mtime;
    return APR_SUCCESS;
}

/* Nobody may look into it who may not look into the file. It is on the disk before it is given the file's name: else a
 * crash of the machine could leave that name with nothing in it. */
static apr_status_t write_part(const request_t *request, const whole_file_t *whole, const char *part,
                               const void *data, size_t size, apr_pool_t *mem)
{
    apr_file_t *file;
    apr_status_t status, closed;

    status =
        apr_file_open(&file, part, APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_BINARY,
                      APR_FPROT_UREAD | APR_FPROT_UWRITE, mem);
    if (status != APR_SUCCESS) return status;
    status = apr_file_write_full(file, data, size, NULL);
    if (status == APR_SUCCESS) status = apr_file_sync(file);
    closed = apr_file_close(file);
    if (status == APR_SUCCESS) status = closed;
    if (status == APR_SUCCESS && (whole->info.valid & APR_FINFO_PROT) != 0) {
        status = apr_file_perms_set(part, whole->info.protection);
        if (status == APR_ENOTIMPL || status == APR_INCOMPLETE)
            status = APR_SUCCESS; /* Windows: the folder's */
    }
    if (status == APR_SUCCESS && request->preserve) status = apr_file_mtime_set(part, whole->info.mtime, mem);
    return status;
}

static int is_gain(const request_t *request, const row_t *row)
{
    return row->new_size < row->old_size &&
           (row->old_size - row->new_size) * 100 >= request->threshold * row->old_size;
}

static apr_status_t optimise(const request_t *request, const whole_file_t *whole, const char *part,
                             row_t *row, apr_pool_t *mem)
{
    picture_t picture = { whole->data, whole->size, malloc(whole->size + 1), 0, request, row };
    const jpeg_e verdict = picture.result ? jpeg_optimise(&picture) : JPEG_FAILED;
    apr_status_t status = APR_SUCCESS;

    if (verdict == JPEG_SMALLER) row->new_size = picture.result_size;
    row->what = verdict == JPEG_SEVERAL ? ROW_SEVERAL : is_gain(request, row) ? ROW_OPTIMIZED : ROW_NO_GAIN;
    const int is_better = row->what == ROW_OPTIMIZED;
    if (verdict == JPEG_FAILED) {
        status = APR_EGENERAL;
        if (row->words[0] == '\0') status = fail(row, "cannot optimize", APR_ENOMEM);
    } else if (!request->no_action && (is_better || request->copy)) {
        status = write_part(request, whole, part, is_better ? picture.result : whole->data,
                            is_better ? picture.result_size : whole->size, mem);
        if (status != APR_SUCCESS) (void)fail(row, "cannot write", status);
        row->written = status == APR_SUCCESS;
    }
    free(picture.result);
    return status;
}

apr_status_t file_optimise(const request_t *request, const char *path, const char *part, row_t *row,
                           apr_pool_t *mem)
{
    whole_file_t whole = { .data = NULL };
    apr_finfo_t info;
    apr_status_t status;

    memset(row, 0, sizeof *row);
    status = apr_stat(&info, path, APR_FINFO_TYPE | APR_FINFO_LINK, mem);
    if (status == APR_SUCCESS && info.filetype == APR_LNK) {
        row->what = ROW_LINK;
        if (!request->copy) return APR_SUCCESS;
        status = apr_stat(&info, path, APR_FINFO_TYPE, mem);
    }
    if (status == APR_SUCCESS && info.filetype != APR_REG) { /* a pipe's reader would wait for ever */
        (void)apr_cpystrn(row->words, "is no regular file", sizeof row->words);
        return APR_EGENERAL;
    }
    status = read_file(request, path, &whole, row, mem);
    if (status == APR_SUCCESS) status = optimise(request, &whole, part, row, mem);
    free(whole.data);
    return status;
}
