/*
 * Which step of a worker is deadly, how often, and who died there. The order goes through the environment, and so
 * reaches every worker that is started after it, by fork and by spawn, before it has anything else of its
 * parent; who passes the step takes a ticket, a file that only one can make, so that passes are counted over all processes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_STEP_H
#define TEST_STEP_H

#include "host.h"

#define STEP_ALWAYS 100000 /* deaths */

/* In the parent: of all passes of this step by workers that are started from now on, let the first `skip` go by, and the
 * next `deaths` be deadly. One step at a time. */
void step_arm(const char *name, die_e how, int skip, int deaths);

/* Workers that are started from now on pass; forget the tickets. */
void step_disarm(void);

/* How many have died there until now. */
int step_deaths(void);

/* The process of a death; 0 if it has not written its id yet. */
int64_t step_victim(int death);

/* In a worker: a step outside the library. */
void spk_step(const char *name);

/* The test's own: 1 if its tables have this step. A step that they do not have ends the worker with words. */
int step_is_known(const char *name);

#endif
