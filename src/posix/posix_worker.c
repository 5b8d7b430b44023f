/*
 * The worker's side: becoming one, and sleeping.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* Not all systems name the last one. */
#if defined(SIGRTMAX)
#define LAST_SIGNAL SIGRTMAX
#else
#define LAST_SIGNAL 31
#endif

static void set_handler(int signal, void (*handler)(int))
{
    struct sigaction action;

    action.sa_handler = handler;
    action.sa_flags = 0;
    sigemptyset(&action.sa_mask);
    sigaction(signal, &action, NULL);
}

/* What the host handles is the host's; what it ignores stays ignored, as it would through exec. But a
 * task may want to wait for children of its own, the parent alone answers Ctrl-C, and a group in the
 * background that touches its terminal should get an error, not stop. */
static void reset_signals(void)
{
    struct sigaction old;
    int signal;

    for (signal = 1; signal <= LAST_SIGNAL; signal++) {
        if (sigaction(signal, NULL, &old) == 0 &&
            ((old.sa_flags & SA_SIGINFO) != 0 || (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN))) {
            set_handler(signal, SIG_DFL);
        }
    }
    set_handler(SIGCHLD, SIG_DFL);
    set_handler(SIGINT, SIG_IGN);
    set_handler(SIGTTIN, SIG_IGN);
    set_handler(SIGTTOU, SIG_IGN);
}

void spk_posix_end_group(pid_t pid)
{
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL);
}

apr_status_t spk_os_worker_enter(const spk_os_kit_t *kit)
{
    apr_status_t status = APR_SUCCESS;
    sigset_t none;

    if (getpgrp() != getpid() && setpgid(0, 0) == -1) status = spk_posix_error();
    if (status == APR_SUCCESS) {
        reset_signals();
        status = spk_posix_lifeline_arm(spk_posix_fd(kit->line));
    }
    if (status == APR_SUCCESS && kit->memory_limit > 0) status = spk_posix_limit_memory(kit);
    if (status == APR_SUCCESS) {
        sigemptyset(&none);
        pthread_sigmask(SIG_SETMASK, &none, NULL);
    }
    return status;
}

/* The line is silent; a stray byte is thrown away, or it would wake for ever. */
static int is_orphan(struct pollfd *line)
{
    char stray[64];

    if (line->revents == 0) return 0;
    if (spk_posix_line_broken(line->fd)) return 1;
    return recv(line->fd, stray, sizeof stray, MSG_DONTWAIT) == 0;
}

apr_status_t spk_os_worker_sleep(const spk_os_kit_t *kit, apr_interval_time_t timeout)
{
    struct pollfd fds[2];
    uint64_t start = timeout > 0 ? spk_os_clock() : 0, passed = 0, ms;
    apr_status_t status = APR_TIMEUP;
    int n = 0, is_over = 0;

    fds[0].fd = spk_posix_fd(kit->bell.wait);
    fds[1].fd = spk_posix_fd(kit->line);
    fds[0].events = fds[1].events = POLLIN;
    while (status == APR_TIMEUP && !is_over) {
        ms = timeout > 0 && passed < (uint64_t)timeout ? ((uint64_t)timeout - passed + 999) / 1000 : 0;
        n = poll(fds, 2, timeout < 0 ? -1 : ms > INT_MAX ? INT_MAX : (int)ms);
        is_over = n == 0;
        if (n == -1 && errno != EINTR) {
            status = spk_posix_error();
        } else if (n > 0 && is_orphan(&fds[1])) {
            /* whoever sees it first, this or the lifeline's thread: what tasks have started ends, too */
            spk_posix_end_group(getpid());
            status = APR_EOF;
        } else if (n > 0 && (fds[0].revents & POLLNVAL) != 0) {
            status = APR_EOF;
        } else if (n > 0 && fds[0].revents != 0) {
            spk_posix_bell_drain(&kit->bell);
            status = APR_SUCCESS;
        }
        if (timeout > 0) passed = (spk_os_clock() - start) / 1000;
    }
    return status;
}
