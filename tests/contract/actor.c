/*
 * The actors' side, and what starts them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "actor.h"

#include "skip.h"
#include "sys.h"

#include <apr_general.h>
#include <string.h>

int actor_fork_state = 1, actor_spawn_state = 0;
void (*actor_hook)(const spk_os_kit_t *kit, board_t *board, int64_t number);

#define SEGMENT ((size_t)1 << 20)

/* ---- playing ---- */

static void say(const spk_os_kit_t *kit, board_t *board)
{
    atomic_fetch_add(&board->steps, 1);
    spk_os_bell_ring(&kit->parent_bell);
}

static void enter(const spk_os_kit_t *kit, board_t *board)
{
    if (spk_os_worker_enter(kit) != APR_SUCCESS) spk_os_exit(101);
    say(kit, board);
}

static void sleep_for_ever(const spk_os_kit_t *kit)
{
    while (spk_os_worker_sleep(kit, -1) != APR_EOF) continue;
    spk_os_exit(7);
}

static void play_echo(const spk_os_kit_t *kit, board_t *board, int64_t times)
{
    while (times-- > 0) {
        if (spk_os_worker_sleep(kit, (apr_interval_time_t)PATIENCE_S * 1000000) != APR_SUCCESS) {
            spk_os_exit(102);
        }
        atomic_fetch_add(&board->value[0], 1);
        say(kit, board);
    }
}

static void play_hook(const spk_os_kit_t *kit, board_t *board, int64_t number)
{
    if (spk_os_worker_enter(kit) != APR_SUCCESS) spk_os_exit(101);
    if (actor_hook != NULL) actor_hook(kit, board, number);
    say(kit, board);
    if (number >= 0) sleep_for_ever(kit);
}

static void play_family(const spk_os_kit_t *kit, board_t *board, int64_t code)
{
    if (spk_os_worker_enter(kit) != APR_SUCCESS) spk_os_exit(101);
    atomic_store(&board->value[0], sys_start_sleeper());
    say(kit, board);
    if (code >= 0) spk_os_exit((int)code);
    sleep_for_ever(kit);
}

static void play_parent(const spk_os_kit_t *kit, board_t *board, const script_t *script)
{
    script_t inner = *script;
    spk_os_process_t process;
    stage_t stage;

    inner.act = script->inner;
    if (stage_open(&stage) != APR_SUCCESS) spk_os_exit(103);
    if (stage_start(&stage, &process, script->inner_by_fork != 0, inner) != APR_SUCCESS) spk_os_exit(104);
    if (!stage_await(&stage, 1)) spk_os_exit(105);
    atomic_store(&board->value[0], process.pid);
    say(kit, board);
    sleep_for_ever(kit);
}

static void play_double(const spk_os_kit_t *kit, board_t *board, const script_t *script)
{
    spk_os_shm_t second = SPK_OS_SHM_NONE;

    if (spk_os_shm_attach(&second, kit->shm, (size_t)script->reserved) != APR_SUCCESS) spk_os_exit(106);
    atomic_store(&board->value[0], 77);
    atomic_store(&board->value[1], atomic_load(&((board_t *)second.base)->value[0]));
    atomic_store(&board->value[2], (unsigned char *)board != second.base);
}

static void play_small(const spk_os_kit_t *kit, board_t *board, const script_t *script)
{
    char byte;
    int64_t i;

    switch (script->act) {
    case ACT_READ:
        atomic_store(&board->value[2], ((unsigned char *)board)[script->number] + 1);
        atomic_store(&board->value[1], atomic_load(&board->value[0]) + 1);
        break;
    case ACT_RING:
        for (i = 0; i < script->number; i++) spk_os_bell_ring(&kit->parent_bell);
        break;
    case ACT_TIMEUP: atomic_store(&board->value[0], spk_os_worker_sleep(kit, script->number)); break;
    case ACT_SHORT: atomic_store(&board->value[0], spk_os_line_read(kit->line, &byte, 1, 1000)); break;
    case ACT_OPEN:
        atomic_store(&board->value[0], sys_is_open((intptr_t)script->number));
        atomic_store(&board->value[1], sys_descriptors());
        break;
    default: spk_os_exit(107);
    }
}

/* Does not return. */
static void play(const spk_os_kit_t *kit, const script_t *script)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;
    board_t *board;

    if (spk_os_shm_attach(&shm, kit->shm, (size_t)script->reserved) != APR_SUCCESS) spk_os_exit(108);
    if (spk_os_shm_commit(&shm, SEGMENT) != APR_SUCCESS) spk_os_exit(109);
    board = (board_t *)shm.base;
    switch (script->act) {
    case ACT_EXIT: spk_os_exit((int)script->number); break;
    case ACT_DIE: sys_kill_self(); break;
    case ACT_IDLE:
        enter(kit, board);
        sleep_for_ever(kit);
        break;
    case ACT_BUSY:
        enter(kit, board);
        for (;;) atomic_fetch_add(&board->value[7], 1);
    case ACT_ECHO: play_echo(kit, board, script->number); break;
    case ACT_HOOK: play_hook(kit, board, script->number); break;
    case ACT_FAMILY: play_family(kit, board, script->number); break;
    case ACT_PARENT: play_parent(kit, board, script); break;
    case ACT_DOUBLE: play_double(kit, board, script); break;
    default: play_small(kit, board, script); break;
    }
    spk_os_exit(0);
}

void actor_begin(int argc, char **argv)
{
    spk_os_kit_t kit;
    script_t script;

    sys_sleep_if_sleeper(argc, argv);
    if (apr_initialize() != APR_SUCCESS || spk_os_init() != APR_SUCCESS) spk_os_exit(110);
    if (argc == 2 && strncmp(argv[1], ROLE, sizeof ROLE - 1) == 0) {
        if (spk_os_kit_adopt(&kit, argv[1] + sizeof ROLE - 1) != APR_SUCCESS) spk_os_exit(2);
        if (spk_os_line_read(kit.line, &script, sizeof script, (apr_interval_time_t)PATIENCE_S * 1000000)) {
            spk_os_exit(111);
        }
        play(&kit, &script);
    }
    skip_what_is_left_out();
}

/* ---- the parent's side ---- */

apr_status_t stage_open(stage_t *stage)
{
    static const stage_t none = {
        SPK_OS_SHM_NONE,
        SPK_OS_BELL_NONE,
        { { SPK_OS_NONE_V }, SPK_OS_BELL_NONE, SPK_OS_BELL_NONE, { SPK_OS_NONE_V }, 0 },
        NULL,
        NULL,
        NULL
    };
    apr_status_t status;

    *stage = none;
    status = apr_pool_create(&stage->mem, NULL);
    if (status == APR_SUCCESS) status = spk_os_shm_create(&stage->shm, SEGMENT, SEGMENT);
    if (status == APR_SUCCESS) status = spk_os_shm_commit(&stage->shm, SEGMENT);
    if (status == APR_SUCCESS) status = spk_os_bell_create(&stage->parent_bell);
    if (status == APR_SUCCESS) status = spk_os_bell_create(&stage->kit.bell);
    if (status == APR_SUCCESS) {
        status = spk_os_watch_create(&stage->watch, &stage->parent_bell, 1, stage->mem);
    }
    stage->kit.shm = stage->shm.handle;
    stage->kit.parent_bell = stage->parent_bell;
    stage->board = (board_t *)stage->shm.base;
    return status;
}

void stage_close(stage_t *stage)
{
    if (stage->mem != NULL) apr_pool_destroy(stage->mem);
    spk_os_bell_destroy(&stage->kit.bell);
    spk_os_bell_destroy(&stage->parent_bell);
    spk_os_shm_destroy(&stage->shm);
}

apr_status_t stage_start(stage_t *stage, spk_os_process_t *process, int by_fork, script_t script)
{
    apr_status_t status = APR_EAGAIN;
    int in_child = 0, tries;

    script.reserved = stage->shm.reserved;
    if (by_fork) {
        status = spk_os_process_fork(process, &stage->kit, &in_child);
        if (in_child) play(&stage->kit, &script);
    } else {
        /* Wine 8 has starts that miscarry under load, see src/win32/win32_spawn.c */
        for (tries = 0; tries < 5 && APR_STATUS_IS_EAGAIN(status); tries++)
            status = spk_os_process_spawn(process, &stage->kit, NULL, ROLE, &script, sizeof script);
    }
    return status;
}

static int is_late(uint64_t start)
{
    return spk_os_clock() - start > (uint64_t)PATIENCE_S * 1000000000u;
}

int stage_await(stage_t *stage, int64_t steps)
{
    uint64_t start = spk_os_clock();

    while (atomic_load(&stage->board->steps) < steps && !is_late(start)) {
        spk_os_watch_wait(stage->watch, 1000000);
    }
    return atomic_load(&stage->board->steps) >= steps;
}

int stage_await_end(stage_t *stage, spk_os_process_t *process, spk_os_exit_t *exit)
{
    uint64_t start = spk_os_clock();
    apr_status_t status;

    spk_os_watch_set(stage->watch, 0, process);
    while ((status = spk_os_process_poll(process, exit)) == APR_CHILD_NOTDONE && !is_late(start)) {
        spk_os_watch_wait(stage->watch, 1000000);
    }
    spk_os_watch_set(stage->watch, 0, NULL);
    return status == APR_CHILD_DONE;
}

int actor_by_fork(void **state)
{
    int by_fork = *(const int *)*state;
    spk_os_facts_t facts;

    spk_os_facts(&facts);
    if (by_fork && !facts.can_fork) skip();
    return by_fork;
}
