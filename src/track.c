/*
 * A track, the writing side: see track.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "track.h"

static int has_room(const spk_track_t *track, uint64_t head)
{
    return head - atomic_load_explicit(&track->tail, memory_order_acquire) < SPK_TRACK_NOTES;
}

/* Whatever stands in the words: it is inside. */
static spk_note_t *note_at(spk_track_t *track, uint64_t head)
{
    return &track->notes[head % SPK_TRACK_NOTES];
}

static void skip(spk_track_t *track, uint64_t start, uint64_t end)
{
    uint64_t skipped = atomic_load_explicit(&track->skipped, memory_order_relaxed);

    if (!track->skipping) atomic_store_explicit(&track->skipped_from, start, memory_order_relaxed);
    track->skipping = 1;
    atomic_store_explicit(&track->skipped_to, end, memory_order_relaxed);
    atomic_store_explicit(&track->skipped_start, start, memory_order_relaxed);
    atomic_store_explicit(&track->skipped, skipped + 1, memory_order_release);
}

void spk_track_item(spk_track_t *track, uint64_t start, uint64_t end, uint64_t index, uint32_t fn,
                    int32_t status)
{
    uint64_t head = atomic_load_explicit(&track->head, memory_order_relaxed);
    spk_note_t *note = note_at(track, head);

    if (!has_room(track, head)) {
        skip(track, start, end);
        return;
    }
    track->skipping = 0;
    note->start = start;
    note->end = end;
    note->index = index;
    note->fn = fn;
    note->status = status;
    note->kind = SPK_NOTE_ITEM;
    atomic_store_explicit(&track->head, head + 1, memory_order_release);
}

void spk_track_rest(spk_track_t *track, uint32_t kind, uint64_t start, uint64_t end)
{
    uint64_t head = atomic_load_explicit(&track->head, memory_order_relaxed);
    spk_note_t *note = note_at(track, head);

    if (!has_room(track, head)) return;
    note->start = start;
    note->end = end;
    note->kind = kind;
    atomic_store_explicit(&track->head, head + 1, memory_order_release);
}
