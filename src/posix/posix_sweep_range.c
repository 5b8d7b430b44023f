/*
 * Closing all descriptors but some with close_range() (Linux 5.9; FreeBSD has it too).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "posix.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif

static int is_kept(int fd, const int *kept, int n)
{
    int i;

    for (i = 0; i < n && kept[i] != fd; i++) continue;
    return i < n;
}

/* Older kernels: what /proc lists. Its entries are generated from the table of descriptors as it is, by
 * ascending number, so that closing those behind the position does no harm. */
static void sweep_listed(const int *kept, int n)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    int fd;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        fd = (int)strtol(entry->d_name, NULL, 10);
        if (fd > 2 && fd != dirfd(folder) && !is_kept(fd, kept, n)) close(fd);
    }
    if (folder != NULL) closedir(folder);
}

void spk_posix_sweep(const int *kept, int n)
{
    unsigned from = 3;
    long result = 0;
    int i;

    for (i = 0; i < n && result == 0; i++) {
        if (from < (unsigned)kept[i]) result = syscall(SYS_close_range, from, (unsigned)kept[i] - 1, 0);
        from = (unsigned)kept[i] + 1;
    }
    if (result == 0) result = syscall(SYS_close_range, from, UINT_MAX, 0);
    if (result != 0) sweep_listed(kept, n);
}
