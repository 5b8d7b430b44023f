/*
 * Finding the files of file_batch.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "file_batch.h"

#include <apr_cstr.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say_failed(batch_t *batch, const char *path, apr_status_t status)
{
    char words[128];
    fprintf(stderr, "file_batch: %s: %s\n", path, apr_strerror(status, words, sizeof words));
    batch->failed++;
}

/* A *.csv that turns out to be unreadable is the table's to tell. Links to folders are left alone: they
 * may go in circles. */
static void note_entry(batch_t *batch, const char *path, apr_array_header_t *pending)
{
    apr_pool_t *mem = batch->files->pool;
    const char *dot = strrchr(path, '.');
    const int is_csv = dot && apr_cstr_casecmp(dot, ".csv") == 0;
    apr_finfo_t info;
    apr_status_t status = apr_stat(&info, path, APR_FINFO_TYPE | APR_FINFO_LINK, mem);
    const int is_link = status == APR_SUCCESS && info.filetype == APR_LNK;
    if (is_link) status = apr_stat(&info, path, APR_FINFO_TYPE, mem);

    const int known = status == APR_SUCCESS || status == APR_INCOMPLETE;
    if (known && info.filetype == APR_DIR) {
        if (!is_link) APR_ARRAY_PUSH(pending, const char *) = path;
    } else if (is_csv && (!known || info.filetype == APR_REG)) {
        APR_ARRAY_PUSH(batch->files, const char *) = path;
    } else if (!known && !is_link) {
        say_failed(batch, path, status);
    }
}

static void scan_folder(batch_t *batch, const char *folder, apr_array_header_t *pending)
{
    apr_pool_t *mem = batch->files->pool;
    const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
    apr_dir_t *dir;
    apr_finfo_t entry;
    apr_status_t status = apr_dir_open(&dir, folder, mem);
    if (status != APR_SUCCESS) {
        say_failed(batch, folder, status);
        return;
    }
    while ((status = apr_dir_read(&entry, APR_FINFO_NAME, dir)) == APR_SUCCESS || status == APR_INCOMPLETE)
        if (strcmp(entry.name, ".") != 0 && strcmp(entry.name, "..") != 0)
            note_entry(batch, apr_pstrcat(mem, folder, slash, entry.name, NULL), pending);
    if (!APR_STATUS_IS_ENOENT(status) && !APR_STATUS_IS_EOF(status)) say_failed(batch, folder, status);
    apr_dir_close(dir);
}

static int by_bytes(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* All *.csv below one folder, in the order of their paths' bytes: the same on every system. */
void find_files(batch_t *batch, const char *top)
{
    const int first = batch->files->nelts;
    apr_array_header_t *pending = apr_array_make(batch->files->pool, 16, sizeof(const char *));
    APR_ARRAY_PUSH(pending, const char *) = top;
    while (pending->nelts > 0) scan_folder(batch, *(const char **)apr_array_pop(pending), pending);
    const int found = batch->files->nelts - first;
    if (found > 1) qsort((const char **)batch->files->elts + first, (size_t)found, sizeof(char *), by_bytes);
}
