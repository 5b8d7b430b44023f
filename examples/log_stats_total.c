/*
 * log_stats' parent side: the pieces of all files through the pool, and their sum.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "log_stats.h"

#include <apr_strings.h>
#include <string.h>

/* Where handing out is, and where taking: both go over all pieces in one order. */
typedef struct {
    int file; /* the piece's, and its bytes; */
    apr_uint64_t begin, end;
} place_t;

typedef struct {
    log_stats_t *stats;
    place_t out, back;
    log_job_t *job; /* the next item's input */
} way_t;

static log_file_t *file_at(const log_stats_t *stats, int i)
{
    return &APR_ARRAY_IDX(stats->files, i, log_file_t);
}

/* To the next piece; 0 if there is none. Starts from all zero. */
static int step(const log_stats_t *stats, place_t *place)
{
    while (place->file < stats->files->nelts) {
        const log_file_t *file = file_at(stats, place->file);
        place->begin = place->end;
        if (place->begin < file->size) {
            const apr_uint64_t left = file->size - place->begin;
            place->end += left > file->piece_size ? file->piece_size : left;
            return 1;
        }
        place->file++;
        place->end = 0;
    }
    return 0;
}

static const void *next_piece(void *baton, apr_size_t *size)
{
    way_t *way = baton;
    const log_stats_t *stats = way->stats;
    if (!step(stats, &way->out)) return NULL;
    const log_file_t *file = file_at(stats, way->out.file);
    const apr_size_t path_size = strlen(file->path) + 1;
    way->job->piece.begin = way->out.begin;
    way->job->piece.end = way->out.end;
    way->job->piece.limit = file->size;
    way->job->unit = (apr_int32_t)stats->unit;
    memcpy((char *)way->job + sizeof *way->job, file->path, path_size);
    *size = sizeof *way->job + path_size;
    return way->job;
}

static void add_path(log_stats_t *stats, const log_path_t *head, const char *path)
{
    log_count_t *count = apr_hash_get(stats->paths, path, (apr_ssize_t)head->size);
    if (count == NULL) {
        count = apr_pcalloc(stats->mem, sizeof *count);
        count->head.size = head->size;
        count->path = apr_pmemdup(stats->mem, path, (apr_size_t)head->size);
        apr_hash_set(stats->paths, count->path, (apr_ssize_t)head->size, count);
    }
    count->head.requests += head->requests;
    count->head.bytes += head->bytes;
}

/* What a worker wrote is looked at before it is believed. */
static int add_paths(log_stats_t *stats, apr_uint64_t count, const char *p, apr_size_t left)
{
    for (; count > 0; count--) {
        log_path_t head;
        if (left < sizeof head) return 0;
        memcpy(&head, p, sizeof head);
        if (left - sizeof head < head.size) return 0;
        add_path(stats, &head, p + sizeof head);
        p += sizeof head + head.size;
        left -= sizeof head + (apr_size_t)head.size;
    }
    return 1;
}

static int add_reply(log_stats_t *stats, log_file_t *file, const char *reply, apr_size_t size)
{
    log_found_t found;
    if (size < sizeof found) return 0;
    memcpy(&found, reply, sizeof found);
    if (found.others > 0 && file->others == 0) file->first_other = found.first_other;
    file->others += found.others;
    file->requests += found.requests;
    stats->found->requests += found.requests;
    stats->found->bytes += found.bytes;
    stats->found->others += found.others;
    for (int i = 0; i < STATUS_MAX; i++) stats->found->status[i] += found.status[i];
    times_merge(&stats->found->times, &found.times);
    return add_paths(stats, found.n_paths, reply + sizeof found, size - sizeof found);
}

/* A piece that failed fails its file, and the others stand. */
static apr_status_t take_piece(void *baton, const spork_outcome_t *outcome)
{
    way_t *way = baton;
    log_stats_t *stats = way->stats;
    char words[128];

    if (!step(stats, &way->back)) return APR_EGENERAL;
    log_file_t *file = file_at(stats, way->back.file);
    if (outcome->status == APR_SUCCESS) {
        if (!add_reply(stats, file, outcome->out, outcome->out_size))
            file->failure = "a worker's reply is damaged";
    } else if (file->failure == NULL) {
        file->failure = apr_pstrdup(stats->mem, outcome->message[0]
                                                    ? outcome->message
                                                    : spork_strerror(outcome->status, words, sizeof words));
    }
    return APR_SUCCESS;
}

apr_status_t log_add_up(log_stats_t *stats, spork_pool_t *pool)
{
    way_t way = { stats, { 0, 0, 0 }, { 0, 0, 0 }, NULL };
    pieces_t pieces = { log_piece, next_piece, take_piece, &way, 0 };
    apr_size_t longest = 0;

    for (int i = 0; i < stats->files->nelts; i++) {
        log_file_t *file = file_at(stats, i);
        const apr_size_t length = strlen(file->path);
        if (length > longest) longest = length;
        if (pieces_measure(file->path, &file->size, &file->failure, stats->mem) != APR_SUCCESS)
            file->size = 0;
        file->piece_size = stats->piece_size ? stats->piece_size : pieces_size(file->size);
        pieces.count += file->size / file->piece_size + (file->size % file->piece_size != 0);
    }
    way.job = apr_pcalloc(stats->mem, sizeof *way.job + longest + 1);
    stats->found = apr_pcalloc(stats->mem, sizeof *stats->found);
    stats->paths = apr_hash_make(stats->mem);
    return pieces_run(pool, &pieces);
}
