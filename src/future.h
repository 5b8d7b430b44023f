/*
 * A submitted item as the parent knows it, and the queue of them.
 *
 * A future is WAITING (in the queue), POSTED (item of a batch: batch.c), or DONE (in its home: the list of those that nobody
 * has asked for yet). What a stream does with such: its items are futures that nobody has a handle of. They wait in the
 * same queue and travel in the same batches, and end in a list of the stream's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_FUTURE_H
#define SPK_FUTURE_H

#include "pool.h"
#include "spares.h"

enum { SPK_WAITING, SPK_POSTED, SPK_DONE };

typedef struct {
    spork_future_t *first, *last;
    size_t n;
} spk_list_t;

struct spork_future_t {
    /* The input while it is not DONE, if it is so small; then the reply and the words, if these are: first, to be
     * aligned like memory from malloc(), which it is. */
    unsigned char bytes[SPK_INLINE];
    spork_pool_t *pool;
    spork_future_t *prev, *next;    /* all futures of the pool; or next to be used again */
    spork_future_t *before, *after; /* the queue while WAITING, home while DONE */
    spk_list_t *home;               /* the list where it goes when it is done */
    int state;
    int listed;    /* in queue or home */
    int cancelled; /* its end is on the way */
    int orphan;    /* its handle was destroyed */
    uint32_t fn;
    unsigned slot; /* POSTED */
    uint32_t item;
    int attempts;
    size_t in_size;
    spk_block_t *block;   /* input in the arena, */
    unsigned char *spill; /* or outside, while the arena is full; else in bytes */
    spork_outcome_t outcome;
    unsigned char *data;   /* of the outcome: reply and words, if they are not in bytes */
    size_t data_room;      /* bytes at data */
    spork_future_t *newer; /* a stream's: drawn next, or the next to be used again */
    uint64_t input;        /* a stream's with a journal: digest of the input, */
    uint64_t record;       /* and which of its records it must wait for; 0: none */
    void *baton;
};

typedef struct {
    spk_block_t *table;
    spork_future_t *items[SPK_BATCH_MAX]; /* NULL: nobody waits for it any more */
} spk_batch_t;

struct spk_queue_t {
    spk_list_t waiting, finished;
    spork_future_t *all;
    spork_future_t *idle; /* to be used again; none while there is no other */
    size_t n_idle, n_posted;
    spk_spares_t spares;
    size_t input_bytes; /* of the arena, taken by inputs */
    uint64_t next_index;
    spork_fn_t fn; /* submitted last, */
    uint32_t fn_number;
    int last;             /* the slot of the last batch, */
    uint64_t last_serial; /* which is this job */
    uint64_t tables;      /* slots whose batches have one: a bit each */
    spk_batch_t batches[SPK_SLOTS];
};

/* ---- lists -------------------------------------------------------------------------------------------------- */

static inline void spk_list_append(spk_list_t *list, spork_future_t *f)
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

static inline void spk_list_prepend(spk_list_t *list, spork_future_t *f)
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

static inline void spk_list_remove(spk_list_t *list, spork_future_t *f)
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

/* ---- future.c: one's life ------------------------------------------------------------------------------------ */

/* One of the pool's, in no list but that of all; NULL: no memory. It is freed by spk_future_free(), or with the queue. */
spork_future_t *spk_future_make(spork_pool_t *pool, spk_list_t *home);
/* It could be in the arena if that were empty. */
int spk_future_may_fit(const spork_pool_t *pool, size_t in_size);
/* Keep a copy of the input: here, in the arena, or outside. APR_ENOMEM. */
apr_status_t spk_future_take_input(spork_future_t *f, const void *in, size_t in_size);
/* Room in the arena for the input: 1, or 0. */
int spk_future_take_room(spork_future_t *f);
/* Into the queue as item `index`, for the first time or once more. The input is copied. If it cannot be had, or never
 * be placed, that is the outcome. */
void spk_future_enter(spork_future_t *f, uint32_t fn, size_t index, const void *in, size_t in_size);
/* It is item `index`, and has ended already: so. */
void spk_future_settle(spork_future_t *f, size_t index, const spk_result_t *result);
/* POSTED, and has to go once more: first in the queue. */
void spk_future_requeue(spork_future_t *f);
/* It has ended: so. Frees it if nobody has a handle. */
void spk_future_complete(spork_future_t *f, const spk_result_t *result);
void spk_future_complete_as(spork_future_t *f, apr_status_t status);
/* Out of home: it was handed out. */
void spk_future_leave(spork_future_t *f);
/* Its outcome is not looked at any more. */
void spk_future_free_data(spork_future_t *f);
/* It is DONE. */
void spk_future_free(spork_future_t *f);

/* ---- batch.c, submit.c ---------------------------------------------------------------------------------------- */

/* Who stands there in a batch, and stands there no more; NULL: nobody. */
spork_future_t *spk_batch_take(spork_pool_t *pool, unsigned slot, uint32_t item);
/* How many items are with the workers, as far as is known. */
size_t spk_queue_posted(const spork_pool_t *pool);
/* Cancel all of this home that are not done. Those that run are done once their workers are gone. */
void spk_queue_cancel_all(spork_pool_t *pool, const spk_list_t *home);

#endif
