/*
 * Faults: death at any instruction. A build of the core in which every place between two stores of a worker's
 * protocol has a name (src/step.h); a worker is made to die at each, in each way, under each kind of work. The tables
 * say what that may cost. Each time: every item has one outcome, was run as often as that says, the pool is at
 * full size again, and goes on.
 *
 * Deaths are not all tried everywhere: with a sanitizer each step sees one of them per kind of work, on Windows (where
 * a process takes a hundred times as long to start, under Wine) one of them under one kind of work that reaches
 * the step; which one changes from step to step. Starts that fail for ever, which are damped, see one each everywhere.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "conformance.h"

#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "step.h"
#include "worker.h"

#define OWN_STATUS (APR_OS_START_USERERR + 42)
#define WORKERS 2 /* but one where a ring shall be filled */
#define ITEMS_MOST 600
#define N_DEATHS 5

static const die_e deaths[N_DEATHS] = { DIE_KILLED, DIE_FAULT, DIE_ABORT, DIE_EXIT_0, DIE_EXIT_3 };

/* ---- the kinds of work ------------------------------------------------------------------------------ */

enum { EACH, CHUNK, OWN, GUARDED, FAILS, STOPS, WEARS, REPLIES, STREAM, LARGE, RING, ASKS, CLOSES, N_JOBS };

typedef struct {
    int items;
    int submitted; /* or mapped */
    int streamed;  /* submitted, but by a stream */
    int fills_ring;
    apr_size_t chunk;      /* of a map */
    apr_size_t reply_size; /* of a submitted item */
    int guarded;           /* by a time-out that never comes */
    int every_third_fails;
    int stop_on_error;
    int asks; /* the parent, at length */
    apr_uint32_t max_tasks;
} job_t;

static const job_t jobs[N_JOBS] = {
    [EACH] = { .items = 24, .chunk = 1 },
    [CHUNK] = { .items = 24, .chunk = 4 },
    [OWN] = { .items = 48 },
    [GUARDED] = { .items = 24, .chunk = 4, .guarded = 1 },
    [FAILS] = { .items = 24, .chunk = 4, .every_third_fails = 1 },
    [STOPS] = { .items = 16, .chunk = 8, .stop_on_error = 1 },
    [WEARS] = { .items = 24, .chunk = 4, .max_tasks = 3 },
    [REPLIES] = { .items = 24, .submitted = 1, .reply_size = 100 },
    [STREAM] = { .items = 24, .submitted = 1, .streamed = 1, .reply_size = 100 },
    [LARGE] = { .items = 8, .submitted = 1, .reply_size = 400000 },    /* more than a worker's usual region */
    [RING] = { .items = ITEMS_MOST, .submitted = 1, .fills_ring = 1 }, /* more than its ring holds */
    [ASKS] = { .items = 24, .chunk = 4, .asks = 1 },
    [CLOSES] = { .items = 24, .chunk = 4 },
};

#define UNDER(job) (1u << (job))
#define MAPS \
    (UNDER(EACH) | UNDER(CHUNK) | UNDER(OWN) | UNDER(GUARDED) | UNDER(FAILS) | UNDER(STOPS) | UNDER(WEARS))
#define SUBMITS (UNDER(REPLIES) | UNDER(STREAM) | UNDER(LARGE))
#define ALL (MAPS | SUBMITS)
#define REPORTS (UNDER(FAILS) | UNDER(STOPS) | SUBMITS)
#define GIVES (UNDER(STOPS) | UNDER(WEARS))
#define LASTING (ALL & ~UNDER(WEARS)) /* in which a worker outlives the job */

/* ---- what each step may cost ------------------------------------------------------------------------- */

typedef enum {
    NOTHING,
    ITEM_NOT_RUN,
    ITEM_RUN
} cost_e;                           /* the item at hand, its function called or not yet */
enum { ONCE, PER_ITEM, BY_CHANCE }; /* how often a job passes it: at least once, per item, or not always */

typedef struct {
    const char *name;
    unsigned jobs; /* that pass it */
    cost_e cost;
    int passes;
} step_t;

static const step_t steps[] = {
    { "idle", UNDER(EACH), NOTHING, BY_CHANCE },
    { "asleep", UNDER(EACH), NOTHING, BY_CHANCE },
    { "woken", UNDER(EACH), NOTHING, BY_CHANCE },
    { "found", ALL, NOTHING, ONCE },
    { "looking", ALL, NOTHING, ONCE },
    { "claiming", ALL, NOTHING, ONCE },
    { "claimed", ALL, NOTHING, ONCE },
    { "beginning", ALL, NOTHING, PER_ITEM },
    { "running", ALL, ITEM_NOT_RUN, PER_ITEM },
    { "item", ALL, ITEM_RUN, PER_ITEM }, /* in the task itself */
    { "half asked", UNDER(ASKS), ITEM_RUN, PER_ITEM },
    { "asking", UNDER(ASKS), ITEM_RUN, PER_ITEM },
    { "asked", UNDER(ASKS), ITEM_RUN, PER_ITEM },
    { "heard", UNDER(ASKS), ITEM_RUN, PER_ITEM },
    { "wanting", SUBMITS, ITEM_RUN, ONCE },
    { "blocked", SUBMITS | UNDER(RING), ITEM_RUN, ONCE },
    { "roused", SUBMITS | UNDER(RING), ITEM_RUN, BY_CHANCE },
    { "granted", SUBMITS, ITEM_RUN, ONCE },
    { "half replied", SUBMITS, ITEM_RUN, PER_ITEM },
    { "replied", SUBMITS, ITEM_RUN, PER_ITEM },
    { "returned", ALL, ITEM_RUN, PER_ITEM },
    { "entry written", REPORTS, ITEM_RUN, ONCE },
    { "reporting", REPORTS, NOTHING, ONCE },
    { "published", REPORTS, NOTHING, ONCE },
    { "told", REPORTS, NOTHING, ONCE },
    { "rung", REPORTS, NOTHING, ONCE },
    { "finished", UNDER(GUARDED), NOTHING, PER_ITEM },
    { "ended", ALL, NOTHING, PER_ITEM },
    { "counted", ALL, NOTHING, ONCE },
    { "chunk done", ALL & ~GIVES, NOTHING, ONCE },
    { "rest written", GIVES, NOTHING, ONCE },
    { "giving", GIVES, NOTHING, ONCE },
    { "rest begun", GIVES, NOTHING, ONCE },
    { "rest published", GIVES, NOTHING, ONCE },
    { "given", GIVES, NOTHING, ONCE },
    { "served", LASTING, NOTHING, ONCE },
    { "left", LASTING, NOTHING, ONCE },
    { "gone", LASTING, NOTHING, ONCE },
    { "retiring", UNDER(WEARS) | UNDER(CLOSES), NOTHING, ONCE },
    { "retired", UNDER(WEARS) | UNDER(CLOSES), NOTHING, ONCE },
};

enum { BARE, WITH_INITIALIZER, WITH_FAILING_INITIALIZER };

typedef struct {
    const char *name;
    int spawned_only; /* forked workers are past it when they are born */
    int setting;
} start_step_t;

static const start_step_t start_steps[] = {
    { "born", 1, BARE },
    { "attached", 1, BARE },
    { "seated", 0, BARE },
    { "entering", 0, BARE },
    { "entered", 0, BARE },
    { "initializing", 0, WITH_INITIALIZER },
    { "initialized", 0, WITH_INITIALIZER },
    { "prepared", 0, BARE },
    { "failing", 0, WITH_FAILING_INITIALIZER },
    { "failed", 0, WITH_FAILING_INITIALIZER },
};
#define READY "ready" /* who dies there was started in vain, but is no failed start */

int step_is_known(const char *name)
{
    for (size_t i = 0; i < LENGTH(steps); i++)
        if (strcmp(steps[i].name, name) == 0) return 1;
    for (size_t i = 0; i < LENGTH(start_steps); i++)
        if (strcmp(start_steps[i].name, name) == 0) return 1;
    return strcmp(name, READY) == 0;
}

/* ---- tasks --------------------------------------------------------------------------------------------- */

typedef enum { SUCCEED, FAIL, AWAIT_STOP, AWAIT_GATE, ASK } manner_e;

typedef struct {
    apr_uint64_t value;
    spork_ref_t runs, gate;
    manner_e manner;
    apr_uint32_t reply_size;
} item_t;

static apr_uint64_t answer_to(apr_uint64_t value)
{
    return value * 3 + 1;
}

/* What a task cannot see, but must wait for: that the parent stops the map. */
static void await_stop(spork_task_t *task)
{
    const spk_worker_t *worker = task->keeper;
    unsigned slot = spk_cur_unpack(atomic_load(&worker->seat->cur)).slot;

    while (atomic_load(&worker->head->jobs[slot].stop) == 0) apr_sleep(MILLISECOND);
}

#define ASKED 700 /* numbers: more than one message */

/* Each number of the request is answered. */
static apr_status_t tell(void *baton, const void *in, apr_size_t in_size, spork_answer_t *to)
{
    apr_uint64_t numbers[ASKED];

    (void)baton;
    if (in_size != sizeof numbers) return APR_EINVAL;
    memcpy(numbers, in, in_size);
    for (int i = 0; i < ASKED; i++) numbers[i] = answer_to(numbers[i]);
    return spork_answer(to, numbers, sizeof numbers);
}

static apr_status_t ask(spork_task_t *task, apr_uint64_t value)
{
    apr_uint64_t numbers[ASKED];
    const void *out = NULL;
    apr_size_t size = 0;
    apr_status_t status;

    for (apr_uint64_t i = 0; i < ASKED; i++) numbers[i] = value + i;
    status = spork_call(task, "tell", numbers, sizeof numbers, &out, &size);
    if (status != APR_SUCCESS || size != sizeof numbers) return status != APR_SUCCESS ? status : APR_EGENERAL;
    for (apr_uint64_t i = 0; i < ASKED; i++)
        if (((const apr_uint64_t *)out)[i] != answer_to(value + i)) return APR_EGENERAL;
    return APR_SUCCESS;
}

static apr_status_t run(spork_task_t *task, const item_t *item)
{
    _Atomic apr_uint32_t *runs = spork_deref(task, item->runs, sizeof *runs);

    if (runs == NULL) return APR_EINVAL;
    (void)atomic_fetch_add(runs, 1u);
    spk_step("item");
    if (item->manner == AWAIT_STOP) await_stop(task);
    if (item->manner == AWAIT_GATE) gate_pass(spork_deref(task, item->gate, sizeof(gate_t)));
    if (item->manner == ASK) return ask(task, item->value);
    if (item->manner != FAIL) return APR_SUCCESS;
    spork_fail(task, "item %d is bad", (int)item->value);
    return OWN_STATUS;
}

static apr_status_t answer(spork_task_t *task, const void *in, void *out)
{
    const item_t *item = in;

    *(apr_uint64_t *)out = answer_to(item->value);
    return run(task, item);
}

static apr_status_t reply(spork_task_t *task, const void *in, void *out)
{
    const item_t *item = in;
    apr_status_t status = run(task, item);
    unsigned char *bytes;

    (void)out;
    if (status != APR_SUCCESS || item->reply_size == 0) return status;
    bytes = apr_palloc(spork_task_pool(task), item->reply_size);
    memset(bytes, (int)(answer_to(item->value) & 0xff), item->reply_size);
    return spork_reply(task, bytes, item->reply_size);
}

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static apr_status_t be_killed(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)out;
    if (*(const int *)in) die(DIE_KILLED);
    return APR_SUCCESS;
}

static apr_status_t prepare(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    if (*(const int *)in != WITH_FAILING_INITIALIZER) return APR_SUCCESS;
    spork_fail(task, "nothing to prepare");
    return OWN_STATUS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(answer),    SPORK_ENTRY(reply),   SPORK_ENTRY(nothing),
                                       SPORK_ENTRY(be_killed), SPORK_ENTRY(prepare), SPORK_END };

/* ---- one run of a job, and what it must come to ---------------------------------------------------------- */

typedef struct {
    const step_t *step;
    const job_t *job;
    die_e how;
    int retries;
    spork_pool_t *pool;
    _Atomic apr_uint32_t *runs;
    gate_t *gates; /* two */
} trial_t;

/* How an item ended; of a map's success nothing but the result is known. */
typedef struct {
    apr_status_t status;
    int right;        /* the result is; or the words are, of a failure */
    int attempts;     /* 0: not known */
    int died_as_told; /* of a casualty */
} seen_t;

static item_t items[ITEMS_MOST];
static seen_t seen[ITEMS_MOST];
static spork_future_t *futures[ITEMS_MOST];

#define SECOND_GATE 30 /* the item; so many jobs of a single item each are over then */

static int is_bad(const job_t *job, int i)
{
    return (job->every_third_fails && i % 3 == 1) || (job->stop_on_error && i == 0);
}

static void prepare_items(const trial_t *trial)
{
    const job_t *job = trial->job;

    memset(items, 0, sizeof items);
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < job->items; i++) {
        atomic_store(&trial->runs[i], 0);
        items[i].value = (apr_uint64_t)i;
        items[i].runs = spork_ref(trial->pool, (const void *)&trial->runs[i]);
        items[i].reply_size = (apr_uint32_t)job->reply_size;
        items[i].manner = is_bad(job, i) ? FAIL : job->stop_on_error ? AWAIT_STOP : job->asks ? ASK : SUCCEED;
    }
    for (int g = 0; job->fills_ring && g < 2; g++) {
        item_t *item = &items[g * SECOND_GATE];

        memset(&trial->gates[g], 0, sizeof trial->gates[g]);
        item->manner = AWAIT_GATE;
        item->gate = spork_ref(trial->pool, &trial->gates[g]);
    }
}

static void see_failure(const trial_t *trial, int i, const spork_outcome_t *outcome)
{
    char words[64];

    apr_snprintf(words, sizeof words, "item %d is bad", i);
    seen[i].status = outcome->status;
    seen[i].attempts = outcome->attempts;
    seen[i].right = strcmp(outcome->message, outcome->status == OWN_STATUS ? words : "") == 0;
    seen[i].died_as_told = outcome->status == SPORK_ECRASHED && died_as(trial->how, outcome);
}

static void run_map(const trial_t *trial)
{
    const job_t *job = trial->job;
    spork_map_t options = { 0 };
    apr_uint64_t out[ITEMS_MOST];
    apr_status_t status;

    options.chunk = job->chunk;
    options.stop_on_error = job->stop_on_error;
    memset(out, 0, sizeof out);
    status = spork_map(trial->pool, answer, items, sizeof items[0], out, sizeof out[0],
                       (apr_size_t)job->items, &options);
    assert_status(status, options.n_failures > 0 ? SPORK_EFAILED : APR_SUCCESS);
    for (int i = 0; i < job->items; i++) seen[i].right = out[i] == answer_to(items[i].value);
    for (apr_size_t f = 0; f < options.n_failures; f++) {
        assert_true(options.failures[f].index < (apr_size_t)job->items);
        assert_true(f == 0 || options.failures[f].index > options.failures[f - 1].index);
        see_failure(trial, (int)options.failures[f].index, &options.failures[f]);
    }
}

static int is_right_reply(const item_t *item, const spork_outcome_t *outcome)
{
    const unsigned char *bytes = outcome->out;
    unsigned char want = (unsigned char)(answer_to(item->value) & 0xff);

    if (outcome->out_size != item->reply_size) return 0;
    for (apr_size_t i = 0; i < outcome->out_size; i++)
        if (bytes[i] != want) return 0;
    return 1;
}

static void see_outcome(const trial_t *trial, int i, const spork_outcome_t *outcome)
{
    if (outcome->status != APR_SUCCESS) {
        assert_int_equal(outcome->out_size, 0);
        see_failure(trial, i, outcome);
    } else {
        seen[i].right = is_right_reply(&items[i], outcome);
        seen[i].attempts = outcome->attempts;
    }
}

static unsigned posted_items(const spork_pool_t *pool)
{
    unsigned n = 0;

    for (int slot = 0; slot < SPK_SLOTS; slot++)
        if (pool->slots[slot].state == SPK_SLOT_OPEN) n += pool->slots[slot].count;
    return n;
}

/* Let the one worker run into a full ring. It is held while the first items are posted (one a job, as they come), and
 * once more when these are over, so that many more items fit into their slots. Then the parent does nothing until
 * the worker waits, or has died of that. */
static void fill_ring(const trial_t *trial)
{
    const spk_seat_t *seat = trial->pool->members[0].seat;
    spork_future_t *last = futures[trial->job->items - 1];

    gate_await(last, &trial->gates[0], 1);
    atomic_store(&trial->gates[0].open, 1);
    gate_await(last, &trial->gates[1], 1);
    while (posted_items(trial->pool) < SPK_RING + SPK_BATCH_MAX) (void)spork_future_wait(last, MILLISECOND);
    atomic_store(&trial->gates[1].open, 1);
    while (atomic_load(&seat->mood) != SPK_MOOD_BLOCKED && step_deaths() == 0) apr_sleep(MILLISECOND);
}

static void run_futures(const trial_t *trial)
{
    for (int i = 0; i < trial->job->items; i++)
        assert_success(spork_submit(&futures[i], trial->pool, reply, &items[i], sizeof items[i]));
    if (trial->job->fills_ring) fill_ring(trial);
    for (int i = 0; i < trial->job->items; i++) {
        const spork_outcome_t *outcome;

        assert_success(spork_future_wait(futures[i], -1));
        outcome = spork_future_outcome(futures[i]);
        assert_non_null(outcome);
        see_outcome(trial, i, outcome);
        spork_future_destroy(futures[i]);
    }
}

typedef struct {
    const trial_t *trial;
    int drawn, delivered;
} flow_t;

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    flow_t *flow = baton;

    if (flow->drawn == flow->trial->job->items) return APR_EOF;
    *in = &items[flow->drawn++];
    *in_size = sizeof items[0];
    return APR_SUCCESS;
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    flow_t *flow = baton;

    assert_int_equal(outcome->index, flow->delivered++);
    see_outcome(flow->trial, (int)outcome->index, outcome);
    return APR_SUCCESS;
}

static void run_stream(const trial_t *trial)
{
    flow_t flow = { trial, 0, 0 };

    assert_success(spork_stream(trial->pool, reply, draw, deliver, &flow, NULL));
    assert_int_equal(flow.delivered, trial->job->items);
}

static void check_item(const trial_t *trial, int i, unsigned item_runs, int may_crash)
{
    const seen_t *s = &seen[i];

    if (s->status != SPORK_ECANCELLED) assert_true(s->right);
    switch (s->status) {
    case APR_SUCCESS: assert_int_not_equal(items[i].manner, FAIL); break;
    case OWN_STATUS: assert_int_equal(items[i].manner, FAIL); break;
    case SPORK_ECANCELLED:
        assert_true(trial->job->stop_on_error);
        assert_int_equal(item_runs, 0);
        assert_int_equal(s->attempts, 0);
        break;
    default:
        assert_status(s->status, SPORK_ECRASHED);
        assert_true(may_crash);
        assert_true(s->died_as_told);
        assert_int_equal(s->attempts, 1);
        assert_int_equal(item_runs, trial->step->cost == ITEM_RUN);
    }
}

/* `lost`: a worker died with an item at hand. */
static void check_job(const trial_t *trial, int lost)
{
    int crashed = 0, again = 0, again_by_attempts = 0;

    for (int i = 0; i < trial->job->items; i++) {
        unsigned item_runs = atomic_load(&trial->runs[i]);

        check_item(trial, i, item_runs, lost && trial->retries == 0);
        crashed += seen[i].status == SPORK_ECRASHED;
        again += item_runs == 2;
        again_by_attempts += seen[i].attempts == 2;
        if (seen[i].status == APR_SUCCESS || seen[i].status == OWN_STATUS)
            assert_in_range(item_runs, 1, (unsigned)trial->retries + 1);
    }
    assert_int_equal(crashed, lost && trial->retries == 0);
    assert_int_equal(again, lost && trial->retries > 0 && trial->step->cost == ITEM_RUN);
    if (trial->job->submitted) assert_int_equal(again_by_attempts, lost && trial->retries > 0);
}

static void run_job(const trial_t *trial)
{
    int before = step_deaths();

    prepare_items(trial);
    if (trial->job->streamed)
        run_stream(trial);
    else if (trial->job->submitted)
        run_futures(trial);
    else
        run_map(trial);
    check_job(trial, trial->step->cost != NOTHING && step_deaths() > before);
}

/* ---- the pool afterwards ----------------------------------------------------------------------------------- */

static int all_sleep(const spork_pool_t *pool)
{
    for (int m = 0; m < pool->n; m++)
        if (pool->members[m].state != SPK_READY ||
            atomic_load(&pool->members[m].seat->mood) != SPK_MOOD_ASLEEP)
            return 0;
    return 1;
}

static int is_in_pool(const spork_pool_t *pool, int64_t pid)
{
    apr_int64_t pids[WORKERS];
    int n = spork_pool_pids(pool, pids, WORKERS);

    for (int i = 0; i < n; i++)
        if (pids[i] == pid) return 1;
    return 0;
}

static void do_nothing(spork_pool_t *pool)
{
    spork_future_t *future;

    assert_success(spork_submit(&future, pool, nothing, NULL, 0));
    assert_success(spork_future_wait(future, -1));
    assert_success(spork_future_outcome(future)->status);
    spork_future_destroy(future);
}

/* Nothing is under way: then no slot and no room for replies is kept for the dead. */
static void assert_nothing_kept(spork_pool_t *pool)
{
    while (!all_sleep(pool)) {
        spk_pump(pool);
        apr_sleep(MILLISECOND);
    }
    spk_pump(pool);
    for (int slot = 0; slot < SPK_SLOTS; slot++) assert_int_equal(pool->slots[slot].state, SPK_SLOT_FREE);
    for (int m = 0; m < pool->n; m++) {
        assert_int_equal(atomic_load(&pool->members[m].seat->looking), 0);
        assert_int_equal(atomic_load(&pool->members[m].seat->want), 0);
        assert_false(pool->members[m].region_once);
        assert_false(pool->members[m].caller.open);
    }
}

static void assert_goes_on(spork_pool_t *pool)
{
    int in[20] = { 0 };

    assert_full_size(pool, nothing);
    assert_success(spork_map(pool, be_killed, in, sizeof in[0], NULL, 0, LENGTH(in), NULL));
}

/* The death may come after the last outcome: until then, or until nobody is at anything any more. */
static void await_death(spork_pool_t *pool, const char *name)
{
    int64_t pid;

    while (step_deaths() == 0 && !all_sleep(pool)) {
        do_nothing(pool);
        apr_sleep(MILLISECOND);
    }
    if (step_deaths() == 0) fail_msg("nobody came to the step \"%s\"", name);
    while ((pid = step_victim(0)) == 0) apr_sleep(MILLISECOND);
    while (is_in_pool(pool, pid)) do_nothing(pool);
}

/* ---- every step under a kind of work -------------------------------------------------------------------------- */

static void start_trial(trial_t *trial)
{
    spork_config_t config;

    make_config(&config, trial->job->fills_ring ? 1 : WORKERS);
    config.retries = trial->retries;
    config.max_tasks = trial->job->max_tasks;
    config.timeout = trial->job->guarded ? 3600 * SECOND : 0;
    trial->pool = make_pool(&config);
    assert_success(spork_pool_serve(trial->pool, "tell", tell, NULL));
    trial->runs = spork_alloc(trial->pool, ITEMS_MOST * sizeof *trial->runs);
    trial->gates = spork_alloc(trial->pool, 2 * sizeof *trial->gates);
    assert_non_null(trial->runs);
    assert_non_null(trial->gates);
}

static void try_step(const step_t *step, int job, die_e how, int retries, int skip)
{
    trial_t trial = { step, &jobs[job], how, retries, NULL, NULL, NULL };
    int closing = job == CLOSES;

    step_arm(step->name, how, skip, closing ? WORKERS : 1);
    start_trial(&trial);
    do run_job(&trial);
    while (step->passes == BY_CHANCE && step_deaths() == 0);
    if (!closing) {
        await_death(trial.pool, step->name);
        assert_nothing_kept(trial.pool);
        assert_goes_on(trial.pool);
    }
    end_pool(trial.pool);
    assert_int_equal(step_deaths(), closing ? WORKERS : 1);
    step_disarm();
    assert_no_children();
}

/* 1 if this kind of work is the one with which a step is tried where starts are dear. */
static int is_chosen(const step_t *step, int job, int number)
{
    int n = 0, i, which;

    for (i = 0; i < N_JOBS; i++) n += (step->jobs & UNDER(i)) != 0;
    which = number % n;
    for (i = 0; i < job; i++) which -= (step->jobs & UNDER(i)) != 0;
    return which == 0 && (step->jobs & UNDER(job)) != 0;
}

static void try_steps_under(int job)
{
    for (int s = 0; s < (int)LENGTH(steps); s++) {
        const step_t *step = &steps[s];
        int all = !under_sanitizer() && host_can_fork();

        if ((step->jobs & UNDER(job)) == 0 || (!host_can_fork() && !is_chosen(step, job, s))) continue;
        for (int d = 0; d < N_DEATHS; d++) {
            int skip = step->passes == PER_ITEM && job != STOPS ? (s + d) % 6 : 0;

            if (!all && d != (s + job) % N_DEATHS) continue;
            print_message("%s, death %d\n", step->name, d);
            try_step(step, job, deaths[d], 0, skip);
            if (step->cost != NOTHING && job != STOPS) try_step(step, job, deaths[d], 1, skip);
        }
    }
}

#define DEATHS_UNDER(job, name)    \
    static void name(void **state) \
    {                              \
        (void)state;               \
        try_steps_under(job);      \
    }

DEATHS_UNDER(EACH, at_each_step_of_a_map_item_by_item)
DEATHS_UNDER(CHUNK, at_each_step_of_a_map_in_chunks)
DEATHS_UNDER(OWN, at_each_step_of_a_map_with_its_own_chunks)
DEATHS_UNDER(GUARDED, at_each_step_of_a_map_with_a_timeout)
DEATHS_UNDER(FAILS, at_each_step_of_a_map_with_failures)
DEATHS_UNDER(STOPS, at_each_step_of_a_map_that_stops)
DEATHS_UNDER(WEARS, at_each_step_of_a_worker_with_max_tasks)
DEATHS_UNDER(REPLIES, at_each_step_of_a_reply)
DEATHS_UNDER(STREAM, at_each_step_of_a_stream)
DEATHS_UNDER(LARGE, at_each_step_of_a_large_reply)
DEATHS_UNDER(RING, while_the_ring_is_full)
DEATHS_UNDER(ASKS, at_each_step_of_a_call)
DEATHS_UNDER(CLOSES, at_each_step_of_an_ending)

/* ---- start-up and initializer --------------------------------------------------------------------------------- */

static void config_for(spork_config_t *config, int setting)
{
    static int argument;

    argument = setting;
    make_config(config, WORKERS);
    if (setting == BARE) return;
    config->initializer = prepare;
    config->init_arg = &argument;
    config->init_size = sizeof argument;
}

/* Calls it for every step of a start that this start method has; with all deaths, or one for each. */
static void for_each_start_step(int setting_most, int all,
                                void (*try_it)(const start_step_t *step, die_e how))
{
    for (int s = 0; s < (int)LENGTH(start_steps); s++) {
        const start_step_t *step = &start_steps[s];

        if (step->setting > setting_most || (step->spawned_only && start_method() != SPORK_START_SPAWN))
            continue;
        for (int d = 0; d < N_DEATHS; d++)
            if ((all && !under_sanitizer() && host_can_fork()) || d == s % N_DEATHS) {
                print_message("%s, death %d\n", step->name, d);
                try_it(step, deaths[d]);
            }
    }
}

/* As many starts as make the parent give up, and those that were under way with them. */
#define STARTS_MOST (8 + WORKERS)

static void fail_creation(const start_step_t *step, die_e how)
{
    spork_pool_t *pool = NULL;
    spork_config_t config;

    config_for(&config, step->setting);
    step_arm(step->name, how, 0, STEP_ALWAYS);
    assert_failed(spork_pool_create(&pool, &config, test_memory()),
                  step->setting == BARE ? SPORK_ESTART : SPORK_EINITIALIZER);
    assert_null(pool);
    assert_no_children();
    assert_in_range(step_deaths(), 1, STARTS_MOST);
    step_disarm();
}

static void a_pool_whose_starts_all_die_is_not_made(void **state)
{
    (void)state;
    for_each_start_step(WITH_FAILING_INITIALIZER, 1, fail_creation);
}

static void survive_creation(const start_step_t *step, die_e how)
{
    spork_pool_t *pool;
    spork_config_t config;

    config_for(&config, step->setting);
    step_arm(step->name, how, 0, 1);
    pool = make_pool(&config);
    await_death(pool, step->name);
    assert_goes_on(pool);
    end_pool(pool);
    assert_int_equal(step_deaths(), 1);
    step_disarm();
}

static void a_pool_of_which_one_start_dies_is_made(void **state)
{
    (void)state;
    for_each_start_step(WITH_INITIALIZER, 1, survive_creation);
}

/* Its item is the one casualty. */
static void kill_a_worker(spork_pool_t *pool)
{
    int in[20] = { 0 };
    spork_map_t options = { 0 };

    in[7] = 1;
    assert_status(spork_map(pool, be_killed, in, sizeof in[0], NULL, 0, LENGTH(in), &options), SPORK_EFAILED);
    assert_int_equal(options.n_failures, 1);
    assert_int_equal(options.failures[0].index, 7);
    assert_status(options.failures[0].status, SPORK_ECRASHED);
    assert_true(died_as(DIE_KILLED, &options.failures[0]));
}

static void survive_replacement(const start_step_t *step, die_e how)
{
    spork_pool_t *pool;
    spork_config_t config;

    config_for(&config, step->setting);
    pool = make_pool(&config);
    step_arm(step->name, how, 0, 1);
    kill_a_worker(pool);
    while (step_deaths() == 0) do_nothing(pool);
    await_death(pool, step->name);
    assert_goes_on(pool);
    end_pool(pool);
    assert_int_equal(step_deaths(), 1);
    step_disarm();
}

static void a_replacement_that_dies_is_replaced(void **state)
{
    (void)state;
    for_each_start_step(WITH_INITIALIZER, 1, survive_replacement);
}

/* Longer than the parent tries when it has no worker at all: it has one. */
static void serve_without_replacements(const start_step_t *step, die_e how)
{
    spork_pool_t *pool;
    spork_config_t config;

    config_for(&config, step->setting);
    pool = make_pool(&config);
    step_arm(step->name, how, 0, STEP_ALWAYS);
    kill_a_worker(pool);
    while (step_deaths() < 3) do_nothing(pool);
    step_disarm();
    assert_goes_on(pool);
    end_pool(pool);
    step_disarm(); /* one that was started before the first may have passed after it, with a ticket of its own */
}

static void a_pool_whose_replacements_die_serves_and_recovers(void **state)
{
    (void)state;
    for_each_start_step(WITH_INITIALIZER, 0, serve_without_replacements);
}

/* The only worker cannot be replaced: the map ends all the same, and says why. */
static void end_the_map(const start_step_t *step, die_e how)
{
    int in[20] = { 0 };
    spork_map_t options = { .chunk = 1 };
    spork_pool_t *pool;
    spork_config_t config;

    config_for(&config, step->setting);
    config.workers = 1;
    pool = make_pool(&config);
    step_arm(step->name, how, 0, STEP_ALWAYS);
    in[7] = 1;
    assert_failed(spork_map(pool, be_killed, in, sizeof in[0], NULL, 0, LENGTH(in), &options),
                  step->setting == BARE ? SPORK_ESTART : SPORK_EINITIALIZER);
    assert_int_equal(options.n_failures, LENGTH(in) - 7);
    assert_status(options.failures[0].status, SPORK_ECRASHED);
    for (apr_size_t f = 0; f < options.n_failures; f++) {
        assert_int_equal(options.failures[f].index, 7 + f);
        if (f > 0) assert_status(options.failures[f].status, SPORK_ECANCELLED);
    }
    assert_in_range(step_deaths(), 1, STARTS_MOST + 2);
    spork_pool_destroy(pool);
    step_disarm();
}

static void a_map_without_a_worker_to_be_had_ends(void **state)
{
    (void)state;
    for_each_start_step(WITH_INITIALIZER, 0, end_the_map);
}

static void a_worker_may_die_when_it_is_ready(void **state)
{
    static const start_step_t ready = { READY, 0, BARE };

    (void)state;
    for (int d = 0; d < N_DEATHS; d++) {
        survive_creation(&ready, deaths[d]);
        survive_replacement(&ready, deaths[d]);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(at_each_step_of_a_map_item_by_item),
        TEST(at_each_step_of_a_map_in_chunks),
        TEST(at_each_step_of_a_map_with_its_own_chunks),
        TEST(at_each_step_of_a_map_with_a_timeout),
        TEST(at_each_step_of_a_map_with_failures),
        TEST(at_each_step_of_a_map_that_stops),
        TEST(at_each_step_of_a_worker_with_max_tasks),
        TEST(at_each_step_of_a_reply),
        TEST(at_each_step_of_a_stream),
        TEST(at_each_step_of_a_large_reply),
        TEST(while_the_ring_is_full),
        TEST(at_each_step_of_a_call),
        TEST(at_each_step_of_an_ending),
        TEST(a_pool_whose_starts_all_die_is_not_made),
        TEST(a_pool_of_which_one_start_dies_is_made),
        TEST(a_replacement_that_dies_is_replaced),
        TEST(a_pool_whose_replacements_die_serves_and_recovers),
        TEST(a_map_without_a_worker_to_be_had_ends),
        TEST(a_worker_may_die_when_it_is_ready),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("steps", tests);
}
