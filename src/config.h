/*
 * A pool's configuration: the caller's, the environment's over it, checked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_CONFIG_H
#define SPK_CONFIG_H

#include "spork.h"

/* Copy the caller's config (NULL: defaults) into full and effective values: no 0 that means "choose"
 * is left in workers, start_timeout and arena_size; start is never AUTO, *automatic says that it was.
 * Strings and init_arg are not copied. The status has words. */
apr_status_t spk_config_resolve(spork_config_t *full, int *automatic, const spork_config_t *config);

#endif
