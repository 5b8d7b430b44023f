/*
 * Submitting: the API of single items, and the queue they wait in. future.c has their life, batch.c how they travel.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "error.h"
#include "future.h"
#include "pool.h"
#include "progress.h"
#include "registry.h"

#include <stdlib.h>
#include <string.h>

/* ---- the pool's side ------------------------------------------------------------------------------------------------ */

apr_status_t spk_queue_create(spork_pool_t *pool)
{
    pool->queue = calloc(1, sizeof *pool->queue);
    return pool->queue != NULL ? APR_SUCCESS : spk_error(APR_ENOMEM, "spork_pool_create: no memory");
}

int spk_queue_is_empty(const spork_pool_t *pool)
{
    return pool->queue->waiting.n == 0 && pool->queue->n_posted == 0;
}

size_t spk_queue_posted(const spork_pool_t *pool)
{
    return pool->queue->n_posted;
}

int spk_queue_is_fetched(const spork_pool_t *pool)
{
    return pool->queue->finished.n == 0;
}

int spk_queue_is_under_way(const spork_pool_t *pool)
{
    return pool->queue->n_posted > 0;
}

void spk_queue_cancel(spork_pool_t *pool)
{
    spork_future_t *f, *next;

    for (f = pool->queue->all; f != NULL; f = next) {
        next = f->next;
        if (f->state == SPK_DONE) continue;
        if (f->state == SPK_POSTED) spk_batch_take(pool, f->slot, f->item);
        spk_future_complete_as(f, SPORK_ECANCELLED);
    }
}

void spk_queue_free(spork_pool_t *pool)
{
    if (pool->queue == NULL) return;
    while (pool->queue->all != NULL) spk_future_free(pool->queue->all);
    spk_spares_free(&pool->queue->spares);
    free(pool->queue);
    pool->queue = NULL;
}

/* ---- the API ---------------------------------------------------------------------------------------------------------- */

/* Most programs submit one function again and again. */
static int is_task(spk_queue_t *queue, spork_fn_t fn)
{
    int number;

    if (fn == queue->fn) return 1;
    number = spk_registry_find(fn);
    if (number == SPK_NOT_A_TASK) return 0;
    queue->fn = fn;
    queue->fn_number = (uint32_t)number;
    return 1;
}

static apr_status_t check_submit(spork_future_t **future, spork_pool_t *pool, spork_fn_t fn, const void *in,
                                 size_t in_size)
{
    apr_status_t status = spk_pool_check(pool, "spork_submit");

    if (status != APR_SUCCESS) return status;
    if (future == NULL) return spk_error(APR_EINVAL, "spork_submit: future is NULL");
    if (fn == NULL) return spk_error(APR_EINVAL, "spork_submit: fn is NULL");
    if (in == NULL && in_size > 0)
        return spk_error(APR_EINVAL, "spork_submit: in is NULL, but in_size is not 0");
    if (!is_task(pool->queue, fn))
        return spk_error(SPORK_ENOTTASK,
                         "spork_submit: the function is not in a task table given to spork_init()");
    if (pool->closed) return spk_error(SPORK_ECLOSED, "spork_submit: the pool was closed");
    if (pool->broken != APR_SUCCESS) return spk_error(pool->broken, "spork_submit: %s", pool->broken_words);
    if (!spk_future_may_fit(pool, in_size))
        return spk_error(SPORK_ETOOBIG,
                         "spork_submit: %" APR_SIZE_T_FMT " bytes do not fit the arena of %" APR_SIZE_T_FMT,
                         in_size, (apr_size_t)pool->shm.reserved);
    return APR_SUCCESS;
}

static const void *input_of(const spork_future_t *f)
{
    if (f->in_size == 0) return NULL;
    return f->spill != NULL ? f->spill : f->bytes;
}

static void run_inline(spork_future_t *f, spork_fn_t fn)
{
    char message[SPORK_MESSAGE_MAX];
    spk_result_t result = { APR_SUCCESS, 0, 0, NULL, 0, 0 };
    unsigned char *reply = NULL, *whole;
    apr_size_t size = 0;

    f->attempts = 1;
    result.status = spk_inline_run(f->pool, fn, f->outcome.index, input_of(f), f->in_size, NULL, 0, &reply,
                                   &size, message);
    result.out_size = size;
    result.words = strlen(message);
    whole = realloc(reply, size + sizeof message);
    if (whole != NULL) {
        memcpy(whole + size, message, sizeof message);
        reply = whole;
    } else {
        result.words = 0;
    }
    result.out = reply;
    spk_future_complete(f, &result);
    free(reply);
}

apr_status_t spork_submit(spork_future_t **future, spork_pool_t *pool, spork_fn_t fn, const void *in,
                          apr_size_t in_size)
{
    apr_status_t status = check_submit(future, pool, fn, in, in_size);
    spork_future_t *f;

    if (future != NULL) *future = NULL;
    if (status != APR_SUCCESS) return status;
    f = spk_future_make(pool, &pool->queue->finished);
    if (f == NULL) return spk_error(APR_ENOMEM, "spork_submit: no memory");
    f->fn = pool->queue->fn_number;
    status = spk_future_take_input(f, in, in_size);
    if (status != APR_SUCCESS) {
        spk_future_free(f);
        return spk_error(status, "spork_submit: no memory for %" APR_SIZE_T_FMT " bytes", in_size);
    }
    f->outcome.index = (apr_size_t)pool->queue->next_index++;
    spk_progress_expect(pool, 1);
    spk_list_append(&pool->queue->waiting, f);
    if (pool->n == 0)
        run_inline(f, fn);
    else
        spk_queue_feed(pool, 0);
    if (f->state == SPK_WAITING && pool->queue->waiting.n >= SPK_BATCH_MAX) spk_pump(pool);
    *future = f;
    return APR_SUCCESS;
}

static int is_done(void *of)
{
    return ((spork_future_t *)of)->state == SPK_DONE;
}

apr_status_t spork_future_wait(spork_future_t *f, apr_interval_time_t timeout)
{
    apr_status_t status = APR_SUCCESS;
    int is_given_up = 0; /* in this call, for there are no workers any more: spk_pump() */

    if (f == NULL) return spk_error(APR_EINVAL, "spork_future_wait: future is NULL");
    status = spk_pool_check(f->pool, "spork_future_wait");
    if (status == APR_SUCCESS && f->state != SPK_DONE) {
        status = spk_pump_until(f->pool, is_done, f, timeout, 1);
        is_given_up = status == APR_SUCCESS && f->pool->broken != APR_SUCCESS && !f->cancelled &&
                      f->outcome.status == SPORK_ECANCELLED;
    }
    if (status == SPORK_ECANCELLED) spk_progress_pause(f->pool);
    if (status == SPORK_ECANCELLED) return spk_error(status, "spork_future_wait: interrupted");
    if (status == APR_SUCCESS) spk_list_remove(f->home, f);
    if (status == APR_TIMEUP) (void)spk_error(status, "spork_future_wait: the time-out passed");
    if (status == APR_SUCCESS || status == APR_TIMEUP) spk_progress_look(f->pool);
    if (is_given_up) return spk_error(f->pool->broken, "spork_future_wait: %s", f->pool->broken_words);
    return status;
}

const spork_outcome_t *spork_future_outcome(spork_future_t *f)
{
    if (f == NULL) return NULL;
    if (f->state != SPK_DONE && f->pool->owner == spk_os_pid() && !f->pool->inside && !f->pool->closed) {
        spk_pump(f->pool);
        if (f->state != SPK_DONE) spk_roll_call(f->pool); /* who polls does not sleep */
    }
    return f->state == SPK_DONE ? &f->outcome : NULL;
}

/* Nobody has begun this item, and after this nobody will: its worker would see `cancelled`. */
static void cancel_posted(spork_future_t *f)
{
    spork_pool_t *pool = f->pool;
    spk_item_t *table = (spk_item_t *)(void *)spk_memory_at(pool, pool->queue->batches[f->slot].table);
    uint64_t reporting = 0;
    int m, n_reporting = 0;
    spk_cur_t cur;

    atomic_store_explicit(&table[f->item].cancelled, 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    for (m = 0; m < pool->n && !f->cancelled; m++) {
        f->cancelled = spk_condemn(pool, m, f->slot, f->item, SPORK_ECANCELLED);
        reporting = atomic_load_explicit(&pool->members[m].seat->cur, memory_order_acquire);
        cur = spk_cur_unpack(reporting);
        if (cur.slot != f->slot || cur.item != f->item) continue;
        if (cur.state == SPK_CUR_CONDEMNED)
            f->cancelled = 1; /* its deadline was first: it shall not be tried again */
        n_reporting += cur.state == SPK_CUR_REPORTING;
    }
    if (f->cancelled || n_reporting > 0) return;
    spk_crew_drain(pool);
    if (f->state != SPK_POSTED) return;
    spk_batch_take(pool, f->slot, f->item);
    spk_future_complete_as(f, SPORK_ECANCELLED);
}

static apr_status_t cancel(spork_future_t *f)
{
    if (f->pool->n > 0 && f->state == SPK_POSTED) spk_crew_drain(f->pool);
    if (f->state == SPK_WAITING)
        spk_future_complete_as(f, SPORK_ECANCELLED);
    else if (f->state == SPK_POSTED && !f->cancelled)
        cancel_posted(f);
    return APR_SUCCESS;
}

/* `f` stays where it is: only futures without a handle are freed meanwhile. */
void spk_queue_cancel_all(spork_pool_t *pool, const spk_list_t *home)
{
    spork_future_t *f;

    for (f = pool->queue->all; f != NULL; f = f->next)
        if (f->home == home && f->state != SPK_DONE) (void)cancel(f);
}

apr_status_t spork_future_cancel(spork_future_t *f)
{
    apr_status_t status;

    if (f == NULL) return spk_error(APR_EINVAL, "spork_future_cancel: future is NULL");
    status = spk_pool_check(f->pool, "spork_future_cancel");
    return status == APR_SUCCESS ? cancel(f) : status;
}

void spork_future_destroy(spork_future_t *f)
{
    if (f == NULL || f->pool->owner != spk_os_pid()) return;
    if (f->state != SPK_DONE) cancel(f);
    if (f->state != SPK_DONE) { /* it is freed when its worker is known to be gone */
        f->orphan = 1;
        return;
    }
    spk_list_remove(f->home, f);
    spk_future_free(f);
}

void spork_future_set_baton(spork_future_t *f, void *baton)
{
    if (f != NULL) f->baton = baton;
}

void *spork_future_baton(const spork_future_t *f)
{
    return f == NULL ? NULL : f->baton;
}

static int any_done(void *of)
{
    const spork_pool_t *pool = of;

    return pool->queue->finished.n > 0 || spk_queue_is_empty(pool);
}

apr_status_t spork_wait_any(spork_pool_t *pool, apr_interval_time_t timeout, spork_future_t **future)
{
    apr_status_t status = spk_pool_check(pool, "spork_wait_any");

    if (future != NULL) *future = NULL;
    if (status != APR_SUCCESS) return status;
    if (future == NULL) return spk_error(APR_EINVAL, "spork_wait_any: future is NULL");
    if (!any_done(pool)) status = spk_pump_until(pool, any_done, pool, timeout, 1);
    if (pool->broken != APR_SUCCESS && status == pool->broken) {
        spk_crew_end(pool, 0);
        spk_queue_cancel(pool);
        status = APR_SUCCESS;
    }
    if (status == SPORK_ECANCELLED) spk_progress_pause(pool);
    if (status == SPORK_ECANCELLED) return spk_error(status, "spork_wait_any: interrupted");
    if (status == APR_TIMEUP) {
        spk_progress_look(pool);
        return spk_error(status, "spork_wait_any: the time-out passed");
    }
    if (status != APR_SUCCESS) return status;
    *future = pool->queue->finished.first;
    if (*future != NULL) spk_list_remove(&pool->queue->finished, *future);
    spk_progress_look(pool);
    return *future != NULL ? APR_SUCCESS : APR_EOF;
}
