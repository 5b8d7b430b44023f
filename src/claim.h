/*
 * Claims: how workers take items from a job without a lock, so that at any instant, death
 * included, it is decided who owns each item. This is the one lock-free part of spork; claim.c and
 * this page belong together, tests/unit/test_claim_model.c runs them through every interleaving of
 * small cases with a death after every step.
 *
 * States. A job's items lie in up to SPK_LANES lanes, each a run [begin, end) with one 64-bit word
 * that holds the LAST claim made there: where it starts, how long it is, who made it. All items
 * before that claim are claimed, all behind it are free. A claim therefore is one compare-and-swap
 * of that word, and the same step names its owner.
 *
 * The claim that is overwritten must not be forgotten while its owner may still be at work on it.
 * So before anyone replaces a lane's word that names another worker, he writes that claim into the
 * other's record for this lane ("helping"; by compare-and-swap, and only forward: starts grow in a
 * lane). A worker who replaces its own word needs no record: it has finished what it claimed before,
 * or it would not claim.
 *
 * A worker runs its claim item by item. seat.cur names slot, lane and item and says
 *     RUNNING    it may be touching the item            (stored before it does)
 *     FINISHED   it is through with it                  (stored after; everything before it of this claim too)
 *     REPORTING  as FINISHED, and an entry about it stands in the ring at head, perhaps not published yet
 *     GIVING     it gives this and the rest of its claim back, by an entry in the ring at head
 *     SKIPPED    it did, and the entry is published
 *     CONDEMNED  the parent ended it: it may not be finished any more
 *     NONE       it has left the job
 * and once a claim, before cur leaves it, it stores begun[lane] = start + 1.
 *
 * Transitions.
 *     free      -> claimed    CAS lane.word, by any worker (or by the parent, who thereby closes the lane)
 *     claimed   -> RUNNING    store cur; begun is stored later, while cur is inside the claim   (owner)
 *     RUNNING   -> FINISHED   store cur; in guarded jobs CAS cur   (owner)
 *     RUNNING   -> REPORTING  the same, if there is something to tell: the entry is written before, published
 *                             after, and then cur becomes FINISHED (owner)
 *     RUNNING   -> CONDEMNED  CAS cur, in guarded jobs only        (parent; the worker is then killed)
 *     FINISHED  -> RUNNING    store cur, the claim's next item     (owner)
 *     claimed or FINISHED -> GIVING -> SKIPPED                     (owner; written, stored, published, stored)
 *
 * Invariants.
 *  I1 Every item of a lane below the word's claim belongs to exactly one claim, made by one CAS.
 *  I2 A worker has at most one unfinished claim in all lanes of all jobs.
 *  I3 The last claim of worker w in a lane is: the word's, if it names w; else record[lane] of w.
 *  I4 That claim is unfinished exactly if cur is inside it and not at its end and finished, or
 *     if cur is elsewhere and begun[lane] is not beyond its start (claimed, not begun). REPORTING and
 *     GIVING count as unfinished, so that a job is not through before its last entry is published; of a
 *     worker that died in one of them the parent takes the entry at head as if it were published.
 *     spk_claim_held() is this rule; the parent uses it both to see that a job is through (its
 *     lanes are exhausted and nobody holds anything) and to settle what a dead worker held.
 *
 * Memory orders. CAS of the word is acq_rel: its release makes the record written before it visible
 * to whoever acquires the new word, which is what I3 needs. Stores to cur and begun are release: who
 * acquires cur sees the results written before, and who acquires begun sees the cur stored before it
 * (I4 reads begun first). Nothing needs a total order here; the places that do (sleeping, looking)
 * have their own fences in worker.c and jobs.c.
 *
 * A word is never reused: a slot gets a new job only when no live worker is looking at the old one
 * (seat.looking), so no CAS with an old expectation is left. There the parent zeroes begun and record.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_CLAIM_H
#define SPK_CLAIM_H

#include "shared.h"

#define SPK_NOBODY 0U      /* in a lane's word: no claim was made yet */
#define SPK_PARENT 0x7ffU  /* the parent took the rest */
#define SPK_WHOLE 31U      /* length code: all the rest of the lane */
#define SPK_LENGTH_MAX 20U /* largest power of two a worker takes */

typedef struct {
    uint32_t begin, end;
} spk_range_t;

/* Make a lane free over [begin, end). Parent, before the job is posted. */
void spk_lane_init(spk_lane_t *lane, uint32_t begin, uint32_t end);

/* Claim the next items of a lane for worker `id`: the job's chunk, or 2^length of them. 1 and the
 * range, or 0: nothing is left. `seats` are all the seats, for helping. */
int spk_claim(spk_job_t *job, unsigned slot, unsigned lane, spk_seat_t *seats, uint32_t n_seats, unsigned id,
              unsigned length, spk_range_t *range);

/* The parent takes all that is still free in the lane, which thereby is exhausted. 1 if any. */
int spk_claim_rest(spk_job_t *job, unsigned slot, unsigned lane, spk_seat_t *seats, uint32_t n_seats,
                   uint32_t chunk, uint32_t end, spk_range_t *range);

/* Items still free in the lane. */
uint32_t spk_claim_free(const spk_job_t *job, unsigned lane, uint32_t chunk, uint32_t end);

/* ---- the item at hand ------------------------------------------------------------------------ */

enum {
    SPK_CUR_NONE,
    SPK_CUR_RUNNING,
    SPK_CUR_REPORTING,
    SPK_CUR_FINISHED,
    SPK_CUR_GIVING,
    SPK_CUR_SKIPPED,
    SPK_CUR_CONDEMNED
};

typedef struct {
    unsigned state, slot, lane;
    uint32_t item;
} spk_cur_t;

/* item 32 | slot 8 | lane 4 | state 4 | 0 16; the item is added to a word packed for item 0. */
static inline uint64_t spk_cur_pack(unsigned state, unsigned slot, unsigned lane, uint32_t item)
{
    return (uint64_t)item << 32 | (uint64_t)slot << 24 | (uint64_t)lane << 20 | (uint64_t)state << 16;
}

spk_cur_t spk_cur_unpack(uint64_t word);

/* What a worker holds in one lane: an item that it runs, and items that it has not begun. */
typedef struct {
    int running;      /* item is RUNNING or CONDEMNED */
    uint32_t item;    /* the one */
    spk_range_t rest; /* claimed, not begun */
} spk_held_t;

/* 1 and what worker `id` holds in this lane (I4; the rest may be empty), or 0: nothing. Exact for a worker that is dead,
 * and for an exhausted lane; `chunk` and `end` are the parent's own copies. */
int spk_claim_held(const spk_job_t *job, unsigned slot, unsigned lane, const spk_seat_t *seat, unsigned id,
                   uint32_t chunk, uint32_t end, spk_held_t *held);

/* After a dead worker's claims were settled: its successor in the seat holds none of them. */
void spk_claim_settle(const spk_job_t *job, unsigned slot, unsigned lane, spk_seat_t *seat, unsigned id);

/* A new job comes into this slot: the seat has no claim in it. */
void spk_claim_reset(spk_seat_t *seat, unsigned slot, unsigned n_lanes);

#endif
