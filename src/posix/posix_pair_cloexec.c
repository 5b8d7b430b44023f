/*
 * Descriptor pairs that are CLOEXEC from birth: Linux and the BSDs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define __BSD_VISIBLE 1
#define _NETBSD_SOURCE 1
#include "posix.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

int spk_posix_socketpair(int fds[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
}

int spk_posix_pipe(int fds[2])
{
    return pipe2(fds, O_CLOEXEC);
}
