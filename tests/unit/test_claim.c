/*
 * Claims, one after the other: sizes, ends, who holds what in each state of cur. What happens when they
 * come at the same time is test_claim_model.c's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "claim.h"
#include <string.h>

#define SLOT 3U
#define LANE 2U
#define N 4U

static spk_job_t job;
static spk_seat_t seats[N];

static void begin_job(uint32_t begin, uint32_t end, uint32_t chunk)
{
    memset(&job, 0, sizeof job);
    memset(seats, 0, sizeof seats);
    job.chunk = chunk;
    spk_lane_init(&job.lanes[LANE], begin, end);
}

static int claim(unsigned id, unsigned length, spk_range_t *range)
{
    return spk_claim(&job, SLOT, LANE, seats, N, id, length, range);
}

static void assert_claims(unsigned id, unsigned length, uint32_t begin, uint32_t end)
{
    spk_range_t range;

    assert_int_equal(claim(id, length, &range), 1);
    assert_int_equal(range.begin, begin);
    assert_int_equal(range.end, end);
}

static uint32_t free_items(void)
{
    return spk_claim_free(&job, LANE, job.chunk, job.lanes[LANE].end);
}

static void assert_exhausted(void)
{
    spk_range_t range;

    assert_int_equal(claim(0, 0, &range), 0);
    assert_int_equal(free_items(), 0);
}

static void set_cur(unsigned id, unsigned state, unsigned lane, uint32_t item)
{
    atomic_store(&seats[id].cur, spk_cur_pack(state, SLOT, lane, item));
}

static int held_by(unsigned id, spk_held_t *held)
{
    memset(held, 0xff, sizeof *held);
    return spk_claim_held(&job, SLOT, LANE, &seats[id], id, job.chunk, job.lanes[LANE].end, held);
}

static void assert_holds(unsigned id, int running, uint32_t item, uint32_t begin, uint32_t end)
{
    spk_held_t held;

    assert_int_equal(held_by(id, &held), 1);
    assert_int_equal(held.running, running);
    if (running) assert_int_equal(held.item, item);
    assert_int_equal(held.rest.end - held.rest.begin, end - begin);
    if (begin < end) assert_int_equal(held.rest.begin, begin);
}

static void assert_holds_nothing(unsigned id)
{
    spk_held_t held;

    assert_int_equal(held_by(id, &held), 0);
}

static void test_fixed_chunks_are_clipped_at_the_end(void **state)
{
    (void)state;
    begin_job(10, 18, 3);
    assert_int_equal(free_items(), 8);
    assert_claims(0, 0, 10, 13);
    assert_int_equal(free_items(), 5);
    assert_claims(1, 7, 13, 16); /* with a fixed chunk the length says nothing */
    assert_claims(1, 0, 16, 18);
    assert_exhausted();
}

static void test_lengths_are_powers_of_two(void **state)
{
    (void)state;
    begin_job(0, 100, 0);
    assert_claims(0, 0, 0, 1);
    assert_claims(1, 3, 1, 9);
    assert_claims(0, 5, 9, 41);
    assert_claims(2, SPK_LENGTH_MAX, 41, 100);
    assert_exhausted();
}

static void test_the_largest_lane(void **state)
{
    (void)state;
    begin_job(0, UINT32_MAX, 0);
    assert_claims(0, SPK_LENGTH_MAX, 0, UINT32_C(1) << SPK_LENGTH_MAX);
    begin_job(UINT32_MAX - 2, UINT32_MAX, 0);
    assert_claims(3, SPK_LENGTH_MAX, UINT32_MAX - 2, UINT32_MAX);
    assert_exhausted();
    begin_job(0, UINT32_MAX, UINT32_MAX);
    assert_claims(0, 0, 0, UINT32_MAX);
    assert_exhausted();
}

static void test_an_empty_lane(void **state)
{
    (void)state;
    begin_job(0, 0, 1);
    assert_exhausted();
    begin_job(5, 5, 0);
    assert_exhausted();
}

static void test_the_parent_takes_the_rest(void **state)
{
    spk_range_t range;

    (void)state;
    begin_job(0, 20, 4);
    assert_claims(2, 0, 0, 4);
    assert_int_equal(spk_claim_rest(&job, SLOT, LANE, seats, N, 4, 20, &range), 1);
    assert_int_equal(range.begin, 4);
    assert_int_equal(range.end, 20);
    assert_exhausted();
    assert_int_equal(spk_claim_rest(&job, SLOT, LANE, seats, N, 4, 20, &range), 0);
    assert_holds(2, 0, 0, 0, 4); /* the parent's claim went over it, the record keeps it */
}

static void test_help_keeps_the_last_claim_of_each(void **state)
{
    (void)state;
    begin_job(0, 12, 2);
    assert_claims(0, 0, 0, 2);
    assert_claims(1, 0, 2, 4);
    assert_claims(0, 0, 4, 6);
    assert_claims(2, 0, 6, 8);
    assert_holds(0, 0, 0, 4, 6);
    assert_holds(1, 0, 0, 2, 4);
    assert_holds(2, 0, 0, 6, 8);
    assert_holds_nothing(3);
}

static void test_held_in_every_state(void **state)
{
    (void)state;
    begin_job(0, 8, 4);
    assert_claims(1, 0, 0, 4);
    set_cur(1, SPK_CUR_RUNNING, LANE, 0);
    assert_holds(1, 1, 0, 1, 4);
    set_cur(1, SPK_CUR_FINISHED, LANE, 0);
    assert_holds(1, 0, 0, 1, 4);
    set_cur(1, SPK_CUR_CONDEMNED, LANE, 2);
    assert_holds(1, 1, 2, 3, 4);
    set_cur(1, SPK_CUR_REPORTING, LANE, 1);
    assert_holds(1, 0, 0, 2, 4);
    set_cur(1, SPK_CUR_GIVING, LANE, 2);
    assert_holds(1, 0, 0, 0, 0);
    set_cur(1, SPK_CUR_SKIPPED, LANE, 2);
    assert_holds_nothing(1);
    set_cur(1, SPK_CUR_RUNNING, LANE, 3);
    assert_holds(1, 1, 3, 0, 0);
    set_cur(1, SPK_CUR_REPORTING, LANE, 3);
    assert_holds(1, 0, 0, 0, 0);
    set_cur(1, SPK_CUR_FINISHED, LANE, 3);
    assert_holds_nothing(1);
}

static void test_begun_tells_what_cur_does_not(void **state)
{
    (void)state;
    begin_job(0, 8, 4);
    assert_claims(1, 0, 0, 4);
    set_cur(1, SPK_CUR_RUNNING, LANE + 1, 2); /* at another lane: this claim was not begun */
    assert_holds(1, 0, 0, 0, 4);
    atomic_store(&seats[1].begun[SLOT][LANE], 1);
    assert_holds_nothing(1);
    assert_claims(1, 0, 4, 8);
    assert_holds(1, 0, 0, 4, 8);
    set_cur(1, SPK_CUR_NONE, LANE, 5); /* NONE is nowhere */
    assert_holds(1, 0, 0, 4, 8);
}

static void test_begun_counts_only_beyond_the_start(void **state)
{
    (void)state;
    begin_job(0, 12, 4);
    assert_claims(1, 0, 0, 4);
    assert_claims(1, 0, 4, 8);
    atomic_store(&seats[1].begun[SLOT][LANE], 4); /* of an earlier claim that began at 3 */
    assert_holds(1, 0, 0, 4, 8);
    atomic_store(&seats[1].begun[SLOT][LANE], 5);
    assert_holds_nothing(1);
}

static void test_cur_outside_the_claim_does_not_count(void **state)
{
    (void)state;
    begin_job(0, 12, 4);
    assert_claims(1, 0, 0, 4);
    assert_claims(1, 0, 4, 8);
    set_cur(1, SPK_CUR_SKIPPED, LANE, 2); /* the claim before, whose rest was given back */
    assert_holds(1, 0, 0, 4, 8);
    set_cur(1, SPK_CUR_RUNNING, LANE, 8);
    assert_holds(1, 0, 0, 4, 8);
    atomic_store(&seats[1].cur, spk_cur_pack(SPK_CUR_RUNNING, SLOT + 1, LANE, 5)); /* another job */
    assert_holds(1, 0, 0, 4, 8);
}

/* A helper that comes late, with an older claim, must not undo what a faster one wrote. */
static void test_records_never_go_backwards(void **state)
{
    uint64_t newer, older;

    (void)state;
    begin_job(0, 12, 2);
    assert_claims(1, 0, 0, 2);
    older = atomic_load(&job.lanes[LANE].word);
    assert_claims(1, 0, 2, 4);
    assert_claims(0, 0, 4, 6); /* records worker 1's [2, 4) */
    newer = atomic_load(&seats[1].record[SLOT][LANE]);
    atomic_store(&job.lanes[LANE].word, older);
    assert_claims(2, 0, 2, 4); /* goes over [0, 2) */
    assert_true(atomic_load(&seats[1].record[SLOT][LANE]) == newer);
}

/* A start behind the lane's end, which no honest worker writes, must not wrap round into it. */
static void test_a_start_behind_the_end_is_an_end(void **state)
{
    spk_range_t range;

    (void)state;
    begin_job(0, 50, 4);
    spk_lane_init(&job.lanes[LANE], UINT32_MAX - 1, 50);
    atomic_fetch_or(&job.lanes[LANE].word, UINT64_C(1) << 16); /* claimed by worker 0 */
    assert_exhausted();
    assert_int_equal(spk_claim_rest(&job, SLOT, LANE, seats, N, 4, 50, &range), 0);
}

static void test_settled_claims_are_nobodys(void **state)
{
    (void)state;
    begin_job(0, 12, 4);
    assert_claims(1, 0, 0, 4);
    spk_claim_settle(&job, SLOT, LANE, &seats[1], 1);
    assert_holds_nothing(1);
    assert_claims(1, 0, 4, 8); /* the successor's */
    assert_holds(1, 0, 0, 4, 8);
    assert_claims(0, 0, 8, 12);
    spk_claim_settle(&job, SLOT, LANE, &seats[1], 1); /* out of the record */
    assert_holds_nothing(1);
    assert_holds(0, 0, 0, 8, 12);
    spk_claim_settle(&job, SLOT, LANE, &seats[3], 3);
    assert_int_equal(atomic_load(&seats[3].begun[SLOT][LANE]), 0);
}

static void test_reset_clears_the_lanes_of_one_slot(void **state)
{
    unsigned lane;

    (void)state;
    memset(seats, 0xff, sizeof seats);
    spk_claim_reset(&seats[0], SLOT, 3);
    for (lane = 0; lane < SPK_LANES; lane++) {
        assert_int_equal(atomic_load(&seats[0].begun[SLOT][lane]), lane < 3 ? 0 : UINT32_MAX);
        assert_true((atomic_load(&seats[0].record[SLOT][lane]) == 0) == (lane < 3));
        assert_int_equal(atomic_load(&seats[0].begun[SLOT + 1][lane]), UINT32_MAX);
    }
}

static void test_cur_survives_packing(void **state)
{
    static const uint32_t numbers[] = { 0, 1, 77, UINT32_MAX };
    unsigned st, slot, lane;
    spk_cur_t cur;
    size_t i;

    (void)state;
    for (i = 0; i < LENGTH(numbers); i++)
        for (st = SPK_CUR_NONE; st <= SPK_CUR_CONDEMNED; st++)
            for (slot = 0; slot < SPK_SLOTS; slot++)
                for (lane = 0; lane < SPK_LANES; lane++) {
                    cur = spk_cur_unpack(spk_cur_pack(st, slot, lane, numbers[i]));
                    assert_int_equal(cur.state, st);
                    assert_int_equal(cur.slot, slot);
                    assert_int_equal(cur.lane, lane);
                    assert_int_equal(cur.item, numbers[i]);
                }
}

/* Whatever a worker has written over these words, what the parent reads out of them stays inside the lane. */
static void test_garbage_stays_inside_the_lane(void **state)
{
    uint64_t word = 88172645463325252U;
    spk_range_t range;
    spk_held_t held;
    int i, n;

    (void)state;
    for (i = 0; i < 200000; i++) {
        uint64_t *targets[] = { (uint64_t *)(void *)&job.lanes[LANE].word, (uint64_t *)(void *)&seats[1].cur,
                                (uint64_t *)(void *)&seats[1].record[SLOT][LANE] };

        begin_job(0, 50, i % 2 == 0 ? 4 : 0);
        for (n = 0; n < 3; n++) {
            word ^= word << 13;
            word ^= word >> 7;
            word ^= word << 17;
            *targets[n] = i % 3 == 0 ? word : (word & UINT64_C(0x3f00000000)) | (word & 0xffffffffU);
        }
        atomic_store(&seats[1].begun[SLOT][LANE], (uint32_t)(word >> 7) % 60);
        assert_true(free_items() <= 50);
        if (held_by(1, &held)) {
            assert_true(!held.running || held.item < 50);
            assert_true(held.rest.begin >= held.rest.end || held.rest.end <= 50);
        }
        if (spk_claim_rest(&job, SLOT, LANE, seats, N, job.chunk, 50, &range))
            assert_true(range.begin < range.end && range.end <= 50);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_chunks_are_clipped_at_the_end),
        cmocka_unit_test(test_lengths_are_powers_of_two),
        cmocka_unit_test(test_the_largest_lane),
        cmocka_unit_test(test_an_empty_lane),
        cmocka_unit_test(test_the_parent_takes_the_rest),
        cmocka_unit_test(test_help_keeps_the_last_claim_of_each),
        cmocka_unit_test(test_held_in_every_state),
        cmocka_unit_test(test_begun_tells_what_cur_does_not),
        cmocka_unit_test(test_begun_counts_only_beyond_the_start),
        cmocka_unit_test(test_cur_outside_the_claim_does_not_count),
        cmocka_unit_test(test_records_never_go_backwards),
        cmocka_unit_test(test_a_start_behind_the_end_is_an_end),
        cmocka_unit_test(test_settled_claims_are_nobodys),
        cmocka_unit_test(test_reset_clears_the_lanes_of_one_slot),
        cmocka_unit_test(test_cur_survives_packing),
        cmocka_unit_test(test_garbage_stays_inside_the_lane),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
