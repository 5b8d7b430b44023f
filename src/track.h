/*
 * A track: what one process notes of its time for the trace (trace.c), in a ring of bounded length. A worker's lies in
 * the arena, is written by the worker and emptied by the parent, who believes nothing of it; the parent has one of its
 * own in private memory. Nobody ever waits for room: items that find none are counted, and when that was.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_TRACK_H
#define SPK_TRACK_H

#include "shared.h"

#define SPK_TRACK_NOTES 2048 /* a power of two */

enum { SPK_NOTE_ITEM = 1, SPK_NOTE_ASLEEP, SPK_NOTE_BLOCKED, SPK_NOTE_WAITING, SPK_NOTE_STARTING };

typedef struct {
    uint64_t start, end; /* spk_os_clock() */
    uint64_t index;      /* ITEM: of the item */
    uint32_t fn;         /* ITEM */
    int32_t status;      /* ITEM */
    uint32_t kind;       /* SPK_NOTE_ */
    uint32_t spare;
} spk_note_t;

typedef struct {
    _Alignas(SPK_LINE) _Atomic uint64_t head; /* (W) notes ever made */
    _Atomic uint64_t skipped;                 /* (W) items ever that found no room */
    _Atomic uint64_t skipped_from;            /* (W) when the first of the last run of them began, */
    _Atomic uint64_t skipped_to;              /* (W) and the last of them ended */
    _Atomic uint64_t skipped_start;           /* (W) when the last of them began */
    uint32_t skipping;                        /* (W) the last item found none */
    _Alignas(SPK_LINE) _Atomic uint64_t tail; /* (P) notes ever taken */
    _Alignas(SPK_LINE) spk_note_t notes[SPK_TRACK_NOTES]; /* (W) */
} spk_track_t;

/* An item was run from start to end. In the worker: before its end is published. */
void spk_track_item(spk_track_t *track, uint64_t start, uint64_t end, uint64_t index, uint32_t fn,
                    int32_t status);

/* Nothing was done from start to end; kind says why. Not noted if there is no room. */
void spk_track_rest(spk_track_t *track, uint32_t kind, uint64_t start, uint64_t end);

#endif
