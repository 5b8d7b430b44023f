/*
 * Contract: worker processes, from their start to their end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "actor.h"
#include "sys.h"

#include <string.h>

static const script_t idle = { ACT_IDLE, ACT_EXIT, 0, 0, 0 };
static const script_t busy = { ACT_BUSY, ACT_EXIT, 0, 0, 0 };

static void exit_codes_are_reported(void **state)
{
    static const int codes[] = { 0, 1, 3, 42, 255 };
    int by_fork = actor_by_fork(state), i;
    script_t script = { ACT_EXIT, ACT_EXIT, 0, 0, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    for (i = 0; i < (int)(sizeof codes / sizeof *codes); i++) {
        script.number = codes[i];
        assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
        assert_true(process.pid > 0);
        assert_int_not_equal(process.pid, spk_os_pid());
        assert_true(stage_await_end(&stage, &process, &exit));
        assert_int_equal(exit.signal, 0);
        assert_int_equal(exit.exit_code, codes[i]);
        assert_true(process.gone);
        assert_int_equal(spk_os_process_poll(&process, &exit), APR_CHILD_DONE); /* and again */
        spk_os_process_destroy(&process);
        assert_int_equal(process.pid, 0);
    }
    stage_close(&stage);
}

/* POSIX tells the signal, Windows an exit code. */
static int is_killed(const spk_os_exit_t *exit)
{
    return exit->signal == 9 || (exit->signal == 0 && exit->exit_code != 0);
}

static void a_violent_death_is_reported(void **state)
{
    int by_fork = actor_by_fork(state);
    script_t script = { ACT_DIE, ACT_EXIT, 0, 0, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_true(is_killed(&exit));
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void the_living_are_not_done(void **state)
{
    int by_fork = actor_by_fork(state);
    spk_os_process_t process;
    spk_os_exit_t exit;
    int64_t pid;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, idle), APR_SUCCESS);
    pid = process.pid;
    assert_true(stage_await(&stage, 1));
    assert_int_equal(spk_os_process_poll(&process, &exit), APR_CHILD_NOTDONE);
    assert_false(sys_is_gone(pid));
    spk_os_process_destroy(&process); /* kills it and waits */
    assert_true(sys_is_gone(pid));
    stage_close(&stage);
}

static void kill_ends_the_idle_and_the_busy(void **state)
{
    int by_fork = actor_by_fork(state), i;
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    for (i = 0; i < 2; i++) {
        assert_int_equal(stage_open(&stage), APR_SUCCESS);
        assert_int_equal(stage_start(&stage, &process, by_fork, i == 0 ? idle : busy), APR_SUCCESS);
        assert_true(stage_await(&stage, 1));
        spk_os_process_kill(&process);
        assert_true(stage_await_end(&stage, &process, &exit));
        assert_true(is_killed(&exit));
        spk_os_process_kill(&process); /* of the gone: nothing */
        spk_os_process_destroy(&process);
        spk_os_process_destroy(&process);
        spk_os_process_kill(&process);
        stage_close(&stage);
    }
}

/* Whether the worker is killed, crashes, or leaves by itself, what it started ends with it. */
static void its_own_children_end_with_it(void **state)
{
    int by_fork = actor_by_fork(state), i;
    script_t script = { ACT_FAMILY, ACT_EXIT, 0, 0, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    int64_t child;
    stage_t stage;

    for (i = 0; i < 2; i++) {
        script.number = i == 0 ? -1 : 5;
        assert_int_equal(stage_open(&stage), APR_SUCCESS);
        assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
        assert_true(stage_await(&stage, 1));
        child = atomic_load(&stage.board->value[0]);
        assert_true(child > 0);
        if (i == 0) {
            assert_false(sys_is_gone(child));
            spk_os_process_kill(&process);
        }
        assert_true(stage_await_end(&stage, &process, &exit));
        assert_true(sys_await_gone(child, PATIENCE_S));
        spk_os_process_destroy(&process);
        stage_close(&stage);
    }
}

static void parents_death(int by_fork, int inner_by_fork, act_e inner)
{
    script_t script = { ACT_PARENT, ACT_EXIT, 0, 0, 0 };
    spk_os_process_t parent;
    spk_os_exit_t exit;
    int64_t worker;
    stage_t stage;

    script.inner = inner;
    script.inner_by_fork = inner_by_fork;
    script.number = -1;
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &parent, by_fork, script), APR_SUCCESS);
    assert_true(stage_await(&stage, 1));
    worker = atomic_load(&stage.board->value[0]);
    assert_true(worker > 0);
    assert_false(sys_is_gone(worker));
    sys_kill(parent.pid);
    assert_true(stage_await_end(&stage, &parent, &exit));
    assert_true(is_killed(&exit));
    assert_true(sys_await_gone(worker, PATIENCE_S));
    spk_os_process_destroy(&parent);
    stage_close(&stage);
}

static void the_death_of_the_parent_ends_the_idle(void **state)
{
    int by_fork = actor_by_fork(state);

    parents_death(0, by_fork, ACT_IDLE);
    if (by_fork) parents_death(1, by_fork, ACT_IDLE);
}

static void the_death_of_the_parent_ends_the_busy(void **state)
{
    int by_fork = actor_by_fork(state);

    parents_death(0, by_fork, ACT_BUSY);
    if (by_fork) parents_death(1, by_fork, ACT_BUSY);
}

static void the_hello_arrives_and_no_more(void **state)
{
    script_t script = { ACT_SHORT, ACT_EXIT, 0, 0, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    (void)state;
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, 0, script), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.exit_code, 0);
    assert_int_equal(atomic_load(&stage.board->value[0]), APR_EOF);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void a_hello_of_4096_bytes_is_the_most(void **state)
{
    static char hello[4097];
    script_t script = { ACT_EXIT, ACT_EXIT, 0, 12, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    (void)state;
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    script.reserved = stage.shm.reserved;
    memcpy(hello, &script, sizeof script);
    assert_int_equal(spk_os_process_spawn(&process, &stage.kit, NULL, ROLE, hello, 4097), APR_EINVAL);
    assert_int_equal(process.pid, 0);
    assert_int_equal(spk_os_process_spawn(&process, &stage.kit, NULL, ROLE, hello, 4096), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.exit_code, 12);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void a_program_that_is_not_there_is_an_error(void **state)
{
    int before;
    spk_os_process_t process;
    stage_t stage;

    (void)state;
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    before = sys_descriptors();
    assert_int_not_equal(spk_os_process_spawn(&process, &stage.kit, "no/such/program", ROLE, "", 0),
                         APR_SUCCESS);
    assert_int_equal(process.pid, 0);
    assert_int_equal(sys_descriptors(), before);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void nothing_of_the_hosts_leaks_in(void **state)
{
    intptr_t open = sys_open_inheritable();
    script_t script = { ACT_OPEN, ACT_EXIT, 0, 0, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    (void)state;
    assert_true(open != -1);
    script.number = open;
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, 0, script), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.exit_code, 0);
    assert_int_equal(atomic_load(&stage.board->value[0]), 0);
    spk_os_process_destroy(&process);
    stage_close(&stage);
    sys_close_inheritable(open);
}

static void no_descriptor_is_left_behind(void **state)
{
    int by_fork = actor_by_fork(state), before = 0, i;
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    for (i = 0; i < 12; i++) {
        if (i == 2) before = sys_descriptors(); /* what the system's libraries keep, they have by now */
        assert_int_equal(stage_open(&stage), APR_SUCCESS);
        assert_int_equal(stage_start(&stage, &process, by_fork, idle), APR_SUCCESS);
        assert_true(stage_await(&stage, 1));
        if (i % 2 == 0) {
            spk_os_process_kill(&process);
            assert_true(stage_await_end(&stage, &process, &exit));
        }
        spk_os_process_destroy(&process);
        stage_close(&stage);
    }
    assert_int_equal(sys_descriptors(), before);
}

static void made_up_kits_are_refused(void **state)
{
    static const char *const made_up[] = { "",
                                           "1",
                                           "0,1,2,0,1,2",
                                           "3",
                                           "3,4,5,6,7,8",
                                           "3,4,4,5,5,6",
                                           "900000,900001,900001,900002,900002,900003",
                                           "a,b,c,d,e,f",
                                           "-1,-1,-1,-1,-1,-1",
                                           "99999999999999999999,1,1,1,1,1",
                                           "3,4,4,5,5,6,",
                                           ",,,,,",
                                           "3 4 4 5 5 6" };
    spk_os_kit_t kit;
    int before = sys_descriptors(), i;

    (void)state;
    for (i = 0; i < (int)(sizeof made_up / sizeof *made_up); i++) {
        assert_int_equal(spk_os_kit_adopt(&kit, made_up[i]), APR_EINVAL);
    }
    assert_int_equal(sys_descriptors(), before);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = { BY_FORK_AND_SPAWN(exit_codes_are_reported),
                                               BY_FORK_AND_SPAWN(a_violent_death_is_reported),
                                               BY_FORK_AND_SPAWN(the_living_are_not_done),
                                               BY_FORK_AND_SPAWN(kill_ends_the_idle_and_the_busy),
                                               BY_FORK_AND_SPAWN(its_own_children_end_with_it),
                                               BY_FORK_AND_SPAWN(the_death_of_the_parent_ends_the_idle),
                                               BY_FORK_AND_SPAWN(the_death_of_the_parent_ends_the_busy),
                                               cmocka_unit_test(the_hello_arrives_and_no_more),
                                               cmocka_unit_test(a_hello_of_4096_bytes_is_the_most),
                                               cmocka_unit_test(a_program_that_is_not_there_is_an_error),
                                               cmocka_unit_test(nothing_of_the_hosts_leaks_in),
                                               BY_FORK_AND_SPAWN(no_descriptor_is_left_behind),
                                               cmocka_unit_test(made_up_kits_are_refused) };

    actor_begin(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
