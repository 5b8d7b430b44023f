/*
 * csv_sum's parent side: the pieces through the pool, and the totals of their groups.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "csv_sum.h"

#include <apr_strings.h>
#include <string.h>

/* ---- handing out ---------------------------------------------------------------------------------------- */

static const void *next_piece(void *baton, apr_size_t *size)
{
    csv_sum_t *sum = baton;
    piece_t *piece = &sum->job->piece;
    if (piece->end == sum->end) return NULL;
    sum->job->state = piece->begin == piece->end ? PIECE_FIRST : PIECE_GUESS;
    piece->begin = piece->end;
    piece->end = sum->end - piece->begin > sum->options->piece_size ? piece->begin + sum->options->piece_size
                                                                    : sum->end;
    *size = sum->job_size;
    return sum->job;
}

/* ---- taking: what a worker wrote is looked at before it is believed ------------------------------------- */

static int take_bytes(void *to, const char **from, apr_size_t *left, apr_uint64_t size)
{
    if (*left < size) return 0;
    memcpy(to, *from, (apr_size_t)size);
    *from += size;
    *left -= (apr_size_t)size;
    return 1;
}

static void add_lack(csv_lack_t *to, const csv_lack_t *from)
{
    if (to->count == 0) to->first = from->first;
    to->count += from->count;
}

static int add_group(csv_sum_t *sum, const char **reply, apr_size_t *left)
{
    csv_group_t head;
    if (!take_bytes(&head, reply, left, sizeof head) || head.name_size > *left) return 0;
    const apr_size_t size = (apr_size_t)head.name_size;
    csv_total_t *total = apr_hash_get(sum->totals, *reply, (apr_ssize_t)size);
    if (total == NULL) {
        total = apr_pcalloc(sum->mem, sizeof *total);
        total->head.name_size = size;
        total->name = apr_pmemdup(sum->mem, *reply, size);
        apr_hash_set(sum->totals, total->name, (apr_ssize_t)size, total);
    }
    total->head.rows += head.rows;
    sum_merge(&total->head.sum, &head.sum);
    *reply += size;
    *left -= size;
    return 1;
}

static apr_status_t fail(csv_sum_t *sum, const char *words)
{
    sum->words = apr_pstrdup(sum->mem, words);
    return APR_EGENERAL;
}

static apr_status_t take_found(csv_sum_t *sum, const csv_found_t *found, const char *groups, apr_size_t left)
{
    add_lack(&sum->ragged, &found->ragged);
    add_lack(&sum->not_a_number, &found->not_a_number);
    sum->inside ^= found->odd & 1;
    if (found->error != CSV_RECORD) {
        sum->error = (csv_found_e)found->error;
        sum->error_at = found->error_at;
        return APR_EGENERAL;
    }
    for (apr_uint32_t i = 0; i < found->n_groups; i++)
        if (!add_group(sum, &groups, &left)) return fail(sum, "a worker's reply is damaged");
    return APR_SUCCESS;
}

static apr_status_t take_outcome(csv_sum_t *sum, const spork_outcome_t *outcome, const piece_t *piece,
                                 int again);

/* It was taken to begin inside quotes and did not, or the other way round. */
static apr_status_t read_again(csv_sum_t *sum, const piece_t *piece)
{
    spork_future_t *future;
    csv_job_t *job = apr_pmemdup(sum->mem, sum->job, sum->job_size);

    sum->again++;
    job->piece = *piece;
    job->state = sum->inside ? PIECE_INSIDE : PIECE_OUTSIDE;
    apr_status_t status = spork_submit(&future, sum->pool, csv_piece, job, sum->job_size);
    if (status != APR_SUCCESS) return status;
    status = spork_future_wait(future, -1);
    if (status == APR_SUCCESS) status = take_outcome(sum, spork_future_outcome(future), piece, 1);
    spork_future_destroy(future);
    return status;
}

static apr_status_t take_outcome(csv_sum_t *sum, const spork_outcome_t *outcome, const piece_t *piece,
                                 int again)
{
    csv_found_t found;
    const char *reply = outcome->out;
    apr_size_t left = outcome->out_size;
    char words[128];

    if (outcome->status != APR_SUCCESS)
        return fail(sum, outcome->message[0] ? outcome->message
                                             : spork_strerror(outcome->status, words, sizeof words));
    if (!take_bytes(&found, &reply, &left, sizeof found)) return fail(sum, "a worker's reply is damaged");
    if (found.inside == sum->inside) return take_found(sum, &found, reply, left);
    return again ? fail(sum, "a worker's reply is damaged") : read_again(sum, piece);
}

static apr_status_t take_piece(void *baton, const spork_outcome_t *outcome)
{
    csv_sum_t *sum = baton;
    piece_t piece = sum->job->piece;
    const apr_uint64_t size = sum->options->piece_size;

    piece.begin = sum->begin;
    piece.end = sum->end - piece.begin > size ? piece.begin + size : sum->end;
    const apr_status_t status = take_outcome(sum, outcome, &piece, 0);
    sum->begin = piece.end;
    sum->pieces++;
    return status;
}

apr_status_t csv_add_up(csv_sum_t *sum, spork_pool_t *pool, const csv_options_t *options,
                        const csv_job_t *job, apr_pool_t *mem)
{
    const apr_uint64_t bytes = job->piece.end - job->piece.begin, size = options->piece_size;
    const pieces_t pieces = { csv_piece, next_piece, take_piece, sum, bytes / size + (bytes % size != 0) };

    memset(sum, 0, sizeof *sum);
    sum->options = options;
    sum->mem = mem;
    sum->pool = pool;
    sum->totals = apr_hash_make(mem);
    sum->job_size = sizeof *job + strlen(options->path) + 1;
    sum->job = apr_palloc(mem, sum->job_size);
    *sum->job = *job;
    memcpy((char *)sum->job + sizeof *job, options->path, sum->job_size - sizeof *job);
    sum->begin = job->piece.begin;
    sum->end = job->piece.end;
    sum->job->piece.end = sum->begin; /* the piece before the first: an empty one */
    return pieces_run(pool, &pieces);
}
