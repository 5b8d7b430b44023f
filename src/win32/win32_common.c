/*
 * Errors, time-outs and text, for the files of this folder.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "win32_common.h"

#include <stdlib.h>

#define MICROSECONDS_PER_MILLISECOND 1000

apr_status_t spk_win32_error(void)
{
    DWORD error = GetLastError();
    return error == ERROR_SUCCESS ? APR_EGENERAL : (apr_status_t)(error + APR_OS_START_SYSERR);
}

DWORD spk_win32_milliseconds(apr_interval_time_t timeout)
{
    apr_interval_time_t rounded;

    if (timeout < 0) return INFINITE;
    rounded = timeout / MICROSECONDS_PER_MILLISECOND + (timeout % MICROSECONDS_PER_MILLISECOND != 0);
    /* Longer waits end early, which every wait may; INFINITE itself is the largest DWORD. */
    return rounded < (apr_interval_time_t)INFINITE ? (DWORD)rounded : INFINITE - 1;
}

WCHAR *spk_win32_wide(const char *text)
{
    WCHAR *wide = NULL;
    int units = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);

    if (units > 0) wide = malloc((size_t)units * sizeof *wide);
    if (wide != NULL)
        (void)MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, units);
    else if (units > 0)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return wide;
}

char *spk_win32_narrow(const WCHAR *text)
{
    char *narrow = NULL;
    int bytes = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);

    if (bytes > 0) narrow = malloc((size_t)bytes);
    if (narrow != NULL)
        (void)WideCharToMultiByte(CP_UTF8, 0, text, -1, narrow, bytes, NULL, NULL);
    else if (bytes > 0)
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    return narrow;
}
