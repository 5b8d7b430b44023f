/*
 * A record of a log, as text: made by workers, found again by the merge. One line:
 *
 *   2026-11-25T10:26:38.123456Z 1795602398.123456789 INFO pid=4711 worker=2 item=17 the message
 *
 * the wall clock's time, the even clock's (log.h) by which records are ordered, the level, who, and at what ("-" in an
 * initializer). Pure: no system is asked for anything here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_LOG_RECORD_H
#define SPK_LOG_RECORD_H

#include "spork.h"
#include <stddef.h>
#include <stdint.h>

#define SPK_RECORD_HEAD 64 /* so many bytes are enough to tell a record by */

/* Stands at the end of what is not whole: a message that was too long, a line that a death or a full disk cut. */
#define SPK_RECORD_CUT " [cut]"

typedef struct {
    apr_time_t wall;
    uint64_t clock; /* nanoseconds of the even clock */
    spork_level_e level;
    int64_t pid;
    int worker;
    int has_item;
    uint64_t item;
} spk_record_t;

/* Write the record, its newline included, into `line` of SPORK_LOG_MAX bytes; returns how many. Of the message,
 * `size` bytes, what would end the line or drive a terminal is escaped; is_cut: there was more of it. */
size_t spk_record_write(char *line, const spk_record_t *record, const char *message, size_t size, int is_cut);

/* 1 and the even clock's time if a record begins at `text`, of which `size` bytes are there; enough are
 * SPK_RECORD_HEAD, or the end of the file. */
int spk_record_read(const char *text, size_t size, uint64_t *clock);

/* 1 if a file of this name is a worker's log: NAME_PID.log. */
int spk_record_file(const char *name);

#endif
