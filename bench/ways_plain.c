/*
 * What needs no processes: a plain loop, and OpenMP's threads; the prices to look up to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways.h"

#include <limits.h>
#include <stdlib.h>

apr_status_t plain_set_up(job_t *job)
{
    job->in = malloc(job->work.items * job->kind->in_size(&job->work) + 1);
    job->out = malloc(job->work.items * job->kind->out_size(&job->work) + 1);
    return job->in && job->out ? APR_SUCCESS : APR_ENOMEM;
}

void plain_tear_down(job_t *job)
{
    free(job->in);
    free(job->out);
    job->in = job->out = NULL;
}

static apr_status_t run_serial(job_t *job, apr_uint64_t *ns)
{
    const apr_size_t in_size = job->kind->in_size(&job->work), out_size = job->kind->out_size(&job->work);
    const item_fn_t item = kind_fn(job->kind);
    const char *in = job->in;
    char *out = job->out;
    const apr_uint64_t start = clock_now();
    for (apr_size_t i = 0; i < job->work.items; i++) item(in + i * in_size, in_size, out + i * out_size);
    *ns = clock_now() - start;
    return APR_SUCCESS;
}

#ifdef _OPENMP

/* A chunk of 0 is OpenMP's own way to choose: guided. */
apr_status_t openmp_loop(const job_t *job, item_fn_t item)
{
    const apr_size_t in_size = job->kind->in_size(&job->work), out_size = job->kind->out_size(&job->work);
    const long long count = (long long)job->work.items; /* signed: MSVC's OpenMP 2.0 knows no other loops */
    const int chunk = job->chunk < INT_MAX ? (int)job->chunk : INT_MAX, workers = job->workers;
    const char *in = job->in;
    char *out = job->out;
    long long i;
    if (chunk > 0) {
#pragma omp parallel for num_threads(workers) schedule(dynamic, chunk)
        for (i = 0; i < count; i++)
            item(in + (apr_size_t)i * in_size, in_size, out + (apr_size_t)i * out_size);
    } else {
#pragma omp parallel for num_threads(workers) schedule(guided)
        for (i = 0; i < count; i++)
            item(in + (apr_size_t)i * in_size, in_size, out + (apr_size_t)i * out_size);
    }
    return APR_SUCCESS;
}

#else

apr_status_t openmp_loop(const job_t *job, item_fn_t item)
{
    (void)job;
    (void)item;
    return APR_ENOTIMPL;
}

#endif

/* The threads are there after the first run: bench/run throws that away. */
static apr_status_t run_openmp(job_t *job, apr_uint64_t *ns)
{
    const item_fn_t item = kind_fn(job->kind);
    const apr_uint64_t start = clock_now();
    const apr_status_t status = openmp_loop(job, item);
    *ns = clock_now() - start;
    return status;
}

const way_t plain_ways[] = {
    { "serial", "a loop in one process", plain_set_up, run_serial, plain_tear_down },
    { "openmp", "OpenMP: dynamic,chunk; chunk 0: guided", plain_set_up, run_openmp, plain_tear_down },
    { NULL, NULL, NULL, NULL, NULL },
};
