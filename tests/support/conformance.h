/*
 * What all conformance tests share: the start method under test, pools that end with their test, a
 * watchdog and a census around each test, gates between a task and its parent, runs of the test program
 * itself.
 *
 * The environment: SPORK_TEST_START=fork|spawn|inline picks the start method (default: spawn),
 * SPORK_TEST_SLOW=N multiplies every patience (sanitizers, emulators).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_CONFORMANCE_H
#define TEST_CONFORMANCE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <spork.h>
#include <stdatomic.h>

#include "host.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define MILLISECOND ((apr_interval_time_t)1000)
#define SECOND ((apr_interval_time_t)1000000)
#define MIB ((apr_size_t)1 << 20)

/* ---- the program ---------------------------------------------------------------------------- */

/* A part that the test program plays when it is run again by a test: argv[0] is the part's name. */
typedef int (*role_fn_t)(int argc, char **argv);
typedef struct {
    const char *name;
    role_fn_t run;
} role_t;

/* First in main: plays the role if the command line asks for one (and does not return then). */
void conformance_enter(int argc, char **argv, const role_t *roles, size_t n_roles);

/* What main was called with, also in a spawned worker. */
int conformance_argc(void);
const char *conformance_argv(int i);

#define TEST(fn)                                        \
    {                                                   \
#fn, fn, test_setup, test_teardown, (void *)#fn \
    }
#define RUN_TESTS(name, tests) \
    cmocka_run_group_tests_name(conformance_title(name), tests, conformance_begin, conformance_end)

const char *conformance_title(const char *name);
int conformance_begin(void **state);
int conformance_end(void **state);
int test_setup(void **state);
int test_teardown(void **state);

/* ---- circumstances -------------------------------------------------------------------------- */

spork_start_e start_method(void);
int slow_factor(void); /* 1, or more under sanitizers and emulators */
int under_sanitizer(void);

#define needs_workers()                                   \
    do {                                                  \
        if (start_method() == SPORK_START_INLINE) skip(); \
    } while (0)
#define needs_spawn()                                    \
    do {                                                 \
        if (start_method() != SPORK_START_SPAWN) skip(); \
    } while (0)

/* The numbers of workers that a test is repeated with: 1, 2, 5 and 13; for INLINE just one round. */
#define for_each_workers(n)                                                                \
    for (const int *n##_at = worker_counts(), *n##_one = n##_at; *n##_one != 0; n##_one++) \
        for (int n = *n##_one, n##_go = 1; n##_go; n##_go = 0)
const int *worker_counts(void);

/* ---- things that end with the test at the latest -------------------------------------------- */

apr_pool_t *test_memory(void);
char *test_path(const char *name); /* in the test's own directory, which must be empty at the test's end */
const char *test_directory(void);

void make_config(spork_config_t *config, int workers);
spork_pool_t *make_pool(const spork_config_t *config);
spork_pool_t *start_pool(int workers);
void end_pool(spork_pool_t *pool); /* closes and destroys it, and both must work */

/* ---- assertions ----------------------------------------------------------------------------- */

#define assert_status(got, want) check_status(got, want, __FILE__, __LINE__)
#define assert_success(got) check_status(got, APR_SUCCESS, __FILE__, __LINE__)
#define assert_failed(got, want) check_failed(got, want, __FILE__, __LINE__)
void check_status(apr_status_t got, apr_status_t want, const char *file, int line);
/* The same, and spork_error() has words for it. */
void check_failed(apr_status_t got, apr_status_t want, const char *file, int line);

/* No child process right now, alive or not. */
void assert_no_children(void);
/* All workers of the pool are alive, after as much waiting in the pool as that takes; a task is needed
 * to wait with. */
void assert_full_size(spork_pool_t *pool, spork_fn_t any_task);

/* ---- dying ---------------------------------------------------------------------------------- */

void die(die_e how);
int can_die(die_e how);
int died_as(die_e how, const spork_outcome_t *outcome);

/* ---- gates: how a task and its parent wait for each other. In spork_alloc() memory, all zero at first.  */

typedef struct {
    _Atomic apr_uint32_t started; /* tasks that have come to the gate */
    _Atomic apr_uint32_t open;
} gate_t;

void gate_pass(gate_t *gate);                                   /* in a task: say so, wait till it is open */
void gate_await(spork_future_t *any, gate_t *gate, unsigned n); /* in the parent: n tasks have come */

/* ---- runs of other processes ---------------------------------------------------------------- */

typedef struct {
    int exit_code; /* -1: it did not end by itself */
    char *out;
    char *err;
} run_t;

const char *self_path(void);
/* Run a program to its end. args: its arguments from argv[1], NULL-ended; env: "NAME=value" in
 * addition, or NULL. */
void run_program(run_t *run, const char *program, const char *directory, const char *const *args,
                 const char *const *env);
/* This program in a role; the role's words on a failure are shown. */
void run_role(run_t *run, const char *const *role_and_args, const char *const *env);
/* The role must end with 0. */
void assert_role(const char *role, const char *argument, const char *const *env);

/* In a role: complain and leave, there is no CMocka there. */
#define role_check(condition)                                                 \
    do {                                                                      \
        if (!(condition)) return role_failed(#condition, __FILE__, __LINE__); \
    } while (0)
int role_failed(const char *condition, const char *file, int line);

#endif
