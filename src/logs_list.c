/*
 * Which logs are in a directory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "logs.h"

#include "error.h"
#include "log_record.h"
#include "mem.h"
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <stdlib.h>
#include <string.h>

void spk_logs_list_free(spk_logs_list_t *list)
{
    free(list->files);
    memset(list, 0, sizeof *list);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const spk_logs_file_t *)a)->path, ((const spk_logs_file_t *)b)->path);
}

/* What an open file is, so that two names of one file are known. APR_ENOENT, APR_EINVAL: it is gone, or no
 * plain file, which is not opened, for a pipe would wait. */
static apr_status_t identify(apr_finfo_t *info, const char *path, apr_pool_t *scratch)
{
    apr_file_t *file;
    apr_status_t status = apr_stat(info, path, APR_FINFO_TYPE, scratch);

    if (status != APR_SUCCESS && status != APR_INCOMPLETE) return status;
    if (info->filetype != APR_REG) return APR_EINVAL;
    status = apr_file_open(&file, path, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, scratch);
    if (status != APR_SUCCESS) return status;
    status = apr_file_info_get(info, APR_FINFO_SIZE | APR_FINFO_IDENT, file);
    (void)apr_file_close(file);
    return status == APR_INCOMPLETE ? APR_SUCCESS : status;
}

static int is_same(const apr_finfo_t *one, const apr_finfo_t *other)
{
    return (one->valid & other->valid & APR_FINFO_IDENT) == APR_FINFO_IDENT && one->inode == other->inode &&
           one->device == other->device;
}

static apr_status_t add(spk_logs_list_t *list, char *path, apr_off_t end)
{
    apr_size_t room = list->room > 0 ? 2 * list->room : 64;
    spk_logs_file_t *larger;

    if (list->n == list->room) {
        larger = realloc(list->files, room * sizeof *larger);
        if (larger == NULL) return APR_ENOMEM;
        list->files = larger;
        list->room = room;
    }
    list->files[list->n].path = path;
    list->files[list->n++].end = end;
    return APR_SUCCESS;
}

static char *join(const char *dir, const char *name, apr_pool_t *mem)
{
    apr_size_t length = strlen(dir), more = strlen(name) + 1, slash = length > 0 && dir[length - 1] != '/';
    char *path = apr_palloc(mem, length + slash + more);

    if (path == NULL) return NULL;
    memcpy(path, dir, length);
    if (slash) path[length] = '/';
    memcpy(path + length + slash, name, more);
    return path;
}

typedef struct {
    const char *caller, *dir, *out;
    apr_finfo_t of_out; /* valid 0: there is none */
    apr_pool_t *mem, *scratch;
} search_t;

static apr_status_t look_at(spk_logs_list_t *list, const search_t *search, const char *name)
{
    char *path = join(search->dir, name, search->mem);
    apr_finfo_t info;
    apr_status_t status;

    if (path == NULL) return spk_error(APR_ENOMEM, "%s: no memory", search->caller);
    memset(&info, 0, sizeof info);
    status = identify(&info, path, search->scratch);
    apr_pool_clear(search->scratch);
    if (APR_STATUS_IS_ENOENT(status) || status == APR_EINVAL) return APR_SUCCESS;
    if (status != APR_SUCCESS) return spk_error_os(status, "%s: %.300s", search->caller, path);
    if (is_same(&info, &search->of_out))
        return spk_error(APR_EINVAL, "%s: %.300s is one of the logs to be merged", search->caller,
                         search->out);
    return info.size > 0 ? add(list, path, info.size) : APR_SUCCESS;
}

static apr_status_t read_directory(spk_logs_list_t *list, search_t *search, apr_dir_t *dir)
{
    apr_status_t status;
    apr_finfo_t info;

    for (;;) {
        memset(&info, 0, sizeof info);
        status = apr_dir_read(&info, APR_FINFO_NAME, dir);
        if (APR_STATUS_IS_ENOENT(status)) return APR_SUCCESS; /* that was the last one */
        if (status != APR_SUCCESS && status != APR_INCOMPLETE)
            return spk_error_os(status, "%s: %.300s", search->caller, search->dir);
        if (!spk_record_file(info.name)) continue;
        status = look_at(list, search, info.name);
        if (status == APR_ENOMEM) return spk_error(status, "%s: no memory", search->caller);
        if (status != APR_SUCCESS) return status;
    }
}

apr_status_t spk_logs_list(spk_logs_list_t *list, const char *caller, const char *dir, const char *out,
                           apr_pool_t *mem)
{
    search_t search;
    apr_dir_t *open;
    apr_status_t status;

    memset(list, 0, sizeof *list);
    memset(&search, 0, sizeof search);
    search.caller = caller;
    search.dir = dir;
    search.out = out;
    search.mem = mem;
    if (spk_mem_create(&search.scratch, mem) != APR_SUCCESS)
        return spk_error(APR_ENOMEM, "%s: no memory", caller);
    if (out != NULL && identify(&search.of_out, out, search.scratch) != APR_SUCCESS) search.of_out.valid = 0;
    status = apr_dir_open(&open, dir, mem);
    if (status != APR_SUCCESS) return spk_error_os(status, "%s: %.300s", caller, dir);
    status = read_directory(list, &search, open);
    (void)apr_dir_close(open);
    if (list->n > 1) qsort(list->files, list->n, sizeof *list->files, by_name);
    return status;
}
