/*
 * The lifeline without the kernel's help: a thread in the worker that sleeps until the line breaks. It has
 * all signals blocked, so that none of the task's is delivered to it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#define STACK_SIZE ((size_t)256 << 10)
#define LOOK_MS 100

static int watched_line;

/* A hello that was not read yet keeps the line readable: until then its end is looked for. */
static void *watch(void *nothing)
{
    struct pollfd line;
    pid_t pid = getpid();

    (void)nothing;
    line.fd = watched_line;
    while (!spk_posix_line_broken(line.fd)) {
        line.events = POLLIN;
        line.revents = 0;
        if (poll(&line, 1, 0) > 0 && !spk_posix_line_broken(line.fd)) {
            line.events = 0;
            poll(&line, 1, LOOK_MS);
        } else {
            poll(&line, 1, -1);
        }
    }
    spk_posix_end_group(pid);
    return NULL;
}

apr_status_t spk_posix_lifeline_arm(int fd)
{
    pthread_attr_t attributes;
    pthread_t thread;
    sigset_t all, before;
    int error = pthread_attr_init(&attributes);

    if (error == 0) {
        watched_line = fd;
        pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        pthread_attr_setstacksize(&attributes, STACK_SIZE); /* refused: the default will do */
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&thread, &attributes, watch, NULL);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
    }
    return error == 0 ? APR_SUCCESS : APR_FROM_OS_ERROR(error);
}

/* There is no thread yet: a worker whose parent dies before it comes to spork_init() ends there. */
void spk_posix_lifeline_arm_early(int fd, pid_t pid)
{
    (void)fd;
    (void)pid;
}
