/*
 * Fuzz target: a worker's command line, which anybody may write. The input is taken three ways: as an argv, its words ended
 * by zeros; each word as the numbers of a kit; and as the values of such numbers, which must come back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz.h"

#include "numbers.h"
#include "role.h"

#include <string.h>

#define ARGS_MAX 6
#define KIT_MAX 6
#define TEXT_MAX (KIT_MAX * 21 + 1)

/* As the backends have it, and two that are at their bounds. */
static const spk_numbers_t rules[] = { { 10, 3, (1 << 20) - 1, 1, 0 },
                                       { 16, 4, INT64_MAX, 4, 1 },
                                       { 10, 1, UINT64_MAX, 1, 1 },
                                       { 16, 7, 7, 7, 0 } };
#define RULES (sizeof rules / sizeof rules[0])

/* As the parent writes them. */
static void print(const spk_numbers_t *rule, const uint64_t *values, int n, char text[TEXT_MAX])
{
    int i, length = 0;

    text[0] = '\0';
    for (i = 0; i < n; i++) {
        if (i > 0) text[length++] = ',';
        length += snprintf(text + length, (size_t)(TEXT_MAX - length), rule->base == 10 ? "%llu" : "%llx",
                           (unsigned long long)values[i]);
    }
}

static int obeys(const spk_numbers_t *rule, const uint64_t *values, int n)
{
    int i, j;

    for (i = 0; i < n; i++) {
        if (values[i] < rule->least || values[i] > rule->most || values[i] % rule->step != 0) return 0;
        for (j = 0; rule->distinct && j < i; j++)
            if (values[i] == values[j]) return 0;
    }
    return 1;
}

/* Only what a parent writes is read. */
static void read_numbers(const char *text)
{
    uint64_t values[KIT_MAX];
    char again[TEXT_MAX];
    size_t r;
    int n;

    for (r = 0; r < RULES; r++) {
        for (n = 1; n <= KIT_MAX; n++) {
            if (!spk_numbers_read(&rules[r], text, values, n)) continue;
            check(obeys(&rules[r], values, n), "the numbers are handles");
            print(&rules[r], values, n, again);
            check(strcmp(again, text) == 0, "a parent writes them so");
        }
    }
}

/* And all that a parent writes is. */
static void write_numbers(fuzz_input_t input)
{
    const spk_numbers_t *rule = &rules[fuzz_next(&input, 1) % RULES];
    int i, n = 1 + (int)fuzz_next(&input, 1) % KIT_MAX;
    uint64_t values[KIT_MAX], again[KIT_MAX];
    char text[TEXT_MAX];

    for (i = 0; i < n; i++) values[i] = fuzz_next(&input, (size_t)fuzz_next(&input, 1) % 9);
    print(rule, values, n, text);
    if (spk_numbers_read(rule, text, again, n)) {
        check(memcmp(values, again, (size_t)n * sizeof *values) == 0, "what was written is read");
    } else {
        check(!obeys(rule, values, n), "what a parent may write is read");
    }
}

/* Each word in a block of its own, so that AddressSanitizer sees who reads beyond it. */
static int split(fuzz_input_t *input, char *argv[ARGS_MAX + 1])
{
    size_t length;
    int argc = 0;

    while (argc < ARGS_MAX && input->left > 0) {
        for (length = 0; length < input->left && input->data[length] != '\0'; length++) continue;
        argv[argc] = malloc(length + 1);
        check(argv[argc] != NULL, "there is memory");
        memcpy(argv[argc], input->data, length);
        argv[argc++][length] = '\0';
        input->data += length;
        input->left -= length;
        if (input->left > 0) (void)fuzz_next(input, 1);
    }
    argv[argc] = NULL;
    return argc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input_t input = { data, size };
    char *argv[ARGS_MAX + 1];
    const char *numbers;
    int argc, i;

    write_numbers(input);
    argc = split(&input, argv);
    for (i = 0; i <= argc; i++) {
        numbers = spk_role_parse(i, (const char *const *)argv);
        check((numbers != NULL) == (i > 1 && strncmp(argv[1], SPK_ROLE, strlen(SPK_ROLE)) == 0),
              "the first argument makes a worker, nothing else");
        check(numbers == NULL || numbers == argv[1] + strlen(SPK_ROLE), "the numbers stand behind it");
        if (numbers != NULL) read_numbers(numbers);
    }
    for (i = 0; i < argc; i++) {
        read_numbers(argv[i]);
        free(argv[i]);
    }
    return 0;
}
