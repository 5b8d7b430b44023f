/*
 * A task that calls exit() in a forked worker must not run the parent's atexit handlers. Handlers run
 * in reverse order (C11 7.22.4.4), so one that the worker registers comes first, and ends the process. It is
 * not told the exit code: every exit() of a task is then reported as EXIT_FAILURE. (_exit() is not.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void end_here(void)
{
    fflush(stdout);
    fflush(stderr);
    _exit(EXIT_FAILURE);
}

void spk_posix_exit_shield(void)
{
    atexit(end_here);
}
