/*
 * Runs a fuzz target over the files that are named, without a fuzzer: for compilers that have none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz.h"

#define INPUT_MAX 65536

int main(int argc, char **argv)
{
    static uint8_t data[INPUT_MAX];
    size_t size;
    FILE *file;
    int i;

    if (argc < 2) {
        fprintf(stderr, "usage: %s FILE...\n", argv[0]);
        return EXIT_FAILURE;
    }
    for (i = 1; i < argc; i++) {
        file = fopen(argv[i], "rb");
        if (file == NULL) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        size = fread(data, 1, sizeof data, file);
        fclose(file);
        printf("%s: %lu bytes\n", argv[i], (unsigned long)size);
        fflush(stdout);
        (void)LLVMFuzzerTestOneInput(data, size);
    }
    return EXIT_SUCCESS;
}
