/*
 * A model checker for the engine: actors are fibers that run the real code, each atomic operation is a step,
 * and every choice (who steps next, who dies, which of the values that C11 allows a load sees) is tried.
 * Depth first, by running again from the start with other choices; states that were seen before are not
 * entered again.
 *
 * Memory. With `weak` 0 it is sequentially consistent. With 1 it is C11's release/acquire with relaxed
 * accesses and fences, operationally: a location keeps the history of its values, an actor has a view (how
 * much of each history it must know of), releasing attaches a view to a value, acquiring joins it, a
 * seq_cst fence exchanges views with all others that fenced. What this leaves out, as most such models do,
 * is a load that is overtaken by a later store of its own thread, and writes that are put before older ones
 * of another thread (all words that several actors write are written by compare-and-swap here).
 *
 * Deaths. An actor can die before any of its writes and wherever it waits. A death before a load is no case
 * of its own: nobody can tell it from the death before the next write.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_ACTORS 10

typedef struct {
    const char *name;
    int weak;
    int preemptions; /* most times that an actor which could go on is interrupted; -1: any number */
    int deaths;      /* most of them in one execution */
    int stale;       /* most loads that see an old value (weak) */
    int spurious;    /* most weak compare-and-swaps that fail for nothing */
    long most;       /* executions, then stop; 0: until all are done */
    uint64_t seed;   /* not 0: `most` executions with random choices instead */

    void (*main)(void);      /* actor 0; the execution is over when it returns */
    uint64_t (*state)(void); /* hash of what the actors share beside atomics */
    void (*wrote)(const volatile void *at, uint64_t before, uint64_t after); /* may be NULL */
    int (*is_private)(const volatile void *at); /* nobody else can look at it now: no step. May be NULL */
    const char *(*describe)(const volatile void *at, char *buffer, size_t size);
} model_case_t;

/* Explore; 1 and a line with figures on stdout, or 0: the schedule that failed is on stderr. */
int model_run(const model_case_t *of);

/* ---- for code that runs in an actor ------------------------------------------------------------ */

/* Start an actor; its number. Mortal ones may die. It sees what its maker sees. */
int model_spawn(void (*body)(void *of), void *of, int mortal);
/* The number of this actor. */
int model_self(void);
/* This actor ends. */
void model_exit(void);
/* Wait until ready(of); its atomic operations are no steps, and see all. */
void model_block(int (*ready)(void *of), void *of);
/* From now on the actor may die at any step; with `at_once` it does not make another. */
void model_kill(int actor, int at_once);
int model_is_gone(int actor);
/* This actor now knows all that a gone one had done. */
void model_join(int actor);
/* A choice of the test's own: 0 … n-1. */
int model_choose(int n);
/* What this actor will do depends, from here on, only on this key and on model_case_t.state. */
void model_local(uint64_t key);
/* Something that came of no atomic operation, and on which depends what this actor will do. */
void model_saw(uint64_t value);
/* Counts writes of all actors but actor 0. */
uint64_t model_writes(void);
/* Counts loads that saw an old value: such an actor may have to look again. */
int model_stale(void);
/* No steps of the model: nobody depends on when these bytes change. */
void model_quiet(const volatile void *at, size_t size);
/* Loads of this word that follow one another in one actor are one step. */
void model_steady(const volatile void *at);
/* A write to plain memory, known by this address; and: does this actor know of the last one? */
void model_plain_write(const void *at);
int model_plain_known(const void *at);
/* What is wrong. Does not return if an actor calls it. */
void model_fail(const char *format, ...);

uint64_t model_mix(uint64_t hash, uint64_t value);
uint64_t model_mix_bytes(uint64_t hash, const void *data, size_t size);

#endif
