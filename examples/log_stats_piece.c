/*
 * The task of log_stats: what the lines say that begin in one piece of a log.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "log_stats.h"

#include <apr_strings.h>
#include <string.h>

typedef struct {
    const log_job_t *job;
    apr_pool_t *mem;
    window_t window;
    log_found_t *found;
    apr_hash_t *paths;     /* path to log_count_t */
    apr_size_t reply_size; /* of all of them */
} scan_t;

static apr_uint64_t offset_of(const scan_t *scan, const char *p)
{
    return scan->window.at + (apr_uint64_t)(p - scan->window.bytes);
}

static void count_path(scan_t *scan, const log_line_t *line)
{
    log_count_t *count = apr_hash_get(scan->paths, line->path, (apr_ssize_t)line->path_size);
    if (count == NULL) {
        count = apr_pcalloc(scan->mem, sizeof *count);
        count->head.size = line->path_size;
        count->path = apr_pmemdup(scan->mem, line->path, line->path_size);
        apr_hash_set(scan->paths, count->path, (apr_ssize_t)line->path_size, count);
        scan->reply_size += sizeof count->head + line->path_size;
    }
    count->head.requests++;
    count->head.bytes += line->bytes;
}

static void count_line(scan_t *scan, const char *text, apr_size_t size)
{
    log_found_t *found = scan->found;
    log_line_t line;
    if (size == 0) return;
    if (!log_line_read(&line, text, size, (time_unit_e)scan->job->unit)) {
        if (found->others++ == 0) found->first_other = offset_of(scan, text);
        return;
    }
    found->requests++;
    found->bytes += line.bytes;
    found->status[line.status]++;
    if (line.has_time) times_add(&found->times, line.microseconds);
    count_path(scan, &line);
}

/* A line that is not whole in the window: read on. */
static apr_status_t read_on(scan_t *scan, spork_task_t *task, const char **line)
{
    const apr_status_t status = window_move(&scan->window, task, (apr_size_t)(*line - scan->window.bytes));
    *line = scan->window.bytes;
    if (status == APR_ENOSPC) spork_fail(task, "a line of more than 16 MiB: not an access log");
    return status;
}

/* The first piece begins with a line; in others the byte before is in the window, too. */
static apr_status_t skip_to_line(scan_t *scan, spork_task_t *task, const char **line)
{
    apr_status_t status = APR_SUCCESS;
    *line = scan->window.bytes;
    if (scan->job->piece.begin == 0) return APR_SUCCESS;
    while (status == APR_SUCCESS && offset_of(scan, *line) < scan->job->piece.end) {
        const char *end = scan->window.bytes + scan->window.size;
        const char *newline = memchr(*line, '\n', (size_t)(end - *line));
        *line = newline ? newline + 1 : end;
        if (newline || window_is_last(&scan->window)) break;
        status = read_on(scan, task, line);
    }
    return status;
}

static apr_status_t read_lines(scan_t *scan, spork_task_t *task, const char *line)
{
    apr_status_t status = APR_SUCCESS;
    while (status == APR_SUCCESS && offset_of(scan, line) < scan->job->piece.end) {
        const char *end = scan->window.bytes + scan->window.size;
        const char *newline =
            memchr(line, '\n', (size_t)(end - line) + 1); /* there is one at the window's end */
        if (newline == end && !window_is_last(&scan->window)) {
            status = read_on(scan, task, &line);
        } else {
            count_line(scan, line, (apr_size_t)(newline - line));
            line = newline == end ? end : newline + 1;
        }
    }
    return status;
}

static apr_status_t reply(scan_t *scan, spork_task_t *task)
{
    char *data = apr_palloc(scan->mem, sizeof *scan->found + scan->reply_size),
         *p = data + sizeof *scan->found;
    for (apr_hash_index_t *i = apr_hash_first(scan->mem, scan->paths); i; i = apr_hash_next(i)) {
        const log_count_t *count = apr_hash_this_val(i);
        memcpy(p, &count->head, sizeof count->head);
        memcpy(p + sizeof count->head, count->path, (size_t)count->head.size);
        p += sizeof count->head + count->head.size;
    }
    scan->found->n_paths = apr_hash_count(scan->paths);
    memcpy(data, scan->found, sizeof *scan->found);
    return spork_reply(task, data, (apr_size_t)(p - data));
}

apr_status_t log_piece(spork_task_t *task, const void *in, void *out)
{
    scan_t scan = { 0 };
    const char *line;
    (void)out; /* a submitted item has none: it replies */
    scan.job = in;
    scan.mem = spork_task_pool(task);
    scan.paths = apr_hash_make(scan.mem);
    scan.found = apr_pcalloc(scan.mem, sizeof *scan.found);

    const piece_t *piece = &scan.job->piece;
    apr_status_t status = window_open(&scan.window, task, (const char *)in + sizeof *scan.job,
                                      piece->begin - (piece->begin > 0), piece);
    if (status == APR_SUCCESS) status = skip_to_line(&scan, task, &line);
    if (status == APR_SUCCESS) status = read_lines(&scan, task, line);
    window_close(&scan.window);
    return status == APR_SUCCESS ? reply(&scan, task) : status;
}
