/*
 * Recovery from a segment in which somebody has written where it should not: what is healed without anybody noticing,
 * what costs the jobs in progress, and when the pool is given up. Workers are honest here (fake_os.h), but for the one
 * task that spoils something.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crew.h"

#include <string.h>

#define ITEMS 8

/* ---- the task that spoils something ------------------------------------------------------------------- */

typedef void (*spoil_t)(spk_worker_t *worker);

static spoil_t spoil; /* done in the next item that runs, */
static int spoils;    /* so often */

static apr_status_t twice(spork_task_t *task, const void *in, void *out)
{
    if (spoils > 0) {
        spoils--;
        spoil(task->keeper);
    }
    if (out != NULL) *(int *)out = *(const int *)in * 2;
    return APR_SUCCESS;
}

static const char *initialized_with;

static apr_status_t initialize(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)out;
    initialized_with = in;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(twice), SPORK_ENTRY(initialize), SPORK_END };

/* ---- a pool, a map, and what must be true after -------------------------------------------------------- */

static spork_pool_t *open_pool(int workers)
{
    spork_config_t config;
    spork_pool_t *pool;

    spoils = 0;
    crew_reset(&config, workers);
    config.initializer = initialize;
    config.init_arg = "as it was";
    config.init_size = sizeof "as it was";
    assert_int_equal(spork_pool_create(&pool, &config, NULL), APR_SUCCESS);
    return pool;
}

static int out[ITEMS];

static apr_status_t run_map(spork_pool_t *pool, spork_map_t *options)
{
    static const int in[ITEMS] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    memset(out, 0, sizeof out);
    memset(options, 0, sizeof *options);
    options->chunk = 2;
    return spork_map(pool, twice, in, sizeof *in, out, sizeof *out, ITEMS, options);
}

static void expect_honest_map(spork_pool_t *pool)
{
    spork_map_t options;
    int i;

    assert_int_equal(run_map(pool, &options), APR_SUCCESS);
    for (i = 0; i < ITEMS; i++) assert_int_equal(out[i], 2 * (i + 1));
}

/* Every item has one outcome; the failed ones say why. */
static void expect_damage(const spork_map_t *options)
{
    apr_size_t i;

    assert_true(options->n_failures > 0 && options->n_failures <= ITEMS);
    for (i = 0; i < options->n_failures; i++) {
        assert_int_equal(options->failures[i].status, SPORK_ECRASHED);
        assert_non_null(strstr(options->failures[i].message, "damaged"));
        if (i > 0) assert_true(options->failures[i].index > options->failures[i - 1].index);
    }
}

static void do_once(spork_pool_t *pool, spoil_t what, spork_map_t *options, apr_status_t want)
{
    spoil = what;
    spoils = 1;
    assert_int_equal(run_map(pool, options), want);
    assert_int_equal(spoils, 0);
}

/* ---- what is healed ------------------------------------------------------------------------------------------ */

/* The parent alone writes it, and does so again. */
static void hide_jobs(spk_worker_t *worker)
{
    atomic_store(&worker->head->open, 0);
}

static void show_other_jobs(spk_worker_t *worker)
{
    unsigned slot;

    for (slot = 0; slot < SPK_SLOTS; slot++) atomic_fetch_add(&worker->head->serials[slot], 1000);
    atomic_store(&worker->head->oldest, UINT32_MAX);
}

static void spoil_constants(spk_worker_t *worker)
{
    memset(worker->head->secret, 0xff, SPK_SECRET);
    worker->head->max_tasks = 1;
    worker->head->spin = UINT32_MAX;
    worker->head->init_size = UINT64_MAX;
    atomic_store(&worker->head->closing, 1);
    memset(worker->task.base + worker->head->init_arg, 'x', sizeof "as it was");
    fake_die(11, 0);
}

/* Who sees no job sleeps; it is woken, and looks again. */
static void hidden_jobs_are_shown_again(void **state)
{
    static const spoil_t ways[] = { hide_jobs, show_other_jobs };
    spork_map_t options;
    int workers;
    size_t i;

    (void)state;
    for (workers = 1; workers <= 3; workers++) {
        for (i = 0; i < LENGTH(ways); i++) {
            spork_pool_t *pool = open_pool(workers);

            do_once(pool, ways[i], &options, APR_SUCCESS);
            expect_honest_map(pool);
            assert_int_equal(fake.n_processes, workers);
            crew_close(pool);
        }
    }
}

static void who_is_started_later_finds_what_the_first_found(void **state)
{
    spork_pool_t *pool = open_pool(1);
    unsigned char constants[sizeof pool->constants];
    spork_map_t options;

    (void)state;
    memcpy(constants, fake.head, sizeof constants);
    do_once(pool, spoil_constants, &options, SPORK_EFAILED);
    assert_int_equal(options.n_failures, 1);
    expect_honest_map(pool);
    assert_int_equal(fake.n_processes, 2);
    assert_memory_equal(constants, fake.head, sizeof constants);
    assert_int_equal(atomic_load(&fake.head->closing), 0);
    assert_string_equal((char *)fake.head + fake.head->init_arg, "as it was");
    crew_close(pool);
}

static void spoil_its_seat(spk_worker_t *worker)
{
    spk_seat_t *seat = worker->seat;

    seat->region = seat->region_size = UINT64_MAX;
    seat->region_once = 1;
    atomic_store(&seat->head, 5);
    atomic_store(&seat->tail, UINT64_MAX);
    atomic_store(&seat->granted, UINT64_MAX);
    fake_die(11, 0);
}

/* It would keep to what it has read there for all its life. */
static void who_is_started_later_does_not_keep_what_the_first_wrote_into_its_seat(void **state)
{
    spork_pool_t *pool = open_pool(1);
    const spk_member_t *member = &pool->members[0];
    const spk_worker_t *second = &fake.processes[1].worker;
    spork_map_t options;

    (void)state;
    atomic_store(&fake.head->seats[0].want, 4096);
    spk_crew_drain(pool);
    do_once(pool, spoil_its_seat, &options, SPORK_EFAILED);
    assert_int_equal(options.n_failures, 1);
    expect_honest_map(pool);
    assert_int_equal(fake.n_processes, 2);
    assert_non_null(member->region);
    assert_int_equal(second->region, spk_block_offset(member->region));
    assert_int_equal(second->region_size, spk_block_size(member->region));
    assert_int_equal(second->region_once, 0);
    assert_int_equal(second->granted, member->granted);
    assert_int_equal(second->published, member->taken);
    crew_close(pool);
}

/* ---- what costs the jobs in progress ----------------------------------------------------------------------- */

/* The rest of the job's items is in no lane any more. */
static void lose_lanes(spk_worker_t *worker)
{
    unsigned slot;

    for (slot = 0; slot < SPK_SLOTS; slot++) {
        worker->head->jobs[slot].n_lanes = 0;
        worker->head->jobs[slot].lanes[0].end = 0;
    }
}

/* Others hold items, for ever: they sleep. */
static void let_all_hold(spk_worker_t *worker)
{
    unsigned slot = atomic_load(&worker->seat->looking) - 1, lane;
    spk_seat_t *seat;
    uint32_t s;

    for (s = 0; s < worker->head->n_seats; s++) {
        seat = &worker->head->seats[s];
        for (lane = 0; lane < SPK_LANES; lane++) {
            atomic_store(&seat->record[slot][lane], (uint64_t)1 << 32 | (uint64_t)SPK_WHOLE << 27 | 1);
            atomic_store(&seat->begun[slot][lane], 0);
        }
    }
}

static void claim_for_nobody(spk_worker_t *worker)
{
    unsigned slot = atomic_load(&worker->seat->looking) - 1;

    let_all_hold(worker);
    worker->head->jobs[slot].lanes[0].end = 0;
}

static void a_job_that_nobody_can_finish_is_given_up(void **state)
{
    static const spoil_t ways[] = { lose_lanes, let_all_hold, claim_for_nobody };
    spork_map_t options;
    int workers;
    size_t i;

    (void)state;
    for (workers = 1; workers <= 3; workers++) {
        for (i = 0; i < LENGTH(ways); i++) {
            spork_pool_t *pool = open_pool(workers);

            spoil = ways[i];
            spoils = 1;
            if (run_map(pool, &options) != APR_SUCCESS) {
                expect_damage(&options);
                assert_int_equal(fake.n_processes, 2 * workers);
            }
            expect_honest_map(pool);
            crew_close(pool);
        }
    }
}

/* Something of each kind is under way: the map's window, and a batch of submitted items. */
static void every_item_ends_once_whoever_asked_for_it(void **state)
{
    spork_pool_t *pool = open_pool(2);
    spork_future_t *futures[3], *done;
    spork_map_t options;
    int i, one = 1, n_damaged = 0;

    (void)state;
    for (i = 0; i < 3; i++)
        assert_int_equal(spork_submit(&futures[i], pool, twice, &one, sizeof one), APR_SUCCESS);
    spoil = lose_lanes;
    spoils = 1;
    (void)run_map(pool, &options);
    for (i = 0; i < 3; i++) {
        assert_int_equal(spork_wait_any(pool, -1, &done), APR_SUCCESS);
        n_damaged += spork_future_outcome(done)->status == SPORK_ECRASHED;
        if (spork_future_outcome(done)->status != APR_SUCCESS)
            assert_non_null(strstr(spork_future_outcome(done)->message, "damaged"));
        spork_future_destroy(done);
    }
    assert_int_equal(spork_wait_any(pool, -1, &done), APR_EOF);
    assert_true(n_damaged > 0 || options.n_failures > 0);
    expect_honest_map(pool);
    crew_close(pool);
}

/* What was delivered, and what the host has in the arena, is not touched. */
static void memory_of_the_hosts_stays_where_it_is(void **state)
{
    spork_pool_t *pool = open_pool(1);
    spork_map_t options;
    int *mine = spork_alloc(pool, sizeof *mine), first[ITEMS];

    (void)state;
    *mine = 4711;
    expect_honest_map(pool);
    memcpy(first, out, sizeof first);
    do_once(pool, lose_lanes, &options, SPORK_EFAILED);
    expect_damage(&options);
    assert_int_equal(*mine, 4711);
    spork_free(pool, mine);
    expect_honest_map(pool);
    assert_memory_equal(first, out, sizeof first);
    crew_close(pool);
}

/* The job itself is deadly: who looks at it dies before it has taken anything. */
static int die_of_the_job(void)
{
    int p, did = 0;

    for (p = 0; spoils > 0 && p < fake.n_processes; p++) {
        if (!fake.processes[p].alive || fake.processes[p].worker.seat == NULL) continue;
        fake_end(p, 11, 0);
        did = 1;
    }
    return spoils > 0 ? crew_watch() | did : crew_work();
}

static void a_job_that_kills_whoever_looks_is_given_up(void **state)
{
    spork_pool_t *pool = open_pool(2);
    spork_map_t options;

    (void)state;
    spoils = 1;
    fake.on_wait = die_of_the_job;
    assert_int_equal(run_map(pool, &options), SPORK_EFAILED);
    expect_damage(&options);
    assert_int_equal(options.n_failures, ITEMS);
    spoils = 0;
    expect_honest_map(pool);
    crew_close(pool);
}

/* ---- what would never end ------------------------------------------------------------------------------------- */

static void set_claims_back(spk_worker_t *worker)
{
    unsigned slot = atomic_load(&worker->seat->looking) - 1;

    spk_lane_init(&worker->head->jobs[slot].lanes[0], 0, ITEMS);
    fake_die(11, 0);
}

static void give_all_back(spk_worker_t *worker)
{
    unsigned slot = atomic_load(&worker->seat->looking) - 1;
    spk_job_t *job = &worker->head->jobs[slot];
    spk_entry_t *entry = spk_worker_entry(worker, SPK_ENTRY_REST, job, slot, 0);

    entry->count = job->count;
    spk_worker_publish(worker);
}

/* An item that makes itself come again, each time that it is run. */
static void an_item_that_comes_again_and_again_is_given_up(void **state)
{
    static const spoil_t ways[] = { set_claims_back, give_all_back };
    spork_map_t options;
    int workers;
    size_t i;

    (void)state;
    for (workers = 1; workers <= 2; workers++) {
        for (i = 0; i < LENGTH(ways); i++) {
            spork_pool_t *pool = open_pool(workers);

            spoil = ways[i];
            spoils = 1000000;
            assert_int_equal(run_map(pool, &options), SPORK_EFAILED);
            assert_true(options.n_failures > 0 && options.n_failures <= ITEMS);
            assert_non_null(strstr(options.failures[options.n_failures - 1].message, "damaged"));
            spoils = 0;
            expect_honest_map(pool);
            crew_close(pool);
        }
    }
}

/* What honest workers give back is no sign of it, however often it goes round. */
static void what_is_given_back_by_who_has_served_enough_is_not_counted(void **state)
{
    static const int in[64] = { 1 };
    static int doubled[64];
    spork_pool_t *pool;
    spork_config_t config;
    spork_map_t options;
    apr_size_t chunk;

    (void)state;
    spoils = 0;
    for (chunk = 0; chunk <= 7; chunk++) {
        crew_reset(&config, 2);
        config.max_tasks = 1;
        assert_int_equal(spork_pool_create(&pool, &config, NULL), APR_SUCCESS);
        memset(&options, 0, sizeof options);
        options.chunk = chunk;
        assert_int_equal(spork_map(pool, twice, in, sizeof *in, doubled, sizeof *doubled, 64, &options),
                         APR_SUCCESS);
        assert_true(fake.n_processes >= 64);
        assert_int_equal(pool->impossible, 0);
        crew_close(pool);
    }
}

/* ---- one worker's impossible words ------------------------------------------------------------------------------ */

static int impossible_looks;

/* Worker 0 says that it runs what it cannot, and does nothing else; worker 1 is stuck in its item meanwhile. */
static int say_the_impossible(void)
{
    spk_seat_t *seat = &fake.head->seats[0];

    if (fake.n_kills > 0) return crew_work();
    impossible_looks++;
    atomic_store(&seat->cur, spk_cur_pack(SPK_CUR_RUNNING, SPK_SLOTS - 1, 0, 5));
    atomic_store(&seat->mood, SPK_MOOD_AWAKE);
    return crew_watch();
}

static void who_says_the_impossible_of_itself_is_replaced(void **state)
{
    spork_pool_t *pool = open_pool(1);

    (void)state;
    impossible_looks = 0;
    fake.on_wait = say_the_impossible;
    expect_honest_map(pool);
    assert_true(impossible_looks > 1);
    assert_int_equal(fake.n_kills, 1);
    assert_int_equal(fake.n_processes, 2);
    crew_close(pool);
}

/* It ends its worker, each time, and says that it was never begun. */
static void hide_and_die(spk_worker_t *worker)
{
    atomic_store(&worker->seat->cur, 0);
    fake_die(11, 0);
}

static void an_item_that_hides_is_not_run_for_ever(void **state)
{
    spork_pool_t *pool = open_pool(2);
    spork_map_t options;
    apr_size_t i;

    (void)state;
    spoil = hide_and_die;
    spoils = 1000000;
    assert_int_equal(run_map(pool, &options), SPORK_EFAILED);
    assert_int_equal(options.n_failures, ITEMS);
    for (i = 0; i < ITEMS; i++) assert_int_equal(options.failures[i].status, SPORK_ECRASHED);
    spoils = 0;
    expect_honest_map(pool);
    crew_close(pool);
}

static void hide_and_hang(spk_worker_t *worker)
{
    atomic_store(&worker->seat->cur, 0);
    fake_hang();
}

static spork_pool_t *to_interrupt;

static int interrupt_when_spoilt(void)
{
    if (spoils == 0 && to_interrupt != NULL) {
        spork_pool_interrupt(to_interrupt);
        to_interrupt = NULL;
    }
    return crew_work();
}

/* Nobody sees at what it is, but that it holds some of the map. Ten seconds later all workers would have been ended. */
static void an_interrupt_ends_who_hides(void **state)
{
    spork_pool_t *pool = open_pool(2);
    spork_map_t options;
    uint64_t begun = fake.now;
    apr_size_t i;

    (void)state;
    to_interrupt = pool;
    fake.on_wait = interrupt_when_spoilt;
    do_once(pool, hide_and_hang, &options, SPORK_EFAILED);
    assert_true(options.n_failures > 0);
    for (i = 0; i < options.n_failures; i++) assert_int_equal(options.failures[i].status, SPORK_ECANCELLED);
    assert_true(fake.now - begun < UINT64_C(1000000000));
    assert_int_equal(fake.n_kills, 1);
    expect_honest_map(pool);
    crew_close(pool);
}

/* ---- when it does not stop ------------------------------------------------------------------------------------------ */

static void a_pool_that_is_damaged_again_and_again_is_given_up(void **state)
{
    spork_pool_t *pool = open_pool(2);
    spork_map_t options;
    apr_status_t status = APR_SUCCESS;
    int maps;

    (void)state;
    spoil = lose_lanes;
    spoils = 1000;
    for (maps = 0; maps < 50 && pool->broken == APR_SUCCESS; maps++) status = run_map(pool, &options);
    assert_true(maps > 2 && maps < 50);
    assert_int_equal(status, SPORK_EFAILED);
    assert_non_null(strstr(spork_error(), "damaged"));
    assert_int_equal(run_map(pool, &options), SPORK_EFAILED);
    crew_close(pool);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(hidden_jobs_are_shown_again),
        cmocka_unit_test(who_is_started_later_finds_what_the_first_found),
        cmocka_unit_test(who_is_started_later_does_not_keep_what_the_first_wrote_into_its_seat),
        cmocka_unit_test(a_job_that_nobody_can_finish_is_given_up),
        cmocka_unit_test(every_item_ends_once_whoever_asked_for_it),
        cmocka_unit_test(memory_of_the_hosts_stays_where_it_is),
        cmocka_unit_test(a_job_that_kills_whoever_looks_is_given_up),
        cmocka_unit_test(an_item_that_comes_again_and_again_is_given_up),
        cmocka_unit_test(what_is_given_back_by_who_has_served_enough_is_not_counted),
        cmocka_unit_test(who_says_the_impossible_of_itself_is_replaced),
        cmocka_unit_test(an_item_that_hides_is_not_run_for_ever),
        cmocka_unit_test(an_interrupt_ends_who_hides),
        cmocka_unit_test(a_pool_that_is_damaged_again_and_again_is_given_up),
    };

    if (spork_init(NULL, NULL, tasks) != APR_SUCCESS) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
