/*
 * The census of a Windows process. Shared memory is not counted by itself: a section is a handle, and a
 * view that stays mapped shows as one.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define WIN32_LEAN_AND_MEAN
#include "census.h"

#include <windows.h>

#include <tlhelp32.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Views of sections that may be written to: the system's own tables are read-only. */
static int count_mappings(void)
{
    int count = 0;
    const unsigned char *at = NULL;
    MEMORY_BASIC_INFORMATION region;
    void *last = NULL;

    while (VirtualQuery(at, &region, sizeof region) == sizeof region) {
        if (region.Type == MEM_MAPPED && region.AllocationProtect == PAGE_READWRITE &&
            region.AllocationBase != last) {
            last = region.AllocationBase;
            count++;
        }
        at = (const unsigned char *)region.BaseAddress + region.RegionSize;
    }
    return count;
}

static int count_children(void)
{
    int count = 0;
    PROCESSENTRY32W entry;
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);

    if (all == INVALID_HANDLE_VALUE) return -1;
    entry.dwSize = sizeof entry;
    for (BOOL more = Process32FirstW(all, &entry); more; more = Process32NextW(all, &entry))
        count += entry.th32ParentProcessID == GetCurrentProcessId();
    (void)CloseHandle(all);
    return count;
}

/* GetProcessHandleCount() answers 0 under Wine: then each number that a handle may have is tried. */
static int count_handles(void)
{
    DWORD handles = 0, flags;
    uintptr_t number;
    int count = 0;

    if (GetProcessHandleCount(GetCurrentProcess(), &handles) && handles > 0) return (int)handles;
    for (number = 4; number < 0x4000; number += 4) count += GetHandleInformation((HANDLE)number, &flags) != 0;
    return count;
}

void census_take(census_t *census)
{
    memset(census, 0, sizeof *census);
    census->children = count_children();
    census->mappings = count_mappings();
    census->threads = -1; /* the system's own thread pools come and go */
    census->names = -1;
    census->descriptors = count_handles();
}

int census_guest_differs(const census_t *before, const census_t *after, char *words, size_t size)
{
    (void)before;
    (void)after;
    if (size > 0) words[0] = '\0';
    return 0;
}

int census_differs(const census_t *before, const census_t *after, char *words, size_t size)
{
    (void)snprintf(words, size, "handles %d -> %d, children %d -> %d, mapped sections %d -> %d",
                   before->descriptors, after->descriptors, before->children, after->children,
                   before->mappings, after->mappings);
    return after->descriptors > before->descriptors || after->children > before->children ||
           after->mappings > before->mappings;
}
