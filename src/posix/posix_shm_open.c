/*
 * The object behind shared memory where there is no memfd: shm_open() under a name that cannot be
 * guessed, unlinked at once. posix_room_*.c allocates its pages.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define TRIES 100

static uint64_t unpredictable(void)
{
    static unsigned count;
    uint64_t word = spk_os_clock() * 0x9E3779B97F4A7C15u ^ (uint64_t)getpid() << 40 ^ ++count;
    uint64_t noise = 0;
    int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        if (read(fd, &noise, sizeof noise) != (ssize_t)sizeof noise) noise = 0;
        close(fd);
    }
    return word ^ noise;
}

static int open_nameless(void)
{
    char name[31]; /* macOS: PSHMNAMLEN */
    int fd, tries = 0;

    do {
        snprintf(name, sizeof name, "/spork-%016llx", (unsigned long long)unpredictable());
        fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
    } while (fd == -1 && (errno == EEXIST || errno == EINTR) && ++tries < TRIES);
    if (fd >= 0) shm_unlink(name);
    return fd;
}

/* macOS allows one ftruncate() in an object's life, so it is given its whole size at birth. */
int spk_posix_shm_object(size_t size)
{
    off_t length = (off_t)size;
    int fd, result, kept_errno;

    if (length < 0 || (size_t)length != size) {
        errno = EFBIG;
        return -1;
    }
    fd = open_nameless();
    if (fd >= 0) {
        do {
            result = ftruncate(fd, length);
        } while (result == -1 && errno == EINTR);
        if (result == -1) {
            kept_errno = errno;
            close(fd);
            errno = kept_errno;
            fd = -1;
        }
    }
    return fd;
}

/* A file without a name (Linux, NetBSD), or what is in no file system at all (FreeBSD, which counts other
 * things in st_nlink; macOS, which does not even tell a type). */
int spk_posix_shm_is_object(int fd)
{
    struct statvfs system;
    struct stat about;

    return fstat(fd, &about) == 0 && (S_ISREG(about.st_mode) || (about.st_mode & S_IFMT) == 0) &&
           (about.st_nlink == 0 || fstatvfs(fd, &system) == -1);
}

void spk_posix_shm_no_dump(void *base, size_t size)
{
    (void)base;
    (void)size;
}

int spk_posix_shm_punch(int fd, size_t offset, size_t size)
{
    (void)fd;
    (void)offset;
    (void)size;
    return 0;
}
