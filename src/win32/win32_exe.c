/*
 * This very executable. A running program cannot be deleted, but renamed, and another put into its place
 * (so do updaters): a handle opened at start knows its file by whatever name. The handle is
 * opened for nothing but attributes and shares everything, so nobody is hindered by it.
 *
 * Not every file system tells the new name (Wine and some servers keep the one that was opened). So the
 * name is checked, by the file's identity, and if need be looked for in the same folder; another program is
 * never taken for this one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "win32_exe.h"

#include "win32_common.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define PATH_UNITS_MAX 32768u /* the longest path of the system, with its zero */
#define VERBATIM L"\\\\?\\"
#define VERBATIM_LENGTH 4u

/* Volume and index are what a file is known by; asked at start, when the name is right in any case. */
typedef struct {
    DWORD volume;
    DWORD high;
    DWORD low;
    int known;
} identity_t;

static HANDLE own_file = INVALID_HANDLE_VALUE;
static identity_t own;

/* As this process was started, with room for PATH_UNITS_MAX. The name is not kept up when the file is
 * renamed. */
static WCHAR *start_path(void)
{
    WCHAR *path = malloc(PATH_UNITS_MAX * sizeof *path);
    DWORD length;

    if (path == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    length = GetModuleFileNameW(NULL, path, PATH_UNITS_MAX);
    if (length > 0 && length < PATH_UNITS_MAX) return path;
    free(path);
    return NULL;
}

static HANDLE open_quietly(const WCHAR *path)
{
    return CreateFileW(path, FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
                       NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
}

static identity_t identify(HANDLE file)
{
    identity_t identity = { 0, 0, 0, 0 };
    BY_HANDLE_FILE_INFORMATION info;

    if (GetFileInformationByHandle(file, &info)) {
        identity.volume = info.dwVolumeSerialNumber;
        identity.high = info.nFileIndexHigh;
        identity.low = info.nFileIndexLow;
        identity.known = 1;
    }
    return identity;
}

apr_status_t spk_os_init(void)
{
    WCHAR *path;

    if (own_file != INVALID_HANDLE_VALUE) return APR_SUCCESS;
    spk_win32_limit_remember();
    path = start_path();
    if (path == NULL) return spk_win32_error();
    /* Where this is refused, the path must do. */
    own_file = open_quietly(path);
    if (own_file != INVALID_HANDLE_VALUE) own = identify(own_file);
    free(path);
    return APR_SUCCESS;
}

static WCHAR *name_of_handle(void)
{
    WCHAR *path = malloc(PATH_UNITS_MAX * sizeof *path);
    DWORD length;

    if (path == NULL) {
        SetLastError(ERROR_NOT_ENOUGH_MEMORY);
        return NULL;
    }
    length =
        GetFinalPathNameByHandleW(own_file, path, PATH_UNITS_MAX, FILE_NAME_NORMALIZED | VOLUME_NAME_DOS);
    if (length > 0 && length < PATH_UNITS_MAX) return path;
    free(path);
    return start_path(); /* a volume without a letter, say */
}

/* 1 if the file of that name is the one that is open, 0 if not; -1 where the system does not tell. */
static int is_own(const WCHAR *path)
{
    identity_t other;
    HANDLE file = open_quietly(path);

    if (file == INVALID_HANDLE_VALUE)
        return GetLastError() == ERROR_FILE_NOT_FOUND || GetLastError() == ERROR_PATH_NOT_FOUND ? 0 : -1;
    other = identify(file);
    (void)CloseHandle(file);
    if (!own.known || !other.known) return -1;
    return own.volume == other.volume && own.high == other.high && own.low == other.low;
}

/* Replace the last part of path (which has room for PATH_UNITS_MAX) by the name that the file has now. */
static int find_in_folder(WCHAR *path)
{
    WIN32_FIND_DATAW entry;
    HANDLE search;
    int found = 0;
    WCHAR *name = wcsrchr(path, L'\\');

    if (name == NULL || (size_t)(++name - path) + MAX_PATH >= PATH_UNITS_MAX) return 0;
    memcpy(name, L"*", sizeof L"*");
    search = FindFirstFileW(path, &entry);
    if (search == INVALID_HANDLE_VALUE) return 0;
    do {
        if ((entry.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0) continue;
        memcpy(name, entry.cFileName, (wcslen(entry.cFileName) + 1) * sizeof *name);
        found = is_own(path) == 1;
    } while (!found && FindNextFileW(search, &entry));
    (void)FindClose(search);
    return found;
}

static WCHAR *present_path(void)
{
    WCHAR *path;

    if (own_file == INVALID_HANDLE_VALUE) return start_path();
    path = name_of_handle();
    if (path != NULL && is_own(path) == 0 && !find_in_folder(path)) {
        free(path);
        path = NULL;
        SetLastError(ERROR_FILE_NOT_FOUND);
    }
    return path;
}

/* \\?\C:\x as C:\x, where that means the same: programs see it as their argv[0], and many cannot read
 * the verbatim form. It stays for long paths, for network names, and for names that the plain form would
 * change ("nul", a blank at the end). */
static void drop_verbatim(WCHAR *path)
{
    WCHAR full[MAX_PATH];
    const WCHAR *plain = path + VERBATIM_LENGTH;
    DWORD length;

    if (wcsncmp(path, VERBATIM, VERBATIM_LENGTH) != 0 || plain[0] == L'\0' || plain[1] != L':') return;
    length = GetFullPathNameW(plain, MAX_PATH, full, NULL);
    if (length > 0 && length < MAX_PATH && wcscmp(full, plain) == 0)
        memmove(path, plain, (wcslen(plain) + 1) * sizeof *path);
}

char *spk_win32_exe_path(void)
{
    char *utf8 = NULL;
    WCHAR *path = present_path();

    if (path != NULL) {
        drop_verbatim(path);
        utf8 = spk_win32_narrow(path);
    }
    free(path);
    return utf8;
}
