/*
 * The memory limit by RLIMIT_AS, which POSIX has: all address space counts, mapped files, reservations and stacks
 * too. So what this process has, the whole shared segment among it, is measured, and the limit lies so much
 * above. No two systems tell the size in the same way; but each refuses a mapping beyond the limit, and
 * by that the size can be found, as the system itself counts it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* Where looking begins: every rlim_t holds it. */
#define SPACE_MOST ((rlim_t)(SIZE_MAX / 2))

/* Under this soft limit, is there room for one page more? */
static int has_room(struct rlimit limit, rlim_t soft, int fd, size_t page)
{
    void *at;

    limit.rlim_cur = soft;
    if (setrlimit(RLIMIT_AS, &limit) == -1) return 0; /* some refuse what is exceeded already */
    at = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
    return at != MAP_FAILED && munmap(at, page) == 0;
}

/* A worker has one thread that allocates, and it is here. */
static apr_status_t space_now(int fd, uint64_t *now)
{
    struct rlimit limit;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    rlim_t without = 0, with, middle;
    apr_status_t status = getrlimit(RLIMIT_AS, &limit) == 0 ? APR_SUCCESS : spk_posix_error();

    if (status != APR_SUCCESS) return status;
    with = limit.rlim_cur < SPACE_MOST ? limit.rlim_cur : SPACE_MOST;
    if (has_room(limit, without, fd, page)) status = APR_ENOTIMPL; /* the limit is not kept here */
    while (status == APR_SUCCESS && with - without > (rlim_t)page) {
        middle = without + (with - without) / 2;
        if (has_room(limit, middle, fd, page))
            with = middle;
        else
            without = middle;
    }
    if (setrlimit(RLIMIT_AS, &limit) == -1 && status == APR_SUCCESS) status = spk_posix_error();
    *now = (uint64_t)with;
    return status;
}

apr_status_t spk_posix_limit_memory(const spk_os_kit_t *kit)
{
    uint64_t now = 0;
    apr_status_t status = space_now(spk_posix_fd(kit->shm), &now);

    return status == APR_SUCCESS ? spk_posix_limit_keep(RLIMIT_AS, now, kit->memory_limit) : status;
}
