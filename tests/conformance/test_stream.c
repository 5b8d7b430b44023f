/*
 * Conformance: streams: each outcome once, in the order asked for, inputs and outputs of any size, drawn no faster
 * than they are taken (behaviours 6 and 9). How streams end: test_stream_ends.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "holdings.h"

/* ---- tasks ------------------------------------------------------------------------------------------ */

/* Replies its index, and behind that what came in. */
static apr_status_t echo(spork_task_t *task, const void *in, void *out)
{
    apr_size_t size = spork_task_in_size(task), index = spork_task_index(task);
    unsigned char *reply = malloc(sizeof index + size);
    apr_status_t status;

    if (reply == NULL) return APR_ENOMEM;
    if (out != NULL || (size == 0) != (in == NULL)) return APR_EINVAL;
    memcpy(reply, &index, sizeof index);
    if (size > 0) memcpy(reply + sizeof index, in, size);
    status = spork_reply(task, reply, sizeof index + size);
    free(reply);
    return status;
}

static apr_status_t say_nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static apr_status_t reply_at_length(spork_task_t *task, const void *in, void *out)
{
    apr_size_t size = *(const apr_size_t *)in;
    void *reply = calloc(1, size + 1);
    apr_status_t status;

    (void)out;
    if (reply == NULL) return APR_ENOMEM;
    status = spork_reply(task, reply, size);
    free(reply);
    return status;
}

typedef struct {
    spork_ref_t gate;
    enum { PASS, WAIT, OPEN } manner;
    int unused;
} gated_t;

static apr_status_t be_gated(spork_task_t *task, const void *in, void *out)
{
    const gated_t *item = in;
    gate_t *gate = spork_deref(task, item->gate, sizeof *gate);

    (void)out;
    if (gate == NULL) return APR_EINVAL;
    if (item->manner == OPEN) atomic_store(&gate->open, 1u);
    if (item->manner == WAIT) gate_pass(gate);
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(echo), SPORK_ENTRY(say_nothing),
                                       SPORK_ENTRY(reply_at_length), SPORK_ENTRY(be_gated), SPORK_END };

static apr_status_t not_registered(spork_task_t *task, const void *in, void *out)
{
    return say_nothing(task, in, out);
}

/* ---- a source and a sink that watch each other --------------------------------------------------------- */

typedef struct {
    apr_size_t count; /* inputs that there are */
    apr_size_t (*size_of)(apr_size_t index);
    int unordered;
    apr_size_t bound;     /* drawn and not delivered at most; 0: any number */
    unsigned char *input; /* the one room for all inputs */
    unsigned char *seen;  /* times that each outcome came */
    apr_size_t drawn, delivered, most;
    int over; /* the source has said so */
} flow_t;

static void fill(unsigned char *bytes, apr_size_t size, apr_size_t seed)
{
    for (apr_size_t i = 0; i < size; i++) bytes[i] = (unsigned char)((i * 131 + seed * 7) >> 2);
}

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    flow_t *flow = baton;
    apr_size_t size;

    assert_null(*in);
    assert_int_equal(*in_size, 0);
    assert_false(flow->over);
    if (flow->drawn == flow->count) {
        flow->over = 1;
        return APR_EOF;
    }
    size = flow->size_of != NULL ? flow->size_of(flow->drawn) : 0;
    fill(flow->input, size, flow->drawn++);
    if (flow->drawn - flow->delivered > flow->most) flow->most = flow->drawn - flow->delivered;
    if (flow->bound > 0) assert_in_range(flow->drawn - flow->delivered, 1, flow->bound);
    if (size > 0) *in = flow->input;
    *in_size = size;
    return APR_SUCCESS;
}

static void count_outcome(flow_t *flow, const spork_outcome_t *outcome)
{
    assert_in_range(outcome->index, 0, flow->drawn - 1);
    if (!flow->unordered) assert_int_equal(outcome->index, flow->delivered);
    if (flow->seen != NULL) assert_int_equal(++flow->seen[outcome->index], 1);
    flow->delivered++;
}

static apr_status_t deliver_echo(void *baton, const spork_outcome_t *outcome)
{
    flow_t *flow = baton;
    apr_size_t size = flow->size_of != NULL ? flow->size_of(outcome->index) : 0, index;
    const unsigned char *reply = outcome->out;

    count_outcome(flow, outcome);
    assert_success(outcome->status);
    assert_int_equal(outcome->out_size, sizeof index + size);
    assert_int_equal((uintptr_t)reply % _Alignof(max_align_t), 0);
    memcpy(&index, reply, sizeof index);
    assert_int_equal(index, outcome->index);
    assert_int_equal(outcome->attempts, 1);
    assert_string_equal(outcome->message, "");
    fill(flow->input, size, index); /* it was copied */
    if (size > 0) assert_memory_equal(reply + sizeof index, flow->input, size);
    return APR_SUCCESS;
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    count_outcome(baton, outcome);
    assert_success(outcome->status);
    return APR_SUCCESS;
}

static void begin(flow_t *flow, apr_size_t count, apr_size_t largest)
{
    memset(flow, 0, sizeof *flow);
    flow->count = count;
    flow->input = malloc(largest + 1);
    flow->seen = calloc(count + 1, 1);
    assert_non_null(flow->input);
    assert_non_null(flow->seen);
}

static void end(flow_t *flow)
{
    assert_true(flow->over);
    assert_int_equal(flow->drawn, flow->count);
    assert_int_equal(flow->delivered, flow->count);
    for (apr_size_t i = 0; i < flow->count; i++) assert_int_equal(flow->seen[i], 1);
    free(flow->input);
    free(flow->seen);
}

/* The whole stream. The flow is what source and sink get, or the first part of that. */
static void run(spork_pool_t *pool, flow_t *flow, spork_fn_t fn, spork_source_t source, spork_sink_t sink,
                apr_size_t window)
{
    spork_stream_t options = { 0 };

    options.window = window;
    options.unordered = flow->unordered;
    flow->bound = window > 0 ? window + (apr_size_t)spork_pool_workers(pool) : 0;
    if (start_method() == SPORK_START_INLINE) flow->bound = 1;
    assert_success(spork_stream(pool, fn, source, sink, flow, &options));
}

/* ---- 1, 7: every size, every outcome once ----------------------------------------------------------------- */

static apr_size_t mixed_size(apr_size_t index)
{
    return index * 7919 % 3000 * (index % 3 > 0);
}

static void ten_thousand_items_of_mixed_size(void **state)
{
    static const apr_size_t windows[] = { 0, 1, 100 };

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (int unordered = 0; unordered <= 1; unordered++)
            for (size_t w = 0; w < LENGTH(windows); w++) {
                flow_t flow;
                begin(&flow, windows[w] == 1 ? 1000 : 10000, 3000);
                flow.size_of = mixed_size;
                flow.unordered = unordered;
                run(pool, &flow, echo, draw, deliver_echo, windows[w]);
                end(&flow);
            }
        end_pool(pool);
    }
}

static apr_size_t growing_size(apr_size_t index)
{
    static const apr_size_t sizes[] = { 0,    1,    7,    71,    72,    73,    255,    256,
                                        4095, 4096, 4097, 65535, 65536, 65537, 3000017 };
    return sizes[index % LENGTH(sizes)];
}

static void inputs_and_outputs_of_all_sizes(void **state)
{
    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        flow_t flow;
        begin(&flow, 60, 3000017);
        flow.size_of = growing_size;
        run(pool, &flow, echo, draw, deliver_echo, 0);
        end(&flow);
        end_pool(pool);
    }
}

static apr_size_t huge_size(apr_size_t index)
{
    return 64 * MIB + index;
}

static void sixty_four_mebibytes_both_ways_at_once(void **state)
{
    spork_pool_t *pool = start_pool(2);
    flow_t flow;

    (void)state;
    begin(&flow, 4, 64 * MIB + 4);
    flow.size_of = huge_size;
    run(pool, &flow, echo, draw, deliver_echo, 2);
    end(&flow);
    end_pool(pool);
}

/* Also without options. */
static void an_empty_stream_delivers_nothing(void **state)
{
    spork_pool_t *pool = start_pool(2);
    flow_t flow;

    (void)state;
    for (int i = 0; i < 3; i++) {
        begin(&flow, 0, 0);
        assert_success(spork_stream(pool, echo, draw, deliver, &flow, NULL));
        end(&flow);
    }
    end_pool(pool);
}

static void inputs_and_outputs_may_be_empty(void **state)
{
    spork_pool_t *pool = start_pool(2);
    flow_t flow;

    (void)state;
    begin(&flow, 5000, 0);
    assert_success(spork_stream(pool, say_nothing, draw, deliver, &flow, NULL));
    end(&flow);
    end_pool(pool);
}

/* ---- a small arena --------------------------------------------------------------------------------------------- */

static apr_size_t hundred_kb(apr_size_t index)
{
    (void)index;
    return 100000;
}

static void a_small_arena_passes_more_than_it_holds(void **state)
{
    (void)state;
    for_each_workers(workers) for (int unordered = 0; unordered <= 1; unordered++)
    {
        spork_config_t config;
        spork_pool_t *pool;
        flow_t flow;
        make_config(&config, workers);
        config.arena_size = 8 * MIB;
        pool = make_pool(&config);
        begin(&flow, 400, 100000);
        flow.size_of = hundred_kb;
        flow.unordered = unordered;
        run(pool, &flow, echo, draw, deliver_echo, 1000);
        end(&flow);
        end_pool(pool);
    }
}

/* Every third input is larger than the arena, and every third asks for a reply that is. */
static apr_size_t sometimes_too_big(apr_size_t index)
{
    return index % 3 == 1 ? 64 * MIB : sizeof index;
}

static apr_status_t draw_too_big(void *baton, const void **in, apr_size_t *in_size)
{
    flow_t *flow = baton;
    apr_size_t index = flow->drawn, reply = index % 3 == 2 ? 64 * MIB : 1000;
    apr_status_t status = draw(baton, in, in_size);

    memcpy(flow->input, &reply, sizeof reply);
    return status;
}

static apr_status_t deliver_what_fits(void *baton, const spork_outcome_t *outcome)
{
    int has_arena = start_method() != SPORK_START_INLINE;

    count_outcome(baton, outcome);
    if (outcome->index % 3 == 0) {
        assert_success(outcome->status);
        assert_int_equal(outcome->out_size, 1000);
    } else if (has_arena) {
        assert_status(outcome->status, SPORK_ETOOBIG);
        assert_int_equal(outcome->out_size, 0);
        assert_int_equal(outcome->attempts, outcome->index % 3 == 2);
    } else {
        assert_success(outcome->status);
    }
    return APR_SUCCESS;
}

static void what_can_never_fit_costs_its_item_only(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    flow_t flow;

    (void)state;
    make_config(&config, 2);
    config.arena_size = 4 * MIB;
    pool = make_pool(&config);
    begin(&flow, 30, 64 * MIB);
    flow.size_of = sometimes_too_big;
    assert_success(spork_stream(pool, reply_at_length, draw_too_big, deliver_what_fits, &flow, NULL));
    end(&flow);
    end_pool(pool);
}

/* ---- 6, 9: order and window --------------------------------------------------------------------------------------- */

typedef struct {
    flow_t flow;
    gated_t item;
    gate_t *gate;
    apr_size_t opens; /* the item that opens the gate at which the first one waits; 0: the sink does it */
    apr_size_t until; /* so many were delivered */
} gated_flow_t;

static apr_status_t draw_gated(void *baton, const void **in, apr_size_t *in_size)
{
    gated_flow_t *gated = baton;
    apr_size_t index = gated->flow.drawn;
    apr_status_t status = draw(&gated->flow, in, in_size);

    gated->item.manner = index == 0 ? WAIT : gated->opens > 0 && index == gated->opens ? OPEN : PASS;
    *in = &gated->item;
    *in_size = sizeof gated->item;
    return status;
}

static apr_status_t deliver_gated(void *baton, const spork_outcome_t *outcome)
{
    gated_flow_t *gated = baton;

    count_outcome(&gated->flow, outcome);
    assert_success(outcome->status);
    if (gated->opens == 0) assert_int_equal(outcome->index == 0, gated->flow.delivered == gated->flow.count);
    if (gated->until > 0 && gated->flow.delivered == gated->until) atomic_store(&gated->gate->open, 1u);
    return APR_SUCCESS;
}

static void begin_gated(gated_flow_t *gated, spork_pool_t *pool, apr_size_t count)
{
    memset(gated, 0, sizeof *gated);
    begin(&gated->flow, count, 0);
    gated->gate = spork_alloc(pool, sizeof *gated->gate);
    assert_non_null(gated->gate);
    gated->item.gate = spork_ref(pool, gated->gate);
}

static void a_waiting_first_item_does_not_hold_back_an_unordered_stream(void **state)
{
    (void)state;
    needs_workers();
    for (int workers = 2; workers <= 5; workers += 3) {
        spork_pool_t *pool = start_pool(workers);
        gated_flow_t gated;
        begin_gated(&gated, pool, 300);
        gated.flow.unordered = 1;
        gated.until = 299;
        run(pool, &gated.flow, be_gated, draw_gated, deliver_gated, 0);
        end(&gated.flow);
        end_pool(pool);
    }
}

/* The last item that may be drawn opens the gate: the stream ends only if it is, and draws no further before. */
static void a_waiting_first_item_fills_the_window_of_an_ordered_stream(void **state)
{
    static const apr_size_t windows[] = { 1, 3, 10, 200 };

    (void)state;
    needs_workers();
    for (int workers = 2; workers <= 5; workers += 3)
        for (size_t w = 0; w < LENGTH(windows); w++) {
            spork_pool_t *pool = start_pool(workers);
            gated_flow_t gated;
            begin_gated(&gated, pool, 500);
            gated.opens = windows[w] + (apr_size_t)workers - 1;
            run(pool, &gated.flow, be_gated, draw_gated, deliver_gated, windows[w]);
            assert_int_equal(gated.flow.most, windows[w] + (apr_size_t)workers);
            end(&gated.flow);
            end_pool(pool);
        }
}

static apr_status_t deliver_slowly(void *baton, const spork_outcome_t *outcome)
{
    apr_sleep(MILLISECOND);
    return deliver(baton, outcome);
}

static void a_slow_sink_holds_the_source_back(void **state)
{
    static const apr_size_t windows[] = { 1, 3, 10 };

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (int unordered = 0; unordered <= 1; unordered++)
            for (size_t w = 0; w < LENGTH(windows); w++) {
                flow_t flow;
                begin(&flow, 60, 0);
                flow.unordered = unordered;
                run(pool, &flow, say_nothing, draw, deliver_slowly, windows[w]);
                end(&flow);
            }
        end_pool(pool);
    }
}

typedef struct {
    flow_t flow;
    int64_t memory; /* of this process, once all is there that is kept */
} long_flow_t;

/* Slower than the workers, and now and then much slower. */
static apr_status_t deliver_long(void *baton, const spork_outcome_t *outcome)
{
    long_flow_t *flow = baton;

    for (volatile int turn = 0; turn < 500;) turn = turn + 1;
    if (outcome->index % 50000 == 0) apr_sleep(MILLISECOND);
    if (outcome->index == 5000) flow->memory = holdings_memory();
    if (outcome->index % 100000 == 99999 && !under_sanitizer())
        assert_true(holdings_memory() <= flow->memory + holdings_memory_slack());
    return deliver_echo(&flow->flow, outcome);
}

static apr_size_t small_size(apr_size_t index)
{
    return index % 1000 == 0 ? 2000 : index % 20;
}

static void a_million_items_and_a_slow_sink_take_bounded_memory(void **state)
{
    spork_pool_t *pool = start_pool(2);
    long_flow_t flow;

    (void)state;
    memset(&flow, 0, sizeof flow);
    begin(&flow.flow, 1000000, 2000);
    flow.flow.size_of = small_size;
    run(pool, &flow.flow, echo, draw, deliver_long, 100);
    end(&flow.flow);
    end_pool(pool);
}

static void a_window_may_be_larger_than_the_stream(void **state)
{
    spork_pool_t *pool = start_pool(2);
    spork_stream_t options = { .window = (apr_size_t)-1 };
    flow_t flow;

    (void)state;
    begin(&flow, 3000, 0);
    assert_success(spork_stream(pool, say_nothing, draw, deliver, &flow, &options));
    end(&flow);
    end_pool(pool);
}

/* ---- misuse -------------------------------------------------------------------------------------------------- */

static apr_status_t never_asked(void *baton, const void **in, apr_size_t *in_size)
{
    (void)in;
    (void)in_size;
    fail_msg("%s was asked for an input", (const char *)baton);
    return APR_EOF;
}

static apr_status_t never_told(void *baton, const spork_outcome_t *outcome)
{
    (void)outcome;
    fail_msg("%s was told an outcome", (const char *)baton);
    return APR_SUCCESS;
}

static void misuse_is_an_error(void **state)
{
    spork_pool_t *pool = start_pool(2);
    char name[] = "nobody";

    (void)state;
    assert_failed(spork_stream(NULL, echo, never_asked, never_told, name, NULL), APR_EINVAL);
    assert_failed(spork_stream(pool, NULL, never_asked, never_told, name, NULL), APR_EINVAL);
    assert_failed(spork_stream(pool, echo, NULL, never_told, name, NULL), APR_EINVAL);
    assert_failed(spork_stream(pool, echo, never_asked, NULL, name, NULL), APR_EINVAL);
    assert_failed(spork_stream(pool, not_registered, never_asked, never_told, name, NULL), SPORK_ENOTTASK);
    assert_success(spork_pool_close(pool));
    assert_failed(spork_stream(pool, echo, never_asked, never_told, name, NULL), SPORK_ECLOSED);
    spork_pool_destroy(pool);
}

static apr_status_t draw_nowhere(void *baton, const void **in, apr_size_t *in_size)
{
    flow_t *flow = baton;
    apr_status_t status = draw(baton, in, in_size);

    if (flow->drawn == 6) *in_size = 10; /* at NULL */
    return status;
}

static void an_input_at_null_ends_the_stream(void **state)
{
    spork_pool_t *pool = start_pool(2);
    flow_t flow;

    (void)state;
    begin(&flow, 10, 0);
    assert_failed(spork_stream(pool, say_nothing, draw_nowhere, deliver, &flow, NULL), APR_EINVAL);
    assert_int_equal(flow.drawn, 6);
    assert_int_equal(flow.delivered, 5);
    flow.over = 1;
    flow.count = flow.drawn = flow.delivered;
    end(&flow);
    end_pool(pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(ten_thousand_items_of_mixed_size),
        TEST(inputs_and_outputs_of_all_sizes),
        TEST(sixty_four_mebibytes_both_ways_at_once),
        TEST(an_empty_stream_delivers_nothing),
        TEST(inputs_and_outputs_may_be_empty),
        TEST(a_small_arena_passes_more_than_it_holds),
        TEST(what_can_never_fit_costs_its_item_only),
        TEST(a_waiting_first_item_does_not_hold_back_an_unordered_stream),
        TEST(a_waiting_first_item_fills_the_window_of_an_ordered_stream),
        TEST(a_slow_sink_holds_the_source_back),
        TEST(a_million_items_and_a_slow_sink_take_bounded_memory),
        TEST(a_window_may_be_larger_than_the_stream),
        TEST(misuse_is_an_error),
        TEST(an_input_at_null_ends_the_stream),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("stream", tests);
}
