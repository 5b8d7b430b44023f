/*
 * The model checker: choices, the scheduler, the figures. What a load may see is in model_memory.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model_inside.h"

#include "fiber.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MOST_CHOICES 20000
#define MOST_STEPS 20000

enum { UNDER_WAY, OVER, SEEN_BEFORE, FAILED };
enum { FREE, READY, BLOCKED, GONE };

typedef struct {
    fiber_t *fiber;
    void (*body)(void *of);
    void *of;
    int state, mortal, doomed;
    int about_to_write;
    int (*ready)(void *of);
    void *ready_of;
    uint64_t history; /* of what it saw: with it all that it will do is known */
    uint64_t writes;
} actor_t;

typedef struct {
    uint16_t chosen, count;
} choice_t;

model_run_t model_now;

static actor_t actors[MODEL_ACTORS];
static choice_t trail[MOST_CHOICES];
static int n_trail, at_choice;
static int steps, outcome;
static uint64_t writes;
static uint64_t random_state;
static uint64_t *seen;
static size_t n_seen, max_seen;

/* ---- hashing and the set of states ------------------------------------------------------------- */

uint64_t model_mix(uint64_t hash, uint64_t value)
{
    hash ^= value * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
    hash *= UINT64_C(0xbf58476d1ce4e5b9);
    return hash ^ hash >> 32;
}

uint64_t model_mix_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t word;

    for (; size >= sizeof word; size -= sizeof word, bytes += sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = model_mix(hash, word);
    }
    for (; size > 0; size--) hash = model_mix(hash, *bytes++);
    return hash;
}

static void put_state(uint64_t *set, size_t max, uint64_t hash)
{
    size_t i = (size_t)hash & (max - 1);

    while (set[i] != 0) i = (i + 1) & (max - 1);
    set[i] = hash;
}

static void make_room_for_states(void)
{
    size_t wider = max_seen == 0 ? (size_t)1 << 16 : max_seen * 2, i;
    uint64_t *set = calloc(wider, sizeof *set);

    if (set == NULL) {
        fprintf(stderr, "no memory for %lu states\n", (unsigned long)wider);
        abort();
    }
    for (i = 0; i < max_seen; i++)
        if (seen[i] != 0) put_state(set, wider, seen[i]);
    free(seen);
    seen = set;
    max_seen = wider;
}

/* 1 if it is there already; else it is now. */
static int was_seen(uint64_t hash)
{
    size_t i;

    if (hash == 0) hash = 1;
    if ((n_seen + 1) * 2 > max_seen) make_room_for_states();
    for (i = (size_t)hash & (max_seen - 1); seen[i] != 0; i = (i + 1) & (max_seen - 1))
        if (seen[i] == hash) return 1;
    seen[i] = hash;
    n_seen++;
    return 0;
}

static uint64_t state_hash(void)
{
    uint64_t hash = model_now.of->state != NULL ? model_now.of->state() : 0;
    int a;

    hash = model_mix(hash, model_memory_hash());
    hash = model_mix(hash, (uint64_t)model_now.deaths << 48 | (uint64_t)model_now.stale << 32 |
                               (uint64_t)model_now.spurious << 16 | (uint64_t)model_now.preemptions);
    if (model_now.of->preemptions >= 0) hash = model_mix(hash, (uint64_t)model_now.actor);
    for (a = 0; a < MODEL_ACTORS; a++) {
        hash = model_mix(hash, (uint64_t)actors[a].state << 2 | (uint64_t)actors[a].doomed);
        if (actors[a].state == READY || actors[a].state == BLOCKED) hash = model_mix(hash, actors[a].history);
    }
    return hash;
}

/* ---- choices --------------------------------------------------------------------------------------- */

static uint64_t random_word(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static int is_replay(void)
{
    return at_choice < n_trail;
}

/* One of n; `first` is how likely, in 256ths, a random walk takes the first. */
static int choose(int n, int first)
{
    int chosen = 0;

    if (n == 1) return 0;
    if (at_choice == MOST_CHOICES) model_fail("more than %d choices", MOST_CHOICES);
    if (!is_replay()) {
        if (model_now.of->seed != 0 && (int)(random_word() >> 20 & 255) >= first)
            chosen = 1 + (int)((random_word() >> 20) % (uint64_t)(n - 1));
        trail[n_trail].chosen = (uint16_t)chosen;
        trail[n_trail].count = (uint16_t)n;
        n_trail++;
    }
    return trail[at_choice++].chosen;
}

int model_choose(int n)
{
    int chosen = choose(n, 256 / n);

    model_saw((uint64_t)chosen);
    return chosen;
}

int model_choose_stale(int n)
{
    int chosen = model_now.stale < model_now.of->stale ? choose(n, 200) : 0;

    model_now.stale += chosen != 0;
    return chosen;
}

int model_choose_spurious(void)
{
    int chosen = model_now.spurious < model_now.of->spurious ? choose(2, 220) : 0;

    model_now.spurious += chosen;
    return chosen;
}

/* The next branch to take, depth first. 0: there is none. */
static int next_trail(void)
{
    while (n_trail > 0 && trail[n_trail - 1].chosen + 1 >= trail[n_trail - 1].count) n_trail--;
    if (n_trail == 0) return 0;
    trail[n_trail - 1].chosen++;
    return 1;
}

/* ---- actors ------------------------------------------------------------------------------------------ */

static void leave_execution(int why)
{
    outcome = why;
    fiber_switch(actors[model_now.actor].fiber, NULL);
    abort();
}

void model_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(model_now.words, sizeof model_now.words, format, args);
    va_end(args);
    if (model_now.actor >= 0) leave_execution(FAILED);
    outcome = FAILED;
}

static void go(int actor)
{
    int from = model_now.actor;

    actors[actor].state = READY;
    if (actor == from) return;
    model_now.actor = actor;
    fiber_switch(actors[from].fiber, actors[actor].fiber);
}

static void die(int actor)
{
    actors[actor].state = GONE;
    if (model_now.tracing) fprintf(stderr, "  actor %d dies\n", actor);
}

static int can_go(const actor_t *actor)
{
    int can = actor->state == READY;

    if (actor->state != BLOCKED) return can;
    model_now.aside = 1;
    can = actor->ready(actor->ready_of);
    model_now.aside = 0;
    return can;
}

static int can_die(const actor_t *actor)
{
    if (actor->doomed) return actor->state == READY || actor->state == BLOCKED;
    if (!actor->mortal || model_now.deaths >= model_now.of->deaths) return 0;
    return actor->state == BLOCKED || (actor->state == READY && actor->about_to_write);
}

static void check_state(void)
{
    if (++steps > MOST_STEPS) model_fail("more than %d steps", MOST_STEPS);
    if (model_now.of->seed == 0 && !model_now.tracing && !is_replay() && was_seen(state_hash()))
        leave_execution(SEEN_BEFORE);
}

/* All that may happen next: actors that step are +1, that die -1; the first is what costs nothing. */
static int collect(int *options)
{
    int me = model_now.actor, can = can_go(&actors[me]), n = 0, a;
    int may_switch =
        !can || model_now.of->preemptions < 0 || model_now.preemptions < model_now.of->preemptions;

    if (can) options[n++] = me + 1;
    for (a = 0; a < MODEL_ACTORS; a++)
        if (a != me && may_switch && can_go(&actors[a])) options[n++] = a + 1;
    for (a = 0; a < MODEL_ACTORS; a++)
        if (can_die(&actors[a])) options[n++] = -(a + 1);
    return n;
}

static void schedule(void)
{
    int options[2 * MODEL_ACTORS], n, chosen, could;

    for (;;) {
        check_state();
        n = collect(options);
        if (n == 0) model_fail("everybody waits for ever");
        chosen = options[choose(n, 170)];
        if (chosen > 0) break;
        if (!actors[-chosen - 1].doomed) model_now.deaths++;
        die(-chosen - 1);
    }
    could = can_go(&actors[model_now.actor]);
    if (could && chosen - 1 != model_now.actor && model_now.of->preemptions >= 0) model_now.preemptions++;
    go(chosen - 1);
}

void model_step(int is_write)
{
    actors[model_now.actor].about_to_write = is_write;
    schedule();
    actors[model_now.actor].about_to_write = 0;
}

void model_saw(uint64_t value)
{
    actors[model_now.actor].history = model_mix(actors[model_now.actor].history, value + 1);
}

void model_count_write(void)
{
    writes++;
    actors[model_now.actor].writes++;
}

uint64_t model_writes(void)
{
    return writes - actors[0].writes;
}

int model_stale(void)
{
    return model_now.stale;
}

void model_local(uint64_t key)
{
    actors[model_now.actor].history = model_mix(key, 77);
}

void model_exit(void)
{
    actors[model_now.actor].state = GONE;
    schedule();
}

void model_block(int (*ready)(void *of), void *of)
{
    actor_t *me = &actors[model_now.actor];

    me->state = BLOCKED;
    me->ready = ready;
    me->ready_of = of;
    schedule();
}

void model_kill(int actor, int at_once)
{
    if (actors[actor].state == GONE) return;
    actors[actor].doomed = 1;
    if (at_once) die(actor);
}

int model_self(void)
{
    return model_now.actor;
}

int model_is_gone(int actor)
{
    return actors[actor].state == GONE;
}

static void run_body(void *of)
{
    actor_t *actor = of;

    model_saw(0); /* that it lives: it is not the one any more that was born here */
    actor->body(actor->of);
    if (actor == &actors[0]) leave_execution(OVER);
    model_exit();
}

static void start(int a, void (*body)(void *of), void *of, int mortal)
{
    actor_t *actor = &actors[a];
    fiber_t *fiber = actor->fiber;

    memset(actor, 0, sizeof *actor);
    actor->fiber = fiber != NULL ? fiber : fiber_create();
    actor->body = body;
    actor->of = of;
    actor->state = READY;
    actor->mortal = mortal;
    actor->about_to_write = 1; /* to be born and die */
    actor->history = model_mix((uint64_t)a, 5);
    fiber_prepare(actor->fiber, run_body, actor);
}

int model_spawn(void (*body)(void *of), void *of, int mortal)
{
    int a;

    for (a = 0; a < MODEL_ACTORS && actors[a].state != FREE; a++) continue;
    if (a == MODEL_ACTORS) model_fail("more than %d actors", MODEL_ACTORS);
    start(a, body, of, mortal);
    model_memory_born(a, model_now.actor);
    return a;
}

/* ---- executions ---------------------------------------------------------------------------------------- */

static void run_main(void *of)
{
    ((const model_case_t *)of)->main();
}

static int execute(const model_case_t *of)
{
    int a;

    at_choice = steps = 0;
    writes = 0;
    model_now.deaths = model_now.stale = model_now.spurious = model_now.preemptions = 0;
    model_now.aside = 0;
    model_now.words[0] = '\0';
    outcome = UNDER_WAY;
    for (a = 0; a < MODEL_ACTORS; a++) actors[a].state = FREE;
    model_memory_begin();
    start(0, run_main, (void *)(uintptr_t)(const void *)of, 0);
    model_now.actor = 0;
    fiber_switch(NULL, actors[0].fiber);
    model_now.actor = -1;
    return outcome;
}

static void show_failure(const model_case_t *of, long run)
{
    char words[sizeof model_now.words];

    memcpy(words, model_now.words, sizeof words);
    fprintf(stderr, "%s, execution %ld: %s\n", of->name, run, words);
    model_now.tracing = 1;
    execute(of);
    model_now.tracing = 0;
    fprintf(stderr, "%s: %s\n", of->name, model_now.words);
}

static void clean_up(void)
{
    int a;

    for (a = 0; a < MODEL_ACTORS; a++) {
        fiber_destroy(actors[a].fiber);
        actors[a].fiber = NULL;
    }
    free(seen);
    seen = NULL;
    n_seen = max_seen = 0;
}

int model_run(const model_case_t *of)
{
    long runs = 0, whole = 0;
    int all = 0, result;
    clock_t began = clock();

    memset(&model_now, 0, sizeof model_now);
    model_now.of = of;
    model_now.actor = -1;
    random_state = of->seed;
    n_trail = 0;
    do {
        if (of->seed != 0) n_trail = 0;
        result = execute(of);
        runs++;
        whole += result == OVER;
        if (result == FAILED) break;
        all = of->seed == 0 && !next_trail();
    } while (!all && (of->most == 0 || runs < of->most));
    if (result == FAILED) show_failure(of, runs);
    printf("%s: %ld executions, %ld to the end, %lu states, %.1f s%s\n", of->name, runs, whole,
           (unsigned long)n_seen, (double)(clock() - began) / CLOCKS_PER_SEC,
           result == FAILED ? ", FAILED"
           : all            ? ", all"
           : of->seed != 0  ? ", random"
                            : ", cut off");
    fflush(stdout);
    clean_up();
    return result != FAILED;
}
