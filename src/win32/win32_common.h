/*
 * What the files of this folder share: windows.h as they want it, handles as words, errors, text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_WIN32_COMMON_H
#define SPK_WIN32_COMMON_H

/* The build may have said these. Nothing here needs more than Windows 7 to load; what is younger is
 * asked for at run time and may be refused. */
#ifndef WIN32_LEAN_AND_MEAN
#define WIN32_LEAN_AND_MEAN
#endif
#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0A00
#endif
#ifndef UNICODE
#define UNICODE
#endif

#include <windows.h>

#include "os.h"

/* The exit code of a worker that its parent has ended: what apr_proc_kill() leaves, too. */
#define SPK_WIN32_KILLED 9u

/* A HANDLE is a word. Both "none"s of Windows, NULL and INVALID_HANDLE_VALUE, count as none; mind that
 * the latter is also the pseudo handle of the own process, never to be passed on as a process. */
static inline HANDLE spk_win32_handle(spk_os_handle_t word)
{
    return (HANDLE)word.v;
}

static inline int spk_win32_is_none(spk_os_handle_t word)
{
    return word.v == SPK_OS_NONE_V || word.v == 0;
}

static inline spk_os_handle_t spk_win32_word(HANDLE handle)
{
    spk_os_handle_t word = { handle != NULL ? (intptr_t)handle : SPK_OS_NONE_V };
    return word;
}

static inline void spk_win32_close(spk_os_handle_t *word)
{
    if (!spk_win32_is_none(*word)) (void)CloseHandle(spk_win32_handle(*word));
    word->v = SPK_OS_NONE_V;
}

/* GetLastError() as a status; never APR_SUCCESS, for it is asked after a failure. */
apr_status_t spk_win32_error(void);

/* Microseconds to the milliseconds of a Win32 wait, rounded up; negative is INFINITE. */
DWORD spk_win32_milliseconds(apr_interval_time_t timeout);

/* win32_limit.c: how much memory this process has, early in main; a job's limit so much above that. */
void spk_win32_limit_remember(void);
void spk_win32_limit_memory(JOBOBJECT_EXTENDED_LIMIT_INFORMATION *limits, size_t bytes);

/* UTF-8 to UTF-16, in malloc()ed memory; NULL when there is none, or the text is not UTF-8 (then
 * GetLastError() says so). */
WCHAR *spk_win32_wide(const char *text);

/* UTF-16 to UTF-8, in malloc()ed memory, likewise. */
char *spk_win32_narrow(const WCHAR *text);

#endif
