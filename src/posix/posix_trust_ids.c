/*
 * May the environment be believed? Set-user-id and set-group-id programs run under two identities.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <unistd.h>

int spk_os_env_trusted(void)
{
    return getuid() == geteuid() && getgid() == getegid();
}
