/*
 * Progress over a scripted system: when a line is drawn, what it says of honest and of lying workers, when the program
 * is told.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crew.h"

#include "progress.h"
#include <string.h>

#define MS UINT64_C(1000000)

static int rests; /* waits in which nobody does anything */
static void (*in_task)(spork_task_t *task);

static apr_status_t work(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    if (in_task != NULL) in_task(task);
    return spork_task_index(task) % 4 == 3 ? APR_EGENERAL : APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(work), SPORK_END };

static int rest_then_work(void)
{
    if (rests == 0) return crew_work();
    rests--;
    return crew_watch();
}

/* ---- the program's own display -------------------------------------------------------------------------------- */

static spork_progress_t heard[64];
static spork_progress_worker_t heard_workers[64][2];
static uint64_t heard_at[64];
static int n_heard;
static void (*on_heard)(void);

static void hear(void *baton, const spork_progress_t *progress)
{
    assert_true(n_heard < (int)LENGTH(heard));
    assert_ptr_equal(baton, &heard);
    heard[n_heard] = *progress;
    if (progress->n_workers <= 2)
        memcpy(heard_workers[n_heard], progress->workers,
               sizeof *progress->workers * (size_t)progress->n_workers);
    heard_at[n_heard++] = fake.now;
    if (on_heard != NULL) on_heard();
}

static spork_pool_t *open_pool(int columns, int progress, int listens, apr_interval_time_t interval)
{
    spork_config_t config;
    spork_pool_t *pool;

    crew_reset(&config, 2);
    fake.columns = columns;
    fake.on_wait = rest_then_work;
    config.progress = progress;
    config.progress_label = "unit";
    if (listens) config.progress_fn = hear;
    config.progress_baton = &heard;
    config.progress_interval = interval;
    rests = n_heard = 0;
    in_task = NULL;
    on_heard = NULL;
    assert_int_equal(spork_pool_create(&pool, &config, NULL), APR_SUCCESS);
    return pool;
}

static void submit_and_wait(spork_pool_t *pool, int n, int n_rests)
{
    spork_future_t *future;

    for (int i = 0; i < n; i++) assert_int_equal(spork_submit(&future, pool, work, NULL, 0), APR_SUCCESS);
    rests = n_rests;
    while (spork_wait_any(pool, -1, &future) == APR_SUCCESS) spork_future_destroy(future);
}

/* ---- the line ------------------------------------------------------------------------------------------------------ */

static void a_line_is_drawn_and_ended(void **state)
{
    spork_pool_t *pool = open_pool(60, 1, 0, 0);

    (void)state;
    submit_and_wait(pool, 4, 10); /* a second */
    assert_int_equal(fake.terminal[0], '\r');
    assert_non_null(strstr(fake.terminal, "\runit: 0/4 0% | - -"));
    assert_non_null(strstr(fake.terminal, "\runit: 4/4 100%, 1 failed, 4/s, in 0:01\n"));
    assert_string_equal(strchr(fake.terminal, '\n'), "\n");
    assert_in_range(fake.n_terminal, 5, 8); /* 0.5 s to 1 s, every tenth, and the end */
    crew_close(pool);
    assert_string_equal(strchr(fake.terminal, '\n'), "\n");
}

/* Submitted a few at a time: the total is what was said, and the batch goes on while the pool has nothing. */
static void the_total_may_be_told(void **state)
{
    spork_pool_t *pool = open_pool(60, 1, 0, 0);

    (void)state;
    spork_progress_total(NULL, 8);
    spork_progress_total(pool, 8);
    submit_and_wait(pool, 4, 10);
    assert_non_null(strstr(fake.terminal, "\runit: 0/8 0% | - -"));
    assert_null(strchr(fake.terminal, '\n'));
    submit_and_wait(pool, 4, 10);
    assert_non_null(strstr(fake.terminal, "\runit: 8/8 100%, 2 failed"));
    assert_string_equal(strchr(fake.terminal, '\n'), "\n");
    fake.n_terminal = 0;
    submit_and_wait(pool, 4, 10); /* of the next one nothing was said */
    assert_non_null(strstr(fake.terminal, "\runit: 4/4 100%, 1 failed, 4/s, in 0:01\n"));
    crew_close(pool);
}

static void a_total_that_is_not_reached_ends_with_the_pool(void **state)
{
    spork_pool_t *pool = open_pool(60, 1, 0, 0);

    (void)state;
    spork_progress_total(pool, 100);
    submit_and_wait(pool, 4, 10);
    assert_null(strchr(fake.terminal, '\n'));
    crew_close(pool);
    assert_non_null(strstr(fake.terminal, "\runit: 4/100 4%, 1 failed"));
    assert_string_equal(strchr(fake.terminal, '\n'), "\n");
}

static void a_short_batch_draws_nothing(void **state)
{
    spork_pool_t *pool = open_pool(60, 1, 0, 0);

    (void)state;
    for (int i = 0; i < 3; i++) submit_and_wait(pool, 4, 4);
    crew_close(pool);
    assert_int_equal(fake.n_terminal, 0);
}

static void nothing_is_drawn_without_a_terminal(void **state)
{
    spork_pool_t *pool = open_pool(-1, 1, 0, 0);

    (void)state;
    submit_and_wait(pool, 4, 20);
    fake.columns = 80; /* too late: the pool is made */
    submit_and_wait(pool, 4, 20);
    crew_close(pool);
    assert_int_equal(fake.n_terminal, 0);
}

static void nothing_is_drawn_unasked(void **state)
{
    spork_pool_t *pool = open_pool(80, 0, 0, 0);

    (void)state;
    submit_and_wait(pool, 4, 20);
    crew_close(pool);
    assert_int_equal(fake.n_terminal, 0);
}

static void nothing_is_drawn_in_the_background(void **state)
{
    spork_pool_t *pool = open_pool(0, 1, 0, 0);

    (void)state;
    submit_and_wait(pool, 4, 20);
    assert_int_equal(fake.n_terminal, 0);
    fake.columns = 40; /* fg */
    submit_and_wait(pool, 4, 20);
    assert_true(fake.n_terminal > 0);
    crew_close(pool);
}

static int narrow_then_work(void)
{
    if (rests == 5) fake.columns = 12;
    return rest_then_work();
}

/* What stood there is overwritten as far as the narrower row goes. */
static void the_width_is_asked_each_time(void **state)
{
    spork_pool_t *pool = open_pool(60, 1, 0, 0);

    (void)state;
    fake.on_wait = narrow_then_work;
    submit_and_wait(pool, 4, 15);
    assert_non_null(strstr(fake.terminal, "\runit: 0/4 0% | - -\r"));
    assert_non_null(strstr(fake.terminal, "\r0/4 0%     \b\b\b\b\b"));
    assert_non_null(strstr(fake.terminal, "\r4/4 100%\n"));
    crew_close(pool);
}

static spork_pool_t *watched;

static int clear_then_work(void)
{
    if (rests == 5) spork_progress_clear(watched);
    return rest_then_work();
}

static void the_line_can_be_cleared(void **state)
{
    static const char cleared[] = "\r                  \b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\b\r\runit: 0/4";
    spork_pool_t *pool = watched = open_pool(60, 1, 0, 0);

    (void)state;
    fake.on_wait = clear_then_work;
    spork_progress_clear(pool);
    spork_progress_clear(NULL);
    submit_and_wait(pool, 4, 15);
    assert_non_null(strstr(fake.terminal, cleared));
    spork_progress_clear(pool); /* it is ended */
    assert_string_equal(strchr(fake.terminal, '\n'), "\n");
    crew_close(pool);
}

static int interrupt_then_work(void)
{
    if (rests == 5) spork_pool_interrupt(watched);
    return rest_then_work();
}

/* The line is left as it is, and comes back in a new row. */
static void an_interrupted_wait_leaves_the_line(void **state)
{
    spork_pool_t *pool = watched = open_pool(60, 1, 0, 0);
    spork_future_t *future;

    (void)state;
    fake.on_wait = interrupt_then_work;
    assert_int_equal(spork_submit(&future, pool, work, NULL, 0), APR_SUCCESS);
    rests = 15;
    assert_int_equal(spork_future_wait(future, -1), SPORK_ECANCELLED);
    assert_string_equal(strchr(fake.terminal, '\n'), "\n");
    assert_int_equal(spork_future_wait(future, -1), APR_SUCCESS);
    assert_non_null(strstr(fake.terminal, "\n\runit: "));
    assert_int_equal(fake.terminal[fake.terminal_size - 1], '\n');
    crew_close(pool);
}

static void the_end_of_the_pool_ends_the_line(void **state)
{
    spork_future_t *future;

    (void)state;
    for (int way = 0; way < 3; way++) {
        spork_pool_t *pool = open_pool(60, 1, 0, 0);

        assert_int_equal(spork_submit(&future, pool, work, NULL, 0), APR_SUCCESS);
        rests = 100;
        assert_int_equal(spork_future_wait(future, 1000000), APR_TIMEUP);
        assert_null(strchr(fake.terminal, '\n'));
        if (way == 0) assert_int_equal(spork_pool_terminate(pool), APR_SUCCESS);
        if (way == 1) assert_int_equal(spork_pool_close(pool), APR_SUCCESS);
        crew_close(pool);
        assert_string_equal(strchr(fake.terminal, '\n'), "\n");
    }
}

/* ---- the program is told -------------------------------------------------------------------------------------------- */

static void it_is_told_at_its_interval(void **state)
{
    static const apr_interval_time_t given[] = { 0, 1, 250000 };
    static const uint64_t wanted[] = { 100, 100, 250 };

    (void)state;
    for (size_t k = 0; k < LENGTH(given); k++) {
        spork_pool_t *pool = open_pool(-1, 0, 1, given[k]);

        submit_and_wait(pool, 8, 20);
        assert_true(n_heard >= 3);
        for (int i = 1; i < n_heard - 1; i++)
            assert_in_range((heard_at[i] - heard_at[i - 1]) / MS, wanted[k], wanted[k] + 100);
        for (int i = 0; i < n_heard; i++) {
            assert_int_equal(heard[i].ended, i == n_heard - 1);
            assert_int_equal(heard[i].total, 8);
            assert_int_equal(heard[i].n_workers, 2);
        }
        assert_int_equal(heard[0].done, 0);
        assert_true(heard[0].left < 0);
        assert_int_equal(heard[n_heard - 1].done, 8);
        assert_int_equal(heard[n_heard - 1].failed, 2);
        crew_close(pool);
    }
}

static void call_back(void)
{
    spork_future_t *future;

    assert_int_equal(spork_submit(&future, watched, work, NULL, 0), APR_EINVAL);
    assert_int_equal(spork_wait_any(watched, 0, &future), APR_EINVAL);
    assert_int_equal(spork_map(watched, work, NULL, 0, NULL, 0, 1, NULL), APR_EINVAL);
    assert_int_equal(spork_pool_close(watched), APR_EINVAL);
    assert_int_equal(spork_pool_terminate(watched), APR_EINVAL);
    spork_pool_destroy(watched);
    spork_progress_clear(watched);
}

static void it_cannot_use_the_pool(void **state)
{
    spork_pool_t *pool = watched = open_pool(-1, 0, 1, 0);

    (void)state;
    on_heard = call_back;
    submit_and_wait(pool, 8, 5);
    assert_true(n_heard > 2);
    assert_int_equal(heard[n_heard - 1].done, 8);
    crew_close(pool);
}

static void interrupt_it(void)
{
    if (n_heard == 2) spork_pool_interrupt(watched);
}

static void it_can_interrupt(void **state)
{
    spork_pool_t *pool = watched = open_pool(-1, 0, 1, 0);
    spork_map_t options = { 0 };

    (void)state;
    on_heard = interrupt_it;
    rests = 5;
    assert_int_equal(spork_map(pool, work, NULL, 0, NULL, 0, 100, &options), SPORK_EFAILED);
    assert_int_equal(options.n_failures, 100);
    assert_true(heard[n_heard - 1].ended);
    assert_int_equal(heard[n_heard - 1].done, 100);
    assert_int_equal(heard[n_heard - 1].failed, 100);
    crew_close(pool);
}

/* ---- what it is told ---------------------------------------------------------------------------------------------------- */

static void run_for_ever(spork_task_t *task)
{
    spk_worker_t *worker = task->keeper;

    if (spork_task_index(task) < 40) return;
    atomic_store(&worker->seat->part, 1 + (SPK_PART_ALL - 1) / 4);
    fake_hang();
}

/* One job, of which the parent hears nothing before its end. */
static void a_map_is_counted_while_it_runs(void **state)
{
    spork_pool_t *pool = watched = open_pool(-1, 0, 1, 0);
    spork_map_t options = { 0 };

    (void)state;
    in_task = run_for_ever;
    on_heard = interrupt_it;
    options.chunk = 10;
    assert_int_equal(spork_map(pool, work, NULL, 0, NULL, 0, 100, &options), SPORK_EFAILED);
    /* worker 0 has done items 0-39 of its lane 0-49 and hangs in 40; worker 1 hangs in its first, 50 */
    assert_int_equal(heard[0].total, 100);
    assert_int_equal(heard[0].done, 40);
    assert_int_equal(heard[0].failed, 10);
    assert_int_equal(heard_workers[0][0].running, 1);
    assert_int_equal(heard_workers[0][0].index, 40);
    assert_true(heard_workers[0][0].part == 0.25);
    assert_int_equal(heard_workers[0][1].index, 50);
    crew_close(pool);
}

static void lie(spork_task_t *task)
{
    spk_worker_t *worker = task->keeper;
    static unsigned round;

    switch (round++ % 5) {
    case 0: atomic_store(&worker->seat->cur, UINT64_MAX); break;
    case 1: atomic_store(&worker->seat->cur, spk_cur_pack(SPK_CUR_RUNNING, 255, 15, 7)); break;
    case 2: atomic_store(&worker->seat->cur, spk_cur_pack(SPK_CUR_RUNNING, 0, 0, UINT32_MAX)); break;
    case 3: atomic_store(&worker->head->jobs[0].lanes[0].word, UINT64_MAX); break;
    default: memset(worker->seat->record, 0xa5, sizeof worker->seat->record); break;
    }
    atomic_store(&worker->seat->part, UINT32_MAX);
    fake_hang();
}

static void lies_stay_within_bounds(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        spork_pool_t *pool = watched = open_pool(80, 1, 1, 0);

        in_task = lie;
        on_heard = interrupt_it;
        (void)spork_map(pool, work, NULL, 0, NULL, 0, 100, NULL);
        assert_true(n_heard > 0);
        for (int k = 0; k < n_heard; k++) {
            assert_true(heard[k].done <= 100 && heard[k].total == 100);
            for (int m = 0; m < 2; m++) {
                assert_true(heard_workers[k][m].index < 100);
                assert_true(heard_workers[k][m].part <= 1);
            }
        }
        crew_close(pool);
    }
}

static void a_stream_of_unknown_length(void **state)
{
    spork_pool_t *pool = open_pool(60, 1, 1, 0);

    (void)state;
    spk_progress_begin(pool, SPK_UNKNOWN);
    spk_progress_count(pool, 5, 1);
    fake.now += 600 * MS;
    spk_progress_look(pool);
    assert_int_equal(heard[0].total, 0);
    assert_int_equal(heard[0].done, 5);
    assert_true(heard[0].left < 0);
    assert_non_null(strstr(fake.terminal, "\runit: 5 done, 1 failed, 8.3/s"));
    spk_progress_count(pool, 1, 0);
    spk_progress_end(pool);
    assert_true(heard[n_heard - 1].ended);
    assert_non_null(strstr(fake.terminal, "\runit: 6 done, 1 failed, 10/s, in 0:01"));
    crew_close(pool);
}

int main(void)
{
    static const struct CMUnitTest tests_of_progress[] = {
        cmocka_unit_test(a_line_is_drawn_and_ended),
        cmocka_unit_test(the_total_may_be_told),
        cmocka_unit_test(a_total_that_is_not_reached_ends_with_the_pool),
        cmocka_unit_test(a_short_batch_draws_nothing),
        cmocka_unit_test(nothing_is_drawn_without_a_terminal),
        cmocka_unit_test(nothing_is_drawn_unasked),
        cmocka_unit_test(nothing_is_drawn_in_the_background),
        cmocka_unit_test(the_width_is_asked_each_time),
        cmocka_unit_test(the_line_can_be_cleared),
        cmocka_unit_test(an_interrupted_wait_leaves_the_line),
        cmocka_unit_test(the_end_of_the_pool_ends_the_line),
        cmocka_unit_test(it_is_told_at_its_interval),
        cmocka_unit_test(it_cannot_use_the_pool),
        cmocka_unit_test(it_can_interrupt),
        cmocka_unit_test(a_map_is_counted_while_it_runs),
        cmocka_unit_test(lies_stay_within_bounds),
        cmocka_unit_test(a_stream_of_unknown_length),
    };

    fake_reset();
    if (spork_init(NULL, NULL, tasks) != APR_SUCCESS) return 1;
    return cmocka_run_group_tests_name("progress", tests_of_progress, NULL, NULL);
}
