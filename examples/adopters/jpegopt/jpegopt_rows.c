/*
 * Results in their places, rows on standard output. All of it happens in one process, after a file's work is known to be
 * done and good: so a row says what is true, whatever becomes of who did the work.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "jpegopt.h"
#include "outcome_text.h"

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

static const char *path_of(const rows_t *rows, int i)
{
    return APR_ARRAY_IDX(rows->options->files, i, const char *);
}

/* Where the result belongs. */
static const char *target(const rows_t *rows, int i, apr_pool_t *mem)
{
    const char *path = path_of(rows, i);
    if (rows->options->dest == NULL) return path;
    return apr_pstrcat(mem, rows->options->dest, "/", apr_filepath_name_get(path), NULL);
}

apr_status_t rows_begin(rows_t *rows, const options_t *options, apr_pool_t *mem)
{
    unsigned char bytes[6];
    const apr_status_t status = apr_generate_random_bytes(bytes, sizeof bytes);

    memset(rows, 0, sizeof *rows);
    rows->options = options;
    rows->mem = mem;
    rows->taken = apr_hash_make(mem);
    rows->tag = "";
    for (size_t i = 0; i < sizeof bytes; i++) rows->tag = apr_psprintf(mem, "%s%02x", rows->tag, bytes[i]);
    return status;
}

/* In the same folder, so that the two can change places at once; short, for the file's own name may be as long as names can be. */
const char *rows_part(const rows_t *rows, int i, apr_pool_t *mem)
{
    const char *to = target(rows, i, mem);
    const char *folder = apr_pstrmemdup(mem, to, (apr_size_t)(apr_filepath_name_get(to) - to));
    return apr_psprintf(mem, "%s.jpegopt-%s-%d.tmp", folder, rows->tag, i);
}

void rows_forget(const rows_t *rows, int i)
{
    apr_pool_t *mem;
    (void)apr_pool_create(&mem, rows->mem);
    (void)apr_file_remove(rows_part(rows, i, mem), mem);
    apr_pool_destroy(mem);
}

/* Is the file as it was read? Else somebody's change would be lost. */
static const char *check_unchanged(const char *path, const row_t *row, apr_pool_t *mem)
{
    apr_finfo_t info;
    if (apr_stat(&info, path, APR_FINFO_SIZE | APR_FINFO_MTIME, mem) == APR_SUCCESS &&
        (apr_uint64_t)info.size == row->old_size && info.mtime == row->mtime)
        return NULL;
    return "was changed meanwhile";
}

static const char *check_free(rows_t *rows, const char *to, apr_pool_t *mem)
{
    apr_finfo_t info;
    if (apr_hash_get(rows->taken, to, APR_HASH_KEY_STRING)) return "another file of that name went there";
    if (!rows->options->overwrite && apr_stat(&info, to, APR_FINFO_TYPE | APR_FINFO_LINK, mem) == APR_SUCCESS)
        return "there is a file of that name";
    return NULL;
}

/* NULL, or why not. */
static const char *put_in_place(rows_t *rows, int i, const row_t *row, apr_pool_t *mem)
{
    const char *to = target(rows, i, mem), *why;
    char words[128];
    apr_status_t status;

    why = rows->options->dest ? check_free(rows, to, mem) : check_unchanged(to, row, mem);
    if (why) return why;
    status = apr_file_rename(rows_part(rows, i, mem), to, mem);
    if (status != APR_SUCCESS)
        return apr_pstrcat(mem, "cannot write: ", apr_strerror(status, words, sizeof words), NULL);
    to = apr_pstrdup(rows->mem, to);
    if (rows->options->dest) apr_hash_set(rows->taken, to, APR_HASH_KEY_STRING, to);
    return NULL;
}

static void print_done(const rows_t *rows, int i, const row_t *row)
{
    const char *path = path_of(rows, i);

    if (rows->options->quiet) return;
    text_print(stdout, path, strlen(path));
    if (row->what == ROW_LINK) {
        puts("  [SKIP] is a link");
        return;
    }
    printf(" %lux%lu %lubit %c  ", (unsigned long)row->width, (unsigned long)row->height,
           (unsigned long)row->bits, row->progressive ? 'P' : 'N');
    if (row->what == ROW_SEVERAL)
        puts("[SKIP] more pictures follow in this file");
    else
        printf("[OK] %llu --> %llu bytes (%.2f%%), %s.\n", (unsigned long long)row->old_size,
               (unsigned long long)row->new_size,
               row->old_size ? 100.0 * (double)(row->old_size - row->new_size) / (double)row->old_size : 0.0,
               row->what == ROW_OPTIMIZED ? "optimized" : "skipped");
}

void rows_done(rows_t *rows, int i, const row_t *row)
{
    apr_pool_t *mem;
    const char *why;

    (void)apr_pool_create(&mem, rows->mem);
    why = row->written ? put_in_place(rows, i, row, mem) : NULL;
    if (why) {
        rows_failed(rows, i);
        puts(why);
    } else {
        rows->optimised += row->what == ROW_OPTIMIZED;
        rows->before += row->old_size;
        rows->after += row->what == ROW_OPTIMIZED ? row->new_size : row->old_size;
        print_done(rows, i, row);
    }
    apr_pool_destroy(mem);
}

void rows_failed(rows_t *rows, int i)
{
    const char *path = path_of(rows, i);

    rows_forget(rows, i);
    rows->failed++;
    text_print(stdout, path, strlen(path));
    fputs("  [ERROR] ", stdout);
}

void rows_totals(const rows_t *rows)
{
    const apr_uint64_t saved = rows->before - rows->after;

    if (!rows->options->totals) return;
    printf("%d of %d files optimized, %d failed: %llu --> %llu bytes, %llu saved (%.2f%%)\n", rows->optimised,
           rows->options->files->nelts, rows->failed, (unsigned long long)rows->before,
           (unsigned long long)rows->after, (unsigned long long)saved,
           rows->before ? 100.0 * (double)saved / (double)rows->before : 0.0);
}
