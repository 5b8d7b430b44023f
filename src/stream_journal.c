/*
 * See stream_journal.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "stream_journal.h"

#include "digest.h"
#include "error.h"
#include "journal.h"
#include "registry.h"
#include <apr_strings.h>

#include <stdlib.h>
#include <string.h>

typedef struct {
    uint64_t index;
    apr_off_t at;
} place_t;

struct spk_stream_journal_t {
    spk_journal_t *file;
    place_t *places; /* of what earlier runs have recorded, by index */
    size_t n, room;
    unsigned char *whole; /* reply and words, one behind the other */
};

/* ---- what stands in it ----------------------------------------------------------------------------------------- */

static int by_index(const void *a, const void *b)
{
    const place_t *x = a, *y = b;

    return (x->index > y->index) - (x->index < y->index);
}

static apr_status_t note_record(void *of, const spk_journal_record_t *record, const unsigned char *data)
{
    spk_stream_journal_t *journal = of;
    size_t room = journal->room * 2 + 64;
    place_t *grown;

    (void)data;
    if (journal->n == journal->room) {
        grown = realloc(journal->places, room * sizeof *grown);
        if (grown == NULL) return spk_error(APR_ENOMEM, "spork_stream: no memory for a journal");
        journal->places = grown;
        journal->room = room;
    }
    journal->places[journal->n].index = record->first;
    journal->places[journal->n++].at = record->at;
    return APR_SUCCESS;
}

apr_status_t spk_stream_journal_open(spk_stream_journal_t **journal, const char *path, uint32_t fn)
{
    spk_journal_batch_t batch = { "spork_stream", SPK_JOURNAL_STREAM, NULL, 0, 0, 0 };
    spk_stream_journal_t *made = calloc(1, sizeof *made);
    apr_status_t status;

    *journal = NULL;
    if (made == NULL) return spk_error(APR_ENOMEM, "spork_stream: no memory for a journal");
    batch.task = spk_registry_name(fn);
    status = spk_journal_open(&made->file, path, &batch);
    if (status == APR_SUCCESS) status = spk_journal_scan(made->file, note_record, made);
    if (status == APR_SUCCESS) status = spk_journal_begin(made->file);
    if (status != APR_SUCCESS) {
        spk_stream_journal_close(made);
        return status;
    }
    if (made->n > 1) qsort(made->places, made->n, sizeof *made->places, by_index);
    *journal = made;
    return APR_SUCCESS;
}

uint64_t spk_stream_journal_input(const void *in, size_t in_size)
{
    return spk_digest(0, in, in_size);
}

apr_status_t spk_stream_journal_find(spk_stream_journal_t *journal, size_t index, uint64_t input,
                                     spk_result_t *result)
{
    place_t wanted = { index, 0 };
    const place_t *place = NULL;
    spk_journal_record_t record;
    char why[120];
    apr_status_t status = spk_journal_status(journal->file);

    if (status != APR_SUCCESS) return status;
    if (journal->n > 0)
        place = bsearch(&wanted, journal->places, journal->n, sizeof *journal->places, by_index);
    if (place == NULL) return APR_EOF;
    memset(result, 0, sizeof *result);
    status = spk_journal_read(journal->file, place->at, &record, &result->out);
    if (status != APR_SUCCESS) return status;
    result->out_size = (size_t)(record.size - record.words);
    result->words = (size_t)record.words;
    if (record.input == input) return APR_SUCCESS;
    (void)apr_snprintf(why, sizeof why,
                       "is of another batch: the input of item %" APR_SIZE_T_FMT " was not this", index);
    return spk_journal_refuse(journal->file, why);
}

/* ---- what comes into it ----------------------------------------------------------------------------------------- */

/* Words of a success are rare: spork_fail() was called, and then nothing failed. */
static const void *join(spk_stream_journal_t *journal, const spork_outcome_t *outcome, size_t words)
{
    if (words == 0) return outcome->out;
    free(journal->whole);
    journal->whole = malloc(outcome->out_size + words);
    if (journal->whole == NULL) return NULL;
    if (outcome->out_size > 0) memcpy(journal->whole, outcome->out, outcome->out_size);
    memcpy(journal->whole + outcome->out_size, outcome->message, words);
    return journal->whole;
}

apr_status_t spk_stream_journal_add(spk_stream_journal_t *journal, const spork_outcome_t *outcome,
                                    uint64_t input)
{
    spk_journal_record_t record = { 0, 1, 0, 0, 0, 0 };
    size_t words = strlen(outcome->message);
    const void *data = join(journal, outcome, words);

    if (data == NULL && words > 0) return spk_error(APR_ENOMEM, "spork_stream: no memory for a journal");
    record.first = outcome->index;
    record.input = input;
    record.size = outcome->out_size + words;
    record.words = words;
    return spk_journal_add(journal->file, &record, data);
}

apr_status_t spk_stream_journal_commit(spk_stream_journal_t *journal)
{
    return spk_journal_commit(journal->file);
}

apr_interval_time_t spk_stream_journal_patience(const spk_stream_journal_t *journal)
{
    return spk_journal_patience(journal->file);
}

void spk_stream_journal_close(spk_stream_journal_t *journal)
{
    if (journal == NULL) return;
    spk_journal_close(journal->file);
    free(journal->places);
    free(journal->whole);
    free(journal);
}
