/*
 * Contract: the parent's waiting for its bell and for deaths.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "actor.h"
#include "sys.h"

#define LONG_WAIT ((apr_interval_time_t)PATIENCE_S * 1000000)
#define WORKERS 5

static const script_t idle = { ACT_IDLE, ACT_EXIT, 0, 0, 0 };

/* Several workers share a stage here: they only sleep. */
static void start_all(stage_t *stage, spk_os_watch_t **watch, spk_os_process_t *processes, int n, int by_fork)
{
    int i;

    assert_int_equal(stage_open(stage), APR_SUCCESS);
    assert_int_equal(spk_os_watch_create(watch, &stage->parent_bell, n, stage->mem), APR_SUCCESS);
    for (i = 0; i < n; i++) {
        assert_int_equal(stage_start(stage, &processes[i], by_fork, idle), APR_SUCCESS);
        spk_os_watch_set(*watch, i, &processes[i]);
    }
    assert_true(stage_await(stage, n));
    while (spk_os_watch_wait(*watch, 0) == APR_SUCCESS) continue;
}

/* Waits until place i fires and its process is seen dead; whatever else fires must be alive. */
static void await_death(spk_os_watch_t *watch, spk_os_process_t *processes, int n, int dead)
{
    spk_os_exit_t exit;
    uint64_t start = spk_os_clock();
    int i, seen = 0;

    while (!seen && spk_os_clock() - start < (uint64_t)LONG_WAIT * 1000) {
        spk_os_watch_wait(watch, 100000);
        for (i = 0; i < n; i++) {
            if (processes[i].pid == 0 || processes[i].gone || !spk_os_watch_fired(watch, i)) continue;
            if (spk_os_process_poll(&processes[i], &exit) == APR_CHILD_DONE) {
                assert_int_equal(i, dead);
                seen = 1;
            }
        }
    }
    assert_true(seen);
}

static void the_death_of_any_fires_its_place(void **state)
{
    static const int order[WORKERS] = { 3, 0, 4, 1, 2 };
    int by_fork = actor_by_fork(state), i;
    spk_os_process_t processes[WORKERS];
    spk_os_watch_t *watch;
    stage_t stage;

    start_all(&stage, &watch, processes, WORKERS, by_fork);
    for (i = 0; i < WORKERS; i++) {
        sys_kill(processes[order[i]].pid);
        await_death(watch, processes, WORKERS, order[i]);
        spk_os_process_destroy(&processes[order[i]]);
        spk_os_watch_set(watch, order[i], NULL);
        assert_false(spk_os_watch_fired(watch, order[i]));
    }
    stage_close(&stage);
}

static void a_death_before_the_wait_is_seen(void **state)
{
    int by_fork = actor_by_fork(state);
    script_t script = { ACT_EXIT, ACT_EXIT, 0, 0, 0 };
    spk_os_process_t process;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
    assert_true(sys_await_gone(process.pid, PATIENCE_S));
    spk_os_watch_set(stage.watch, 0, &process);
    await_death(stage.watch, &process, 1, 0);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void the_bell_rings_among_the_living(void **state)
{
    int by_fork = actor_by_fork(state), i;
    spk_os_process_t processes[WORKERS];
    spk_os_exit_t exit;
    spk_os_watch_t *watch;
    stage_t stage;

    start_all(&stage, &watch, processes, WORKERS, by_fork);
    assert_int_equal(spk_os_watch_wait(watch, 10000), APR_TIMEUP);
    spk_os_bell_ring(&stage.parent_bell);
    assert_int_equal(spk_os_watch_wait(watch, LONG_WAIT), APR_SUCCESS);
    for (i = 0; i < WORKERS; i++) {
        assert_int_equal(spk_os_process_poll(&processes[i], &exit), APR_CHILD_NOTDONE);
    }
    for (i = 0; i < WORKERS; i++) spk_os_process_destroy(&processes[i]);
    stage_close(&stage);
}

/* A place can be given to another process, as when a worker is replaced. */
static void a_place_is_used_again(void **state)
{
    int by_fork = actor_by_fork(state), i;
    spk_os_process_t process;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    for (i = 0; i < 5; i++) {
        assert_int_equal(stage_start(&stage, &process, by_fork, idle), APR_SUCCESS);
        spk_os_watch_set(stage.watch, 0, &process);
        assert_true(stage_await(&stage, i + 1));
        assert_false(process.gone);
        spk_os_process_kill(&process);
        await_death(stage.watch, &process, 1, 0);
        spk_os_process_destroy(&process);
    }
    spk_os_watch_set(stage.watch, 0, NULL);
    assert_int_equal(spk_os_watch_wait(stage.watch, 1000), APR_TIMEUP);
    stage_close(&stage);
}

static void an_empty_watch_just_waits(void **state)
{
    stage_t stage;

    (void)state;
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(spk_os_watch_wait(stage.watch, 0), APR_TIMEUP);
    assert_int_equal(spk_os_watch_wait(stage.watch, 2500), APR_TIMEUP);
    assert_false(spk_os_watch_fired(stage.watch, 0));
    stage_close(&stage);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = { BY_FORK_AND_SPAWN(the_death_of_any_fires_its_place),
                                               BY_FORK_AND_SPAWN(a_death_before_the_wait_is_seen),
                                               BY_FORK_AND_SPAWN(the_bell_rings_among_the_living),
                                               BY_FORK_AND_SPAWN(a_place_is_used_again),
                                               cmocka_unit_test(an_empty_watch_just_waits) };

    actor_begin(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
