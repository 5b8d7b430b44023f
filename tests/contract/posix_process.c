/*
 * Contract, POSIX only: signals, hosts that reap, fork and hold descriptors.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "actor.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS 4

static const script_t idle = { ACT_IDLE, ACT_EXIT, 0, 0, 0 };

enum { LOOK_SIGNALS = -1, LOOK_MEMORY = -2, SPIN_BLOCKED = 1, CLOSE_ALL = 2 };

static unsigned char *peeked; /* an address of another pool's; forked workers only */

/* ---- in the worker ---- */

static int disposition(int signal)
{
    struct sigaction action;

    sigaction(signal, NULL, &action);
    return action.sa_handler == SIG_DFL ? 0 : action.sa_handler == SIG_IGN ? 1 : 2;
}

/* The byte there, or 0 if nothing is mapped: the kernel looks, so that it is no crash. */
static int peek(const unsigned char *address)
{
    unsigned char byte = 0;
    int fds[2];

    if (pipe(fds) != 0) return -1;
    if (write(fds[1], address, 1) == 1 && read(fds[0], &byte, 1) != 1) byte = 0;
    close(fds[0]);
    close(fds[1]);
    return byte;
}

static void look_around(const spk_os_kit_t *kit, board_t *board, int64_t what)
{
    sigset_t mask;
    int fd;

    if (what == LOOK_SIGNALS) {
        sigprocmask(SIG_SETMASK, NULL, &mask);
        atomic_store(&board->value[0],
                     disposition(SIGUSR1) * 100 + disposition(SIGINT) * 10 + disposition(SIGTTOU));
        atomic_store(&board->value[1], sigismember(&mask, SIGUSR2) + sigismember(&mask, SIGTERM));
        atomic_store(&board->value[2], getpgrp() == getpid());
        atomic_store(&board->value[3], disposition(SIGPIPE) * 10 + disposition(SIGCHLD));
    } else if (what == LOOK_MEMORY) {
        atomic_store(&board->value[0], peek(peeked));
    } else if (what == SPIN_BLOCKED) {
        sigfillset(&mask);
        sigprocmask(SIG_SETMASK, &mask, NULL);
        atomic_fetch_add(&board->steps, 1);
        spk_os_bell_ring(&kit->parent_bell);
        for (;;) atomic_fetch_add(&board->value[7], 1);
    } else if (what == CLOSE_ALL) {
        atomic_fetch_add(&board->steps, 1);
        spk_os_bell_ring(&kit->parent_bell);
        for (fd = 0; fd < 256; fd++) close(fd);
        for (;;) pause();
    }
}

/* ---- in the parent ---- */

static void handle(int signal)
{
    (void)signal;
}

static void set_handler(int signal, void (*handler)(int))
{
    struct sigaction action;

    action.sa_handler = handler;
    action.sa_flags = 0;
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(signal, &action, NULL), 0);
}

static void a_worker_has_its_own_group_and_signals(void **state)
{
    int by_fork = actor_by_fork(state);
    script_t script = { ACT_HOOK, ACT_EXIT, 0, LOOK_SIGNALS, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;
    sigset_t blocked, before;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    set_handler(SIGUSR1, handle);
    set_handler(SIGPIPE, SIG_IGN);
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.exit_code, 0);
    assert_int_equal(exit.signal, 0);
    assert_int_equal(atomic_load(&stage.board->value[0]), 11);
    assert_int_equal(atomic_load(&stage.board->value[1]), 0);
    assert_int_equal(atomic_load(&stage.board->value[2]), 1);
    assert_int_equal(atomic_load(&stage.board->value[3]), 10);
    sigprocmask(SIG_SETMASK, NULL, &blocked); /* and the parent's are as they were */
    assert_int_equal(sigismember(&blocked, SIGUSR2), 1);
    assert_int_equal(sigismember(&blocked, SIGINT), 0);
    assert_int_equal(disposition(SIGUSR1), 2);
    sigprocmask(SIG_SETMASK, &before, NULL);
    set_handler(SIGUSR1, SIG_DFL);
    set_handler(SIGPIPE, SIG_DFL);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void a_stopped_worker_can_be_killed(void **state)
{
    int by_fork = actor_by_fork(state);
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, idle), APR_SUCCESS);
    assert_true(stage_await(&stage, 1));
    kill((pid_t)process.pid, SIGSTOP);
    assert_int_equal(spk_os_process_poll(&process, &exit), APR_CHILD_NOTDONE);
    spk_os_process_kill(&process);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.signal, SIGKILL);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void each_signal_is_reported(void **state)
{
    static const int signals[] = { SIGKILL, SIGTERM, SIGSEGV, SIGUSR1 };
    int by_fork = actor_by_fork(state), i;
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    for (i = 0; i < (int)(sizeof signals / sizeof *signals); i++) {
        assert_int_equal(stage_open(&stage), APR_SUCCESS);
        assert_int_equal(stage_start(&stage, &process, by_fork, idle), APR_SUCCESS);
        assert_true(stage_await(&stage, 1));
        kill((pid_t)process.pid, signals[i]);
        assert_true(stage_await_end(&stage, &process, &exit));
        assert_int_equal(exit.signal, signals[i]);
        assert_int_equal(exit.exit_code, 0);
        spk_os_process_destroy(&process);
        stage_close(&stage);
    }
}

static void a_host_that_ignores_sigchld_misses_no_death(void **state)
{
    int by_fork = actor_by_fork(state), i;
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    set_handler(SIGCHLD, SIG_IGN);
    for (i = 0; i < 2; i++) {
        assert_int_equal(stage_open(&stage), APR_SUCCESS);
        assert_int_equal(stage_start(&stage, &process, by_fork, idle), APR_SUCCESS);
        assert_true(stage_await(&stage, 1));
        assert_int_equal(spk_os_process_poll(&process, &exit), APR_CHILD_NOTDONE);
        if (i == 0) {
            spk_os_process_kill(&process);
            assert_true(stage_await_end(&stage, &process, &exit));
            assert_int_equal(exit.signal, 0);
            assert_int_equal(exit.exit_code, 0);
        }
        spk_os_process_destroy(&process);
        stage_close(&stage);
    }
    set_handler(SIGCHLD, SIG_DFL);
}

static void a_host_that_reaps_all_misses_no_death(void **state)
{
    int by_fork = actor_by_fork(state);
    spk_os_process_t process;
    spk_os_exit_t exit;
    int64_t pid;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, idle), APR_SUCCESS);
    assert_true(stage_await(&stage, 1));
    pid = process.pid;
    sys_kill(pid);
    assert_int_equal(waitpid(-1, NULL, 0), pid);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.signal, 0);
    spk_os_process_kill(&process);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void the_hosts_own_children_are_left_alone(void **state)
{
    int by_fork = actor_by_fork(state), how;
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;
    pid_t own = fork();

    if (own == 0) _exit(33);
    assert_true(own > 0);
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, idle), APR_SUCCESS);
    assert_true(stage_await(&stage, 1));
    spk_os_process_kill(&process);
    assert_true(stage_await_end(&stage, &process, &exit));
    spk_os_process_destroy(&process);
    assert_int_equal(waitpid(own, &how, 0), own);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 33);
    stage_close(&stage);
}

static void await_pid(int fd, int64_t *pid)
{
    ssize_t n;

    do {
        n = read(fd, pid, sizeof *pid);
    } while (n == -1 && errno == EINTR);
    assert_int_equal(n, sizeof *pid);
}

/* A host: starts a worker, then forks a child of its own, which outlives it. */
static void play_host(int by_fork, script_t script, int report)
{
    spk_os_process_t process;
    int64_t pids[2];
    stage_t stage;
    pid_t own;

    if (stage_open(&stage) != APR_SUCCESS) _exit(1);
    if (stage_start(&stage, &process, by_fork, script) != APR_SUCCESS) _exit(2);
    if (!stage_await(&stage, 1)) _exit(3);
    own = fork();
    if (own == 0) {
        for (;;) pause();
    }
    pids[0] = process.pid;
    pids[1] = own;
    if (write(report, pids, sizeof pids) != (ssize_t)sizeof pids) _exit(4);
    for (;;) pause();
}

static void hosts_death(int by_fork, script_t script)
{
    int64_t worker, child;
    int fds[2];
    pid_t host;

    assert_int_equal(pipe(fds), 0);
    host = fork();
    if (host == 0) play_host(by_fork, script, fds[1]);
    await_pid(fds[0], &worker);
    await_pid(fds[0], &child);
    assert_false(sys_is_gone(worker));
    kill(host, SIGKILL);
    assert_int_equal(waitpid(host, NULL, 0), host);
    assert_true(sys_await_gone(worker, PATIENCE_S));
    assert_false(sys_is_gone(child));
    sys_kill(child);
    close(fds[0]);
    close(fds[1]);
}

static void the_hosts_child_does_not_keep_an_orphan_alive(void **state)
{
    hosts_death(actor_by_fork(state), idle);
}

static void an_orphan_with_all_signals_blocked_ends(void **state)
{
    script_t script = { ACT_HOOK, ACT_EXIT, 0, SPIN_BLOCKED, 0 };

    hosts_death(actor_by_fork(state), script);
}

/* In the host's child spork's numbers may be somebody else's by now, and the workers are the parent's. */
static int destroys_nothing(stage_t *stage, spk_os_process_t *process)
{
    int first, fd, last, is_good;
    spk_os_exit_t exit;
    stage_t own;

    is_good = stage_open(&own) == APR_SUCCESS; /* it gets the numbers that the parent's had */
    first = open("/dev/null", O_RDONLY);
    for (last = first; last >= 0 && last < 100;) last = dup(first);
    is_good &= spk_os_process_poll(process, &exit) == APR_CHILD_NOTDONE;
    spk_os_process_kill(process);
    spk_os_process_destroy(process);
    stage_close(stage);
    for (fd = first; fd <= last; fd++) is_good &= fcntl(fd, F_GETFD) != -1;
    is_good &= spk_os_shm_commit(&own.shm, own.shm.reserved) == APR_SUCCESS;
    spk_os_bell_ring(&own.parent_bell);
    is_good &= spk_os_watch_wait(own.watch, 0) == APR_SUCCESS;
    stage_close(&own);
    return is_good;
}

static void the_hosts_child_destroys_nothing_of_its_parents(void **state)
{
    int by_fork = actor_by_fork(state), how;
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;
    pid_t child;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, idle), APR_SUCCESS);
    assert_true(stage_await(&stage, 1));
    child = fork();
    if (child == 0) _exit(destroys_nothing(&stage, &process) ? 0 : 1);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    assert_int_equal(spk_os_process_poll(&process, &exit), APR_CHILD_NOTDONE);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

/* The other pool's handles and memory are not a forked worker's. */
static void a_forked_worker_sees_no_other_pool(void **state)
{
    script_t look = { ACT_HOOK, ACT_EXIT, 0, LOOK_MEMORY, 0 }, open = { ACT_OPEN, ACT_EXIT, 0, 0, 0 };
    spk_os_process_t process, others;
    spk_os_exit_t exit;
    stage_t stage, other;

    (void)state;
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_open(&other), APR_SUCCESS);
    assert_int_equal(stage_start(&other, &others, 1, idle), APR_SUCCESS);
    stage.shm.base[100000] = 90;
    other.shm.base[100000] = 91;
    peeked = other.shm.base + 100000;
    assert_int_equal(stage_start(&stage, &process, 1, look), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.exit_code, 0);
    assert_int_not_equal(atomic_load(&stage.board->value[0]), 91);
    spk_os_process_destroy(&process);
    open.number = others.line.v;
    assert_int_equal(stage_start(&stage, &process, 1, open), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(atomic_load(&stage.board->value[0]), 0);
    spk_os_process_destroy(&process);
    peeked = stage.shm.base + 100000;
    assert_int_equal(stage_start(&stage, &process, 1, look), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(atomic_load(&stage.board->value[0]), 90);
    spk_os_process_destroy(&process);
    spk_os_process_destroy(&others);
    stage_close(&other);
    stage_close(&stage);
}

/* Standard streams and the kit: 3 and at most 6. */
static void a_spawned_worker_holds_its_kit_only(void **state)
{
    script_t script = { ACT_OPEN, ACT_EXIT, 0, 200, 0 };
    int extra[40], i, fd = open("/dev/null", O_RDONLY);
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    (void)state;
    for (i = 0; i < 40; i++) extra[i] = fcntl(fd, F_DUPFD, 3 + i * 10);
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, 0, script), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.exit_code, 0);
    assert_in_range(atomic_load(&stage.board->value[1]), 4, 9);
    spk_os_process_destroy(&process);
    stage_close(&stage);
    for (i = 0; i < 40; i++) close(extra[i]);
    close(fd);
}

static int start_without_streams(int by_fork)
{
    script_t script = { ACT_READ, ACT_EXIT, 0, 70000, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;
    int is_good;

    close(0);
    close(1);
    close(2);
    is_good = stage_open(&stage) == APR_SUCCESS &&
              stage_start(&stage, &process, by_fork, script) == APR_SUCCESS && !sys_is_open(0) &&
              !sys_is_open(1) && !sys_is_open(2) && stage_await_end(&stage, &process, &exit) &&
              exit.signal == 0 && exit.exit_code == 0 && atomic_load(&stage.board->value[1]) == 1;
    spk_os_process_destroy(&process);
    stage_close(&stage);
    return is_good;
}

static void closed_standard_streams_do_no_harm(void **state)
{
    int by_fork = actor_by_fork(state), how;
    pid_t child = fork();

    if (child == 0) _exit(start_without_streams(by_fork) ? 0 : 1);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

/* Its line breaks though it lives: the parent may look, but not all the time. (Where a thread in the worker
 * watches the line it may end the worker for that.) */
static void a_worker_that_closes_all_makes_nobody_spin(void **state)
{
    int by_fork = actor_by_fork(state), wakes = 0;
    script_t script = { ACT_HOOK, ACT_EXIT, 0, CLOSE_ALL, 0 };
    apr_status_t status = APR_CHILD_NOTDONE;
    spk_os_process_t process;
    spk_os_exit_t exit;
    uint64_t start;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
    assert_true(stage_await(&stage, 1));
    spk_os_watch_set(stage.watch, 0, &process);
    for (start = spk_os_clock(); status == APR_CHILD_NOTDONE && spk_os_clock() - start < 500000000;) {
        wakes += spk_os_watch_wait(stage.watch, 100000) == APR_SUCCESS;
        status = spk_os_process_poll(&process, &exit);
    }
    assert_in_range(wakes, 0, 50);
    if (status == APR_CHILD_NOTDONE) {
        spk_os_process_kill(&process);
        while (!spk_os_watch_fired(stage.watch, 0)) spk_os_watch_wait(stage.watch, 100000);
        assert_true(stage_await_end(&stage, &process, &exit));
    }
    assert_int_equal(exit.signal, SIGKILL);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

/* A signal every millisecond: no call fails for it. */
static void interruptions_do_no_harm(void **state)
{
    int by_fork = actor_by_fork(state), i;
    struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };
    script_t script = { ACT_ECHO, ACT_EXIT, 0, 20, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    set_handler(SIGALRM, handle);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
    for (i = 1; i <= 20; i++) {
        spk_os_bell_ring(&stage.kit.bell);
        assert_true(stage_await(&stage, i));
    }
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.exit_code, 0);
    while (spk_os_watch_wait(stage.watch, 0) == APR_SUCCESS) continue; /* the last ring */
    assert_int_equal(spk_os_watch_wait(stage.watch, 20000), APR_TIMEUP);
    spk_os_process_destroy(&process);
    stage_close(&stage);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    set_handler(SIGALRM, SIG_DFL);
}

/* One pool's life after another, in a thread of its own. */
static void *live_many_lives(void *data)
{
    int *failures = data, i;
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    for (i = 0; i < 12; i++) {
        if (stage_open(&stage) == APR_SUCCESS && stage_start(&stage, &process, i % 2, idle) == APR_SUCCESS) {
            *failures += !stage_await(&stage, 1);
            if (i % 3 == 0) {
                spk_os_process_kill(&process);
                *failures += !stage_await_end(&stage, &process, &exit) || exit.signal != SIGKILL;
            }
            *failures += process.pid <= 0;
            spk_os_process_destroy(&process);
        } else {
            ++*failures;
        }
        stage_close(&stage);
    }
    return NULL;
}

static void several_threads_start_workers_at_once(void **state)
{
    pthread_t threads[THREADS];
    int failures[THREADS] = { 0 }, before = sys_descriptors(), status = 0, i;
    pid_t child;

    (void)state;
    for (i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, live_many_lives, &failures[i]), 0);
    }
    for (i = 0; i < 30; i++) { /* and meanwhile the host forks */
        child = fork();
        if (child == 0) _exit(0);
        assert_int_equal(waitpid(child, NULL, 0), child);
    }
    for (i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(failures[i], 0);
    }
    assert_int_equal(sys_descriptors(), before);
    child = waitpid(-1, &status, WNOHANG);
    if (child != -1) fail_msg("a child is left: %ld (0: it runs), status %d", (long)child, status);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        BY_FORK_AND_SPAWN(a_worker_has_its_own_group_and_signals),
        BY_FORK_AND_SPAWN(a_stopped_worker_can_be_killed),
        BY_FORK_AND_SPAWN(each_signal_is_reported),
        BY_FORK_AND_SPAWN(a_host_that_ignores_sigchld_misses_no_death),
        BY_FORK_AND_SPAWN(a_host_that_reaps_all_misses_no_death),
        BY_FORK_AND_SPAWN(the_hosts_own_children_are_left_alone),
        BY_FORK_AND_SPAWN(the_hosts_child_does_not_keep_an_orphan_alive),
        BY_FORK_AND_SPAWN(an_orphan_with_all_signals_blocked_ends),
        BY_FORK_AND_SPAWN(the_hosts_child_destroys_nothing_of_its_parents),
        cmocka_unit_test(a_forked_worker_sees_no_other_pool),
        cmocka_unit_test(a_spawned_worker_holds_its_kit_only),
        BY_FORK_AND_SPAWN(closed_standard_streams_do_no_harm),
        BY_FORK_AND_SPAWN(a_worker_that_closes_all_makes_nobody_spin),
        BY_FORK_AND_SPAWN(interruptions_do_no_harm),
        cmocka_unit_test(several_threads_start_workers_at_once)
    };

    actor_hook = look_around;
    actor_begin(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
