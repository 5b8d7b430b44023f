/*
 * The life of a submitted item: made, given its input, sent, done, freed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "future.h"

#include "pool.h"
#include "progress.h"

#include <stdlib.h>
#include <string.h>

#define IDLE_MOST \
    256 /* futures kept to be used again: as many as a program may have on their way at a time */

/* The C library looks long for blocks of this size, where more than a few come and go. */
static spork_future_t *take_idle(spk_queue_t *queue)
{
    spork_future_t *f = queue->idle;

    if (f == NULL) return malloc(sizeof *f);
    queue->idle = f->next;
    queue->n_idle--;
    return f;
}

static void free_idle(spk_queue_t *queue)
{
    spork_future_t *f;

    while ((f = queue->idle) != NULL) {
        queue->idle = f->next;
        free(f);
    }
    queue->n_idle = 0;
}

static void give_idle(spk_queue_t *queue, spork_future_t *f)
{
    if (queue->n_idle >= IDLE_MOST) {
        free(f);
        return;
    }
    f->next = queue->idle;
    queue->idle = f;
    queue->n_idle++;
}

spork_future_t *spk_future_make(spork_pool_t *pool, spk_list_t *home)
{
    spork_future_t *f = take_idle(pool->queue);

    if (f == NULL) return NULL;
    memset(&f->pool, 0, sizeof *f - offsetof(spork_future_t, pool)); /* all but the bytes */
    f->pool = pool;
    f->home = home;
    f->outcome.message = "";
    f->next = pool->queue->all;
    if (f->next != NULL) f->next->prev = f;
    pool->queue->all = f;
    return f;
}

static void free_input(spork_future_t *f)
{
    if (f->block != NULL) {
        f->pool->queue->input_bytes -= spk_block_size(f->block);
        spk_memory_free(f->pool, f->block);
        f->block = NULL;
    }
    if (f->spill != NULL) {
        free(f->spill);
        f->spill = NULL;
    }
}

/* Room in the arena for the input. Inputs take no more than half of it (or it is a single one): the
 * replies need the rest, and without them no input would ever leave. */
int spk_future_take_room(spork_future_t *f)
{
    spk_queue_t *queue = f->pool->queue;
    size_t half = (f->pool->shm.reserved - f->pool->payloads) / 2;

    if (queue->input_bytes > 0 && (f->in_size > half || queue->input_bytes > half - f->in_size)) return 0;
    f->block = spk_memory_alloc(f->pool, f->in_size);
    if (f->block == NULL) return 0;
    queue->input_bytes += spk_block_size(f->block);
    return 1;
}

void spk_future_free_data(spork_future_t *f)
{
    if (f->data == NULL) return;
    spk_spares_give(&f->pool->queue->spares, f->data, f->data_room);
    f->data = NULL;
    f->data_room = 0;
}

void spk_future_free(spork_future_t *f)
{
    spk_queue_t *queue = f->pool->queue;

    free_input(f);
    spk_future_free_data(f);
    if (f->prev != NULL)
        f->prev->next = f->next;
    else
        queue->all = f->next;
    if (f->next != NULL) f->next->prev = f->prev;
    give_idle(queue, f);
    if (queue->all == NULL) { /* an idle pool keeps nothing */
        spk_spares_free(&queue->spares);
        free_idle(queue);
    }
}

/* Where reply and words go; NULL: there is no memory. An item of a stream may have room from the one before it. */
static unsigned char *find_data_room(spork_future_t *f, size_t size)
{
    if (size <= sizeof f->bytes) return f->bytes;
    if (f->data != NULL && size <= f->data_room) return f->data;
    spk_future_free_data(f);
    f->data = spk_spares_take(&f->pool->queue->spares, size, &f->data_room);
    return f->data;
}

/* Copy reply and words out of shared memory before anybody looks at them. The input is not needed any more. */
static void keep_result(spork_future_t *f, const spk_result_t *result)
{
    unsigned char *data;

    f->outcome.status = result->status;
    f->outcome.signal = result->signal;
    f->outcome.exit_code = result->exit_code;
    f->outcome.attempts = f->attempts;
    if (result->out_size == 0 && result->words == 0) return;
    data = find_data_room(f, result->out_size + result->words + 1);
    if (data == NULL) {
        f->outcome.status = APR_ENOMEM;
        return;
    }
    memcpy(data, result->out, result->out_size + result->words);
    data[result->out_size + result->words] = '\0';
    f->outcome.message = (const char *)data + result->out_size;
    if (result->out_size > 0 && result->status == APR_SUCCESS) {
        f->outcome.out = data;
        f->outcome.out_size = result->out_size;
    }
}

void spk_future_complete(spork_future_t *f, const spk_result_t *result)
{
    spk_queue_t *queue = f->pool->queue;

    if (f->state == SPK_WAITING) spk_list_remove(&queue->waiting, f);
    if (f->state == SPK_POSTED) queue->n_posted--;
    f->state = SPK_DONE;
    f->pool->changes++;
    spk_progress_count(f->pool, 1, result->status != APR_SUCCESS);
    if (f->orphan) {
        spk_future_free(f);
        return;
    }
    keep_result(f, result);
    free_input(f);
    spk_list_append(f->home, f);
}

void spk_future_complete_as(spork_future_t *f, apr_status_t status)
{
    spk_result_t result = { status, 0, 0, NULL, 0, 0 };

    spk_future_complete(f, &result);
}

void spk_future_requeue(spork_future_t *f)
{
    f->pool->queue->n_posted--;
    f->state = SPK_WAITING;
    spk_list_prepend(&f->pool->queue->waiting, f);
}

apr_status_t spk_future_take_input(spork_future_t *f, const void *in, size_t in_size)
{
    f->in_size = in_size;
    if (in_size == 0) return APR_SUCCESS;
    if (in_size <= SPK_INLINE) {
        memcpy(f->bytes, in, in_size);
        return APR_SUCCESS;
    }
    if (f->pool->n > 0 && spk_future_take_room(f)) {
        memcpy(spk_memory_at(f->pool, f->block), in, in_size);
        return APR_SUCCESS;
    }
    f->spill = malloc(in_size);
    if (f->spill == NULL) return APR_ENOMEM;
    memcpy(f->spill, in, in_size);
    return APR_SUCCESS;
}

int spk_future_may_fit(const spork_pool_t *pool, size_t in_size)
{
    return in_size <= pool->shm.reserved - pool->payloads;
}

static void renew(spork_future_t *f, size_t index)
{
    memset(&f->outcome, 0, sizeof f->outcome);
    f->outcome.index = index;
    f->outcome.message = "";
    f->attempts = f->cancelled = 0;
    f->record = 0;
}

void spk_future_settle(spork_future_t *f, size_t index, const spk_result_t *result)
{
    renew(f, index);
    spk_future_complete(f, result);
}

void spk_future_enter(spork_future_t *f, uint32_t fn, size_t index, const void *in, size_t in_size)
{
    apr_status_t status = APR_SUCCESS;

    renew(f, index);
    f->fn = fn;
    f->state = SPK_WAITING;
    spk_list_append(&f->pool->queue->waiting, f);
    status = spk_future_may_fit(f->pool, in_size) ? spk_future_take_input(f, in, in_size) : SPORK_ETOOBIG;
    if (status != APR_SUCCESS) spk_future_complete_as(f, status);
}

void spk_future_leave(spork_future_t *f)
{
    spk_list_remove(f->home, f);
}
