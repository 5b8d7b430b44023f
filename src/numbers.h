/*
 * The numbers on a spawned worker's command line, by which it finds its kit: whole numbers with commas between. Anybody
 * may start the program with any command line, so only what a parent could have written is taken: no sign, no
 * blank, no zero in front. Pure, and free of any system's headers, so that what each system takes is tested and fuzzed everywhere.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_NUMBERS_H
#define SPK_NUMBERS_H

#include <stdint.h>

/* Which numbers are handles of this system. */
typedef struct {
    unsigned base;        /* 10 or 16; of the letters the small ones */
    uint64_t least, most; /* least is not 0 */
    uint64_t step;        /* each is a multiple of it */
    int distinct;         /* no two are the same */
} spk_numbers_t;

/* 1 and the values, if the text is exactly n such numbers; else 0, and the values are unspecified. */
int spk_numbers_read(const spk_numbers_t *rule, const char *text, uint64_t *values, int n);

#endif
