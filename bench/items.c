/*
 * The inputs of the items, and what they have to answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "items.h"

#include <string.h>

#define HEAVY_ONE_IN 1000 /* of the profile "uneven": one in so many items is so many times heavier */

volatile word_t items_one = 1;

static word_t mixed(apr_size_t i)
{
    word_t x = (word_t)i + 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static apr_size_t one_word(const work_t *work)
{
    (void)work;
    return WORD;
}

static apr_size_t whole_size(const work_t *work)
{
    return work->size;
}

static apr_size_t order_size(const work_t *work)
{
    (void)work;
    return sizeof(order_t);
}

/* ---- echo ------------------------------------------------------------------------------------------- */

static void fill_echo(const work_t *work, apr_size_t i, void *in)
{
    (void)work;
    *(word_t *)in = mixed(i) | 1; /* never 0, which the answers are before */
}

static int is_echo(const void *in, apr_size_t in_size, const void *out)
{
    (void)in_size;
    return *(const word_t *)in == *(const word_t *)out;
}

/* ---- spin ------------------------------------------------------------------------------------------- */

/* Scaled so that the mean is the cost for all profiles; at least one turn. */
static void fill_spin(const work_t *work, apr_size_t i, void *in)
{
    const double n = (double)work->items, at = (double)i, cost = (double)work->cost;
    const char *profile = work->profile;
    double turns = cost;

    if (strcmp(profile, "uneven") == 0) {
        turns = cost * HEAVY_ONE_IN / (2 * HEAVY_ONE_IN - 1);
        if (mixed(i) % HEAVY_ONE_IN == 0) turns *= HEAVY_ONE_IN;
    } else if (strcmp(profile, "up") == 0) {
        turns = 2 * cost * (at + 0.5) / n;
    } else if (strcmp(profile, "down") == 0) {
        turns = 2 * cost * (n - at - 0.5) / n;
    } else if (strcmp(profile, "giant") == 0) {
        /* a quarter of all the work, in the middle */
        turns = i == work->items / 2 ? cost * n / 4 : cost * 3 / 4;
    }
    *(word_t *)in = turns < 1 ? 1 : (word_t)turns;
}

/* The sum of i*i for i below n is (n - 1) n (2n - 1) / 6, here mod 2^64. */
static word_t sum_of_squares(word_t n)
{
    word_t factor[3] = { n - 1, n, 2 * n - 1 };
    factor[n % 2 ? 0 : 1] /= 2;
    for (int i = 0; i < 3; i++) {
        if (factor[i] % 3 == 0) {
            factor[i] /= 3;
            break;
        }
    }
    return factor[0] * factor[1] * factor[2];
}

static int is_sum(const void *in, apr_size_t in_size, const void *out)
{
    (void)in_size;
    return *(const word_t *)out == sum_of_squares(*(const word_t *)in);
}

int profile_is_known(const char *name)
{
    static const char *const known[] = { "constant", "uneven", "up", "down", "giant" };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i]) == 0) return 1;
    return 0;
}

/* ---- blob and reply --------------------------------------------------------------------------------- */

static void fill_blob(const work_t *work, apr_size_t i, void *in)
{
    word_t *word = in;
    const word_t seed = mixed(i) >> 1;
    for (apr_size_t k = 0; k < work->size / WORD; k++) word[k] = seed + k;
}

static int is_blob(const void *in, apr_size_t in_size, const void *out)
{
    const word_t *from = in, *to = out;
    for (apr_size_t k = 0; k < in_size / WORD; k++)
        if (to[k] != ~from[k]) return 0;
    return 1;
}

static void fill_order(const work_t *work, apr_size_t i, void *in)
{
    const order_t order = { work->size, mixed(i) | 1 };
    memcpy(in, &order, sizeof order);
}

static int is_reply(const void *in, apr_size_t in_size, const void *out)
{
    const order_t *order = in;
    const word_t *to = out;
    (void)in_size;
    for (apr_size_t k = 0; k < order->size / WORD; k++)
        if (to[k] != order->seed + k) return 0;
    return 1;
}

/* ---- all of them ------------------------------------------------------------------------------------ */

static const kind_t kinds[] = {
    { "echo", item_echo, "echo", "echo_reply", 1, one_word, one_word, fill_echo, is_echo },
    { "spin", item_spin, "spin", "spin_reply", 1, one_word, one_word, fill_spin, is_sum },
    { "blob", item_blob, "blob", "blob_reply", 1, whole_size, whole_size, fill_blob, is_blob },
    { "reply", item_reply, "reply", "reply_reply", 0, order_size, whole_size, fill_order, is_reply },
};

const kind_t *kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0) return &kinds[i];
    return NULL;
}

item_fn_t kind_fn(const kind_t *kind)
{
    item_fn_t volatile fn = kind->fn;
    return fn;
}

void items_fill(const kind_t *kind, const work_t *work, void *in)
{
    const apr_size_t size = kind->in_size(work);
    for (apr_size_t i = 0; i < work->items; i++) kind->fill(work, i, (char *)in + i * size);
}

int items_are_right(const kind_t *kind, const work_t *work, const void *in, const void *out)
{
    const apr_size_t in_size = kind->in_size(work), out_size = kind->out_size(work);
    for (apr_size_t i = 0; i < work->items; i++)
        if (!kind->is_right((const char *)in + i * in_size, in_size, (const char *)out + i * out_size))
            return 0;
    return 1;
}
