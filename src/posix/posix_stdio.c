/*
 * The buffers of stdout and stderr, which ISO C does not let anybody look into. CMake finds out who does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define __BSD_VISIBLE 1 /* fpurge */
#define _NETBSD_SOURCE 1
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#if defined(SPK_HAVE_STDIO_EXT_H) /* glibc, musl */
#include <stdio_ext.h>
#endif

#if defined(SPK_HAVE_STDIO_EXT_H)

static void forget(FILE *stream)
{
    __fpurge(stream);
}

#if defined(__GLIBC__)
/* __fpending() without the call, for this is asked after every item: the fields stand in glibc's public
 * header (bits/types/struct_FILE.h) and are part of its binary interface. */
static int has_output(const FILE *stream)
{
    return stream->_IO_write_ptr > stream->_IO_write_base;
}
#else
static int has_output(FILE *stream)
{
    return __fpending(stream) > 0;
}
#endif

int spk_os_stdio_pending(void)
{
    return has_output(stdout) | has_output(stderr);
}

#else

#if defined(SPK_HAVE_FPURGE) /* macOS, the BSDs */

static void forget(FILE *stream)
{
    fpurge(stream);
}

#else

/* dup2() that no signal ends. */
static int put(int from, int to)
{
    int result;

    do {
        result = dup2(from, to);
    } while (result == -1 && errno == EINTR);
    return result == to;
}

/* Let it write, but to nowhere. A worker that cannot do that would write it a second time, and so ends here: its
 * parent starts another one. */
static void forget(FILE *stream)
{
    int fd = fileno(stream), nowhere, kept, forgotten = 0;

    if (fd < 0 || (fcntl(fd, F_GETFD) == -1 && errno == EBADF)) return; /* closed: it writes to nowhere */
    kept = fcntl(fd, F_DUPFD_CLOEXEC, SPK_POSIX_FD_MIN);
    nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (kept >= 0 && nowhere >= 0 && put(nowhere, fd)) {
        fflush(stream);
        forgotten = put(kept, fd);
    }
    if (nowhere >= 0) close(nowhere);
    if (kept >= 0) close(kept);
    if (!forgotten) _exit(EXIT_FAILURE);
}

#endif

int spk_os_stdio_pending(void)
{
    return -1;
}

#endif

void spk_os_stdio_forget(void)
{
    forget(stdout);
    forget(stderr);
}
