/*
 * Memory of large outcomes, kept for the next ones: a C library gives blocks of this size back to the system when they
 * are freed, and having the pages anew costs several times what copying a reply into them does. They are kept as long as any
 * item is under way or looked at (future.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_SPARES_H
#define SPK_SPARES_H

#include <stddef.h>

typedef struct spk_spare_t spk_spare_t;

/* All zero: none yet. */
typedef struct {
    spk_spare_t *first; /* the one that was given last */
    size_t bytes;
} spk_spares_t;

/* A block of `size` bytes or more; *room receives how many. It is malloc()'s. NULL: no memory. */
unsigned char *spk_spares_take(spk_spares_t *spares, size_t size, size_t *room);
/* Keep a block that was taken here, or free it. NULL is fine. */
void spk_spares_give(spk_spares_t *spares, unsigned char *block, size_t room);
void spk_spares_free(spk_spares_t *spares);

#endif
