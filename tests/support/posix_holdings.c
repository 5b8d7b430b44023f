/*
 * holdings.h over POSIX. SPORK_TEST_MALLINFO2 (asked of the C library by CMake): malloc() counts exactly.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "holdings.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#if defined(SPORK_TEST_MALLINFO2)
#include <malloc.h>
#endif

#define DESCRIPTORS_SEEN 8192

int64_t holdings_memory(void)
{
#if defined(SPORK_TEST_MALLINFO2)
    struct mallinfo2 info = mallinfo2();
    return (int64_t)info.uordblks + (int64_t)info.hblkhd;
#else
    long long size, resident, shared;
    FILE *file = fopen("/proc/self/statm", "r");
    int n;

    if (file == NULL) return -1;
    n = fscanf(file, "%lld %lld %lld", &size, &resident, &shared);
    (void)fclose(file);
    return n == 3 ? (int64_t)(resident - shared) * sysconf(_SC_PAGESIZE) : -1;
#endif
}

int64_t holdings_memory_slack(void)
{
#if defined(SPORK_TEST_MALLINFO2)
    return 256 << 10;
#else
    return 8 << 20;
#endif
}

int holdings_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < DESCRIPTORS_SEEN; fd++) count += fcntl(fd, F_GETFD) != -1;
    return count;
}
