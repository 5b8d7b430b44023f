/*
 * The registry: every task of every table, in order of its name, which is what parent and worker
 * agree on.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_REGISTRY_H
#define SPK_REGISTRY_H

#include "spork.h"
#include <stdint.h>

#define SPK_NOT_A_TASK (-1)

/* Build it from the registered tables and `entries` (may be NULL). Once. */
apr_status_t spk_registry_build(const spork_entry_t *entries, apr_pool_t *mem);

/* 1 once it was built. */
int spk_registry_built(void);

/* A hash of all names, of spork's version and of what the build's shared structs look like: equal in
 * parent and worker, or they do not belong together. */
uint64_t spk_registry_fingerprint(void);

/* Number of a function, SPK_NOT_A_TASK if it is in no table. */
int spk_registry_find(spork_fn_t fn);

/* The function with this number; NULL if there is none. */
spork_fn_t spk_registry_fn(uint32_t number);
const char *spk_registry_name(uint32_t number);

#endif
