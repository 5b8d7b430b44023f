/*
 * Large files in pieces, for csv_sum and log_stats. A piece is a range of bytes; the records that begin in it
 * belong to it, so its reader may have to read on a little behind its end. Nobody ever holds more of a file than a
 * window, which grows only if one record does not fit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PIECES_H
#define PIECES_H

#include <apr_file_io.h>
#include <spork.h>

typedef struct {
    apr_uint64_t begin, end; /* of the piece */
    apr_uint64_t limit;      /* the file's size when the work began */
} piece_t;

/* The size of a file that can be read in pieces. What cannot (a pipe, a folder) is an error, and *words says it. */
apr_status_t pieces_measure(const char *path, apr_uint64_t *size, const char **words, apr_pool_t *mem);

/* Bytes of a piece, from the file's size only: so that the number of workers changes no result. */
apr_uint64_t pieces_size(apr_uint64_t file_size);

/* Which line of the file the byte at offset is in, from 1; 0 if that cannot be read. Only for messages. */
apr_uint64_t pieces_line(const char *path, apr_uint64_t offset, apr_pool_t *mem);

/* ---- in the parent: all pieces through a pool, a bounded number at a time, answers in order ---- */

typedef struct {
    spork_fn_t task;
    /* The input of the next piece, good until the next call; NULL: there are no more. */
    const void *(*next)(void *baton, apr_size_t *size);
    /* What became of each, in the order of next(). Anything but APR_SUCCESS ends the work. */
    apr_status_t (*take)(void *baton, const spork_outcome_t *outcome);
    void *baton;
    apr_uint64_t count; /* how many next() will give: for the progress line */
} pieces_t;

/* APR_SUCCESS, what take() returned, or a failure that spork_error() has words for. */
apr_status_t pieces_run(spork_pool_t *pool, const pieces_t *pieces);

/* ---- in the worker: a window that moves over the file ---- */

typedef struct {
    apr_pool_t *mem;
    apr_file_t *file;
    apr_uint64_t at;  /* where in the file bytes[0] is */
    apr_uint64_t end; /* behind it only little is read at a time */
    apr_uint64_t limit;
    char *bytes; /* bytes[size] is a newline, so that whoever looks for one finds it */
    apr_size_t size, room;
} window_t;

/* A record can have as many bytes as this. */
#define WINDOW_MAX ((apr_size_t)16 << 20)

/* Failures of both have their words by spork_fail(). */
apr_status_t window_open(window_t *window, spork_task_t *task, const char *path, apr_uint64_t at,
                         const piece_t *piece);
/* Drop the first `used` bytes and read more behind the others; APR_ENOSPC if WINDOW_MAX bytes are still in use. */
apr_status_t window_move(window_t *window, spork_task_t *task, apr_size_t used);
/* Does it reach the end of the file? */
int window_is_last(const window_t *window);
void window_close(window_t *window);

#endif
