/*
 * Files that several processes append to: O_APPEND, and one write a piece.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

apr_status_t spk_os_append_open(spk_os_handle_t *file, const char *path)
{
    apr_status_t status = spk_posix_guard_enter();
    int fd;

    *file = spk_posix_none();
    if (status != APR_SUCCESS) return status;
    do {
        fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOCTTY | O_CLOEXEC, 0666);
    } while (fd == -1 && errno == EINTR);
    status = fd >= 0 ? spk_posix_guard_keep(fd, file) : spk_posix_error();
    spk_posix_guard_leave();
    return status;
}

void spk_os_append_close(spk_os_handle_t *file)
{
    spk_posix_guard_close(file);
}

/* ---- SIGXFSZ: blocked, and taken if it came ------------------------------------------------------------- */

static int is_pending(sigset_t *growth)
{
    sigset_t pending;

    sigemptyset(growth);
    sigaddset(growth, SIGXFSZ);
    return sigpending(&pending) == 0 && sigismember(&pending, SIGXFSZ) == 1;
}

/* 1: it was not blocked before. One that is pending already is somebody else's, and stays so. */
int spk_os_growth_hold(void)
{
    sigset_t growth, old;

    sigemptyset(&growth);
    sigaddset(&growth, SIGXFSZ);
    return pthread_sigmask(SIG_BLOCK, &growth, &old) == 0 && sigismember(&old, SIGXFSZ) == 0;
}

static void unblock(int take)
{
    sigset_t growth;
    int signal;

    if (take && is_pending(&growth)) sigwait(&growth, &signal);
    sigemptyset(&growth);
    sigaddset(&growth, SIGXFSZ);
    pthread_sigmask(SIG_UNBLOCK, &growth, NULL);
}

void spk_os_growth_release(int held)
{
    if (held) unblock(1);
}

/* ---- appending ---------------------------------------------------------------------------------------------- */

/* A write that the disk or a limit cuts short is tried once more, for the error. */
static apr_status_t write_all(int fd, const unsigned char *data, size_t size, size_t *written)
{
    struct iovec piece;
    ssize_t n;

    for (*written = 0; *written < size; *written += (size_t)n) {
        piece.iov_base = (void *)(uintptr_t)(data + *written);
        piece.iov_len = size - *written;
        do {
            n = writev(fd, &piece, 1);
        } while (n == -1 && errno == EINTR);
        if (n == 0) return APR_FROM_OS_ERROR(ENOSPC);
        if (n < 0) return spk_posix_error();
    }
    return APR_SUCCESS;
}

apr_status_t spk_os_append(spk_os_handle_t file, const void *data, size_t size, size_t *written)
{
    apr_status_t status;
    int held;

    *written = 0;
    if (file.v < 0 || spk_posix_guard_is_inherited(file)) return APR_EINVAL;
    held = spk_os_growth_hold();
    status = write_all(spk_posix_fd(file), data, size, written);
    if (held) unblock(status == APR_FROM_OS_ERROR(EFBIG));
    return status;
}

int spk_os_append_at_line(spk_os_handle_t file)
{
    struct stat about;
    char last = '\n';
    int fd = spk_posix_fd(file);

    if (file.v < 0 || spk_posix_guard_is_inherited(file) || fstat(fd, &about) == -1 || about.st_size == 0)
        return 1;
    return pread(fd, &last, 1, about.st_size - 1) != 1 || last == '\n';
}

/* ---- the standard streams ------------------------------------------------------------------------------------ */

static int put(int from, int to)
{
    int result;

    do {
        result = dup2(from, to);
    } while (result == -1 && errno == EINTR);
    return result == to;
}

apr_status_t spk_os_append_stdio(spk_os_handle_t file)
{
    int fd = spk_posix_fd(file);

    if (file.v < 0) return APR_EINVAL;
    return put(fd, STDOUT_FILENO) && put(fd, STDERR_FILENO) ? APR_SUCCESS : spk_posix_error();
}
