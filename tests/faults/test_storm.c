/*
 * Storm: workers killed at random moments, by the hundred in CI and by the ten thousand at night, while a pool
 * works through items of all kinds. Each item has one outcome, each success the right answer, and the parent holds
 * in the end what it held at the beginning.
 *
 * Who kills: a thread inside each worker, started by the initializer, that sleeps for a random time and then kills
 * its own process. So a kill lands at any instruction of the worker, whatever the parent is doing meanwhile, and never
 * hits another process that has got a dead one's number. Before it kills, it adds a byte to the ledger, a file.
 *
 * The environment: SPORK_TEST_KILLS and SPORK_TEST_ITEMS say how long a storm goes on: until there were both.
 * SPORK_TEST_LIFE is the milliseconds that a worker lives, roughly: more where processes start slowly (Wine).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "holdings.h"
#include "watchdog.h"

#define WORKERS 4
#define ROUND_SECONDS 120 /* of patience */

static apr_uint64_t mix(apr_uint64_t value)
{
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

/* ---- in the worker: its end -------------------------------------------------------------------- */

typedef struct {
    apr_uint64_t seed;
    apr_interval_time_t life; /* of a worker, roughly, in the mean */
    char ledger[512];
} doom_t;

typedef struct {
    apr_interval_time_t life;
    apr_file_t *ledger;
} fate_t;

static fate_t fate; /* of this worker */

static void *APR_THREAD_FUNC await_the_end(apr_thread_t *thread, void *data)
{
    apr_size_t one = 1;

    (void)data;
    apr_sleep(fate.life);
    (void)apr_file_write(fate.ledger, "x", &one);
    host_kill_self();
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

/* Most lives are short, one in eight is ten times as long: some workers come to be old, many die at once. */
static apr_interval_time_t choose_life(const doom_t *doom)
{
    apr_uint64_t number = mix(doom->seed ^ mix((apr_uint64_t)host_pid()) ^ (apr_uint64_t)apr_time_now());
    apr_interval_time_t most = 2 * doom->life * (number % 8 == 0 ? 10 : 1);
    return (apr_interval_time_t)((number >> 8) % (apr_uint64_t)most);
}

static apr_status_t be_doomed(spork_task_t *task, const void *in, void *out)
{
    const doom_t *doom = in;
    apr_pool_t *mem; /* as long as the worker */
    apr_thread_t *thread;
    apr_status_t status = apr_pool_create(&mem, NULL);

    (void)task;
    (void)out;
    fate.life = choose_life(doom);
    if (status == APR_SUCCESS)
        status =
            apr_file_open(&fate.ledger, doom->ledger, APR_FOPEN_WRITE | APR_FOPEN_APPEND | APR_FOPEN_CREATE,
                          APR_FPROT_OS_DEFAULT, mem);
    if (status == APR_SUCCESS) status = apr_thread_create(&thread, NULL, await_the_end, NULL, mem);
    return status;
}

/* ---- in the worker: its work ------------------------------------------------------------------ */

#define EFFORT 10000 /* turns of a loop: some microseconds */

typedef struct {
    apr_uint64_t value;
    spork_ref_t runs; /* counts how often this item was begun */
    int overruns;     /* it never ends by itself */
    int unused;
} item_t;

static apr_status_t begin(spork_task_t *task, const item_t *item)
{
    _Atomic apr_uint32_t *runs = spork_deref(task, item->runs, sizeof *runs);

    if (runs == NULL) return APR_EINVAL;
    (void)atomic_fetch_add(runs, 1u);
    while (item->overruns) apr_sleep(SECOND);
    for (volatile int turn = 0; turn < EFFORT;) turn = turn + 1;
    return APR_SUCCESS;
}

static apr_status_t answer(spork_task_t *task, const void *in, void *out)
{
    const item_t *item = in;
    apr_status_t status = begin(task, item);
    *(apr_uint64_t *)out = mix(item->value);
    return status;
}

/* Replies with as many bytes as came in: the item, answered, and the rest as it is. */
static apr_status_t echo(spork_task_t *task, const void *in, void *out)
{
    item_t item;
    apr_size_t size = spork_task_in_size(task);
    unsigned char *reply = apr_palloc(spork_task_pool(task), size);
    apr_status_t status;

    (void)out;
    memcpy(&item, in, sizeof item);
    status = begin(task, &item);
    item.value = mix(item.value);
    memcpy(reply, in, size);
    memcpy(reply, &item.value, sizeof item.value);
    return status == APR_SUCCESS ? spork_reply(task, reply, size) : status;
}

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static const spork_entry_t entries[] = { SPORK_ENTRY(be_doomed), SPORK_ENTRY(answer), SPORK_ENTRY(echo),
                                         SPORK_ENTRY(nothing), SPORK_END };

/* ---- in the parent: the storm ------------------------------------------------------------------- */

#define MAPPED 2000    /* items of a map */
#define SUBMITTED 1000 /* of a batch */
#define BYTES_MOST ((apr_size_t)300 << 10)

typedef struct {
    spork_pool_t *pool;
    int retries;
    int has_timeout;
    const char *ledger;
    _Atomic apr_uint32_t *runs;
    apr_uint64_t number; /* of the next item; what it is about */
    apr_uint64_t expected_sum, sum;
    apr_uint64_t items, succeeded, crashed, overran, repeated;
    apr_time_t begun; /* for the figures only */
} storm_t;

static item_t next_item(storm_t *storm, int i)
{
    item_t item;

    memset(&item, 0, sizeof item);
    item.value = storm->number++;
    item.runs = spork_ref(storm->pool, (const void *)&storm->runs[i]);
    item.overruns = storm->has_timeout && item.value % 1000 == 500;
    atomic_store(&storm->runs[i], 0);
    storm->expected_sum += mix(item.value);
    return item;
}

static void check_success(storm_t *storm, const item_t *item, int i, apr_uint64_t got)
{
    apr_uint32_t runs = atomic_load(&storm->runs[i]);

    assert_int_equal(got, mix(item->value));
    assert_false(item->overruns);
    assert_in_range(runs, 1, (unsigned)storm->retries + 1);
    storm->sum += got;
    storm->succeeded++;
    storm->repeated += runs > 1;
}

/* It was begun at most as often as it is said to have been: a worker may die between the two. */
static void check_casualty(storm_t *storm, const item_t *item, int i, const spork_outcome_t *outcome)
{
    assert_int_equal(outcome->attempts, storm->retries + 1);
    assert_in_range(atomic_load(&storm->runs[i]), 0, (unsigned)outcome->attempts);
    assert_int_equal(outcome->out_size, 0);
    if (outcome->status == SPORK_EDEADLINE && storm->has_timeout) {
        storm->overran++;
    } else {
        assert_status(outcome->status, SPORK_ECRASHED);
        assert_true(died_as(DIE_KILLED, outcome));
        storm->crashed++;
    }
    storm->sum += mix(item->value);
}

static void map_some(storm_t *storm, apr_size_t chunk)
{
    static item_t in[MAPPED];
    static apr_uint64_t out[MAPPED];
    spork_map_t options = { 0 };
    apr_status_t status;
    apr_size_t failed = 0;

    options.chunk = chunk;
    for (int i = 0; i < MAPPED; i++) in[i] = next_item(storm, i);
    status = spork_map(storm->pool, answer, in, sizeof in[0], out, sizeof out[0], MAPPED, &options);
    assert_status(status, options.n_failures > 0 ? SPORK_EFAILED : APR_SUCCESS);
    for (int i = 0; i < MAPPED; i++) {
        if (failed < options.n_failures && options.failures[failed].index == (apr_size_t)i)
            check_casualty(storm, &in[i], i, &options.failures[failed++]);
        else
            check_success(storm, &in[i], i, out[i]);
    }
    assert_int_equal(failed, options.n_failures);
    storm->items += MAPPED;
}

static apr_size_t size_of(apr_uint64_t value)
{
    if (value % 128 == 7) return BYTES_MOST;
    return sizeof(item_t) + (apr_size_t)(value % 8 == 3 ? 4096 : value % 150);
}

static void check_reply(storm_t *storm, const item_t *item, int i, const spork_outcome_t *outcome)
{
    const unsigned char *bytes = outcome->out;
    apr_uint64_t got;

    if (outcome->status != APR_SUCCESS) {
        check_casualty(storm, item, i, outcome);
        return;
    }
    assert_int_equal(outcome->out_size, size_of(item->value));
    memcpy(&got, bytes, sizeof got);
    for (apr_size_t at = sizeof *item; at < outcome->out_size; at++)
        if (bytes[at] != (unsigned char)item->value) fail_msg("byte %d of a reply is wrong", (int)at);
    check_success(storm, item, i, got);
}

static void submit_one(storm_t *storm, item_t *items, spork_future_t **futures, int i)
{
    static unsigned char input[BYTES_MOST];
    apr_size_t size;

    items[i] = next_item(storm, i);
    size = size_of(items[i].value);
    memset(input, (int)(items[i].value & 0xff), size);
    memcpy(input, &items[i], sizeof items[i]);
    assert_success(spork_submit(&futures[i], storm->pool, echo, input, size));
    spork_future_set_baton(futures[i], &items[i]);
}

/* In the order of completion if told so, each handed out once; else in the order of submission. */
static void submit_some(storm_t *storm, int as_they_come)
{
    static item_t items[SUBMITTED];
    static spork_future_t *futures[SUBMITTED];

    for (int i = 0; i < SUBMITTED; i++) submit_one(storm, items, futures, i);
    for (int k = 0; k < SUBMITTED; k++) {
        spork_future_t *future = futures[k];
        int i = k;
        if (as_they_come) {
            assert_success(spork_wait_any(storm->pool, -1, &future));
            i = (int)((item_t *)spork_future_baton(future) - items);
            assert_ptr_equal(futures[i], future); /* NULL: it was handed out before */
        } else {
            assert_success(spork_future_wait(future, -1));
        }
        check_reply(storm, &items[i], i, spork_future_outcome(future));
        spork_future_destroy(future);
        futures[i] = NULL;
    }
    if (as_they_come) {
        spork_future_t *none;
        assert_status(spork_wait_any(storm->pool, 0, &none), APR_EOF);
    }
    storm->items += SUBMITTED;
}

/* A stream of as many. */
typedef struct {
    storm_t *storm;
    item_t items[SUBMITTED];
    int drawn, seen[SUBMITTED];
} flow_t;

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    static unsigned char input[BYTES_MOST];
    flow_t *flow = baton;
    int i = flow->drawn;

    if (i == SUBMITTED) return APR_EOF;
    flow->items[i] = next_item(flow->storm, i);
    *in_size = size_of(flow->items[i].value);
    memset(input, (int)(flow->items[i].value & 0xff), *in_size);
    memcpy(input, &flow->items[i], sizeof flow->items[i]);
    *in = input;
    flow->drawn++;
    return APR_SUCCESS;
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    flow_t *flow = baton;
    int i = (int)outcome->index;

    assert_in_range(i, 0, flow->drawn - 1);
    assert_int_equal(++flow->seen[i], 1);
    check_reply(flow->storm, &flow->items[i], i, outcome);
    return APR_SUCCESS;
}

static void stream_some(storm_t *storm, apr_size_t window, int unordered)
{
    static flow_t flow;
    spork_stream_t options = { 0 };

    memset(&flow, 0, sizeof flow);
    flow.storm = storm;
    options.window = window;
    options.unordered = unordered;
    assert_success(spork_stream(storm->pool, echo, draw, deliver, &flow, &options));
    assert_int_equal(flow.drawn, SUBMITTED);
    for (int i = 0; i < SUBMITTED; i++) assert_int_equal(flow.seen[i], 1);
    storm->items += SUBMITTED;
}

static apr_uint64_t count_kills(const storm_t *storm)
{
    apr_finfo_t info;
    if (apr_stat(&info, storm->ledger, APR_FINFO_SIZE, test_memory()) != APR_SUCCESS) return 0;
    return (apr_uint64_t)info.size;
}

/* A look at the parent when no worker is missing: a missing one holds nothing. */
typedef struct {
    int descriptors;
    int64_t memory;
} look_t;

static look_t look_at_full_size(const storm_t *storm)
{
    apr_int64_t pids[WORKERS];
    look_t look;
    int missing;

    do {
        spork_future_t *future;
        assert_success(spork_submit(&future, storm->pool, nothing, NULL, 0));
        assert_success(spork_future_wait(future, -1));
        spork_future_destroy(future);
        missing = 0;
        assert_int_equal(spork_pool_pids(storm->pool, pids, WORKERS), WORKERS);
        for (int i = 0; i < WORKERS; i++) missing += pids[i] == 0;
    } while (missing > 0);
    look.descriptors = holdings_descriptors();
    look.memory = holdings_memory();
    return look;
}

static void one_round(storm_t *storm)
{
    map_some(storm, 1);
    map_some(storm, 0);
    submit_some(storm, 0);
    submit_some(storm, 1);
    stream_some(storm, 0, 0);
    stream_some(storm, 20, 1);
}

static apr_uint64_t told(const char *name, apr_uint64_t otherwise)
{
    const char *text = getenv(name);
    long long value = text != NULL ? atoll(text) : 0;
    return value > 0 ? (apr_uint64_t)value : otherwise;
}

static void print_figures(const storm_t *storm, const look_t *first, const look_t *last)
{
    apr_uint64_t ms = (apr_uint64_t)(apr_time_now() - storm->begun) / 1000;

    print_message(
        "storm: kills %llu, items %llu: succeeded %llu (%llu in a later run), crashed %llu, overran %llu; "
        "%llu.%03llu s; descriptors %d -> %d, bytes %lld -> %lld\n",
        (unsigned long long)count_kills(storm), (unsigned long long)storm->items,
        (unsigned long long)storm->succeeded, (unsigned long long)storm->repeated,
        (unsigned long long)storm->crashed, (unsigned long long)storm->overran, (unsigned long long)ms / 1000,
        (unsigned long long)ms % 1000, first->descriptors, last->descriptors, (long long)first->memory,
        (long long)last->memory);
}

/* Sanitizers keep what was freed for a while. */
static void compare(const look_t *first, const look_t *last)
{
    assert_int_equal(last->descriptors, first->descriptors);
    if (first->memory >= 0 && !under_sanitizer())
        assert_true(last->memory <= first->memory + holdings_memory_slack());
}

/* Half of what was asked for: there are two storms. And whatever may come of a kill has come: most kills hit
 * a worker that starts, or waits in an item that overruns. */
static int is_over(const storm_t *storm)
{
    apr_uint64_t kills = told("SPORK_TEST_KILLS", 100) / 2, items = told("SPORK_TEST_ITEMS", 12000) / 2;

    if (storm->items < items || count_kills(storm) < kills) return 0;
    return storm->crashed > 0 && (storm->retries == 0 || storm->repeated > 0);
}

static void rage(storm_t *storm)
{
    look_t first, last;

    storm->runs = spork_alloc(storm->pool, MAPPED * sizeof *storm->runs);
    assert_non_null(storm->runs);
    one_round(storm); /* what is allocated once and kept, is by now */
    first = look_at_full_size(storm);
    do {
        watchdog_start("a storm's round", ROUND_SECONDS * slow_factor());
        one_round(storm);
    } while (!is_over(storm));
    last = look_at_full_size(storm);
    print_figures(storm, &first, &last);
    assert_int_equal(storm->succeeded + storm->crashed + storm->overran, storm->items);
    assert_int_equal(storm->sum, storm->expected_sum);
    compare(&first, &last);
}

static void prepare(storm_t *storm, spork_config_t *config, doom_t *doom, int lives)
{
    memset(storm, 0, sizeof *storm);
    memset(doom, 0, sizeof *doom);
    storm->begun = apr_time_now();
    storm->ledger = test_path("ledger");
    doom->seed = (apr_uint64_t)storm->begun;
    if (under_sanitizer()) lives *= 2; /* workers start as slowly */
    doom->life = lives * (apr_interval_time_t)told("SPORK_TEST_LIFE", 2) * MILLISECOND * slow_factor();
    apr_cpystrn(doom->ledger, storm->ledger, sizeof doom->ledger);
    make_config(config, WORKERS);
    config->initializer = be_doomed;
    config->init_arg = doom;
    config->init_size = sizeof *doom;
}

/* Workers that die one after the other before they are all ready are the end of a creation, and here they may well do. */
static spork_pool_t *make_pool_in_a_storm(const spork_config_t *config)
{
    spork_pool_t *pool;
    apr_status_t status;
    int tries = 50;

    do {
        status = spork_pool_create(&pool, config, test_memory());
    } while ((status == SPORK_EINITIALIZER || status == SPORK_ESTART) && --tries > 0);
    assert_success(status);
    return pool;
}

static void over(storm_t *storm)
{
    end_pool(storm->pool);
    assert_success(apr_file_remove(storm->ledger, test_memory()));
}

static void over_a_plain_pool(void **state)
{
    spork_config_t config;
    storm_t storm;
    doom_t doom;

    (void)state;
    needs_workers();
    prepare(&storm, &config, &doom, 1);
    storm.pool = make_pool_in_a_storm(&config);
    rage(&storm);
    over(&storm);
}

static void over_a_pool_with_timeout_retries_and_max_tasks(void **state)
{
    spork_config_t config;
    storm_t storm;
    doom_t doom;

    (void)state;
    needs_workers();
    prepare(&storm, &config, &doom, 2);
    config.timeout = 30 * MILLISECOND * slow_factor();
    config.retries = storm.retries = 1;
    config.max_tasks = 300;
    storm.has_timeout = 1;
    storm.pool = make_pool_in_a_storm(&config);
    rage(&storm);
    assert_true(storm.repeated > 0);
    over(&storm);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(over_a_plain_pool),
        TEST(over_a_pool_with_timeout_retries_and_max_tasks),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, entries) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("storm", tests);
}
