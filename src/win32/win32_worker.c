/*
 * The worker's side. That it ends with its parent is the job object's doing (win32_spawn.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "win32_kit.h"

#include <stdlib.h>

#if defined(_MSC_VER) && defined(_DEBUG)
#include <crtdbg.h>
#endif

/* Ctrl-Break, which a process group of its own does not keep away, is the parent's to decide on as well.
 * The closing of the console, logging off and shutting down end every process. */
static BOOL WINAPI swallow_break(DWORD event)
{
    return event == CTRL_C_EVENT || event == CTRL_BREAK_EVENT;
}

/* The C runtime's own: abort() and asserts must not ask a user who may not be there. */
static void silence_runtime(void)
{
    (void)_set_error_mode(_OUT_TO_STDERR);
#if defined(_MSC_VER) || defined(_UCRT)
    (void)_set_abort_behavior(0, _WRITE_ABORT_MSG | _CALL_REPORTFAULT);
#endif
#if defined(_MSC_VER) && defined(_DEBUG)
    for (int kind = _CRT_WARN; kind <= _CRT_ASSERT; kind++) {
        (void)_CrtSetReportMode(kind, _CRTDBG_MODE_FILE);
        (void)_CrtSetReportFile(kind, _CRTDBG_FILE_STDERR);
    }
#endif
}

apr_status_t spk_os_worker_enter(const spk_os_kit_t *kit)
{
    (void)kit;
    if (spk_win32_parent() == NULL) return APR_EINVAL;
    (void)SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
    silence_runtime();
    return SetConsoleCtrlHandler(swallow_break, TRUE) ? APR_SUCCESS : spk_win32_error();
}

apr_status_t spk_os_worker_sleep(const spk_os_kit_t *kit, apr_interval_time_t timeout)
{
    const HANDLE handles[] = { spk_win32_handle(kit->bell.wait), spk_win32_parent() };

    if (spk_win32_is_none(kit->bell.wait) || handles[1] == NULL) return APR_EINVAL;
    switch (WaitForMultipleObjects(2, handles, FALSE, spk_win32_milliseconds(timeout))) {
    case WAIT_OBJECT_0: return APR_SUCCESS;
    case WAIT_OBJECT_0 + 1: return APR_EOF;
    case WAIT_TIMEOUT: return APR_TIMEUP;
    default: return GetLastError() == ERROR_INVALID_HANDLE ? APR_EOF : spk_win32_error();
    }
}
