/*
 * Conformance, POSIX only: signals, the host's own children, forks of the host, stopped workers
 * (behaviours 19, 30 and 41).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance.h"
#include "watchdog.h"

/* ---- tasks ---------------------------------------------------------------------------------- */

static apr_status_t times_two(spork_task_t *task, const void *in, void *out)
{
    long result = 2 * *(const long *)in;
    if (out == NULL) return spork_reply(task, &result, sizeof result);
    *(long *)out = result;
    return APR_SUCCESS;
}

static apr_status_t die_if_odd(spork_task_t *task, const void *in, void *out)
{
    if (*(const long *)in % 2) die(DIE_KILLED);
    return times_two(task, in, out);
}

static apr_status_t wait_at_gate(spork_task_t *task, const void *in, void *out)
{
    gate_t *gate = spork_deref(task, *(const spork_ref_t *)in, sizeof *gate);
    (void)out;
    if (gate == NULL) return APR_EINVAL;
    gate_pass(gate);
    return APR_SUCCESS;
}

typedef struct {
    int user_is_default, int_is_ignored, child_is_default;
    int blocked; /* how many signals are */
    int leads_group;
} signals_t;

static int disposition_is(int number, void (*handler)(int))
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == handler;
}

static apr_status_t tell_signals(spork_task_t *task, const void *in, void *out)
{
    signals_t *signals = out;
    sigset_t mask;

    (void)task;
    (void)in;
    memset(signals, 0, sizeof *signals);
    signals->user_is_default = disposition_is(SIGUSR1, SIG_DFL);
    signals->child_is_default = disposition_is(SIGCHLD, SIG_DFL);
    signals->int_is_ignored = disposition_is(SIGINT, SIG_IGN);
    signals->leads_group = getpgrp() == getpid();
    if (sigprocmask(SIG_SETMASK, NULL, &mask) != 0) return errno;
    for (int number = 1; number < 32; number++) signals->blocked += sigismember(&mask, number) == 1;
    return APR_SUCCESS;
}

/* ---- an alarm each millisecond -------------------------------------------------------------- */

static volatile sig_atomic_t ticks;
static spork_pool_t *volatile pool_to_interrupt;
static volatile sig_atomic_t ticks_to_interrupt;

/* The watchdog's alarm is this one meanwhile. */
static void on_tick(int number)
{
    int saved = errno;
    (void)number;
    ticks++;
    watchdog_look();
    if (ticks_to_interrupt > 0 && --ticks_to_interrupt == 0) spork_pool_interrupt(pool_to_interrupt);
    errno = saved;
}

static struct sigaction earlier_action;

/* Without SA_RESTART, so that every call that can be interrupted is. */
static int start_ticking(void)
{
    struct itimerval timer = { { 0, 1000 }, { 0, 1000 } };
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_tick;
    (void)sigemptyset(&action.sa_mask);
    ticks = 0;
    return sigaction(SIGALRM, &action, &earlier_action) == 0 && setitimer(ITIMER_REAL, &timer, NULL) == 0;
}

/* And the watchdog's alarm goes on. */
static void stop_ticking(void)
{
    struct itimerval none = { { 0, 0 }, { 0, 0 } };
    (void)setitimer(ITIMER_REAL, &none, NULL);
    (void)sigaction(SIGALRM, &earlier_action, NULL);
    (void)alarm(1);
}

/* As an initializer: the worker ticks, too. */
static apr_status_t tick_here(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return start_ticking() ? APR_SUCCESS : APR_EGENERAL;
}

static apr_status_t tell_ticks(spork_task_t *task, const void *in, void *out)
{
    int earlier = (int)ticks;
    (void)task;
    (void)in;
    while (ticks == earlier) /* the timer runs in this worker */
        continue;
    *(int *)out = 1;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(times_two),
                                       SPORK_ENTRY(die_if_odd),
                                       SPORK_ENTRY(wait_at_gate),
                                       SPORK_ENTRY(tell_signals),
                                       SPORK_ENTRY(tick_here),
                                       SPORK_ENTRY(tell_ticks),
                                       SPORK_END };

static void check_map(spork_pool_t *pool, int count)
{
    static long in[20000], out[20000];
    for (long i = 0; i < count; i++) in[i] = i;
    assert_success(spork_map(pool, times_two, in, sizeof in[0], out, sizeof out[0], (apr_size_t)count, NULL));
    for (long i = 0; i < count; i++) assert_int_equal(out[i], 2 * i);
}

static void check_futures(spork_pool_t *pool)
{
    spork_future_t *futures[100], *any;
    int count = 0;

    for (long i = 0; i < 100; i++) assert_success(spork_submit(&futures[i], pool, times_two, &i, sizeof i));
    for (int i = 0; i < 50; i++) assert_success(spork_future_wait(futures[i], -1));
    while (spork_wait_any(pool, -1, &any) == APR_SUCCESS) count++;
    assert_int_equal(count, 50);
    for (int i = 0; i < 100; i++) spork_future_destroy(futures[i]);
}

/* Half of the items kill their workers; it makes no difference to the others. */
static void check_crashes(spork_pool_t *pool, int signal_is_known)
{
    long in[8], out[8];
    spork_map_t options = { 0 };

    for (long i = 0; i < 8; i++) in[i] = i;
    assert_status(spork_map(pool, die_if_odd, in, sizeof in[0], out, sizeof out[0], 8, &options),
                  SPORK_EFAILED);
    assert_int_equal(options.n_failures, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(options.failures[i].index, 2 * i + 1);
        assert_status(options.failures[i].status, SPORK_ECRASHED);
        assert_true(options.failures[i].signal == SIGKILL ||
                    (!signal_is_known && options.failures[i].signal == 0));
        assert_int_equal(out[2 * i], 4 * i);
    }
}

/* ---- 41 ------------------------------------------------------------------------------------- */

static void an_alarm_each_millisecond_disturbs_nothing(void **state)
{
    int out[50];

    (void)state;
    needs_workers();
    assert_true(start_ticking());
    for_each_workers(workers)
    {
        spork_config_t config;
        spork_pool_t *pool;
        make_config(&config, workers);
        config.initializer = tick_here;
        config.timeout = 20 * SECOND;
        pool = make_pool(&config);
        for (int round = 0; round < 5; round++) {
            check_map(pool, 20000);
            check_futures(pool);
            check_crashes(pool, 1);
            assert_success(spork_map(pool, tell_ticks, NULL, 0, out, sizeof out[0], 50, NULL));
        }
        end_pool(pool);
    }
    stop_ticking();
    assert_true(ticks > 100);
}

static void a_signal_handler_may_interrupt(void **state)
{
    spork_pool_t *pool;
    spork_ref_t in[10];
    spork_map_t options = { 0 };
    spork_future_t *future;

    (void)state;
    needs_workers();
    pool = start_pool(2);
    pool_to_interrupt = pool;
    in[0] = spork_ref(pool, spork_alloc(pool, sizeof(gate_t)));
    for (int i = 1; i < 10; i++) in[i] = in[0];
    assert_true(start_ticking());
    ticks_to_interrupt = 100;
    assert_failed(spork_map(pool, wait_at_gate, in, sizeof in[0], NULL, 0, 10, &options), SPORK_EFAILED);
    assert_int_equal(options.n_failures, 10);
    assert_success(spork_submit(&future, pool, wait_at_gate, in, sizeof in[0]));
    ticks_to_interrupt = 50;
    assert_status(spork_future_wait(future, -1), SPORK_ECANCELLED);
    assert_null(spork_future_outcome(future));
    stop_ticking();
    assert_success(spork_pool_terminate(pool));
    spork_pool_destroy(pool);
}

/* ---- what a worker starts with -------------------------------------------------------------- */

static void ignore_it(int number)
{
    (void)number;
}

/* What the host handles and what it blocks; what it ignores may stay ignored, as it would through exec. */
static void workers_start_with_the_default_signals(void **state)
{
    spork_pool_t *pool;
    signals_t seen[20];
    sigset_t blocked, earlier;
    void (*user)(int) = signal(SIGUSR1, ignore_it), (*child)(int) = signal(SIGCHLD, ignore_it);

    (void)state;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGUSR2);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &blocked, &earlier);
    pool = start_pool(3);
    assert_true(disposition_is(SIGCHLD, ignore_it) && disposition_is(SIGUSR1, ignore_it));
    assert_success(spork_map(pool, tell_signals, NULL, 0, seen, sizeof seen[0], 20, NULL));
    end_pool(pool);
    (void)sigprocmask(SIG_SETMASK, &earlier, NULL);
    (void)signal(SIGUSR1, user);
    (void)signal(SIGCHLD, child);
    for (int i = 0; i < 20 && start_method() != SPORK_START_INLINE; i++) {
        assert_true(seen[i].user_is_default);
        assert_true(seen[i].child_is_default);
        assert_true(seen[i].int_is_ignored);
        assert_true(seen[i].leads_group);
        assert_int_equal(seen[i].blocked, 0);
    }
}

/* ---- 19 ------------------------------------------------------------------------------------- */

static void stopped_workers_are_ended_all_the_same(void **state)
{
    (void)state;
    needs_workers();
    for (int way = 0; way < 2; way++) {
        spork_pool_t *pool = start_pool(3);
        apr_int64_t pids[3];
        assert_int_equal(spork_pool_pids(pool, pids, 3), 3);
        for (int i = 0; i < 3; i++) assert_int_equal(kill((pid_t)pids[i], SIGSTOP), 0);
        if (way == 0) assert_success(spork_pool_terminate(pool));
        spork_pool_destroy(pool);
        assert_no_children();
    }
}

/* ---- 30 ------------------------------------------------------------------------------------- */

/* A child of the host's that ends with this code once its pipe is closed. */
static pid_t start_own_child(int code, int *leash)
{
    int ends[2];
    pid_t pid;
    char byte;

    assert_int_equal(pipe(ends), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(ends[1]);
        while (read(ends[0], &byte, 1) < 0 && errno == EINTR) continue;
        _exit(code);
    }
    (void)close(ends[0]);
    *leash = ends[1];
    return pid;
}

static int code_of(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) != pid)
        if (errno != EINTR) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -2;
}

static void the_hosts_children_stay_the_hosts(void **state)
{
    int leashes[3];
    pid_t pids[3];
    spork_pool_t *pool;

    (void)state;
    needs_workers();
    pids[0] = start_own_child(10, &leashes[0]);
    pids[1] = start_own_child(11, &leashes[1]);
    pool = start_pool(3);
    pids[2] = start_own_child(12, &leashes[2]);
    (void)close(leashes[0]); /* dies while the pool works */
    check_map(pool, 5000);
    check_crashes(pool, 1);
    check_futures(pool);
    (void)close(leashes[2]);
    end_pool(pool);
    (void)close(leashes[1]);
    for (int i = 0; i < 3; i++) assert_int_equal(code_of(pids[i]), 10 + i);
}

static volatile sig_atomic_t deaths;

static void on_death(int number)
{
    (void)number;
    deaths++;
}

/* As some servers do it. */
static void on_death_reap_all(int number)
{
    int saved = errno;
    (void)number;
    while (waitpid(-1, NULL, WNOHANG) > 0) deaths++;
    errno = saved;
}

static void live_with(void (*handler)(int), int signal_is_known)
{
    struct sigaction action, earlier, now;
    spork_pool_t *pool;
    apr_int64_t pids[3];

    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    (void)sigemptyset(&action.sa_mask);
    deaths = 0;
    assert_int_equal(sigaction(SIGCHLD, &action, &earlier), 0);
    pool = start_pool(3);
    check_map(pool, 5000);
    check_crashes(pool, signal_is_known);
    assert_int_equal(spork_pool_pids(pool, pids, 3), 3);
    for (int i = 0; i < 3; i++)
        if (pids[i] != 0) host_kill(pids[i]);
    check_map(pool, 5000);
    check_futures(pool);
    end_pool(pool);
    assert_int_equal(sigaction(SIGCHLD, &earlier, &now), 0);
    assert_true(now.sa_handler == handler);
}

static void a_host_may_ignore_its_children(void **state)
{
    (void)state;
    needs_workers();
    live_with(SIG_IGN, 0);
}

static void a_host_may_watch_its_children(void **state)
{
    (void)state;
    needs_workers();
    live_with(on_death, 1);
    assert_true(deaths > 0);
}

static void a_host_may_reap_all_children(void **state)
{
    (void)state;
    needs_workers();
    live_with(on_death_reap_all, 0);
}

/* ---- a child that the host forks ------------------------------------------------------------ */

/* 0, or which of the calls did something else. In the child: no assertions. */
static int use_inherited_state(spork_queue_t *queue, spork_dict_t *dict)
{
    const void *data;
    apr_size_t n;

    if (spork_queue_put(queue, "x", 1, 0) != APR_EINVAL || spork_queue_get(queue, &data, &n, 0) != APR_EINVAL)
        return 11;
    if (spork_queue_close(queue) != APR_EINVAL || spork_queue_count(queue, &n) != APR_EINVAL) return 12;
    if (spork_dict_put(dict, "key", "x", 1) != APR_EINVAL || spork_dict_count(dict, &n) != APR_EINVAL)
        return 13;
    return 0;
}

static int use_inherited_pool(spork_pool_t *pool, spork_future_t *future)
{
    long in = 1, out = 0;
    spork_future_t *another = NULL;

    if (spork_map(pool, times_two, &in, sizeof in, &out, sizeof out, 1, NULL) != APR_EINVAL) return 1;
    if (spork_submit(&another, pool, times_two, &in, sizeof in) != APR_EINVAL || another != NULL) return 2;
    if (spork_future_wait(future, 0) != APR_EINVAL) return 3;
    if (spork_wait_any(pool, 0, &another) != APR_EINVAL) return 4;
    if (spork_pool_close(pool) != APR_EINVAL || spork_pool_terminate(pool) != APR_EINVAL) return 5;
    if (spork_error()[0] == '\0') return 6;
    spork_pool_destroy(pool);
    return 0;
}

static void an_inherited_pool_can_only_be_freed(void **state)
{
    spork_pool_t *pool;
    spork_future_t *future;
    spork_queue_t *queue;
    spork_dict_t *dict;
    gate_t *gate;
    spork_ref_t ref;
    apr_size_t n;
    apr_int64_t before[2], after[2];
    pid_t child;

    (void)state;
    needs_workers();
    pool = start_pool(2);
    gate = spork_alloc(pool, sizeof *gate);
    ref = spork_ref(pool, gate);
    (void)spork_pool_pids(pool, before, 2);
    assert_success(spork_submit(&future, pool, wait_at_gate, &ref, sizeof ref));
    gate_await(future, gate, 1);
    assert_success(spork_queue_create(&queue, pool, "queue", 0));
    assert_success(spork_dict_create(&dict, pool, "dictionary", 0));
    child = fork();
    if (child == 0) _exit(use_inherited_state(queue, dict));
    assert_int_equal(code_of(child), 0);
    assert_success(spork_queue_count(queue, &n));
    assert_int_equal(n, 0);
    child = fork();
    if (child == 0) _exit(use_inherited_pool(pool, future));
    assert_int_equal(code_of(child), 0);
    atomic_store(&gate->open, 1u);
    assert_success(spork_future_wait(future, -1));
    assert_success(spork_future_outcome(future)->status);
    check_map(pool, 1000);
    (void)spork_pool_pids(pool, after, 2);
    assert_memory_equal(before, after, sizeof before);
    end_pool(pool);
}

/* A forked child that lives on holds no line to the workers: they end with their pool, and deaths are
 * seen. */
static void a_child_that_lives_on_keeps_nothing_alive(void **state)
{
    spork_pool_t *pool;
    int leash;
    pid_t child;

    (void)state;
    needs_workers();
    pool = start_pool(3);
    child = start_own_child(5, &leash);
    check_crashes(pool, 1);
    check_map(pool, 1000);
    end_pool(pool);
    (void)close(leash);
    assert_int_equal(code_of(child), 5);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(an_alarm_each_millisecond_disturbs_nothing),
        TEST(a_signal_handler_may_interrupt),
        TEST(workers_start_with_the_default_signals),
        TEST(stopped_workers_are_ended_all_the_same),
        TEST(the_hosts_children_stay_the_hosts),
        TEST(a_host_may_ignore_its_children),
        TEST(a_host_may_watch_its_children),
        TEST(a_host_may_reap_all_children),
        TEST(an_inherited_pool_can_only_be_freed),
        TEST(a_child_that_lives_on_keeps_nothing_alive),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("signals", tests);
}
