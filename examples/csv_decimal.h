/*
 * Sums of decimal numbers, exact as on paper: 0.1 + 0.2 is 0.3, in whatever order and however split.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CSV_DECIMAL_H
#define CSV_DECIMAL_H

#include <apr.h>

/* The sum is high × 10^18 + whole + nano / 10^9, and for numbers that do not fit this (an exponent, more than 18
 * digits before the point or 9 behind it) rough + lost: floating point, with what its roundings lost (Neumaier). */
typedef struct {
    apr_int64_t high, whole, nano;
    double rough, lost;
    apr_int32_t is_rough; /* rough was used */
    apr_int32_t decimals; /* the most behind a point of any */
} sum_t;

/* 0 if the text is no decimal number. Spaces around it are no matter. */
int sum_add(sum_t *sum, const char *text, apr_size_t size);
void sum_merge(sum_t *to, const sum_t *from);

#define SUM_TEXT_MAX 64
/* With so many decimals; a rough one with up to 15 digits. */
void sum_text(const sum_t *sum, int decimals, char text[SUM_TEXT_MAX]);

#endif
