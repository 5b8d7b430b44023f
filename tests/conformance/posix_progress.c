/*
 * Conformance, POSIX only: the progress line on a terminal. A host in a session of its own draws on a
 * pseudo-terminal, of which the test reads what a user would see; its items end when the test says so, through the
 * pipe that is their stdin.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* posix_openpt, which is XSI */
#endif
#ifndef __XSI_VISIBLE
#define __XSI_VISIBLE 700 /* FreeBSD's word for XSI */
#endif
#ifndef _NETBSD_SOURCE
#define _NETBSD_SOURCE 1 /* NetBSD's */
#endif
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance.h"

#define WORKERS 2
#define ITEMS 6
#define ROWS 8
#define COLUMNS 200

/* ---- the host: a role -------------------------------------------------------------------------------------- */

static spork_pool_t *volatile the_pool;

/* Until the test writes a byte, for one item each. */
static apr_status_t await_byte(spork_task_t *task, const void *in, void *out)
{
    struct pollfd keys = { STDIN_FILENO, POLLIN, 0 };
    char byte;

    (void)in;
    (void)out;
    for (;;) {
        spork_task_progress(task, 0.25);
        (void)poll(&keys, 1, 10);
        if (keys.revents & POLLIN && read(STDIN_FILENO, &byte, 1) == 1) break;
    }
    return byte == 'f' ? APR_EGENERAL : APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(await_byte), SPORK_END };

static void interrupt(int number)
{
    (void)number;
    spork_pool_interrupt(the_pool);
}

static int draw(int argc, char **argv)
{
    spork_map_t options = { 0 };
    spork_config_t config;
    spork_pool_t *pool;
    int nonblocking;

    role_check(argc == 2 && spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    nonblocking = fcntl(STDIN_FILENO, F_GETFL);
    role_check(fcntl(STDIN_FILENO, F_SETFL, nonblocking | O_NONBLOCK) == 0); /* two may see the same byte */
    make_config(&config, WORKERS);
    config.progress = 1;
    config.progress_label = "\xc3\xa9t\xc3\xa9";
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    the_pool = pool;
    if (strcmp(argv[1], "interrupt") == 0) (void)signal(SIGINT, interrupt);
    options.chunk = 1;
    (void)spork_map(pool, await_byte, NULL, 0, NULL, 0, ITEMS, &options);
    if (printf("%d failed", (int)options.n_failures) < 0) return EXIT_FAILURE;
    role_check(spork_pool_close(pool) == APR_SUCCESS);
    spork_pool_destroy(pool);
    return EXIT_SUCCESS;
}

/* ---- its terminal --------------------------------------------------------------------------------------------- */

typedef struct {
    pid_t pid;
    int terminal, keys, output;
    char text[65536]; /* all that came */
    size_t size;
    size_t played; /* of it is on the screen */
    char screen[ROWS][COLUMNS + 1];
    int row, column;
} session_t;

static void set_columns(const session_t *session, int columns)
{
    struct winsize size;

    memset(&size, 0, sizeof size);
    size.ws_row = ROWS;
    size.ws_col = (unsigned short)columns;
    assert_int_equal(ioctl(session->terminal, TIOCSWINSZ, &size), 0);
}

typedef enum { FOREGROUND, BACKGROUND, REDIRECTED } place_e;

static void become(const char *terminal, const int *ends, place_e place, char *const *argv)
{
    int stream, status = 0;
    pid_t child = 0;

    (void)setsid();
    stream = open(terminal, O_RDWR);
#ifdef TIOCSCTTY
    (void)ioctl(stream, TIOCSCTTY, 0);
#endif
    if (place == BACKGROUND) {
        child = fork();
        if (child == 0) (void)setpgid(0, 0);
    }
    if (child != 0) { /* the session's leader keeps the foreground */
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
    }
    if (stream < 0 || dup2(ends[0], STDIN_FILENO) < 0 || dup2(ends[1], STDOUT_FILENO) < 0 ||
        dup2(place == REDIRECTED ? ends[1] : stream, STDERR_FILENO) < 0)
        _exit(EXIT_FAILURE);
    (void)execv(argv[0], argv);
    _exit(EXIT_FAILURE);
}

static void open_session(session_t *session, const char *policy, place_e place, int columns)
{
    const char *argv[] = { self_path(), "role", "draw", policy, NULL };
    int in[2], out[2], ends[2];

    memset(session, 0, sizeof *session);
    session->terminal = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(session->terminal >= 0);
    assert_int_equal(grantpt(session->terminal) | unlockpt(session->terminal), 0);
    assert_int_equal(fcntl(session->terminal, F_SETFD, FD_CLOEXEC), 0);
    set_columns(session, columns);
    assert_int_equal(pipe(in) | pipe(out), 0);
    assert_int_equal(fcntl(in[1], F_SETFD, FD_CLOEXEC) | fcntl(out[0], F_SETFD, FD_CLOEXEC), 0);
    ends[0] = in[0];
    ends[1] = out[1];
    session->keys = in[1];
    session->output = out[0];
    session->pid = fork();
    assert_true(session->pid >= 0);
    if (session->pid == 0) become(ptsname(session->terminal), ends, place, (char *const *)(uintptr_t)argv);
    (void)close(in[0]);
    (void)close(out[1]);
}

/* What a terminal does: no escape sequence is known here, and each other byte that is none of a character's first
 * takes no column. */
static void play(session_t *session)
{
    for (; session->played < session->size; session->played++) {
        unsigned char c = (unsigned char)session->text[session->played];

        assert_true(c != 0x1b);
        if (c == '\r') {
            session->column = 0;
        } else if (c == '\n') {
            session->row++;
            assert_true(session->row < ROWS);
        } else if (c == '\b') {
            assert_true(session->column > 0);
            session->column--;
        } else if ((c & 0xc0U) != 0x80) {
            assert_true(session->column < COLUMNS);
            session->screen[session->row][session->column++] = (char)(c < 0x80 ? c : '?');
        }
    }
}

/* 0: the other end is closed. Linux says EIO then. */
static int hear(session_t *session)
{
    ssize_t n;

    assert_true(session->size < sizeof session->text - 1);
    do {
        n = read(session->terminal, session->text + session->size, sizeof session->text - 1 - session->size);
    } while (n < 0 && errno == EINTR);
    if (n > 0) session->size += (size_t)n;
    play(session);
    return n > 0;
}

/* What stands in the cursor's row, without blanks at its end. */
static const char *row_of(const session_t *session, int row)
{
    static char text[COLUMNS + 1];
    size_t length;

    memcpy(text, session->screen[row], sizeof text);
    for (length = 0; length < COLUMNS && text[length] != '\0'; length++) continue;
    while (length > 0 && text[length - 1] == ' ') length--;
    text[length] = '\0';
    return text;
}

/* Wait for it, whatever rate and time say in the middle. */
static void await_begin(session_t *session, const char *wanted, const char *end)
{
    const char *row;

    for (;;) {
        row = row_of(session, session->row);
        if (strncmp(row, wanted, strlen(wanted)) == 0 && strlen(row) >= strlen(end) &&
            strcmp(row + strlen(row) - strlen(end), end) == 0)
            return;
        if (!hear(session)) fail_msg("instead of %s…%s there is: %s", wanted, end, session->text);
    }
}

/* The terminal becomes so wide: wait for a line that fits. What was there before is forgotten, also a line that was on
 * its way. */
static void await_width(session_t *session, int columns)
{
    const char *row;

    set_columns(session, columns);
    memset(session->screen, 0, sizeof session->screen);
    for (;;) {
        row = row_of(session, session->row);
        if (strstr(row, "0/6") != NULL && strlen(row) < (size_t)columns && session->column > 0) return;
        if (strlen(row) >= (size_t)columns) memset(session->screen, 0, sizeof session->screen);
        if (!hear(session)) fail_msg("no line for %d columns: %s", columns, session->text);
    }
}

static void let_end(session_t *session, const char *bytes)
{
    assert_int_equal(write(session->keys, bytes, strlen(bytes)), strlen(bytes));
}

/* To the end of all; how the host ended. What it said to stdout is in `said`. */
static int close_session(session_t *session, char *said, size_t room)
{
    int status = 0;
    size_t size = 0;
    ssize_t n;

    while (hear(session)) continue;
    while ((n = read(session->output, said + size, room - 1 - size)) > 0) size += (size_t)n;
    said[size] = '\0';
    while (waitpid(session->pid, &status, 0) != session->pid) assert_int_equal(errno, EINTR);
    (void)close(session->output);
    (void)close(session->keys);
    (void)close(session->terminal);
    return status;
}

/* ---- tests ------------------------------------------------------------------------------------------------------ */

/* Of an INLINE pool there is one worker, the caller. */
static const char *at_first(void)
{
    return start_method() == SPORK_START_INLINE ? "?t?: 0/6 0% | #0:25%" : "?t?: 0/6 0% | #0:25% #3:25%";
}

static void the_line_tells_how_far_it_is(void **state)
{
    session_t session;
    char said[100];
    int status;

    (void)state;
    open_session(&session, "none", FOREGROUND, 100);
    await_begin(&session, "?t?: 0/6 0%", strchr(at_first(), '|'));
    let_end(&session, "g");
    await_begin(&session, "?t?: 1/6 16%, ", "%");
    let_end(&session, "gf");
    await_begin(&session, "?t?: 3/6 50%, 1 failed, ", "%");
    let_end(&session, "ggg");
    status = close_session(&session, said, sizeof said);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_equal(said, "1 failed");
    assert_int_equal(session.row, 1); /* ended, once */
    assert_int_equal(session.column, 0);
    assert_ptr_equal(strstr(row_of(&session, 0), "?t?: 6/6 100%, 1 failed, "), row_of(&session, 0));
    assert_non_null(strstr(row_of(&session, 0), ", in 0:"));
    assert_null(strchr(row_of(&session, 0), '|')); /* nothing of what was longer is left */
}

static void the_line_follows_the_width(void **state)
{
    session_t session;
    char said[100];
    int status;

    (void)state;
    open_session(&session, "none", FOREGROUND, 100);
    await_begin(&session, "?t?: 0/6 0%", strchr(at_first(), '|'));
    await_width(&session, 15);
    await_width(&session, 8);
    set_columns(&session, 100);
    await_begin(&session, "?t?: 0/6 0%", strchr(at_first(), '|'));
    let_end(&session, "gggggg");
    status = close_session(&session, said, sizeof said);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(session.row, 1);
}

/* A terminal that does not know its width has 80 columns. */
static void a_width_that_nobody_knows(void **state)
{
    session_t session;
    char said[100];

    (void)state;
    open_session(&session, "none", FOREGROUND, 0);
    await_begin(&session, "?t?: 0/6 0%", strchr(at_first(), '|'));
    let_end(&session, "gggggg");
    assert_int_equal(close_session(&session, said, sizeof said), 0);
}

static void ctrl_c_leaves_the_line(void **state)
{
    session_t session;
    char said[100];
    int status;

    (void)state;
    open_session(&session, "none", FOREGROUND, 100);
    await_begin(&session, "?t?: 0/6 0%", strchr(at_first(), '|'));
    assert_int_equal(write(session.terminal, "\003", 1), 1);
    status = close_session(&session, said, sizeof said);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    assert_string_equal(said, "");
    assert_int_equal(session.row, 0);
}

static void an_interrupted_map_ends_its_line(void **state)
{
    int ended = start_method() == SPORK_START_INLINE; /* the item that runs does so to its end */
    session_t session;
    char said[100], wanted[40];
    int status;

    (void)state;
    open_session(&session, "interrupt", FOREGROUND, 100);
    await_begin(&session, "?t?: 0/6 0%", strchr(at_first(), '|'));
    assert_int_equal(write(session.terminal, "\003", 1), 1);
    if (ended) {
        while (strstr(session.text, "^C") == NULL) assert_true(hear(&session)); /* the signal comes before */
        let_end(&session, "g");
    }
    status = close_session(&session, said, sizeof said);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    (void)snprintf(wanted, sizeof wanted, "%d failed", ITEMS - ended);
    assert_string_equal(said, wanted);
    assert_int_equal(session.row, 1);
    (void)snprintf(wanted, sizeof wanted, "?t?: 6/6 100%%, %d failed", ITEMS - ended);
    assert_ptr_equal(strstr(row_of(&session, 0), wanted), row_of(&session, 0));
}

/* Nothing is written, neither to the terminal, nor to where stderr went instead. */
static void elsewhere_nothing_is_drawn(void **state)
{
    session_t session;
    char said[100];

    (void)state;
    for (int i = 0; i < 2; i++) {
        open_session(&session, "none", i == 0 ? REDIRECTED : BACKGROUND, 100);
        apr_sleep(SECOND); /* a line would be there now; with luck, or it never is */
        let_end(&session, "gggggg");
        assert_int_equal(close_session(&session, said, sizeof said), 0);
        assert_string_equal(said, "0 failed");
        assert_int_equal(session.size, 0);
    }
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "draw", draw } };
    static const struct CMUnitTest tests[] = {
        TEST(the_line_tells_how_far_it_is),     TEST(the_line_follows_the_width),
        TEST(a_width_that_nobody_knows),        TEST(ctrl_c_leaves_the_line),
        TEST(an_interrupted_map_ends_its_line), TEST(elsewhere_nothing_is_drawn),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("progress on a terminal", tests);
}
