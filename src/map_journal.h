/*
 * What a map does with its journal (journal.h). Each call does nothing where run->journal is NULL: there is none.
 *
 * A record is of a run of items that were found finished at the same time. After a failure the map stops, and nothing more is
 * recorded.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_MAP_JOURNAL_H
#define SPK_MAP_JOURNAL_H

#include "map.h"

/* Open it, and take the results out of it that earlier runs have recorded: these items have ended. */
apr_status_t spk_map_journal_open(spk_run_t *run, const char *path);
/* How many these are, */
size_t spk_map_journal_taken(const spk_run_t *run);
/* whether an item is one of them, */
int spk_map_journal_has(const spk_run_t *run, size_t index);
/* the first from this one on that is none, or the map's end, */
size_t spk_map_journal_next(const spk_run_t *run, size_t from);
/* and how many there are in a row from that one on, at most so many. */
size_t spk_map_journal_row(const spk_run_t *run, size_t from, size_t most);

/* Microseconds until it is time to look what is finished; 0: now, negative: never. */
apr_interval_time_t spk_map_journal_patience(const spk_run_t *run);
/* For spk_part_harvest(). */
spk_range_t *spk_map_journal_room(const spk_run_t *run);
/* That was done, and something was found. */
void spk_map_journal_look(spk_run_t *run, int found);
/* Record them. The inputs are still as they were. */
void spk_map_journal_add(spk_run_t *run, size_t first, size_t count, const unsigned char *out);
/* The same for one whose input the task has overwritten: its digest from before. */
uint64_t spk_map_journal_input(const spk_run_t *run, size_t index);
void spk_map_journal_add_one(spk_run_t *run, size_t index, uint64_t input, const unsigned char *out);
/* On disk, if it is time for that. */
void spk_map_journal_commit(spk_run_t *run);
/* All on disk; then it is closed. What the map is to return for it, with words. */
apr_status_t spk_map_journal_finish(spk_run_t *run);
/* Closed, and nothing more. */
void spk_map_journal_free(spk_run_t *run);

#endif
