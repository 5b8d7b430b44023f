/*
 * Small files of the system's, read whole: their size is not known before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* errno tells why it failed. */
static char *read_all(int fd, size_t *size)
{
    char *text = NULL, *larger;
    size_t room = 0, have = 0;
    ssize_t n = 1;
    int kept_errno;

    while (n > 0 || (n == -1 && errno == EINTR)) {
        if (have + 1 >= room) {
            room = room > 0 ? 2 * room : 4096;
            larger = realloc(text, room);
            if (larger == NULL) {
                n = -1;
                break;
            }
            text = larger;
        }
        n = read(fd, text + have, room - have - 1);
        if (n > 0) have += (size_t)n;
    }
    if (n == 0) {
        text[have] = '\0';
        if (size != NULL) *size = have;
    } else {
        kept_errno = errno;
        free(text);
        errno = kept_errno;
        text = NULL;
    }
    return text;
}

char *spk_posix_file_read(const char *path, size_t *size)
{
    char *text = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC), kept_errno;

    if (fd >= 0) {
        text = read_all(fd, size);
        kept_errno = errno;
        close(fd);
        errno = kept_errno;
    }
    return text;
}
