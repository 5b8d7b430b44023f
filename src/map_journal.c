/*
 * See map_journal.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "map_journal.h"

#include "digest.h"
#include "error.h"
#include "journal.h"
#include "registry.h"
#include <apr_strings.h>

#include <stdlib.h>
#include <string.h>

/* A record is lost as a whole, and read as a whole: so many bytes and items it has at most, but one item. */
#define RECORD_BYTES ((size_t)64 << 10)
#define RECORD_ITEMS ((size_t)4096)

/* How long after a look at what is finished comes the next: a short while if there was something, twice as long as before if
 * there was nothing. Nanoseconds. */
#define GAP_SHORT UINT64_C(10000000)
#define GAP_LONG UINT64_C(100000000)

struct spk_map_journal_t {
    spk_journal_t *file;
    unsigned char *bits; /* a bit an item: it was recorded before this run */
    size_t taken;        /* bits that are set */
    size_t most;         /* items of a record */
    uint64_t looked;     /* clock */
    uint64_t gap;        /* until the next look */
    spk_range_t *room;
};

static int is_set(const spk_map_journal_t *journal, size_t index)
{
    return journal->bits[index / 8] >> (index % 8) & 1;
}

size_t spk_map_journal_taken(const spk_run_t *run)
{
    return run->journal != NULL ? run->journal->taken : 0;
}

int spk_map_journal_has(const spk_run_t *run, size_t index)
{
    return run->journal != NULL && is_set(run->journal, index);
}

size_t spk_map_journal_next(const spk_run_t *run, size_t from)
{
    size_t i = from;

    if (run->journal == NULL) return from;
    while (i < run->count && is_set(run->journal, i))
        i += i % 8 == 0 && run->journal->bits[i / 8] == 0xff && run->count - i >= 8 ? 8 : 1;
    return i;
}

size_t spk_map_journal_row(const spk_run_t *run, size_t from, size_t most)
{
    size_t n = run->count - from < most ? run->count - from : most, i = 0;

    if (run->journal == NULL) return n;
    while (i < n && !is_set(run->journal, from + i)) i++;
    return i;
}

/* ---- what stands in it ----------------------------------------------------------------------------------------- */

static const unsigned char *input_of(const spk_run_t *run, size_t index)
{
    return run->in_size > 0 ? run->in + index * run->in_size : NULL;
}

static uint64_t digest_inputs(const spk_run_t *run, size_t first, size_t count)
{
    return spk_digest(0, input_of(run, first), count * run->in_size);
}

/* All of them, before anything of it is believed. */
static apr_status_t check_record(void *of, const spk_journal_record_t *record, const unsigned char *data)
{
    const spk_run_t *run = of;
    char why[160];

    (void)data;
    if (record->first >= run->count || record->count > run->count - (size_t)record->first ||
        record->size != record->count * run->out_size)
        return spk_journal_refuse(run->journal->file, "has items that this batch has not");
    if (record->input == digest_inputs(run, (size_t)record->first, (size_t)record->count)) return APR_SUCCESS;
    (void)apr_snprintf(why, sizeof why,
                       "is of another batch: the inputs of items %" APR_UINT64_T_FMT " to %" APR_UINT64_T_FMT
                       " were not these",
                       (apr_uint64_t)record->first, (apr_uint64_t)(record->first + record->count - 1));
    return spk_journal_refuse(run->journal->file, why);
}

static apr_status_t take_record(void *of, const spk_journal_record_t *record, const unsigned char *data)
{
    spk_run_t *run = of;
    spk_map_journal_t *journal = run->journal;
    size_t first = (size_t)record->first, i;

    if (record->size > 0) memcpy(run->out + first * run->out_size, data, (size_t)record->size);
    for (i = first; i < first + record->count; i++) {
        journal->taken += (size_t)!is_set(journal, i);
        journal->bits[i / 8] |= (unsigned char)(1U << (i % 8));
    }
    return APR_SUCCESS;
}

static apr_status_t open_file(spk_run_t *run, const char *path)
{
    spk_map_journal_t *journal = run->journal;
    spk_journal_batch_t batch = { "spork_map", SPK_JOURNAL_MAP, NULL, 0, 0, 0 };
    apr_status_t status;

    batch.task = spk_registry_name(run->fn);
    batch.in_size = run->in_size;
    batch.out_size = run->out_size;
    batch.count = run->count;
    status = spk_journal_open(&journal->file, path, &batch);
    if (status == APR_SUCCESS) status = spk_journal_scan(journal->file, check_record, run);
    if (status == APR_SUCCESS) status = spk_journal_begin(journal->file);
    if (status == APR_SUCCESS) status = spk_journal_scan(journal->file, take_record, run);
    return status;
}

apr_status_t spk_map_journal_open(spk_run_t *run, const char *path)
{
    spk_map_journal_t *journal = calloc(1, sizeof *journal);
    size_t bytes = run->in_size + run->out_size;
    apr_status_t status;

    if (journal == NULL) return spk_error(APR_ENOMEM, "spork_map: no memory for a journal");
    run->journal = journal;
    journal->bits = calloc(run->count / 8 + 1, 1);
    journal->room = malloc(((size_t)run->pool->n * SPK_LANES + 1) * sizeof *journal->room);
    if (journal->bits == NULL || journal->room == NULL) {
        spk_map_journal_free(run);
        return spk_error(APR_ENOMEM, "spork_map: no memory for a journal");
    }
    journal->looked = spk_os_clock();
    journal->gap = GAP_SHORT;
    journal->most = bytes > 0 && RECORD_BYTES / bytes < RECORD_ITEMS ? RECORD_BYTES / bytes : RECORD_ITEMS;
    if (journal->most == 0) journal->most = 1;
    status = open_file(run, path);
    if (status != APR_SUCCESS)
        spk_map_journal_free(run);
    else
        run->ended = journal->taken;
    return status;
}

/* ---- what comes into it ----------------------------------------------------------------------------------------- */

/* Why, spk_map_journal_finish() will tell. */
static void stop_if(spk_run_t *run, apr_status_t failed)
{
    if (failed != APR_SUCCESS) run->stopping = 1;
}

apr_interval_time_t spk_map_journal_patience(const spk_run_t *run)
{
    uint64_t since;

    if (run->journal == NULL) return -1;
    since = spk_os_clock() - run->journal->looked;
    return since < run->journal->gap ? (apr_interval_time_t)((run->journal->gap - since) / 1000) : 0;
}

void spk_map_journal_look(spk_run_t *run, int found)
{
    spk_map_journal_t *journal = run->journal;

    journal->looked = spk_os_clock();
    journal->gap = found ? GAP_SHORT : journal->gap * 2 < GAP_LONG ? journal->gap * 2 : GAP_LONG;
}

spk_range_t *spk_map_journal_room(const spk_run_t *run)
{
    return run->journal->room;
}

uint64_t spk_map_journal_input(const spk_run_t *run, size_t index)
{
    return run->journal != NULL ? digest_inputs(run, index, 1) : 0;
}

void spk_map_journal_add_one(spk_run_t *run, size_t index, uint64_t input, const unsigned char *out)
{
    spk_journal_record_t record = { 0, 1, 0, 0, 0, 0 };

    if (run->journal == NULL) return;
    record.first = index;
    record.input = input;
    record.size = run->out_size;
    stop_if(run, spk_journal_add(run->journal->file, &record, out));
}

void spk_map_journal_add(spk_run_t *run, size_t first, size_t count, const unsigned char *out)
{
    spk_journal_record_t record = { 0, 0, 0, 0, 0, 0 };
    size_t n;

    if (run->journal == NULL) return;
    for (; count > 0; first += n, count -= n, out += n * run->out_size) {
        n = count < run->journal->most ? count : run->journal->most;
        record.first = first;
        record.count = n;
        record.input = digest_inputs(run, first, n);
        record.size = n * run->out_size;
        stop_if(run, spk_journal_add(run->journal->file, &record, out));
    }
}

void spk_map_journal_commit(spk_run_t *run)
{
    if (run->journal == NULL || spk_journal_patience(run->journal->file) != 0) return;
    stop_if(run, spk_journal_commit(run->journal->file));
}

apr_status_t spk_map_journal_finish(spk_run_t *run)
{
    apr_status_t status;

    if (run->journal == NULL) return APR_SUCCESS;
    status = spk_journal_commit(run->journal->file);
    spk_map_journal_free(run);
    return status;
}

void spk_map_journal_free(spk_run_t *run)
{
    if (run->journal == NULL) return;
    spk_journal_close(run->journal->file);
    free(run->journal->bits);
    free(run->journal->room);
    free(run->journal);
    run->journal = NULL;
}
