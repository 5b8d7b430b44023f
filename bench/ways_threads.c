/*
 * APR's thread pool, of apr-util: threads of one process, no isolation, but the thing that an APR program
 * would take.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways.h"

#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_pool.h>
#include <stdlib.h>

typedef struct {
    apr_thread_pool_t *pool;
    apr_thread_mutex_t *mutex;
    apr_thread_cond_t *some_done;
    apr_size_t done; /* under the mutex */
    apr_size_t awaited;
    job_t *job;
    item_fn_t item;
} threads_t;

/* One at a time in APR's queue: the parameter is the item's input, the rest follows from it. */
static threads_t threads;

static void *APR_THREAD_FUNC run_item(apr_thread_t *thread, void *in)
{
    const job_t *job = threads.job;
    const apr_size_t in_size = job->kind->in_size(&job->work), out_size = job->kind->out_size(&job->work);
    const apr_size_t i = (apr_size_t)((char *)in - (char *)job->in) / in_size;
    (void)thread;
    threads.item(in, in_size, (char *)job->out + i * out_size);
    apr_thread_mutex_lock(threads.mutex);
    if (++threads.done == threads.awaited) apr_thread_cond_signal(threads.some_done);
    apr_thread_mutex_unlock(threads.mutex);
    return NULL;
}

static apr_status_t set_up(job_t *job)
{
    apr_status_t status =
        apr_thread_pool_create(&threads.pool, (apr_size_t)job->workers, (apr_size_t)job->workers, job->mem);
    if (status == APR_SUCCESS)
        status = apr_thread_mutex_create(&threads.mutex, APR_THREAD_MUTEX_UNNESTED, job->mem);
    if (status == APR_SUCCESS) status = apr_thread_cond_create(&threads.some_done, job->mem);
    threads.job = job;
    threads.item = kind_fn(job->kind);
    return status == APR_SUCCESS ? plain_set_up(job) : status;
}

static void tear_down(job_t *job)
{
    if (threads.pool) apr_thread_pool_destroy(threads.pool);
    threads.pool = NULL;
    plain_tear_down(job);
}

/* Until so many are done. */
static void await(apr_size_t done)
{
    apr_thread_mutex_lock(threads.mutex);
    threads.awaited = done;
    while (threads.done < done) apr_thread_cond_wait(threads.some_done, threads.mutex);
    apr_thread_mutex_unlock(threads.mutex);
}

/* A flight of 0: all are pushed at once. Else half of them is awaited when all of them are under way, so that the
 * threads have the other half meanwhile. */
static apr_status_t run(job_t *job, apr_uint64_t *ns)
{
    const apr_size_t in_size = job->kind->in_size(&job->work), items = job->work.items, flight = job->flight;
    apr_status_t status = APR_SUCCESS;
    apr_size_t known = 0; /* that so many are done */

    threads.done = 0;
    const apr_uint64_t start = clock_now();
    for (apr_size_t i = 0; i < items && status == APR_SUCCESS; i++) {
        if (flight && i - known >= flight) {
            known = i - flight / 2;
            await(known);
        }
        status = apr_thread_pool_push(threads.pool, run_item, (char *)job->in + i * in_size,
                                      APR_THREAD_TASK_PRIORITY_NORMAL, NULL);
    }
    if (status == APR_SUCCESS) await(items);
    *ns = clock_now() - start;
    return status;
}

static apr_status_t run_start(job_t *job, apr_uint64_t *ns);

const way_t thread_ways[] = {
    { "threads", "APR's thread pool; flight 0: all pushed at once", set_up, run, tear_down },
    { "threads_start", "APR's thread pool: start, one answer of each thread, end", NULL, run_start, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};

/* ---- start and end ---------------------------------------------------------------------------------- */

/* Answers when all have come, as spork's `meet` does. */
static void *APR_THREAD_FUNC meet(apr_thread_t *thread, void *wanted)
{
    (void)thread;
    apr_thread_mutex_lock(threads.mutex);
    if (++threads.done == *(apr_size_t *)wanted) apr_thread_cond_broadcast(threads.some_done);
    while (threads.done < *(apr_size_t *)wanted) apr_thread_cond_wait(threads.some_done, threads.mutex);
    apr_thread_mutex_unlock(threads.mutex);
    return NULL;
}

static apr_status_t run_start(job_t *job, apr_uint64_t *ns)
{
    apr_size_t wanted = (apr_size_t)job->workers;
    apr_pool_t *mem;
    apr_status_t status = apr_pool_create(&mem, job->mem);
    if (status != APR_SUCCESS) return status;
    threads.done = 0;
    const apr_uint64_t start = clock_now();
    status = apr_thread_pool_create(&threads.pool, wanted, wanted, mem);
    if (status == APR_SUCCESS)
        status = apr_thread_mutex_create(&threads.mutex, APR_THREAD_MUTEX_UNNESTED, mem);
    if (status == APR_SUCCESS) status = apr_thread_cond_create(&threads.some_done, mem);
    for (apr_size_t i = 0; i < wanted && status == APR_SUCCESS; i++)
        status = apr_thread_pool_push(threads.pool, meet, &wanted, APR_THREAD_TASK_PRIORITY_NORMAL, NULL);
    if (status == APR_SUCCESS) await(wanted);
    if (threads.pool) apr_thread_pool_destroy(threads.pool);
    *ns = clock_now() - start;
    threads.pool = NULL;
    apr_pool_destroy(mem);
    return status;
}
