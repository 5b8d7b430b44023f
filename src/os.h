/*
 * The narrow waist: all that spork asks of an operating system. src/posix and src/win32 implement
 * exactly this, in files of the same nouns; nothing above it knows which of them it runs on.
 *
 * Once for all functions:
 *  - A status is APR_SUCCESS or an apr_status_t that APR can word (APR_FROM_OS_ERROR of errno or
 *    GetLastError()). After a failure everything the call had opened is closed again.
 *  - Destroy functions cannot fail, accept the half-built and the already destroyed, and leave the
 *    object in its "none" state.
 *  - No descriptor or handle is ever inherited by a process that was not meant to have it: all are
 *    CLOEXEC / non-inheritable from birth, and in a child that the host forks they are closed.
 *  - EINTR is dealt with inside. SIGPIPE is never raised. Nothing prints.
 *  - Time-outs are microseconds, negative for ever, 0 just looks; waits may end early ("spurious").
 *  - Different objects may be used by different threads at the same time.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_OS_H
#define SPK_OS_H

#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_time.h>
#include <stddef.h>
#include <stdint.h>

/* A descriptor or a HANDLE, as a word; each use below says which. */
typedef struct {
    intptr_t v;
} spk_os_handle_t;
#define SPK_OS_NONE_V ((intptr_t)-1)

/* ---- facts: differences between systems, as data ------------------------------------------- */

typedef struct {
    int can_fork;        /* the fork start method exists */
    int fork_by_default; /* AUTO picks it while the process has one thread */
    size_t page_size;    /* granularity of commit, bytes */
    uint64_t memory;     /* physical memory of the machine, bytes (1 GiB if unknown) */
    size_t reserve;      /* a sensible arena reservation when the user names none, bytes */
} spk_os_facts_t;

void spk_os_facts(spk_os_facts_t *facts);

/* Processors that this process may use now, at least 1: affinity ∩ cgroup v1/v2 quota (rounded up) ∩
 * job object. */
int spk_os_cpu_count(void);

/* Number of the processor that this thread is on, which may be another one at once; -1: nobody tells, or not cheaply. */
int spk_os_cpu(void);

/* Threads in this process now; 0 if the system does not tell. */
int spk_os_thread_count(void);

/* This process's id. */
int64_t spk_os_pid(void);

/* Monotonic clock, nanoseconds since an unnamed moment, the same for all processes of the machine. */
uint64_t spk_os_clock(void);

/* Give the processor away once (sched_yield). */
void spk_os_yield(void);

/* 1 if the environment may be believed: not set-user-id, set-group-id or with file capabilities. */
int spk_os_env_trusted(void);

/* The command line of this process, argv[argc] == NULL, UTF-8, in mem. */
apr_status_t spk_os_command_line(int *argc, char ***argv, apr_pool_t *mem);

/* To be called early in main (spork_init): remembers what finds the executable again later even if
 * the working directory has changed, PATH is empty, or the file was renamed or replaced; and
 * prepares for the host's own fork()s (their children close what is spork's). */
apr_status_t spk_os_init(void);

/* 1 if stdout or stderr hold output that was not written yet, 0 if not; -1: nobody can tell, and a flush costs locks. */
int spk_os_stdio_pending(void);

/* Forget stdio output that a fork child inherited unflushed, so that it is never written twice. */
void spk_os_stdio_forget(void);

/* ---- the terminal on stderr ----------------------------------------------------------------------- */

/* How many columns wide it is now, 80 if it does not say; 0: it is there, but this process is in its background and should
 * leave it alone for now; negative: stderr is no terminal. */
int spk_os_terminal_columns(void);

/* Write UTF-8 to it. What it does not take at once (it was stopped by Ctrl-S, say) is lost: never blocks where the
 * system tells. */
void spk_os_terminal_write(const char *text, size_t size);

/* ---- shared memory: one anonymous mapping, reserved large, committed from its start in steps ---- */

typedef struct {
    spk_os_handle_t handle; /* what another process attaches by */
    unsigned char *base;    /* NULL: none */
    size_t reserved;        /* bytes of address space */
    size_t committed;       /* bytes from base that may be touched */
} spk_os_shm_t;
/* clang-format off */
#define SPK_OS_SHM_NONE { { SPK_OS_NONE_V }, NULL, 0, 0 }
/* clang-format on */

/* Reserve `reserve` bytes (rounded up to pages); where the system refuses, half of it, and again, but
 * never less than `at_least`. Nothing is committed. No name of it is left in any name space. */
apr_status_t spk_os_shm_create(spk_os_shm_t *shm, size_t reserve, size_t at_least);

/* Make the first `size` bytes usable; new ones read zero. Returns ENOSPC/ENOMEM (never SIGBUS later)
 * if the system has no room. Idempotent; also legal (and cheap) in a process that attached, before it
 * touches what the creator has committed. */
apr_status_t spk_os_shm_commit(spk_os_shm_t *shm, size_t size);

/* Give the pages inside [offset, offset+size) back to the system; they read zero afterwards. Returns 1 if so, 0 if
 * this system cannot (then contents are unchanged). Until they are restored, touching them may be SIGBUS if the
 * system has no room. */
int spk_os_shm_discard(spk_os_shm_t *shm, size_t offset, size_t size);

/* Make committed bytes usable that may have been discarded; what was not keeps its contents. ENOSPC/ENOMEM if the
 * system has no room, APR_EINVAL for bytes that are not committed. */
apr_status_t spk_os_shm_restore(spk_os_shm_t *shm, size_t offset, size_t size);

/* Map a segment of another process: handle as inherited, reserved as its creator says. APR_EINVAL if
 * the handle is not such a segment or is smaller. */
apr_status_t spk_os_shm_attach(spk_os_shm_t *shm, spk_os_handle_t handle, size_t reserved);

/* Unmap and close. */
void spk_os_shm_destroy(spk_os_shm_t *shm);

/* ---- bells: wake-ups that survive the death of either side -------------------------------- */

/* Rings are not counted: any number before a wait wake one wait. A ring is never lost: one that
 * comes before the wait ends that wait at once. */
typedef struct {
    spk_os_handle_t wait; /* what a waiter waits on */
    spk_os_handle_t ring; /* what a ringer uses; may be the same */
} spk_os_bell_t;
/* clang-format off */
#define SPK_OS_BELL_NONE { { SPK_OS_NONE_V }, { SPK_OS_NONE_V } }
/* clang-format on */

apr_status_t spk_os_bell_create(spk_os_bell_t *bell);
/* Async-signal-safe, never blocks. Also from a process that has only the ring half. */
void spk_os_bell_ring(const spk_os_bell_t *bell);
void spk_os_bell_destroy(spk_os_bell_t *bell);

/* ---- files that several processes append to -------------------------------------------------- */

/* Open for appending, made if it is not there. `path` is absolute, UTF-8. */
apr_status_t spk_os_append_open(spk_os_handle_t *file, const char *path);
/* Append, in one piece whoever else appends; *written says how much of it stands there, after a failure too. A disk
 * that is full and a limit to the size of files are statuses, no signal. In a child that forked off the process which
 * opened it: APR_EINVAL. */
apr_status_t spk_os_append(spk_os_handle_t file, const void *data, size_t size, size_t *written);
/* 1 if the file is empty or ends with a newline, or the system does not tell. */
int spk_os_append_at_line(spk_os_handle_t file);
/* From now on stdout and stderr of this process are this file. */
apr_status_t spk_os_append_stdio(spk_os_handle_t file);
void spk_os_append_close(spk_os_handle_t *file);

/* Between these two, a file that would grow beyond the process's limit is a status of this thread's call, no signal. What
 * hold() returned is release()'s. */
int spk_os_growth_hold(void);
void spk_os_growth_release(int held);

/* ---- worker processes, the parent's side ---------------------------------------------------- */

/* What a worker is given, and all that it is given beside its standard streams. In the parent the
 * first three are filled by the caller; `line` is made by the start functions and is the worker's end
 * of a private channel that breaks when either process is gone. */
typedef struct {
    spk_os_handle_t shm;       /* the segment's handle */
    spk_os_bell_t bell;        /* the worker's own: it waits, the parent rings */
    spk_os_bell_t parent_bell; /* the worker rings, the parent waits */
    spk_os_handle_t line;
    /* Bytes of memory of its own that it may use beyond what it starts with, 0: no limit. From
     * spk_os_worker_enter() on at the latest, in each process that it starts as well, and neither the worker nor
     * those can lift it (but for a super-user); what shm maps never counts. No handle: whoever adopts
     * a kit in a spawned process puts it in again before that enters. */
    size_t memory_limit;
} spk_os_kit_t;

typedef struct {
    int64_t pid;             /* 0: none */
    spk_os_handle_t process; /* pidfd or process HANDLE; none where there is neither */
    spk_os_handle_t line;    /* the parent's end */
    spk_os_handle_t job;     /* Windows: the worker's own job object */
    int gone;                /* seen dead and reaped */
} spk_os_process_t;
/* clang-format off */
#define SPK_OS_PROCESS_NONE { 0, { SPK_OS_NONE_V }, { SPK_OS_NONE_V }, { SPK_OS_NONE_V }, 0 }
/* clang-format on */

/* How a process ended. */
typedef struct {
    int signal;         /* POSIX; 0: none, or stolen by a host that reaps */
    uint32_t exit_code; /* else */
    int no_memory;      /* 1: the system says that it died for want of memory; few systems do */
} spk_os_exit_t;

/* fork(). *in_child is 1 in the worker, where kit->line is its end and every other parent-side
 * object of every pool of the process is closed; 0 in the parent, where process is filled.
 * APR_ENOTIMPL where there is no fork. */
apr_status_t spk_os_process_fork(spk_os_process_t *process, spk_os_kit_t *kit, int *in_child);

/* Start `program` (UTF-8 path; NULL: this very executable) with one argument: `role` followed by
 * numbers from which spk_os_kit_adopt() finds the kit there. It inherits its standard streams and the
 * kit, nothing else. `hello` (at most 4096 bytes) is written to the line before the program starts:
 * what must not stand in a command line. No PATH search. APR_EAGAIN: not now, another try may do. */
apr_status_t spk_os_process_spawn(spk_os_process_t *process, const spk_os_kit_t *kit, const char *program,
                                  const char *role, const void *hello, size_t hello_size);

/* Has it ended? APR_CHILD_DONE (exit filled; the process is reaped, and what else was left in its
 * process group or job is killed first), or APR_CHILD_NOTDONE. Never blocks, never reaps another. */
apr_status_t spk_os_process_poll(spk_os_process_t *process, spk_os_exit_t *exit);

/* Kill it, with all that it started; also while it is stopped. Does not wait. Never hits another
 * process that got the same id: nothing happens once it is known to be gone. */
void spk_os_process_kill(const spk_os_process_t *process);

/* Close the parent's handles on it. A process that was not seen gone is killed and waited for first. */
void spk_os_process_destroy(spk_os_process_t *process);

/* ---- the parent's waiting ---------------------------------------------------------------------- */

typedef struct spk_os_watch_t spk_os_watch_t;

/* A set of one bell and up to max processes; lives in mem, its clean-up destroys it. */
apr_status_t spk_os_watch_create(spk_os_watch_t **watch, const spk_os_bell_t *bell, int max, apr_pool_t *mem);
/* Place i (0 … max−1) watches this process; NULL: nobody. The process is copied. */
void spk_os_watch_set(spk_os_watch_t *watch, int i, const spk_os_process_t *process);
/* Wait for the bell (taken by the wait), a death, or the time. Any return means: look at everything.
 * APR_TIMEUP if nothing happened. Where a system cannot watch them all at once (more than 62 on
 * Windows), a death may only show in spk_os_process_poll(). */
apr_status_t spk_os_watch_wait(spk_os_watch_t *watch, apr_interval_time_t timeout);
/* After a wait: 1 if place i may have died; call spk_os_process_poll(). */
int spk_os_watch_fired(const spk_os_watch_t *watch, int i);

/* ---- the worker's side ---------------------------------------------------------------------------- */

/* In a spawned process: find the kit from the numbers that spk_os_process_spawn() put behind the
 * role, check that each is open and of its kind, close every other descriptor above the standard
 * streams. APR_EINVAL if any of it is not so; then nothing was closed. */
apr_status_t spk_os_kit_adopt(spk_os_kit_t *kit, const char *numbers);

/* Read exactly `size` bytes of the hello; APR_EOF if there are not as many within the time-out. */
apr_status_t spk_os_line_read(spk_os_handle_t line, void *hello, size_t size, apr_interval_time_t timeout);

/* From here on this is a worker: own process group; signals unblocked, those that the host handles at
 * their defaults, those that it ignores ignored, and so is SIGINT; no crash dialogs; and from here on the process, with all that it started, ends at once when
 * the parent is gone, busy or idle; it has the kit's memory limit. APR_ENOTIMPL if there is one, but this
 * system does not keep it. */
apr_status_t spk_os_worker_enter(const spk_os_kit_t *kit);

/* Sleep until the own bell rings. APR_TIMEUP after the time-out, APR_EOF if the parent is gone, or can call this worker
 * no more: a task has closed what it does not own. */
apr_status_t spk_os_worker_sleep(const spk_os_kit_t *kit, apr_interval_time_t timeout);

/* End this process at once: no atexit handler, no stdio flush. Does not return. */
void spk_os_exit(int code);

#endif
