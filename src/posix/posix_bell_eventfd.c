/*
 * Bells on Linux: an eventfd, the same descriptor for waiter and ringer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

apr_status_t spk_os_bell_create(spk_os_bell_t *bell)
{
    apr_status_t status = spk_posix_guard_enter();
    int fd;

    bell->wait = spk_posix_none();
    if (status == APR_SUCCESS) {
        fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        status = fd >= 0 ? spk_posix_guard_keep(fd, &bell->wait) : spk_posix_error();
        spk_posix_guard_leave();
    }
    bell->ring = bell->wait;
    return status;
}

void spk_os_bell_ring(const spk_os_bell_t *bell)
{
    static const uint64_t one = 1;
    int kept_errno = errno;
    ssize_t n;

    do {
        n = write(spk_posix_fd(bell->ring), &one, sizeof one);
    } while (n == -1 && errno == EINTR);
    errno = kept_errno;
}

void spk_posix_bell_drain(const spk_os_bell_t *bell)
{
    uint64_t rings;
    ssize_t n;

    do {
        n = read(spk_posix_fd(bell->wait), &rings, sizeof rings);
    } while (n == -1 && errno == EINTR);
}

/* Both are one descriptor, as a rule. It is closed once: by the second time another thread could have got its number for
 * something of its own, a line, say, and that worker would die. */
void spk_os_bell_destroy(spk_os_bell_t *bell)
{
    if (bell->ring.v == bell->wait.v) bell->ring = spk_posix_none();
    spk_posix_guard_close(&bell->wait);
    spk_posix_guard_close(&bell->ring);
}

/* An eventfd is of no type that stat() knows. */
int spk_posix_bell_is(int wait_fd, int ring_fd)
{
    struct stat about;
    int flags = fcntl(wait_fd, F_GETFL);

    return wait_fd == ring_fd && flags != -1 && (flags & O_NONBLOCK) != 0 && (flags & O_ACCMODE) == O_RDWR &&
           fstat(wait_fd, &about) == 0 && (about.st_mode & S_IFMT) == 0;
}
