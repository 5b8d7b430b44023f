/*
 * What the fuzz targets have in common.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Called by libFuzzer, or by replay.c, for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void check(int holds, const char *what)
{
    if (holds) return;
    fprintf(stderr, "fuzz: not so: %s\n", what);
    abort();
}

/* What is left of the input. */
typedef struct {
    const uint8_t *data;
    size_t left;
} fuzz_input_t;

/* Its next bytes as a number; what is not there counts as 0. */
static inline uint64_t fuzz_next(fuzz_input_t *input, size_t bytes)
{
    uint64_t value = 0;

    for (; bytes > 0; bytes--) {
        value = value << 8 | (input->left > 0 ? *input->data : 0u);
        if (input->left > 0) {
            input->data++;
            input->left--;
        }
    }
    return value;
}

#endif
