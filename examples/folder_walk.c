/*
 * All files below a folder, see folder_walk.h. Folders are taken from a list, not by recursion: trees may be deep.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "folder_walk.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *top, *except;
    apr_array_header_t *files, *pending; /* of const char *, relative to top; a folder's ends with a slash */
    int (*wanted)(const char *name);
    void (*failed)(void *baton, const char *path, apr_status_t status);
    void *baton;
} walk_t;

static const char *below(const walk_t *walk, const char *path)
{
    return apr_pstrcat(walk->files->pool, walk->top, "/", path, NULL);
}

int folder_is_same(const char *one, const char *other, apr_pool_t *mem)
{
    apr_finfo_t a, b;

    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    (void)apr_stat(&a, one, APR_FINFO_IDENT, mem);
    (void)apr_stat(&b, other, APR_FINFO_IDENT, mem);
    return (a.valid & b.valid & APR_FINFO_IDENT) == APR_FINFO_IDENT && a.device == b.device &&
           a.inode == b.inode;
}

static void note_entry(walk_t *walk, const char *path, const char *name)
{
    apr_pool_t *mem = walk->files->pool;
    apr_finfo_t info;
    apr_status_t status = apr_stat(&info, below(walk, path), APR_FINFO_TYPE | APR_FINFO_LINK, mem);
    const int is_link = status == APR_SUCCESS && info.filetype == APR_LNK;
    if (is_link) status = apr_stat(&info, below(walk, path), APR_FINFO_TYPE, mem);

    const int known = status == APR_SUCCESS || status == APR_INCOMPLETE;
    if (known && info.filetype == APR_DIR) {
        if (!is_link && (walk->except == NULL || !folder_is_same(below(walk, path), walk->except, mem)))
            APR_ARRAY_PUSH(walk->pending, const char *) = apr_pstrcat(mem, path, "/", NULL);
    } else if (walk->wanted(name)) {
        if (!known)
            walk->failed(walk->baton, path, status);
        else if (info.filetype == APR_REG)
            APR_ARRAY_PUSH(walk->files, const char *) = path;
    }
}

static void read_folder(walk_t *walk, const char *folder)
{
    apr_pool_t *mem = walk->files->pool;
    apr_finfo_t entry;
    apr_dir_t *dir;
    apr_status_t status = apr_dir_open(&dir, below(walk, folder), mem);

    if (status != APR_SUCCESS) {
        walk->failed(walk->baton, folder[0] ? folder : walk->top, status);
        return;
    }
    while ((status = apr_dir_read(&entry, APR_FINFO_NAME, dir)) == APR_SUCCESS || status == APR_INCOMPLETE)
        if (strcmp(entry.name, ".") != 0 && strcmp(entry.name, "..") != 0)
            note_entry(walk, apr_pstrcat(mem, folder, entry.name, NULL), entry.name);
    if (!APR_STATUS_IS_ENOENT(status) && !APR_STATUS_IS_EOF(status))
        walk->failed(walk->baton, folder[0] ? folder : walk->top, status);
    (void)apr_dir_close(dir);
}

static int by_bytes(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void folder_walk(apr_array_header_t *files, const char *top, const char *except,
                 int (*wanted)(const char *name),
                 void (*failed)(void *baton, const char *path, apr_status_t status), void *baton)
{
    const int first = files->nelts;
    walk_t walk = { top,    except, files, apr_array_make(files->pool, 16, sizeof(const char *)),
                    wanted, failed, baton };

    APR_ARRAY_PUSH(walk.pending, const char *) = "";
    while (walk.pending->nelts > 0) read_folder(&walk, *(const char **)apr_array_pop(walk.pending));
    const int found = files->nelts - first;
    if (found > 1) qsort((const char **)files->elts + first, (size_t)found, sizeof(char *), by_bytes);
}
