/*
 * Scripted children for the contract tests of os.h. The test program is its own worker: started again
 * with the role on its command line it reads a script from the hello and plays it; forked, it plays
 * it at once. What it found out goes to the board, at the start of the shared memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_ACTOR_H
#define TEST_ACTOR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os.h"

#include <stdatomic.h>

#define ROLE "--spork-worker="
#define PATIENCE_S 60 /* a bound for what must happen soon; nothing depends on how soon */

typedef enum {
    ACT_EXIT,   /* end with exit code `number` */
    ACT_DIE,    /* be killed */
    ACT_READ,   /* value[1] = value[0] + 1; the byte at offset `number` likewise to value[2]; exit 0 */
    ACT_IDLE,   /* become a worker, say so, sleep until the parent is gone; exit 7 */
    ACT_BUSY,   /* become a worker, say so, compute for ever */
    ACT_ECHO,   /* `number` times: sleep until rung, count in value[0], ring; exit 0 */
    ACT_RING,   /* ring the parent `number` times; exit 0 */
    ACT_TIMEUP, /* value[0] = status of a sleep of `number` µs; exit 0 */
    ACT_FAMILY, /* start a sleeper, its pid to value[0], say so; then exit with `number`, or sleep if -1 */
    ACT_PARENT, /* start a worker that plays `inner`, its pid to value[0], say so; sleep */
    ACT_SHORT,  /* value[0] = status of reading one byte more than there is; exit 0 */
    ACT_OPEN,   /* value[0] = is `number` open here? value[1] = how many descriptors are; exit 0 */
    ACT_HOOK,   /* become a worker, actor_hook(), say so; then as ACT_IDLE, or exit 0 if `number` < 0 */
    ACT_DOUBLE  /* map a second view; value[1] = what one view wrote as the other sees it; exit 0 */
} act_e;

typedef struct {
    act_e act, inner;
    int64_t inner_by_fork; /* an int would leave bytes between, which are sent as they are */
    int64_t number;
    uint64_t reserved; /* of the segment; filled by stage_start() */
} script_t;

typedef struct {
    _Atomic int64_t steps; /* "say so" is one more, and a ring */
    _Atomic int64_t value[8];
} board_t;

/* What a parent needs for one worker. */
typedef struct {
    spk_os_shm_t shm;
    spk_os_bell_t parent_bell;
    spk_os_kit_t kit;
    board_t *board;
    spk_os_watch_t *watch;
    apr_pool_t *mem;
} stage_t;

/* First in main(): returns only in a process that is no actor. */
void actor_begin(int argc, char **argv);

/* What needs a system is added by a system's own tests; set before actor_begin(). */
extern void (*actor_hook)(const spk_os_kit_t *kit, board_t *board, int64_t number);

/* APR_SUCCESS, or what failed first. */
apr_status_t stage_open(stage_t *stage);
void stage_close(stage_t *stage);

/* Start an actor by fork or spawn. */
apr_status_t stage_start(stage_t *stage, spk_os_process_t *process, int by_fork, script_t script);
/* Wait until so many steps were said; 0 if that takes too long. */
int stage_await(stage_t *stage, int64_t steps);
/* Wait until it has ended; 0 if that takes too long. */
int stage_await_end(stage_t *stage, spk_os_process_t *process, spk_os_exit_t *exit);

/* A test that runs once per start method: its state is "1" for fork. Skipped where there is no fork. */
int actor_by_fork(void **state);
extern int actor_fork_state, actor_spawn_state;
/* clang-format off */
#define BY_FORK_AND_SPAWN(test)                                \
    { #test " (fork)", test, NULL, NULL, &actor_fork_state },  \
    { #test " (spawn)", test, NULL, NULL, &actor_spawn_state }
/* clang-format on */

#endif
