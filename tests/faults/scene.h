/*
 * What a pool goes through while one of its calls fails: each scene makes a pool, uses it and ends it, and checks whatever
 * comes back.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_SCENE_H
#define TEST_SCENE_H

#include "conformance.h"

typedef struct {
    int side;         /* FAULT_PARENT or FAULT_WORKER */
    int lasting;      /* not once, but from then on */
    int must_succeed; /* it has to be absorbed */
    const char *plan; /* what fails, in words */
} fate_t;

const spork_entry_t *scene_tasks(void);

/* Maps, submitted items, a stream, shared memory, large replies, a worker that dies; closed at its end. */
void scene_work(apr_pool_t *parent, const fate_t *fate);
/* One worker, and so nobody who serves meanwhile: deadlines, cancelling, deaths; terminated at its end. */
void scene_ends(apr_pool_t *parent, const fate_t *fate);
/* A pool with logs, closed and merged. */
void scene_logs(apr_pool_t *parent, const fate_t *fate);
/* A map and a stream with journals, each twice. */
void scene_journals(apr_pool_t *parent, const fate_t *fate);
/* Which of a journal's records count after a sync failed, and what is synced before it is taken from there. Makes failures of
 * its own. */
void scene_syncs(apr_pool_t *parent, const fate_t *fate);
/* The least, outside of CMocka: what is not as it should be ends the process. */
void scene_first(apr_pool_t *parent, const fate_t *fate);

#endif
