/*
 * The line: an anonymous pipe from the parent to the worker, with the hello in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "win32_line.h"

#include "win32_kit.h"

#define HELLO_MAX 4096u /* and the pipe's buffer: a longer one would wait for a reader */
#define LOOK_MILLISECONDS 10u

apr_status_t spk_win32_line_open(HANDLE *reader, HANDLE *writer, const void *hello, size_t size)
{
    DWORD written = 0;

    if (size > HELLO_MAX) return APR_EINVAL;
    if (!CreatePipe(reader, writer, NULL, HELLO_MAX)) return spk_win32_error();
    if (size > 0 && !WriteFile(*writer, hello, (DWORD)size, &written, NULL)) return spk_win32_error();
    return written == size ? APR_SUCCESS : APR_EGENERAL;
}

/* Bytes that can be read without blocking; APR_EOF when the other end is gone and all was read. */
static apr_status_t look(HANDLE line, DWORD *available)
{
    *available = 0;
    if (PeekNamedPipe(line, NULL, 0, NULL, available, NULL)) return APR_SUCCESS;
    return GetLastError() == ERROR_BROKEN_PIPE ? APR_EOF : spk_win32_error();
}

/* Wait for a short while; 0 if the parent has ended meanwhile. (Without a kit there is no parent to know.) */
static int pause_while_parent_lives(void)
{
    if (spk_win32_parent() != NULL)
        return WaitForSingleObject(spk_win32_parent(), LOOK_MILLISECONDS) != WAIT_OBJECT_0;
    Sleep(LOOK_MILLISECONDS);
    return 1;
}

/* The hello was there before the worker: who has to wait was started by somebody else. There is no waiting
 * for an anonymous pipe, only for the parent: so this looks again and again until the time-out. */
static apr_status_t await_bytes(HANDLE line, size_t size, DWORD limit)
{
    ULONGLONG begin = GetTickCount64();
    apr_status_t status;
    DWORD available;

    while ((status = look(line, &available)) == APR_SUCCESS && available < size) {
        if (limit != INFINITE && GetTickCount64() - begin >= limit) return APR_EOF;
        if (!pause_while_parent_lives()) return APR_EOF;
    }
    return status;
}

apr_status_t spk_os_line_read(spk_os_handle_t line, void *hello, size_t size, apr_interval_time_t timeout)
{
    HANDLE pipe = spk_win32_handle(line);
    apr_status_t status;
    DWORD got = 0;

    if (spk_win32_is_none(line) || size > HELLO_MAX) return APR_EINVAL;
    status = await_bytes(pipe, size, spk_win32_milliseconds(timeout));
    if (status == APR_SUCCESS && size > 0 && !ReadFile(pipe, hello, (DWORD)size, &got, NULL))
        status = spk_win32_error();
    return status == APR_SUCCESS && got < size ? APR_EOF : status;
}
