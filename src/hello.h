/*
 * The hello: what the parent tells a spawned worker through its line, so that nothing of it stands on a command line;
 * and what a worker believes of it. Whoever starts the program by hand may write anything into a line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_HELLO_H
#define SPK_HELLO_H

#include "log.h"
#include "role.h"
#include "shared.h"

typedef struct {
    uint64_t magic;
    uint64_t fingerprint; /* of the version, the layout and the task table: registry.h */
    uint64_t reserved;    /* bytes of the segment */
    uint64_t arena;
    uint64_t memory_limit; /* spk_os_kit_t's */
    uint32_t id;
    uint32_t n_seats;
    unsigned char secret[SPK_SECRET];
    char program[SPK_ROLE_PROGRAM_MAX]; /* the parent's name */
    spk_log_setup_t log;
} spk_hello_t;

_Static_assert(sizeof(spk_hello_t) <= 4096, "a hello has to fit into the line");

typedef enum {
    SPK_HELLO_GOOD,
    SPK_HELLO_NONSENSE, /* no parent wrote this */
    SPK_HELLO_MISMATCH  /* one did, but it was not built from the same source */
} spk_hello_e;

/* What these bytes, as they came through the line, are to a program of this fingerprint. The hello is only to be used
 * if they are GOOD: then this worker's seat lies in front of the arena, and both in the segment. Pure. */
spk_hello_e spk_hello_check(const void *bytes, size_t size, uint64_t fingerprint, spk_hello_t *hello);

/* 1 if the segment that begins so, with hello->arena bytes or more, is the one that a good hello speaks of. Pure. */
int spk_hello_is_of(const spk_hello_t *hello, const spk_header_t *head);

#endif
