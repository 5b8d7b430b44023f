/*
 * A process about itself, on Linux: /proc. Its executable is found there even if the file was renamed,
 * replaced or deleted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include "../mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXE "/proc/self/exe"

static char path[4096];

void spk_posix_self_remember(void)
{
    ssize_t n;

    if (path[0] == '\0') {
        n = readlink(EXE, path, sizeof path - 1);
        path[n > 0 ? n : 0] = '\0';
    }
}

const char *spk_posix_self_program(void)
{
    spk_posix_self_remember();
    if (access(EXE, X_OK) == 0) return EXE;
    return path[0] != '\0' ? path : NULL;
}

const char *spk_posix_self_name(void)
{
    spk_posix_self_remember();
    return path[0] != '\0' ? path : EXE;
}

int spk_posix_self_forks_well(void)
{
    return 1;
}

apr_status_t spk_os_command_line(int *argc, char ***argv, apr_pool_t *mem)
{
    size_t size = 0, at;
    char *text = spk_posix_file_read("/proc/self/cmdline", &size), *kept;
    int n = 0, room = 0;

    if (text == NULL) return errno == ENOENT || errno == EACCES ? APR_ENOTIMPL : spk_posix_error();
    kept = spk_mem_copy(mem, text, size + 1);
    free(text);
    if (kept == NULL) return APR_ENOMEM;
    for (at = 0; at < size; at++) room += kept[at] == '\0';
    *argv = spk_mem_zeroed(mem, ((size_t)room + 2) * sizeof **argv);
    if (*argv == NULL) return APR_ENOMEM;
    for (at = 0; at < size; at += strlen(kept + at) + 1) (*argv)[n++] = kept + at;
    *argc = n;
    return APR_SUCCESS;
}
