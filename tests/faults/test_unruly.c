/*
 * Faults: workers that write nothing where they should not, but do what no task should: they close all that they have
 * open, write garbage to their streams, stop, or never come back, and hide that they do. In pools without a timeout the
 * parent can be interrupted, terminate the pool and destroy it; with one, SPORK_EDEADLINE is the item's end.
 *
 * The environment: with SPORK_TEST_ALL each way of not coming back meets a deadline; without, two of them.
 * SPORK_TEST_ROUNDS=1: fewer numbers of workers and fewer ways altogether, where processes start slowly.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hostile.h"

#include <apr_thread_proc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker.h"

enum { HONEST, CLOSES, CLOSES_ALL, STOPS, SPINS, SLEEPS, TALKS };

/* Or'ed to one of them: it says first that it is at nothing, of no job. */
#define HIDDEN 16U

static const int worker_numbers[] = { 1, 2, 5 };

static size_t step(void)
{
    return setting("SPORK_TEST_ROUNDS", 2) == 1 ? 3 : 1;
}

/* ---- the unruly task ---------------------------------------------------------------------------------- */

#define GARBAGE 65536 /* bytes */

static void write_garbage(FILE *stream, uint64_t state)
{
    for (int i = 0; i < GARBAGE; i++) (void)fputc((int)(random_word(&state) & 0xff), stream);
}

static void never_come_back(apr_uint32_t how)
{
    volatile uint64_t turns = 0;

    for (;;) {
        if (how == STOPS) host_stop_self();
        if (how == SLEEPS) apr_sleep(SECOND);
        turns++;
    }
}

static void hide(spk_worker_t *worker)
{
    atomic_store(&worker->seat->cur, 0);
    atomic_store(&worker->seat->looking, 0);
}

void misbehave(spork_task_t *task, const item_t *item)
{
    gate_t *gate = spork_deref(task, item->gate, sizeof *gate);

    if (gate != NULL) (void)atomic_fetch_add(&gate->started, 1u);
    if (item->how & HIDDEN) hide(task->keeper);
    switch (item->what) {
    case CLOSES: host_close_everything(0); break;
    case CLOSES_ALL: host_close_everything(1); break;
    case TALKS:
        write_garbage(stdout, item->seed);
        write_garbage(stderr, item->seed + 1);
        break;
    default: never_come_back(item->what);
    }
}

static const spork_entry_t entries[] = { SPORK_ENTRY(square), SPORK_END };

/* ---- who closes everything ---------------------------------------------------------------------------- */

static item_t unruly(apr_uint32_t what, apr_uint32_t how)
{
    item_t item;

    memset(&item, 0, sizeof item);
    item.what = what;
    item.how = how;
    item.seed = 1;
    return item;
}

/* Nothing but this item may have failed, and only so; everything else is right. */
static void expect_only(const bed_t *bed, const int *out, apr_status_t status)
{
    apr_size_t n = bed->options.n_failures;

    assert_in_range(n, 0, 1);
    if (n > 0) {
        assert_int_equal(bed->options.failures[0].index, HOSTILE_ITEM);
        assert_status(bed->options.failures[0].status, status);
    }
    for (int i = 0; i < ITEMS; i++)
        if (n == 0 || i != HOSTILE_ITEM) assert_int_equal(out[i], i * i);
}

static void who_closes_everything_costs_one_item_at_most(void **state)
{
    (void)state;
    needs_workers();
    for (size_t c = 0; c < LENGTH(worker_numbers); c += step())
        for (apr_uint32_t what = CLOSES; what <= CLOSES_ALL; what++) {
            item_t item = unruly(what, 0);
            int out[ITEMS];
            bed_t bed;

            round_begins("closes %s, %d workers", what == CLOSES ? "all but the streams" : "everything",
                         worker_numbers[c]);
            bed_make_kind(&bed, worker_numbers[c], PLAIN);
            (void)bed_map(&bed, out, &item);
            expect_only(&bed, out, SPORK_ECRASHED);
            bed_suffer(&bed, &item, 1);
            assert_true(bed_recovers(&bed));
            bed_check(&bed);
            bed_end(&bed);
        }
    the_next_pool_works(2);
}

/* It cannot be called any more: it ends, instead of looking for work all the time. */
static void who_has_closed_everything_is_replaced(void **state)
{
    item_t item = unruly(CLOSES, 0);
    apr_int64_t first, now;
    int out[ITEMS];
    bed_t bed;

    (void)state;
    needs_workers();
    bed_make_kind(&bed, 1, PLAIN);
    assert_int_equal(spork_pool_pids(bed.pool, &first, 1), 1);
    do {
        (void)bed_map(&bed, out, &item);
        expect_only(&bed, out, SPORK_ECRASHED);
        assert_int_equal(spork_pool_pids(bed.pool, &now, 1), 1);
        apr_sleep(MILLISECOND);
    } while (now == first || now == 0);
    assert_true(bed_recovers(&bed));
    bed_end(&bed);
}

/* ---- who talks ---------------------------------------------------------------------------------------- */

/* In a process of its own, whose streams are files. */
static int hear_them(int argc, char **argv)
{
    spork_config_t config;
    spork_pool_t *pool;
    spork_map_t options;
    item_t in[ITEMS];
    int out[ITEMS];

    (void)argv;
    role_check(spork_init(&argc, &argv, entries) == APR_SUCCESS);
    make_config(&config, 2);
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    memset(&options, 0, sizeof options);
    options.chunk = 1;
    for (int i = 0; i < ITEMS; i++) {
        in[i] = unruly(TALKS, 0);
        in[i].value = i;
    }
    (void)printf("before\n");
    role_check(spork_map(pool, square, in, sizeof *in, out, sizeof *out, ITEMS, &options) == APR_SUCCESS);
    for (int i = 0; i < ITEMS; i++) role_check(out[i] == i * i);
    role_check(spork_pool_close(pool) == APR_SUCCESS);
    spork_pool_destroy(pool);
    (void)printf("after\n");
    return EXIT_SUCCESS;
}

static void what_a_worker_writes_to_its_streams_harms_nobody(void **state)
{
    (void)state;
    needs_workers();
    assert_role("hear_them", NULL, NULL);
}

/* ---- who does not come back, without a timeout ---------------------------------------------------------- */

typedef struct {
    spork_pool_t *pool;
    gate_t *gate;
} interrupter_t;

static void *APR_THREAD_FUNC interrupt_it(apr_thread_t *thread, void *of)
{
    interrupter_t *interrupter = of;

    while (atomic_load(&interrupter->gate->started) == 0) apr_sleep(MILLISECOND);
    spork_pool_interrupt(interrupter->pool);
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

/* An unruly item of the map; the parent's other thread ends the call. */
static void interrupt_a_map(bed_t *bed, item_t item)
{
    interrupter_t interrupter = { bed->pool, spork_alloc(bed->pool, sizeof(gate_t)) };
    apr_thread_t *thread;
    apr_status_t status;
    int out[ITEMS], is_told = 0;

    assert_non_null(interrupter.gate);
    item.gate = spork_ref(bed->pool, interrupter.gate);
    assert_success(apr_thread_create(&thread, NULL, interrupt_it, &interrupter, test_memory()));
    assert_status(bed_map(bed, out, &item), SPORK_EFAILED);
    assert_success(apr_thread_join(&status, thread));
    for (apr_size_t i = 0; i < bed->options.n_failures; i++) {
        is_told |= bed->options.failures[i].index == HOSTILE_ITEM;
        assert_status(bed->options.failures[i].status, SPORK_ECANCELLED);
    }
    assert_true(is_told);
    spork_free(bed->pool, interrupter.gate);
}

/* It is submitted, and has begun. */
static spork_future_t *let_begin(bed_t *bed, item_t item)
{
    gate_t *gate = spork_alloc(bed->pool, sizeof *gate);
    spork_future_t *future;

    assert_non_null(gate);
    item.gate = spork_ref(bed->pool, gate);
    assert_success(spork_submit(&future, bed->pool, square, &item, sizeof item));
    gate_await(future, gate, 1);
    return future;
}

static void terminate_beside(bed_t *bed, item_t item)
{
    spork_future_t *future = let_begin(bed, item);

    assert_success(spork_pool_terminate(bed->pool));
    assert_status(spork_future_outcome(future)->status, SPORK_ECANCELLED);
}

static void destroy_beside(bed_t *bed, item_t item)
{
    (void)let_begin(bed, item);
}

static void cancel_beside(bed_t *bed, item_t item)
{
    spork_future_t *future = let_begin(bed, item);

    if (item.how & HIDDEN) return; /* nobody sees at what it is: what can be done is the others' part */
    assert_success(spork_future_cancel(future));
    assert_success(spork_future_wait(future, -1));
    assert_status(spork_future_outcome(future)->status, SPORK_ECANCELLED);
    assert_true(bed_recovers(bed));
}

static const apr_uint32_t ways[] = { STOPS, SPINS, SLEEPS, STOPS | HIDDEN, SPINS | HIDDEN };

static void end_each(void (*end)(bed_t *bed, item_t item), const char *name)
{
    needs_workers();
    for (size_t w = 0; w < LENGTH(ways); w += step()) {
        int workers = worker_numbers[w % 2];
        bed_t bed;

        round_begins("%s, way %u, %d workers", name, (unsigned)ways[w], workers);
        bed_make_kind(&bed, workers, PLAIN);
        end(&bed, unruly(ways[w] % HIDDEN, ways[w] & HIDDEN));
        bed_check(&bed);
        bed_end(&bed);
    }
    the_next_pool_works(2);
}

static void a_map_is_interrupted(void **state)
{
    (void)state;
    end_each(interrupt_a_map, "interrupt");
}

static void the_pool_is_terminated(void **state)
{
    (void)state;
    end_each(terminate_beside, "terminate");
}

static void the_pool_is_destroyed(void **state)
{
    (void)state;
    end_each(destroy_beside, "destroy");
}

static void the_item_is_cancelled(void **state)
{
    (void)state;
    end_each(cancel_beside, "cancel");
}

/* ---- and with one ------------------------------------------------------------------------------------------ */

/* An honest item has all this time on a busy machine. */
static apr_interval_time_t timeout(void)
{
    return SECOND * slow_factor();
}

static void the_deadline_ends_it(void **state)
{
    (void)state;
    needs_workers();
    for (size_t w = 0; w < LENGTH(ways); w += getenv("SPORK_TEST_ALL") != NULL ? 1 : 4) {
        item_t item = unruly(ways[w] % HIDDEN, ways[w] & HIDDEN);
        spork_config_t config;
        int out[ITEMS];
        bed_t bed;

        round_begins("deadline, way %u", (unsigned)ways[w]);
        make_config(&config, worker_numbers[(w + 1) % 2]);
        config.timeout = timeout();
        bed_make(&bed, &config);
        assert_status(bed_map(&bed, out, &item), SPORK_EFAILED);
        expect_only(&bed, out, SPORK_EDEADLINE);
        assert_true(bed_recovers(&bed));
        bed_check(&bed);
        bed_end(&bed);
    }
    the_next_pool_works(2);
}

static const role_t roles[] = { { "hear_them", hear_them } };

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(who_closes_everything_costs_one_item_at_most),
        TEST(who_has_closed_everything_is_replaced),
        TEST(what_a_worker_writes_to_its_streams_harms_nobody),
        TEST(a_map_is_interrupted),
        TEST(the_pool_is_terminated),
        TEST(the_pool_is_destroyed),
        TEST(the_item_is_cancelled),
        TEST(the_deadline_ends_it),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, entries) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("unruly", tests);
}
