/*
 * Which files: those of the command line, those below its folders, those that a list names; each once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "folder_walk.h"
#include "jpegopt.h"

#include <apr_cstr.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void list_begin(list_t *list, apr_pool_t *mem)
{
    list->files = apr_array_make(mem, 64, sizeof(const char *));
    list->seen = apr_hash_make(mem);
    list->failed = 0;
}

static void say_failed(void *baton, const char *path, apr_status_t status)
{
    char words[128];
    fprintf(stderr, "jpegopt: %s: %s\n", path, apr_strerror(status, words, sizeof words));
    ((list_t *)baton)->failed++;
}

static int is_jpeg(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (apr_cstr_casecmp(dot, ".jpg") == 0 || apr_cstr_casecmp(dot, ".jpeg") == 0);
}

static void add_file(list_t *list, const char *path)
{
    if (apr_hash_get(list->seen, path, APR_HASH_KEY_STRING)) return;
    apr_hash_set(list->seen, path, APR_HASH_KEY_STRING, path);
    APR_ARRAY_PUSH(list->files, const char *) = path;
}

static void add_folder(list_t *list, const char *folder)
{
    apr_pool_t *mem = list->files->pool;
    const char *slash = folder[strlen(folder) - 1] == '/' ? "" : "/";
    apr_array_header_t *found = apr_array_make(mem, 64, sizeof(const char *));

    folder_walk(found, folder, NULL, is_jpeg, say_failed, list);
    for (int i = 0; i < found->nelts; i++)
        add_file(list, apr_pstrcat(mem, folder, slash, APR_ARRAY_IDX(found, i, const char *), NULL));
}

void list_add(list_t *list, const char *path)
{
    apr_finfo_t info;
    const apr_status_t status = apr_stat(&info, path, APR_FINFO_TYPE, list->files->pool);

    if ((status == APR_SUCCESS || status == APR_INCOMPLETE) && info.filetype == APR_DIR)
        add_folder(list, path);
    else
        add_file(list, path); /* also what is not there: that is its row's to tell */
}

/* Grows by doubling; to be freed. */
static apr_status_t read_all(apr_file_t *file, char **text, size_t *size)
{
    apr_status_t status = APR_SUCCESS;
    size_t room = 0;

    *text = NULL;
    *size = 0;
    while (status == APR_SUCCESS) {
        if (room - *size < 2) {
            char *larger = realloc(*text, room = room ? 2 * room : 4096);
            if (larger == NULL) return APR_ENOMEM;
            *text = larger;
        }
        apr_size_t n = room - *size - 1;
        status = apr_file_read(file, *text + *size, &n);
        if (status == APR_SUCCESS) *size += n;
    }
    (*text)[*size] = '\0';
    return APR_STATUS_IS_EOF(status) ? APR_SUCCESS : status;
}

int list_add_from(list_t *list, const char *path)
{
    apr_pool_t *mem = list->files->pool;
    apr_file_t *file;
    char *text = NULL;
    size_t size;
    apr_status_t status =
        strcmp(path, "-") == 0
            ? apr_file_open_stdin(&file, mem)
            : apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, mem);

    if (status == APR_SUCCESS) status = read_all(file, &text, &size);
    if (status == APR_SUCCESS) {
        for (char *line = text, *end; line < text + size; line = end + 1) {
            size_t length = strcspn(line, "\r\n");
            end = line + length;
            if (length > 0) list_add(list, apr_pstrmemdup(mem, line, length));
        }
    } else {
        char words[128];
        fprintf(stderr, "jpegopt: %s: %s\n", path, apr_strerror(status, words, sizeof words));
    }
    free(text);
    return status == APR_SUCCESS;
}
