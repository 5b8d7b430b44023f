/*
 * How many processors this process may use: its affinity, cut by the rate of its job object.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "win32_common.h"

#define RATE_WHOLE 10000u /* a job's rate is in 1/10000 of all processors */

/* Of winnt.h since Windows 10; older headers lack it and the member that it names. */
#define RATE_MIN_MAX 0x10u

static DWORD count_bits(DWORD_PTR mask)
{
    DWORD count = 0;
    for (; mask != 0; mask &= mask - 1) count++;
    return count;
}

/* A mask covers one processor group (64 processors). A process that was not restricted counts all
 * groups: Windows deals out child processes, so a pool's workers, to the groups in turn. */
static DWORD by_affinity(DWORD all)
{
    DWORD_PTR mask;
    DWORD_PTR system;

    if (!GetProcessAffinityMask(GetCurrentProcess(), &mask, &system) || mask == 0 || mask == system)
        return all;
    return count_bits(mask);
}

/* The innermost job that this process is in. (Inside a worker that is the worker's own, without a rate;
 * rates of outer jobs are not told.) Before Windows 8 there were no rates: the question fails. */
static DWORD by_job(DWORD all)
{
    JOBOBJECT_CPU_RATE_CONTROL_INFORMATION rate;
    DWORD share = RATE_WHOLE;

    if (!QueryInformationJobObject(NULL, JobObjectCpuRateControlInformation, &rate, sizeof rate, NULL))
        return all;
    if ((rate.ControlFlags & JOB_OBJECT_CPU_RATE_CONTROL_ENABLE) == 0) return all;
    if ((rate.ControlFlags & JOB_OBJECT_CPU_RATE_CONTROL_HARD_CAP) != 0)
        share = rate.CpuRate;
    else if ((rate.ControlFlags & RATE_MIN_MAX) != 0)
        share = HIWORD(rate.CpuRate); /* MinRate and MaxRate share its place */
    if (share == 0 || share > RATE_WHOLE) return all;
    return (all * share + RATE_WHOLE - 1) / RATE_WHOLE;
}

int spk_os_cpu(void)
{
    PROCESSOR_NUMBER number;

    GetCurrentProcessorNumberEx(&number);
    return number.Group * 64 + number.Number; /* a group has at most 64 */
}

int spk_os_cpu_count(void)
{
    DWORD all = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
    DWORD affinity;
    DWORD quota;

    if (all == 0) return 1;
    affinity = by_affinity(all);
    quota = by_job(all);
    return (int)(affinity < quota ? affinity : quota);
}
