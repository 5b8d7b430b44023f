/*
 * What the files of the POSIX backend share. To be included first: it asks the system for POSIX.1-2008.
 * A file that needs more of its system says so in its own first lines.
 *
 * Descriptors that belong to spork are handles: a word made of the number and, in its upper bits, of how
 * many forks this process is away from the first one. The guard (posix_guard.c) knows every handle of
 * this process; one that it does not know is somebody else's and is left alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_POSIX_H
#define SPK_POSIX_H

#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
/* Systems that take their own names away when POSIX is asked for, among them some of POSIX's (SIGXFSZ, S_IFMT and dirfd()
 * are XSI or younger there, MSG_DONTWAIT is nobody's): FreeBSD, NetBSD, macOS. */
#ifndef __BSD_VISIBLE
#define __BSD_VISIBLE 1
#endif
#ifndef __XSI_VISIBLE
#define __XSI_VISIBLE 700
#endif
#ifndef _NETBSD_SOURCE
#define _NETBSD_SOURCE 1
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1
#endif

#include "../os.h"

#include <signal.h>
#include <sys/types.h>

/* No descriptor of spork's is below: the standard streams stay the host's, also where the host has closed
 * them, and 3 … are free for the kit of a spawned worker. */
#define SPK_POSIX_FD_MIN 16
#define SPK_POSIX_FD_BITS 20

static inline int spk_posix_fd(spk_os_handle_t handle)
{
    return handle.v < 0 ? -1 : (int)(handle.v & (((intptr_t)1 << SPK_POSIX_FD_BITS) - 1));
}

static inline spk_os_handle_t spk_posix_none(void)
{
    spk_os_handle_t none = { SPK_OS_NONE_V };
    return none;
}

/* errno as a status, never APR_SUCCESS. */
apr_status_t spk_posix_error(void);

/* ---- posix_guard.c ---- */

/* While it is held no other thread forks: what is opened and kept inside is closed in every child.
 * enter() fails only if the fork handlers cannot be installed; then there is nothing to leave. */
apr_status_t spk_posix_guard_enter(void);
void spk_posix_guard_leave(void);
/* getpid() without the system call. */
pid_t spk_posix_guard_pid(void);

/* Inside: take over an open descriptor, moved out of the way and CLOEXEC. After a failure it is closed. */
apr_status_t spk_posix_guard_keep(int fd, spk_os_handle_t *handle);
/* Inside: both or none. */
apr_status_t spk_posix_guard_keep_pair(const int fds[2], spk_os_handle_t *first, spk_os_handle_t *second);
/* Inside: close what is ours; *handle is none afterwards. */
void spk_posix_guard_drop(spk_os_handle_t *handle);
/* Inside: take over descriptors as they are, all or none (then they stay open and unknown). */
apr_status_t spk_posix_guard_adopt(const int *fds, int n);
/* Inside: this mapping belongs to this handle. */
apr_status_t spk_posix_guard_map(unsigned char *base, size_t size, spk_os_handle_t handle);

/* Outside: close; unmap and close; is it ours? */
void spk_posix_guard_close(spk_os_handle_t *handle);
void spk_posix_guard_unmap(unsigned char *base, size_t size);
int spk_posix_guard_has(spk_os_handle_t handle);
/* Was it made before this process was forked? */
int spk_posix_guard_is_inherited(spk_os_handle_t handle);

/* fork(). The child keeps the spared handles and what is mapped of them, and nothing else of spork's. */
pid_t spk_posix_guard_fork(const spk_os_handle_t *spared, int n);

/* ---- posix_pair_*.c: descriptor pairs, CLOEXEC from birth where the system can; 0 or -1 and errno ---- */

int spk_posix_socketpair(int fds[2]);
int spk_posix_pipe(int fds[2]);

/* ---- posix_shm_*.c, posix_room_*.c ---- */

/* A new nameless object of this size, all zero, with nothing allocated: its descriptor, or -1 and errno. */
int spk_posix_shm_object(size_t size);
/* Could this descriptor be such an object? */
int spk_posix_shm_is_object(int fd);
/* Keep a mapping out of core dumps. */
void spk_posix_shm_no_dump(void *base, size_t size);
/* Allocate a range: 0, or an errno value; EINTR if a signal came first. */
int spk_posix_shm_room(int fd, size_t offset, size_t size);
/* Free the pages of a range: 1, or 0 if that cannot be done. */
int spk_posix_shm_punch(int fd, size_t offset, size_t size);

/* ---- posix_bell_*.c ---- */

/* Take all rings; never blocks. */
void spk_posix_bell_drain(const spk_os_bell_t *bell);
/* Could these two descriptors be a bell? */
int spk_posix_bell_is(int wait_fd, int ring_fd);

/* ---- posix_line.c ---- */

/* A new line: the parent's and the worker's end. */
apr_status_t spk_posix_line_create(spk_os_handle_t *parents, spk_os_handle_t *workers);
/* Is the other side gone? Looks only, takes nothing. */
int spk_posix_line_broken(int fd);

/* ---- posix_pidfd*.c ---- */

/* A descriptor that is readable once the child is dead; -1 where there is none. */
int spk_posix_pidfd_open(pid_t pid);
/* waitid() on it, or on the number if fd is -1. */
int spk_posix_pidfd_waitid(int fd, pid_t pid, siginfo_t *info, int options);
/* SIGKILL to the process and the group of that name; never to another one. */
void spk_posix_pidfd_kill(int fd, pid_t pid);

/* ---- posix_process.c ---- */

/* Both start methods: the parent's record of its new child. */
void spk_posix_process_record(spk_os_process_t *process, pid_t pid, spk_os_handle_t line);

/* ---- posix_exit_*.c ---- */

/* In a forked worker: an exit() from now on runs none of the handlers that were there before. */
void spk_posix_exit_shield(void);

/* ---- posix_kit.c, posix_sweep_*.c ---- */

#define SPK_POSIX_KIT 6          /* handles in a kit */
#define SPK_POSIX_KIT_FIRST 3    /* the number of the first one in a spawned worker */
#define SPK_POSIX_KIT_NUMBERS 64 /* bytes that its numbers need, as text */

void spk_posix_kit_list(const spk_os_kit_t *kit, spk_os_handle_t list[SPK_POSIX_KIT]);
/* Number the distinct descriptors of a list from FIRST on; the text goes behind the role. */
void spk_posix_kit_number(const spk_os_handle_t list[SPK_POSIX_KIT], int numbers[SPK_POSIX_KIT],
                          char text[SPK_POSIX_KIT_NUMBERS]);
/* Close every descriptor above the standard streams but these (ascending). */
void spk_posix_sweep(const int *kept, int n);

/* ---- posix_lifeline_*.c ---- */

/* From now on this process group ends when the line breaks, whatever it does. */
apr_status_t spk_posix_lifeline_arm(int fd);
/* The parent does the same for a worker that it has just spawned, through its copy of the worker's end: what runs
 * there before spork_init() (constructors, a loader) is then covered, too. Where that cannot be done: nothing. */
void spk_posix_lifeline_arm_early(int fd, pid_t pid);
/* End this process and its group, now. */
void spk_posix_end_group(pid_t pid);

/* ---- posix_limit.c, posix_limit_*.c ---- */

/* From now on this process may use so many bytes more than it does. */
apr_status_t spk_posix_limit_memory(const spk_os_kit_t *kit);
/* No more of this resource than now and `more`, for good; a limit that is lower already stays. */
apr_status_t spk_posix_limit_keep(int resource, uint64_t now, uint64_t more);

/* ---- posix_self_*.c: what only this system can say of a process itself ---- */

/* Find out where the executable is, as long as that is possible. */
void spk_posix_self_remember(void);
/* What to execute, and what its name was; NULL if unknown. */
const char *spk_posix_self_program(void);
const char *spk_posix_self_name(void);
/* Does the system's own libraries survive a fork without exec? */
int spk_posix_self_forks_well(void);

/* ---- posix_file.c, posix_cgroup.c ---- */

/* All of a file, terminated with a zero; malloc'ed; NULL and errno if that fails. size may be NULL. */
char *spk_posix_file_read(const char *path, size_t *size);
/* Processors that the control groups' quotas leave, rounded up; 0: no limit. root goes before every path. */
int spk_posix_cgroup_cpus(const char *root);

#endif
