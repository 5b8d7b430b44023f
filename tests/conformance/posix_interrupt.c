/*
 * Conformance, POSIX only: Ctrl-C, SIGTERM and the end of the terminal (behaviour 38). A host in a session of
 * its own on a pseudo-terminal, in which a real Ctrl-C is typed. Its output is a pipe that its workers
 * hold as well: when it ends, nobody of them is left, and what stands in it is all that any of them said.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_SETLEASE, and posix_openpt, which is XSI */
#endif
#ifndef __XSI_VISIBLE
#define __XSI_VISIBLE 700 /* FreeBSD's word for XSI */
#endif
#ifndef _NETBSD_SOURCE
#define _NETBSD_SOURCE 1 /* NetBSD's */
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance.h"

#define WORKERS 2
#define ITEMS 10
#define OWN_CODE 7

/* ---- the host, a role: it comes into a situation and has a policy --------------------------------- */

static volatile sig_atomic_t caught; /* in workers it never is */
static spork_pool_t *volatile the_pool;

static void say(const char *words)
{
    size_t size = strlen(words);
    if (write(STDOUT_FILENO, words, size) != (ssize_t)size) _Exit(EXIT_FAILURE);
}

/* Task and initializer. */
static apr_status_t run_on(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    say("r");
    while (!caught) apr_sleep(MILLISECOND);
    return APR_SUCCESS;
}

static apr_status_t times_two(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(long *)out = 2 * *(const long *)in;
    return APR_SUCCESS;
}

static apr_status_t wait_at_gate(spork_task_t *task, const void *in, void *out)
{
    gate_t *gate = spork_deref(task, *(const spork_ref_t *)in, sizeof *gate);
    (void)out;
    if (gate == NULL) return APR_EINVAL;
    gate_pass(gate);
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(run_on), SPORK_ENTRY(times_two), SPORK_ENTRY(wait_at_gate),
                                       SPORK_END };

static void interrupt(int number)
{
    caught = number;
    spork_pool_interrupt(the_pool);
}

static void leave_at_once(int number)
{
    (void)number;
    _exit(OWN_CODE);
}

static apr_status_t map_small(apr_size_t *cancelled)
{
    long in[ITEMS], out[ITEMS];
    spork_map_t options = { 0 };
    apr_status_t status;

    for (long i = 0; i < ITEMS; i++) in[i] = i;
    status = spork_map(the_pool, times_two, in, sizeof in[0], out, sizeof out[0], ITEMS, &options);
    *cancelled = options.n_failures;
    for (apr_size_t i = 0; i < options.n_failures; i++)
        if (options.failures[i].status != SPORK_ECANCELLED) *cancelled = ITEMS + 1;
    for (long i = 0; status == APR_SUCCESS && i < ITEMS; i++)
        if (out[i] != 2 * i) *cancelled = ITEMS + 1;
    return status;
}

static int during_map(void)
{
    spork_map_t options = { 0 };
    apr_size_t ended = start_method() == SPORK_START_INLINE ? 1 : 0; /* what ran when it was interrupted */

    options.chunk = 1;
    role_check(spork_map(the_pool, run_on, NULL, 0, NULL, 0, ITEMS, &options) == SPORK_EFAILED);
    role_check(options.n_failures == ITEMS - ended);
    for (apr_size_t i = 0; i < options.n_failures; i++)
        role_check(options.failures[i].status == SPORK_ECANCELLED);
    return 0;
}

static int during_wait(int for_any)
{
    spork_future_t *futures[WORKERS], *any;

    for (int i = 0; i < WORKERS; i++)
        role_check(spork_submit(&futures[i], the_pool, run_on, NULL, 0) == APR_SUCCESS);
    if (for_any)
        role_check(spork_wait_any(the_pool, -1, &any) == SPORK_ECANCELLED && any == NULL);
    else
        role_check(spork_future_wait(futures[0], -1) == SPORK_ECANCELLED);
    for (int i = 0; i < WORKERS; i++) {
        role_check(spork_future_outcome(futures[i]) == NULL); /* it runs on */
        spork_future_destroy(futures[i]);
    }
    return 0;
}

static int during_close(void)
{
    spork_future_t *futures[WORKERS];

    for (int i = 0; i < WORKERS; i++)
        role_check(spork_submit(&futures[i], the_pool, run_on, NULL, 0) == APR_SUCCESS);
    role_check(spork_pool_close(the_pool) == SPORK_ECANCELLED);
    for (int i = 0; i < WORKERS; i++)
        role_check(spork_future_outcome(futures[i])->status == SPORK_ECANCELLED);
    return 0;
}

/* No call waits: the next one ends. */
static int while_idle(void)
{
    apr_size_t cancelled;

    say("r");
    while (!caught) apr_sleep(MILLISECOND);
    role_check(map_small(&cancelled) == SPORK_EFAILED && cancelled == ITEMS);
    return 0;
}

/* The host ignores it, and goes on when its user presses return. */
static int undisturbed(void)
{
    apr_int64_t before[WORKERS] = { 0 }, after[WORKERS] = { 0 };
    apr_size_t cancelled;
    char line[16];

    (void)spork_pool_pids(the_pool, before, WORKERS);
    say("r");
    role_check(read(STDIN_FILENO, line, sizeof line) == 1);
    role_check(map_small(&cancelled) == APR_SUCCESS && cancelled == 0);
    (void)spork_pool_pids(the_pool, after, WORKERS);
    role_check(memcmp(before, after, sizeof before) == 0);
    return 0;
}

static int meet(const char *situation)
{
    if (strcmp(situation, "map") == 0) return during_map();
    if (strcmp(situation, "wait") == 0) return during_wait(0);
    if (strcmp(situation, "any") == 0) return during_wait(1);
    if (strcmp(situation, "close") == 0) return during_close();
    if (strcmp(situation, "idle") == 0) return while_idle();
    return undisturbed();
}

static void follow(const char *policy)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    (void)sigemptyset(&action.sa_mask);
    action.sa_handler = strcmp(policy, "interrupt") == 0 ? interrupt
                        : strcmp(policy, "leave") == 0   ? leave_at_once
                        : strcmp(policy, "ignore") == 0  ? SIG_IGN
                                                         : SIG_DFL;
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

static int host(int argc, char **argv)
{
    spork_config_t config;
    spork_pool_t *pool = NULL;
    apr_size_t cancelled;

    role_check(argc == 3 && spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    follow(argv[2]);
    make_config(&config, WORKERS);
    if (strcmp(argv[1], "creation") == 0) config.initializer = run_on;
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    the_pool = pool;
    if (meet(argv[1]) != 0) return EXIT_FAILURE;
    if (strcmp(argv[1], "close") != 0) role_check(map_small(&cancelled) == APR_SUCCESS && cancelled == 0);
    role_check(spork_pool_close(pool) == APR_SUCCESS);
    spork_pool_destroy(pool);
    say(" in order");
    return 0;
}

/* ---- its terminal ---------------------------------------------------------------------------------- */

typedef struct {
    pid_t pid;
    int terminal; /* the keyboard's end; -1: taken away */
    int output;
    char text[8192];
    size_t size;
} session_t;

static void become(const char *terminal, int output, char *const *argv)
{
    int stream;

    (void)setsid();
    stream = open(terminal, O_RDWR); /* the first that a session's leader opens becomes its own */
#ifdef TIOCSCTTY                     /* but not on macOS and the BSDs */
    (void)ioctl(stream, TIOCSCTTY, 0);
#endif
    if (stream < 0 || dup2(stream, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
        dup2(output, STDERR_FILENO) < 0)
        _exit(EXIT_FAILURE);
    (void)close(stream);
    (void)close(output);
    (void)execv(argv[0], argv);
    _exit(EXIT_FAILURE);
}

static void open_session(session_t *session, const char *const *argv)
{
    int ends[2];
    const char *name;

    memset(session, 0, sizeof *session);
    session->terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(session->terminal >= 0);
    assert_int_equal(grantpt(session->terminal), 0);
    assert_int_equal(unlockpt(session->terminal), 0);
    name = ptsname(session->terminal);
    assert_non_null(name);
    assert_int_equal(fcntl(session->terminal, F_SETFD, FD_CLOEXEC), 0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
    session->pid = fork();
    assert_true(session->pid >= 0);
    if (session->pid == 0) become(name, ends[1], (char *const *)(uintptr_t)argv);
    (void)close(ends[1]);
    session->output = ends[0];
}

/* 0: nobody holds the other end any more. */
static size_t hear(session_t *session)
{
    ssize_t n;

    assert_true(session->size < sizeof session->text - 1);
    do {
        n = read(session->output, session->text + session->size, sizeof session->text - 1 - session->size);
    } while (n < 0 && errno == EINTR);
    assert_true(n >= 0);
    session->size += (size_t)n;
    return (size_t)n;
}

static void type_in(session_t *session, const char *keys)
{
    size_t size = strlen(keys);
    assert_int_equal(write(session->terminal, keys, size), size);
}

typedef enum { CTRL_C, TERM_TO_HOST, TERM_TO_GROUP, HANG_UP, WAYS } way_e;

static int send_signal(session_t *session, way_e way)
{
    switch (way) {
    case CTRL_C: type_in(session, "\003"); return SIGINT;
    case TERM_TO_HOST: assert_int_equal(kill(session->pid, SIGTERM), 0); return SIGTERM;
    case TERM_TO_GROUP: assert_int_equal(kill(-session->pid, SIGTERM), 0); return SIGTERM;
    default:
        (void)close(session->terminal);
        session->terminal = -1;
        return SIGHUP;
    }
}

/* To the end of all who hold the output; how the host itself ended. */
static int close_session(session_t *session)
{
    int status = 0;

    while (hear(session) > 0) continue;
    while (waitpid(session->pid, &status, 0) != session->pid) assert_int_equal(errno, EINTR);
    (void)close(session->output);
    if (session->terminal >= 0) (void)close(session->terminal);
    return status;
}

static int users(const char *situation)
{
    return start_method() == SPORK_START_INLINE || strcmp(situation, "idle") == 0 ||
                   strcmp(situation, "undisturbed") == 0
               ? 1
               : WORKERS;
}

static void open_host(session_t *session, const char *situation, const char *policy)
{
    const char *argv[] = { self_path(), "role", "host", situation, policy, NULL };
    size_t wanted = (size_t)users(situation);

    open_session(session, argv);
    while (session->size < wanted)
        if (hear(session) == 0) fail_msg("%s, %s: the host said: %s", situation, policy, session->text);
}

static void check_text(const session_t *session, const char *situation, const char *more)
{
    char wanted[64] = "rr";

    wanted[users(situation)] = '\0';
    (void)strcat(wanted, more);
    assert_string_equal(session->text, wanted);
}

/* ---- tests ------------------------------------------------------------------------------------------ */

static const char *const situations[] = { "map", "idle", "wait", "any", "close", "creation" };
#define INLINE_SITUATIONS 2 /* the others wait for workers */

static size_t n_situations(void)
{
    return start_method() == SPORK_START_INLINE ? INLINE_SITUATIONS : LENGTH(situations);
}

static void by_default_all_die_at_once_and_silently(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_situations(); i++) {
        for (way_e way = CTRL_C; way < WAYS; way++) {
            session_t session;
            int number, status;
            open_host(&session, situations[i], "default");
            number = send_signal(&session, way);
            status = close_session(&session);
            assert_true(WIFSIGNALED(status));
            assert_int_equal(WTERMSIG(status), number);
            check_text(&session, situations[i], "");
        }
    }
}

static void a_handler_may_end_the_host(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_situations(); i++) {
        session_t session;
        int status;
        open_host(&session, situations[i], "leave");
        (void)send_signal(&session, CTRL_C);
        status = close_session(&session);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), OWN_CODE);
        check_text(&session, situations[i], "");
    }
}

static void a_handler_may_interrupt_and_go_on(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_situations(); i++) {
        for (way_e way = CTRL_C; way < WAYS && strcmp(situations[i], "creation") != 0; way++) {
            session_t session;
            int status;
            open_host(&session, situations[i], "interrupt");
            (void)send_signal(&session, way);
            status = close_session(&session);
            check_text(&session, situations[i], " in order");
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
    }
}

static void a_host_may_ignore_it(void **state)
{
    session_t session;
    int status;

    (void)state;
    open_host(&session, "undisturbed", "ignore");
    for (int i = 0; i < 3; i++) (void)send_signal(&session, CTRL_C);
    for (way_e way = CTRL_C; way < HANG_UP; way++) (void)send_signal(&session, way);
    type_in(&session, "\n");
    status = close_session(&session);
    check_text(&session, "undisturbed", " in order");
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* What is sent to a worker itself: SIGINT is nothing to it, of SIGTERM it dies. */
static void a_worker_dies_of_its_own_sigterm_only(void **state)
{
    spork_pool_t *pool;
    spork_future_t *future;
    gate_t *gate;
    spork_ref_t ref;
    apr_int64_t pid;
    const spork_outcome_t *outcome;

    (void)state;
    needs_workers();
    pool = start_pool(1);
    gate = spork_alloc(pool, sizeof *gate);
    ref = spork_ref(pool, gate);
    assert_success(spork_submit(&future, pool, wait_at_gate, &ref, sizeof ref));
    gate_await(future, gate, 1);
    assert_int_equal(spork_pool_pids(pool, &pid, 1), 1);
    assert_int_equal(kill((pid_t)pid, SIGINT), 0);
    assert_status(spork_future_wait(future, 10 * MILLISECOND), APR_TIMEUP);
    assert_int_equal(kill((pid_t)pid, SIGTERM), 0);
    assert_success(spork_future_wait(future, -1));
    outcome = spork_future_outcome(future);
    assert_status(outcome->status, SPORK_ECRASHED);
    assert_int_equal(outcome->signal, SIGTERM);
    end_pool(pool);
}

/* ---- the example -------------------------------------------------------------------------------------- */

#if defined(F_SETLEASE) /* Linux: a lease holds up whoever opens the file, and tells when */

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

/* One file is read, at the second the reader is held up when Ctrl-C comes. */
static void the_example_shows_what_it_has(void **state)
{
    const char *program = getenv("SPORK_TEST_FILE_BATCH");
    const char *argv[] = { program, "-w1", test_directory(), NULL };
    const char *first = test_path("a.csv"), *second = test_path("b.csv");
    session_t session;
    sigset_t opened, earlier;
    int leased, number, status;

    (void)state;
    if (program == NULL || start_method() == SPORK_START_INLINE) skip();
    write_file(first, "n\n20\n22\n");
    write_file(second, "n\n1\n");
    leased = open(second, O_RDWR | O_CLOEXEC);
    (void)sigemptyset(&opened);
    (void)sigaddset(&opened, SIGIO);
    (void)sigprocmask(SIG_BLOCK, &opened, &earlier);
    assert_int_equal(setenv("SPORK_START", start_method() == SPORK_START_FORK ? "fork" : "spawn", 1), 0);
    if (fcntl(leased, F_SETLEASE, F_WRLCK) == 0) {
        open_session(&session, argv);
        assert_int_equal(sigwait(&opened, &number), 0);
        (void)send_signal(&session, CTRL_C);
        status = close_session(&session);
        assert_non_null(strstr(session.text, "  n=42\n"));
        assert_null(strstr(session.text, "  n=1\n"));
        assert_non_null(strstr(session.text, "file_batch: interrupted; 1 of 2 files were not read\n"));
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
        (void)fcntl(leased, F_SETLEASE, F_UNLCK);
    } else {
        print_message("no leases on this file system: the example is not shown\n");
    }
    assert_int_equal(unsetenv("SPORK_START"), 0);
    (void)sigprocmask(SIG_SETMASK, &earlier, NULL);
    (void)close(leased);
    (void)unlink(first);
    (void)unlink(second);
}

#else

static void the_example_shows_what_it_has(void **state)
{
    (void)state;
    print_message("nothing here holds up a reader of a file: the example is not shown\n");
    skip();
}

#endif

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "host", host } };
    static const struct CMUnitTest tests[] = {
        TEST(by_default_all_die_at_once_and_silently), TEST(a_handler_may_end_the_host),
        TEST(a_handler_may_interrupt_and_go_on),       TEST(a_host_may_ignore_it),
        TEST(a_worker_dies_of_its_own_sigterm_only),   TEST(the_example_shows_what_it_has),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("interrupt", tests);
}
