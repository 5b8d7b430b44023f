/*
 * The object behind shared memory on Linux: a memfd. It has no name, is not subject to the size of
 * /dev/shm, and is sealed: nobody who holds it can make it shorter under another's feet.
 *
 * Pages that were punched out and are touched again are taken on demand. That cannot be SIGBUS here, for
 * a memfd has no size limit of its own; a system without memory kills for it, as for any memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Younger than the C libraries that this must build with; the numbers are the kernel's interface. */
#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 0x1U
#define MFD_ALLOW_SEALING 0x2U
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8U
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#define F_SEAL_SEAL 0x1
#define F_SEAL_SHRINK 0x2
#define F_SEAL_GROW 0x4
#endif

static int memfd(unsigned flags)
{
    return (int)syscall(SYS_memfd_create, "spork", flags);
}

int spk_posix_shm_object(size_t size)
{
    off_t length = (off_t)size;
    int fd, result = -1, kept_errno;

    if (length < 0 || (size_t)length != size) {
        errno = EFBIG;
        return -1;
    }
    fd = memfd(MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd == -1 && errno == EINVAL) fd = memfd(MFD_CLOEXEC | MFD_ALLOW_SEALING); /* before Linux 6.3 */
    if (fd >= 0) {
        do {
            result = ftruncate(fd, length);
        } while (result == -1 && errno == EINTR);
        if (result == 0) result = fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    }
    if (fd >= 0 && result == -1) {
        kept_errno = errno;
        close(fd);
        errno = kept_errno;
        fd = -1;
    }
    return fd;
}

int spk_posix_shm_is_object(int fd)
{
    int seals = fcntl(fd, F_GET_SEALS);

    return seals != -1 && (seals & F_SEAL_SHRINK) != 0;
}

void spk_posix_shm_no_dump(void *base, size_t size)
{
    madvise(base, size, MADV_DONTDUMP);
}

int spk_posix_shm_room(int fd, size_t offset, size_t size)
{
    return fallocate(fd, 0, (off_t)offset, (off_t)size) == 0 ? 0 : errno;
}

int spk_posix_shm_punch(int fd, size_t offset, size_t size)
{
    int result;

    do {
        result = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size);
    } while (result == -1 && errno == EINTR);
    return result == 0;
}
