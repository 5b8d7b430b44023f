/*
 * Bells without eventfd: a non-blocking pipe. A full one is rung already. Whoever rings holds the reading
 * end too (the kit carries both), so that writing can never be SIGPIPE.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static apr_status_t open_pipe(spk_os_bell_t *bell)
{
    apr_status_t status = APR_SUCCESS;
    int fds[2];

    if (spk_posix_pipe(fds) == -1) {
        status = spk_posix_error();
    } else if (fcntl(fds[0], F_SETFL, O_NONBLOCK) == -1 || fcntl(fds[1], F_SETFL, O_NONBLOCK) == -1) {
        status = spk_posix_error();
        close(fds[0]);
        close(fds[1]);
    } else {
        status = spk_posix_guard_keep_pair(fds, &bell->wait, &bell->ring);
    }
    return status;
}

apr_status_t spk_os_bell_create(spk_os_bell_t *bell)
{
    apr_status_t status = spk_posix_guard_enter();

    bell->wait = bell->ring = spk_posix_none();
    if (status == APR_SUCCESS) {
        status = open_pipe(bell);
        spk_posix_guard_leave();
    }
    return status;
}

void spk_os_bell_ring(const spk_os_bell_t *bell)
{
    int kept_errno = errno;
    ssize_t n;

    do {
        n = write(spk_posix_fd(bell->ring), "!", 1);
    } while (n == -1 && errno == EINTR);
    errno = kept_errno;
}

void spk_posix_bell_drain(const spk_os_bell_t *bell)
{
    char rings[512];
    ssize_t n;

    do {
        n = read(spk_posix_fd(bell->wait), rings, sizeof rings);
    } while (n == (ssize_t)sizeof rings || (n == -1 && errno == EINTR));
}

void spk_os_bell_destroy(spk_os_bell_t *bell)
{
    spk_posix_guard_close(&bell->wait);
    spk_posix_guard_close(&bell->ring);
}

static int is_pipe_end(int fd, int mode)
{
    struct stat about;
    int flags = fcntl(fd, F_GETFL);

    return flags != -1 && (flags & O_NONBLOCK) != 0 && (flags & O_ACCMODE) == mode &&
           fstat(fd, &about) == 0 && S_ISFIFO(about.st_mode);
}

int spk_posix_bell_is(int wait_fd, int ring_fd)
{
    return is_pipe_end(wait_fd, O_RDONLY) && is_pipe_end(ring_fd, O_WRONLY);
}
