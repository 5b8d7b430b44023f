/*
 * Reading the numbers of a kit, see numbers.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "numbers.h"

#include <stddef.h>

/* The value of a digit, or the base: it is none. */
static unsigned digit(char c, unsigned base)
{
    unsigned value = base;

    if (c >= '0' && c <= '9') {
        value = (unsigned)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
        value = (unsigned)(c - 'a') + 10;
    }
    return value < base ? value : base;
}

/* One number; where it ends, or NULL: there is none. */
static const char *read_one(const spk_numbers_t *rule, const char *text, uint64_t *value)
{
    unsigned next;

    *value = 0;
    if (*text == '0') return NULL;
    while ((next = digit(*text, rule->base)) < rule->base) {
        if (next > rule->most || *value > (rule->most - next) / rule->base) return NULL;
        *value = *value * rule->base + next;
        text++;
    }
    return *value >= rule->least && *value % rule->step == 0 ? text : NULL;
}

static int is_among(uint64_t value, const uint64_t *values, int n)
{
    int i;

    for (i = 0; i < n && values[i] != value; i++) continue;
    return i < n;
}

int spk_numbers_read(const spk_numbers_t *rule, const char *text, uint64_t *values, int n)
{
    int i;

    for (i = 0; i < n; i++) {
        if (i > 0 && *text++ != ',') return 0;
        text = read_one(rule, text, &values[i]);
        if (text == NULL || (rule->distinct && is_among(values[i], values, i))) return 0;
    }
    return *text == '\0';
}
