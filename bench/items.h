/*
 * The work that is measured: an item of one of a few kinds, the same for spork and for its peers. Who runs
 * it calls it through a pointer that the compiler cannot see through, as a pool has to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_ITEMS_H
#define BENCH_ITEMS_H

#include <apr.h>

typedef apr_uint64_t word_t;

#define WORD sizeof(word_t)

/* What an item of kind `reply` gets: how much to answer, and what of. */
typedef struct {
    word_t size;
    word_t seed;
} order_t;

typedef void (*item_fn_t)(const void *in, apr_size_t in_size, void *out);

/* What the items of a job are like. */
typedef struct {
    const char *profile; /* of spin: constant, uneven, up, down, giant */
    apr_size_t items;
    apr_size_t size; /* of blob: bytes in and out; of reply: bytes out */
    apr_size_t cost; /* of spin: turns of the loop, on average */
} work_t;

typedef struct {
    const char *name;
    item_fn_t fn;
    const char *task;  /* what spork knows it by, in a map */
    const char *reply; /* and if it is submitted */
    int keeps;         /* answers are kept and checked afterwards; else there are too many bytes of them */
    apr_size_t (*in_size)(const work_t *work);
    apr_size_t (*out_size)(const work_t *work);
    void (*fill)(const work_t *work, apr_size_t i, void *in);
    int (*is_right)(const void *in, apr_size_t in_size, const void *out);
} kind_t;

/* NULL: there is none of that name. */
const kind_t *kind_named(const char *name);

/* 0: there is no such profile. */
int profile_is_known(const char *name);

/* The function, fetched from a volatile: no compiler inlines what it returns. */
item_fn_t kind_fn(const kind_t *kind);

void items_fill(const kind_t *kind, const work_t *work, void *in);

/* 1 if all items of the work have answered rightly. */
int items_are_right(const kind_t *kind, const work_t *work, const void *in, const void *out);

/* ---- the items, inline: what a spork task adds is spork's, not a second call ----------------------- */

/* One is read anew in each turn and might always be another: no formula, no unrolling, n real turns. */
extern volatile word_t items_one;

static inline void item_echo(const void *in, apr_size_t in_size, void *out)
{
    (void)in_size;
    *(word_t *)out = *(const word_t *)in;
}

static inline void item_spin(const void *in, apr_size_t in_size, void *out)
{
    const word_t n = *(const word_t *)in;
    word_t sum = 0;
    (void)in_size;
    for (word_t i = 0; i < n; i += items_one) sum += i * i;
    *(word_t *)out = sum;
}

/* Each word is read, changed and written: what memory gives. */
static inline void item_blob(const void *in, apr_size_t in_size, void *out)
{
    const word_t *from = in;
    word_t *to = out;
    for (apr_size_t i = 0; i < in_size / WORD; i++) to[i] = ~from[i];
}

static inline void item_reply(const void *in, apr_size_t in_size, void *out)
{
    const order_t *order = in;
    word_t *to = out;
    (void)in_size;
    for (apr_size_t i = 0; i < order->size / WORD; i++) to[i] = order->seed + i;
}

#endif
