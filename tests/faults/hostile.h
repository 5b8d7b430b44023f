/*
 * What the tests of hostile workers share: a bed, which is a pool with all that a hostile worker must not touch: what
 * was delivered before, the parent's private memory, another pool beside it. The items are squares; one of them
 * misbehaves. Each test program says what that is, and what it may cost.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_HOSTILE_H
#define TEST_HOSTILE_H

#include "conformance.h"

#define ITEMS 32       /* of a map */
#define SUBMITTED 4    /* beside it */
#define HOSTILE_ITEM 5 /* of the map, */
#define HOSTILE_SUBMIT 1

/* An item: the square of a value, in a map and submitted. `what` is 0 for an honest one. */
typedef struct {
    apr_uint32_t what, how, seed;
    int value;
    spork_ref_t gate; /* for who says that it has begun */
} item_t;

/* The task; for its table. */
apr_status_t square(spork_task_t *task, const void *in, void *out);
/* The program's own: what an item that is not honest does before it is squared. */
void misbehave(spork_task_t *task, const item_t *item);

typedef struct {
    spork_pool_t *pool;
    spork_pool_t *beside; /* another one, whose items are never hostile */
    spork_future_t *kept; /* delivered before, and not destroyed */
    int before[ITEMS];    /* likewise */
    unsigned char *guard; /* private memory, with a pattern */
    spork_map_t options;  /* of the last map */
} bed_t;

/* The pool, with something delivered from it. */
void bed_make(bed_t *bed, const spork_config_t *config);
/* The same with so many workers, a small arena, and one of the kinds of pool. */
enum { PLAIN, RETRIES, WEARS, TIMED, N_KINDS }; /* all but the last have no timeout */
extern const char *const kinds[N_KINDS];
void bed_make_kind(bed_t *bed, int workers, int kind);
/* One map, in which this item is hostile, NULL: none. Each item has one outcome. */
apr_status_t bed_map(bed_t *bed, int *out, const item_t *hostile);
/* What is not the pool's own is as it was. */
void bed_check(bed_t *bed);
/* Something is submitted, a map is run, all is waited for: one item of it is hostile. Anything may come of it, once. */
void bed_suffer(bed_t *bed, const item_t *hostile, int is_submitted);
/* Then the pool goes on until its answers are right again: 1; or is given up, with words: 0. */
int bed_recovers(bed_t *bed);
/* The end of the pool: it is destroyed, or closed before, with or without success. */
void bed_end(bed_t *bed);
void bed_close(bed_t *bed);
/* A new pool works. */
void the_next_pool_works(int workers);

/* The watchdog's patience begins again; its words, and those of a failed assertion's line before it, are these. */
void round_begins(const char *format, ...);

/* Random numbers, for hostile tasks: never 0. */
uint64_t random_word(uint64_t *state);

/* A number from the environment, for longer runs at night. */
int setting(const char *name, int otherwise);

#endif
