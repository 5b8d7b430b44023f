/*
 * sys.h over Win32.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "sys.h"

#include <windows.h>

#include <string.h>
#include <wchar.h>

#define SLEEPER "--sys-sleeper"

int sys_descriptors(void)
{
    DWORD handles = 0, flags;
    uintptr_t number;
    int count = 0;

    if (GetProcessHandleCount(GetCurrentProcess(), &handles) && handles > 0) return (int)handles;
    /* Wine answers 0: then each number that a handle may have is tried */
    for (number = 4; number < 0x4000; number += 4) count += GetHandleInformation((HANDLE)number, &flags) != 0;
    return count;
}

static int await_end(int64_t pid, DWORD ms)
{
    HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, (DWORD)pid);
    int gone = process == NULL;

    if (process != NULL) {
        gone = WaitForSingleObject(process, ms) == WAIT_OBJECT_0;
        CloseHandle(process);
    }
    return gone;
}

int sys_is_gone(int64_t pid)
{
    return await_end(pid, 0);
}

int sys_await_gone(int64_t pid, int seconds)
{
    return await_end(pid, (DWORD)seconds * 1000);
}

void sys_kill_self(void)
{
    TerminateProcess(GetCurrentProcess(), 9);
}

void sys_kill(int64_t pid)
{
    HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, (DWORD)pid);

    if (process != NULL) {
        TerminateProcess(process, 9);
        CloseHandle(process);
    }
}

int64_t sys_start_sleeper(void)
{
    wchar_t path[2048], line[2200];
    STARTUPINFOW startup;
    PROCESS_INFORMATION made;

    memset(&startup, 0, sizeof startup);
    startup.cb = sizeof startup;
    if (GetModuleFileNameW(NULL, path, 2048) == 0) return 0;
    swprintf(line, 2200, L"\"%ls\" %hs", path, SLEEPER);
    if (!CreateProcessW(path, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &made)) return 0;
    CloseHandle(made.hThread);
    CloseHandle(made.hProcess);
    return (int64_t)made.dwProcessId;
}

void sys_sleep_if_sleeper(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], SLEEPER) == 0) Sleep(INFINITE);
}

intptr_t sys_open_inheritable(void)
{
    SECURITY_ATTRIBUTES inherit = { sizeof inherit, NULL, TRUE };
    HANDLE event = CreateEventW(&inherit, TRUE, FALSE, NULL);

    return event != NULL ? (intptr_t)event : -1;
}

void sys_close_inheritable(intptr_t open)
{
    CloseHandle((HANDLE)open);
}

int sys_is_open(intptr_t number)
{
    DWORD flags;

    return GetHandleInformation((HANDLE)number, &flags) != 0;
}
