/*
 * Fibers: stacks that are switched by hand. posix_fiber.c is the only one there is: what the model checks is
 * the same code on every system.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FIBER_H
#define FIBER_H

typedef struct fiber_t fiber_t;

/* A fiber with a stack; kept, to be used again and again. NULL: no memory. */
fiber_t *fiber_create(void);
void fiber_destroy(fiber_t *fiber);

/* The fiber begins anew with body(of) when it is switched to next; what it did before is forgotten. The
 * body must not return. */
void fiber_prepare(fiber_t *fiber, void (*body)(void *of), void *of);

/* Go on in `to` (NULL: the thread's own stack), having been in `from` (NULL likewise). */
void fiber_switch(fiber_t *from, fiber_t *to);

#endif
