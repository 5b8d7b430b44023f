/*
 * How many threads this process has: POSIX does not tell.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

int spk_os_thread_count(void)
{
    return 0;
}
