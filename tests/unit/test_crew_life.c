/*
 * A crew's life over a scripted system: workers that cannot be started, are never ready, die while they start,
 * idle, or at work, overrun, or do not listen.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crew.h"

#include "role.h"
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define ITEMS 100

/* ---- the task ----------------------------------------------------------------------------------------- */

static int victim;       /* the item that ends its worker; negative: none, */
static int victims_left; /* so often, */
static spk_os_exit_t by; /* by this */

static apr_status_t half(spork_task_t *task, const void *in, void *out)
{
    if ((int)spork_task_index(task) == victim && victims_left > 0) {
        victims_left--;
        fake_die(by.signal, by.exit_code);
    }
    *(int *)out = *(const int *)in / 2;
    return APR_SUCCESS;
}

static apr_status_t prepare(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(half), SPORK_ENTRY(prepare), SPORK_END };

static spork_config_t config;
static spork_pool_t *pool;
static spork_map_t options;
static int in[ITEMS], out[ITEMS];

static void reset(int workers)
{
    crew_reset(&config, workers);
    victim = -1;
    victims_left = 1;
    by.signal = 0;
    by.exit_code = 0;
    pool = NULL;
}

static void open_pool(void)
{
    assert_int_equal(spork_pool_create(&pool, &config, NULL), APR_SUCCESS);
}

static apr_status_t run_map(size_t chunk)
{
    int i;

    memset(&options, 0, sizeof options);
    options.chunk = chunk;
    for (i = 0; i < ITEMS; i++) in[i] = 2 * i;
    memset(out, 0xff, sizeof out);
    return spork_map(pool, half, in, sizeof *in, out, sizeof *out, ITEMS, &options);
}

static void expect_results_but_of(int failed)
{
    int i;

    for (i = 0; i < ITEMS; i++)
        if (i != failed) assert_int_equal(out[i], i);
}

static void expect_good_map(void)
{
    assert_int_equal(run_map(1), APR_SUCCESS);
    assert_int_equal(options.n_failures, 0);
    expect_results_but_of(-1);
}

static int count_alive(void)
{
    int p, n = 0;

    for (p = 0; p < fake.n_processes; p++) n += fake.processes[p].alive;
    return n;
}

/* ---- creation --------------------------------------------------------------------------------------------- */

static void expect_no_pool(apr_status_t expected, const char *words)
{
    assert_int_equal(spork_pool_create(&pool, &config, NULL), expected);
    assert_null(pool);
    if (strstr(spork_error(), words) == NULL) fail_msg("\"%s\" is not in \"%s\"", words, spork_error());
    crew_close(NULL);
}

static void all_start(void **state)
{
    static const int sizes[] = { 1, 2, 5, 13, 300 };
    size_t i;

    (void)state;
    for (i = 0; i < LENGTH(sizes); i++) {
        reset(sizes[i]);
        open_pool();
        assert_int_equal(fake.n_starts, sizes[i]);
        expect_good_map();
        assert_int_equal(fake.n_starts, sizes[i]);
        assert_int_equal(fake.n_kills, 0);
        crew_close(pool);
    }
}

static void start_nothing(int process)
{
    (void)process;
}

static void who_is_never_ready_is_given_up(void **state)
{
    uint64_t begun;

    (void)state;
    reset(3);
    config.start_timeout = 250000;
    fake.on_start = start_nothing;
    begun = fake.now;
    expect_no_pool(SPORK_ESTART, "start_timeout");
    assert_int_equal(fake.n_starts, 3);
    assert_true(fake.now - begun >= SECOND / 4);
    assert_true(fake.now - begun <= SECOND / 4 + SECOND / 10);
}

static void start_all_but_one(int process)
{
    if (fake.processes[process].member != 2) fake_be_ready(process);
}

static void one_who_is_never_ready_spoils_the_pool(void **state)
{
    (void)state;
    reset(5);
    config.start_timeout = 250000;
    fake.on_start = start_all_but_one;
    expect_no_pool(SPORK_ESTART, "start_timeout");
    assert_int_equal(fake.n_starts, 5);
}

static int ready_after; /* waits */

static int be_ready_late(void)
{
    int p;

    if (--ready_after > 0) return crew_watch();
    for (p = 0; p < fake.n_processes && ready_after == 0; p++) fake_be_ready(p);
    return crew_work();
}

static void who_is_slow_is_waited_for(void **state)
{
    (void)state;
    reset(3);
    config.start_timeout = 250000;
    fake.on_start = start_nothing;
    fake.on_wait = be_ready_late;
    ready_after = 3;
    open_pool();
    expect_good_map();
    assert_int_equal(fake.n_starts, 3);
    crew_close(pool);
}

static void a_start_that_fails_at_any_worker_leaves_none(void **state)
{
    int workers = 5, k;

    (void)state;
    for (k = 1; k <= workers; k++) {
        reset(workers);
        fake.fail_start = k;
        fake.fail_status = APR_ENOPROC;
        expect_no_pool(SPORK_ESTART, "cannot be started");
        assert_int_equal(fake.n_starts, k);
        assert_int_equal(fake.n_processes, k - 1);
    }
    reset(workers);
    fake.fail_start = workers + 1;
    open_pool();
    crew_close(pool);
}

static void a_start_is_tried_again_where_that_may_help(void **state)
{
    int workers = 3, k;

    (void)state;
    for (k = 1; k <= workers; k++) {
        reset(workers);
        fake.fail_start = k;
        fake.fail_more = 3;
        fake.fail_status = APR_EAGAIN;
        open_pool();
        assert_int_equal(fake.n_starts, workers + 4);
        assert_int_equal(fake.n_processes, workers);
        expect_good_map();
        crew_close(pool);
    }
}

static void a_start_is_not_tried_for_ever(void **state)
{
    int workers = 3, k;
    uint64_t before;

    (void)state;
    for (k = 1; k <= workers; k++) {
        reset(workers);
        before = fake.now;
        fake.fail_start = k;
        fake.fail_more = 1000;
        fake.fail_status = APR_EAGAIN;
        expect_no_pool(SPORK_ESTART, "cannot be started");
        assert_int_equal(fake.n_starts, k + 4);
        assert_int_equal(fake.n_processes, k - 1);
        assert_in_range(fake.now - before, SECOND / 10, SECOND);
    }
}

static void without_bells_or_memory_nothing_is_started(void **state)
{
    int workers = 3, k;

    (void)state;
    for (k = 1; k <= workers + 1; k++) {
        reset(workers);
        fake.fail_bell = k;
        expect_no_pool(APR_ENOMEM, "no handles");
        assert_int_equal(fake.n_starts, 0);
    }
    reset(workers);
    fake.fail_commit = 1;
    expect_no_pool(APR_ENOSPC, "no shared memory");
    assert_int_equal(fake.n_starts, 0);
}

/* ---- starts that come to nothing -------------------------------------------------------------------------------- */

static spk_os_exit_t stillborn_by;
static uint32_t stillborn_in; /* this phase */

static void be_stillborn(int process)
{
    atomic_store(&fake.head->seats[fake.processes[process].member].phase, stillborn_in);
    fake_end(process, stillborn_by.signal, stillborn_by.exit_code);
}

static void reset_stillborn(int workers, uint32_t phase, int signal, uint32_t exit_code)
{
    reset(workers);
    stillborn_in = phase;
    stillborn_by.signal = signal;
    stillborn_by.exit_code = exit_code;
    fake.on_start = be_stillborn;
}

static void who_dies_while_starting_is_replaced_a_few_times(void **state)
{
    (void)state;
    reset_stillborn(1, SPK_PHASE_STARTING, 11, 0);
    expect_no_pool(SPORK_ESTART, "signal 11");
    assert_in_range(fake.n_starts, 2, 8);
    reset_stillborn(5, SPK_PHASE_ENTERED, 0, 3);
    expect_no_pool(SPORK_ESTART, "exit code 3");
    assert_in_range(fake.n_starts, 5, 8 + 5);
}

static void with_an_initializer_fewer_times(void **state)
{
    (void)state;
    reset_stillborn(1, SPK_PHASE_ENTERED, 6, 0);
    config.initializer = prepare;
    expect_no_pool(SPORK_EINITIALIZER, "signal 6");
    assert_in_range(fake.n_starts, 1, 3);
}

static char unfit_words[SPK_WORDS];

static void be_unfit(int process)
{
    spk_seat_t *seat = &fake.head->seats[fake.processes[process].member];

    memcpy(seat->words, unfit_words, sizeof seat->words);
    seat->unfit = APR_EGENERAL;
    be_stillborn(process);
}

static void reset_unfit(const void *words, size_t size)
{
    reset_stillborn(2, SPK_PHASE_UNFIT, 0, 1);
    config.initializer = prepare;
    fake.on_start = be_unfit;
    memset(unfit_words, 'x', sizeof unfit_words);
    memcpy(unfit_words, words, size);
}

static void the_initializers_words_are_told_within_bounds(void **state)
{
    (void)state;
    reset_unfit("no such table", sizeof "no such table");
    expect_no_pool(SPORK_EINITIALIZER, "no such table");
    assert_null(strstr(spork_error(), "tablex"));
    assert_in_range(fake.n_starts, 1, 3);
    reset_unfit("", 0);
    expect_no_pool(SPORK_EINITIALIZER, "xxxxxxxx");
    assert_true(strlen(spork_error()) < SPK_WORDS + 100);
}

static void another_build_is_told_at_once(void **state)
{
    (void)state;
    reset_stillborn(3, SPK_PHASE_STARTING, 0, SPK_EXIT_MISMATCH);
    expect_no_pool(SPORK_EMISMATCH, "executable");
    assert_int_equal(fake.n_starts, 3);
    /* who has got further has passed that check: an initializer may end with this code, too */
    reset_stillborn(1, SPK_PHASE_ENTERED, 0, SPK_EXIT_MISMATCH);
    expect_no_pool(SPORK_ESTART, "exit code 86");
}

static int stillborn_left;

static void be_stillborn_at_first(int process)
{
    if (stillborn_left-- > 0)
        be_stillborn(process);
    else
        fake_be_ready(process);
}

static void a_few_bad_starts_are_overcome(void **state)
{
    (void)state;
    reset_stillborn(2, SPK_PHASE_STARTING, 9, 0);
    fake.on_start = be_stillborn_at_first;
    stillborn_left = 5;
    open_pool();
    assert_int_equal(fake.n_starts, 7);
    expect_good_map();
    crew_close(pool);
}

/* ---- deaths of the idle -------------------------------------------------------------------------------------------- */

static void the_idle_dead_are_replaced(void **state)
{
    int workers, k, m;

    (void)state;
    for (workers = 1; workers <= 5; workers++) {
        for (k = 1; k <= workers; k++) {
            reset(workers);
            open_pool();
            for (m = 0; m < k; m++) fake_end(fake_process_of(m), 9, 0);
            expect_good_map();
            expect_good_map();
            assert_int_equal(count_alive(), workers);
            assert_int_equal(fake.n_starts, workers + k);
            crew_close(pool);
        }
    }
}

/* Large memory that is freed goes back to the system, which may have none when it is wanted again. */
static void memory_given_back_is_asked_for_again(void **state)
{
    const size_t size = (size_t)8 << 20;
    void *memory, *keeper;

    (void)state;
    reset(1);
    config.arena_size = 4 * size;
    open_pool();
    assert_non_null(memory = spork_alloc(pool, size));
    assert_non_null(keeper = spork_alloc(pool, 1));
    assert_int_equal(fake.n_restores, 0);
    spork_free(pool, memory);
    fake.fail_restore = 1;
    assert_null(spork_alloc(pool, size));
    assert_int_equal(fake.n_restores, 1);
    assert_ptr_equal(spork_alloc(pool, size), memory);
    assert_int_equal(fake.n_restores, 2);
    spork_free(pool, keeper);
    crew_close(pool);
}

static int idle_deaths_left;
static uint64_t idle_starts[64];
static int n_idle_starts;

static void note_start(int process)
{
    if (n_idle_starts < (int)LENGTH(idle_starts)) idle_starts[n_idle_starts++] = fake.now;
    fake_be_ready(process);
}

/* Whoever is seen ready dies before it takes anything. */
static int die_idle(void)
{
    int p = fake_process_of(0);

    if (p < 0 || idle_deaths_left == 0) return crew_work();
    idle_deaths_left--;
    fake_end(p, 9, 0);
    return crew_watch();
}

static void idle_deaths_in_a_row_are_damped(void **state)
{
    uint64_t before;
    int i;

    (void)state;
    reset(1);
    open_pool();
    idle_deaths_left = 19; /* more, and the job would be taken for deadly: recover.c */
    n_idle_starts = 0;
    fake.on_start = note_start;
    fake.on_wait = die_idle;
    expect_good_map();
    assert_int_equal(n_idle_starts, 19);
    for (i = 15; i < 19; i++) { /* by now about a second lies between two */
        assert_true(idle_starts[i] - idle_starts[i - 1] >= SECOND / 2);
        assert_true(idle_starts[i] - idle_starts[i - 1] <= 2 * SECOND);
    }
    assert_true(idle_starts[1] - idle_starts[0] <= SECOND / 5);
    /* work done in between makes good for it */
    before = fake.now;
    fake_end(fake_process_of(0), 9, 0);
    expect_good_map();
    assert_true(fake.now - before <= SECOND / 5);
    crew_close(pool);
}

static void be_ready_and_die(int process)
{
    fake_be_ready(process);
    fake_end(process, 9, 0);
}

/* Each is ready before it dies, so no start fails; but they never are all ready at once. */
static void who_dies_as_soon_as_it_is_ready_makes_no_pool(void **state)
{
    (void)state;
    for (int initializer = 0; initializer < 2; initializer++) {
        reset(2);
        if (initializer) config.initializer = prepare;
        fake.on_start = be_ready_and_die;
        expect_no_pool(SPORK_ESTART,
                       "24 workers in a row ended as soon as they were ready; the last by signal 9");
    }
}

static int fail_all_starts(void)
{
    fake.fail_start = fake.n_starts + 1;
    return crew_work();
}

/* Who has served something before it dies is replaced at once, however often: damping is for deaths that come to
 * nothing. The plain successes of a map are told to nobody; that they were finished has to be seen all the same. */
static void who_dies_after_its_work_is_replaced_at_once(void **state)
{
    uint64_t died_at;
    int i;

    (void)state;
    reset(1);
    open_pool();
    fake.on_start = note_start;
    for (i = 0; i < 30; i++) {
        expect_good_map();
        n_idle_starts = 0;
        died_at = fake.now;
        fake_end(fake_process_of(0), 9, 0);
        expect_good_map();
        assert_int_equal(n_idle_starts, 1);
        assert_true(idle_starts[0] - died_at <= SECOND / 10); /* one look around: nobody rang */
    }
    assert_int_equal(fake.n_starts, 31);
    crew_close(pool);
}

/* The same amid its work: a death that costs an item is one that came to something. */
static void who_dies_at_its_work_is_replaced_at_once(void **state)
{
    uint64_t begun;

    (void)state;
    reset(1);
    config.retries = 40;
    open_pool();
    victim = 5;
    victims_left = 30;
    by.signal = 9;
    begun = fake.now;
    expect_good_map();
    assert_int_equal(victims_left, 0);
    assert_int_equal(fake.n_starts, 31);
    assert_true(fake.now - begun <= 31 * (SECOND / 10));
    crew_close(pool);
}

static void when_the_dead_cannot_be_replaced_the_call_ends(void **state)
{
    size_t i;

    (void)state;
    reset(1);
    open_pool();
    fake.fail_status = APR_ENOPROC;
    fake.fail_start = fake.n_starts + 1;
    fake.on_wait = fail_all_starts;
    fake_end(fake_process_of(0), 9, 0);
    assert_int_equal(run_map(1), SPORK_ESTART);
    assert_non_null(strstr(spork_error(), "cannot be started"));
    assert_int_equal(options.n_failures, ITEMS);
    for (i = 0; i < ITEMS; i++) {
        assert_int_equal(options.failures[i].index, i);
        assert_int_equal(options.failures[i].status, SPORK_ECANCELLED);
        assert_int_equal(options.failures[i].attempts, 0);
    }
    assert_in_range(fake.n_starts, 3, 20);
    assert_int_equal(run_map(1), SPORK_ESTART);
    crew_close(pool);
}

static void who_gains_threads_spawns_replacements(void **state)
{
    (void)state;
    reset(2);
    config.start = SPORK_START_AUTO;
    fake.facts.fork_by_default = 1;
    open_pool();
    assert_int_equal(spork_pool_start(pool), SPORK_START_FORK);
    assert_true(fake.processes[0].forked && fake.processes[1].forked);
    fake_end(fake_process_of(0), 9, 0);
    expect_good_map();
    assert_true(fake.processes[2].forked);
    fake.threads = 2;
    fake_end(fake_process_of(0), 9, 0);
    expect_good_map();
    assert_false(fake.processes[3].forked);
    crew_close(pool);
}

/* ---- deaths at work ---------------------------------------------------------------------------------------------------- */

static void expect_crash(int workers, size_t chunk, int signal, uint32_t exit_code)
{
    reset(workers);
    open_pool();
    victim = ITEMS / 3;
    by.signal = signal;
    by.exit_code = exit_code;
    assert_int_equal(run_map(chunk), SPORK_EFAILED);
    assert_int_equal(options.n_failures, 1);
    assert_int_equal(options.failures[0].index, victim);
    assert_int_equal(options.failures[0].status, SPORK_ECRASHED);
    assert_int_equal(options.failures[0].signal, signal);
    assert_int_equal(options.failures[0].exit_code, exit_code);
    assert_int_equal(options.failures[0].attempts, 1);
    expect_results_but_of(victim);
    expect_good_map();
    assert_int_equal(count_alive(), workers);
    assert_int_equal(fake.n_starts, workers + 1);
    crew_close(pool);
}

static void a_crash_costs_one_item(void **state)
{
    static const size_t chunks[] = { 0, 1, 7, ITEMS };
    int workers;
    size_t i;

    (void)state;
    for (workers = 1; workers <= 3; workers++) {
        for (i = 0; i < LENGTH(chunks); i++) {
            expect_crash(workers, chunks[i], 11, 0);
            expect_crash(workers, chunks[i], 0, 3);
            expect_crash(workers, chunks[i], 0, 0);
        }
    }
}

/* Only under a limit, and only if the system says so. */
static void a_death_of_memory_is_told_as_such(void **state)
{
    int limited, told;

    (void)state;
    for (limited = 0; limited <= 1; limited++) {
        for (told = 0; told <= 1; told++) {
            reset(2);
            config.memory_limit = limited ? SPORK_MEMORY_LIMIT_MIN : 0;
            open_pool();
            assert_int_equal(fake.processes[0].worker.kit.memory_limit, config.memory_limit);
            victim = ITEMS / 3;
            by.exit_code = 23;
            fake.no_memory = told;
            assert_int_equal(run_map(1), SPORK_EFAILED);
            assert_int_equal(options.n_failures, 1);
            assert_int_equal(options.failures[0].status, limited && told ? SPORK_EMEMORY : SPORK_ECRASHED);
            assert_int_equal(options.failures[0].exit_code, 23);
            assert_int_equal(fake.processes[fake_process_of(0)].worker.kit.memory_limit, config.memory_limit);
            assert_int_equal(fake.processes[fake_process_of(1)].worker.kit.memory_limit, config.memory_limit);
            crew_close(pool);
        }
    }
}

static void retries_are_counted(void **state)
{
    (void)state;
    reset(2);
    config.retries = 2;
    open_pool();
    victim = 5;
    victims_left = 2;
    by.signal = 9;
    expect_good_map();
    victims_left = 100;
    assert_int_equal(run_map(1), SPORK_EFAILED);
    assert_int_equal(options.n_failures, 1);
    assert_int_equal(options.failures[0].attempts, 3);
    assert_int_equal(victims_left, 97);
    expect_results_but_of(5);
    crew_close(pool);
}

/* ---- deadlines -------------------------------------------------------------------------------------------------------------- */

static uint64_t stuck_since;

/* Worker 0 takes the next item of the first open job and stays in it. */
static int get_stuck(void)
{
    spk_worker_t *worker = &fake.processes[fake_process_of(0)].worker;
    unsigned slot = (unsigned)(pool->serials - 1) % SPK_SLOTS;
    spk_range_t range;

    if (stuck_since != 0) return crew_watch();
    assert_true(atomic_load(&worker->head->open) >> slot & 1);
    atomic_store(&worker->seat->looking, slot + 1);
    assert_true(spk_claim(&worker->head->jobs[slot], slot, 0, worker->head->seats, 1, 0, 0, &range));
    assert_int_equal(range.begin, 0);
    atomic_store(&worker->seat->started, fake.now);
    atomic_store(&worker->seat->cur, spk_cur_pack(SPK_CUR_RUNNING, slot, 0, range.begin));
    stuck_since = fake.now;
    return crew_watch();
}

static uint64_t killed_at;

static int get_stuck_once(void)
{
    if (fake.n_kills > 0) {
        if (killed_at == 0) killed_at = fake.now;
        return crew_work();
    }
    return get_stuck();
}

static void who_overruns_is_ended(void **state)
{
    (void)state;
    reset(1);
    config.timeout = 330000;
    open_pool();
    stuck_since = killed_at = 0;
    fake.on_wait = get_stuck_once;
    assert_int_equal(run_map(1), SPORK_EFAILED);
    assert_int_equal(fake.n_kills, 1);
    assert_int_equal(fake.n_starts, 2);
    assert_int_equal(options.n_failures, 1);
    assert_int_equal(options.failures[0].index, 0);
    assert_int_equal(options.failures[0].status, SPORK_EDEADLINE);
    assert_int_equal(options.failures[0].signal, 0);
    assert_int_equal(options.failures[0].exit_code, 0);
    expect_results_but_of(0);
    assert_true(killed_at - stuck_since >= UINT64_C(330000000));
    assert_true(killed_at - stuck_since <= UINT64_C(340000000));
    expect_good_map();
    crew_close(pool);
}

static int busy_waits;

/* Nobody takes anything for longer than the limit: what waits does not grow old. */
static int be_busy_elsewhere(void)
{
    return busy_waits-- > 0 ? crew_watch() : crew_work();
}

static void waiting_in_the_queue_does_not_count(void **state)
{
    (void)state;
    reset(2);
    config.timeout = 50000;
    open_pool();
    busy_waits = 12; /* a worker that is nowhere for a second more than the limit is ended: recover.c */
    fake.on_wait = be_busy_elsewhere;
    expect_good_map();
    assert_int_equal(fake.n_kills, 0);
    assert_true(busy_waits < 0);
    crew_close(pool);
}

/* ---- waiting ------------------------------------------------------------------------------------------------------------------- */

static int spurious_left;

/* Something happened, says the system, but nothing did. */
static int wake_for_nothing(void)
{
    if (spurious_left-- > 0) {
        (void)crew_watch();
        return 1;
    }
    spurious_left = 7;
    return crew_work();
}

static void spurious_wake_ups_are_harmless(void **state)
{
    (void)state;
    reset(2);
    config.start_timeout = 250000;
    fake.on_start = start_nothing;
    fake.on_wait = wake_for_nothing;
    spurious_left = 1000;
    expect_no_pool(SPORK_ESTART, "start_timeout");
    reset(2);
    fake.on_wait = wake_for_nothing;
    spurious_left = 1000;
    open_pool();
    expect_good_map();
    victim = 50;
    spurious_left = 1000;
    assert_int_equal(run_map(1), SPORK_EFAILED);
    assert_int_equal(options.n_failures, 1);
    assert_int_equal(spork_pool_close(pool), APR_SUCCESS);
    crew_close(pool);
}

static int interrupt_it(void)
{
    spork_pool_interrupt(pool);
    return crew_watch();
}

static void an_interrupt_ends_the_map(void **state)
{
    (void)state;
    reset(2);
    open_pool();
    fake.on_wait = interrupt_it;
    assert_int_equal(run_map(1), SPORK_EFAILED);
    assert_int_equal(options.n_failures, ITEMS);
    assert_int_equal(options.failures[7].status, SPORK_ECANCELLED);
    fake.on_wait = crew_work;
    expect_good_map();
    crew_close(pool);
}

/* ---- the end ---------------------------------------------------------------------------------------------------------------------- */

/* Workers that were told to end themselves do. */
static int retire(void)
{
    int p;

    for (p = 0; p < fake.n_processes; p++) {
        if (!fake.processes[p].alive || !atomic_load(&fake.head->closing)) continue;
        atomic_store(&fake.processes[p].worker.seat->phase, SPK_PHASE_RETIRED);
        fake_end(p, 0, 0);
    }
    return crew_work();
}

static void close_lets_the_idle_end_themselves(void **state)
{
    (void)state;
    reset(3);
    open_pool();
    fake.on_wait = retire;
    assert_int_equal(spork_pool_close(pool), APR_SUCCESS);
    assert_int_equal(fake.n_kills, 0);
    assert_int_equal(fake.n_starts, 3);
    assert_int_equal(run_map(1), SPORK_ECLOSED);
    crew_close(pool);
}

static void close_kills_who_does_not_listen(void **state)
{
    uint64_t begun;

    (void)state;
    reset(3);
    open_pool();
    begun = fake.now;
    assert_int_equal(spork_pool_close(pool), APR_SUCCESS);
    assert_true(fake.now - begun <= 3 * SECOND);
    assert_int_equal(fake.n_kills, 3);
    assert_int_equal(count_alive(), 0);
    assert_int_equal(spork_pool_close(pool), APR_SUCCESS);
    crew_close(pool);
}

static void terminate_does_not_wait_for_ever(void **state)
{
    uint64_t begun;

    (void)state;
    reset(3);
    open_pool();
    fake.deaf_to_kill = 1;
    begun = fake.now;
    assert_int_equal(spork_pool_terminate(pool), APR_SUCCESS);
    assert_true(fake.now - begun <= 11 * SECOND);
    crew_close(pool); /* there they are waited for by the system's own word */
}

/* In a child that the host forked: the workers and the segment are the parent's. */
static void another_process_only_frees(void **state)
{
    spork_future_t *future;
    int i = 0;

    (void)state;
    reset(3);
    open_pool();
    assert_int_equal(spork_submit(&future, pool, half, &i, sizeof i), APR_SUCCESS);
    fake.pid++;
    assert_int_equal(run_map(1), APR_EINVAL);
    assert_int_equal(spork_pool_close(pool), APR_EINVAL);
    assert_int_equal(spork_pool_terminate(pool), APR_EINVAL);
    spork_pool_destroy(pool);
    assert_int_equal(fake.n_kills, 0);
    for (i = 0; i < 3; i++) assert_false(fake.processes[i].reaped);
    assert_int_equal(fake.n_segments, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_start),
        cmocka_unit_test(who_is_never_ready_is_given_up),
        cmocka_unit_test(one_who_is_never_ready_spoils_the_pool),
        cmocka_unit_test(who_is_slow_is_waited_for),
        cmocka_unit_test(a_start_that_fails_at_any_worker_leaves_none),
        cmocka_unit_test(a_start_is_tried_again_where_that_may_help),
        cmocka_unit_test(a_start_is_not_tried_for_ever),
        cmocka_unit_test(without_bells_or_memory_nothing_is_started),
        cmocka_unit_test(who_dies_while_starting_is_replaced_a_few_times),
        cmocka_unit_test(with_an_initializer_fewer_times),
        cmocka_unit_test(the_initializers_words_are_told_within_bounds),
        cmocka_unit_test(another_build_is_told_at_once),
        cmocka_unit_test(a_few_bad_starts_are_overcome),
        cmocka_unit_test(the_idle_dead_are_replaced),
        cmocka_unit_test(memory_given_back_is_asked_for_again),
        cmocka_unit_test(idle_deaths_in_a_row_are_damped),
        cmocka_unit_test(who_dies_as_soon_as_it_is_ready_makes_no_pool),
        cmocka_unit_test(who_dies_after_its_work_is_replaced_at_once),
        cmocka_unit_test(who_dies_at_its_work_is_replaced_at_once),
        cmocka_unit_test(when_the_dead_cannot_be_replaced_the_call_ends),
        cmocka_unit_test(who_gains_threads_spawns_replacements),
        cmocka_unit_test(a_crash_costs_one_item),
        cmocka_unit_test(a_death_of_memory_is_told_as_such),
        cmocka_unit_test(retries_are_counted),
        cmocka_unit_test(who_overruns_is_ended),
        cmocka_unit_test(waiting_in_the_queue_does_not_count),
        cmocka_unit_test(spurious_wake_ups_are_harmless),
        cmocka_unit_test(an_interrupt_ends_the_map),
        cmocka_unit_test(close_lets_the_idle_end_themselves),
        cmocka_unit_test(close_kills_who_does_not_listen),
        cmocka_unit_test(terminate_does_not_wait_for_ever),
        cmocka_unit_test(another_process_only_frees),
    };

    if (spork_init(NULL, NULL, tasks) != APR_SUCCESS) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
