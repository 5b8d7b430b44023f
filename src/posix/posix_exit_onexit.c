/*
 * A task that calls exit() in a forked worker must not run the parent's atexit handlers. Handlers run
 * in reverse order (C11 7.22.4.4), so one that the worker registers comes first, and ends the process. glibc's
 * on_exit() tells it the exit code.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE
#endif
#include "posix.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void end_here(int code, void *unused)
{
    (void)unused;
    fflush(stdout);
    fflush(stderr);
    _exit(code);
}

void spk_posix_exit_shield(void)
{
    on_exit(end_here, NULL); /* may fail for want of memory: then the parent's handlers run */
}
