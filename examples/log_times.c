/*
 * A histogram of times, see log_times.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "log_times.h"

/* The value's first seven bits, and how many follow. */
static int bucket_of(apr_uint64_t value)
{
    int shift = 0;
    while (value >> shift >= 128) shift++;
    const int bucket = shift * 64 + (int)(value >> shift);
    return bucket < TIMES_BUCKETS ? bucket : TIMES_BUCKETS - 1;
}

/* The middle of what a bucket holds. */
static apr_uint64_t value_of(int bucket)
{
    if (bucket < 128) return (apr_uint64_t)bucket;
    const int shift = bucket / 64 - 1;
    const apr_uint64_t low = (apr_uint64_t)(bucket - shift * 64) << shift;
    return low + ((((apr_uint64_t)1 << shift) - 1) >> 1);
}

void times_add(times_t *times, apr_uint64_t microseconds)
{
    times->count++;
    times->bucket[bucket_of(microseconds)]++;
    if (microseconds > times->longest) times->longest = microseconds;
}

void times_merge(times_t *to, const times_t *from)
{
    to->count += from->count;
    for (int i = 0; i < TIMES_BUCKETS; i++) to->bucket[i] += from->bucket[i];
    if (from->longest > to->longest) to->longest = from->longest;
}

apr_uint64_t times_percentile(const times_t *times, double percent)
{
    const double rank = (double)times->count * percent / 100;
    apr_uint64_t below = 0;
    for (int i = 0; i < TIMES_BUCKETS; i++) {
        below += times->bucket[i];
        if (times->bucket[i] > 0 && (double)below >= rank) {
            const apr_uint64_t value = value_of(i);
            return value < times->longest ? value : times->longest;
        }
    }
    return times->longest;
}
