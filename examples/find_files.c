/*
 * Finding files below folders, see find_files.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "find_files.h"

#include <apr_cstr.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    apr_array_header_t *files, *pending; /* of const char *: found, and folders to go */
    const char *suffix, *tool;
    int failed;
} search_t;

static void say_failed(search_t *search, const char *path, apr_status_t status)
{
    char words[128];
    fprintf(stderr, "%s: %s: %s\n", search->tool, path, apr_strerror(status, words, sizeof words));
    search->failed++;
}

static int is_wanted(const search_t *search, const char *path)
{
    if (search->suffix == NULL) return 1;
    const size_t length = strlen(path), end = strlen(search->suffix);
    return length >= end && apr_cstr_casecmp(path + length - end, search->suffix) == 0;
}

/* A file that turns out to be unreadable is its reader's to tell. Links to folders are left alone: they may go in
 * circles. */
static void note_entry(search_t *search, const char *path)
{
    apr_pool_t *mem = search->files->pool;
    const int wanted = is_wanted(search, path);
    apr_finfo_t info;
    apr_status_t status = apr_stat(&info, path, APR_FINFO_TYPE | APR_FINFO_LINK, mem);
    const int is_link = status == APR_SUCCESS && info.filetype == APR_LNK;
    if (is_link) status = apr_stat(&info, path, APR_FINFO_TYPE, mem);

    const int known = status == APR_SUCCESS || status == APR_INCOMPLETE;
    if (known && info.filetype == APR_DIR) {
        if (!is_link) APR_ARRAY_PUSH(search->pending, const char *) = path;
    } else if (wanted && (!known || info.filetype == APR_REG)) {
        APR_ARRAY_PUSH(search->files, const char *) = path;
    } else if (wanted && search->suffix) { /* called as what is looked for, but a pipe, say */
        fprintf(stderr, "%s: %s: is no regular file\n", search->tool, path);
        search->failed++;
    } else if (!known && !is_link) {
        say_failed(search, path, status);
    }
}

static void scan_folder(search_t *search, const char *folder)
{
    apr_pool_t *mem = search->files->pool;
    const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
    apr_dir_t *dir;
    apr_finfo_t entry;
    apr_status_t status = apr_dir_open(&dir, folder, mem);
    if (status != APR_SUCCESS) {
        say_failed(search, folder, status);
        return;
    }
    while ((status = apr_dir_read(&entry, APR_FINFO_NAME, dir)) == APR_SUCCESS || status == APR_INCOMPLETE)
        if (strcmp(entry.name, ".") != 0 && strcmp(entry.name, "..") != 0)
            note_entry(search, apr_pstrcat(mem, folder, slash, entry.name, NULL));
    if (!APR_STATUS_IS_ENOENT(status) && !APR_STATUS_IS_EOF(status)) say_failed(search, folder, status);
    apr_dir_close(dir);
}

static int by_bytes(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

int find_files(apr_array_header_t *files, const char *top, const char *suffix, const char *tool)
{
    const int first = files->nelts;
    search_t search = { files, apr_array_make(files->pool, 16, sizeof(const char *)), suffix, tool, 0 };
    APR_ARRAY_PUSH(search.pending, const char *) = top;
    while (search.pending->nelts > 0) scan_folder(&search, *(const char **)apr_array_pop(search.pending));
    const int found = files->nelts - first;
    if (found > 1) qsort((const char **)files->elts + first, (size_t)found, sizeof(char *), by_bytes);
    return search.failed;
}
