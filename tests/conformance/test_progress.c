/*
 * Conformance: progress. A program is told how far its pool is, by whom what is done, and what of it; it cannot
 * break the pool from there; and a program whose stderr is no terminal stays silent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define ITEMS 10
#define FAILING 3
#define DRAWN (700 * MILLISECOND) /* when a line would stand on a terminal */

/* ---- tasks: each goes on until it is allowed to end, and tells its part again and again ---------------------- */

typedef struct {
    _Atomic int may_end[ITEMS];
} board_t;

typedef struct {
    spork_ref_t board;
    int number;
    int tells;
    double part;
} order_t;

static apr_status_t obey(spork_task_t *task, const void *in, void *out)
{
    const order_t *order = in;
    board_t *board = spork_deref(task, order->board, sizeof *board);

    (void)out;
    if (board == NULL) return APR_EINVAL;
    while (!atomic_load(&board->may_end[order->number])) {
        if (order->tells) spork_task_progress(task, order->part);
        apr_sleep(MILLISECOND);
    }
    return order->number == FAILING ? APR_EGENERAL : APR_SUCCESS;
}

static apr_status_t fall(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    if (spork_task_index(task) % 2 == 0) die(DIE_KILLED);
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(obey), SPORK_ENTRY(fall), SPORK_END };

/* ---- the display ------------------------------------------------------------------------------------------------- */

typedef struct {
    spork_pool_t *pool;
    board_t *board;
    order_t orders[ITEMS];
    int allows_all; /* at the first call */
    int allows_seen;
    int interrupts;
    int uses_pool;
    apr_interval_time_t allows_at;
    int calls, ended;
    spork_progress_t first, last;
    double part[ITEMS]; /* as last seen of a running item */
    int seen[ITEMS];
} display_t;

static void allow_all(display_t *display)
{
    for (int i = 0; i < ITEMS; i++) atomic_store(&display->board->may_end[i], 1);
}

static void use_pool(display_t *display)
{
    spork_future_t *future;
    spork_pool_t *pool = display->pool;
    const order_t *order = &display->orders[0];

    assert_failed(spork_submit(&future, pool, obey, order, sizeof *order), APR_EINVAL);
    assert_failed(spork_wait_any(pool, 0, &future), APR_EINVAL);
    assert_failed(spork_map(pool, obey, order, sizeof *order, NULL, 0, 1, NULL), APR_EINVAL);
    assert_failed(spork_pool_close(pool), APR_EINVAL);
    assert_failed(spork_pool_terminate(pool), APR_EINVAL);
    spork_pool_destroy(pool);
    spork_progress_clear(pool);
}

static void look_at_workers(display_t *display, const spork_progress_t *p)
{
    for (int i = 0; i < p->n_workers; i++) {
        const spork_progress_worker_t *worker = &p->workers[i];
        if (!worker->running) continue;
        assert_true(worker->index < ITEMS);
        display->part[worker->index] = worker->part;
        display->seen[worker->index] = 1;
        /* one that tells has told by the time that a second look finds it */
        if (display->allows_seen && (worker->part >= 0 || !display->orders[worker->index].tells))
            atomic_store(&display->board->may_end[worker->index], 1);
    }
}

static void show(void *baton, const spork_progress_t *p)
{
    display_t *display = baton;

    assert_true(p->failed <= p->done && p->done <= p->total);
    assert_true(p->elapsed >= 0 && p->rate >= 0);
    if (display->calls++ == 0) display->first = *p;
    display->last = *p;
    display->ended += p->ended;
    look_at_workers(display, p);
    if (display->uses_pool) use_pool(display);
    if (display->interrupts) spork_pool_interrupt(display->pool);
    if (display->allows_all && p->elapsed >= display->allows_at) allow_all(display);
}

static void open_display(display_t *display, int workers, apr_interval_time_t interval)
{
    spork_config_t config;

    memset(display, 0, sizeof *display);
    make_config(&config, workers);
    config.progress_fn = show;
    config.progress_baton = display;
    config.progress_interval = interval;
    display->pool = make_pool(&config);
    display->board = spork_alloc(display->pool, sizeof *display->board);
    assert_non_null(display->board);
    for (int i = 0; i < ITEMS; i++) {
        display->orders[i].board = spork_ref(display->pool, display->board);
        display->orders[i].number = i;
        display->orders[i].tells = 1;
        display->orders[i].part = 0.5;
    }
}

static apr_status_t map(display_t *display, spork_map_t *options)
{
    memset(options, 0, sizeof *options);
    options->chunk = 1;
    return spork_map(display->pool, obey, display->orders, sizeof display->orders[0], NULL, 0, ITEMS,
                     options);
}

/* ---- tests ----------------------------------------------------------------------------------------------------------- */

static void a_map_is_told(void **state)
{
    display_t display;
    spork_map_t options;

    (void)state;
    for_each_workers(workers)
    {
        open_display(&display, workers, 0);
        display.allows_all = 1;
        assert_status(map(&display, &options), SPORK_EFAILED);
        assert_true(display.calls >= 2);
        assert_int_equal(display.ended, 1);
        assert_int_equal(display.first.total, ITEMS);
        assert_int_equal(display.first.done, 0);
        assert_int_equal(display.first.n_workers,
                         start_method() == SPORK_START_INLINE ? 1 : spork_pool_workers(display.pool));
        assert_true(display.last.ended);
        assert_int_equal(display.last.done, ITEMS);
        assert_int_equal(display.last.failed, 1);
        end_pool(display.pool);
    }
}

static void submitted_items_are_told(void **state)
{
    display_t display;
    spork_future_t *future;
    int n = 0, inline_too = start_method() == SPORK_START_INLINE;

    (void)state;
    open_display(&display, 2, 0);
    display.allows_seen = 1;
    for (int i = 0; i < ITEMS; i++)
        assert_success(
            spork_submit(&future, display.pool, obey, &display.orders[i], sizeof display.orders[i]));
    while (spork_wait_any(display.pool, -1, &future) == APR_SUCCESS) {
        n++;
        spork_future_destroy(future);
    }
    assert_int_equal(n, ITEMS);
    assert_int_equal(display.ended, 1);
    assert_int_equal(display.last.done, ITEMS);
    assert_int_equal(display.last.total, ITEMS);
    assert_int_equal(display.last.failed, 1);
    assert_int_equal(display.first.total, inline_too ? 1 : ITEMS);
    for (int i = 0; i < ITEMS; i++) assert_true(display.seen[i]);
    end_pool(display.pool);
}

/* What items tell is seen, of each its own, and what is no part of one whole is made one. */
static void each_item_has_its_part(void **state)
{
    static const double told[] = { 0, 0.25, 1, -1, 7, 0.999999 }, seen[] = { 0, 0.25, 1, 0, 1, 0.999999 };
    volatile double zero = 0;
    display_t display;
    spork_map_t options;

    (void)state;
    open_display(&display, 2, 0);
    display.allows_seen = 1;
    for (size_t i = 0; i < LENGTH(told); i++) display.orders[i].part = told[i];
    display.orders[6].part = zero / zero;
    display.orders[7].tells = 0;
    display.orders[9].tells = 0;
    if (start_method() == SPORK_START_INLINE) { /* nobody looks while they run */
        atomic_store(&display.board->may_end[7], 1);
        atomic_store(&display.board->may_end[9], 1);
        display.seen[7] = display.seen[9] = 1;
        display.part[7] = display.part[9] = -1;
    }
    assert_status(map(&display, &options), SPORK_EFAILED);
    for (int i = 0; i < ITEMS; i++) assert_true(display.seen[i]);
    for (size_t i = 0; i < LENGTH(told); i++)
        assert_true(display.part[i] > seen[i] - 2e-6 && display.part[i] < seen[i] + 2e-6);
    assert_true(display.part[6] == 0);
    assert_true(display.part[7] < 0 && display.part[9] < 0);
    end_pool(display.pool);
}

static void the_interval_is_kept(void **state)
{
    display_t display;
    spork_map_t options;

    (void)state;
    open_display(&display, 1, 400 * MILLISECOND);
    display.allows_all = 1;
    assert_status(map(&display, &options), SPORK_EFAILED);
    assert_true(display.first.elapsed >= 400 * MILLISECOND);
    assert_true(display.calls <= 2 + display.last.elapsed / (400 * MILLISECOND));
    end_pool(display.pool);
}

static void the_display_cannot_use_the_pool(void **state)
{
    display_t display;
    spork_map_t options;

    (void)state;
    open_display(&display, 2, 0);
    display.allows_all = display.uses_pool = 1;
    assert_status(map(&display, &options), SPORK_EFAILED);
    assert_int_equal(display.last.done, ITEMS);
    end_pool(display.pool);
}

static void the_display_can_interrupt(void **state)
{
    int ended = start_method() == SPORK_START_INLINE; /* what runs there runs to its end */
    display_t display;
    spork_map_t options;

    (void)state;
    open_display(&display, 2, 0);
    display.interrupts = 1;
    display.allows_all = ended;
    assert_status(map(&display, &options), SPORK_EFAILED);
    assert_int_equal(options.n_failures, ITEMS - ended);
    assert_int_equal(display.last.done, ITEMS);
    assert_int_equal(display.last.failed, ITEMS - ended);
    display.interrupts = 0;
    display.allows_all = 1;
    (void)map(&display, &options); /* an interrupt of the last call may be left */
    assert_status(map(&display, &options), SPORK_EFAILED);
    assert_int_equal(options.n_failures, 1);
    end_pool(display.pool);
}

static void dead_workers_are_counted(void **state)
{
    display_t display;
    spork_map_t options = { 0 };

    (void)state;
    needs_workers();
    open_display(&display, 2, 0);
    assert_status(spork_map(display.pool, fall, NULL, 0, NULL, 0, ITEMS, &options), SPORK_EFAILED);
    assert_int_equal(options.n_failures, ITEMS / 2);
    if (display.ended) { /* it may have been over before the first call */
        assert_int_equal(display.last.done, ITEMS);
        assert_int_equal(display.last.failed, ITEMS / 2);
    }
    display.allows_all = 1;
    display.calls = display.ended = 0;
    assert_status(map(&display, &options), SPORK_EFAILED);
    assert_int_equal(display.last.done, ITEMS);
    end_pool(display.pool);
}

/* ---- nobody is bothered ------------------------------------------------------------------------------------------------ */

/* A role: a map that lasts until a line would have been drawn. */
static int long_map(int argc, char **argv)
{
    static display_t display;
    spork_config_t config;
    spork_map_t options = { 0 };
    spork_pool_t *pool;

    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    make_config(&config, 2);
    config.progress = 1;
    config.progress_label = "never seen";
    config.progress_fn = show;
    config.progress_baton = &display;
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    display.pool = pool;
    display.board = spork_alloc(pool, sizeof *display.board);
    role_check(display.board != NULL);
    for (int i = 0; i < ITEMS; i++) {
        display.orders[i].board = spork_ref(pool, display.board);
        display.orders[i].number = i;
        display.orders[i].tells = 1;
    }
    display.allows_all = 1;
    display.allows_at = DRAWN;
    role_check(map(&display, &options) == SPORK_EFAILED);
    role_check(options.n_failures == 1 && display.last.done == ITEMS && display.last.elapsed >= DRAWN);
    spork_progress_clear(pool);
    role_check(spork_pool_close(pool) == APR_SUCCESS);
    spork_pool_destroy(pool);
    return EXIT_SUCCESS;
}

static void nothing_is_drawn_where_no_terminal_is(void **state)
{
    static const char *const dumb[] = { "TERM=dumb", NULL }, *const colourful[] = { "TERM=xterm", NULL };
    static const char *const role[] = { "long_map", NULL };
    run_t run;

    (void)state;
    for (int i = 0; i < 2; i++) {
        run_role(&run, role, i == 0 ? dumb : colourful);
        assert_string_equal(run.err, "");
        assert_string_equal(run.out, "");
        assert_int_equal(run.exit_code, EXIT_SUCCESS);
    }
}

static void bad_values_are_refused(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;

    (void)state;
    make_config(&config, 1);
    config.progress_interval = -1;
    assert_failed(spork_pool_create(&pool, &config, test_memory()), APR_EINVAL);
    assert_non_null(strstr(spork_error(), "progress_interval"));
    spork_task_progress(NULL, 0.5);
    spork_progress_clear(NULL);
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "long_map", long_map } };
    static const struct CMUnitTest tests_of_progress[] = {
        TEST(a_map_is_told),
        TEST(submitted_items_are_told),
        TEST(each_item_has_its_part),
        TEST(the_interval_is_kept),
        TEST(the_display_cannot_use_the_pool),
        TEST(the_display_can_interrupt),
        TEST(dead_workers_are_counted),
        TEST(nothing_is_drawn_where_no_terminal_is),
        TEST(bad_values_are_refused),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("progress", tests_of_progress);
}
