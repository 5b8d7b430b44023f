/*
 * Streams over a scripted system: how many items are under way, and how a stream ends when workers cannot be had, cannot be
 * ended, or lie. Workers are honest (fake_os.h) where a test does not say otherwise.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crew.h"

#include <string.h>

#define COUNT 2000
#define MIB ((apr_size_t)1 << 20)

static spork_pool_t *pool;

/* ---- the task ------------------------------------------------------------------------------------------ */

static apr_size_t dies_at, hangs_at; /* the item, COUNT: none */

static apr_status_t work(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    if (spork_task_index(task) == dies_at) fake_die(11, 0);
    if (spork_task_index(task) == hangs_at) fake_hang();
    return APR_SUCCESS; /* no reply: a worker would have to wait for room */
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(work), SPORK_END };

/* ---- the stream ----------------------------------------------------------------------------------------- */

static apr_size_t count, input_size, drawn, delivered, most, late_most;
static apr_size_t ended_as[3]; /* success, crashed, cancelled */
static int seen[COUNT];

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    static unsigned char bytes[20 * 1024 * 1024];

    (void)baton;
    if (drawn == count) return APR_EOF;
    drawn++;
    if (drawn - delivered > most) most = drawn - delivered;
    if (drawn > count / 2 && drawn - delivered > late_most) late_most = drawn - delivered;
    *in = bytes;
    *in_size = input_size;
    return APR_SUCCESS;
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    (void)baton;
    assert_int_equal(outcome->index, delivered);
    assert_int_equal(++seen[outcome->index], 1);
    delivered++;
    ended_as[0] += outcome->status == APR_SUCCESS;
    ended_as[1] += outcome->status == SPORK_ECRASHED;
    ended_as[2] += outcome->status == SPORK_ECANCELLED;
    assert_int_equal(ended_as[0] + ended_as[1] + ended_as[2], delivered);
    return APR_SUCCESS;
}

static void open_pool(int workers)
{
    spork_config_t config;

    crew_reset(&config, workers);
    dies_at = hangs_at = COUNT;
    count = COUNT;
    config.arena_size = 256 * MIB;
    input_size = drawn = delivered = most = late_most = 0;
    memset(ended_as, 0, sizeof ended_as);
    memset(seen, 0, sizeof seen);
    assert_int_equal(spork_pool_create(&pool, &config, NULL), APR_SUCCESS);
}

static apr_status_t run(apr_size_t window)
{
    spork_stream_t options = { 0 };

    options.window = window;
    return spork_stream(pool, work, draw, deliver, NULL, &options);
}

/* ---- how many are under way ---------------------------------------------------------------------------------- */

static void a_window_that_is_told_is_kept(void **state)
{
    static const apr_size_t windows[] = { 1, 2, 7, 100, 250 };
    size_t i;

    (void)state;
    for (i = 0; i < LENGTH(windows); i++) {
        open_pool(3);
        assert_int_equal(run(windows[i]), APR_SUCCESS);
        assert_int_equal(ended_as[0], COUNT);
        assert_int_equal(most, windows[i] + 3);
        crew_close(pool);
    }
}

/* More than a worker's ring holds: one of this system, which cannot wait for room, dies of that. */
static void the_own_window_is_for_small_items(void **state)
{
    (void)state;
    open_pool(2);
    assert_int_equal(run(0), APR_SUCCESS);
    assert_int_equal(most, 256 + 2);
    crew_close(pool);
    open_pool(100);
    assert_int_equal(run(0), APR_SUCCESS);
    assert_int_equal(most, 400 + 100);
    crew_close(pool);
}

/* Two for each worker at first, until it is known what they take; and always at least. */
static void the_own_window_is_smaller_for_large_items(void **state)
{
    (void)state;
    open_pool(2);
    input_size = MIB;
    count = 300;
    assert_int_equal(run(0), APR_SUCCESS);
    assert_in_range(late_most, 32, 64);
    assert_in_range(most, late_most, 64);
    crew_close(pool);
    open_pool(2);
    input_size = 20 * MIB;
    count = 30;
    assert_int_equal(run(0), APR_SUCCESS);
    assert_int_equal(most, 4);
    crew_close(pool);
}

/* ---- ends -------------------------------------------------------------------------------------------------------- */

static void without_workers_to_be_had_it_ends(void **state)
{
    (void)state;
    open_pool(1);
    dies_at = 700;
    fake.fail_start = fake.n_starts + 1;
    fake.fail_more = 1000;
    fake.fail_status = APR_EGENERAL;
    assert_int_equal(run(0), SPORK_ESTART);
    assert_non_null(strstr(spork_error(), "spork_stream"));
    assert_non_null(strstr(spork_error(), "cannot be started"));
    assert_int_equal(delivered, drawn);
    assert_int_equal(ended_as[0], 700);
    assert_int_equal(ended_as[1], 1);
    assert_true(drawn < COUNT);
    assert_int_equal(run(0), SPORK_ESTART);
    assert_int_equal(delivered, drawn);
    crew_close(pool);
}

static int somebody_hangs(void)
{
    int p;

    for (p = 0; p < fake.n_processes; p++)
        if (fake.processes[p].alive && fake.processes[p].hangs) return 1;
    return 0;
}

/* Once, when an item hangs. */
static int interrupt_it(void)
{
    if (hangs_at < COUNT && somebody_hangs()) {
        hangs_at = COUNT;
        spork_pool_interrupt(pool);
        return 1;
    }
    return crew_work();
}

static void an_interrupt_ends_what_hangs(void **state)
{
    (void)state;
    open_pool(2);
    hangs_at = 500;
    fake.on_wait = interrupt_it;
    assert_int_equal(run(100), SPORK_ECANCELLED);
    assert_int_equal(delivered, drawn);
    assert_true(ended_as[0] >= 500);
    assert_true(ended_as[2] >= 1);
    assert_int_equal(fake.n_kills, 1);
    drawn = delivered = 0;
    memset(ended_as, 0, sizeof ended_as);
    memset(seen, 0, sizeof seen);
    assert_int_equal(run(100), APR_SUCCESS);
    assert_int_equal(ended_as[0], COUNT);
    crew_close(pool);
}

/* The system does not end the worker: then the stream does, after some time, and everything is delivered. */
static void what_cannot_be_ended_is_given_up(void **state)
{
    uint64_t begun;

    (void)state;
    open_pool(2);
    hangs_at = 500;
    fake.on_wait = interrupt_it;
    fake.deaf_to_kill = 1;
    begun = fake.now;
    assert_int_equal(run(100), SPORK_ECANCELLED);
    assert_true(fake.now - begun < UINT64_C(30) * 1000000000);
    assert_int_equal(delivered, drawn);
    assert_true(ended_as[2] >= 1);
    fake.deaf_to_kill = 0;
    crew_close(pool);
}

/* ---- lies ----------------------------------------------------------------------------------------------------------- */

static uint32_t seed;

static uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

/* An entry about some item of some open job: that it has ended, or was given back. */
static void lie(spk_seat_t *seat, spk_worker_t *worker)
{
    spk_entry_t *entry = &seat->ring[worker->published++ % SPK_RING];
    unsigned slot = next_random(SPK_SLOTS);

    memset(entry, 0, sizeof *entry);
    entry->kind = 1 + next_random(2);
    entry->slot = slot;
    entry->serial = pool->slots[slot].serial;
    entry->item = next_random(SPK_BATCH_MAX);
    entry->count = 1 + next_random(SPK_BATCH_MAX);
    entry->status = next_random(2) ? APR_SUCCESS : SPORK_ECRASHED;
}

static int tell_lies(void)
{
    int process = fake_process_of(0), i;

    if (process >= 0 && fake.processes[process].alive && next_random(3) == 0) {
        spk_seat_t *seat = &fake.head->seats[0];
        spk_worker_t *worker = &fake.processes[process].worker;

        for (i = 0; i < 20; i++) lie(seat, worker);
        atomic_store(&seat->head, worker->published);
    }
    return fake_work_well();
}

static void lies_spoil_outcomes_but_not_the_stream(void **state)
{
    int round;

    (void)state;
    for (round = 0; round < 50; round++) {
        open_pool(1 + round % 3);
        seed = (uint32_t)round;
        fake.on_wait = tell_lies;
        assert_int_equal(run(round % 2 ? 0 : 30), APR_SUCCESS);
        assert_int_equal(delivered, COUNT);
        crew_close(pool);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_that_is_told_is_kept),
        cmocka_unit_test(the_own_window_is_for_small_items),
        cmocka_unit_test(the_own_window_is_smaller_for_large_items),
        cmocka_unit_test(without_workers_to_be_had_it_ends),
        cmocka_unit_test(an_interrupt_ends_what_hangs),
        cmocka_unit_test(what_cannot_be_ended_is_given_up),
        cmocka_unit_test(lies_spoil_outcomes_but_not_the_stream),
    };

    if (spork_init(NULL, NULL, tasks) != APR_SUCCESS) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
