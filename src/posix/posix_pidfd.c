/*
 * A process by descriptor (Linux): its death is readable, and a signal can hit no other process that got
 * its number since. Kernels before 5.3, and some sandboxes, have none: then the number has to do.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "posix.h"

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Younger than the C libraries that this must build with; the numbers are the kernel's interface. */
#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#define ID_PIDFD ((idtype_t)3) /* P_PIDFD, Linux 5.4 */
#define SIGNAL_GROUP (1U << 2) /* PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9 */

int spk_posix_pidfd_open(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int spk_posix_pidfd_waitid(int fd, pid_t pid, siginfo_t *info, int options)
{
    int result = -1;

    errno = EINVAL;
    if (fd >= 0) result = waitid(ID_PIDFD, (id_t)fd, info, options);
    if (result == -1 && errno == EINVAL) result = waitid(P_PID, (id_t)pid, info, options);
    return result;
}

static int send_signal(int fd, int signal, unsigned flags)
{
    return (int)syscall(SYS_pidfd_send_signal, fd, signal, NULL, flags);
}

void spk_posix_pidfd_kill(int fd, pid_t pid)
{
    if (send_signal(fd, SIGKILL, SIGNAL_GROUP) == -1 && errno == EINVAL) {
        if (send_signal(fd, 0, 0) == 0) kill(-pid, SIGKILL); /* not reaped: the number is still its own */
    }
    send_signal(fd, SIGKILL, 0); /* in case that it left its group */
}
