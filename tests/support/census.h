/*
 * What a process holds of the system: taken before and after each test, the two must agree.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_CENSUS_H
#define TEST_CENSUS_H

#include <stddef.h>

/* -1 where the system does not tell. */
typedef struct {
    int descriptors;            /* descriptors or handles */
    int children;               /* living child processes: how many, or just whether there are any (1) */
    int zombies;                /* dead ones that nobody waited for */
    int threads;                /* of this process */
    int mappings;               /* shared memory that is mapped */
    int names;                  /* names of shared memory that belong to this user */
    unsigned long dispositions; /* a digest of what this process does on each signal, and of its mask */
} census_t;

void census_take(census_t *census);

/* 1 and words if `after` shows something that was left behind since `before`. */
int census_differs(const census_t *before, const census_t *after, char *words, size_t size);

/* Does the part of it that must hold also while pools live: no threads, no handlers. */
int census_guest_differs(const census_t *before, const census_t *after, char *words, size_t size);

#endif
