/*
 * Clocks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways.h"

#include <windows.h>

apr_uint64_t clock_now(void)
{
    LARGE_INTEGER ticks, frequency;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&ticks);
    const apr_uint64_t whole = (apr_uint64_t)(ticks.QuadPart / frequency.QuadPart);
    const apr_uint64_t rest = (apr_uint64_t)(ticks.QuadPart % frequency.QuadPart);
    return whole * 1000000000u + rest * 1000000000u / (apr_uint64_t)frequency.QuadPart;
}

static apr_uint64_t nanoseconds(FILETIME time)
{
    return (((apr_uint64_t)time.dwHighDateTime << 32) + time.dwLowDateTime) * 100;
}

apr_uint64_t clock_processor(void)
{
    FILETIME created, ended, kernel, user;
    if (!GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user)) return 0;
    return nanoseconds(kernel) + nanoseconds(user);
}
