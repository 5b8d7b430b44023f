/*
 * Logs: what a worker, or an INLINE pool, writes to its own file.
 *
 * Two clocks stand in a record. The wall clock's time may be set while a pool runs. So records are ordered by an
 * even clock: the machine's monotonic one, the same for all processes, to which the program that made the pool adds what lay
 * between the two when it first had a log (the epoch). It begins at the wall clock's time, so that the runs of different
 * days stand in their order, and never jumps.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_LOG_H
#define SPK_LOG_H

#include "os.h"
#include "spork.h"
#include <stdatomic.h>
#include <stdint.h>

/* It travels in the hello, which is bounded. */
#define SPK_LOG_PREFIX_MAX 3072

/* What all workers of a pool are told. */
typedef struct {
    uint64_t epoch;                  /* nanoseconds from the monotonic clock to the even one */
    uint32_t level;                  /* the least that is written: spork_level_e */
    uint32_t output;                 /* stdout and stderr, too */
    char prefix[SPK_LOG_PREFIX_MAX]; /* "/absolute/dir/NAME_", before PID.log; "" means no logs */
} spk_log_setup_t;

typedef struct {
    const spk_log_setup_t *setup; /* NULL: there is no log */
    spk_os_handle_t file;
    int worker;
    int initializing;       /* what is logged belongs to no item */
    _Atomic uint32_t torn;  /* the file ends amid a line that is nobody's any more */
    _Atomic uint64_t *lost; /* counts records that could not be written; the parent can read it */
    _Atomic uint64_t told;  /* how many of them the log itself speaks of */
} spk_log_t;

/* The epoch of this process: its parent's, if it is a worker with a log. */
uint64_t spk_log_epoch(void);

/* Begin to log. A file that cannot be opened is tried again at each record, and the records are counted as lost. */
void spk_log_open(spk_log_t *log, const spk_log_setup_t *setup, int worker, _Atomic uint64_t *lost);
/* Also of one that was never opened, all zero. */
void spk_log_close(spk_log_t *log);

#endif
