/*
 * Setting aside pages of a shared memory object with posix_fallocate(). A file system that cannot do
 * that says so in one of three ways, and then there is nothing better than to go on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>

int spk_posix_shm_room(int fd, size_t offset, size_t size)
{
    int error = posix_fallocate(fd, (off_t)offset, (off_t)size);

    return error == EINVAL || error == EOPNOTSUPP || error == ENODEV ? 0 : error;
}
