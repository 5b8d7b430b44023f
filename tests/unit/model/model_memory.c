/*
 * The model's memory: locations with the history of their values, and what each actor knows of them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model_inside.h"

#include <stdio.h>
#include <string.h>

#define LOCATIONS 256
#define BUCKETS 1024
#define MESSAGES 4096
#define LONGEST 256
#define QUIETS 80

/* How many messages of each location an actor must have seen. */
typedef struct {
    uint16_t of[LOCATIONS];
} view_t;

typedef struct {
    uint64_t value;
    view_t view; /* what whoever acquires it learns */
} message_t;

typedef struct {
    const volatile void *at;
    size_t size;
    uint64_t key; /* for hashes: the place, whatever its number */
    int quiet, steady, n;
    uint16_t messages[LONGEST];
} location_t;

typedef struct {
    view_t now, acquired, released; /* acquired: what an acquire fence would add */
    uint64_t hash;
    int changed;
    const location_t *loaded; /* by the operation before this one, if that was a load */
} knowledge_t;

typedef struct {
    const volatile unsigned char *at;
    size_t size;
} range_t;

static location_t locations[LOCATIONS];
static int n_locations, n_messages;
static uint16_t buckets[BUCKETS];
static message_t messages[MESSAGES];
static knowledge_t knowledge[MODEL_ACTORS];
static view_t fenced; /* what all seq_cst fences have in common */
static uint64_t hash;
static range_t quiets[QUIETS];
static int n_quiets;
static const volatile void *steady;

void model_memory_begin(void)
{
    n_locations = n_messages = n_quiets = 0;
    steady = NULL;
    memset(buckets, 0, sizeof buckets);
    memset(knowledge, 0, sizeof knowledge);
    memset(&fenced, 0, sizeof fenced);
    hash = 0;
}

void model_quiet(const volatile void *at, size_t size)
{
    if (n_quiets == QUIETS) {
        model_fail("more than %d quiet ranges", QUIETS);
        return;
    }
    quiets[n_quiets].at = at;
    quiets[n_quiets++].size = size;
}

void model_steady(const volatile void *at)
{
    steady = at;
}

static int is_quiet(const volatile void *at)
{
    const volatile unsigned char *byte = at;
    int i;

    for (i = 0; i < n_quiets; i++)
        if (byte >= quiets[i].at && byte < quiets[i].at + quiets[i].size) return 1;
    return 0;
}

/* No actor is at work. */
static int is_aside(void)
{
    return model_now.actor < 0 || model_now.aside;
}

static uint64_t peek(const volatile void *at, size_t size)
{
    return size == 4 ? *(const volatile uint32_t *)at : *(const volatile uint64_t *)at;
}

static void poke(volatile void *at, size_t size, uint64_t value)
{
    if (size == 4)
        *(volatile uint32_t *)at = (uint32_t)value;
    else
        *(volatile uint64_t *)at = value;
}

/* ---- locations -------------------------------------------------------------------------------------- */

static location_t *place(const volatile void *at, size_t size, uint64_t value)
{
    uint64_t key = model_mix(17, (uint64_t)(uintptr_t)at);
    size_t bucket = (size_t)key & (BUCKETS - 1);
    location_t *location;

    for (; buckets[bucket] != 0; bucket = (bucket + 1) & (BUCKETS - 1))
        if (locations[buckets[bucket] - 1].at == at) return &locations[buckets[bucket] - 1];
    if (n_locations == LOCATIONS || n_messages == MESSAGES) model_fail("too many locations");
    location = &locations[n_locations++];
    buckets[bucket] = (uint16_t)n_locations;
    location->at = at;
    location->size = size;
    location->key = key;
    location->quiet = is_quiet(at);
    location->steady = at == steady;
    location->n = 1;
    location->messages[0] = (uint16_t)n_messages;
    messages[n_messages].value = value;
    memset(&messages[n_messages].view, 0, sizeof messages[n_messages].view);
    n_messages++;
    return location;
}

static int number_of(const location_t *location)
{
    return (int)(location - locations);
}

static void join(view_t *view, const view_t *other)
{
    int i;

    for (i = 0; i < n_locations; i++)
        if (view->of[i] < other->of[i]) view->of[i] = other->of[i];
}

static uint64_t view_hash(const view_t *view)
{
    uint64_t sum = 0;
    int i;

    for (i = 0; i < n_locations; i++)
        if (view->of[i] != 0) sum += model_mix(locations[i].key, view->of[i]);
    return sum;
}

/* ---- one operation ---------------------------------------------------------------------------------- */

static int acquires(memory_order order)
{
    return order == memory_order_acquire || order == memory_order_consume || order == memory_order_acq_rel ||
           order == memory_order_seq_cst;
}

static int releases(memory_order order)
{
    return order == memory_order_release || order == memory_order_acq_rel || order == memory_order_seq_cst;
}

static const message_t *message_of(const location_t *location, int i)
{
    return &messages[location->messages[i]];
}

/* The actor sees message i of the location. */
static uint64_t see(location_t *location, int i, memory_order order)
{
    knowledge_t *mine = &knowledge[model_now.actor];
    const message_t *message = message_of(location, i);

    if (mine->now.of[number_of(location)] < i) mine->now.of[number_of(location)] = (uint16_t)i;
    if (mine->acquired.of[number_of(location)] < i) mine->acquired.of[number_of(location)] = (uint16_t)i;
    join(&mine->acquired, &message->view);
    if (acquires(order)) join(&mine->now, &message->view);
    mine->changed = 1;
    return message->value;
}

/* The actor adds a message; what it was made from, if by compare-and-swap, heads its release sequence on. */
static void add(location_t *location, uint64_t value, memory_order order, const message_t *from)
{
    knowledge_t *mine = &knowledge[model_now.actor];
    int me = number_of(location);
    message_t *message = &messages[n_messages];

    if (n_messages == MESSAGES || location->n == LONGEST) model_fail("too many messages");
    location->messages[location->n++] = (uint16_t)n_messages++;
    mine->now.of[me] = mine->acquired.of[me] = (uint16_t)(location->n - 1);
    message->value = value;
    message->view = releases(order) ? mine->now : mine->released;
    message->view.of[me] = (uint16_t)(location->n - 1);
    if (from != NULL) join(&message->view, &from->view);
    mine->changed = 1;
    hash += model_mix(model_mix(location->key, value),
                      model_mix((uint64_t)location->n, view_hash(&message->view)));
}

static void trace(const char *what, const location_t *location, uint64_t value, memory_order order)
{
    static const char *const orders[] = { "relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst" };
    char name[80];

    if (!model_now.tracing || location->quiet) return;
    fprintf(stderr, "  actor %d %s %s %lx (%s)\n", model_now.actor, what,
            model_now.of->describe(location->at, name, sizeof name), (unsigned long)value, orders[order]);
}

static void write_now(location_t *location, volatile void *at, uint64_t value, memory_order order,
                      const message_t *from)
{
    uint64_t before = peek(at, location->size);

    if (model_now.of->weak && !location->quiet)
        add(location, value, order, from);
    else
        hash += model_mix(location->key, value) - model_mix(location->key, before);
    poke(at, location->size, value);
    if (!location->quiet) model_count_write();
    if (model_now.of->wrote != NULL) model_now.of->wrote(at, before, value);
}

/* Which message a load sees: the newest, or any that the actor need not know to be overwritten. */
static int pick(const location_t *location)
{
    int last = location->n - 1, first = knowledge[model_now.actor].now.of[number_of(location)];

    if (first == last) return last;
    return last - model_choose_stale(last - first + 1);
}

static void begin_operation(const location_t *location, int is_write)
{
    knowledge[model_now.actor].loaded = NULL;
    if (location->quiet || (model_now.of->is_private != NULL && model_now.of->is_private(location->at)))
        return;
    model_step(is_write);
}

uint64_t model_load(const volatile void *at, size_t size, memory_order order)
{
    location_t *location;
    uint64_t value;

    if (is_aside()) return peek(at, size);
    location = place(at, size, peek(at, size));
    if (location->steady && knowledge[model_now.actor].loaded == location)
        return message_of(location, knowledge[model_now.actor].now.of[number_of(location)])->value;
    begin_operation(location, 0);
    value = model_now.of->weak && !location->quiet ? see(location, pick(location), order) : peek(at, size);
    if (location->steady) knowledge[model_now.actor].loaded = location;
    model_saw(value);
    trace("loads", location, value, order);
    return value;
}

void model_store(volatile void *at, size_t size, uint64_t value, memory_order order)
{
    location_t *location;

    if (is_aside()) {
        poke(at, size, value);
        return;
    }
    location = place(at, size, peek(at, size));
    begin_operation(location, 1);
    trace("stores", location, value, order);
    write_now(location, at, value, order, NULL);
    model_saw(0);
}

/* The newest value, for an operation that writes after it. */
static uint64_t see_newest(location_t *location, memory_order order)
{
    if (model_now.of->weak && !location->quiet) return see(location, location->n - 1, order);
    return peek(location->at, location->size);
}

uint64_t model_exchange(volatile void *at, size_t size, uint64_t value, memory_order order)
{
    location_t *location;
    uint64_t before;

    if (is_aside()) {
        before = peek(at, size);
        poke(at, size, value);
        return before;
    }
    location = place(at, size, peek(at, size));
    begin_operation(location, 1);
    before = see_newest(location, order);
    trace("exchanges", location, value, order);
    write_now(location, at, value, order, message_of(location, location->n - 1));
    model_saw(before);
    return before;
}

/* A compare-and-swap that fails is a load, and may fail on an old value that a load may see. */
static int swap_fails(location_t *location, uint64_t expected, int weak, uint64_t *value,
                      memory_order failure)
{
    int last = location->n - 1, i = last;

    *value = peek(location->at, location->size);
    if (model_now.of->weak && !location->quiet) {
        i = pick(location);
        if (message_of(location, i)->value == expected) i = last;
        *value = message_of(location, i)->value;
    }
    if (*value == expected && !(weak && model_choose_spurious())) return 0;
    if (model_now.of->weak && !location->quiet) see(location, i, failure);
    return 1;
}

static int swap_at_once(volatile void *at, size_t size, uint64_t *expected, uint64_t desired)
{
    uint64_t value = peek(at, size);

    if (value == *expected) {
        poke(at, size, desired);
        return 1;
    }
    *expected = value;
    return 0;
}

int model_swap(volatile void *at, size_t size, uint64_t *expected, uint64_t desired, memory_order success,
               memory_order failure, int weak)
{
    location_t *location;
    uint64_t value;

    if (is_aside()) return swap_at_once(at, size, expected, desired);
    location = place(at, size, peek(at, size));
    begin_operation(location, 1);
    if (swap_fails(location, *expected, weak, &value, failure)) {
        *expected = value;
        model_saw(value + 2);
        trace("fails to swap", location, value, failure);
        return 0;
    }
    see_newest(location, success);
    trace("swaps", location, desired, success);
    write_now(location, at, desired, success, message_of(location, location->n - 1));
    model_saw(1);
    return 1;
}

void model_fence(memory_order order)
{
    knowledge_t *mine;

    if (is_aside() || !model_now.of->weak) return;
    model_step(1);
    mine = &knowledge[model_now.actor];
    if (acquires(order)) mine->now = mine->acquired;
    if (order == memory_order_seq_cst) {
        join(&mine->now, &fenced);
        fenced = mine->now;
        mine->acquired = mine->now;
    }
    if (releases(order)) mine->released = mine->now;
    mine->changed = 1;
    model_saw(3);
    if (model_now.tracing) fprintf(stderr, "  actor %d fences\n", model_now.actor);
}

/* ---- beside atomics ------------------------------------------------------------------------------------ */

void model_memory_born(int actor, int maker)
{
    if (maker < 0 || actor == maker) return;
    knowledge[actor].now = knowledge[actor].acquired = knowledge[maker].now;
    knowledge[actor].released = knowledge[maker].now;
    knowledge[actor].changed = 1;
}

void model_join(int actor)
{
    knowledge_t *mine = &knowledge[model_now.actor];

    join(&mine->now, &knowledge[actor].now);
    join(&mine->acquired, &knowledge[actor].now);
    mine->changed = 1;
}

void model_plain_write(const void *at)
{
    location_t *location;

    if (!model_now.of->weak) return;
    location = place(at, 0, 0);
    add(location, (uint64_t)location->n, memory_order_relaxed, NULL);
}

int model_plain_known(const void *at)
{
    const location_t *location;

    if (!model_now.of->weak) return 1;
    location = place(at, 0, 0);
    return knowledge[model_now.actor].now.of[number_of(location)] == location->n - 1;
}

uint64_t model_memory_hash(void)
{
    uint64_t sum = hash;
    int a;

    if (!model_now.of->weak) return sum;
    sum = model_mix(sum, view_hash(&fenced));
    for (a = 0; a < MODEL_ACTORS; a++) {
        knowledge_t *one = &knowledge[a];

        if (one->changed)
            one->hash = model_mix(view_hash(&one->now),
                                  model_mix(view_hash(&one->acquired), view_hash(&one->released)));
        one->changed = 0;
        sum = model_mix(sum, one->hash);
    }
    return sum;
}
