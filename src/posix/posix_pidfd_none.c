/*
 * Where a process has no descriptor, its number has to do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <sys/wait.h>

int spk_posix_pidfd_open(pid_t pid)
{
    (void)pid;
    return -1;
}

int spk_posix_pidfd_waitid(int fd, pid_t pid, siginfo_t *info, int options)
{
    (void)fd;
    return waitid(P_PID, (id_t)pid, info, options);
}

void spk_posix_pidfd_kill(int fd, pid_t pid)
{
    (void)fd;
    (void)pid;
}
