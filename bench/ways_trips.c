/*
 * Single round trips, each timed by itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <stdlib.h>

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static apr_status_t make_trips(job_t *job, trip_t trip, double *each)
{
    apr_status_t status = APR_SUCCESS;
    for (apr_size_t i = 0; i < job->work.items && status == APR_SUCCESS; i++) {
        word_t got = 0;
        if (job->pause) apr_sleep((apr_interval_time_t)job->pause);
        const apr_uint64_t start = clock_now();
        status = trip(job, i + 1, &got);
        each[i] = (double)(clock_now() - start);
        if (status == APR_SUCCESS && got != i + 1) status = APR_EGENERAL;
    }
    return status;
}

apr_status_t job_trips(job_t *job, trip_t trip, apr_uint64_t *ns)
{
    const apr_size_t items = job->work.items;
    double *each = malloc(items * sizeof *each);
    const apr_status_t status = each ? make_trips(job, trip, each) : APR_ENOMEM;
    if (status == APR_SUCCESS) {
        qsort(each, items, sizeof *each, ascending);
        *ns = (apr_uint64_t)(each[items / 2] * (double)items);
        apr_snprintf(job->also, sizeof job->also, " p99=%.0f", each[items * 99 / 100]);
    }
    free(each);
    return status;
}
