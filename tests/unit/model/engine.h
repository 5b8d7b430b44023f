/*
 * The engine in the model: a pool whose workers are actors, an os.h that knows nothing but them, and an owner
 * of jobs who counts what becomes of each item. The parent is actor 0.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "model.h"
#include "pool.h"
#include "worker.h"

#define ENGINE_WORKERS 3
#define ENGINE_ITEMS 8

/* What is played. */
typedef struct {
    int workers;
    uint32_t items, chunk, lanes;
    uint32_t flags;     /* SPK_JOB_ */
    int again;          /* how often, after the first time, all items are posted anew in the same slot */
    int fails;          /* the how manieth item fails, which is told by an entry; 0: none */
    uint32_t max_tasks; /* 0: any number */
    int stops;          /* the parent stops the first job at some moment */
    int condemned;      /* the how manieth item the parent ends, if it sees it running; 0: none */
    uint32_t extends; /* so many items are not posted with the others, but come at some moment, one by one */
    int sleeps;       /* workers and parent sleep and wake as in life; else they wait for what they need */
    int asks;     /* each item calls a service: 1 that answers at once, 2 one that lets every second wait for
                             * the next */
    int harvests; /* how often the parent may look, at any moment, what is finished of the job (map_part.h) */
    int calls;    /* how often the parent's sleep may end with time, and the roll is called (recover.c) */
} engine_play_t;

typedef struct {
    engine_play_t play;
    model_case_t bounds;
} engine_case_t;

/* Play each case to its end, in which every item, every time, has one outcome. An exit code. The
 * environment: SPORK_MODEL=N allows N more preemptions than said, and N times more plays at random; SPORK_MODEL=full
 * any number of preemptions; SPORK_TEST_SLOW (sanitizers) one or two less. */
int engine_main(const engine_case_t *cases, size_t n);

/* What an actor that is a worker does: engine.c's spk_worker_main(), or something with fewer steps. */
extern void (*engine_worker)(spk_worker_t *worker);

#endif
