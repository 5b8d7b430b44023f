/*
 * What engine.c and engine_os.c share.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_INSIDE_H
#define ENGINE_INSIDE_H

#include "engine.h"

typedef struct {
    int actor, member, reaped;
    uint32_t exit_code; /* if it ended by itself */
    int exited;
} engine_process_t;

typedef struct {
    const engine_play_t *play;
    spork_pool_t pool;
    spk_member_t members[ENGINE_WORKERS];
    uint64_t now; /* the clock */
    int stopped;
    int harvested;                              /* how often */
    int calls;                                  /* times that the parent slept until the time was over */
    _Atomic uint32_t bells[ENGINE_WORKERS + 1]; /* the parent's, then the workers' */
    engine_process_t processes[MODEL_ACTORS];   /* by process id - 1 */
    spk_worker_t workers[MODEL_ACTORS];
    int n_processes;
} engine_t;

extern engine_t engine;

/* It is gone, and the parent has not found out. */
int engine_is_unreaped(const spk_os_process_t *process);

/* The slot is through and nobody looks at it: it can be had again. Who leaves a job that he finds closed
 * does not ring; a parent that needs the slot finds it the next time it looks around. */
int engine_awaits_slot(void);

#endif
