/*
 * Clocks.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways.h"

#include <time.h>

static apr_uint64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (apr_uint64_t)now.tv_sec * 1000000000u + (apr_uint64_t)now.tv_nsec;
}

apr_uint64_t clock_now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

apr_uint64_t clock_processor(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}
