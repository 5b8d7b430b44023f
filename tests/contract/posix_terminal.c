/*
 * Contract, POSIX only: the terminal on stderr, which here is a pseudo-terminal, a pipe, or nothing.
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
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "os.h"

typedef struct {
    int keyboard, screen; /* the two ends */
} pty_t;

static pty_t open_pty(unsigned short columns)
{
    pty_t pty;
    struct winsize size;

    memset(&size, 0, sizeof size);
    size.ws_col = columns;
    pty.keyboard = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(pty.keyboard >= 0);
    assert_int_equal(grantpt(pty.keyboard) | unlockpt(pty.keyboard), 0);
    pty.screen = open(ptsname(pty.keyboard), O_RDWR | O_NOCTTY);
    assert_true(pty.screen >= 0);
    assert_int_equal(ioctl(pty.keyboard, TIOCSWINSZ, &size), 0);
    return pty;
}

static void close_pty(const pty_t *pty)
{
    (void)close(pty->keyboard);
    (void)close(pty->screen);
}

/* What the calls say when this is stderr. */
static int stand_in(int fd)
{
    int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);

    assert_true(kept >= 0);
    assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    return kept;
}

static void restore(int kept)
{
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    (void)close(kept);
}

static int columns_of(int fd)
{
    int kept = stand_in(fd), columns = spk_os_terminal_columns();

    restore(kept);
    return columns;
}

static void its_width_is_told(void **state)
{
    pty_t pty = open_pty(97), silent = open_pty(0);

    (void)state;
    assert_int_equal(columns_of(pty.screen), 97);
    assert_int_equal(columns_of(silent.screen), 80);
    close_pty(&pty);
    close_pty(&silent);
}

static void what_is_no_terminal_has_none(void **state)
{
    int ends[2], null = open("/dev/null", O_RDWR), kept;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_true(columns_of(ends[1]) < 0);
    assert_true(columns_of(null) < 0);
    kept = stand_in(null);
    (void)close(STDERR_FILENO);
    assert_true(spk_os_terminal_columns() < 0);
    spk_os_terminal_write("nowhere", 7);
    restore(kept);
    (void)close(ends[0]);
    (void)close(ends[1]);
    (void)close(null);
}

/* In a session of its own, whose terminal this is: 0 for the expected answers. */
static int in_background(const char *name)
{
    pid_t child;
    int fd, status = 0;

    if (setsid() < 0 || (fd = open(name, O_RDWR)) < 0) return 1;
#ifdef TIOCSCTTY
    (void)ioctl(fd, TIOCSCTTY, 0);
#endif
    if (dup2(fd, STDERR_FILENO) < 0 || spk_os_terminal_columns() != 50) return 2;
    child = fork();
    if (child == 0) {
        if (setpgid(0, 0) != 0) _exit(3);
        _exit(spk_os_terminal_columns() == 0 ? 0 : 4);
    }
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return 5;
    return WEXITSTATUS(status);
}

static void a_background_process_leaves_it_alone(void **state)
{
    pty_t pty = open_pty(50);
    pid_t child;
    int status = 0;

    (void)state;
    child = fork();
    assert_true(child >= 0);
    if (child == 0) _exit(in_background(ptsname(pty.keyboard)));
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close_pty(&pty);
}

static void text_arrives(void **state)
{
    pty_t pty = open_pty(80);
    char text[64];
    int kept = stand_in(pty.screen);

    (void)state;
    spk_os_terminal_write("\r12/34 \xc3\xa9", 9);
    restore(kept);
    assert_int_equal(read(pty.keyboard, text, sizeof text), 9);
    assert_memory_equal(text, "\r12/34 \xc3\xa9", 9);
    close_pty(&pty);
}

/* A user has typed Ctrl-S. Were the call to block, the watchdog of CTest would end it. */
static void a_stopped_terminal_blocks_nobody(void **state)
{
    pty_t pty = open_pty(80);
    int kept = stand_in(pty.screen);

    (void)state;
    assert_int_equal(tcflow(pty.screen, TCOOFF), 0);
    for (int i = 0; i < 100000; i++) spk_os_terminal_write("0123456789", 10);
    assert_int_equal(tcflow(pty.screen, TCOON), 0);
    restore(kept);
    close_pty(&pty);
}

/* Nobody reads what it shows. */
static void a_full_terminal_blocks_nobody(void **state)
{
    pty_t pty = open_pty(80);
    int kept = stand_in(pty.screen);

    (void)state;
    for (int i = 0; i < 100000; i++) spk_os_terminal_write("0123456789", 10);
    restore(kept);
    close_pty(&pty);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_width_is_told),
        cmocka_unit_test(what_is_no_terminal_has_none),
        cmocka_unit_test(a_background_process_leaves_it_alone),
        cmocka_unit_test(text_arrives),
        cmocka_unit_test(a_stopped_terminal_blocks_nobody),
        cmocka_unit_test(a_full_terminal_blocks_nobody),
    };
    return cmocka_run_group_tests_name("terminal", tests, NULL, NULL);
}
