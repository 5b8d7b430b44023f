/*
 * The kit's numbers: hexadecimal HANDLEs with commas between, written by the parent, read and distrusted
 * by the worker. (Anybody may start the program with any command line.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "win32_kit.h"

#include "../numbers.h"

#include <stdio.h>

static HANDLE parent_process;

HANDLE spk_win32_parent(void)
{
    return parent_process;
}

void spk_win32_kit_numbers(char *numbers, const HANDLE *handles)
{
    size_t used = 0;

    for (int i = 0; i < SPK_WIN32_KIT_COUNT; i++) {
        int n = snprintf(numbers + used, SPK_WIN32_NUMBERS_MAX - used, "%s%llx", i > 0 ? "," : "",
                         (unsigned long long)(uintptr_t)handles[i]);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* The kernel's handles are multiples of four, for the low bits mark other things; the upper half holds the pseudo
 * handles, such as the process's own. */
static int parse_numbers(const char *text, HANDLE *handles)
{
    static const spk_numbers_t kernel_handles = { 16, 4, INTPTR_MAX, 4, 1 };
    uint64_t values[SPK_WIN32_KIT_COUNT];

    if (!spk_numbers_read(&kernel_handles, text, values, SPK_WIN32_KIT_COUNT)) return 0;
    for (int i = 0; i < SPK_WIN32_KIT_COUNT; i++) handles[i] = (HANDLE)(uintptr_t)values[i];
    return 1;
}

/* What was inherited is inheritable still, which little else in a young process is. */
static int is_inherited(HANDLE handle)
{
    DWORD flags;
    return GetHandleInformation(handle, &flags) && (flags & HANDLE_FLAG_INHERIT) != 0;
}

static int is_section(HANDLE handle)
{
    void *view = MapViewOfFile(handle, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, 1);
    return view != NULL && UnmapViewOfFile(view);
}

/* The own bell. A ring that is there already is put back, and none may be added: so an event that was not
 * rung is only known to be something to wait for. */
static int is_bell_to_hear(HANDLE handle)
{
    switch (WaitForSingleObject(handle, 0)) {
    case WAIT_OBJECT_0: return SetEvent(handle) != 0;
    case WAIT_TIMEOUT: return GetFileType(handle) == FILE_TYPE_UNKNOWN && GetProcessId(handle) == 0;
    default: return 0;
    }
}

/* The parent's bell may only be rung; that it then looks once for nothing does no harm. */
static int is_bell_to_ring(HANDLE handle)
{
    return SetEvent(handle) != 0;
}

static int is_pipe(HANDLE handle)
{
    return GetFileType(handle) == FILE_TYPE_PIPE;
}

static int is_other_process(HANDLE handle)
{
    DWORD pid = GetProcessId(handle);
    return pid != 0 && pid != GetCurrentProcessId();
}

static int is_kit(const HANDLE *handles)
{
    for (int i = 0; i < SPK_WIN32_KIT_COUNT; i++)
        if (!is_inherited(handles[i])) return 0;
    return is_section(handles[SPK_WIN32_KIT_SHM]) && is_bell_to_hear(handles[SPK_WIN32_KIT_BELL]) &&
           is_bell_to_ring(handles[SPK_WIN32_KIT_PARENT_BELL]) && is_pipe(handles[SPK_WIN32_KIT_LINE]) &&
           is_other_process(handles[SPK_WIN32_KIT_PARENT]);
}

/* Nothing has to be closed: by the handle list this process inherited nothing else. */
apr_status_t spk_os_kit_adopt(spk_os_kit_t *kit, const char *numbers)
{
    HANDLE handles[SPK_WIN32_KIT_COUNT];

    if (!parse_numbers(numbers, handles) || !is_kit(handles)) return APR_EINVAL;
    /* A task's own children are not to have them. */
    for (int i = 0; i < SPK_WIN32_KIT_COUNT; i++)
        (void)SetHandleInformation(handles[i], HANDLE_FLAG_INHERIT, 0);
    kit->shm = spk_win32_word(handles[SPK_WIN32_KIT_SHM]);
    kit->bell.wait = kit->bell.ring = spk_win32_word(handles[SPK_WIN32_KIT_BELL]);
    kit->parent_bell.wait = kit->parent_bell.ring = spk_win32_word(handles[SPK_WIN32_KIT_PARENT_BELL]);
    kit->line = spk_win32_word(handles[SPK_WIN32_KIT_LINE]);
    kit->memory_limit = 0;
    parent_process = handles[SPK_WIN32_KIT_PARENT];
    return APR_SUCCESS;
}
