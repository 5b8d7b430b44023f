/*
 * The memory limit on Linux: RLIMIT_DATA counts what is private and writable (since 4.7 mappings as well:
 * getrlimit(2)), which is what a task's allocations are made of. It does not count shared memory, what is only
 * reserved, or the main stack, which has a limit of its own.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* The very number that the kernel compares with the limit (mm->data_vm), in kB; 0 if it does not tell. */
static uint64_t data_now(void)
{
    static const char key[] = "\nVmData:";
    char *text = spk_posix_file_read("/proc/self/status", NULL), *at;
    uint64_t now = 0;

    if (text != NULL) {
        at = strstr(text, key);
        if (at != NULL) now = strtoull(at + sizeof key - 1, NULL, 10);
        free(text);
    }
    return now;
}

apr_status_t spk_posix_limit_memory(const spk_os_kit_t *kit)
{
    uint64_t now = data_now();

    return now > 0 ? spk_posix_limit_keep(RLIMIT_DATA, now * 1024, kit->memory_limit) : APR_ENOTIMPL;
}
