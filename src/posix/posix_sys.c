/*
 * What the system is and has, in general.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define __BSD_VISIBLE 1 /* _SC_PHYS_PAGES */
#define _NETBSD_SOURCE 1
#include "posix.h"

#include <sched.h>
#include <time.h>
#include <unistd.h>

#define GIB ((uint64_t)1 << 30)

static uint64_t physical_memory(uint64_t page)
{
    long pages = -1;

#ifdef _SC_PHYS_PAGES /* not POSIX, but everywhere */
    pages = sysconf(_SC_PHYS_PAGES);
#endif
    return pages > 0 ? (uint64_t)pages * page : GIB;
}

/* Address space costs nothing where there is plenty: as much as could ever be filled. */
static size_t sensible_reserve(uint64_t memory)
{
    uint64_t reserve = (memory + GIB - 1) / GIB * GIB;

    if (sizeof(size_t) < 8) return (size_t)256 << 20;
    return (size_t)(reserve > 256 * GIB ? 256 * GIB : reserve);
}

void spk_os_facts(spk_os_facts_t *facts)
{
    facts->can_fork = 1;
    facts->fork_by_default = spk_posix_self_forks_well();
    facts->page_size = (size_t)sysconf(_SC_PAGESIZE);
    facts->memory = physical_memory(facts->page_size);
    facts->reserve = sensible_reserve(facts->memory);
}

int64_t spk_os_pid(void)
{
    return spk_posix_guard_pid();
}

uint64_t spk_os_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void spk_os_yield(void)
{
    sched_yield();
}

apr_status_t spk_os_init(void)
{
    apr_status_t status = spk_posix_guard_enter();

    if (status == APR_SUCCESS) {
        spk_posix_guard_leave();
        spk_posix_self_remember();
    }
    return status;
}

void spk_os_exit(int code)
{
    _exit(code);
}
