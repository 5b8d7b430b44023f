/*
 * A journal's file: open for one batch at a time, of all programs and of this one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_JOURNAL_FILE_H
#define SPK_JOURNAL_FILE_H

#include <apr_file_io.h>
#include <stdint.h>

typedef struct spk_journal_place_t spk_journal_place_t;

typedef struct {
    apr_file_t *file;           /* NULL: not open */
    spk_journal_place_t *place; /* where it is noted that this process has it */
    int is_new;                 /* it was not there before */
    int is_locked;
    int64_t owner; /* the process that has locked it */
} spk_journal_file_t;

/* Open and lock it; made if it is not there. SPORK_EJOURNAL if another batch has it, or it is no plain file. There are words
 * after a failure, and nothing is left open. */
apr_status_t spk_journal_file_open(spk_journal_file_t *file, const char *caller, const char *path,
                                   apr_pool_t *mem);
/* What a crash of the machine must not undo: that it is in its directory. As far as that can be had. */
void spk_journal_file_keep(const char *path, apr_pool_t *mem);
/* Also of one that is not open. */
void spk_journal_file_close(spk_journal_file_t *file);
/* In a forked worker: close what its parent has open. */
void spk_journal_file_leave(void);

#endif
