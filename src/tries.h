/*
 * How often items were tried: a number for each of a few out of many. An item that is not in it was tried 0 times.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_TRIES_H
#define SPK_TRIES_H

#include <stddef.h>

typedef struct spk_try_t spk_try_t;

/* All zero is an empty one. */
typedef struct {
    spk_try_t *places; /* hashed by item, the next free place where that one is taken */
    size_t used, room; /* room: a power of two, or 0 */
} spk_tries_t;

int spk_tries_of(const spk_tries_t *tries, size_t item);
/* One more. 0 if there is no memory: then nothing was counted. */
int spk_tries_count(spk_tries_t *tries, size_t item);
void spk_tries_free(spk_tries_t *tries);

#endif
