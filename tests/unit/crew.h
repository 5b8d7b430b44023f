/*
 * What tests of a whole pool over the fake os.h share: its making, its end, and what must be true after.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CREW_H
#define CREW_H

#include "unit.h"

#include "fake_os.h"
#include "pool.h"

/* A new fake system in which nobody spins, and a config for it: so many workers, started by spawn. */
void crew_reset(spork_config_t *config, int workers);

/* on_wait of a crew without a fault, and a watch over the parent: the clock moves only while it waits, and no
 * wait may be longer than 100 ms. Scripts of a test's own end with `return crew_work();`. */
int crew_work(void);
/* The watch alone: returns 0. */
int crew_watch(void);

/* The pool's end: no process is left, each was destroyed; no segment is left. NULL: only look. */
void crew_close(spork_pool_t *pool);

#endif
