/*
 * May the environment be believed? macOS and the BSDs remember how the process came to be.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define __BSD_VISIBLE 1
#define _NETBSD_SOURCE 1
#include "posix.h"

#include <unistd.h>

int spk_os_env_trusted(void)
{
    return issetugid() == 0;
}
