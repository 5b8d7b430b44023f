/*
 * What a stream does with its journal (journal.h). A record is of one item.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_STREAM_JOURNAL_H
#define SPK_STREAM_JOURNAL_H

#include "pool.h"

typedef struct spk_stream_journal_t spk_stream_journal_t;

/* Open it, and learn what is in it: 16 bytes of memory for each item recorded. */
apr_status_t spk_stream_journal_open(spk_stream_journal_t **journal, const char *path, uint32_t fn);

/* The digest of an input. */
uint64_t spk_stream_journal_input(const void *in, size_t in_size);
/* APR_SUCCESS, and the item's result (valid until the next call); APR_EOF: it is not recorded; SPORK_EJOURNAL: it is, with another
 * input, and the journal has been put back as it was opened. */
apr_status_t spk_stream_journal_find(spk_stream_journal_t *journal, size_t index, uint64_t input,
                                     spk_result_t *result);

/* Record a success. */
apr_status_t spk_stream_journal_add(spk_stream_journal_t *journal, const spork_outcome_t *outcome,
                                    uint64_t input);
apr_status_t spk_stream_journal_commit(spk_stream_journal_t *journal);
/* Microseconds until that is worth its while; negative: nothing was added. */
apr_interval_time_t spk_stream_journal_patience(const spk_stream_journal_t *journal);
/* NULL is fine. */
void spk_stream_journal_close(spk_stream_journal_t *journal);

#endif
