/*
 * holdings.h over Win32.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define WIN32_LEAN_AND_MEAN
#include "holdings.h"

#include <windows.h>

#include <psapi.h>

int64_t holdings_memory(void)
{
    PROCESS_MEMORY_COUNTERS counters;

    if (!K32GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters)) return -1;
    return (int64_t)counters.PagefileUsage;
}

int64_t holdings_memory_slack(void)
{
    return 8 << 20;
}

/* GetProcessHandleCount() answers 0 under Wine: then each number that a handle may have is tried. */
int holdings_descriptors(void)
{
    DWORD handles = 0, flags;
    int count = 0;

    if (GetProcessHandleCount(GetCurrentProcess(), &handles) && handles > 0) return (int)handles;
    for (uintptr_t number = 4; number < 0x4000; number += 4)
        count += GetHandleInformation((HANDLE)number, &flags) != 0;
    return count;
}
