/* SPDX-License-Identifier: Apache-2.0 */

#include <apr_general.h>
#include <apr_thread_cond.h>
#include <apr_thread_mutex.h>
#include <apr_thread_pool.h>
#include <stdio.h>

static apr_thread_mutex_t *mutex;
static apr_thread_cond_t *one_is_done;
static int done;

typedef struct {
    int below, primes;
} job_t;

static void *APR_THREAD_FUNC count_primes(apr_thread_t *thread, void *data)
{
    job_t *job = data;
    (void)thread;
    for (int n = 2; n < job->below; n++) {
        int d = 2;
        while (d * d <= n && n % d) d++;
        job->primes += d * d > n;
    }
    apr_thread_mutex_lock(mutex);
    done++;
    apr_thread_cond_signal(one_is_done);
    apr_thread_mutex_unlock(mutex);
    return NULL;
}

int main(void)
{
    job_t jobs[] = { { 1000, 0 }, { 20000, 0 }, { 50000, 0 } };
    apr_thread_pool_t *threads;
    apr_pool_t *mem;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS) return 1;
    if (apr_thread_mutex_create(&mutex, APR_THREAD_MUTEX_DEFAULT, mem) != APR_SUCCESS) return 1;
    if (apr_thread_cond_create(&one_is_done, mem) != APR_SUCCESS) return 1;
    if (apr_thread_pool_create(&threads, 2, 2, mem) != APR_SUCCESS) return 1;
    for (int i = 0; i < 3; i++)
        if (apr_thread_pool_push(threads, count_primes, &jobs[i], APR_THREAD_TASK_PRIORITY_NORMAL, NULL) !=
            APR_SUCCESS)
            return 1;
    apr_thread_mutex_lock(mutex);
    while (done < 3) apr_thread_cond_wait(one_is_done, mutex);
    apr_thread_mutex_unlock(mutex);
    apr_thread_pool_destroy(threads);
    for (int i = 0; i < 3; i++) printf("%d primes below %d\n", jobs[i].primes, jobs[i].below);
    apr_terminate();
    return 0;
}
