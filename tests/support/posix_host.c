/*
 * host.h over POSIX.1-2008.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS; on the BSDs: */
#endif
#ifndef __BSD_VISIBLE
#define __BSD_VISIBLE 1
#endif
#ifndef _NETBSD_SOURCE
#define _NETBSD_SOURCE 1
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1
#endif
#include "host.h"

#include <apr_file_info.h>
#include <apr_portable.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STACK_BYTES ((rlim_t)8 << 20)
#define DESCRIPTORS_SEEN 8192

void host_setup(void)
{
    struct rlimit limit;

    limit.rlim_cur = limit.rlim_max = 0;
    (void)setrlimit(RLIMIT_CORE, &limit);
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur > STACK_BYTES) {
        limit.rlim_cur = STACK_BYTES;
        (void)setrlimit(RLIMIT_STACK, &limit);
    }
}

int64_t host_pid(void)
{
    return (int64_t)getpid();
}

void host_set_error(int error)
{
    errno = error;
}

int host_can_fork(void)
{
    return 1;
}

const char *host_executable(const char *argv0, apr_pool_t *mem)
{
    char *path = NULL;
    return apr_filepath_merge(&path, NULL, argv0, APR_FILEPATH_TRUENAME, mem) == APR_SUCCESS ? path : argv0;
}

/* ECHILD: the host ignores SIGCHLD or reaps, and the process is gone altogether. 0 is a worker that is being
 * replaced, and for kill() this whole process group. */
void host_kill(int64_t pid)
{
    siginfo_t info;
    if (pid <= 0 || kill((pid_t)pid, SIGKILL) != 0) return;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) continue;
}

void host_kill_self(void)
{
    (void)raise(SIGKILL);
}

/* macOS reports a protection fault as SIGBUS. */
int host_died_as(die_e how, int signal, uint32_t exit_code)
{
    switch (how) {
    case DIE_KILLED: return signal == SIGKILL && exit_code == 0;
    case DIE_FAULT:
    case DIE_STACK: return (signal == SIGSEGV || signal == SIGBUS) && exit_code == 0;
    case DIE_ABORT: return signal == SIGABRT && exit_code == 0;
    case DIE_EXIT_0: return signal == 0 && exit_code == 0;
#if defined(SPORK_TEST_EXIT_CODE_LOST) /* src/posix/posix_exit_plain.c */
    case DIE_EXIT_3: return signal == 0 && (exit_code == 3 || exit_code == EXIT_FAILURE);
#else
    case DIE_EXIT_3: return signal == 0 && exit_code == 3;
#endif
    }
    return 0;
}

apr_status_t host_make_inheritable(apr_file_t *file)
{
    apr_os_file_t fd;
    apr_status_t status = apr_os_file_get(&fd, file);
    if (status == APR_SUCCESS && fcntl(fd, F_SETFD, 0) != 0) status = errno;
    return status;
}

int host_holds_file(const char *path)
{
    struct stat wanted, held;

    if (stat(path, &wanted) != 0) return -1;
    for (int fd = 0; fd < DESCRIPTORS_SEEN; fd++)
        if (fstat(fd, &held) == 0 && held.st_dev == wanted.st_dev && held.st_ino == wanted.st_ino) return 1;
    return 0;
}

int host_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < DESCRIPTORS_SEEN; fd++) count += fcntl(fd, F_GETFD) != -1;
    return count;
}

void host_close_streams(unsigned which)
{
    for (int fd = 0; fd < 3; fd++)
        if ((which & (1u << fd)) != 0) (void)close(fd);
}

void host_close_everything(int streams_too)
{
    for (int fd = streams_too ? 0 : 3; fd < DESCRIPTORS_SEEN; fd++) (void)close(fd);
}

void host_stop_self(void)
{
    (void)raise(SIGSTOP);
}

static int limit_allows(int resource, rlim_t wanted)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= wanted)
        return 1;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < wanted) return 0;
    limit.rlim_cur = wanted;
    return setrlimit(resource, &limit) == 0;
}

/* Eight descriptors a worker is generous; the processes of the same user elsewhere count as well. */
int host_has_room_for(int workers)
{
    int room = limit_allows(RLIMIT_NOFILE, (rlim_t)workers * 8 + 64);
#ifdef RLIMIT_NPROC /* not in POSIX, but in all its systems but Solaris */
    room = room && limit_allows(RLIMIT_NPROC, (rlim_t)workers * 2 + 64);
#endif
    return room;
}

void *host_take_memory(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory != MAP_FAILED ? memory : NULL;
}

void host_give_memory(void *memory, size_t size)
{
    (void)munmap(memory, size);
}

/* The hard limit of one or the other, whichever this build uses. */
uint64_t host_memory_limit(void)
{
    static const int resources[] = { RLIMIT_DATA, RLIMIT_AS };
    struct rlimit limit;

    for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
        if (getrlimit(resources[i], &limit) == 0 && limit.rlim_max != RLIM_INFINITY)
            return (uint64_t)limit.rlim_max;
    return 0;
}

/* qemu-user takes a limit of memory and forgets it, for it would be its own: what was set is not there then. */
int host_keeps_memory_limit(void)
{
    struct rlimit before, half, after;
    int kept = 0;

    if (getrlimit(RLIMIT_DATA, &before) == 0) {
        half = before;
        half.rlim_cur = before.rlim_cur / 2;
        kept = setrlimit(RLIMIT_DATA, &half) == 0 && getrlimit(RLIMIT_DATA, &after) == 0 &&
               after.rlim_cur == half.rlim_cur;
        (void)setrlimit(RLIMIT_DATA, &before);
    }
    return kept;
}

int host_die_of_memory(void)
{
    return 0;
}
