/*
 * Descriptor pairs where POSIX.1-2008 is all there is (macOS). Between birth and CLOEXEC no fork() of
 * another thread can come, for the guard is held; a posix_spawn() of another thread could.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static int close_on_exec(int fds[2])
{
    int result = 0, kept_errno;

    if (fcntl(fds[0], F_SETFD, FD_CLOEXEC) == -1 || fcntl(fds[1], F_SETFD, FD_CLOEXEC) == -1) {
        kept_errno = errno;
        close(fds[0]);
        close(fds[1]);
        errno = kept_errno;
        result = -1;
    }
    return result;
}

int spk_posix_socketpair(int fds[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0 ? close_on_exec(fds) : -1;
}

int spk_posix_pipe(int fds[2])
{
    return pipe(fds) == 0 ? close_on_exec(fds) : -1;
}
