/*
 * Conformance: how streams end, early and late: errors of the source and the sink, interrupts; what a crash or a time-out
 * in the middle costs; and what else may be done with the pool meanwhile.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define OWN_STATUS (APR_OS_START_USERERR + 9)
#define ITEMS_MOST 4000

/* ---- tasks ------------------------------------------------------------------------------------------ */

enum { LIVE = -1, FAIL = -2, HANG = -3, WAIT = -4 };

typedef struct {
    int how; /* a die_e, or one of these */
    int unused;
    spork_ref_t gate;
} item_t;

static apr_status_t do_as_told(spork_task_t *task, const void *in, void *out)
{
    const item_t *item = in;
    apr_size_t index = spork_task_index(task);

    (void)out;
    if (item->how >= 0) die((die_e)item->how);
    while (item->how == HANG) apr_sleep(SECOND);
    if (item->how == WAIT) gate_pass(spork_deref(task, item->gate, sizeof(gate_t)));
    if (item->how == FAIL) {
        spork_fail(task, "item %d is bad", (int)index);
        return OWN_STATUS;
    }
    return spork_reply(task, &index, sizeof index);
}

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(do_as_told), SPORK_ENTRY(nothing), SPORK_END };

/* ---- a stream and what becomes of it --------------------------------------------------------------------- */

typedef struct {
    spork_pool_t *pool;
    apr_size_t count;           /* inputs that there are; 0: no end of them */
    item_t item;                /* the odd ones: every step-th from the first on */
    apr_size_t first, step;     /* step 0: none */
    apr_status_t source_status; /* at its end */
    gate_t *gate;               /* which the source opens there */
    apr_size_t sink_fails_at;   /* the how manieth outcome; 0: none, */
    apr_status_t sink_status;   /* with this */
    apr_size_t interrupts_at;   /* the how manieth input; 0: none */
    int unordered;

    apr_size_t drawn, delivered, succeeded, cancelled, odd;
    int source_over, sink_over;
    unsigned char seen[ITEMS_MOST];
    spork_outcome_t last_odd;
    char last_words[64];
} flow_t;

static int is_odd(const flow_t *flow, apr_size_t index)
{
    return flow->step > 0 && index >= flow->first && (index - flow->first) % flow->step == 0;
}

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    static item_t item;
    flow_t *flow = baton;

    assert_false(flow->source_over);
    assert_false(flow->sink_over);
    if (flow->count > 0 && flow->drawn == flow->count) {
        flow->source_over = 1;
        if (flow->gate != NULL) atomic_store(&flow->gate->open, 1u);
        return flow->source_status;
    }
    item = flow->item;
    if (!is_odd(flow, flow->drawn)) item.how = LIVE;
    if (++flow->drawn == flow->interrupts_at) spork_pool_interrupt(flow->pool);
    *in = &item;
    *in_size = sizeof item;
    return APR_SUCCESS;
}

static void look_at(flow_t *flow, const spork_outcome_t *outcome)
{
    apr_size_t index = outcome->index;

    if (outcome->status == SPORK_ECANCELLED) {
        flow->cancelled++;
        assert_int_equal(outcome->out_size, 0);
    } else if (is_odd(flow, index) && flow->item.how != WAIT) {
        flow->odd++;
        flow->last_odd = *outcome;
        apr_cpystrn(flow->last_words, outcome->message, sizeof flow->last_words);
    } else {
        assert_success(outcome->status);
        assert_int_equal(outcome->out_size, sizeof index);
        assert_memory_equal(outcome->out, &index, sizeof index);
        flow->succeeded++;
    }
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    flow_t *flow = baton;

    assert_false(flow->sink_over);
    assert_in_range(outcome->index, 0, flow->drawn - 1);
    if (!flow->unordered) assert_int_equal(outcome->index, flow->delivered);
    if (outcome->index < ITEMS_MOST) assert_int_equal(++flow->seen[outcome->index], 1);
    look_at(flow, outcome);
    if (++flow->delivered != flow->sink_fails_at) return APR_SUCCESS;
    flow->sink_over = 1;
    return flow->sink_status;
}

static void begin(flow_t *flow, spork_pool_t *pool, apr_size_t count)
{
    memset(flow, 0, sizeof *flow);
    flow->pool = pool;
    flow->count = count;
    flow->source_status = APR_EOF;
}

static apr_status_t run(flow_t *flow, apr_size_t window)
{
    spork_stream_t options = { 0 };

    options.window = window;
    options.unordered = flow->unordered;
    return spork_stream(flow->pool, do_as_told, draw, deliver, flow, &options);
}

/* Afterwards a stream is a stream again. */
static void run_plainly(spork_pool_t *pool)
{
    static flow_t flow;

    begin(&flow, pool, 500);
    assert_success(run(&flow, 0));
    assert_int_equal(flow.succeeded, 500);
}

static void add_odd(flow_t *flow, int how, apr_size_t first, apr_size_t step)
{
    flow->item.how = how;
    flow->first = first;
    flow->step = step;
}

/* For all kinds of stream. */
#define for_each_stream(flow, pool, count)                     \
    for (int unordered = 0; unordered <= 1; unordered++)       \
        for (apr_size_t window = 0; window <= 10; window += 5) \
            for (int go = (begin(flow, pool, count), (flow)->unordered = unordered, 1); go; go = 0)

/* ---- the source's error, the sink's ------------------------------------------------------------------------ */

static void an_error_of_the_source_ends_it_when_all_is_delivered(void **state)
{
    static flow_t flow;

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for_each_stream(&flow, pool, 100)
        {
            flow.source_status = OWN_STATUS;
            assert_failed(run(&flow, window), OWN_STATUS);
            assert_non_null(strstr(spork_error(), "the source failed"));
            assert_int_equal(flow.succeeded, 100);
            assert_int_equal(flow.delivered, 100);
        }
        run_plainly(pool);
        end_pool(pool);
    }
}

static void an_error_of_the_sink_is_its_last_call(void **state)
{
    static flow_t flow;

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for_each_stream(&flow, pool, 0)
        {
            flow.sink_status = OWN_STATUS;
            flow.sink_fails_at = 60;
            assert_failed(run(&flow, window), OWN_STATUS);
            assert_non_null(strstr(spork_error(), "the sink failed"));
            assert_int_equal(flow.delivered, 60);
        }
        run_plainly(pool);
        end_pool(pool);
    }
}

/* All but the first wait at a gate that never opens: the stream can end only if they are ended. */
static void an_error_of_the_sink_ends_what_runs(void **state)
{
    static flow_t flow;

    (void)state;
    needs_workers();
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        gate_t *gate = spork_alloc(pool, sizeof *gate);
        for_each_stream(&flow, pool, 0)
        {
            add_odd(&flow, WAIT, 1, 1);
            flow.item.gate = spork_ref(pool, gate);
            flow.sink_status = OWN_STATUS;
            flow.sink_fails_at = 1;
            assert_failed(run(&flow, window), OWN_STATUS);
            assert_int_equal(flow.delivered, 1);
        }
        assert_full_size(pool, nothing);
        run_plainly(pool);
        end_pool(pool);
    }
}

/* INLINE has delivered all before the source comes to its end. */
static void the_first_error_is_told(void **state)
{
    static flow_t flow;

    (void)state;
    needs_workers();
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        begin(&flow, pool, 5);
        flow.gate = spork_alloc(pool, sizeof *flow.gate);
        add_odd(&flow, WAIT, 0, 1);
        flow.item.gate = spork_ref(pool, flow.gate);
        flow.source_status = OWN_STATUS;
        flow.sink_fails_at = 1;
        flow.sink_status = OWN_STATUS + 1;
        assert_failed(run(&flow, 10), OWN_STATUS);
        assert_int_equal(flow.delivered, 1);
        run_plainly(pool);
        end_pool(pool);
    }
}

static void an_items_failure_is_for_the_sink_to_judge(void **state)
{
    static flow_t flow;

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for_each_stream(&flow, pool, 200)
        {
            add_odd(&flow, FAIL, 3, 7);
            assert_success(run(&flow, window));
            assert_int_equal(flow.odd, 29);
            assert_int_equal(flow.succeeded, 171);
            assert_status(flow.last_odd.status, OWN_STATUS);
            assert_int_equal(flow.last_odd.out_size, 0);
            assert_non_null(strstr(flow.last_words, " is bad"));
        }
        end_pool(pool);
    }
}

/* ---- crashes, time-outs, retries ------------------------------------------------------------------------------- */

static void a_crash_in_the_middle_costs_one_item(void **state)
{
    static const die_e ways[] = { DIE_KILLED, DIE_FAULT, DIE_ABORT, DIE_EXIT_0, DIE_EXIT_3, DIE_STACK };
    static flow_t flow;

    (void)state;
    needs_workers();
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (size_t w = 0; w < LENGTH(ways); w++) {
            if (!can_die(ways[w])) continue;
            begin(&flow, pool, 100);
            flow.unordered = w % 2;
            add_odd(&flow, (int)ways[w], 50, ITEMS_MOST);
            assert_success(run(&flow, w));
            assert_int_equal(flow.succeeded, 99);
            assert_int_equal(flow.odd, 1);
            assert_int_equal(flow.last_odd.index, 50);
            assert_status(flow.last_odd.status, SPORK_ECRASHED);
            assert_true(died_as(ways[w], &flow.last_odd));
            assert_int_equal(flow.last_odd.attempts, 1);
        }
        assert_full_size(pool, nothing);
        end_pool(pool);
    }
}

static void what_always_crashes_is_retried_as_often_as_told(void **state)
{
    static flow_t flow;
    spork_config_t config;
    spork_pool_t *pool;

    (void)state;
    needs_workers();
    make_config(&config, 3);
    config.retries = 2;
    pool = make_pool(&config);
    for_each_stream(&flow, pool, 60)
    {
        add_odd(&flow, DIE_KILLED, 10, 25);
        assert_success(run(&flow, window));
        assert_int_equal(flow.succeeded, 58);
        assert_int_equal(flow.odd, 2);
        assert_status(flow.last_odd.status, SPORK_ECRASHED);
        assert_int_equal(flow.last_odd.attempts, 3);
    }
    end_pool(pool);
}

static void a_timeout_costs_one_item(void **state)
{
    static flow_t flow;
    spork_config_t config;
    spork_pool_t *pool;

    (void)state;
    needs_workers();
    make_config(&config, 2);
    config.timeout = 100 * MILLISECOND * slow_factor();
    pool = make_pool(&config);
    begin(&flow, pool, 100);
    add_odd(&flow, HANG, 10, 50);
    assert_success(run(&flow, 0));
    assert_int_equal(flow.succeeded, 98);
    assert_int_equal(flow.odd, 2);
    assert_status(flow.last_odd.status, SPORK_EDEADLINE);
    end_pool(pool);
}

static void workers_are_replaced_after_max_tasks(void **state)
{
    static flow_t flow;
    spork_config_t config;
    spork_pool_t *pool;

    (void)state;
    needs_workers();
    make_config(&config, 2);
    config.max_tasks = 7;
    pool = make_pool(&config);
    begin(&flow, pool, 100);
    assert_success(run(&flow, 0));
    assert_int_equal(flow.succeeded, 100);
    end_pool(pool);
}

/* ---- interrupts ------------------------------------------------------------------------------------------------------ */

static void an_early_interrupt_ends_the_next_stream_only(void **state)
{
    static flow_t flow;

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for_each_stream(&flow, pool, 100)
        {
            spork_pool_interrupt(pool);
            spork_pool_interrupt(pool);
            assert_failed(run(&flow, window), SPORK_ECANCELLED);
            assert_int_equal(flow.drawn, 0);
            run_plainly(pool);
        }
        end_pool(pool);
    }
}

/* A source that never ends. */
static void an_interrupt_ends_an_endless_stream(void **state)
{
    static flow_t flow;

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for_each_stream(&flow, pool, 0)
        {
            flow.interrupts_at = 300;
            assert_failed(run(&flow, window), SPORK_ECANCELLED);
            assert_int_equal(flow.drawn, 300);
            assert_int_equal(flow.delivered, 300);
            assert_int_equal(flow.succeeded + flow.cancelled, 300);
        }
        run_plainly(pool);
        end_pool(pool);
    }
}

typedef struct {
    spork_pool_t *pool;
    gate_t *gate; /* interrupt once somebody is at it; NULL: again and again */
    _Atomic int stop;
} interrupter_t;

static void *APR_THREAD_FUNC interrupt(apr_thread_t *thread, void *of)
{
    interrupter_t *interrupter = of;

    while (interrupter->gate != NULL && atomic_load(&interrupter->gate->started) == 0) apr_sleep(MILLISECOND);
    do {
        spork_pool_interrupt(interrupter->pool);
        apr_sleep(interrupter->gate != NULL ? 0 : 3 * MILLISECOND);
    } while (interrupter->gate == NULL && !atomic_load(&interrupter->stop));
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

/* The items at the gate never end by themselves; those before the first of them may just run, in another worker. */
static void an_interrupt_ends_what_runs_and_delivers_everything(void **state)
{
    static flow_t flow;

    (void)state;
    needs_workers();
    for_each_stream(&flow, start_pool(3), 0)
    {
        interrupter_t interrupter = { 0 };
        apr_thread_t *thread;
        apr_status_t status;
        interrupter.pool = flow.pool;
        interrupter.gate = spork_alloc(flow.pool, sizeof *interrupter.gate);
        add_odd(&flow, WAIT, 40, 1);
        flow.item.gate = spork_ref(flow.pool, interrupter.gate);
        assert_success(apr_thread_create(&thread, NULL, interrupt, &interrupter, test_memory()));
        assert_failed(run(&flow, window), SPORK_ECANCELLED);
        assert_success(apr_thread_join(&status, thread));
        assert_int_equal(flow.delivered, flow.drawn);
        assert_in_range(flow.succeeded, 0, 40);
        assert_int_equal(flow.cancelled, flow.drawn - flow.succeeded);
        assert_full_size(flow.pool, nothing);
        run_plainly(flow.pool);
        end_pool(flow.pool);
    }
}

static void a_storm_of_interrupts_loses_no_item(void **state)
{
    interrupter_t interrupter = { 0 };
    apr_thread_t *thread;
    apr_status_t status;
    static flow_t flow;
    spork_pool_t *pool = start_pool(3);

    (void)state;
    interrupter.pool = pool;
    assert_success(apr_thread_create(&thread, NULL, interrupt, &interrupter, test_memory()));
    for (int round = 0; round < 10; round++) for_each_stream(&flow, pool, ITEMS_MOST)
        {
            status = run(&flow, window);
            assert_int_equal(flow.delivered, flow.drawn);
            assert_int_equal(flow.succeeded + flow.cancelled, flow.drawn);
            if (status != APR_SUCCESS) assert_status(status, SPORK_ECANCELLED);
            if (status == APR_SUCCESS) assert_int_equal(flow.succeeded, ITEMS_MOST);
        }
    atomic_store(&interrupter.stop, 1);
    assert_success(apr_thread_join(&status, thread));
    begin(&flow, pool, 10);
    (void)run(&flow, 0); /* the last one may still stand */
    run_plainly(pool);
    if (start_method() != SPORK_START_INLINE) assert_full_size(pool, nothing);
    end_pool(pool);
}

/* ---- meanwhile --------------------------------------------------------------------------------------------------------- */

static spork_future_t *submit(spork_pool_t *pool, int how, spork_ref_t gate)
{
    spork_future_t *future;
    item_t item;

    memset(&item, 0, sizeof item);
    item.how = how;
    item.gate = gate;
    assert_success(spork_submit(&future, pool, do_as_told, &item, sizeof item));
    return future;
}

static void submitted_items_go_on_and_are_not_delivered(void **state)
{
    static flow_t flow;
    spork_ref_t none = { { 0, 0 } };

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        spork_future_t *any;
        apr_size_t next = 0;
        for_each_stream(&flow, pool, 500)
        {
            int handed[100] = { 0 };
            for (int i = 0; i < 100; i++) spork_future_set_baton(submit(pool, LIVE, none), &handed[i]);
            assert_success(run(&flow, window));
            assert_int_equal(flow.succeeded, 500);
            for (int i = 0; i < 100; i++) {
                assert_success(spork_wait_any(pool, -1, &any));
                assert_success(spork_future_outcome(any)->status);
                assert_int_equal(spork_future_outcome(any)->index,
                                 next + (apr_size_t)((int *)spork_future_baton(any) - handed));
                ++*(int *)spork_future_baton(any);
                spork_future_destroy(any);
            }
            next += 100; /* streams number their items by themselves */
            assert_status(spork_wait_any(pool, 0, &any), APR_EOF);
            for (int i = 0; i < 100; i++) assert_int_equal(handed[i], 1);
        }
        end_pool(pool);
    }
}

static void a_submitted_item_may_outlast_a_stream_that_is_cut_off(void **state)
{
    static flow_t flow;
    spork_pool_t *pool;
    spork_future_t *future;
    gate_t *gate;

    (void)state;
    needs_workers();
    pool = start_pool(2);
    gate = spork_alloc(pool, sizeof *gate);
    future = submit(pool, WAIT, spork_ref(pool, gate));
    gate_await(future, gate, 1);
    begin(&flow, pool, 0);
    flow.sink_fails_at = 1;
    flow.sink_status = OWN_STATUS;
    assert_failed(run(&flow, 0), OWN_STATUS);
    begin(&flow, pool, 0);
    flow.interrupts_at = 200;
    assert_failed(run(&flow, 0), SPORK_ECANCELLED);
    assert_int_equal(flow.delivered, 200);
    assert_null(spork_future_outcome(future));
    atomic_store(&gate->open, 1u);
    assert_success(spork_future_wait(future, -1));
    assert_success(spork_future_outcome(future)->status);
    assert_int_equal(spork_future_outcome(future)->attempts, 1);
    end_pool(pool);
}

/* ---- from a source or a sink --------------------------------------------------------------------------------------- */

typedef struct {
    spork_pool_t *pool, *other;
    spork_future_t *future, *done;
    const char *who;
    int *shared;
    int called;
} caller_t;

static void be_refused(const caller_t *caller, apr_status_t status)
{
    assert_status(status, APR_EINVAL);
    assert_non_null(strstr(spork_error(), caller->who));
}

static apr_status_t give_none(void *baton, const void **in, apr_size_t *in_size)
{
    (void)baton;
    (void)in;
    (void)in_size;
    return APR_EOF;
}

static void call_everything(caller_t *caller)
{
    spork_future_t *future;
    spork_ref_t ref;
    int in = 1;

    be_refused(caller, spork_map(caller->pool, nothing, NULL, 0, NULL, 0, 3, NULL));
    be_refused(caller, spork_submit(&future, caller->pool, nothing, NULL, 0));
    assert_null(future);
    be_refused(caller, spork_stream(caller->pool, nothing, give_none, deliver, NULL, NULL));
    be_refused(caller, spork_wait_any(caller->pool, 0, &future));
    be_refused(caller, spork_future_wait(caller->future, -1));
    be_refused(caller, spork_future_cancel(caller->future));
    be_refused(caller, spork_pool_close(caller->pool));
    be_refused(caller, spork_pool_terminate(caller->pool));
    be_refused(caller, spork_alloc(caller->pool, 10) == NULL ? APR_EINVAL : APR_SUCCESS);
    ref = spork_ref(caller->pool, caller->shared); /* this is not: what a source gives may be made of it */
    assert_true(ref.opaque[0] != 0);
    spork_free(caller->pool, caller);
    spork_pool_destroy(caller->pool);
    assert_success(spork_map(caller->other, nothing, &in, sizeof in, NULL, 0, 1, NULL));
    caller->called++;
}

static apr_status_t draw_and_call(void *baton, const void **in, apr_size_t *in_size)
{
    caller_t *caller = baton;

    (void)in;
    (void)in_size;
    caller->who = "source";
    call_everything(caller);
    return caller->called > 6 ? APR_EOF : APR_SUCCESS;
}

static apr_status_t deliver_and_call(void *baton, const spork_outcome_t *outcome)
{
    caller_t *caller = baton;

    assert_success(outcome->status);
    caller->who = "sink";
    call_everything(caller);
    if (outcome->index == 0) { /* these are allowed */
        assert_success(spork_future_outcome(caller->done)->status);
        spork_future_destroy(caller->done);
        if (caller->future != caller->done) spork_future_destroy(caller->future);
        caller->future = submit(caller->other, LIVE, (spork_ref_t){ { 0, 0 } });
        assert_success(spork_future_wait(caller->future, -1));
        spork_future_destroy(caller->future);
        caller->future = NULL;
    }
    return outcome->index == 0 ? OWN_STATUS : APR_SUCCESS;
}

static void calls_on_the_pool_are_refused_in_source_and_sink(void **state)
{
    caller_t caller = { 0 };
    spork_ref_t none = { { 0, 0 } };

    (void)state;
    caller.pool = start_pool(2);
    caller.other = start_pool(1);
    caller.shared = spork_alloc(caller.pool, sizeof *caller.shared);
    caller.future = caller.done = submit(caller.pool, LIVE, none);
    assert_success(spork_future_wait(caller.done, -1));
    if (start_method() != SPORK_START_INLINE) {
        gate_t *gate = spork_alloc(caller.pool, sizeof *gate);
        caller.future = submit(caller.pool, WAIT, spork_ref(caller.pool, gate));
        gate_await(caller.future, gate, 1);
    }
    assert_failed(spork_stream(caller.pool, nothing, draw_and_call, deliver_and_call, &caller, NULL),
                  OWN_STATUS);
    assert_true(caller.called > 1);
    run_plainly(caller.pool);
    end_pool(caller.pool);
    end_pool(caller.other);
}

static jmp_buf way_out;

static apr_status_t jump_out(void *baton, const spork_outcome_t *outcome)
{
    if (outcome->index == *(apr_size_t *)baton) longjmp(way_out, 1);
    return APR_SUCCESS;
}

static apr_status_t give_empty(void *baton, const void **in, apr_size_t *in_size)
{
    (void)baton;
    (void)in;
    (void)in_size;
    return APR_SUCCESS;
}

/* As a test does whose assertion fails in a sink. The APR memory pool ends it all. */
static void a_sink_may_jump_out_and_leaves_nothing_behind(void **state)
{
    static apr_size_t index;
    static apr_pool_t *parent;
    static spork_pool_t *pool;

    (void)state;
    for (index = 0; index < 200; index += 99) {
        spork_config_t config;
        assert_success(apr_pool_create(&parent, NULL));
        make_config(&config, 2);
        assert_success(spork_pool_create(&pool, &config, parent));
        if (setjmp(way_out) == 0) {
            (void)spork_stream(pool, nothing, give_empty, jump_out, &index, NULL);
            fail_msg("the stream has ended");
        }
        assert_failed(spork_pool_close(pool), APR_EINVAL);
        apr_pool_destroy(parent);
        assert_no_children();
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(an_error_of_the_source_ends_it_when_all_is_delivered),
        TEST(an_error_of_the_sink_is_its_last_call),
        TEST(an_error_of_the_sink_ends_what_runs),
        TEST(the_first_error_is_told),
        TEST(an_items_failure_is_for_the_sink_to_judge),
        TEST(a_crash_in_the_middle_costs_one_item),
        TEST(what_always_crashes_is_retried_as_often_as_told),
        TEST(a_timeout_costs_one_item),
        TEST(workers_are_replaced_after_max_tasks),
        TEST(an_early_interrupt_ends_the_next_stream_only),
        TEST(an_interrupt_ends_an_endless_stream),
        TEST(an_interrupt_ends_what_runs_and_delivers_everything),
        TEST(a_storm_of_interrupts_loses_no_item),
        TEST(submitted_items_go_on_and_are_not_delivered),
        TEST(a_submitted_item_may_outlast_a_stream_that_is_cut_off),
        TEST(calls_on_the_pool_are_refused_in_source_and_sink),
        TEST(a_sink_may_jump_out_and_leaves_nothing_behind),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("stream_ends", tests);
}
