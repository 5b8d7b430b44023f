/*
 * host.h over Win32.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define WIN32_LEAN_AND_MEAN
#include "host.h"

#include <windows.h>

#include <apr_portable.h>
#include <apr_strings.h>
#include <errno.h>
#include <stdlib.h>

#define KILLED_CODE 9u       /* what apr_proc_kill() and Wine's kill leave, too */
#define MSVCRT_ABORT_CODE 3u /* abort() without the fault report, and always in msvcrt.dll */
#define PATH_UNITS 32768u
#define UNITS_TO_BYTES 3u /* a UTF-16 unit is at most three bytes of UTF-8 */

void host_setup(void)
{
    (void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
}

int64_t host_pid(void)
{
    return (int64_t)GetCurrentProcessId();
}

void host_set_error(int error)
{
    errno = error;
    SetLastError((DWORD)error);
}

int host_can_fork(void)
{
    return 0;
}

const char *host_executable(const char *argv0, apr_pool_t *mem)
{
    WCHAR *wide = apr_palloc(mem, PATH_UNITS * sizeof *wide);
    char *path = apr_pcalloc(mem, PATH_UNITS * UNITS_TO_BYTES);
    DWORD length = GetModuleFileNameW(NULL, wide, PATH_UNITS);

    if (length == 0 || length >= PATH_UNITS) return argv0;
    (void)WideCharToMultiByte(CP_UTF8, 0, wide, (int)length + 1, path, (int)(PATH_UNITS * UNITS_TO_BYTES),
                              NULL, NULL);
    return path;
}

void host_kill(int64_t pid)
{
    HANDLE process = OpenProcess(PROCESS_TERMINATE | SYNCHRONIZE, FALSE, (DWORD)pid);
    if (process == NULL) return;
    (void)TerminateProcess(process, KILLED_CODE);
    (void)WaitForSingleObject(process, INFINITE);
    (void)CloseHandle(process);
}

void host_kill_self(void)
{
    (void)TerminateProcess(GetCurrentProcess(), KILLED_CODE);
}

/* Wine ends a process whose stack overflows with exit code 0 (tried with Wine 8); Windows with the
 * exception's. */
static int under_wine(void)
{
    HMODULE ntdll = GetModuleHandleW(L"ntdll.dll");
    return ntdll != NULL && GetProcAddress(ntdll, "wine_get_version") != NULL;
}

int host_died_as(die_e how, int signal, uint32_t exit_code)
{
    if (signal != 0) return 0;
    switch (how) {
    case DIE_KILLED: return exit_code == KILLED_CODE;
    case DIE_FAULT: return exit_code == (uint32_t)STATUS_ACCESS_VIOLATION;
    case DIE_STACK: return exit_code == (uint32_t)STATUS_STACK_OVERFLOW || (exit_code == 0 && under_wine());
    case DIE_ABORT:
        return exit_code == MSVCRT_ABORT_CODE || exit_code == (uint32_t)STATUS_STACK_BUFFER_OVERRUN;
    case DIE_EXIT_0: return exit_code == 0;
    case DIE_EXIT_3: return exit_code == 3;
    }
    return 0;
}

apr_status_t host_make_inheritable(apr_file_t *file)
{
    apr_os_file_t handle;
    apr_status_t status = apr_os_file_get(&handle, file);
    if (status == APR_SUCCESS && !SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT))
        status = APR_FROM_OS_ERROR((int)GetLastError());
    return status;
}

int host_holds_file(const char *path)
{
    (void)path;
    return -1;
}

int host_descriptors(void)
{
    return -1;
}

void host_close_streams(unsigned which)
{
    static const DWORD names[] = { STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE };
    for (unsigned i = 0; i < 3; i++)
        if ((which & (1u << i)) != 0) {
            (void)CloseHandle(GetStdHandle(names[i]));
            (void)SetStdHandle(names[i], NULL);
        }
}

/* Numbers are multiples of four. Some belong to the system's libraries in this process: it is not to go on for long. */
void host_close_everything(int streams_too)
{
    static const DWORD names[] = { STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE };
    HANDLE streams[3];

    for (unsigned i = 0; i < 3; i++) streams[i] = streams_too ? NULL : GetStdHandle(names[i]);
    for (uintptr_t number = 4; number < 0x4000; number += 4) {
        HANDLE handle = (HANDLE)number;

        if (handle != streams[0] && handle != streams[1] && handle != streams[2]) (void)CloseHandle(handle);
    }
}

void host_stop_self(void)
{
    (void)SuspendThread(GetCurrentThread());
}

int host_has_room_for(int workers)
{
    (void)workers;
    return 1;
}

void *host_take_memory(size_t size)
{
    return VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void host_give_memory(void *memory, size_t size)
{
    (void)size;
    (void)VirtualFree(memory, 0, MEM_RELEASE);
}

uint64_t host_memory_limit(void)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;

    if (!QueryInformationJobObject(NULL, JobObjectExtendedLimitInformation, &limits, sizeof limits, NULL) ||
        (limits.BasicLimitInformation.LimitFlags & JOB_OBJECT_LIMIT_PROCESS_MEMORY) == 0)
        return 0;
    return limits.ProcessMemoryLimit;
}

int host_keeps_memory_limit(void)
{
    return !under_wine();
}

int host_die_of_memory(void)
{
    RaiseException((DWORD)STATUS_NO_MEMORY, EXCEPTION_NONCONTINUABLE, 0, NULL);
    return 1;
}
