/*
 * The twins of linux_futex.c and linux_memory.c for all other systems: nothing of either.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways.h"

#include <string.h>

const way_t futex_ways[] = {
    { "ping_futex", "needs Linux' futex", way_cannot, NULL, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

apr_status_t memory_of(apr_int64_t pid, memory_t *memory)
{
    (void)pid;
    memset(memory, 0, sizeof *memory);
    return APR_ENOTIMPL;
}
