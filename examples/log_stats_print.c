/*
 * The tables that log_stats prints.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "log_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double share(apr_uint64_t part, apr_uint64_t all)
{
    return all ? 100 * (double)part / (double)all : 0;
}

/* By requests, and where these are as many, in the order of the paths' bytes: the same on every run. */
static int by_requests(const void *left, const void *right)
{
    const log_count_t *a = *(const log_count_t *const *)left, *b = *(const log_count_t *const *)right;
    if (a->head.requests != b->head.requests) return a->head.requests < b->head.requests ? 1 : -1;
    const apr_uint64_t shorter = a->head.size < b->head.size ? a->head.size : b->head.size;
    const int order = memcmp(a->path, b->path, (size_t)shorter);
    return order ? order : (a->head.size > b->head.size) - (a->head.size < b->head.size);
}

/* Paths are what strangers sent: what would move the cursor is shown as a space. */
static void print_path(const log_count_t *count)
{
    for (apr_uint64_t i = 0; i < count->head.size; i++) {
        const unsigned char c = (unsigned char)count->path[i];
        putchar(c < ' ' || c == 0x7F ? ' ' : c);
    }
    putchar('\n');
}

static void print_statuses(const log_found_t *found)
{
    printf("\n%12s  %6s  %s\n", "requests", "share", "status");
    for (int i = 0; i < STATUS_MAX; i++)
        if (found->status[i] > 0)
            printf("%12llu  %5.1f%%  %d\n", (unsigned long long)found->status[i],
                   share(found->status[i], found->requests), i);
}

static void print_paths(const log_stats_t *stats)
{
    const apr_size_t count = apr_hash_count(stats->paths);
    const log_count_t **paths = apr_palloc(stats->mem, (count + 1) * sizeof(log_count_t *));
    apr_size_t n = 0;

    for (apr_hash_index_t *i = apr_hash_first(stats->mem, stats->paths); i; i = apr_hash_next(i))
        paths[n++] = apr_hash_this_val(i);
    qsort(paths, n, sizeof(log_count_t *), by_requests);
    printf("\n%12s  %6s  %15s  path (of %llu)\n", "requests", "share", "bytes", (unsigned long long)n);
    for (apr_size_t i = 0; i < n && i < (apr_size_t)stats->top; i++) {
        printf("%12llu  %5.1f%%  %15llu  ", (unsigned long long)paths[i]->head.requests,
               share(paths[i]->head.requests, stats->found->requests),
               (unsigned long long)paths[i]->head.bytes);
        print_path(paths[i]);
    }
}

static void print_times(const times_t *times)
{
    static const double percents[] = { 50, 90, 95, 99, 99.9 };
    if (times->count == 0) return;
    printf("\n%12s  of %llu requests\n", "ms at most", (unsigned long long)times->count);
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++)
        printf("%12.3f  %g%%\n", (double)times_percentile(times, percents[i]) / 1000, percents[i]);
    printf("%12.3f  all\n", (double)times->longest / 1000);
}

void log_print(const log_stats_t *stats)
{
    printf("%12llu  requests\n%12llu  bytes sent\n", (unsigned long long)stats->found->requests,
           (unsigned long long)stats->found->bytes);
    if (stats->found->others)
        printf("%12llu  lines that are not an access log's\n", (unsigned long long)stats->found->others);
    if (stats->found->requests == 0) return;
    print_statuses(stats->found);
    print_paths(stats);
    print_times(&stats->found->times);
}
