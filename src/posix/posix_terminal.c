/*
 * The terminal on stderr.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define __BSD_VISIBLE 1 /* struct winsize */
#define _NETBSD_SOURCE 1
#include "posix.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define USUAL_COLUMNS 80

/* POSIX has no such request before 2024 (tcgetwinsize()); all systems have this one. It fails for what is no
 * terminal. */
int spk_os_terminal_columns(void)
{
    struct winsize size;
    pid_t foreground;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0) return -1;
    foreground = tcgetpgrp(STDERR_FILENO); /* fails if it is not the one that controls this process */
    if (foreground >= 0 && foreground != getpgrp()) return 0;
    return size.ws_col > 0 ? size.ws_col : USUAL_COLUMNS;
}

/* poll() of macOS does not know terminals: only its plain "not now" is believed. */
static int takes_more(void)
{
    struct pollfd terminal = { STDERR_FILENO, POLLOUT, 0 };

    return poll(&terminal, 1, 0) != 0;
}

void spk_os_terminal_write(const char *text, size_t size)
{
    ssize_t n;

    while (size > 0 && takes_more()) {
        n = write(STDERR_FILENO, text, size);
        if (n < 0 && errno != EINTR) return;
        if (n < 0) continue;
        text += n;
        size -= (size_t)n;
    }
}
