/*
 * What becomes of items when workers die, hang or lie: maps and submitted items over a scripted system,
 * whose workers run the real worker_serve.c inside this process. Run it with a sanitizer: what a lying
 * worker must not get is a read or write out of bounds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "fake_os.h"
#include "pool.h"
#include "spork.h"
#include <apr_general.h>
#include <string.h>

#define ITEMS 20
#define SECOND UINT64_C(1000000000)

/* How often each number still does so: private to the test, which is parent and worker at once. */
static int crashes[ITEMS], hangs[ITEMS], fails[ITEMS], runs[ITEMS];

static apr_status_t work(spork_task_t *task, const void *in, void *out)
{
    int number = *(const int *)in, result = number * number;

    (void)task;
    runs[number]++;
    if (crashes[number]-- > 0) fake_die(11, 0);
    if (hangs[number]-- > 0) fake_hang();
    if (fails[number]-- > 0) return APR_EGENERAL;
    if (out != NULL) memcpy(out, &result, sizeof result);
    return APR_SUCCESS; /* no words and no replies: a worker would have to wait for room for them */
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(work), SPORK_END };

static int setup(void **state)
{
    (void)state;
    fake_reset();
    fake.cpus = 0; /* fewer than workers: nobody spins, for the clock would stand still */
    memset(crashes, 0, sizeof crashes);
    memset(hangs, 0, sizeof hangs);
    memset(fails, 0, sizeof fails);
    memset(runs, 0, sizeof runs);
    return 0;
}

static spork_pool_t *make_pool(int workers, int retries, apr_interval_time_t timeout)
{
    spork_config_t config;
    spork_pool_t *pool;

    spork_config_init(&config);
    config.workers = workers;
    config.start = SPORK_START_SPAWN;
    config.retries = retries;
    config.timeout = timeout;
    assert_int_equal(spork_pool_create(&pool, &config, NULL), APR_SUCCESS);
    return pool;
}

typedef struct {
    int in[ITEMS], out[ITEMS];
    spork_map_t options;
    apr_status_t status;
} run_t;

static void map(run_t *run, spork_pool_t *pool, apr_size_t chunk)
{
    int i;

    memset(run, 0, sizeof *run);
    for (i = 0; i < ITEMS; i++) run->in[i] = i;
    run->options.chunk = chunk;
    run->status =
        spork_map(pool, work, run->in, sizeof *run->in, run->out, sizeof *run->out, ITEMS, &run->options);
}

static void assert_results_but(const run_t *run, int failed)
{
    int i;

    for (i = 0; i < ITEMS; i++)
        if (i != failed) assert_int_equal(run->out[i], i * i);
}

static const spork_outcome_t *only_failure(const run_t *run, int item)
{
    assert_int_equal(run->status, SPORK_EFAILED);
    assert_int_equal(run->options.n_failures, 1);
    assert_int_equal(run->options.failures[0].index, item);
    assert_results_but(run, item);
    return &run->options.failures[0];
}

/* ---- deaths -------------------------------------------------------------------------------------- */

static void test_a_crash_costs_one_item(void **state)
{
    static const apr_size_t chunks[] = { 0, 1, 3, 7, ITEMS, 100 };
    const spork_outcome_t *failure;
    spork_pool_t *pool;
    run_t run;
    size_t c;
    int item;

    (void)state;
    for (c = 0; c < LENGTH(chunks); c++) {
        for (item = 0; item < ITEMS; item++) {
            setup(NULL);
            pool = make_pool(2, 0, 0);
            crashes[item] = 1;
            map(&run, pool, chunks[c]);
            failure = only_failure(&run, item);
            assert_int_equal(failure->status, SPORK_ECRASHED);
            assert_int_equal(failure->signal, 11);
            assert_int_equal(failure->attempts, 1);
            assert_int_equal(runs[item], 1);
            spork_pool_destroy(pool);
        }
    }
}

static void test_retries(void **state)
{
    spork_pool_t *pool = make_pool(2, 2, 0);
    run_t run;

    (void)state;
    crashes[5] = 2;
    map(&run, pool, 4);
    assert_int_equal(run.status, APR_SUCCESS);
    assert_results_but(&run, -1);
    assert_int_equal(runs[5], 3);
    crashes[5] = 100;
    runs[5] = 0;
    map(&run, pool, 4);
    assert_int_equal(only_failure(&run, 5)->attempts, 3);
    assert_int_equal(runs[5], 3);
    spork_pool_destroy(pool);
}

static void test_all_crash(void **state)
{
    spork_pool_t *pool = make_pool(2, 0, 0);
    run_t run;
    int i;

    (void)state;
    for (i = 0; i < ITEMS; i++) crashes[i] = 1;
    map(&run, pool, 0);
    assert_int_equal(run.status, SPORK_EFAILED);
    assert_int_equal(run.options.n_failures, ITEMS);
    for (i = 0; i < ITEMS; i++) assert_int_equal(runs[i], 1);
    map(&run, pool, 0);
    assert_int_equal(run.status, APR_SUCCESS);
    spork_pool_destroy(pool);
}

static void test_a_failure_is_not_retried(void **state)
{
    spork_pool_t *pool = make_pool(2, 3, 0);
    const spork_outcome_t *failure;
    run_t run;

    (void)state;
    fails[7] = 1;
    map(&run, pool, 3);
    failure = only_failure(&run, 7);
    assert_int_equal(failure->status, APR_EGENERAL);
    assert_int_equal(failure->attempts, 1);
    assert_int_equal(runs[7], 1);
    spork_pool_destroy(pool);
}

/* ---- time ---------------------------------------------------------------------------------------- */

static void test_a_deadline(void **state)
{
    spork_pool_t *pool = make_pool(2, 0, 3 * APR_USEC_PER_SEC);
    const spork_outcome_t *failure;
    uint64_t began = fake.now;
    run_t run;

    (void)state;
    hangs[4] = 1;
    map(&run, pool, 2);
    failure = only_failure(&run, 4);
    assert_int_equal(failure->status, SPORK_EDEADLINE);
    assert_int_equal(failure->signal, 0);
    assert_true(fake.now - began >= 3 * SECOND && fake.now - began < 5 * SECOND);
    assert_int_equal(fake.n_kills, 1);
    map(&run, pool, 2);
    assert_int_equal(run.status, APR_SUCCESS);
    spork_pool_destroy(pool);
}

/* A worker cannot make its item younger than the parent's first sight of it. */
static int lie_about_time(void)
{
    spk_seat_t *seat = &fake.head->seats[0];

    if (fake.processes[0].alive && fake.processes[0].hangs) atomic_store(&seat->started, UINT64_MAX);
    return fake_work_well();
}

static void test_a_deadline_of_a_liar(void **state)
{
    spork_pool_t *pool = make_pool(1, 0, 3 * APR_USEC_PER_SEC);
    run_t run;

    (void)state;
    hangs[0] = 1;
    fake.on_wait = lie_about_time;
    map(&run, pool, 2);
    assert_int_equal(only_failure(&run, 0)->status, SPORK_EDEADLINE);
    spork_pool_destroy(pool);
}

static void test_cancel_what_runs(void **state)
{
    spork_pool_t *pool = make_pool(1, 0, 0);
    spork_future_t *future, *other;
    int one = 1, two = 2;

    (void)state;
    hangs[1] = 1;
    assert_int_equal(spork_submit(&future, pool, work, &one, sizeof one), APR_SUCCESS);
    assert_int_equal(spork_submit(&other, pool, work, &two, sizeof two), APR_SUCCESS);
    assert_int_equal(spork_future_wait(future, APR_USEC_PER_SEC), APR_TIMEUP);
    assert_null(spork_future_outcome(future));
    assert_int_equal(spork_future_cancel(future), APR_SUCCESS);
    assert_int_equal(spork_future_wait(future, -1), APR_SUCCESS);
    assert_int_equal(spork_future_outcome(future)->status, SPORK_ECANCELLED);
    assert_int_equal(fake.n_kills, 1);
    assert_int_equal(spork_future_wait(other, -1), APR_SUCCESS);
    assert_int_equal(spork_future_outcome(other)->status, APR_SUCCESS);
    assert_int_equal(runs[2], 1);
    spork_pool_destroy(pool);
}

static int twice_for_nothing;

static int wake_for_nothing(void)
{
    if (twice_for_nothing++ < 1000) return 1;
    return fake_work_well();
}

static void test_spurious_wake_ups(void **state)
{
    spork_pool_t *pool = make_pool(2, 0, APR_USEC_PER_SEC);
    spork_future_t *future;
    int three = 3;
    run_t run;

    (void)state;
    twice_for_nothing = 0;
    fake.on_wait = wake_for_nothing;
    map(&run, pool, 1);
    assert_int_equal(run.status, APR_SUCCESS);
    assert_results_but(&run, -1);
    twice_for_nothing = 0;
    assert_int_equal(spork_submit(&future, pool, work, &three, sizeof three), APR_SUCCESS);
    assert_int_equal(spork_future_wait(future, -1), APR_SUCCESS);
    assert_int_equal(spork_future_outcome(future)->status, APR_SUCCESS);
    spork_pool_destroy(pool);
}

/* ---- lies ---------------------------------------------------------------------------------------- */

static spk_entry_t lies[SPK_RING];
static int n_lies;

/* Worker 0 puts them all into its ring, once, before it serves. */
static int tell_lies(void)
{
    spk_seat_t *seat = &fake.head->seats[0];
    spk_worker_t *worker = &fake.processes[0].worker;
    int i;

    for (i = 0; i < n_lies; i++) seat->ring[(worker->published + (uint64_t)i) % SPK_RING] = lies[i];
    worker->published += (uint64_t)n_lies;
    atomic_store(&seat->head, worker->published);
    n_lies = 0;
    return fake_work_well();
}

/* An entry that would be believed: about the job in this slot. */
static spk_entry_t *lie(uint32_t kind, unsigned slot, uint32_t item)
{
    spk_entry_t *entry = &lies[n_lies++];

    memset(entry, 0, sizeof *entry);
    entry->serial = 1; /* of the first job, which is in slot 0 or 1 */
    entry->kind = kind;
    entry->slot = slot;
    entry->item = item;
    return entry;
}

static void test_impossible_entries_are_ignored(void **state)
{
    static const uint64_t places[] = { 0, 64, 4096, 1 << 20, UINT64_MAX, UINT64_MAX - 63, (uint64_t)1 << 63 };
    spork_pool_t *pool = make_pool(2, 0, 0);
    spk_entry_t *entry;
    unsigned slot;
    run_t run;
    size_t i;

    (void)state;
    n_lies = 0;
    for (slot = 0; slot < 2; slot++) {
        lie(SPK_ENTRY_OUTCOME, slot, ITEMS)->status = APR_EGENERAL;
        lie(SPK_ENTRY_OUTCOME, slot, UINT32_MAX)->status = APR_EGENERAL;
        lie(SPK_ENTRY_OUTCOME, slot + SPK_SLOTS, 0)->status = APR_EGENERAL;
        lie(SPK_ENTRY_OUTCOME, UINT32_MAX, 0)->status = APR_EGENERAL;
        lie(SPK_ENTRY_OUTCOME, slot, 0)->serial = 0;
        lie(7, slot, 0)->status = APR_EGENERAL;
        lie(SPK_ENTRY_REST, slot, 0)->count = 0;
        lie(SPK_ENTRY_REST, slot, 1)->count = ITEMS;
        lie(SPK_ENTRY_REST, slot, ITEMS - 1)->count = UINT32_MAX;
        lie(SPK_ENTRY_REST, slot, 5)->count = UINT32_MAX - 4;
        for (i = 0; i < LENGTH(places); i++) {
            entry = lie(SPK_ENTRY_OUTCOME, slot, 3);
            entry->status = APR_EGENERAL;
            entry->out = places[i];
            entry->words = SPORK_MESSAGE_MAX;
            entry = lie(SPK_ENTRY_OUTCOME, slot, 3);
            entry->status = APR_EGENERAL;
            entry->out = places[i];
            entry->out_size = (UINT64_MAX - places[i]) | 1;
            entry = lie(SPK_ENTRY_OUTCOME, slot, 3);
            entry->status = APR_EGENERAL;
            entry->out = places[i];
            entry->words = UINT32_MAX;
        }
    }
    fake.on_wait = tell_lies;
    map(&run, pool, 2);
    assert_int_equal(n_lies, 0);
    assert_int_equal(run.status, APR_SUCCESS);
    assert_results_but(&run, -1);
    spork_pool_destroy(pool);
}

static void test_a_failure_told_twice_counts_once(void **state)
{
    spork_pool_t *pool = make_pool(2, 0, 0);
    run_t run;
    int i;

    (void)state;
    n_lies = 0;
    for (i = 0; i < 20; i++) lie(SPK_ENTRY_OUTCOME, (unsigned)i % 2, 3)->status = APR_EGENERAL;
    fake.on_wait = tell_lies;
    map(&run, pool, 2);
    assert_int_equal(only_failure(&run, 3)->status, APR_EGENERAL);
    spork_pool_destroy(pool);
}

/* A worker gives back what it never had, many times. It may spoil this map, but not the parent. */
static void test_rest_that_nobody_had(void **state)
{
    spork_pool_t *pool = make_pool(2, 0, 0);
    run_t run;
    int i;

    (void)state;
    n_lies = 0;
    for (i = 0; i < 40; i++) lie(SPK_ENTRY_REST, (unsigned)i % 2, 0)->count = ITEMS;
    for (i = 0; i < 40; i++) lie(SPK_ENTRY_REST, (unsigned)i % 2, (uint32_t)i % ITEMS)->count = 1;
    fake.on_wait = tell_lies;
    map(&run, pool, 2);
    fake.on_wait = fake_work_well;
    map(&run, pool, 2);
    assert_int_equal(run.status, APR_SUCCESS);
    assert_results_but(&run, -1);
    spork_pool_destroy(pool);
}

/* Entries about a job that has long ended. */
static void test_late_entries(void **state)
{
    spork_pool_t *pool = make_pool(2, 0, 0);
    spork_future_t *future;
    int two = 2, i;
    run_t run;

    (void)state;
    map(&run, pool, 2);
    n_lies = 0;
    for (i = 0; i < 20; i++) lie(SPK_ENTRY_OUTCOME, (unsigned)i % 2, (uint32_t)i)->status = APR_EGENERAL;
    for (i = 0; i < 20; i++) lie(SPK_ENTRY_REST, (unsigned)i % 2, 0)->count = ITEMS;
    fake.on_wait = tell_lies;
    assert_int_equal(spork_submit(&future, pool, work, &two, sizeof two), APR_SUCCESS);
    assert_int_equal(spork_future_wait(future, -1), APR_SUCCESS);
    assert_int_equal(spork_future_outcome(future)->status, APR_SUCCESS);
    spork_pool_destroy(pool);
}

/* Lies that end a stopped map while its job is not through, and more that come then. */
static void test_lies_about_a_stopped_map(void **state)
{
    spork_pool_t *pool = make_pool(2, 0, 0);
    run_t run;
    int i;

    (void)state;
    n_lies = 0;
    for (i = 0; i < 10; i++) {
        lie(SPK_ENTRY_OUTCOME, (unsigned)i % 2, 3)->status = APR_EGENERAL;
        lie(SPK_ENTRY_REST, (unsigned)i % 2, 0)->count = ITEMS;
        lie(SPK_ENTRY_OUTCOME, (unsigned)i % 2, 4)->status = APR_EGENERAL;
    }
    fake.on_wait = tell_lies;
    memset(&run, 0, sizeof run);
    for (i = 0; i < ITEMS; i++) run.in[i] = i;
    run.options.stop_on_error = 1;
    run.status = spork_map(pool, work, run.in, sizeof *run.in, run.out, sizeof *run.out, ITEMS, &run.options);
    assert_int_equal(run.status, SPORK_EFAILED);
    fake.on_wait = fake_work_well;
    map(&run, pool, 2);
    assert_int_equal(run.status, APR_SUCCESS);
    spork_pool_destroy(pool);
}

static uint32_t seed;

static uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

static uint64_t random_word(void)
{
    return (uint64_t)next_random(1 << 16) << 48 | (uint64_t)next_random(64) << 32 |
           (uint64_t)next_random(1 << 16) << 16;
}

/* Something that looks like what should stand there. */
static void spoil_seat(spk_seat_t *seat)
{
    unsigned slot = next_random(SPK_SLOTS), lane = next_random(SPK_LANES);
    spk_entry_t *entry = &seat->ring[next_random(SPK_RING)];

    switch (next_random(8)) {
    case 0:
        atomic_store(&seat->cur,
                     spk_cur_pack(next_random(8), next_random(20), next_random(10), next_random(25)));
        break;
    case 1: atomic_store(&seat->begun[slot][lane], next_random(30)); break;
    case 2: atomic_store(&seat->record[slot][lane], random_word() | 1); break;
    case 3: atomic_store(&seat->want, random_word() >> next_random(64)); break;
    case 4: atomic_fetch_add(&seat->head, next_random(4)); break;
    case 5: atomic_store(&seat->started, random_word()); break;
    case 6: atomic_store(&seat->looking, next_random(20)); break;
    default:
        entry->serial = atomic_load(&fake.head->serials[slot]);
        entry->slot = slot;
        entry->kind = 1 + next_random(2);
        entry->item = next_random(25);
        entry->count = next_random(25);
        entry->out = random_word() >> next_random(64);
        entry->out_size = next_random(100);
        entry->words = next_random(300);
        entry->status = (int32_t)next_random(3);
    }
}

/* Seat 0 is spoilt again and again; now and then its process dies, and after some time a sound one comes. */
static int spoil_and_work(void)
{
    int i, p = fake_process_of(0), did = 0;

    if (seed % 97 < 90 && p >= 0) {
        for (i = 0; i < 20; i++) spoil_seat(&fake.head->seats[0]);
        if (next_random(4) == 0) fake_end(p, 9, 0);
        did = 1;
    } else if (p >= 0) {
        fake_end(p, 9, 0);
        did = 1;
    }
    p = fake_process_of(1);
    if (p >= 0 && !fake.processes[p].hangs) did |= fake_serve(p);
    return did;
}

static void test_a_spoilt_seat(void **state)
{
    spork_pool_t *pool;
    run_t run;
    uint32_t round;

    (void)state;
    for (round = 1; round <= 300; round++) {
        setup(NULL);
        seed = round;
        pool = make_pool(2, 0, 0);
        fake.on_wait = spoil_and_work;
        map(&run, pool, 1 + round % 3);
        fake.on_wait = fake_work_well;
        fake_end(fake_process_of(0), 9, 0);
        map(&run, pool, 2);
        assert_int_equal(run.status, APR_SUCCESS);
        assert_results_but(&run, -1);
        spork_pool_destroy(pool);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_crash_costs_one_item, setup),
        cmocka_unit_test_setup(test_retries, setup),
        cmocka_unit_test_setup(test_all_crash, setup),
        cmocka_unit_test_setup(test_a_failure_is_not_retried, setup),
        cmocka_unit_test_setup(test_a_deadline, setup),
        cmocka_unit_test_setup(test_a_deadline_of_a_liar, setup),
        cmocka_unit_test_setup(test_cancel_what_runs, setup),
        cmocka_unit_test_setup(test_spurious_wake_ups, setup),
        cmocka_unit_test_setup(test_impossible_entries_are_ignored, setup),
        cmocka_unit_test_setup(test_a_failure_told_twice_counts_once, setup),
        cmocka_unit_test_setup(test_rest_that_nobody_had, setup),
        cmocka_unit_test_setup(test_late_entries, setup),
        cmocka_unit_test_setup(test_lies_about_a_stopped_map, setup),
        cmocka_unit_test_setup(test_a_spoilt_seat, setup),
    };
    int failed;

    fake_reset();
    if (spork_init(NULL, NULL, tasks) != APR_SUCCESS) return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
