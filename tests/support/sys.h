/*
 * What tests ask of the system beside os.h; posix_sys.c and win32_sys.c, chosen by CMake.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_SYS_H
#define TEST_SYS_H

#include <stdint.h>

/* Descriptors (handles) that are open in this process now. */
int sys_descriptors(void);
/* 1 if there is no such process, or only its zombie. */
int sys_is_gone(int64_t pid);
/* Wait until it is gone, looking often; 0 if it still is there after so many seconds. */
int sys_await_gone(int64_t pid, int seconds);
/* End this process as if it had been killed from outside: signal 9, or exit code 9. */
void sys_kill_self(void);
/* Kill a single process, not its group. */
void sys_kill(int64_t pid);
/* A child of this process that sleeps for ever, in its group or job; 0 if it could not be started. */
int64_t sys_start_sleeper(void);
/* To be called first in main(): if this process was started as a sleeper, it does not return. */
void sys_sleep_if_sleeper(int argc, char **argv);
/* Something open that a child would inherit if nobody cared; -1 if it could not be opened. */
intptr_t sys_open_inheritable(void);
void sys_close_inheritable(intptr_t open);
/* 1 if that number is open here and now. */
int sys_is_open(intptr_t number);

#endif
