/*
 * Worker processes, from the parent: how they end. (How they start: win32_spawn.c.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "win32_common.h"

/* What the system raises where memory was asked for "or an exception" (HeapAlloc() with
 * HEAP_GENERATE_EXCEPTIONS): [MS-ERREF] 2.3.1. */
#define EXIT_NO_MEMORY 0xC0000017u
#define EXIT_COMMITMENT_LIMIT 0xC000012Du

#define DEATH_MILLISECONDS 10000u /* a terminated process is gone in less, unless a driver holds it */

apr_status_t spk_os_process_fork(spk_os_process_t *process, spk_os_kit_t *kit, int *in_child)
{
    static const spk_os_process_t none = SPK_OS_PROCESS_NONE;

    (void)kit;
    *process = none;
    *in_child = 0;
    return APR_ENOTIMPL;
}

apr_status_t spk_os_process_poll(spk_os_process_t *process, spk_os_exit_t *exit)
{
    DWORD code = 0;

    exit->signal = 0;
    exit->exit_code = 0;
    exit->no_memory = 0;
    if (spk_win32_is_none(process->process)) return APR_CHILD_DONE;
    /* Not by the exit code alone: 259, STILL_ACTIVE, can be one. */
    if (WaitForSingleObject(spk_win32_handle(process->process), 0) != WAIT_OBJECT_0) return APR_CHILD_NOTDONE;
    if (GetExitCodeProcess(spk_win32_handle(process->process), &code)) exit->exit_code = code;
    exit->no_memory = exit->exit_code == EXIT_NO_MEMORY || exit->exit_code == EXIT_COMMITMENT_LIMIT;
    if (!process->gone && !spk_win32_is_none(process->job))
        (void)TerminateJobObject(spk_win32_handle(process->job), SPK_WIN32_KILLED);
    process->gone = 1;
    return APR_CHILD_DONE;
}

/* By handle: as long as it is open, no other process gets the id. */
void spk_os_process_kill(const spk_os_process_t *process)
{
    if (process->gone || spk_win32_is_none(process->process)) return;
    if (!spk_win32_is_none(process->job))
        (void)TerminateJobObject(spk_win32_handle(process->job), SPK_WIN32_KILLED);
    (void)TerminateProcess(spk_win32_handle(process->process), SPK_WIN32_KILLED);
}

void spk_os_process_destroy(spk_os_process_t *process)
{
    static const spk_os_process_t none = SPK_OS_PROCESS_NONE;

    if (!process->gone && !spk_win32_is_none(process->process)) {
        spk_os_process_kill(process);
        (void)WaitForSingleObject(spk_win32_handle(process->process), DEATH_MILLISECONDS);
    }
    spk_win32_close(&process->line);
    spk_win32_close(&process->process);
    spk_win32_close(&process->job); /* ends what it still holds */
    *process = none;
}
