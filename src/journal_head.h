/*
 * The head of a journal's file: what batch it is of.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_JOURNAL_HEAD_H
#define SPK_JOURNAL_HEAD_H

#include "journal.h"

#define SPK_JOURNAL_TASK 184

typedef struct {
    char magic[8];
    uint32_t order, version;
    uint32_t kind, task_size;
    uint64_t in_size, out_size, count;
    uint64_t salt; /* so that no other journal's records are taken for this one's */
    uint64_t task_digest;
    char task[SPK_JOURNAL_TASK]; /* its first bytes: for words */
    uint64_t check;
} spk_journal_head_t;
_Static_assert(sizeof(spk_journal_head_t) == 256, "the file's format");

/* A new one. */
void spk_journal_head_make(spk_journal_head_t *head, const spk_journal_batch_t *batch);
/* 1, and words for why, if a file with this head is not of the batch. */
int spk_journal_head_differs(const spk_journal_head_t *head, const spk_journal_batch_t *batch, char *why,
                             size_t size);
/* 1 if a file of these bytes and no others is what a crash of the machine leaves of one that was just being made. */
int spk_journal_head_is_unborn(const unsigned char *bytes, size_t size);

#endif
