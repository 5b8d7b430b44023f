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

apr_status_t spk_posix_lifeline_arm(int fd)
{
    apr_status_t status = APR_SUCCESS;
    int flags = fcntl(fd, F_GETFL);

    if (flags == -1 || fcntl(fd, F_SETOWN, -getpid()) == -1 || fcntl(fd, F_SETSIG, SIGKILL) == -1 ||
        fcntl(fd, F_SETFL, flags | O_ASYNC) == -1) {
        status = spk_posix_error();
    } else if (spk_posix_line_broken(fd)) {
        spk_posix_end_group(getpid()); /* the parent was gone before */
    }
    return status;
}
