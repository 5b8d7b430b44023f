/*
 * A journal: the file in which finished items of a batch are recorded, with their results. docs/design/journal.md is its
 * format. map_journal.c and stream_journal.c say what a map and a stream do with it.
 *
 *     open … scan(each), as often as one likes … begin … add, add, commit, … read …            close
 *
 * Until begin the file is as it was found (or made). All calls leave words for spork_error(), which name the file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_JOURNAL_H
#define SPK_JOURNAL_H

#include "spork.h"
#include <stdint.h>

typedef struct spk_journal_t spk_journal_t;

enum { SPK_JOURNAL_MAP = 1, SPK_JOURNAL_STREAM };

/* What a journal belongs to. */
typedef struct {
    const char *caller; /* for words */
    uint32_t kind;
    const char *task;
    uint64_t in_size, out_size, count; /* of a map */
} spk_journal_batch_t;

/* What one record is of: some items in a row. */
typedef struct {
    uint64_t first, count;
    uint64_t input; /* digest of their inputs */
    uint64_t size;  /* bytes of their results, */
    uint64_t words; /* of which these, the last, are words */
    apr_off_t at;   /* where in the file */
} spk_journal_record_t;

/* `data` is the record's results, and valid during the call. Anything but APR_SUCCESS ends the scan and is returned. */
typedef apr_status_t (*spk_journal_each_t)(void *of, const spk_journal_record_t *record,
                                           const unsigned char *data);

/* SPORK_EJOURNAL if it is another batch's, damaged at its head, no journal, or in use; then it was not touched. */
apr_status_t spk_journal_open(spk_journal_t **journal, const char *path, const spk_journal_batch_t *batch);
/* All records up to the first that is not whole. */
apr_status_t spk_journal_scan(spk_journal_t *journal, spk_journal_each_t each, void *of);
/* After a scan: what stands behind its last record is damage, and is cut off. What stands before is on disk then. */
apr_status_t spk_journal_begin(spk_journal_t *journal);
/* The record that a scan found there. *data is valid until the next call. */
apr_status_t spk_journal_read(spk_journal_t *journal, apr_off_t at, spk_journal_record_t *record,
                              const unsigned char **data);

/* One more record, behind the others; record->at does not matter. After a failure all further ones fail likewise. */
apr_status_t spk_journal_add(spk_journal_t *journal, const spk_journal_record_t *record, const void *data);
/* All that was added is on disk afterwards. */
apr_status_t spk_journal_commit(spk_journal_t *journal);
/* Microseconds until a commit is worth its while: not so soon after the last that nothing but these is done. Negative:
 * there is nothing to commit. */
apr_interval_time_t spk_journal_patience(const spk_journal_t *journal);
/* Refuse the batch after all, with these words: what was added since begin is taken out again. SPORK_EJOURNAL. */
apr_status_t spk_journal_refuse(spk_journal_t *journal, const char *why);
/* Why it is of no use any more, with its words; APR_SUCCESS: it is. */
apr_status_t spk_journal_status(const spk_journal_t *journal);
/* What was not committed is lost. NULL is fine. */
void spk_journal_close(spk_journal_t *journal);

#endif
