/*
 * Files that several processes append to. A handle that may append and nothing else writes at the file's end,
 * whatever else is written (FILE_APPEND_DATA without FILE_WRITE_DATA, CreateFile's documentation).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "win32_common.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#define PLAIN_PATH_MAX 248u /* longer ones need the verbatim form */
#define VERBATIM L"\\\\?\\"
#define VERBATIM_SHARE L"\\\\?\\UNC\\" /* in the place of the two backslashes before a server */

/* Backslashes, and the verbatim form if it has to be: malloc()ed; NULL with GetLastError() if there is none. */
static WCHAR *native_path(const char *path)
{
    WCHAR *plain = spk_win32_wide(path), *verbatim;
    size_t length, skip;
    const WCHAR *prefix;

    if (plain == NULL) return NULL;
    for (WCHAR *at = plain; *at != L'\0'; at++)
        if (*at == L'/') *at = L'\\';
    length = wcslen(plain);
    if (length < PLAIN_PATH_MAX || wcsncmp(plain, VERBATIM, 4) == 0) return plain;
    skip = wcsncmp(plain, L"\\\\", 2) == 0 ? 2 : 0;
    prefix = skip > 0 ? VERBATIM_SHARE : VERBATIM;
    verbatim = malloc((wcslen(prefix) + length + 1) * sizeof *verbatim);
    if (verbatim != NULL) {
        memcpy(verbatim, prefix, wcslen(prefix) * sizeof *verbatim);
        memcpy(verbatim + wcslen(prefix), plain + skip, (length - skip + 1) * sizeof *verbatim);
    } else {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
    }
    free(plain);
    return verbatim;
}

apr_status_t spk_os_append_open(spk_os_handle_t *file, const char *path)
{
    WCHAR *native = native_path(path);
    HANDLE handle = INVALID_HANDLE_VALUE;

    file->v = SPK_OS_NONE_V;
    if (native == NULL) return spk_win32_error();
    handle = CreateFileW(native, FILE_APPEND_DATA | FILE_READ_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE,
                         FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS,
                         FILE_ATTRIBUTE_NORMAL, NULL);
    free(native);
    if (handle == INVALID_HANDLE_VALUE) return spk_win32_error();
    *file = spk_win32_word(handle);
    return APR_SUCCESS;
}

void spk_os_append_close(spk_os_handle_t *file)
{
    spk_win32_close(file);
}

apr_status_t spk_os_append(spk_os_handle_t file, const void *data, size_t size, size_t *written)
{
    DWORD n = 0;
    BOOL done;

    *written = 0;
    if (spk_win32_is_none(file) || size > MAXDWORD) return APR_EINVAL;
    done = WriteFile(spk_win32_handle(file), data, (DWORD)size, &n, NULL);
    *written = n;
    if (!done) return spk_win32_error();
    return n == size ? APR_SUCCESS : (apr_status_t)(ERROR_DISK_FULL + APR_OS_START_SYSERR);
}

/* Reads at an offset of its own: appending does not care where the handle's pointer is. */
int spk_os_append_at_line(spk_os_handle_t file)
{
    LARGE_INTEGER size;
    OVERLAPPED where = { 0 };
    DWORD n = 0;
    char last = '\n';

    if (spk_win32_is_none(file) || !GetFileSizeEx(spk_win32_handle(file), &size) || size.QuadPart == 0)
        return 1;
    where.Offset = (DWORD)((uint64_t)(size.QuadPart - 1) & 0xffffffffu);
    where.OffsetHigh = (DWORD)((uint64_t)(size.QuadPart - 1) >> 32);
    return !ReadFile(spk_win32_handle(file), &last, 1, &n, &where) || n != 1 || last == '\n';
}

/* ---- the standard streams: the C runtime's descriptor, and the system's handle for a task's children ---- */

/* A window's program has none of them: then the stream gets one first. */
static int redirect(FILE *stream, HANDLE file)
{
    HANDLE copy;
    int fd, done = 0;

    if (_fileno(stream) < 0 && freopen("NUL", "w", stream) == NULL) return 0;
    if (!DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &copy, 0, TRUE,
                         DUPLICATE_SAME_ACCESS))
        return 0;
    fd = _open_osfhandle((intptr_t)copy, _O_APPEND | _O_BINARY);
    if (fd >= 0) {
        done = _dup2(fd, _fileno(stream)) == 0;
        (void)_close(fd);
    } else {
        (void)CloseHandle(copy);
    }
    return done;
}

/* _dup2() sets the standard handles only where the program has a console. */
static int set_standard(DWORD which, FILE *stream)
{
    return SetStdHandle(which, (HANDLE)_get_osfhandle(_fileno(stream)));
}

apr_status_t spk_os_append_stdio(spk_os_handle_t file)
{
    HANDLE handle = spk_win32_handle(file);

    if (spk_win32_is_none(file)) return APR_EINVAL;
    if (!redirect(stdout, handle) || !redirect(stderr, handle) || !set_standard(STD_OUTPUT_HANDLE, stdout) ||
        !set_standard(STD_ERROR_HANDLE, stderr))
        return spk_win32_error();
    return APR_SUCCESS;
}

/* ---- no signal, and no limit, to hold off ------------------------------------------------------------------ */

int spk_os_growth_hold(void)
{
    return 0;
}

void spk_os_growth_release(int held)
{
    (void)held;
}
