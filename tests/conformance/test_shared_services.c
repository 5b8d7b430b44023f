/*
 * Conformance: services: functions of the parent's that its tasks call. Answers of any size arrive whole, a caller that
 * dies costs its own item, and the parent waits for nobody.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define OWN_STATUS (APR_OS_START_USERERR + 77)
#define ARENA (16 * MIB)

/* ---- tasks ---------------------------------------------------------------------------------- */

static unsigned char pattern(apr_size_t i, apr_size_t seed)
{
    return (unsigned char)((i * 7 + i / 251 + seed) & 0xff);
}

static int is_pattern(const unsigned char *bytes, apr_size_t size, apr_size_t seed)
{
    for (apr_size_t i = 0; i < size; i++)
        if (bytes[i] != pattern(i, seed)) return 0;
    return 1;
}

typedef struct {
    apr_size_t in_size, out_size;
    apr_size_t seed;
} exchange_t;

/* Sends so many bytes and wants so many others back; between a reply that must not suffer. */
static apr_status_t exchange(spork_task_t *task, const void *in, void *out)
{
    const exchange_t *item = in;
    apr_size_t size = sizeof *item + item->in_size, got = 0;
    unsigned char *memory = malloc(size + 1),
                  *request = memory + 1; /* what arrives is aligned, whatever this is */
    const void *answer = NULL;
    apr_status_t status;

    if (memory == NULL) return APR_ENOMEM;
    memcpy(request, item, sizeof *item);
    for (apr_size_t i = 0; i < item->in_size; i++) request[sizeof *item + i] = pattern(i, item->seed);
    status = spork_call(task, "exchange", request, size, &answer, &got);
    free(memory);
    if (status != APR_SUCCESS) {
        spork_fail(task, "%s", spork_error());
        return status;
    }
    if (got != item->out_size || (answer == NULL) != (got == 0)) return APR_EGENERAL;
    if (got > 0 && ((uintptr_t)answer % 16 != 0 || !is_pattern(answer, got, item->seed + 1)))
        return APR_EGENERAL;
    if (out != NULL) *(apr_size_t *)out = item->seed;
    return APR_SUCCESS;
}

static apr_status_t reply_and_exchange(spork_task_t *task, const void *in, void *out)
{
    unsigned char words[5000];
    apr_status_t status;

    for (apr_size_t i = 0; i < sizeof words; i++) words[i] = pattern(i, 99);
    status = spork_reply(task, words, sizeof words);
    if (status == APR_SUCCESS) status = exchange(task, in, out);
    return status;
}

typedef struct {
    char name[80];
    apr_uint32_t size;
} call_t;

/* Calls a service of that name with that many zeros; its words are the item's. */
static apr_status_t call_by_name(spork_task_t *task, const void *in, void *out)
{
    const call_t *item = in;
    unsigned char *zeros = calloc(1, item->size + (apr_size_t)1);
    const void *answer = zeros;
    apr_size_t size = 77;
    apr_status_t status = spork_call(task, item->name, zeros, item->size, &answer, &size);

    (void)out;
    if (status != APR_SUCCESS) spork_fail(task, "%s", spork_error());
    if (status != APR_SUCCESS && (answer != NULL || size != 0)) status = APR_EGENERAL;
    free(zeros);
    return status;
}

static apr_status_t misuse_calls(spork_task_t *task, const void *in, void *out)
{
    static const char long_name[] =
        "a name that is longer than sixty-three bytes, as can easily be seen by counting";
    const void *answer;
    apr_size_t size;

    (void)in;
    (void)out;
    if (spork_call(NULL, "count", NULL, 0, &answer, &size) != APR_EINVAL) return 1;
    if (spork_call(task, NULL, NULL, 0, &answer, &size) != APR_EINVAL) return 2;
    if (spork_call(task, "", NULL, 0, &answer, &size) != APR_EINVAL) return 3;
    if (spork_call(task, long_name, NULL, 0, &answer, &size) != APR_EINVAL) return 4;
    if (spork_call(task, "count", NULL, 5, &answer, &size) != APR_EINVAL) return 5;
    if (spork_call(task, "count", NULL, 0, NULL, NULL) != APR_SUCCESS) return 6;
    return APR_SUCCESS;
}

static apr_status_t call_in_initializer(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    return spork_call(task, "count", NULL, 0, NULL, NULL) == APR_EINVAL ? APR_SUCCESS : APR_EGENERAL;
}

/* Tells the service who it is: pid, and which item. */
typedef struct {
    apr_int64_t pid;
    apr_uint64_t item;
} caller_t;

static apr_status_t call_as(spork_task_t *task, const void *in, void *out)
{
    caller_t self = { host_pid(), *(const apr_uint64_t *)in };
    const void *answer = NULL;
    apr_size_t size = 0;
    apr_status_t status = spork_call(task, "meet", &self, sizeof self, &answer, &size);

    if (status != APR_SUCCESS || size != sizeof self.item)
        return status != APR_SUCCESS ? status : APR_EGENERAL;
    if (out != NULL) memcpy(out, answer, size);
    return APR_SUCCESS;
}

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

typedef struct {
    spork_ref_t gate;
    apr_uint64_t item;
} gated_t;

static apr_status_t pass_and_call(spork_task_t *task, const void *in, void *out)
{
    const gated_t *item = in;
    gate_t *gate = spork_deref(task, item->gate, sizeof *gate);

    (void)out;
    if (gate == NULL) return APR_EINVAL;
    spork_atomic_add32((apr_uint32_t *)(void *)&gate->started, 1);
    return call_as(task, &item->item, NULL);
}

static const spork_entry_t tasks[] = {
    SPORK_ENTRY(exchange),     SPORK_ENTRY(reply_and_exchange),  SPORK_ENTRY(call_by_name),
    SPORK_ENTRY(misuse_calls), SPORK_ENTRY(call_in_initializer), SPORK_ENTRY(call_as),
    SPORK_ENTRY(nothing),      SPORK_ENTRY(pass_and_call),       SPORK_END,
};

/* ---- services ------------------------------------------------------------------------------- */

/* Checks the request and answers as it says. */
static apr_status_t serve_exchange(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    const exchange_t *item = in;
    unsigned char *bytes;
    apr_status_t status;

    if (in_size < sizeof *item || in_size != sizeof *item + item->in_size || (uintptr_t)in % 16 != 0)
        return APR_EINVAL;
    if (!is_pattern((const unsigned char *)(item + 1), item->in_size, item->seed)) return APR_EGENERAL;
    if (baton != NULL) ++*(int *)baton;
    if (item->out_size == 0) return APR_SUCCESS;
    bytes = malloc(item->out_size);
    if (bytes == NULL) return APR_ENOMEM;
    for (apr_size_t i = 0; i < item->out_size; i++) bytes[i] = pattern(i, item->seed + 1);
    status = spork_answer(answer, bytes, item->out_size);
    free(bytes);
    return status;
}

static apr_status_t count(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    (void)in;
    (void)in_size;
    ++*(int *)baton;
    return spork_answer(answer, baton, sizeof(int));
}

static apr_status_t fail_with_words(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    (void)baton;
    (void)in;
    spork_answer(answer, "not to be seen", 14);
    spork_answer_fail(answer, "no more than %d bytes, please", (int)in_size - 1);
    return OWN_STATUS;
}

static apr_status_t fail_without_words(void *baton, const void *in, apr_size_t in_size,
                                       spork_answer_t *answer)
{
    (void)baton;
    (void)in;
    (void)in_size;
    (void)answer;
    return APR_ENOTIMPL;
}

static apr_status_t answer_too_much(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    unsigned char *bytes = calloc(1, 2 * ARENA);

    (void)baton;
    (void)in;
    (void)in_size;
    if (bytes == NULL) return APR_ENOMEM;
    assert_failed(spork_answer(answer, bytes, 2 * ARENA), SPORK_ETOOBIG);
    free(bytes);
    return APR_SUCCESS; /* overlooked, but not lost */
}

/* ---- tests: what travels ---------------------------------------------------------------------- */

static spork_pool_t *pool_of(int workers)
{
    spork_config_t config;

    make_config(&config, workers);
    config.arena_size = ARENA;
    return make_pool(&config);
}

static const apr_size_t sizes[] = { 0,          1,    999,        1000,           1001,
                                    1024,       1025, 128 * 1024, 128 * 1024 + 1, 300000,
                                    5 * MIB + 3 };

static void requests_and_answers_of_any_size_arrive(void **state)
{
    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = pool_of(workers);
        exchange_t in[LENGTH(sizes) * LENGTH(sizes)];
        apr_size_t out[LENGTH(in)], n = 0;
        spork_map_t options;
        int served = 0;

        memset(&options, 0, sizeof options);
        options.chunk = 1;
        for (size_t i = 0; i < LENGTH(sizes); i++)
            for (size_t j = 0; j < LENGTH(sizes); j++) {
                if (sizes[i] + sizes[j] > 6 * MIB && workers != 2) continue;
                in[n].in_size = sizes[i];
                in[n].out_size = sizes[j];
                in[n].seed = n;
                n++;
            }
        assert_success(spork_pool_serve(pool, "exchange", serve_exchange, &served));
        assert_success(spork_map(pool, exchange, in, sizeof *in, out, sizeof *out, n, &options));
        for (apr_size_t i = 0; i < n; i++) assert_int_equal(out[i], i);
        assert_int_equal(served, n);
        end_pool(pool);
    }
}

/* All of the arena is taken: calls need none of it. */
static void calls_do_not_wait_for_the_arena(void **state)
{
    enum { N = 3 };
    spork_config_t config;
    spork_pool_t *pool;
    exchange_t *in;
    apr_size_t *out;

    (void)state;
    make_config(&config, 3);
    config.arena_size = MIB;
    pool = make_pool(&config);
    in = spork_alloc(pool, N * sizeof *in);
    out = spork_alloc(pool, N * sizeof *out);
    for (apr_size_t i = 0; i < N; i++) {
        in[i].in_size = i * 60000;
        in[i].out_size = 200000 - i * 100000;
        in[i].seed = i;
    }
    for (apr_size_t size = MIB; size >= 64; size /= 2)
        while (spork_alloc(pool, size) != NULL) continue;
    assert_success(spork_pool_serve(pool, "exchange", serve_exchange, NULL));
    assert_success(spork_map(pool, exchange, in, sizeof *in, out, sizeof *out, N, NULL));
    for (apr_size_t i = 0; i < N; i++) assert_int_equal(out[i], i);
    end_pool(pool);
}

static void a_call_leaves_the_reply_alone(void **state)
{
    spork_pool_t *pool = pool_of(2);
    spork_future_t *futures[20];

    (void)state;
    assert_success(spork_pool_serve(pool, "exchange", serve_exchange, NULL));
    for (apr_size_t i = 0; i < LENGTH(futures); i++) {
        exchange_t item = { sizes[i % LENGTH(sizes)], sizes[(i * 3) % LENGTH(sizes)], i };
        assert_success(spork_submit(&futures[i], pool, reply_and_exchange, &item, sizeof item));
    }
    for (apr_size_t i = 0; i < LENGTH(futures); i++) {
        const spork_outcome_t *outcome;
        assert_success(spork_future_wait(futures[i], -1));
        outcome = spork_future_outcome(futures[i]);
        assert_success(outcome->status);
        assert_int_equal(outcome->out_size, 5000);
        assert_true(is_pattern(outcome->out, 5000, 99));
    }
    end_pool(pool);
}

/* ---- tests: statuses, words, misuse -------------------------------------------------------------- */

static void expect_call(spork_pool_t *pool, const char *name, apr_uint32_t size, apr_status_t status,
                        const char *words)
{
    call_t item;
    spork_map_t options;

    memset(&options, 0, sizeof options);
    memset(&item, 0, sizeof item);
    strcpy(item.name, name);
    item.size = size;
    if (status == APR_SUCCESS) {
        assert_success(spork_map(pool, call_by_name, &item, sizeof item, NULL, 0, 1, &options));
        return;
    }
    assert_status(spork_map(pool, call_by_name, &item, sizeof item, NULL, 0, 1, &options), SPORK_EFAILED);
    assert_status(options.failures[0].status, status);
    if (strstr(options.failures[0].message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", options.failures[0].message, words);
}

static void a_failure_comes_with_its_words(void **state)
{
    spork_pool_t *pool = pool_of(2);
    int counted = 0;

    (void)state;
    assert_success(spork_pool_serve(pool, "fails", fail_with_words, NULL));
    assert_success(spork_pool_serve(pool, "wordless", fail_without_words, NULL));
    assert_success(spork_pool_serve(pool, "too much", answer_too_much, NULL));
    assert_success(spork_pool_serve(pool, "count", count, &counted));
    expect_call(pool, "fails", 8, OWN_STATUS, "no more than 7 bytes, please");
    expect_call(pool, "fails", 200000, OWN_STATUS, "no more than 199999 bytes, please");
    expect_call(pool, "wordless", 0, APR_ENOTIMPL, "wordless");
    expect_call(pool, "too much", 0, SPORK_ETOOBIG, "arena");
    expect_call(pool, "nobody", 3, SPORK_ENOTFOUND, "\"nobody\"");
    expect_call(pool, "nobody", 300000, SPORK_ENOTFOUND, "\"nobody\"");
    expect_call(pool, "count", 3 * ARENA, SPORK_ETOOBIG, "arena");
    assert_int_equal(counted, 0);
    expect_call(pool, "count", 3, APR_SUCCESS, "");
    assert_success(spork_map(pool, misuse_calls, NULL, 0, NULL, 0, 4, NULL));
    end_pool(pool);
}

static void names_come_and_go(void **state)
{
    char name[SPORK_NAME_MAX + 2];
    spork_pool_t *pool = pool_of(2);
    int counted = 0;

    (void)state;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_failed(spork_pool_serve(NULL, "a", count, NULL), APR_EINVAL);
    assert_failed(spork_pool_serve(pool, NULL, count, NULL), APR_EINVAL);
    assert_failed(spork_pool_serve(pool, "", count, NULL), APR_EINVAL);
    assert_failed(spork_pool_serve(pool, name, count, NULL), APR_EINVAL);
    assert_failed(spork_pool_serve(pool, "count", NULL, NULL), SPORK_ENOTFOUND);
    name[SPORK_NAME_MAX] = '\0';
    assert_success(spork_pool_serve(pool, name, count, &counted));
    expect_call(pool, name, 0, APR_SUCCESS, "");
    for (int i = 0; i < 3; i++) {
        assert_success(spork_pool_serve(pool, "count", count, &counted));
        assert_failed(spork_pool_serve(pool, "count", count, &counted), APR_EEXIST);
        expect_call(pool, "count", 0, APR_SUCCESS, "");
        assert_success(spork_pool_serve(pool, "count", NULL, NULL));
        expect_call(pool, "count", 0, SPORK_ENOTFOUND, "count");
    }
    assert_int_equal(counted, 4);
    assert_success(spork_pool_close(pool));
    assert_failed(spork_pool_serve(pool, "late", count, &counted), SPORK_ECLOSED);
    spork_pool_destroy(pool);
}

static void an_initializer_makes_no_calls(void **state)
{
    spork_config_t config;

    (void)state;
    make_config(&config, 2);
    config.initializer = call_in_initializer;
    end_pool(make_pool(&config));
}

static apr_status_t call_the_pool(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    spork_pool_t *pool = baton;
    spork_future_t *future = NULL;

    (void)in;
    (void)in_size;
    (void)answer;
    assert_failed(spork_map(pool, nothing, NULL, 0, NULL, 0, 1, NULL), APR_EINVAL);
    assert_failed(spork_submit(&future, pool, nothing, NULL, 0), APR_EINVAL);
    assert_failed(spork_wait_any(pool, 0, &future), APR_EINVAL);
    assert_failed(spork_pool_close(pool), APR_EINVAL);
    assert_failed(spork_pool_terminate(pool), APR_EINVAL);
    assert_failed(spork_pool_serve(pool, "another", call_the_pool, pool), APR_EINVAL);
    assert_null(spork_alloc(pool, 10));
    spork_pool_destroy(pool);
    return APR_SUCCESS;
}

static void a_service_cannot_call_its_pool(void **state)
{
    spork_pool_t *pool = pool_of(2);

    (void)state;
    assert_success(spork_pool_serve(pool, "recurse", call_the_pool, pool));
    expect_call(pool, "recurse", 0, APR_SUCCESS, "");
    expect_call(pool, "another", 0, SPORK_ENOTFOUND, "another");
    end_pool(pool);
}

/* ---- tests: one place for all ------------------------------------------------------------------- */

typedef struct {
    apr_uint64_t sum, calls;
    int64_t parent;
    int wrong_process;
    apr_uint64_t kill_item; /* the caller with this item is ended, before it has its answer; 0: none */
    int kills;
} meeting_t;

static apr_status_t meet(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    meeting_t *meeting = baton;
    const caller_t *caller = in;

    if (in_size != sizeof *caller) return APR_EINVAL;
    meeting->wrong_process += host_pid() != meeting->parent;
    meeting->calls++;
    if (caller->item == meeting->kill_item && meeting->kills == 0) {
        meeting->kills++;
        host_kill(caller->pid);
    }
    meeting->sum += caller->item;
    return spork_answer(answer, &meeting->sum, sizeof meeting->sum);
}

static void all_calls_meet_in_the_parent(void **state)
{
    (void)state;
    for_each_workers(workers)
    {
        meeting_t meeting = { 0, 0, host_pid(), 0, 0, 0 };
        spork_pool_t *pool = pool_of(workers);
        apr_uint64_t in[500], out[500], sum = 0;
        unsigned char seen[500] = { 0 };

        assert_success(spork_pool_serve(pool, "meet", meet, &meeting));
        for (apr_uint64_t i = 0; i < LENGTH(in); i++) in[i] = 1;
        assert_success(spork_map(pool, call_as, in, sizeof *in, out, sizeof *out, LENGTH(in), NULL));
        for (size_t i = 0; i < LENGTH(out); i++) {
            assert_true(out[i] >= 1 && out[i] <= LENGTH(out) && !seen[out[i] - 1]);
            seen[out[i] - 1] = 1;
            sum += out[i];
        }
        assert_true(sum == 500 * 501 / 2);
        assert_true(meeting.calls == LENGTH(in) && meeting.wrong_process == 0);
        end_pool(pool);
    }
}

/* Calls are served by whatever waits in the pool. */
static void every_waiting_call_serves(void **state)
{
    meeting_t meeting = { 0, 0, host_pid(), 0, 0, 0 };
    spork_pool_t *pool = pool_of(2);
    spork_future_t *futures[8], *any;
    apr_uint64_t one = 1;

    (void)state;
    assert_success(spork_pool_serve(pool, "meet", meet, &meeting));
    for (size_t i = 0; i < LENGTH(futures); i++)
        assert_success(spork_submit(&futures[i], pool, call_as, &one, sizeof one));
    assert_success(spork_future_wait(futures[1], -1));
    assert_success(spork_wait_any(pool, -1, &any));
    assert_true(any != futures[1]);
    while (spork_future_outcome(futures[5]) == NULL) apr_sleep(MILLISECOND); /* who polls serves, too */
    assert_success(spork_pool_close(pool));
    for (size_t i = 0; i < LENGTH(futures); i++) assert_success(spork_future_outcome(futures[i])->status);
    assert_int_equal(meeting.calls, LENGTH(futures));
    spork_pool_destroy(pool);
}

/* ---- tests: deaths, deadlines ----------------------------------------------------------------------- */

static void a_caller_that_dies_costs_its_item_alone(void **state)
{
    (void)state;
    needs_workers();
    for_each_workers(workers)
    {
        meeting_t meeting = { 0, 0, host_pid(), 0, 1000, 0 };
        spork_pool_t *pool = pool_of(workers);
        apr_uint64_t in[60], out[60];
        spork_map_t options;

        memset(&options, 0, sizeof options);
        options.chunk = 3;
        assert_success(spork_pool_serve(pool, "meet", meet, &meeting));
        for (size_t i = 0; i < LENGTH(in); i++) in[i] = i == 31 ? 1000 : 1;
        assert_status(spork_map(pool, call_as, in, sizeof *in, out, sizeof *out, LENGTH(in), &options),
                      SPORK_EFAILED);
        assert_int_equal(options.n_failures, 1);
        assert_int_equal(options.failures[0].index, 31);
        assert_status(options.failures[0].status, SPORK_ECRASHED);
        assert_true(died_as(DIE_KILLED, &options.failures[0]));
        assert_int_equal(meeting.calls, LENGTH(in));
        assert_full_size(pool, nothing);
        assert_success(spork_map(pool, call_as, in, sizeof *in, out, sizeof *out, 31, NULL));
        end_pool(pool);
    }
}

static void a_retried_item_calls_again(void **state)
{
    meeting_t meeting = { 0, 0, host_pid(), 0, 1000, 0 };
    spork_config_t config;
    spork_pool_t *pool;
    apr_uint64_t in[10], out[10];

    (void)state;
    needs_workers();
    make_config(&config, 2);
    config.retries = 1;
    pool = make_pool(&config);
    assert_success(spork_pool_serve(pool, "meet", meet, &meeting));
    for (size_t i = 0; i < LENGTH(in); i++) in[i] = i == 4 ? 1000 : 1;
    assert_success(spork_map(pool, call_as, in, sizeof *in, out, sizeof *out, LENGTH(in), NULL));
    assert_int_equal(meeting.calls, LENGTH(in) + 1);
    assert_int_equal(meeting.kills, 1);
    end_pool(pool);
}

static void assert_ended(spork_future_t *future, apr_status_t status)
{
    assert_success(spork_future_wait(future, -1));
    assert_status(spork_future_outcome(future)->status, status);
    spork_future_destroy(future);
}

/* The parent is away; its worker dies, or is cancelled, while it waits for it. */
static void a_caller_may_end_before_it_is_served(void **state)
{
    meeting_t meeting = { 0, 0, host_pid(), 0, 0, 0 };
    spork_pool_t *pool;
    gate_t *gate;
    gated_t item;

    (void)state;
    needs_workers();
    pool = pool_of(1);
    gate = spork_alloc(pool, sizeof *gate);
    assert_success(spork_pool_serve(pool, "meet", meet, &meeting));
    for (apr_uint64_t round = 0; round < 10; round++) {
        spork_future_t *future;
        apr_int64_t pid = 0;

        memset(gate, 0, sizeof *gate);
        item.gate = spork_ref(pool, gate);
        item.item = 1;
        assert_success(spork_submit(&future, pool, pass_and_call, &item, sizeof item));
        while (spork_atomic_load32((apr_uint32_t *)(void *)&gate->started) == 0) apr_sleep(MILLISECOND);
        assert_int_equal(spork_pool_pids(pool, &pid, 1), 1);
        if (round % 2 == 0) {
            host_kill(pid);
            assert_ended(future, SPORK_ECRASHED);
        } else {
            assert_success(spork_future_cancel(future));
            assert_ended(future, SPORK_ECANCELLED);
        }
        assert_full_size(pool, nothing);
    }
    end_pool(pool);
}

/* Workers are killed at random while all of them call all the time. */
static void calls_amid_deaths_stay_whole(void **state)
{
    int served = 0;
    spork_config_t config;
    spork_pool_t *pool;
    spork_future_t *futures[200];
    apr_uint64_t seed = 88172645463325252u;
    int done = 0;

    (void)state;
    needs_workers();
    make_config(&config, 4);
    config.retries = 1000;
    config.arena_size = ARENA;
    pool = make_pool(&config);
    assert_success(spork_pool_serve(pool, "exchange", serve_exchange, &served));
    for (apr_size_t i = 0; i < LENGTH(futures); i++) {
        exchange_t item = { sizes[i % 10], sizes[i * 7 % 10], i };
        assert_success(spork_submit(&futures[i], pool, exchange, &item, sizeof item));
    }
    for (int kills = 0; done < (int)LENGTH(futures); kills++) {
        apr_int64_t pids[4];
        spork_future_t *any = NULL;
        int n = spork_pool_pids(pool, pids, 4);

        seed = seed * 6364136223846793005u + 1442695040888963407u;
        if (kills < 40 / slow_factor() + 5) host_kill(pids[(seed >> 33) % (unsigned)n]);
        for (int i = 0; i < 3 && done < (int)LENGTH(futures); i++) {
            assert_success(spork_wait_any(pool, -1, &any));
            assert_success(spork_future_outcome(any)->status);
            done++;
        }
    }
    assert_true(served >= (int)LENGTH(futures));
    assert_full_size(pool, nothing);
    end_pool(pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(requests_and_answers_of_any_size_arrive),
        TEST(calls_do_not_wait_for_the_arena),
        TEST(a_call_leaves_the_reply_alone),
        TEST(a_failure_comes_with_its_words),
        TEST(names_come_and_go),
        TEST(an_initializer_makes_no_calls),
        TEST(a_service_cannot_call_its_pool),
        TEST(all_calls_meet_in_the_parent),
        TEST(every_waiting_call_serves),
        TEST(a_caller_that_dies_costs_its_item_alone),
        TEST(a_retried_item_calls_again),
        TEST(a_caller_may_end_before_it_is_served),
        TEST(calls_amid_deaths_stay_whole),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("shared services", tests);
}
