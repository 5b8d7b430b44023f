/*
 * The parent's death: it is killed while its workers are idle, at work, blocked, amid a reply or still starting,
 * and they are gone as well, with all that they have started. When only the thread that made the pool ends, they
 * live on.
 *
 * Three generations: this program (the observer) starts itself as a host, whose workers, and what these start, write to
 * the host's standard output: a pipe that the observer reads. All of them hold it, and nobody else does. So when it
 * ends, every one of them is gone: no id is looked for, nothing is polled, and nothing can be mistaken. Each says
 * by a line in it that it has come to where it shall be when the host is killed.
 *
 * tests/faults/parent_death prints how long each kind of worker outlives its parent, by the role "figures" below.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_signal.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"
#include "sys.h"

#define WORKERS 2
#define DALLY "SPORK_TEST_DALLY" /* milliseconds before spork_init in a spawned worker */
#define DALLY_MS 3000            /* its end: long beside a second, short beside a test */
#define HOST_LIFE (600 * SECOND) /* of a host that nobody kills */
#define SIGNALS 32

/* ---- saying where one is ------------------------------------------------------------------------ */

/* One write of a short line to a pipe is not mixed with another's. */
static void say_here(int64_t pid)
{
    (void)printf("%lld\n", (long long)pid);
    (void)fflush(stdout);
}

static void sleep_for_ever(void)
{
    apr_time_t left = HOST_LIFE;
    for (; left > 0; left -= SECOND) apr_sleep(SECOND);
    exit(EXIT_FAILURE);
}

/* ---- tasks: what a worker does when its parent dies --------------------------------------------- */

static volatile unsigned turns;

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static apr_status_t spin(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    say_here(host_pid());
    for (;;) turns = turns + 1;
    return APR_SUCCESS;
}

/* Where there are no signals to block, this is spinning. */
static apr_status_t spin_deaf(spork_task_t *task, const void *in, void *out)
{
    for (int number = 1; number < SIGNALS; number++) (void)apr_signal_block(number);
    return spin(task, in, out);
}

static apr_status_t block_in_read(spork_task_t *task, const void *in, void *out)
{
    apr_file_t *reader, *writer;
    char byte;
    apr_size_t one = 1;
    apr_status_t status = apr_file_pipe_create(&reader, &writer, spork_task_pool(task));

    (void)in;
    (void)out;
    if (status != APR_SUCCESS) return status;
    say_here(host_pid());
    return apr_file_read(reader, &byte, &one);
}

/* The parent, which is in no call of the pool, grants no room for it. */
static apr_status_t reply_hugely(spork_task_t *task, const void *in, void *out)
{
    apr_size_t size = 32 * MIB;
    void *reply = calloc(1, size);

    (void)in;
    (void)out;
    if (reply == NULL) return APR_ENOMEM;
    say_here(host_pid());
    return spork_reply(task, reply, size);
}

/* A child of the worker's, which holds the same standard output. It says itself that it is there. */
static apr_status_t start_child(apr_pool_t *mem, const char *program)
{
    const char *args[] = { program, "role", "child", NULL };
    apr_procattr_t *attributes;
    apr_file_t *output;
    apr_proc_t child;
    apr_status_t status = apr_procattr_create(&attributes, mem);

    if (status == APR_SUCCESS) status = apr_file_open_stdout(&output, mem);
    if (status == APR_SUCCESS) status = apr_procattr_child_out_set(attributes, output, NULL);
    if (status == APR_SUCCESS) status = apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV);
    if (status == APR_SUCCESS) status = apr_proc_create(&child, program, args, NULL, attributes, mem);
    return status;
}

/* Its own process is then idle. */
static apr_status_t start_child_and_return(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    say_here(host_pid());
    return start_child(spork_task_pool(task), in);
}

static apr_status_t start_child_and_spin(spork_task_t *task, const void *in, void *out)
{
    apr_status_t status = start_child(spork_task_pool(task), in);
    return status == APR_SUCCESS ? spin(task, in, out) : status;
}

static apr_status_t twice(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(int *)out = 2 * *(const int *)in;
    return APR_SUCCESS;
}

static const spork_entry_t entries[] = { SPORK_ENTRY(nothing),
                                         SPORK_ENTRY(spin),
                                         SPORK_ENTRY(spin_deaf),
                                         SPORK_ENTRY(block_in_read),
                                         SPORK_ENTRY(reply_hugely),
                                         SPORK_ENTRY(start_child_and_return),
                                         SPORK_ENTRY(start_child_and_spin),
                                         SPORK_ENTRY(twice),
                                         SPORK_END };

/* ---- the kinds ---------------------------------------------------------------------------------- */

/* Where the parent is meanwhile. */
typedef enum { HOST_IN_WAIT, HOST_ELSEWHERE, HOST_IN_CREATE } host_e;

typedef struct {
    const char *name;
    spork_fn_t fn; /* NULL: the workers are idle */
    host_e host;
    int lines;      /* said when all are where they shall be */
    int dallies;    /* in spawned workers before spork_init */
    int spawn_only; /* a forked worker never is there */
} kind_t;

static const kind_t kinds[] = {
    { "idle", NULL, HOST_ELSEWHERE, WORKERS, 0, 0 },
    { "spinning", spin, HOST_IN_WAIT, WORKERS, 0, 0 },
    { "spinning, all signals blocked", spin_deaf, HOST_IN_WAIT, WORKERS, 0, 0 },
    { "blocked in a system call", block_in_read, HOST_IN_WAIT, WORKERS, 0, 0 },
    { "amid a reply", reply_hugely, HOST_ELSEWHERE, WORKERS, 0, 0 },
    { "idle, with a child", start_child_and_return, HOST_IN_WAIT, 2 * WORKERS, 0, 0 },
    { "spinning, with a child", start_child_and_spin, HOST_IN_WAIT, 2 * WORKERS, 0, 0 },
    { "starting, in the initializer", spin, HOST_IN_CREATE, WORKERS, 0, 0 },
    { "starting, before spork_init", NULL, HOST_IN_CREATE, WORKERS, 1, 1 },
};

static const char *const method_names[] = { "auto", "fork", "spawn", "inline" };

/* ---- the host ---------------------------------------------------------------------------------- */

static void say_who_is_idle(spork_pool_t *pool)
{
    apr_int64_t pids[WORKERS];
    int n = spork_pool_pids(pool, pids, WORKERS);

    for (int i = 0; i < n; i++) say_here(pids[i]);
}

static int host_with(spork_pool_t *pool, const kind_t *kind, const char *program)
{
    spork_future_t *futures[WORKERS];

    if (kind->fn == NULL) {
        role_check(spork_map(pool, nothing, NULL, 0, NULL, 0, 100, NULL) == APR_SUCCESS);
        say_who_is_idle(pool);
    }
    for (int i = 0; kind->fn != NULL && i < WORKERS; i++)
        role_check(spork_submit(&futures[i], pool, kind->fn, program, strlen(program) + 1) == APR_SUCCESS);
    if (kind->host == HOST_IN_WAIT)
        for (int i = 0; i < WORKERS; i++) role_check(spork_future_wait(futures[i], HOST_LIFE) == APR_SUCCESS);
    sleep_for_ever();
    return EXIT_SUCCESS;
}

/* host KIND METHOD PROGRAM */
static int host(int argc, char **argv)
{
    const kind_t *kind;
    spork_config_t config;
    spork_pool_t *pool;
    apr_pool_t *mem;

    role_check(argc == 4);
    kind = &kinds[atoi(argv[1])];
    role_check(spork_init(NULL, NULL, entries) == APR_SUCCESS);
    role_check(apr_pool_create(&mem, NULL) == APR_SUCCESS);
    if (kind->dallies) role_check(apr_env_set(DALLY, "1", mem) == APR_SUCCESS);
    spork_config_init(&config);
    config.start = (spork_start_e)atoi(argv[2]);
    config.workers = WORKERS;
    config.start_timeout = HOST_LIFE;
    if (kind->host == HOST_IN_CREATE) config.initializer = kind->fn;
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    return host_with(pool, kind, argv[3]);
}

static int child(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    say_here(host_pid());
    sleep_for_ever();
    return EXIT_FAILURE;
}

/* Before spork_init in a spawned worker, as a slow constructor or a slow loader would be. */
static void dally_if_told(int argc, char **argv)
{
    if (argc < 2 || strncmp(argv[1], "--spork-worker", strlen("--spork-worker")) != 0) return;
    if (getenv(DALLY) == NULL) return;
    say_here(host_pid());
    apr_sleep(DALLY_MS * MILLISECOND);
}

/* ---- the observer: without CMocka, for it prints the figures, too --------------------------------- */

typedef struct {
    apr_proc_t host;
    int64_t pids[2 * WORKERS];
    apr_time_t outlived; /* microseconds, for the figures: by the wall clock, which may be set meanwhile */
} observation_t;

static int start_host(observation_t *seen, int kind, spork_start_e method, const char *program,
                      apr_pool_t *mem)
{
    const char *args[] = { program, "role", "host", apr_itoa(mem, kind), apr_itoa(mem, (int)method),
                           program, NULL };
    apr_procattr_t *attributes;

    role_check(apr_procattr_create(&attributes, mem) == APR_SUCCESS);
    role_check(apr_procattr_io_set(attributes, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE) == APR_SUCCESS);
    role_check(apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV) == APR_SUCCESS);
    role_check(apr_proc_create(&seen->host, program, args, NULL, attributes, mem) == APR_SUCCESS);
    return EXIT_SUCCESS;
}

/* Kill it, and wait for the end of the pipe that all of them hold. */
static int see_the_end(observation_t *seen)
{
    char more[64];
    apr_size_t size = sizeof more;
    apr_status_t status;
    apr_exit_why_e why;
    int code;

    host_kill((int64_t)seen->host.pid);
    seen->outlived = apr_time_now();
    while ((status = apr_file_read(seen->host.out, more, &size)) == APR_SUCCESS) size = sizeof more;
    seen->outlived = apr_time_now() - seen->outlived;
    role_check(APR_STATUS_IS_EOF(status));
    role_check(apr_proc_wait(&seen->host, &code, &why, APR_WAIT) == APR_CHILD_DONE);
    return EXIT_SUCCESS;
}

static int observe(observation_t *seen, int kind, spork_start_e method, const char *program, apr_pool_t *mem)
{
    char line[64];
    int result = start_host(seen, kind, method, program, mem);

    for (int i = 0; result == EXIT_SUCCESS && i < kinds[kind].lines; i++) {
        role_check(apr_file_gets(line, sizeof line, seen->host.out) == APR_SUCCESS);
        seen->pids[i] = atoll(line);
    }
    if (result == EXIT_SUCCESS) result = see_the_end(seen);
    (void)apr_file_close(seen->host.out);
    return result;
}

static int applies(const kind_t *kind, spork_start_e method)
{
    if (method == SPORK_START_FORK) return host_can_fork() && !kind->spawn_only;
    return method == SPORK_START_SPAWN;
}

static int figures(int argc, char **argv)
{
    apr_pool_t *mem;
    const char *program;

    (void)argv;
    (void)argc;
    role_check(apr_pool_create(&mem, NULL) == APR_SUCCESS);
    program = host_executable(conformance_argv(0), mem);
    (void)printf("how long the last of %d workers, or of their children, outlived its parent:\n", WORKERS);
    for (int method = SPORK_START_FORK; method <= SPORK_START_SPAWN; method++)
        for (int kind = 0; kind < (int)LENGTH(kinds); kind++) {
            observation_t seen;
            if (!applies(&kinds[kind], (spork_start_e)method)) continue;
            if (observe(&seen, kind, (spork_start_e)method, program, mem) != EXIT_SUCCESS)
                return EXIT_FAILURE;
            (void)printf("%-6s %-32s %8.3f ms\n", method_names[method], kinds[kind].name,
                         (double)seen.outlived / 1000);
            (void)fflush(stdout);
        }
    return EXIT_SUCCESS;
}

/* ---- tests ---------------------------------------------------------------------------------------- */

/* That the pipe has ended says that all are gone; that their ids are gone says that these were they. */
static void workers_do_not_outlive_their_parent(void **state)
{
    (void)state;
    needs_workers();
    for (int kind = 0; kind < (int)LENGTH(kinds); kind++) {
        observation_t seen;
        if (!applies(&kinds[kind], start_method())) continue;
        assert_int_equal(observe(&seen, kind, start_method(), self_path(), test_memory()), EXIT_SUCCESS);
        for (int i = 0; i < kinds[kind].lines; i++) assert_true(sys_await_gone(seen.pids[i], 60));
        print_message("%s: %.3f ms\n", kinds[kind].name, (double)seen.outlived / 1000);
    }
}

typedef struct {
    spork_pool_t *pool;
    apr_status_t status;
} maker_t;

static void *APR_THREAD_FUNC make_a_pool(apr_thread_t *thread, void *data)
{
    maker_t *mine = data;
    spork_config_t config;

    make_config(&config, 3);
    mine->status = spork_pool_create(&mine->pool, &config, NULL);
    apr_thread_exit(thread, APR_SUCCESS); /* else joining it is APR_INCOMPLETE on Windows */
    return NULL;
}

/* PR_SET_PDEATHSIG, for one, would go off here: it counts the thread's end as the parent's. */
static void workers_outlive_the_thread_that_made_them(void **state)
{
    maker_t maker = { NULL, APR_EGENERAL };
    apr_int64_t before[3] = { 0 }, after[3] = { 0 };
    apr_thread_t *thread;
    apr_status_t ended;
    int in[1000], out[1000];

    (void)state;
    needs_workers();
    assert_success(apr_thread_create(&thread, NULL, make_a_pool, &maker, test_memory()));
    assert_success(apr_thread_join(&ended, thread));
    assert_success(maker.status);
    assert_int_equal(spork_pool_pids(maker.pool, before, 3), 3);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 1000; i++) in[i] = i + round;
        assert_success(spork_map(maker.pool, twice, in, sizeof in[0], out, sizeof out[0], 1000, NULL));
        for (int i = 0; i < 1000; i++) assert_int_equal(out[i], 2 * (i + round));
        assert_int_equal(spork_pool_pids(maker.pool, after, 3), 3);
        assert_memory_equal(before, after, sizeof before);
    }
    end_pool(maker.pool);
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "host", host }, { "child", child }, { "figures", figures } };
    static const struct CMUnitTest tests[] = {
        TEST(workers_do_not_outlive_their_parent),
        TEST(workers_outlive_the_thread_that_made_them),
    };

    dally_if_told(argc, argv);
    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, entries) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("parent's death", tests);
}
