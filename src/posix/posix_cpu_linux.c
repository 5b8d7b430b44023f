/*
 * Processors on Linux: those of this process's affinity, at most what its control groups allow.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "posix.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#define CPUS_MAX (1 << 16)

/* The kernel refuses a set that is smaller than its own. */
static int affinity(void)
{
    int cpus, count = 0;
    cpu_set_t *set;
    size_t size;

    for (cpus = 1024; count == 0 && cpus <= CPUS_MAX; cpus *= 4) {
        set = CPU_ALLOC((size_t)cpus);
        if (set == NULL) break;
        size = CPU_ALLOC_SIZE((size_t)cpus);
        errno = 0;
        if (sched_getaffinity(0, size, set) == 0) count = CPU_COUNT_S(size, set);
        CPU_FREE(set);
        if (errno != 0 && errno != EINVAL) break;
    }
    return count;
}

int spk_os_cpu(void)
{
    return sched_getcpu(); /* glibc since 2.35 reads it from the thread's own memory: rseq(2); before, vDSO */
}

int spk_os_cpu_count(void)
{
    int count = affinity(), quota = spk_posix_cgroup_cpus("");

    if (count < 1) count = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (quota > 0 && quota < count) count = quota;
    return count < 1 ? 1 : count;
}
