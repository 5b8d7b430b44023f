/*
 * A process about itself, on macOS. Its libraries keep threads and ports that a fork breaks: spawn is the
 * better default there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include "../mem.h"

#include <crt_externs.h>
#include <mach-o/dyld.h>
#include <stdlib.h>
#include <string.h>

static char path[4096];

void spk_posix_self_remember(void)
{
    char found[sizeof path], *real;
    uint32_t size = sizeof found;

    if (path[0] == '\0' && _NSGetExecutablePath(found, &size) == 0) {
        real = realpath(found, NULL);
        if (real != NULL && strlen(real) < sizeof path) strcpy(path, real);
        free(real);
    }
}

const char *spk_posix_self_program(void)
{
    spk_posix_self_remember();
    return path[0] != '\0' ? path : NULL;
}

const char *spk_posix_self_name(void)
{
    return spk_posix_self_program();
}

int spk_posix_self_forks_well(void)
{
    return 0;
}

apr_status_t spk_os_command_line(int *argc, char ***argv, apr_pool_t *mem)
{
    char **given = *_NSGetArgv();
    int i, n = *_NSGetArgc();

    *argv = spk_mem_zeroed(mem, ((size_t)n + 1) * sizeof **argv);
    if (*argv == NULL) return APR_ENOMEM;
    for (i = 0; i < n; i++) {
        (*argv)[i] = spk_mem_copy(mem, given[i], strlen(given[i]) + 1);
        if ((*argv)[i] == NULL) return APR_ENOMEM;
    }
    *argc = n;
    return APR_SUCCESS;
}
