/*
 * Submitted items: futures, the queue they wait in, and the batches in which they are posted.
 *
 * A future is WAITING (in the queue), POSTED (item of a batch, a job whose items say themselves what
 * to run), or DONE. As long as the last batch is worked at and has room, what comes is added to it: that costs
 * little, and a lone item leaves at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "error.h"
#include "future.h"
#include "pool.h"
#include "progress.h"
#include "registry.h"
#include "spares.h"

#include <stdlib.h>
#include <string.h>

#define BATCH_MAX SPK_BATCH_MAX
#define BATCHES 40 /* slots that submitted items may take; the others are for maps */

typedef struct {
    spk_block_t *table;
    spork_future_t *items[BATCH_MAX]; /* NULL: nobody waits for it any more */
} batch_t;

struct spk_queue_t {
    spk_list_t waiting, finished;
    spork_future_t *all;
    size_t n_posted;
    spk_spares_t spares;
    size_t input_bytes; /* of the arena, taken by inputs */
    uint64_t next_index;
    int last;             /* the slot of the last batch, */
    uint64_t last_serial; /* which is this job */
    batch_t batches[SPK_SLOTS];
};

/* ---- lists ---------------------------------------------------------------------------------------------- */

static void list_append(spk_list_t *list, spork_future_t *f)
{
    f->before = list->last;
    f->after = NULL;
    if (list->last != NULL)
        list->last->after = f;
    else
        list->first = f;
    list->last = f;
    list->n++;
    f->listed = 1;
}

static void list_prepend(spk_list_t *list, spork_future_t *f)
{
    f->before = NULL;
    f->after = list->first;
    if (list->first != NULL)
        list->first->before = f;
    else
        list->last = f;
    list->first = f;
    list->n++;
    f->listed = 1;
}

static void list_remove(spk_list_t *list, spork_future_t *f)
{
    if (!f->listed) return;
    if (f->before != NULL)
        f->before->after = f->after;
    else
        list->first = f->after;
    if (f->after != NULL)
        f->after->before = f->before;
    else
        list->last = f->before;
    list->n--;
    f->listed = 0;
}

/* ---- a future's life ---------------------------------------------------------------------------------------- */

static void free_input(spork_future_t *f)
{
    if (f->block != NULL) f->pool->queue->input_bytes -= spk_block_size(f->block);
    spk_memory_free(f->pool, f->block);
    free(f->spill);
    f->block = NULL;
    f->spill = NULL;
}

/* Room in the arena for the input. Inputs take no more than half of it (or it is a single one): the
 * replies need the rest, and without them no input would ever leave. */
static int take_room(spork_future_t *f)
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
    if (queue->all == NULL) spk_spares_free(&queue->spares); /* an idle pool keeps nothing */
    free(f);
}

/* An item of a stream may have room from the one before it. */
static int make_data_room(spork_future_t *f, size_t size)
{
    if (f->data != NULL && size <= f->data_room) return 1;
    spk_future_free_data(f);
    f->data = spk_spares_take(&f->pool->queue->spares, size, &f->data_room);
    return f->data != NULL;
}

/* Copy reply and words out of shared memory before anybody looks at them. */
static void keep_result(spork_future_t *f, const spk_result_t *result)
{
    f->outcome.status = result->status;
    f->outcome.signal = result->signal;
    f->outcome.exit_code = result->exit_code;
    f->outcome.attempts = f->attempts;
    if (result->out_size == 0 && result->words == 0) return;
    if (!make_data_room(f, result->out_size + result->words + 1)) {
        f->outcome.status = APR_ENOMEM;
        return;
    }
    memcpy(f->data, result->out, result->out_size + result->words);
    f->data[result->out_size + result->words] = '\0';
    f->outcome.message = (const char *)f->data + result->out_size;
    if (result->out_size > 0 && result->status == APR_SUCCESS) {
        f->outcome.out = f->data;
        f->outcome.out_size = result->out_size;
    }
}

static void complete(spork_future_t *f, const spk_result_t *result)
{
    spk_queue_t *queue = f->pool->queue;

    if (f->state == SPK_WAITING) list_remove(&queue->waiting, f);
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
    list_append(f->home, f);
}

static void complete_as(spork_future_t *f, apr_status_t status)
{
    spk_result_t result = { status, 0, 0, NULL, 0, 0 };

    complete(f, &result);
}

static void back_to_queue(spork_future_t *f)
{
    f->pool->queue->n_posted--;
    f->state = SPK_WAITING;
    list_prepend(&f->pool->queue->waiting, f);
}

/* ---- what becomes of a batch's items: spk_owner_t ------------------------------------------------------------- */

static spork_future_t *take_item(spork_pool_t *pool, unsigned slot, uint32_t item)
{
    spork_future_t *f = item < BATCH_MAX ? pool->queue->batches[slot].items[item] : NULL;

    if (f != NULL) pool->queue->batches[slot].items[item] = NULL;
    return f;
}

static void on_outcome(spork_pool_t *pool, unsigned slot, uint32_t item, const spk_result_t *result)
{
    spork_future_t *f = take_item(pool, slot, item);

    if (f == NULL) return;
    if (result->status != SPORK_ECANCELLED) f->attempts++;
    complete(f, result);
}

static void on_casualty(spork_pool_t *pool, unsigned slot, uint32_t item, const spk_result_t *result)
{
    spork_future_t *f = take_item(pool, slot, item);

    if (f == NULL) return;
    f->attempts++;
    if (f->cancelled || f->orphan)
        complete_as(f, SPORK_ECANCELLED);
    else if (result->status != SPORK_ECANCELLED && f->attempts <= pool->config.retries)
        back_to_queue(f);
    else
        complete(f, result);
}

static void on_rest(spork_pool_t *pool, unsigned slot, spk_range_t range)
{
    uint32_t item;
    spork_future_t *f;

    for (item = range.end; item-- > range.begin;)
        if ((f = take_item(pool, slot, item)) != NULL) {
            if (f->cancelled || f->orphan)
                complete_as(f, SPORK_ECANCELLED);
            else
                back_to_queue(f);
        }
}

static void on_through(spork_pool_t *pool, unsigned slot)
{
    spk_range_t all = { 0, pool->slots[slot].count };
    spork_future_t *f;
    uint32_t item;

    /* a worker that lied about having finished may have left some: they ended with it */
    for (item = all.begin; item < all.end; item++)
        if ((f = take_item(pool, slot, item)) != NULL) complete_as(f, SPORK_ECRASHED);
}

static void on_lost(spork_pool_t *pool, unsigned slot, const spk_result_t *result)
{
    uint32_t count = pool->slots[slot].count, item;
    spork_future_t *f;

    for (item = 0; item < count; item++) {
        if ((f = take_item(pool, slot, item)) == NULL) continue;
        if (f->cancelled || f->orphan)
            complete_as(f, SPORK_ECANCELLED);
        else
            complete(f, result);
    }
}

static const spk_owner_t batch_owner = { on_outcome, on_casualty, on_rest, on_through, on_lost };

/* ---- posting ------------------------------------------------------------------------------------------------------ */

/* The input must stand in the arena or in the item. 0: no room now. */
static int place_input(spork_future_t *f)
{
    if (f->in_size <= SPK_INLINE || f->block != NULL) return 1;
    if (!take_room(f)) return 0;
    memcpy(spk_memory_at(f->pool, f->block), f->spill, f->in_size);
    free(f->spill);
    f->spill = NULL;
    return 1;
}

static void fill_item(spk_item_t *item, const spork_future_t *f)
{
    item->index = f->outcome.index;
    item->in_size = f->in_size;
    item->in = f->block != NULL ? spk_block_offset(f->block) : 0;
    item->fn = f->fn;
    atomic_store_explicit(&item->cancelled, 0, memory_order_relaxed);
    if (f->block == NULL && f->in_size > 0) memcpy(item->bytes, f->bytes, f->in_size);
}

/* Which slot the next job would get is not known before it is posted, but its table must be filled
 * then: so the table is found first and handed to that slot's batch after. */
static spk_block_t *spare_table(spork_pool_t *pool, uint32_t *from)
{
    uint32_t i;

    for (i = 0; i < SPK_SLOTS; i++) {
        if (pool->slots[i].state == SPK_SLOT_FREE && pool->queue->batches[i].table != NULL) {
            *from = i;
            return pool->queue->batches[i].table;
        }
    }
    *from = SPK_SLOTS;
    return spk_memory_alloc(pool, BATCH_MAX * sizeof(spk_item_t));
}

static int post_table(spork_pool_t *pool, spk_block_t *table, uint32_t count)
{
    spk_post_t post;

    memset(&post, 0, sizeof post);
    post.owner = &batch_owner;
    post.flags = SPK_JOB_TABLE | SPK_JOB_GUARDED | (pool->config.timeout > 0 ? SPK_JOB_TIMED : 0U);
    post.count = count;
    post.chunk = 1;
    post.n_lanes = 1;
    post.in = spk_block_offset(table);
    post.in_size = sizeof(spk_item_t);
    return spk_job_post(pool, &post);
}

/* Write those who wait longest into a table, from its entry `begin` on: how many. */
static uint32_t fill_table(const spork_pool_t *pool, const spk_block_t *table, uint32_t begin)
{
    spk_item_t *items = (spk_item_t *)(void *)spk_memory_at(pool, table);
    spork_future_t *f;
    uint32_t n = begin;

    for (f = pool->queue->waiting.first; f != NULL && n < BATCH_MAX && place_input(f); f = f->after)
        fill_item(&items[n++], f);
    return n - begin;
}

/* They stand there now: entries [begin, begin + n) of the slot's table are theirs. */
static void move_to_batch(spk_queue_t *queue, int slot, uint32_t begin, uint32_t n)
{
    uint32_t i;

    for (i = begin; i < begin + n; i++) {
        spork_future_t *f = queue->waiting.first;

        list_remove(&queue->waiting, f);
        f->state = SPK_POSTED;
        f->slot = (unsigned)slot;
        f->item = i;
        queue->batches[slot].items[i] = f;
    }
    queue->n_posted += n;
}

/* The last batch takes as many as it has room for. 0: none. */
static int extend_batch(spork_pool_t *pool)
{
    spk_queue_t *queue = pool->queue;
    const spk_slot_t *own = &pool->slots[queue->last];
    uint32_t begin = own->count, n;

    if (own->state != SPK_SLOT_OPEN || own->serial != queue->last_serial || own->stopped) return 0;
    n = fill_table(pool, queue->batches[queue->last].table, begin);
    if (n == 0) return 0;
    move_to_batch(queue, queue->last, begin, n);
    return spk_job_extend(pool, (unsigned)queue->last, n);
}

static int post_batch(spork_pool_t *pool)
{
    spk_queue_t *queue = pool->queue;
    uint32_t from, n;
    spk_block_t *table = spare_table(pool, &from);
    int slot;

    if (table == NULL) return 0;
    n = fill_table(pool, table, 0);
    slot = n > 0 ? post_table(pool, table, n) : -1;
    if (from < SPK_SLOTS)
        queue->batches[from].table = slot < 0 || (uint32_t)slot == from ? table : queue->batches[slot].table;
    if (slot < 0) {
        if (from == SPK_SLOTS) spk_memory_free(pool, table);
        return 0;
    }
    queue->batches[slot].table = table;
    move_to_batch(queue, slot, 0, n);
    queue->last = slot;
    queue->last_serial = pool->slots[slot].serial;
    return 1;
}

/* How many must wait to be worth one of the slots that are left. */
static size_t worth_a_slot(int slots_left)
{
    return slots_left > 8 ? 1 : slots_left > 4 ? 8 : slots_left > 2 ? 32 : BATCH_MAX;
}

/* The first in the queue could not be posted for want of room in the arena. If nothing is under way that could
 * make room, that will not change. */
static void give_up_first(spork_pool_t *pool)
{
    if (pool->queue->n_posted == 0 && !spk_run_is_under_way(pool))
        complete_as(pool->queue->waiting.first, SPORK_ETOOBIG);
}

void spk_queue_feed(spork_pool_t *pool, int all)
{
    spk_queue_t *queue = pool->queue;
    int left;

    while (queue->waiting.n > 0 && pool->broken == APR_SUCCESS) {
        if (extend_batch(pool)) continue;
        left = BATCHES - spk_jobs_of(pool, &batch_owner);
        if (left <= 0 || (!all && queue->waiting.n < worth_a_slot(left))) return;
        if (!post_batch(pool)) {
            if (spk_job_can_be_posted(pool)) give_up_first(pool);
            return;
        }
    }
}

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
        if (f->state == SPK_POSTED) take_item(pool, f->slot, f->item);
        complete_as(f, SPORK_ECANCELLED);
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

static apr_status_t take_input(spork_future_t *f, const void *in, size_t in_size)
{
    f->in_size = in_size;
    if (in_size == 0) return APR_SUCCESS;
    if (in_size <= SPK_INLINE) {
        memcpy(f->bytes, in, in_size);
        return APR_SUCCESS;
    }
    if (f->pool->n > 0 && take_room(f)) {
        memcpy(spk_memory_at(f->pool, f->block), in, in_size);
        return APR_SUCCESS;
    }
    f->spill = malloc(in_size);
    if (f->spill == NULL) return APR_ENOMEM;
    memcpy(f->spill, in, in_size);
    return APR_SUCCESS;
}

static int may_fit(const spork_pool_t *pool, size_t in_size)
{
    return in_size <= pool->shm.reserved - pool->payloads;
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
    if (spk_registry_find(fn) == SPK_NOT_A_TASK)
        return spk_error(SPORK_ENOTTASK,
                         "spork_submit: the function is not in a task table given to spork_init()");
    if (pool->closed) return spk_error(SPORK_ECLOSED, "spork_submit: the pool was closed");
    if (pool->broken != APR_SUCCESS) return spk_error(pool->broken, "spork_submit: %s", pool->broken_words);
    if (!may_fit(pool, in_size))
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
    complete(f, &result);
    free(reply);
}

spork_future_t *spk_future_make(spork_pool_t *pool, spk_list_t *home)
{
    spork_future_t *f = malloc(sizeof *f);

    if (f == NULL) return NULL;
    /* all but the bytes: gcc would make a calloc() of it, glibc's slow way */
    memset(f, 0, offsetof(spork_future_t, bytes));
    memset(&f->outcome, 0, sizeof *f - offsetof(spork_future_t, outcome));
    f->pool = pool;
    f->home = home;
    f->outcome.message = "";
    f->next = pool->queue->all;
    if (f->next != NULL) f->next->prev = f;
    pool->queue->all = f;
    return f;
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
    f->fn = (uint32_t)spk_registry_find(fn);
    status = take_input(f, in, in_size);
    if (status != APR_SUCCESS) {
        spk_future_free(f);
        return spk_error(status, "spork_submit: no memory for %" APR_SIZE_T_FMT " bytes", in_size);
    }
    f->outcome.index = (apr_size_t)pool->queue->next_index++;
    spk_progress_expect(pool, 1);
    list_append(&pool->queue->waiting, f);
    if (pool->n == 0)
        run_inline(f, fn);
    else
        spk_queue_feed(pool, 0);
    if (f->state == SPK_WAITING && pool->queue->waiting.n >= BATCH_MAX) spk_pump(pool);
    *future = f;
    return APR_SUCCESS;
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
    complete(f, result);
}

void spk_future_enter(spork_future_t *f, uint32_t fn, size_t index, const void *in, size_t in_size)
{
    apr_status_t status = APR_SUCCESS;

    renew(f, index);
    f->fn = fn;
    f->state = SPK_WAITING;
    list_append(&f->pool->queue->waiting, f);
    status = may_fit(f->pool, in_size) ? take_input(f, in, in_size) : SPORK_ETOOBIG;
    if (status != APR_SUCCESS) complete_as(f, status);
}

void spk_future_leave(spork_future_t *f)
{
    list_remove(f->home, f);
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
    if (status == APR_SUCCESS) list_remove(f->home, f);
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
    take_item(pool, f->slot, f->item);
    complete_as(f, SPORK_ECANCELLED);
}

static apr_status_t cancel(spork_future_t *f)
{
    if (f->pool->n > 0 && f->state == SPK_POSTED) spk_crew_drain(f->pool);
    if (f->state == SPK_WAITING)
        complete_as(f, SPORK_ECANCELLED);
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
    list_remove(f->home, f);
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
    if (*future != NULL) list_remove(&pool->queue->finished, *future);
    spk_progress_look(pool);
    return *future != NULL ? APR_SUCCESS : APR_EOF;
}
