/*
 * System calls that fail when they are told to. The library is compiled once more with *_calls.h in front of
 * each of its sources, where every call that can fail asks fault_here() first.
 *
 * What is to fail, and how often each call was made, stands on a board: a small file that this process and all its
 * workers have mapped. So workers are told too, whichever way they were started, and the k-th use is
 * counted over all workers together.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_FAULT_H
#define TEST_FAULT_H

#include <apr_pools.h>
#include <stddef.h>

#define FAULT_CALLS 256 /* calls that a board has room for */
#define FAULT_ERRORS 8
#define FAULT_BOARD "SPORK_TEST_FAULT_BOARD" /* in the environment: the board's file */

enum { FAULT_PARENT, FAULT_WORKER, FAULT_SIDES };

/* ---- for *_calls.h ------------------------------------------------------------------------------------------ */

/* Counts the call; 1 if this is the one that has to fail. Then the system's last error is one of `errors`, which ends
 * with 0 (an array without any other: the caller has no use for it). */
int fault_here(const char *call, const int *errors);
/* The error with which it failed, for calls that return it. */
int fault_error(void);

/* A call fails with `bad`, after one of the errors named behind it; else it is made. */
#define FAULT(call, arguments, bad, ...) \
    (fault_here(#call, (const int[]){ __VA_ARGS__, 0 }) ? (bad) : call arguments)

/* malloc() and its kin, which also count the blocks that are allocated. */
void *fault_malloc(size_t size);
void *fault_calloc(size_t n, size_t size);
void *fault_realloc(void *block, size_t size);
void fault_free(void *block);
char *fault_strdup(const char *text);

/* APR's memory: as the real functions do when malloc() fails, with the abort function of the pool. */
void *fault_no_memory(apr_pool_t *pool);
apr_status_t fault_no_pool(apr_pool_t *parent, apr_abortfunc_t abort_function);

/* ---- for the test -------------------------------------------------------------------------------------------------- */

/* First in main: a process that a board is named to in its environment attaches to it. */
void fault_attach(void);
/* Make the board; workers that are started from now on find it. Nothing fails yet. */
void fault_begin(const char *path, apr_pool_t *mem);
/* From now on this process is the parent; all others are workers. */
void fault_be_parent(void);

/* Count from 0 again, and from now on let nothing fail. */
void fault_clear(void);
/* Count from 0 again; on this side the k-th (1 …) use of this call fails with its e-th error; `lasting`: all
 * later ones as well. */
void fault_plan(int call, int side, unsigned k, int e, int lasting);
/* How often something failed since. */
unsigned fault_struck(void);

/* Calls that were ever seen. */
int fault_calls(void);
const char *fault_name(int call);
int fault_errors(int call); /* how many errors it has; at least 1 */
int fault_error_number(int call, int e);
unsigned fault_count(int call, int side); /* since the last clear or plan */

/* Blocks that the library in this process has allocated and not freed. */
long fault_blocks(void);

#endif
