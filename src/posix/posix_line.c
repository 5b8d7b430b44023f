/*
 * Lines: a private socket pair between parent and worker. It carries the hello, once; from then on only
 * its breaking has a meaning.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

apr_status_t spk_posix_line_create(spk_os_handle_t *parents, spk_os_handle_t *workers)
{
    apr_status_t status = spk_posix_guard_enter();
    int fds[2];

    *parents = *workers = spk_posix_none();
    if (status == APR_SUCCESS) {
        if (spk_posix_socketpair(fds) == 0) {
            status = spk_posix_guard_keep_pair(fds, parents, workers);
        } else {
            status = spk_posix_error();
        }
        spk_posix_guard_leave();
    }
    return status;
}

int spk_posix_line_broken(int fd)
{
    struct pollfd look;
    char byte;
    int n;
    ssize_t got = 1;

    look.fd = fd;
    look.events = POLLIN;
    look.revents = 0;
    do {
        n = poll(&look, 1, 0);
    } while (n == -1 && errno == EINTR);
    if ((look.revents & POLLIN) != 0) {
        do {
            got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        } while (got == -1 && errno == EINTR);
    }
    return (look.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0 || got == 0;
}

/* Milliseconds until then, rounded up, at most a minute; -1 for ever. */
static int left_ms(apr_interval_time_t timeout, uint64_t start)
{
    uint64_t passed = (spk_os_clock() - start) / 1000, left;

    if (timeout < 0) return -1;
    left = passed < (uint64_t)timeout ? (uint64_t)timeout - passed : 0;
    return left > 60000000 ? 60000 : (int)((left + 999) / 1000);
}

apr_status_t spk_os_line_read(spk_os_handle_t line, void *hello, size_t size, apr_interval_time_t timeout)
{
    apr_status_t status = APR_SUCCESS;
    uint64_t start = spk_os_clock();
    size_t have = 0;
    ssize_t n;
    struct pollfd wait;
    int ms;

    wait.fd = spk_posix_fd(line);
    wait.events = POLLIN;
    while (status == APR_SUCCESS && have < size) {
        n = recv(wait.fd, (char *)hello + have, size - have, MSG_DONTWAIT);
        if (n > 0) {
            have += (size_t)n;
        } else if (n == 0) {
            status = APR_EOF;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
            ms = left_ms(timeout, start);
            if (ms == 0 && errno != EINTR) {
                status = APR_EOF;
            } else {
                poll(&wait, 1, ms);
            }
        } else {
            status = spk_posix_error();
        }
    }
    return status;
}
