/*
 * In front of the library's sources on Linux, the portable twins' too: each call that can fail, what it returns then,
 * and its errors that are worth trying. All headers of the system that the sources use come first.
 *
 * One line a call: tests/faults/check_calls.cmake reads them. What is called without standing here must stand in
 * posix_cannot_fail.txt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_POSIX_CALLS_H
#define TEST_POSIX_CALLS_H

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAULT_NO_FILE EMFILE, EACCES, ENOSPC

#include "heap_calls.h"

/* ---- descriptors ---- */
#define socketpair(...) FAULT(socketpair, (__VA_ARGS__), -1, EMFILE, ENFILE, ENOMEM)
#define pipe(...) FAULT(pipe, (__VA_ARGS__), -1, EMFILE, ENFILE)
#define pipe2(...) FAULT(pipe2, (__VA_ARGS__), -1, EMFILE, ENFILE)
#define eventfd(...) FAULT(eventfd, (__VA_ARGS__), -1, EMFILE, ENFILE, ENOMEM)
#define open(...) FAULT(open, (__VA_ARGS__), -1, EMFILE, ENFILE, ENOMEM, EACCES)
#define dup2(...) FAULT(dup2, (__VA_ARGS__), -1, EMFILE, EINTR)
#define fcntl(...) FAULT(fcntl, (__VA_ARGS__), -1, EMFILE, ENOMEM, EPERM)
#define fstat(...) FAULT(fstat, (__VA_ARGS__), -1, ENOMEM)
#define fstatvfs(...) FAULT(fstatvfs, (__VA_ARGS__), -1, EINTR, ENOSYS)
#define getsockopt(...) FAULT(getsockopt, (__VA_ARGS__), -1, ENOMEM)
#define getsockname(...) FAULT(getsockname, (__VA_ARGS__), -1, ENOBUFS)
#define opendir(...) FAULT(opendir, (__VA_ARGS__), NULL, EMFILE, ENOMEM, ENOENT)
#define readdir(...) FAULT(readdir, (__VA_ARGS__), NULL, ENOENT)
#define readlink(...) FAULT(readlink, (__VA_ARGS__), -1, ENOENT, ENOMEM)
#define access(...) FAULT(access, (__VA_ARGS__), -1, EACCES, ENOENT, ENOMEM)

/* ---- reading, writing, waiting: write()'s EAGAIN would be a bell that was rung ---- */
#define read(...) FAULT(read, (__VA_ARGS__), -1, EINTR, EIO)
#define write(...) FAULT(write, (__VA_ARGS__), -1, EINTR)
#define writev(...) FAULT(writev, (__VA_ARGS__), -1, EINTR, ENOSPC, EIO)
#define pread(...) FAULT(pread, (__VA_ARGS__), -1, EIO)
#define send(...) FAULT(send, (__VA_ARGS__), -1, EINTR, ENOBUFS, ENOMEM)
#define recv(...) FAULT(recv, (__VA_ARGS__), -1, EINTR, EAGAIN, ENOMEM)
#define ioctl(...) FAULT(ioctl, (__VA_ARGS__), -1, ENOTTY)
#define tcgetpgrp(...) FAULT(tcgetpgrp, (__VA_ARGS__), -1, ENOTTY)
#define poll(...) FAULT(poll, (__VA_ARGS__), -1, EINTR, ENOMEM)

/* ---- memory ---- */
#define mmap(...) FAULT(mmap, (__VA_ARGS__), MAP_FAILED, ENOMEM, ENFILE)
#define ftruncate(...) FAULT(ftruncate, (__VA_ARGS__), -1, EINTR, EFBIG, ENOSPC)
#define fallocate(...) FAULT(fallocate, (__VA_ARGS__), -1, EINTR, ENOSPC, ENOMEM)
#define posix_fallocate(...) FAULT(posix_fallocate, (__VA_ARGS__), fault_error(), EINTR, ENOSPC, EOPNOTSUPP)
#define shm_open(...) FAULT(shm_open, (__VA_ARGS__), -1, EINTR, EMFILE, ENFILE, EEXIST, EACCES)
#define setrlimit(...) FAULT(setrlimit, (__VA_ARGS__), -1, EPERM)
#define getrlimit(...) FAULT(getrlimit, (__VA_ARGS__), -1, EINVAL)

/* ---- processes; waitid()'s ECHILD would be a lie that leaves a zombie ---- */
#define fork() FAULT(fork, (), -1, EAGAIN, ENOMEM)
#define waitid(...) FAULT(waitid, (__VA_ARGS__), -1, EINTR, EINVAL)
#define kill(...) FAULT(kill, (__VA_ARGS__), -1, EPERM, ESRCH)
#define setpgid(...) FAULT(setpgid, (__VA_ARGS__), -1, EACCES, EPERM)
#define posix_spawn(...) FAULT(posix_spawn, (__VA_ARGS__), fault_error(), EAGAIN, ENOMEM, ENOENT, EMFILE)
#define posix_spawn_file_actions_init(...) \
    FAULT(posix_spawn_file_actions_init, (__VA_ARGS__), fault_error(), ENOMEM)
#define posix_spawn_file_actions_adddup2(...) \
    FAULT(posix_spawn_file_actions_adddup2, (__VA_ARGS__), fault_error(), ENOMEM)
#define posix_spawnattr_init(...) FAULT(posix_spawnattr_init, (__VA_ARGS__), fault_error(), ENOMEM)
#define posix_spawnattr_setpgroup(...) FAULT(posix_spawnattr_setpgroup, (__VA_ARGS__), fault_error(), EINVAL)
#define posix_spawnattr_setsigmask(...) \
    FAULT(posix_spawnattr_setsigmask, (__VA_ARGS__), fault_error(), EINVAL)
#define posix_spawnattr_setflags(...) FAULT(posix_spawnattr_setflags, (__VA_ARGS__), fault_error(), EINVAL)
#define on_exit(...) FAULT(on_exit, (__VA_ARGS__), -1, ENOMEM)
#define atexit(...) FAULT(atexit, (__VA_ARGS__), -1, ENOMEM)
#define sched_getaffinity(...) FAULT(sched_getaffinity, (__VA_ARGS__), -1, EINVAL, EPERM)

/* ---- threads ---- */
#define pthread_atfork(...) FAULT(pthread_atfork, (__VA_ARGS__), fault_error(), ENOMEM)
#define pthread_attr_init(...) FAULT(pthread_attr_init, (__VA_ARGS__), fault_error(), ENOMEM)
#define pthread_attr_setstacksize(...) FAULT(pthread_attr_setstacksize, (__VA_ARGS__), fault_error(), EINVAL)
#define pthread_create(...) FAULT(pthread_create, (__VA_ARGS__), fault_error(), EAGAIN, EPERM)

/* ---- memory that a macro of glibc's asks for; musl's is calloc(), which stands above ---- */
#if defined(__GLIBC__)
#undef CPU_ALLOC
#define CPU_ALLOC(cpus) FAULT(__sched_cpualloc, (cpus), NULL, ENOMEM)
#endif

/* ---- system calls without a function ---- */
#define FAULT_SYS_memfd_create EMFILE, ENFILE, ENOMEM, EINVAL
#define FAULT_SYS_pidfd_open EMFILE, ENFILE, ENOMEM, ENOSYS
#define FAULT_SYS_pidfd_send_signal EINVAL, EPERM, ENOSYS
#define FAULT_SYS_close_range ENOSYS, EINVAL, ENOMEM
#define syscall(number, ...)                                                                  \
    (fault_here("syscall " #number, (const int[]){ FAULT_##number, 0 }) ? (fault_error(), -1) \
                                                                        : syscall(number, __VA_ARGS__))

#endif
