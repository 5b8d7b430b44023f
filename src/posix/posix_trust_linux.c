/*
 * May the environment be believed? Linux says so: this covers file capabilities too.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <sys/auxv.h>

int spk_os_env_trusted(void)
{
    return getauxval(AT_SECURE) == 0;
}
