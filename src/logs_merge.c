/*
 * Merging logs: a k-way merge of files, each of which is in order already.
 *
 * A file is a run of blocks: a record, and the lines behind it that are none (what a task printed). The block whose record has the
 * earliest time goes out next; of equal ones that of the first file by name. A record whose time is before that
 * of the one above it in its file takes that one's.
 *
 * Memory and descriptors do not grow with the logs: each file has a small window, and is opened for no longer than it
 * takes to fill that. The output is written beside its place, and takes it when it is whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "error.h"
#include "log_record.h"
#include "logs.h"
#include "mem.h"
#include "os.h"
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

/* All windows together, bytes; one of them. */
#define WINDOWS ((apr_size_t)2 << 20)
#define WINDOW_LEAST ((apr_size_t)1024)
#define WINDOW_MOST ((apr_size_t)64 << 10)

#define OUTPUT ((apr_size_t)64 << 10)
#define NAME_TRIES 100

typedef struct {
    const char *path;
    apr_off_t at, end; /* what of the file comes next into the window, and where it ends */
    char *window;
    apr_size_t begin, have; /* the bytes in it that are not written yet */
    uint64_t clock;         /* of the block at hand */
} source_t;

typedef struct {
    const char *caller;
    apr_pool_t *scratch; /* for files while they are open */
    source_t *sources;
    char *windows;
    apr_size_t window; /* bytes of one */
    apr_size_t *heap;  /* numbers of sources, the next one first */
    apr_size_t n;      /* in the heap */

    const char *path; /* of the output, until it is whole */
    apr_pool_t *mem;  /* in which it is open */
    apr_file_t *file;
    char *output;
    apr_size_t used;
} merge_t;

/* ---- output ---------------------------------------------------------------------------------------------- */

static apr_status_t flush(merge_t *merge)
{
    apr_status_t status = APR_SUCCESS;

    if (merge->used > 0) status = apr_file_write_full(merge->file, merge->output, merge->used, NULL);
    merge->used = 0;
    if (status != APR_SUCCESS) return spk_error_os(status, "%s: %.300s", merge->caller, merge->path);
    return APR_SUCCESS;
}

static apr_status_t emit(merge_t *merge, const char *data, apr_size_t size)
{
    apr_status_t status = APR_SUCCESS;
    apr_size_t n;

    while (size > 0 && status == APR_SUCCESS) {
        n = OUTPUT - merge->used < size ? OUTPUT - merge->used : size;
        memcpy(merge->output + merge->used, data, n);
        merge->used += n;
        data += n;
        size -= n;
        if (merge->used == OUTPUT) status = flush(merge);
    }
    return status;
}

/* ---- one file -------------------------------------------------------------------------------------------- */

/* Have as much of the file in the window as it takes. A file that has become shorter ends there. */
static apr_status_t fill(merge_t *merge, source_t *source)
{
    apr_file_t *file;
    apr_off_t at = source->at;
    apr_size_t want = merge->window - source->have, got = 0;
    apr_status_t status;

    if (source->at == source->end || want == 0) return APR_SUCCESS;
    memmove(source->window, source->window + source->begin, source->have);
    source->begin = 0;
    if ((apr_off_t)want > source->end - source->at) want = (apr_size_t)(source->end - source->at);
    status = apr_file_open(&file, source->path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT,
                           merge->scratch);
    if (status == APR_SUCCESS) {
        status = apr_file_seek(file, APR_SET, &at);
        if (status == APR_SUCCESS)
            status = apr_file_read_full(file, source->window + source->have, want, &got);
        (void)apr_file_close(file);
    }
    apr_pool_clear(merge->scratch);
    if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status))
        return spk_error_os(status, "%s: %.300s", merge->caller, source->path);
    source->have += got;
    source->at += (apr_off_t)got;
    if (got < want) source->end = source->at;
    return APR_SUCCESS;
}

/* What is in the window, up to the end of the line: *whole, or there is more of the line to come. */
static apr_status_t emit_piece(merge_t *merge, source_t *source, int *whole)
{
    const char *text = source->window + source->begin, *newline = memchr(text, '\n', source->have);
    apr_size_t n = newline != NULL ? (apr_size_t)(newline - text) + 1 : source->have;

    *whole = newline != NULL;
    source->begin += n;
    source->have -= n;
    return emit(merge, text, n);
}

/* The line at hand goes out. One that the file's end has cut is marked. */
static apr_status_t emit_line(merge_t *merge, source_t *source)
{
    static const char cut[] = SPK_RECORD_CUT "\n";
    apr_status_t status = APR_SUCCESS;
    int whole = 0;

    while (status == APR_SUCCESS && !whole) {
        if (source->have == 0) status = fill(merge, source);
        if (status != APR_SUCCESS) return status;
        if (source->have == 0) return emit(merge, cut, sizeof cut - 1);
        status = emit_piece(merge, source, &whole);
    }
    return status;
}

/* Does a record begin here? Then its time is the block's. */
static apr_status_t look(merge_t *merge, source_t *source, int *is_record)
{
    apr_status_t status = source->have < SPK_RECORD_HEAD ? fill(merge, source) : APR_SUCCESS;
    uint64_t clock;

    *is_record =
        status == APR_SUCCESS && spk_record_read(source->window + source->begin, source->have, &clock);
    if (*is_record && clock > source->clock) source->clock = clock;
    return status;
}

/* The block at hand goes out, to the next record or the end. */
static apr_status_t emit_block(merge_t *merge, source_t *source)
{
    apr_status_t status;
    int is_record = 0;

    do {
        status = emit_line(merge, source);
        if (status == APR_SUCCESS) status = look(merge, source, &is_record);
    } while (status == APR_SUCCESS && !is_record && source->have > 0);
    return status;
}

/* ---- all of them: a heap by time, then by name --------------------------------------------------------------- */

static int goes_before(const merge_t *merge, apr_size_t a, apr_size_t b)
{
    uint64_t one = merge->sources[a].clock, other = merge->sources[b].clock;

    return one < other || (one == other && a < b);
}

static void sink(merge_t *merge, apr_size_t at)
{
    apr_size_t moving = merge->heap[at], child;

    for (;;) {
        child = 2 * at + 1;
        if (child + 1 < merge->n && goes_before(merge, merge->heap[child + 1], merge->heap[child])) child++;
        if (child >= merge->n || !goes_before(merge, merge->heap[child], moving)) break;
        merge->heap[at] = merge->heap[child];
        at = child;
    }
    merge->heap[at] = moving;
}

static apr_status_t start(merge_t *merge, const spk_logs_list_t *list)
{
    apr_status_t status = APR_SUCCESS;
    apr_size_t i;
    int is_record;

    for (i = 0; i < list->n && status == APR_SUCCESS; i++) {
        source_t *source = &merge->sources[i];

        source->path = list->files[i].path;
        source->end = list->files[i].end;
        source->window = merge->windows + i * merge->window;
        status = look(merge, source, &is_record);
        if (source->have > 0) merge->heap[merge->n++] = i;
    }
    for (i = merge->n / 2; i > 0; i--) sink(merge, i - 1);
    return status;
}

static apr_status_t run(merge_t *merge, const spk_logs_list_t *list)
{
    apr_status_t status = start(merge, list);

    while (status == APR_SUCCESS && merge->n > 0) {
        source_t *next = &merge->sources[merge->heap[0]];

        status = emit_block(merge, next);
        if (next->have == 0) merge->heap[0] = merge->heap[--merge->n];
        if (merge->n > 0) sink(merge, 0);
    }
    return status == APR_SUCCESS ? flush(merge) : status;
}

static apr_size_t window_for(apr_size_t files)
{
    apr_size_t size = WINDOWS / (files > 0 ? files : 1);

    return size > WINDOW_MOST ? WINDOW_MOST : size < WINDOW_LEAST ? WINDOW_LEAST : size;
}

static apr_status_t merge_list(merge_t *merge, const spk_logs_list_t *list)
{
    apr_status_t status = APR_ENOMEM;
    apr_size_t n = list->n > 0 ? list->n : 1;

    merge->window = window_for(n);
    merge->sources = calloc(n, sizeof *merge->sources);
    merge->heap = calloc(n, sizeof *merge->heap);
    merge->windows = n < SIZE_MAX / merge->window ? malloc(n * merge->window) : NULL;
    merge->output = malloc(OUTPUT);
    if (merge->sources != NULL && merge->heap != NULL && merge->windows != NULL && merge->output != NULL)
        status = run(merge, list);
    else
        (void)spk_error(status, "%s: no memory for %" APR_SIZE_T_FMT " logs", merge->caller, n);
    free(merge->sources);
    free(merge->heap);
    free(merge->windows);
    free(merge->output);
    return status;
}

/* ---- the output's file ------------------------------------------------------------------------------------ */

/* Beside its place, under a name that is nobody's. A process that was killed may have left one. */
static apr_status_t open_output(merge_t *merge, const char *out)
{
    apr_size_t room = strlen(out) + 48;
    char *path = apr_palloc(merge->mem, room);
    apr_status_t status = APR_ENOMEM;
    int i;

    merge->path = out;
    for (i = 0; path != NULL && i < NAME_TRIES && (i == 0 || APR_STATUS_IS_EEXIST(status)); i++) {
        (void)apr_snprintf(path, room, "%s.%" APR_INT64_T_FMT "-%d.tmp", out, (apr_int64_t)spk_os_pid(), i);
        status = apr_file_open(&merge->file, path,
                               APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL | APR_FOPEN_BINARY,
                               APR_FPROT_OS_DEFAULT, merge->mem);
    }
    if (status != APR_SUCCESS) return spk_error_os(status, "%s: %.300s", merge->caller, out);
    merge->path = path;
    return APR_SUCCESS;
}

/* On disk, as far as that can be had: what there is no room for may show only now. */
static apr_status_t close_output(merge_t *merge)
{
    apr_status_t status = apr_file_sync(merge->file), closed = apr_file_close(merge->file);

    if (APR_STATUS_IS_ENOTIMPL(status) || APR_STATUS_IS_EINVAL(status))
        status = APR_SUCCESS; /* no such thing here */
    if (status == APR_SUCCESS) status = closed;
    if (status != APR_SUCCESS) return spk_error_os(status, "%s: %.300s", merge->caller, merge->path);
    return APR_SUCCESS;
}

static apr_status_t merge_into(merge_t *merge, const spk_logs_list_t *list, const char *out)
{
    apr_status_t status = open_output(merge, out);

    if (status != APR_SUCCESS) return status;
    status = merge_list(merge, list);
    if (status == APR_SUCCESS)
        status = close_output(merge);
    else
        (void)apr_file_close(merge->file);
    if (status == APR_SUCCESS) {
        status = apr_file_rename(merge->path, out, merge->mem);
        if (status != APR_SUCCESS) (void)spk_error_os(status, "%s: %.300s", merge->caller, out);
    }
    if (status != APR_SUCCESS) (void)apr_file_remove(merge->path, merge->mem);
    return status;
}

/* ---- the call ---------------------------------------------------------------------------------------------- */

apr_status_t spk_logs_check_out(const char *caller, const char *dir, const char *out, apr_pool_t *scratch)
{
    const char *slash = strrchr(out, '/'), *name = slash != NULL ? slash + 1 : out;
    apr_size_t length = strlen(dir);
    apr_finfo_t info;
    apr_status_t status;

    memset(&info, 0, sizeof info);
    while (length > 0 && dir[length - 1] == '/') length--;
    if (slash != NULL && (apr_size_t)(slash - out) == length && memcmp(out, dir, length) == 0 &&
        spk_record_file(name))
        return spk_error(APR_EINVAL, "%s: %.300s would be one of the logs itself, by its name", caller, out);
    status = apr_stat(&info, out, APR_FINFO_TYPE, scratch);
    if ((status == APR_SUCCESS || status == APR_INCOMPLETE) && info.filetype != APR_REG)
        return spk_error(APR_EINVAL, "%s: %.300s is there, and no file", caller, out);
    return APR_SUCCESS;
}

static apr_status_t merge_absolute(merge_t *merge, const char *dir, const char *out, apr_pool_t *mem)
{
    char *full_dir = NULL, *full_out = NULL;
    spk_logs_list_t list;
    apr_status_t status = apr_filepath_merge(&full_dir, NULL, dir, 0, mem);

    if (status != APR_SUCCESS) return spk_error_os(status, "%s: %.300s", merge->caller, dir);
    status = apr_filepath_merge(&full_out, NULL, out, 0, mem);
    if (status != APR_SUCCESS) return spk_error_os(status, "%s: %.300s", merge->caller, out);
    status = spk_logs_check_out(merge->caller, full_dir, full_out, mem);
    if (status != APR_SUCCESS) return status;
    status = spk_logs_list(&list, merge->caller, full_dir, full_out, mem);
    if (status == APR_SUCCESS) status = merge_into(merge, &list, full_out);
    spk_logs_list_free(&list);
    return status;
}

apr_status_t spk_logs_merge(const char *caller, const char *dir, const char *out, apr_pool_t *parent)
{
    merge_t merge;
    apr_pool_t *mem;
    apr_status_t status;
    int held;

    memset(&merge, 0, sizeof merge);
    merge.caller = caller;
    if (spk_mem_create(&mem, parent) != APR_SUCCESS) return spk_error(APR_ENOMEM, "%s: no memory", caller);
    if (spk_mem_create(&merge.scratch, mem) != APR_SUCCESS ||
        spk_mem_create(&merge.mem, mem) != APR_SUCCESS) {
        status = spk_error(APR_ENOMEM, "%s: no memory", caller);
    } else {
        held = spk_os_growth_hold();
        status = merge_absolute(&merge, dir, out, mem);
        spk_os_growth_release(held);
    }
    apr_pool_destroy(mem);
    return status;
}

apr_status_t spork_logs_merge(const char *dir, const char *out, apr_pool_t *pool)
{
    if (dir == NULL || out == NULL || dir[0] == '\0' || out[0] == '\0')
        return spk_error(APR_EINVAL, "spork_logs_merge: dir or out is NULL or empty");
    return spk_logs_merge("spork_logs_merge", dir, out, pool);
}
