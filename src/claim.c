/*
 * Claims: see claim.h, which is the proof; this is the mechanism.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "claim.h"

#include "step.h"

/* A lane's word: start 32 | length 5 | claimant 11 | 0 16. A record: start 32 | length 5 | valid 1. */
static uint64_t word_pack(uint32_t start, unsigned length, unsigned claimant)
{
    return (uint64_t)start << 32 | (uint64_t)length << 27 | (uint64_t)claimant << 16;
}

static uint32_t word_start(uint64_t word)
{
    return (uint32_t)(word >> 32);
}

static unsigned word_length(uint64_t word)
{
    return (unsigned)(word >> 27) & 31U;
}

static unsigned word_claimant(uint64_t word)
{
    return (unsigned)(word >> 16) & 0x7ffU;
}

#define RECORD_VALID UINT64_C(1)

/* One past the last item of the claim in a word or record: a pure function of where it starts. */
static uint32_t claim_end(uint64_t word, uint32_t chunk, uint32_t end)
{
    uint32_t start = word_start(word), length;

    if (start >= end) return end;
    if (word_length(word) == SPK_WHOLE) return end;
    length = chunk != 0 ? chunk : UINT32_C(1) << word_length(word);
    return length < end - start ? start + length : end;
}

static uint32_t next_free(uint64_t word, uint32_t chunk, uint32_t end)
{
    return word_claimant(word) == SPK_NOBODY ? word_start(word) : claim_end(word, chunk, end);
}

void spk_lane_init(spk_lane_t *lane, uint32_t begin, uint32_t end)
{
    atomic_store_explicit(&lane->end, end, memory_order_relaxed);
    atomic_store_explicit(&lane->word, word_pack(begin, 0, SPK_NOBODY), memory_order_relaxed);
}

/* Write the claim in `word` into its owner's record, unless that is as new or newer. */
static void help(spk_seat_t *owner, unsigned slot, unsigned lane, uint64_t word)
{
    _Atomic uint64_t *record = &owner->record[slot][lane];
    uint64_t mine = word_pack(word_start(word), word_length(word), 0) | RECORD_VALID;
    uint64_t seen = atomic_load_explicit(record, memory_order_relaxed);

    while (seen == 0 || word_start(seen) < word_start(mine)) {
        if (atomic_compare_exchange_weak_explicit(record, &seen, mine, memory_order_release,
                                                  memory_order_relaxed))
            break;
    }
}

static int claim(spk_job_t *job, unsigned slot, unsigned lane, spk_seat_t *seats, uint32_t n_seats,
                 unsigned claimant, unsigned length, uint32_t chunk, uint32_t end, spk_range_t *range)
{
    _Atomic uint64_t *word = &job->lanes[lane].word;
    uint64_t seen = atomic_load_explicit(word, memory_order_acquire), mine;
    uint32_t start;
    unsigned owner;

    do {
        start = next_free(seen, chunk, end);
        if (start >= end) return 0;
        owner = word_claimant(seen);
        if (owner != SPK_NOBODY && owner != claimant && owner <= n_seats)
            help(&seats[owner - 1], slot, lane, seen);
        mine = word_pack(start, length, claimant);
        SPK_STEP("claiming");
    } while (!atomic_compare_exchange_weak_explicit(word, &seen, mine, memory_order_acq_rel,
                                                    memory_order_acquire));
    range->begin = start;
    range->end = claim_end(mine, chunk, end);
    return 1;
}

int spk_claim(spk_job_t *job, unsigned slot, unsigned lane, spk_seat_t *seats, uint32_t n_seats, unsigned id,
              unsigned length, spk_range_t *range)
{
    uint32_t end = atomic_load_explicit(&job->lanes[lane].end, memory_order_acquire);

    return claim(job, slot, lane, seats, n_seats, id + 1, length, job->chunk, end, range);
}

int spk_claim_rest(spk_job_t *job, unsigned slot, unsigned lane, spk_seat_t *seats, uint32_t n_seats,
                   uint32_t chunk, uint32_t end, spk_range_t *range)
{
    return claim(job, slot, lane, seats, n_seats, SPK_PARENT, SPK_WHOLE, chunk, end, range);
}

uint32_t spk_claim_free(const spk_job_t *job, unsigned lane, uint32_t chunk, uint32_t end)
{
    uint64_t word = atomic_load_explicit(&job->lanes[lane].word, memory_order_acquire);
    uint32_t start = next_free(word, chunk, end);

    return start < end ? end - start : 0;
}

spk_cur_t spk_cur_unpack(uint64_t word)
{
    spk_cur_t cur;

    cur.item = (uint32_t)(word >> 32);
    cur.slot = (unsigned)(word >> 24) & 0xffU;
    cur.lane = (unsigned)(word >> 20) & 0xfU;
    cur.state = (unsigned)(word >> 16) & 0xfU;
    return cur;
}

/* The last claim of this worker in the lane (I3); 0 if it made none. */
static uint64_t last_claim(const spk_job_t *job, unsigned slot, unsigned lane, const spk_seat_t *seat,
                           unsigned id)
{
    uint64_t word = atomic_load_explicit(&job->lanes[lane].word, memory_order_acquire);

    if (word_claimant(word) == id + 1) return word | RECORD_VALID;
    return atomic_load_explicit(&seat->record[slot][lane], memory_order_acquire);
}

static int held_of_current(const spk_cur_t *cur, uint32_t end, spk_held_t *held)
{
    int given = cur->state == SPK_CUR_GIVING || cur->state == SPK_CUR_SKIPPED;

    held->running = cur->state == SPK_CUR_RUNNING || cur->state == SPK_CUR_CONDEMNED;
    held->item = cur->item;
    held->rest.begin = given ? end : cur->item + 1;
    held->rest.end = end;
    return held->running || held->rest.begin < end || cur->state == SPK_CUR_REPORTING ||
           cur->state == SPK_CUR_GIVING;
}

int spk_claim_held(const spk_job_t *job, unsigned slot, unsigned lane, const spk_seat_t *seat, unsigned id,
                   uint32_t chunk, uint32_t end, spk_held_t *held)
{
    uint64_t last = last_claim(job, slot, lane, seat, id);
    uint32_t start = word_start(last), stop, begun;
    spk_cur_t cur;

    if (last == 0 || start >= end) return 0;
    stop = claim_end(last, chunk, end);
    begun = atomic_load_explicit(&seat->begun[slot][lane], memory_order_acquire);
    cur = spk_cur_unpack(atomic_load_explicit(&seat->cur, memory_order_acquire));
    if (cur.state != SPK_CUR_NONE && cur.slot == slot && cur.lane == lane && cur.item >= start &&
        cur.item < stop)
        return held_of_current(&cur, stop, held);
    if (begun > start) return 0;
    held->running = 0;
    held->item = start;
    held->rest.begin = start;
    held->rest.end = stop;
    return 1;
}

void spk_claim_settle(const spk_job_t *job, unsigned slot, unsigned lane, spk_seat_t *seat, unsigned id)
{
    uint64_t last = last_claim(job, slot, lane, seat, id);

    if (last != 0)
        atomic_store_explicit(&seat->begun[slot][lane], word_start(last) + 1, memory_order_release);
}

void spk_claim_reset(spk_seat_t *seat, unsigned slot, unsigned n_lanes)
{
    unsigned lane;

    for (lane = 0; lane < n_lanes; lane++) {
        atomic_store_explicit(&seat->begun[slot][lane], 0, memory_order_relaxed);
        atomic_store_explicit(&seat->record[slot][lane], 0, memory_order_relaxed);
    }
}
