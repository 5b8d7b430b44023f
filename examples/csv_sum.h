/*
 * The parts of csv_sum: the task that reads one piece of the file, and what parent and task tell each other.
 *
 * A piece cannot know whether it begins inside quotes: that depends on all quotes before it. So its reader guesses,
 * from where the first quotes in it stand, says with its answer what it took for true, and whether the piece's own
 * quotes are odd in number. The parent takes answers in order, so it knows what was true, and has a piece that was read
 * the wrong way read again. In a file that is well-formed up to there, the number of quotes before a byte tells whether
 * it is inside quotes; in any other the first error, which is in a piece read the right way, ends it all.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CSV_SUM_H
#define CSV_SUM_H

#include "csv_decimal.h"
#include "csv_record.h"
#include "pieces.h"

#include <apr_hash.h>

typedef enum {
    PIECE_GUESS,   /* find out how it begins */
    PIECE_OUTSIDE, /* outside quotes, most likely amid a record */
    PIECE_INSIDE,  /* inside quotes */
    PIECE_FIRST    /* with a record */
} piece_state_e;

/* An item's input; the file's path follows, with its final zero. */
typedef struct {
    piece_t piece;
    apr_int32_t state; /* piece_state_e */
    apr_int32_t group, sum;
    apr_int32_t n_cells; /* of each record */
    apr_int32_t delimiter;
} csv_job_t;

/* What a record lacks: how many, and where the first begins. */
typedef struct {
    apr_uint64_t count, first;
} csv_lack_t;

/* An item's reply; the groups follow. */
typedef struct {
    apr_int32_t inside; /* how the piece was taken to begin */
    apr_int32_t odd;    /* the number of quotes in it */
    apr_int32_t error;  /* csv_found_e, and where */
    apr_uint32_t n_groups;
    apr_uint64_t error_at;
    csv_lack_t ragged;       /* records of another length than the header: left out */
    csv_lack_t not_a_number; /* whose cell to be summed is none (nor empty): summed as nothing */
} csv_found_t;

/* One group; its name follows, without a final zero. */
typedef struct {
    sum_t sum;
    apr_uint64_t rows;
    apr_uint64_t name_size;
} csv_group_t;

/* ---- in the parent ---- */

typedef struct {
    const char *path;
    const char *group, *sum; /* names or numbers, as asked for; after csv_open(): the header's */
    char delimiter;
    int no_header, verbose;
    apr_uint64_t piece_size;
    spork_config_t config;
} csv_options_t;

/* Look at the file. Fills in the job: as its piece all records, and where the columns are. 0 if that cannot be: why
 * not has been said on stderr. */
int csv_open(csv_options_t *options, csv_job_t *job, apr_pool_t *mem);

typedef struct {
    csv_group_t head;
    const char *name;
} csv_total_t;

typedef struct {
    const csv_options_t *options;
    apr_pool_t *mem;
    spork_pool_t *pool;
    csv_job_t *job;      /* the next item's input, with the path behind it: */
    apr_size_t job_size; /* so many bytes */
    apr_uint64_t end;    /* of the last piece */
    apr_uint64_t begin;  /* of the first whose answer was not taken yet */
    int inside;          /* quotes, there? */
    apr_uint64_t pieces; /* taken */
    int again;           /* pieces that were read a second time */
    apr_hash_t *totals;  /* name to csv_total_t */
    csv_lack_t ragged, not_a_number;
    csv_found_e error;
    apr_uint64_t error_at;
    const char *words; /* of an item that failed */
} csv_sum_t;

/* All pieces through the pool, their groups into totals. APR_EGENERAL: error or words says why. */
apr_status_t csv_add_up(csv_sum_t *sum, spork_pool_t *pool, const csv_options_t *options,
                        const csv_job_t *job, apr_pool_t *mem);

/* ---- in the workers ---- */

apr_status_t csv_piece(spork_task_t *task, const void *in, void *out);

#endif
