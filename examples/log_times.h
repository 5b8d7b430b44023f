/*
 * How long requests took, as a histogram: of a fixed size however many there are, and one of two parts of the work is
 * the sum of theirs. A time is known to less than 1 % (exactly below 128 microseconds): each power of two has 64
 * buckets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef LOG_TIMES_H
#define LOG_TIMES_H

#include <apr.h>

#define TIMES_BUCKETS 2304 /* up to 2^40 microseconds */

typedef struct {
    apr_uint64_t count;
    apr_uint64_t longest;
    apr_uint64_t bucket[TIMES_BUCKETS];
} times_t;

void times_add(times_t *times, apr_uint64_t microseconds);
void times_merge(times_t *to, const times_t *from);
/* So much time, in microseconds, do `percent` of them take at most. */
apr_uint64_t times_percentile(const times_t *times, double percent);

#endif
