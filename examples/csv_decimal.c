/*
 * Sums of decimal numbers, see csv_decimal.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "csv_decimal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BILLION 1000000000
#define QUINTILLION ((apr_int64_t)BILLION * BILLION)
#define NANO_MAX (4 * QUINTILLION)
#define WHOLE_MAX (8 * QUINTILLION) /* and one addend more still fits */
#define DIGITS_MAX 400              /* of a number in floating point */

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_space(char c)
{
    return c == ' ' || c == '\t';
}

/* Each part passes what it cannot hold to the next. */
static void add_exact(sum_t *sum, apr_int64_t whole, apr_int64_t nano)
{
    sum->nano += nano;
    if (sum->nano >= NANO_MAX || sum->nano <= -NANO_MAX) {
        whole += sum->nano / BILLION;
        sum->nano %= BILLION;
    }
    sum->whole += whole;
    if (sum->whole >= WHOLE_MAX || sum->whole <= -WHOLE_MAX) {
        sum->high += sum->whole / QUINTILLION;
        sum->whole %= QUINTILLION;
    }
}

/* Neumaier's summation: what the addition rounds away is kept apart. */
static void add_rough(sum_t *sum, double value)
{
    const double total = sum->rough + value;
    if (fabs(sum->rough) >= fabs(value))
        sum->lost += (sum->rough - total) + value;
    else
        sum->lost += (value - total) + sum->rough;
    sum->rough = total;
    sum->is_rough = 1;
}

/* Whatever else is a decimal number; strtod alone would also take hex, inf and nan. */
static int add_other(sum_t *sum, const char *text, apr_size_t size)
{
    char copy[DIGITS_MAX + 1];
    int digits = 0;
    if (size > DIGITS_MAX) return 0;
    memcpy(copy, text, size);
    copy[size] = '\0';
    const char *s = copy;
    if (*s == '+' || *s == '-') s++;
    for (; is_digit(*s); s++) digits++;
    if (*s == '.')
        for (s++; is_digit(*s); s++) digits++;
    if (digits > 0 && (*s == 'e' || *s == 'E')) {
        s++;
        if (*s == '+' || *s == '-') s++;
        if (!is_digit(*s)) return 0;
        while (is_digit(*s)) s++;
    }
    if (digits == 0 || s != copy + size) return 0;
    const double value = strtod(copy, NULL);
    if (!(fabs(value) <= 1e300)) return 0;
    add_rough(sum, value);
    return 1;
}

int sum_add(sum_t *sum, const char *text, apr_size_t size)
{
    static const apr_int64_t scale[] = { BILLION, 100000000, 10000000, 1000000, 100000,
                                         10000,   1000,      100,      10,      1 };
    const char *end = text + size;
    apr_int64_t whole = 0, nano = 0;

    while (text < end && is_space(*text)) text++;
    while (text < end && is_space(end[-1])) end--;
    const char *s = text;
    const int negative = s < end && *s == '-';
    if (s < end && (*s == '-' || *s == '+')) s++;
    const char *from = s;
    for (; s < end && is_digit(*s) && s - from < 18; s++) whole = 10 * whole + (*s - '0');
    int digits = (int)(s - from), decimals = 0;
    if (s < end && *s == '.') {
        for (s++; s < end && is_digit(*s) && decimals < 9; s++, decimals++) nano = 10 * nano + (*s - '0');
        digits += decimals;
    }
    if (s != end || digits == 0) return add_other(sum, text, (apr_size_t)(end - text));
    nano *= scale[decimals];
    if (decimals > sum->decimals) sum->decimals = decimals;
    add_exact(sum, negative ? -whole : whole, negative ? -nano : nano);
    return 1;
}

void sum_merge(sum_t *to, const sum_t *from)
{
    add_exact(to, from->whole % QUINTILLION, from->nano % BILLION);
    add_exact(to, from->nano / BILLION, 0);
    to->high += from->high + from->whole / QUINTILLION;
    if (from->is_rough) {
        add_rough(to, from->rough);
        to->lost += from->lost;
    }
    if (from->decimals > to->decimals) to->decimals = from->decimals;
}

/* All parts of one sign, each below what the next counts. */
static sum_t tidied(const sum_t *sum)
{
    sum_t t = *sum;
    t.whole += t.nano / BILLION; /* below WHOLE_MAX and 4 × 10^9 more: it fits */
    t.nano %= BILLION;
    t.high += t.whole / QUINTILLION;
    t.whole %= QUINTILLION;
    const int sign = t.high ? (t.high > 0 ? 1 : -1) : t.whole ? (t.whole > 0 ? 1 : -1) : t.nano < 0 ? -1 : 1;
    if (t.nano * sign < 0) {
        t.nano += sign * BILLION;
        t.whole -= sign;
    }
    if (t.whole * sign < 0) {
        t.whole += sign * QUINTILLION;
        t.high -= sign;
    }
    return t;
}

void sum_text(const sum_t *sum, int decimals, char text[SUM_TEXT_MAX])
{
    const sum_t t = tidied(sum);
    if (t.is_rough) {
        const double exact = (double)t.high * 1e18 + (double)t.whole + (double)t.nano / 1e9;
        (void)snprintf(text, SUM_TEXT_MAX, "%.15g", exact + t.lost + t.rough);
        return;
    }
    const int negative = t.high < 0 || t.whole < 0 || t.nano < 0;
    const long long high = (long long)t.high, whole = (long long)t.whole;
    int n;
    if (high)
        n = snprintf(text, SUM_TEXT_MAX, "%s%lld%018lld", negative ? "-" : "", high < 0 ? -high : high,
                     whole < 0 ? -whole : whole);
    else
        n = snprintf(text, SUM_TEXT_MAX, "%s%lld", negative ? "-" : "", whole < 0 ? -whole : whole);
    if (decimals > 0)
        (void)snprintf(text + n, SUM_TEXT_MAX - (size_t)n, ".%09d", (int)(t.nano < 0 ? -t.nano : t.nano));
    if (decimals > 0 && decimals < 9) text[n + 1 + decimals] = '\0';
}
