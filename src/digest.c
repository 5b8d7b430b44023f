/*
 * See digest.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "digest.h"

#include <string.h>

/* Odd, and of no pattern: what stands behind the point of the square roots of 3 and of 11. */
#define ROOT_3 UINT64_C(0xbb67ae8584caa73b)
#define ROOT_11 UINT64_C(0x510e527fade682d1)

static uint64_t step(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * ROOT_3;
    return hash ^ hash >> 32;
}

uint64_t spk_digest(uint64_t seed, const void *data, size_t size)
{
    const unsigned char *at = data;
    uint64_t hash = step(seed ^ ROOT_11, (uint64_t)size), word;
    size_t left = size;

    for (; left >= sizeof word; left -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = step(hash, word);
    }
    word = 0;
    if (left > 0) memcpy(&word, at, left);
    hash = step(hash, word) * ROOT_11;
    return hash ^ hash >> 29;
}
