/*
 * What the conformance tests ask of the system beneath them and APR does not have; posix_host.c and
 * win32_host.c implement it. Differences between systems come back as data.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_HOST_H
#define TEST_HOST_H

#include <apr_file_io.h>
#include <apr_pools.h>
#include <stdint.h>

/* The ways in which a task can end its process. */
typedef enum { DIE_KILLED, DIE_FAULT, DIE_ABORT, DIE_EXIT_0, DIE_EXIT_3, DIE_STACK } die_e;

/* Once per process: no core files, no crash dialogs, a stack that can overflow before memory does. */
void host_setup(void);

int64_t host_pid(void);

/* What the system's calls have failed with last: errno, and GetLastError() where there is one. */
void host_set_error(int error);

/* 1 if the fork start method exists. */
int host_can_fork(void);

/* The UTF-8 path of this program's file, absolute. */
const char *host_executable(const char *argv0, apr_pool_t *mem);

/* End a child of this process as an administrator would; returns once it is dead, does not reap it.
 * 0 is nobody. */
void host_kill(int64_t pid);

/* End the calling process in the same way. */
void host_kill_self(void);

/* 1 if a worker that died so may be reported with this signal and exit code. */
int host_died_as(die_e how, int signal, uint32_t exit_code);

/* Let child processes inherit this file. */
apr_status_t host_make_inheritable(apr_file_t *file);

/* 1 if one of this process's descriptors is the file of that path, 0 if none, -1 if the system does not
 * tell. */
int host_holds_file(const char *path);

/* How many descriptors this process has open; -1 if the number means nothing here. */
int host_descriptors(void);

/* Close the standard streams whose bit (1: in, 2: out, 4: err) is set. */
void host_close_streams(unsigned which);

/* Close every descriptor or handle of this process that a program can name, the standard streams with them or not. */
void host_close_everything(int streams_too);

/* Stop this process, as far as it has only the calling thread: it goes on no more by itself. */
void host_stop_self(void);

/* 1 if this process could hold so many descriptors and child processes (limits are raised where that is
 * allowed). */
int host_has_room_for(int workers);

/* Memory straight from the system, not yet touched; NULL if it gives none. */
void *host_take_memory(size_t size);
void host_give_memory(void *memory, size_t size);

/* Bytes that the limit of memory of the calling process stands at, for good; 0 if it has none. */
uint64_t host_memory_limit(void);

/* 1 if such a limit is kept here. Wine and qemu-user take it, do not keep it, and do not give it back. */
int host_keeps_memory_limit(void);

/* End the calling process as the system ends one that had to have memory and got none; returns 0 where a
 * system has no such end. */
int host_die_of_memory(void);

#endif
