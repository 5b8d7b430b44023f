/*
 * Conformance: queues: bounded, each message once and in order, and no harm from a participant that dies, stops waiting
 * or talks nonsense.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define FOR_EVER ((apr_interval_time_t)-1)

/* ---- tasks ---------------------------------------------------------------------------------- */

typedef struct {
    apr_uint32_t producer, number;
} message_t;

typedef struct {
    spork_ref_t board;
    apr_uint32_t producer, count;
    apr_interval_time_t timeout;
    apr_status_t wanted;
} job_t;

typedef struct {
    apr_uint32_t started;
    apr_uint32_t most; /* messages seen in the queue at a time */
    apr_uint32_t taken[5000];
} board_t;

static apr_status_t put_messages(spork_task_t *task, const void *in, void *out)
{
    const job_t *job = in;
    apr_status_t status = APR_SUCCESS;
    spork_queue_t *queue;

    (void)out;
    if (spork_queue_open(&queue, task, "queue") != APR_SUCCESS) return APR_EINVAL;
    for (apr_uint32_t i = 0; i < job->count && status == APR_SUCCESS; i++) {
        message_t message = { job->producer, i };
        status = spork_queue_put(queue, &message, sizeof message, FOR_EVER);
    }
    return status;
}

/* Take messages until there are no more; count each on the board. */
static apr_status_t take_messages(spork_task_t *task, const void *in, void *out)
{
    const job_t *job = in;
    board_t *board = spork_deref(task, job->board, sizeof *board);
    apr_status_t status;
    spork_queue_t *queue;

    (void)out;
    if (board == NULL || spork_queue_open(&queue, task, "queue") != APR_SUCCESS) return APR_EINVAL;
    for (;;) {
        const void *data;
        apr_size_t size, count;

        if ((status = spork_queue_count(queue, &count)) != APR_SUCCESS) return status;
        if (count > board->most) board->most = (apr_uint32_t)count;
        status = spork_queue_get(queue, &data, &size, FOR_EVER);
        if (status == APR_EOF) return APR_SUCCESS;
        if (status != APR_SUCCESS || size != sizeof(message_t))
            return status != APR_SUCCESS ? status : APR_EGENERAL;
        spork_atomic_add32(&board->taken[((const message_t *)data)->number], 1);
    }
}

/* Says that it has started, and gets, or puts, as the job says; that must end as it says. */
static apr_status_t get_one(spork_task_t *task, const void *in, void *out)
{
    const job_t *job = in;
    board_t *board = spork_deref(task, job->board, sizeof *board);
    apr_status_t status;
    spork_queue_t *queue;
    const void *data;
    apr_size_t size;

    (void)out;
    if (board == NULL || spork_queue_open(&queue, task, "queue") != APR_SUCCESS) return APR_EINVAL;
    spork_atomic_add32(&board->started, 1);
    status = spork_queue_get(queue, &data, &size, job->timeout);
    if (status == APR_SUCCESS && size == sizeof(message_t))
        spork_atomic_add32(&board->taken[((const message_t *)data)->number], 1);
    if (status != job->wanted) spork_fail(task, "%s", spork_error());
    return status == job->wanted ? APR_SUCCESS : status;
}

static apr_status_t put_one(spork_task_t *task, const void *in, void *out)
{
    const job_t *job = in;
    board_t *board = spork_deref(task, job->board, sizeof *board);
    message_t message = { job->producer, job->count };
    apr_status_t status;
    spork_queue_t *queue;

    (void)out;
    if (board == NULL || spork_queue_open(&queue, task, "queue") != APR_SUCCESS) return APR_EINVAL;
    spork_atomic_add32(&board->started, 1);
    status = spork_queue_put(queue, &message, sizeof message, job->timeout);
    if (status != job->wanted) spork_fail(task, "%s", spork_error());
    return status == job->wanted ? APR_SUCCESS : status;
}

/* As many bytes as the job counts. */
static apr_status_t put_bytes(spork_task_t *task, const void *in, void *out)
{
    const job_t *job = in;
    board_t *board = spork_deref(task, job->board, sizeof *board);
    static const unsigned char bytes[1000];
    apr_status_t status;
    spork_queue_t *queue;

    (void)out;
    if (board == NULL || job->count > sizeof bytes) return APR_EINVAL;
    if (spork_queue_open(&queue, task, "queue") != APR_SUCCESS) return APR_EINVAL;
    spork_atomic_add32(&board->started, 1);
    status = spork_queue_put(queue, bytes, job->count, job->timeout);
    if (status != job->wanted) spork_fail(task, "%s", spork_error());
    return status == job->wanted ? APR_SUCCESS : status;
}

/* Waits in vain, with a time-out, and puts then. */
static apr_status_t wait_and_put(spork_task_t *task, const void *in, void *out)
{
    const job_t *job = in;
    message_t message = { job->producer, job->count };
    spork_queue_t *queue, *back;
    const void *data;
    apr_size_t size;

    (void)out;
    if (spork_queue_open(&queue, task, "queue") != APR_SUCCESS) return APR_EINVAL;
    if (spork_queue_open(&back, task, "back") != APR_SUCCESS) return APR_EINVAL;
    if (spork_queue_get(back, &data, &size, 800 * MILLISECOND) != APR_TIMEUP) return APR_EGENERAL;
    return spork_queue_put(queue, &message, sizeof message, FOR_EVER);
}

/* Passes messages of any size on, from one queue to the other. */
static apr_status_t pass_on(spork_task_t *task, const void *in, void *out)
{
    spork_queue_t *from, *to;
    const void *data;
    apr_size_t size;
    apr_status_t status;

    (void)in;
    (void)out;
    if (spork_queue_open(&from, task, "queue") != APR_SUCCESS) return APR_EINVAL;
    if (spork_queue_open(&to, task, "back") != APR_SUCCESS) return APR_EINVAL;
    while ((status = spork_queue_get(from, &data, &size, FOR_EVER)) == APR_SUCCESS)
        if ((status = spork_queue_put(to, data, size, FOR_EVER)) != APR_SUCCESS) return status;
    return status == APR_EOF ? APR_SUCCESS : status;
}

/* Work that is found on the way: a node of a tree, whose children go back into the queue. */
static apr_status_t grow_tree(spork_task_t *task, const void *in, void *out)
{
    const job_t *job = in;
    board_t *board = spork_deref(task, job->board, sizeof *board);
    spork_queue_t *queue;
    const void *data;
    apr_size_t size;
    apr_status_t status;

    (void)out;
    if (board == NULL || spork_queue_open(&queue, task, "queue") != APR_SUCCESS) return APR_EINVAL;
    while ((status = spork_queue_get(queue, &data, &size, FOR_EVER)) == APR_SUCCESS) {
        apr_uint32_t node = *(const apr_uint32_t *)data;

        spork_atomic_add32(&board->taken[node], 1);
        for (apr_uint32_t child = 2 * node + 1; child <= 2 * node + 2 && child < job->count; child++)
            if ((status = spork_queue_put(queue, &child, sizeof child, FOR_EVER)) != APR_SUCCESS)
                return status;
    }
    return status == APR_EOF ? APR_SUCCESS : status;
}

/* Bytes that no queue understands. */
static apr_status_t talk_nonsense(spork_task_t *task, const void *in, void *out)
{
    apr_uint64_t seed = 88172645463325252u + *(const apr_uint64_t *)in;
    apr_uint64_t words[40];

    (void)out;
    for (int i = 0; i < 100; i++) {
        apr_status_t status;
        apr_size_t size;

        for (size_t w = 0; w < LENGTH(words); w++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            words[w] = seed;
        }
        size = (apr_size_t)(seed >> 33) % sizeof words;
        status = spork_call(task, "queue", words, size, NULL, NULL);
        if (status != APR_EINVAL) return APR_EGENERAL;
    }
    return APR_SUCCESS;
}

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static apr_status_t use_no_queue(spork_task_t *task, const void *in, void *out)
{
    spork_queue_t *queue;
    const void *data;
    apr_size_t size;

    (void)in;
    (void)out;
    if (spork_queue_open(&queue, task, NULL) != APR_EINVAL ||
        spork_queue_open(NULL, task, "queue") != APR_EINVAL)
        return 1;
    if (spork_queue_open(&queue, NULL, "queue") != APR_EINVAL) return 2;
    if (spork_queue_open(&queue, task, "no such queue") != APR_SUCCESS) return 3;
    if (spork_queue_get(queue, &data, &size, 0) != SPORK_ENOTFOUND) return 4;
    if (spork_queue_put(queue, "x", 1, 0) != SPORK_ENOTFOUND) return 5;
    if (spork_queue_put(queue, NULL, 1, 0) != APR_EINVAL) return 6;
    if (spork_queue_get(queue, NULL, &size, 0) != APR_EINVAL) return 7;
    spork_queue_destroy(queue);
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = {
    SPORK_ENTRY(put_messages), SPORK_ENTRY(take_messages), SPORK_ENTRY(get_one),       SPORK_ENTRY(put_one),
    SPORK_ENTRY(pass_on),      SPORK_ENTRY(grow_tree),     SPORK_ENTRY(talk_nonsense), SPORK_ENTRY(nothing),
    SPORK_ENTRY(use_no_queue), SPORK_ENTRY(put_bytes),     SPORK_ENTRY(wait_and_put),  SPORK_END,
};

/* ---- a pool with a queue ----------------------------------------------------------------------- */

typedef struct {
    spork_pool_t *pool;
    spork_queue_t *queue;
    board_t *board;
    job_t job;
} set_t;

static void set_up(set_t *set, int workers, apr_interval_time_t timeout, apr_size_t capacity)
{
    spork_config_t config;

    memset(set, 0, sizeof *set);
    make_config(&config, workers);
    config.timeout = timeout;
    set->pool = make_pool(&config);
    set->board = spork_alloc(set->pool, sizeof *set->board);
    assert_non_null(set->board);
    assert_success(spork_queue_create(&set->queue, set->pool, "queue", capacity));
    set->job.board = spork_ref(set->pool, set->board);
}

static spork_future_t *submit(set_t *set, spork_fn_t fn)
{
    spork_future_t *future;

    assert_success(spork_submit(&future, set->pool, fn, &set->job, sizeof set->job));
    return future;
}

static void expect_end(spork_future_t *future, apr_status_t status)
{
    assert_success(spork_future_wait(future, FOR_EVER));
    if (spork_future_outcome(future)->status != status)
        print_message("%s\n", spork_future_outcome(future)->message);
    assert_status(spork_future_outcome(future)->status, status);
    spork_future_destroy(future);
}

static void await_started(set_t *set, spork_future_t *any, apr_uint32_t n)
{
    while (spork_atomic_load32(&set->board->started) < n)
        assert_status(spork_future_wait(any, MILLISECOND), APR_TIMEUP);
    (void)spork_future_wait(any, MILLISECOND); /* as a rule it waits in the queue by then */
}

static void expect_message(spork_queue_t *queue, const void *bytes, apr_size_t size)
{
    const void *data = "";
    apr_size_t got = 1;

    assert_success(spork_queue_get(queue, &data, &got, FOR_EVER));
    assert_int_equal(got, size);
    if (size == 0) assert_null(data);
    if (size > 0) assert_memory_equal(data, bytes, size);
}

/* ---- tests: the parent alone ------------------------------------------------------------------------ */

static void it_is_first_in_first_out_and_bounded(void **state)
{
    set_t set;
    const void *data;
    apr_size_t size, count;
    char text[101] = { 0 };

    (void)state;
    set_up(&set, 2, 0, 3 * (100 + 16));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 3; i++) {
            memset(text, 'a' + i, 100);
            assert_success(spork_queue_put(set.queue, text, 100, 0));
        }
        assert_success(spork_queue_count(set.queue, &count));
        assert_int_equal(count, 3);
        assert_failed(spork_queue_put(set.queue, text, 1, 0), APR_TIMEUP);
        assert_failed(spork_queue_put(set.queue, text, 0, SECOND), APR_EOF);
        assert_failed(spork_queue_put(set.queue, text, 100, FOR_EVER), APR_EOF);
        for (int i = 0; i < 3; i++) {
            memset(text, 'a' + i, 100);
            expect_message(set.queue, text, 100);
        }
        assert_failed(spork_queue_get(set.queue, &data, &size, 0), APR_TIMEUP);
        assert_failed(spork_queue_get(set.queue, &data, &size, FOR_EVER), APR_EOF);
        assert_true(data == NULL && size == 0);
    }
    assert_success(spork_queue_put(set.queue, NULL, 0, 0));
    expect_message(set.queue, "", 0);
    for (count = 0; spork_queue_put(set.queue, NULL, 0, 0) == APR_SUCCESS; count++) continue;
    assert_int_equal(count, 3 * 116 / 16); /* empty ones are bounded as well */
    end_pool(set.pool);
}

static void what_cannot_be_is_an_error(void **state)
{
    static unsigned char bytes[1100];
    spork_queue_t *other;
    const void *data;
    apr_size_t size;
    set_t set;

    (void)state;
    set_up(&set, 2, 0, 1016);
    assert_failed(spork_queue_create(NULL, set.pool, "other", 100), APR_EINVAL);
    assert_failed(spork_queue_create(&other, NULL, "other", 100), APR_EINVAL);
    assert_null(other);
    assert_failed(spork_queue_create(&other, set.pool, NULL, 100), APR_EINVAL);
    assert_failed(spork_queue_create(&other, set.pool, "queue", 100), APR_EEXIST);
    assert_success(spork_queue_create(&other, set.pool, "other", 10));
    assert_failed(spork_queue_put(other, NULL, 0, FOR_EVER), SPORK_ETOOBIG);
    assert_failed(spork_queue_put(NULL, bytes, 1, 0), APR_EINVAL);
    assert_failed(spork_queue_put(set.queue, NULL, 1, 0), APR_EINVAL);
    assert_failed(spork_queue_put(set.queue, bytes, 1001, FOR_EVER), SPORK_ETOOBIG);
    assert_failed(spork_queue_put(set.queue, bytes, (apr_size_t)-8, FOR_EVER), SPORK_ETOOBIG);
    assert_success(spork_queue_put(set.queue, bytes, 1000, 0));
    assert_failed(spork_queue_get(set.queue, NULL, &size, 0), APR_EINVAL);
    assert_failed(spork_queue_get(set.queue, &data, NULL, 0), APR_EINVAL);
    assert_failed(spork_queue_get(NULL, &data, &size, 0), APR_EINVAL);
    assert_failed(spork_queue_close(NULL), APR_EINVAL);
    assert_failed(spork_queue_count(set.queue, NULL), APR_EINVAL);
    assert_failed(spork_pool_serve(set.pool, "queue", NULL, NULL), APR_EINVAL);
    assert_success(spork_map(set.pool, use_no_queue, NULL, 0, NULL, 0, 5, NULL));
    spork_queue_destroy(other);
    assert_success(spork_queue_create(&other, set.pool, "other", 100));
    assert_success(spork_queue_put(other, bytes, 10, 0)); /* goes with the pool */
    assert_success(spork_queue_close(set.queue));
    assert_failed(spork_queue_put(set.queue, bytes, 1, FOR_EVER), SPORK_ECLOSED);
    expect_message(set.queue, bytes, 1000);
    assert_failed(spork_queue_get(set.queue, &data, &size, FOR_EVER), APR_EOF);
    end_pool(set.pool);
}

/* ---- tests: workers and parent ------------------------------------------------------------------------ */

#define EACH 300

static void workers_put_and_the_parent_gets(void **state)
{
    (void)state;
    for_each_workers(workers)
    {
        apr_uint32_t next[13] = { 0 };
        apr_size_t size, n = 0;
        const void *data;
        set_t set;

        set_up(&set, workers, 0, start_method() == SPORK_START_INLINE ? EACH * 24 : 10 * 24);
        set.job.count = EACH;
        for (int w = 0; w < workers; w++, set.job.producer++) (void)submit(&set, put_messages);
        while (spork_queue_get(set.queue, &data, &size, FOR_EVER) == APR_SUCCESS) {
            const message_t *message = data;
            assert_int_equal(size, sizeof *message);
            assert_int_equal(message->number,
                             next[message->producer]++); /* in order, none lost, none twice */
            n++;
        }
        assert_int_equal(n, EACH * workers);
        end_pool(set.pool);
    }
}

static void the_parent_puts_and_workers_get(void **state)
{
    (void)state;
    for_each_workers(workers)
    {
        spork_future_t *futures[13];
        set_t set;

        set_up(&set, workers, 0, start_method() == SPORK_START_INLINE ? EACH * 24 : 10 * 24);
        if (start_method() != SPORK_START_INLINE)
            for (int w = 0; w < workers; w++) futures[w] = submit(&set, take_messages);
        for (apr_uint32_t i = 0; i < EACH; i++) {
            message_t message = { 0, i };
            assert_success(spork_queue_put(set.queue, &message, sizeof message, FOR_EVER));
        }
        assert_success(spork_queue_close(set.queue));
        if (start_method() == SPORK_START_INLINE) futures[0] = submit(&set, take_messages);
        for (int w = 0; w < workers; w++) expect_end(futures[w], APR_SUCCESS);
        for (int i = 0; i < EACH; i++) assert_int_equal(set.board->taken[i], 1);
        assert_true(start_method() == SPORK_START_INLINE || set.board->most <= 10);
        end_pool(set.pool);
    }
}

/* Through a worker and back, larger than the room of a call and as large as the queue. */
static void messages_of_any_size_pass_through_workers(void **state)
{
    static const apr_size_t sizes[] = { 0, 1, 990, 1024, 1025, 131072, 131073, 2 * MIB, 5 * MIB - 16 };
    unsigned char *bytes;
    spork_queue_t *back;
    spork_future_t *future;
    set_t set;

    (void)state;
    needs_workers();
    bytes = malloc(5 * MIB);
    assert_non_null(bytes);
    for (apr_size_t i = 0; i < 5 * MIB; i++) bytes[i] = (unsigned char)(i * 7 + i / 251);
    set_up(&set, 1, 0, 5 * MIB);
    assert_success(spork_queue_create(&back, set.pool, "back", 5 * MIB));
    future = submit(&set, pass_on);
    for (size_t i = 0; i < LENGTH(sizes); i++) {
        assert_success(spork_queue_put(set.queue, bytes + i, sizes[i] - (i < sizes[i] ? i : 0), FOR_EVER));
        expect_message(back, bytes + i, sizes[i] - (i < sizes[i] ? i : 0));
    }
    assert_success(spork_queue_close(set.queue));
    expect_end(future, APR_SUCCESS);
    free(bytes);
    end_pool(set.pool);
}

static void waits_end_with_their_time(void **state)
{
    int is_inline = start_method() == SPORK_START_INLINE;
    set_t set;

    (void)state;
    set_up(&set, 2, 0, 24);
    set.job.timeout = 0;
    set.job.wanted = APR_TIMEUP;
    expect_end(submit(&set, get_one), APR_SUCCESS);
    set.job.timeout = 20 * MILLISECOND;
    expect_end(submit(&set, get_one), APR_SUCCESS);
    assert_success(spork_queue_put(set.queue, "12345678", 8, 0));
    expect_end(submit(&set, put_one), APR_SUCCESS);
    set.job.timeout = FOR_EVER;
    set.job.wanted = is_inline ? APR_EOF : APR_SUCCESS; /* the parent makes room */
    {
        spork_future_t *future = submit(&set, put_one);
        message_t wanted = { 0, 0 };

        expect_message(set.queue, "12345678", 8);
        if (!is_inline) expect_message(set.queue, &wanted, sizeof wanted);
        expect_end(future, APR_SUCCESS);
    }
    end_pool(set.pool);
}

/* Without ever waiting, in a loop of its own. */
static void a_parent_that_only_looks_is_served(void **state)
{
    message_t wanted = { 0, 3 };
    spork_future_t *future;
    const void *data;
    apr_status_t status;
    apr_size_t size;
    set_t set;

    (void)state;
    set_up(&set, 1, 0, 240);
    set.job.count = 3;
    future = submit(&set, put_one);
    do status = spork_queue_get(set.queue, &data, &size, 0);
    while (status == APR_TIMEUP);
    assert_success(status);
    assert_int_equal(size, sizeof wanted);
    assert_memory_equal(data, &wanted, sizeof wanted);
    expect_end(future, APR_SUCCESS);
    end_pool(set.pool);
}

/* Who waits with a time-out will go on, and so nobody's wait is vain yet. */
static void who_waits_for_a_while_may_still_bring_something(void **state)
{
    spork_future_t *taker, *bringer;
    spork_queue_t *back;
    set_t set;

    (void)state;
    needs_workers();
    set_up(&set, 2, 0, 240);
    assert_success(spork_queue_create(&back, set.pool, "back", 0));
    set.job.timeout = FOR_EVER;
    set.job.count = 5;
    taker = submit(&set, get_one);
    bringer = submit(&set, wait_and_put);
    expect_end(taker, APR_SUCCESS);
    expect_end(bringer, APR_SUCCESS);
    assert_int_equal(set.board->taken[5], 1);
    end_pool(set.pool);
}

/* A message that fits stands behind one that does not, whose putter gives up, or is cancelled. */
static void who_stood_behind_a_putter_that_left_comes_in(void **state)
{
    enum { GIVES_UP, IS_CANCELLED, N_WAYS };

    (void)state;
    needs_workers();
    for (int way = 0; way < N_WAYS; way++) {
        spork_future_t *large, *small;
        apr_size_t count;
        set_t set;

        set_up(&set, 2, 0, 400);
        assert_success(spork_queue_put(set.queue, "12345678", 8, 0));
        set.job.count = 370;
        set.job.timeout = way == GIVES_UP ? 200 * MILLISECOND : FOR_EVER;
        set.job.wanted = way == GIVES_UP ? APR_TIMEUP : APR_SUCCESS;
        large = submit(&set, put_bytes);
        await_started(&set, large, 1);
        set.job.count = 1;
        set.job.timeout = FOR_EVER;
        set.job.wanted = APR_SUCCESS;
        small = submit(&set, put_bytes);
        await_started(&set, large, 2);
        if (way == IS_CANCELLED) assert_success(spork_future_cancel(large));
        expect_end(large, way == GIVES_UP ? APR_SUCCESS : SPORK_ECANCELLED);
        expect_end(small, APR_SUCCESS);
        assert_success(spork_queue_count(set.queue, &count));
        assert_int_equal(count, 2);
        end_pool(set.pool);
    }
}

/* Nobody is left who could put: then the waits end, and so does the map. */
static void work_that_is_found_on_the_way_ends(void **state)
{
    enum { NODES = 1000 };

    (void)state;
    for_each_workers(workers)
    {
        job_t jobs[13];
        apr_uint32_t root = 0;
        set_t set;

        set_up(&set, workers, 0, NODES * 20);
        set.job.count = NODES;
        for (int w = 0; w < workers; w++) jobs[w] = set.job;
        assert_success(spork_queue_put(set.queue, &root, sizeof root, 0));
        assert_success(
            spork_map(set.pool, grow_tree, jobs, sizeof *jobs, NULL, 0, (apr_size_t)workers, NULL));
        for (int i = 0; i < NODES; i++) assert_int_equal(set.board->taken[i], 1);
        end_pool(set.pool);
    }
}

static void who_waits_is_told_of_the_end(void **state)
{
    static const apr_status_t ends[] = { APR_EOF, SPORK_ECLOSED };
    spork_future_t *futures[3];
    set_t set;

    (void)state;
    needs_workers();
    for (int destroyed = 0; destroyed < 2; destroyed++) {
        set_up(&set, 3, 0, 24);
        set.job.timeout = FOR_EVER;
        set.job.wanted = ends[destroyed];
        for (int i = 0; i < 3; i++) futures[i] = submit(&set, get_one);
        await_started(&set, futures[0], 3);
        if (destroyed)
            spork_queue_destroy(set.queue);
        else
            assert_success(spork_queue_close(set.queue));
        for (int i = 0; i < 3; i++) { /* who had not asked yet finds no queue */
            assert_success(spork_future_wait(futures[i], FOR_EVER));
            if (spork_future_outcome(futures[i])->status != SPORK_ENOTFOUND || !destroyed)
                assert_success(spork_future_outcome(futures[i])->status);
        }
        end_pool(set.pool);
    }
}

/* ---- tests: deaths, deadlines, nonsense ------------------------------------------------------------------ */

static void a_dead_taker_gets_nothing(void **state)
{
    (void)state;
    needs_workers();
    for (int round = 0; round < 6; round++) {
        spork_future_t *victim, *heir;
        message_t message = { 0, 7 };
        apr_int64_t pid;
        set_t set;

        set_up(&set, 1, 0, 240);
        set.job.timeout = FOR_EVER;
        victim = submit(&set, get_one);
        await_started(&set, victim, 1);
        assert_int_equal(spork_pool_pids(set.pool, &pid, 1), 1);
        host_kill(pid);
        expect_end(victim, SPORK_ECRASHED); /* known to be dead: what comes now is not for it */
        assert_success(spork_queue_put(set.queue, &message, sizeof message, 0));
        heir = submit(&set, get_one);
        expect_end(heir, APR_SUCCESS);
        assert_int_equal(set.board->taken[7], 1);
        end_pool(set.pool);
    }
}

/* Its end is on its way, but it may not be dead yet: it is given nothing any more. */
static void a_cancelled_taker_gets_nothing(void **state)
{
    (void)state;
    needs_workers();
    for (int round = 0; round < 6; round++) {
        spork_future_t *victim;
        message_t message = { 0, 7 };
        apr_size_t count;
        set_t set;

        set_up(&set, 1, 0, 240);
        set.job.timeout = FOR_EVER;
        victim = submit(&set, get_one);
        await_started(&set, victim, 1);
        assert_success(spork_future_cancel(victim));
        assert_success(spork_queue_put(set.queue, &message, sizeof message, 0));
        assert_success(spork_queue_count(set.queue, &count));
        assert_int_equal(count, 1);
        expect_end(victim, SPORK_ECANCELLED);
        expect_end(submit(&set, get_one), APR_SUCCESS);
        assert_int_equal(set.board->taken[7], 1);
        end_pool(set.pool);
    }
}

static void a_dead_putter_leaves_no_message(void **state)
{
    (void)state;
    needs_workers();
    for (int round = 0; round < 6; round++) {
        spork_future_t *victim;
        const void *data;
        apr_size_t size;
        apr_int64_t pid;
        set_t set;

        set_up(&set, 1, 0, 24);
        assert_success(spork_queue_put(set.queue, "12345678", 8, 0)); /* full */
        set.job.timeout = FOR_EVER;
        victim = submit(&set, put_one);
        await_started(&set, victim, 1);
        assert_int_equal(spork_pool_pids(set.pool, &pid, 1), 1);
        host_kill(pid);
        expect_end(victim, SPORK_ECRASHED);
        expect_message(set.queue, "12345678", 8);
        assert_failed(spork_queue_get(set.queue, &data, &size, 0), APR_TIMEUP);
        end_pool(set.pool);
    }
}

/* What a producer that dies has put is a beginning of what it would have put; the others' is all there. */
static void deaths_amid_messages_leave_whole_ones(void **state)
{
    enum { PRODUCERS = 12 };
    spork_future_t *futures[PRODUCERS];
    apr_uint32_t next[PRODUCERS] = { 0 };
    apr_uint64_t seed = 88172645463325252u;
    const void *data;
    apr_size_t size, n = 0;
    int kills = 0;
    set_t set;

    (void)state;
    needs_workers();
    set_up(&set, 3, 0, 20 * 24);
    set.job.count = EACH;
    for (int p = 0; p < PRODUCERS; p++, set.job.producer++) futures[p] = submit(&set, put_messages);
    while (spork_queue_get(set.queue, &data, &size, FOR_EVER) == APR_SUCCESS) {
        const message_t *message = data;
        assert_int_equal(size, sizeof *message);
        assert_true(message->producer < PRODUCERS);
        assert_int_equal(message->number, next[message->producer]++);
        if (++n % 400 == 399 && kills < 6) {
            apr_int64_t pids[3];
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            assert_int_equal(spork_pool_pids(set.pool, pids, 3), 3);
            host_kill(pids[(seed >> 33) % 3]);
            kills++;
        }
    }
    for (int p = 0; p < PRODUCERS; p++) {
        assert_success(spork_future_wait(futures[p], FOR_EVER));
        if (spork_future_outcome(futures[p])->status == APR_SUCCESS)
            assert_int_equal(next[p], EACH);
        else
            assert_status(spork_future_outcome(futures[p])->status, SPORK_ECRASHED);
    }
    assert_true(kills > 0);
    assert_full_size(set.pool, nothing);
    end_pool(set.pool);
}

static void who_waits_still_has_a_deadline(void **state)
{
    spork_future_t *future;
    message_t message = { 0, 3 };
    const void *data;
    apr_size_t size;
    set_t set;

    (void)state;
    needs_workers();
    set_up(&set, 2, 100 * MILLISECOND, 240);
    set.job.timeout = 3600 * SECOND;
    expect_end(submit(&set, get_one), SPORK_EDEADLINE);
    future = submit(&set, get_one);
    assert_success(spork_future_cancel(future));
    expect_end(future, SPORK_ECANCELLED);
    assert_success(spork_queue_put(set.queue, &message, sizeof message, 0));
    expect_message(set.queue, &message, sizeof message); /* nobody else took it */
    assert_failed(spork_queue_get(set.queue, &data, &size, 0), APR_TIMEUP);
    end_pool(set.pool);
}

static void nonsense_is_refused(void **state)
{
    apr_uint64_t in[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    apr_size_t count;
    set_t set;

    (void)state;
    set_up(&set, 2, 0, 2400);
    assert_success(spork_queue_put(set.queue, "12345678", 8, 0));
    assert_success(spork_map(set.pool, talk_nonsense, in, sizeof *in, NULL, 0, LENGTH(in), NULL));
    assert_success(spork_queue_count(set.queue, &count));
    assert_int_equal(count, 1);
    expect_message(set.queue, "12345678", 8);
    end_pool(set.pool);
}

/* A call of the parent's that waits is ended from outside. */
static void an_interrupt_ends_the_parents_wait(void **state)
{
    spork_future_t *future;
    const void *data;
    apr_size_t size;
    set_t set;

    (void)state;
    needs_workers();
    set_up(&set, 2, 0, 240);
    set.job.timeout = FOR_EVER;
    future = submit(&set, get_one);
    spork_pool_interrupt(set.pool);
    assert_failed(spork_queue_get(set.queue, &data, &size, FOR_EVER), SPORK_ECANCELLED);
    assert_success(spork_queue_close(set.queue));
    assert_success(spork_future_wait(future, FOR_EVER));
    end_pool(set.pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(it_is_first_in_first_out_and_bounded),
        TEST(what_cannot_be_is_an_error),
        TEST(workers_put_and_the_parent_gets),
        TEST(the_parent_puts_and_workers_get),
        TEST(messages_of_any_size_pass_through_workers),
        TEST(waits_end_with_their_time),
        TEST(a_parent_that_only_looks_is_served),
        TEST(who_waits_for_a_while_may_still_bring_something),
        TEST(who_stood_behind_a_putter_that_left_comes_in),
        TEST(work_that_is_found_on_the_way_ends),
        TEST(who_waits_is_told_of_the_end),
        TEST(a_dead_taker_gets_nothing),
        TEST(a_cancelled_taker_gets_nothing),
        TEST(a_dead_putter_leaves_no_message),
        TEST(deaths_amid_messages_leave_whole_ones),
        TEST(who_waits_still_has_a_deadline),
        TEST(nonsense_is_refused),
        TEST(an_interrupt_ends_the_parents_wait),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("shared queue", tests);
}
