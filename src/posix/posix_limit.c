/*
 * Resource limits as they are set for good.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <sys/resource.h>

/* The hard limit as well, or a task could raise it again. */
apr_status_t spk_posix_limit_keep(int resource, uint64_t now, uint64_t more)
{
    struct rlimit limit;
    uint64_t most = now < UINT64_MAX - more ? now + more : UINT64_MAX;

    if (getrlimit(resource, &limit) == -1) return spk_posix_error();
    /* RLIM_INFINITY is the largest value that a limit can have (POSIX, sys/resource.h) */
    if ((uint64_t)limit.rlim_max > most) limit.rlim_max = (rlim_t)most;
    if (limit.rlim_cur > limit.rlim_max) limit.rlim_cur = limit.rlim_max;
    return setrlimit(resource, &limit) == 0 ? APR_SUCCESS : spk_posix_error();
}
