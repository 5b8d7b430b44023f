/*
 * Processors, where the system tells no more than how many are there.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define __BSD_VISIBLE 1
#define _NETBSD_SOURCE 1
#include "posix.h"

#include <limits.h>
#include <unistd.h>

int spk_os_cpu(void)
{
    return -1;
}

int spk_os_cpu_count(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    return count < 1 ? 1 : count > INT_MAX ? INT_MAX : (int)count;
}
