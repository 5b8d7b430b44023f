/*
 * Contract: bells.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "actor.h"
#include "sys.h"

#include <errno.h>

#define LONG_WAIT ((apr_interval_time_t)PATIENCE_S * 1000000)

typedef struct {
    spk_os_bell_t bell;
    spk_os_watch_t *watch;
    apr_pool_t *mem;
} waiter_t;

static void open_waiter(waiter_t *waiter)
{
    assert_int_equal(apr_pool_create(&waiter->mem, NULL), APR_SUCCESS);
    assert_int_equal(spk_os_bell_create(&waiter->bell), APR_SUCCESS);
    assert_int_equal(spk_os_watch_create(&waiter->watch, &waiter->bell, 0, waiter->mem), APR_SUCCESS);
}

static void close_waiter(waiter_t *waiter)
{
    apr_pool_destroy(waiter->mem);
    spk_os_bell_destroy(&waiter->bell);
}

static void a_ring_before_the_wait_ends_it(void **state)
{
    waiter_t waiter;

    (void)state;
    open_waiter(&waiter);
    spk_os_bell_ring(&waiter.bell);
    assert_int_equal(spk_os_watch_wait(waiter.watch, LONG_WAIT), APR_SUCCESS);
    assert_int_equal(spk_os_watch_wait(waiter.watch, 0), APR_TIMEUP);
    close_waiter(&waiter);
}

static void without_a_ring_the_time_passes(void **state)
{
    waiter_t waiter;
    uint64_t start;

    (void)state;
    open_waiter(&waiter);
    assert_int_equal(spk_os_watch_wait(waiter.watch, 0), APR_TIMEUP);
    start = spk_os_clock();
    assert_int_equal(spk_os_watch_wait(waiter.watch, 30000), APR_TIMEUP);
    assert_true(spk_os_clock() > start);
    close_waiter(&waiter);
}

/* More than a pipe holds: ringing never blocks, and all rings are one. */
static void many_rings_wake_once(void **state)
{
    waiter_t waiter;
    int i;

    (void)state;
    open_waiter(&waiter);
    for (i = 0; i < 200000; i++) spk_os_bell_ring(&waiter.bell);
    assert_int_equal(spk_os_watch_wait(waiter.watch, LONG_WAIT), APR_SUCCESS);
    assert_int_equal(spk_os_watch_wait(waiter.watch, 0), APR_TIMEUP);
    spk_os_bell_ring(&waiter.bell);
    assert_int_equal(spk_os_watch_wait(waiter.watch, LONG_WAIT), APR_SUCCESS);
    close_waiter(&waiter);
}

static void ringing_keeps_errno(void **state)
{
    waiter_t waiter;
    int i;

    (void)state;
    open_waiter(&waiter);
    for (i = 0; i < 100000; i++) {
        errno = 4711;
        spk_os_bell_ring(&waiter.bell);
        assert_int_equal(errno, 4711);
    }
    close_waiter(&waiter);
}

static void another_process_rings(void **state)
{
    int by_fork = actor_by_fork(state);
    script_t script = { ACT_RING, ACT_EXIT, 0, 5000, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
    assert_int_equal(spk_os_watch_wait(stage.watch, LONG_WAIT), APR_SUCCESS); /* only the bell is watched */
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.signal, 0);
    assert_int_equal(exit.exit_code, 0);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

/* Every ring is answered by one: none is lost in either direction. */
static void bells_ring_to_and_fro(void **state)
{
    int by_fork = actor_by_fork(state), i;
    script_t script = { ACT_ECHO, ACT_EXIT, 0, 300, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
    for (i = 1; i <= 300; i++) {
        spk_os_bell_ring(&stage.kit.bell);
        assert_true(stage_await(&stage, i));
        assert_int_equal(atomic_load(&stage.board->value[0]), i);
    }
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.exit_code, 0);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void a_worker_finds_a_ring_from_before_its_start(void **state)
{
    int by_fork = actor_by_fork(state);
    script_t script = { ACT_ECHO, ACT_EXIT, 0, 1, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    spk_os_bell_ring(&stage.kit.bell);
    assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.exit_code, 0);
    assert_int_equal(atomic_load(&stage.board->value[0]), 1);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void a_workers_sleep_times_out(void **state)
{
    int by_fork = actor_by_fork(state);
    script_t script = { ACT_TIMEUP, ACT_EXIT, 0, 20000, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.exit_code, 0);
    assert_int_equal(atomic_load(&stage.board->value[0]), APR_TIMEUP);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void destroy_takes_all_and_leaves_nothing(void **state)
{
    spk_os_bell_t bell = SPK_OS_BELL_NONE;
    int before = sys_descriptors(), i;

    (void)state;
    spk_os_bell_destroy(&bell);
    for (i = 0; i < 50; i++) {
        assert_int_equal(spk_os_bell_create(&bell), APR_SUCCESS);
        spk_os_bell_destroy(&bell);
        assert_true(bell.wait.v == SPK_OS_NONE_V && bell.ring.v == SPK_OS_NONE_V);
        spk_os_bell_destroy(&bell);
    }
    assert_int_equal(sys_descriptors(), before);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(a_ring_before_the_wait_ends_it),
                                               cmocka_unit_test(without_a_ring_the_time_passes),
                                               cmocka_unit_test(many_rings_wake_once),
                                               cmocka_unit_test(ringing_keeps_errno),
                                               BY_FORK_AND_SPAWN(another_process_rings),
                                               BY_FORK_AND_SPAWN(bells_ring_to_and_fro),
                                               BY_FORK_AND_SPAWN(a_worker_finds_a_ring_from_before_its_start),
                                               BY_FORK_AND_SPAWN(a_workers_sleep_times_out),
                                               cmocka_unit_test(destroy_takes_all_and_leaves_nothing) };

    actor_begin(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
