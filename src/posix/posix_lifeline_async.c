/*
 * The lifeline on Linux: the kernel itself sends SIGKILL to the worker's whole process group when the
 * parent's end of the line is closed. It takes no thread, costs nothing, and hits a worker that is busy
 * with all signals blocked. Nobody ever writes to the line after the hello, which would send it as well.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "posix.h"

#include <fcntl.h>
#include <unistd.h>

/* The line breaks: SIGKILL to this process group. What is set belongs to the open file, whoever has it open. */
static int arm(int fd, pid_t group)
{
    int flags = fcntl(fd, F_GETFL);

    return flags != -1 && fcntl(fd, F_SETOWN, -group) != -1 && fcntl(fd, F_SETSIG, SIGKILL) != -1 &&
           fcntl(fd, F_SETFL, flags | O_ASYNC) != -1;
}

apr_status_t spk_posix_lifeline_arm(int fd)
{
    apr_status_t status = APR_SUCCESS;

    if (!arm(fd, getpid())) {
        status = spk_posix_error();
    } else if (spk_posix_line_broken(fd)) {
        spk_posix_end_group(getpid()); /* the parent was gone before */
    }
    return status;
}

/* Should it fail, the worker does it itself a moment later. */
void spk_posix_lifeline_arm_early(int fd, pid_t pid)
{
    (void)arm(fd, pid);
}
