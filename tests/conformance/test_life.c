/*
 * Conformance: how pools begin, live side by side and end (behaviours 25 to 28 and 31), and good manners
 * in the host's process.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "census.h"
#include "conformance.h"

/* ---- tasks ---------------------------------------------------------------------------------- */

static apr_status_t tell_pid(spork_task_t *task, const void *in, void *out)
{
    apr_int64_t pid = host_pid();
    (void)in;
    (void)out;
    return spork_reply(task, &pid, sizeof pid);
}

static apr_status_t sleep_briefly(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    apr_sleep(2 * MILLISECOND);
    return spork_reply(task, in, spork_task_in_size(task));
}

static apr_status_t wait_at_gate(spork_task_t *task, const void *in, void *out)
{
    gate_t *gate = spork_deref(task, *(const spork_ref_t *)in, sizeof *gate);
    (void)out;
    if (gate == NULL) return APR_EINVAL;
    gate_pass(gate);
    return spork_reply(task, "passed", 6);
}

static apr_status_t times_three(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(long *)out = 3 * *(const long *)in;
    return APR_SUCCESS;
}

static apr_status_t print_line(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    (void)printf("<task %d>", (int)spork_task_index(task));
    return APR_SUCCESS;
}

/* Starts a process of its own that holds a lock for ever, and returns once that is so. */
static apr_status_t start_lock_holder(spork_task_t *task, const void *in, void *out)
{
    apr_pool_t *mem = spork_task_pool(task);
    apr_procattr_t *attributes;
    apr_proc_t process;
    const char *program = in, *path = program + strlen(program) + 1;
    const char *args[] = { program, "role", "hold", path, NULL };
    char byte = 0;
    apr_size_t one = 1;
    apr_status_t status = apr_procattr_create(&attributes, mem);

    (void)out;
    if (status == APR_SUCCESS)
        status = apr_procattr_io_set(attributes, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE);
    if (status == APR_SUCCESS) status = apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV);
    if (status == APR_SUCCESS) status = apr_proc_create(&process, program, args, NULL, attributes, mem);
    if (status == APR_SUCCESS) status = apr_file_read(process.out, &byte, &one);
    return status == APR_SUCCESS && byte != '!' ? APR_EGENERAL : status;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(tell_pid),
                                       SPORK_ENTRY(sleep_briefly),
                                       SPORK_ENTRY(wait_at_gate),
                                       SPORK_ENTRY(times_three),
                                       SPORK_ENTRY(print_line),
                                       SPORK_ENTRY(start_lock_holder),
                                       SPORK_END };

static spork_future_t *submit(spork_pool_t *pool, spork_fn_t fn, const void *in, apr_size_t size)
{
    spork_future_t *future = NULL;
    assert_success(spork_submit(&future, pool, fn, in, size));
    return future;
}

static gate_t *make_gate(spork_pool_t *pool, spork_ref_t *ref)
{
    gate_t *gate = spork_alloc(pool, sizeof *gate);
    assert_non_null(gate);
    *ref = spork_ref(pool, gate);
    return gate;
}

static void check_map(spork_pool_t *pool)
{
    long in[100], out[100];
    for (long i = 0; i < 100; i++) in[i] = i;
    assert_success(spork_map(pool, times_three, in, sizeof in[0], out, sizeof out[0], 100, NULL));
    for (long i = 0; i < 100; i++) assert_int_equal(out[i], 3 * i);
}

/* ---- 25: max_tasks -------------------------------------------------------------------------- */

static spork_pool_t *pool_with_max_tasks(int workers, apr_uint32_t max_tasks)
{
    spork_config_t config;
    make_config(&config, workers);
    config.max_tasks = max_tasks;
    return make_pool(&config);
}

/* How many of the pids are the i-th, or all of them -1. */
static void no_pid_more_often_than(const apr_int64_t *pids, int count, int most)
{
    for (int i = 0; i < count; i++) {
        int same = 0;
        for (int k = 0; k < count; k++) same += pids[k] == pids[i];
        if (same > most) fail_msg("process %d served %d items", (int)pids[i], same);
    }
}

static void no_worker_serves_more_than_max_tasks(void **state)
{
    enum { COUNT = 40 };
    apr_int64_t pids[COUNT];

    (void)state;
    needs_workers();
    for_each_workers(workers) for (apr_size_t chunk = 0; chunk <= 10; chunk += 5)
    {
        spork_pool_t *pool = pool_with_max_tasks(workers, 3);
        spork_map_t options = { 0 };
        options.chunk = chunk;
        assert_success(spork_map(pool, tell_pid, NULL, 0, pids, sizeof pids[0], COUNT, &options));
        no_pid_more_often_than(pids, COUNT, 3);
        end_pool(pool);
    }
}

static void close_right_after_submit_finishes_all_also_with_max_tasks(void **state)
{
    enum { COUNT = 30 };
    spork_future_t *futures[COUNT];
    apr_int64_t pids[COUNT];

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = pool_with_max_tasks(workers, 2);
        for (int i = 0; i < COUNT; i++) futures[i] = submit(pool, tell_pid, NULL, 0);
        assert_success(spork_pool_close(pool));
        for (int i = 0; i < COUNT; i++) {
            assert_success(spork_future_outcome(futures[i])->status);
            memcpy(&pids[i], spork_future_outcome(futures[i])->out, sizeof pids[i]);
        }
        if (start_method() != SPORK_START_INLINE) no_pid_more_often_than(pids, COUNT, 2);
        spork_pool_destroy(pool);
    }
}

/* ---- 26: close, terminate, destroy ---------------------------------------------------------- */

/* What may still be done with a pool that has ended, and what not. */
static void check_ended(spork_pool_t *pool)
{
    spork_future_t *future = (spork_future_t *)&pool;
    long in = 1, out = 0;

    assert_no_children();
    assert_failed(spork_submit(&future, pool, tell_pid, NULL, 0), SPORK_ECLOSED);
    assert_null(future);
    assert_failed(spork_map(pool, times_three, &in, sizeof in, &out, sizeof out, 1, NULL), SPORK_ECLOSED);
    assert_success(spork_pool_close(pool));
    assert_success(spork_pool_terminate(pool));
    assert_success(spork_pool_close(pool));
}

static void close_finishes_what_was_submitted(void **state)
{
    enum { COUNT = 100 };
    spork_future_t *futures[COUNT], *any;

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        int handed_out = 0;
        for (int i = 0; i < COUNT; i++) futures[i] = submit(pool, sleep_briefly, &i, sizeof i);
        assert_success(spork_pool_close(pool));
        check_ended(pool);
        for (int i = 0; i < COUNT; i++) {
            const spork_outcome_t *outcome = spork_future_outcome(futures[i]);
            assert_non_null(outcome);
            assert_success(outcome->status);
            assert_memory_equal(outcome->out, &i, sizeof i);
        }
        while (spork_wait_any(pool, -1, &any) == APR_SUCCESS) handed_out++;
        assert_int_equal(handed_out, COUNT);
        assert_success(spork_future_wait(futures[0], -1));
        spork_future_destroy(futures[1]);
        spork_pool_destroy(pool);
    }
}

static void terminate_ends_what_runs_and_what_waits(void **state)
{
    enum { COUNT = 40 };
    spork_future_t *futures[COUNT];

    (void)state;
    needs_workers();
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        spork_ref_t ref;
        gate_t *gate = make_gate(pool, &ref);
        spork_future_t *done = submit(pool, tell_pid, NULL, 0);
        assert_success(spork_future_wait(done, -1));
        for (int i = 0; i < COUNT; i++) futures[i] = submit(pool, wait_at_gate, &ref, sizeof ref);
        gate_await(futures[0], gate, (unsigned)workers);
        assert_success(spork_pool_terminate(pool));
        check_ended(pool);
        for (int i = 0; i < COUNT; i++) {
            assert_success(spork_future_wait(futures[i], 0));
            assert_status(spork_future_outcome(futures[i])->status, SPORK_ECANCELLED);
        }
        assert_success(spork_future_outcome(done)->status);
        assert_int_equal(spork_future_outcome(done)->out_size, sizeof(apr_int64_t));
        spork_pool_destroy(pool);
    }
}

static void destroy_ends_a_pool_in_any_state(void **state)
{
    spork_pool_t *pool;
    spork_ref_t ref;
    gate_t *gate;

    (void)state;
    spork_pool_destroy(NULL);
    pool = start_pool(2);
    spork_pool_destroy(pool);
    assert_no_children();
    needs_workers();
    for_each_workers(workers)
    {
        pool = start_pool(workers);
        gate = make_gate(pool, &ref);
        for (int i = 1; i < 30; i++) (void)submit(pool, wait_at_gate, &ref, sizeof ref);
        gate_await(submit(pool, wait_at_gate, &ref, sizeof ref), gate, (unsigned)workers);
        spork_pool_destroy(pool);
        assert_no_children();
    }
}

/* ---- 27: the end of the APR pool ------------------------------------------------------------ */

static void the_apr_pools_end_is_the_pools_end(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        apr_pool_t *parent;
        spork_config_t config;
        spork_pool_t *pool;

        assert_success(apr_pool_create(&parent, test_memory()));
        make_config(&config, 3);
        assert_success(spork_pool_create(&pool, &config, parent));
        check_map(pool);
        for (int i = 0; i < 50; i++) (void)submit(pool, sleep_briefly, &i, sizeof i);
        if (way == 1) spork_pool_destroy(pool);
        if (way == 2) assert_success(spork_pool_close(pool));
        if (way == 3)
            apr_pool_clear(parent);
        else
            apr_pool_destroy(parent);
        assert_no_children();
    }
}

/* ---- 28, 31: several pools ------------------------------------------------------------------ */

static void three_pools_at_once(void **state)
{
    spork_pool_t *pools[3];
    spork_future_t *futures[3][20];

    (void)state;
    for (int p = 0; p < 3; p++) pools[p] = start_pool(p + 1);
    for (int i = 0; i < 20; i++)
        for (int p = 0; p < 3; p++) {
            int value = i * 3 + p;
            futures[p][i] = submit(pools[p], sleep_briefly, &value, sizeof value);
        }
    check_map(pools[1]);
    spork_pool_destroy(pools[0]);
    for (int i = 0; i < 20; i++)
        for (int p = 1; p < 3; p++) {
            int value = i * 3 + p;
            assert_success(spork_future_wait(futures[p][i], -1));
            assert_success(spork_future_outcome(futures[p][i])->status);
            assert_memory_equal(spork_future_outcome(futures[p][i])->out, &value, sizeof value);
        }
    end_pool(pools[2]);
    check_map(pools[1]);
    end_pool(pools[1]);
}

static void pools_come_and_go(void **state)
{
    (void)state;
    for (int i = 0; i < 30 / slow_factor() + 2; i++) {
        spork_pool_t *pool = start_pool(i % 3 + 1);
        check_map(pool);
        if (i % 2)
            end_pool(pool);
        else
            spork_pool_destroy(pool);
    }
}

#if APR_HAS_THREADS
typedef struct {
    spork_pool_t *pool; /* NULL: make one */
    int right;          /* out: maps with the right results */
    apr_status_t status;
} worker_thread_t;

/* No assertions: CMocka's work in the main thread only. */
static void *APR_THREAD_FUNC map_in_thread(apr_thread_t *thread, void *data)
{
    worker_thread_t *mine = data;
    spork_pool_t *pool = mine->pool;
    long in[200], out[200];

    if (pool == NULL) {
        spork_config_t config;
        make_config(&config, 2);
        mine->status = spork_pool_create(&pool, &config, NULL);
    }
    for (int round = 0; round < 20 && mine->status == APR_SUCCESS; round++) {
        int wrong = 0;
        for (long i = 0; i < 200; i++) in[i] = i + round;
        mine->status = spork_map(pool, times_three, in, sizeof in[0], out, sizeof out[0], 200, NULL);
        for (long i = 0; i < 200; i++) wrong += out[i] != 3 * in[i];
        mine->right += wrong == 0;
    }
    if (pool != NULL && mine->status == APR_SUCCESS) mine->status = spork_pool_close(pool);
    spork_pool_destroy(pool);
    apr_thread_exit(thread, APR_SUCCESS); /* else joining it is APR_INCOMPLETE on Windows */
    return NULL;
}

/* Forked pools are made before there are threads, as forking later would be the host's own risk. */
static void several_pools_in_several_threads(void **state)
{
    enum { THREADS = 4 };
    apr_thread_t *threads[THREADS];
    worker_thread_t work[THREADS];
    apr_status_t ended;

    (void)state;
    memset(work, 0, sizeof work);
    for (int i = 0; i < THREADS && start_method() == SPORK_START_FORK; i++) {
        spork_config_t config;
        make_config(&config, 2);
        assert_success(spork_pool_create(&work[i].pool, &config, NULL));
    }
    for (int i = 0; i < THREADS; i++)
        assert_success(apr_thread_create(&threads[i], NULL, map_in_thread, &work[i], test_memory()));
    for (int i = 0; i < THREADS; i++) assert_success(apr_thread_join(&ended, threads[i]));
    for (int i = 0; i < THREADS; i++) {
        assert_success(work[i].status);
        assert_int_equal(work[i].right, 20);
    }
}

typedef struct {
    spork_pool_t *pool;
    gate_t *gate;
    unsigned arrivals; /* the calls of the task before the interruption */
} interrupter_t;

static void *APR_THREAD_FUNC interrupt_later(apr_thread_t *thread, void *data)
{
    interrupter_t *mine = data;
    while (atomic_load(&mine->gate->started) < mine->arrivals) apr_sleep(MILLISECOND);
    spork_pool_interrupt(mine->pool);
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static apr_thread_t *start_interrupter(interrupter_t *with, spork_pool_t *pool, gate_t *gate,
                                       unsigned arrivals)
{
    apr_thread_t *thread;
    with->pool = pool;
    with->gate = gate;
    with->arrivals = arrivals;
    assert_success(apr_thread_create(&thread, NULL, interrupt_later, with, test_memory()));
    return thread;
}

static void an_interrupted_map_cancels_what_is_unfinished(void **state)
{
    apr_status_t ended;

    (void)state;
    needs_workers();
    for_each_workers(workers)
    {
        spork_ref_t in[30];
        char out[30][8];
        spork_pool_t *pool = start_pool(workers);
        gate_t *gate = make_gate(pool, &in[0]);
        spork_map_t options = { 0 };
        interrupter_t interrupter;
        apr_thread_t *thread;
        for (int i = 1; i < 30; i++) in[i] = in[0];
        options.chunk = 1;
        thread = start_interrupter(&interrupter, pool, gate, (unsigned)workers);
        assert_failed(spork_map(pool, wait_at_gate, in, sizeof in[0], out, sizeof out[0], 30, &options),
                      SPORK_EFAILED);
        assert_success(apr_thread_join(&ended, thread));
        assert_int_equal(options.n_failures, 30);
        for (int i = 0; i < 30; i++) assert_status(options.failures[i].status, SPORK_ECANCELLED);
        check_map(pool);
        end_pool(pool);
    }
}

static void an_interrupted_wait_leaves_the_item_running(void **state)
{
    spork_pool_t *pool;
    spork_ref_t ref;
    gate_t *gate;
    spork_future_t *future, *any;
    interrupter_t interrupter;
    apr_thread_t *thread;
    apr_status_t ended;

    (void)state;
    needs_workers();
    pool = start_pool(2);
    gate = make_gate(pool, &ref);
    future = submit(pool, wait_at_gate, &ref, sizeof ref);
    thread = start_interrupter(&interrupter, pool, gate, 1);
    assert_status(spork_future_wait(future, -1), SPORK_ECANCELLED);
    assert_success(apr_thread_join(&ended, thread));
    assert_null(spork_future_outcome(future));
    spork_pool_interrupt(pool);
    assert_status(spork_wait_any(pool, -1, &any), SPORK_ECANCELLED);
    assert_null(any);
    atomic_store(&gate->open, 1u);
    assert_success(spork_future_wait(future, -1));
    assert_success(spork_future_outcome(future)->status);
    end_pool(pool);
}

static void an_interrupted_close_ends_the_workers_all_the_same(void **state)
{
    spork_pool_t *pool;
    spork_ref_t ref;
    gate_t *gate;
    spork_future_t *running, *queued;
    interrupter_t interrupter;
    apr_thread_t *thread;
    apr_status_t ended;

    (void)state;
    needs_workers();
    pool = start_pool(1);
    gate = make_gate(pool, &ref);
    running = submit(pool, wait_at_gate, &ref, sizeof ref);
    queued = submit(pool, wait_at_gate, &ref, sizeof ref);
    thread = start_interrupter(&interrupter, pool, gate, 1);
    assert_status(spork_pool_close(pool), SPORK_ECANCELLED);
    assert_success(apr_thread_join(&ended, thread));
    assert_no_children();
    assert_status(spork_future_outcome(running)->status, SPORK_ECANCELLED);
    assert_status(spork_future_outcome(queued)->status, SPORK_ECANCELLED);
    spork_pool_destroy(pool);
}
#endif

/* ---- processes that tasks start ------------------------------------------------------------- */

static int hold(int argc, char **argv)
{
    apr_pool_t *mem;
    apr_file_t *file, *out;
    char byte = '!';
    apr_size_t one = 1;

    role_check(argc == 2);
    role_check(apr_pool_create(&mem, NULL) == APR_SUCCESS);
    role_check(apr_file_open(&file, argv[1], APR_FOPEN_WRITE, APR_FPROT_OS_DEFAULT, mem) == APR_SUCCESS);
    role_check(apr_file_lock(file, APR_FLOCK_EXCLUSIVE) == APR_SUCCESS);
    role_check(apr_file_open_stdout(&out, mem) == APR_SUCCESS);
    role_check(apr_file_write(out, &byte, &one) == APR_SUCCESS);
    for (;;) apr_sleep(SECOND);
}

/* The lock can be had once its holder is gone, whoever reaps it. */
static void what_a_task_started_ends_with_its_worker(void **state)
{
    (void)state;
    needs_workers();
    for (int way = 0; way < 3; way++) {
        spork_pool_t *pool = start_pool(2);
        const char *path = test_path("lock");
        apr_size_t size = strlen(self_path()) + strlen(path) + 2;
        char *in = apr_pcalloc(test_memory(), size);
        apr_int64_t pids[2];
        apr_file_t *file;

        strcpy(in, self_path());
        strcpy(in + strlen(in) + 1, path);
        assert_success(apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_FPROT_OS_DEFAULT,
                                     test_memory()));
        assert_success(spork_map(pool, start_lock_holder, in, size, NULL, 0, 1, NULL));
        assert_true(apr_file_lock(file, APR_FLOCK_EXCLUSIVE | APR_FLOCK_NONBLOCK) != APR_SUCCESS);
        assert_int_equal(spork_pool_pids(pool, pids, 2), 2);
        if (way == 0)
            for (int i = 0; i < 2; i++) host_kill(pids[i]);
        if (way == 1)
            assert_success(spork_pool_terminate(pool));
        else
            end_pool(pool);
        assert_success(apr_file_lock(file, APR_FLOCK_EXCLUSIVE));
        if (way == 1) spork_pool_destroy(pool);
        assert_success(apr_file_close(file));
        assert_success(apr_file_remove(path, test_memory()));
    }
}

/* ---- a good guest --------------------------------------------------------------------------- */

static void the_host_gets_no_threads_and_no_signal_handlers(void **state)
{
    census_t earlier, now;
    char words[256];
    spork_pool_t *pool;

    (void)state;
    census_take(&earlier);
    pool = start_pool(3);
    check_map(pool);
    census_take(&now);
    if (census_guest_differs(&earlier, &now, words, sizeof words)) fail_msg("%s", words);
    end_pool(pool);
}

static void say_farewell(void)
{
    (void)printf("<farewell>");
}

/* Leaves something in stdout's buffer while workers come to life and end in several ways. */
static int print_much(int argc, char **argv)
{
    spork_config_t config;
    spork_pool_t *pool;

    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    make_config(&config, 2);
    role_check(atexit(say_farewell) == 0);
    (void)printf("<before>");
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    role_check(spork_map(pool, print_line, NULL, 0, NULL, 0, 10, NULL) == APR_SUCCESS);
    role_check(spork_pool_close(pool) == APR_SUCCESS);
    spork_pool_destroy(pool);
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    spork_pool_destroy(pool);
    return 0;
}

static int occurrences(const char *text, const char *word)
{
    int count = 0;
    for (text = strstr(text, word); text != NULL; text = strstr(text + 1, word)) count++;
    return count;
}

static void nothing_is_printed_twice_and_nothing_is_lost(void **state)
{
    static const char *const args[] = { "print_much", NULL };
    run_t run;

    (void)state;
    run_role(&run, args, NULL);
    if (run.exit_code != 0) fail_msg("exit code %d: %s", run.exit_code, run.err);
    assert_int_equal(occurrences(run.out, "<before>"), 1);
    assert_int_equal(occurrences(run.out, "<farewell>"), 1);
    for (int i = 0; i < 10; i++)
        assert_int_equal(occurrences(run.out, apr_psprintf(test_memory(), "<task %d>", i)), 1);
    assert_string_equal(run.err, "");
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "hold", hold }, { "print_much", print_much } };
    static const struct CMUnitTest tests[] = {
        TEST(no_worker_serves_more_than_max_tasks),
        TEST(close_right_after_submit_finishes_all_also_with_max_tasks),
        TEST(close_finishes_what_was_submitted),
        TEST(terminate_ends_what_runs_and_what_waits),
        TEST(destroy_ends_a_pool_in_any_state),
        TEST(the_apr_pools_end_is_the_pools_end),
        TEST(three_pools_at_once),
        TEST(pools_come_and_go),
#if APR_HAS_THREADS
        TEST(several_pools_in_several_threads),
        TEST(an_interrupted_map_cancels_what_is_unfinished),
        TEST(an_interrupted_wait_leaves_the_item_running),
        TEST(an_interrupted_close_ends_the_workers_all_the_same),
#endif
        TEST(what_a_task_started_ends_with_its_worker),
        TEST(the_host_gets_no_threads_and_no_signal_handlers),
        TEST(nothing_is_printed_twice_and_nothing_is_lost),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("life", tests);
}
