/*
 * The watchdog as a thread that waits for an event: made once, so that it does not show in the census.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define WIN32_LEAN_AND_MEAN
#include "watchdog.h"

#include <windows.h>

#include <stdio.h>
#include <string.h>

static CRITICAL_SECTION guard;
static HANDLE changed;
static char test_name[128];
static DWORD patience = INFINITE; /* under the guard, with test_name */

static DWORD WINAPI watch(void *unused)
{
    DWORD milliseconds;

    (void)unused;
    do {
        EnterCriticalSection(&guard);
        milliseconds = patience;
        LeaveCriticalSection(&guard);
    } while (WaitForSingleObject(changed, milliseconds) != WAIT_TIMEOUT);
    (void)fprintf(stderr, "watchdog: %s did not end\n", test_name);
    (void)fflush(stderr);
    (void)TerminateProcess(GetCurrentProcess(), WATCHDOG_EXIT_CODE);
    return 0;
}

static void set(const char *name, DWORD milliseconds)
{
    EnterCriticalSection(&guard);
    strncpy(test_name, name, sizeof test_name - 1);
    patience = milliseconds;
    LeaveCriticalSection(&guard);
    (void)SetEvent(changed);
}

void watchdog_start(const char *name, int seconds)
{
    if (changed == NULL) {
        InitializeCriticalSection(&guard);
        changed = CreateEventW(NULL, FALSE, FALSE, NULL);
        (void)CloseHandle(CreateThread(NULL, 0, watch, NULL, 0, NULL));
    }
    set(name, (DWORD)seconds * 1000);
}

void watchdog_stop(void)
{
    if (changed != NULL) set("", INFINITE);
}

void watchdog_look(void)
{
}
