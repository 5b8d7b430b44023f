/*
 * The parts of log_stats: the task that reads one piece of a log, and its reply.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef LOG_STATS_H
#define LOG_STATS_H

#include "log_line.h"
#include "log_times.h"
#include "pieces.h"

#include <apr_hash.h>
#include <apr_tables.h>

/* An item's input; the file's path follows, with its final zero. */
typedef struct {
    piece_t piece;
    apr_int32_t unit; /* time_unit_e */
} log_job_t;

#define STATUS_MAX 1000

/* What one piece holds, or all of them. As an item's reply: the paths follow. */
typedef struct {
    apr_uint64_t requests, bytes;
    apr_uint64_t others;      /* lines that are not an access log's, */
    apr_uint64_t first_other; /* and where in the file the first begins */
    apr_uint64_t status[STATUS_MAX];
    times_t times;
    apr_uint64_t n_paths;
} log_found_t;

/* One path; its bytes follow. */
typedef struct {
    apr_uint64_t requests, bytes;
    apr_uint64_t size;
} log_path_t;

typedef struct {
    log_path_t head;
    const char *path;
} log_count_t;

/* ---- in the parent ---- */

typedef struct {
    const char *path;
    apr_uint64_t size, piece_size;
    apr_uint64_t requests, others, first_other;
    const char *failure; /* words, or NULL */
} log_file_t;

typedef struct {
    spork_config_t config;
    apr_pool_t *mem;
    apr_array_header_t *files; /* of log_file_t */
    time_unit_e unit;
    int top;                 /* so many paths are shown */
    apr_uint64_t piece_size; /* 0: by the file's size */
    log_found_t *found;      /* in all files */
    apr_hash_t *paths;       /* path to log_count_t */
} log_stats_t;

/* All files' pieces through the pool. What is wrong with a file is noted with it. */
apr_status_t log_add_up(log_stats_t *stats, spork_pool_t *pool);

void log_print(const log_stats_t *stats);

/* ---- in the workers ---- */

apr_status_t log_piece(spork_task_t *task, const void *in, void *out);

#endif
