/*
 * Sets of up to 64 small numbers, a bit each.
 *
 *     for (rest = set; rest != 0; rest &= rest - 1) number = spk_lowest(rest);
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_BITS_H
#define SPK_BITS_H

#include <stdint.h>

/* The number of the lowest bit of a set that is not empty. Standard C has no word for it before C23; this multiplies
 * by a de Bruijn sequence (Leiserson, Prokop, Randall: Using de Bruijn Sequences to Index a 1 in a Computer Word, 1998). */
static inline unsigned spk_lowest(uint64_t set)
{
    static const unsigned char number[64] = { 0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,
                                              62, 55, 59, 36, 53, 51, 43, 22, 45, 39, 33, 30, 24, 18, 12, 5,
                                              63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21, 44, 32, 23, 11,
                                              46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6 };

    return number[((set & (~set + 1)) * UINT64_C(0x03f79d71b4cb0a89)) >> 58];
}

#endif
