/*
 * What model.c and model_memory.c know of each other.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MODEL_INSIDE_H
#define MODEL_INSIDE_H

#include "model.h"

typedef struct {
    const model_case_t *of;
    int actor; /* that steps; -1: none, this is the test's own thread */
    int aside; /* it only looks: operations are no steps now */
    int tracing;
    int preemptions, deaths, stale, spurious; /* spent in this execution */
    char words[256];
} model_run_t;

extern model_run_t model_now;

/* model.c, for the memory */
void model_step(int is_write); /* the actor is about to do an operation: others may come first */
void model_count_write(void);
int model_choose_stale(int n);
int model_choose_spurious(void);

/* model_memory.c, for the scheduler */
void model_memory_begin(void);
void model_memory_born(int actor, int maker);
uint64_t model_memory_hash(void);

#endif
