/*
 * A submitted item as the parent knows it, and what a stream does with such: its items are futures that nobody has a
 * handle of. They wait in the same queue and travel in the same batches, and end in a list of the stream's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_FUTURE_H
#define SPK_FUTURE_H

#include "pool.h"

enum { SPK_WAITING, SPK_POSTED, SPK_DONE };

typedef struct {
    spork_future_t *first, *last;
    size_t n;
} spk_list_t;

struct spork_future_t {
    spork_pool_t *pool;
    spork_future_t *prev, *next;    /* all futures of the pool */
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
    spk_block_t *block;              /* input in the arena, */
    unsigned char *spill;            /* or outside, while the arena is full, */
    unsigned char bytes[SPK_INLINE]; /* or here */
    spork_outcome_t outcome;
    unsigned char *data;   /* of the outcome: reply and words */
    size_t data_room;      /* bytes at data */
    spork_future_t *newer; /* a stream's: drawn next, or the next to be used again */
    uint64_t input;        /* a stream's with a journal: digest of the input, */
    uint64_t record;       /* and which of its records it must wait for; 0: none */
    void *baton;
};

/* One of the pool's, in no list but that of all; NULL: no memory. It is freed by spk_future_free(), or with the queue. */
spork_future_t *spk_future_make(spork_pool_t *pool, spk_list_t *home);
/* Into the queue as item `index`, for the first time or once more. The input is copied. If it cannot be had, or never
 * be placed, that is the outcome. */
void spk_future_enter(spork_future_t *f, uint32_t fn, size_t index, const void *in, size_t in_size);
/* It is item `index`, and has ended already: so. */
void spk_future_settle(spork_future_t *f, size_t index, const spk_result_t *result);
/* Out of home: it was handed out. */
void spk_future_leave(spork_future_t *f);
/* Its outcome is not looked at any more. */
void spk_future_free_data(spork_future_t *f);
/* It is DONE. */
void spk_future_free(spork_future_t *f);
/* How many items are with the workers, as far as is known. */
size_t spk_queue_posted(const spork_pool_t *pool);
/* Cancel all of this home that are not done. Those that run are done once their workers are gone. */
void spk_queue_cancel_all(spork_pool_t *pool, const spk_list_t *home);

#endif
