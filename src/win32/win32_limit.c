/*
 * The memory limit: the worker's job object counts what each process in it has committed, from its birth
 * on. What a worker starts with is what this program had itself when it called spork_init(): the limit lies so
 * much above. Views of the shared segment are committed once, by nobody's account.
 *
 * Wine (8) takes the limit and does not keep it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PSAPI_VERSION
#define PSAPI_VERSION 2 /* in kernel32, since Windows 7 */
#endif
#include "win32_common.h"

#include <psapi.h>

static SIZE_T start_size;

void spk_win32_limit_remember(void)
{
    PROCESS_MEMORY_COUNTERS counters;

    counters.cb = sizeof counters;
    if (GetProcessMemoryInfo(GetCurrentProcess(), &counters, sizeof counters))
        start_size = counters.PagefileUsage;
}

void spk_win32_limit_memory(JOBOBJECT_EXTENDED_LIMIT_INFORMATION *limits, size_t bytes)
{
    limits->BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_PROCESS_MEMORY;
    limits->ProcessMemoryLimit = bytes < SIZE_MAX - start_size ? start_size + bytes : SIZE_MAX;
}
