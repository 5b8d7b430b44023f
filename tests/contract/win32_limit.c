/*
 * Contract, Windows only: what stands in a worker's job object. Wine takes a limit of memory, but does not
 * give it back, so that it can only be looked at before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "actor.h"

#include "win32/win32_common.h"

#include <string.h>

#define MIB ((size_t)1 << 20)

static size_t limit_for(size_t bytes)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;

    memset(&limits, 0, sizeof limits);
    limits.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
    spk_win32_limit_memory(&limits, bytes);
    assert_int_equal(limits.BasicLimitInformation.LimitFlags,
                     JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_PROCESS_MEMORY);
    return limits.ProcessMemoryLimit;
}

/* Above what this program, a small one, had when it began; whatever it has now. */
static void the_limit_lies_above_the_start(void **state)
{
    size_t small = limit_for(4 * MIB), start = small - 4 * MIB;
    void *memory = VirtualAlloc(NULL, 512 * MIB, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    (void)state;
    assert_non_null(memory);
    assert_in_range(start, 1, 256 * MIB);
    assert_int_equal(limit_for(100 * MIB), start + 100 * MIB);
    assert_true(VirtualFree(memory, 0, MEM_RELEASE));
    assert_true(limit_for(SIZE_MAX) == SIZE_MAX);
    assert_true(limit_for(SIZE_MAX - 1) == SIZE_MAX);
}

static void a_limit_does_not_keep_a_worker_from_starting(void **state)
{
    script_t script = { ACT_READ, ACT_EXIT, 0, 0, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    (void)state;
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    stage.kit.memory_limit = 4 * MIB;
    assert_int_equal(stage_start(&stage, &process, 0, script), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.exit_code, 0);
    assert_int_equal(exit.no_memory, 0);
    assert_int_equal(atomic_load(&stage.board->value[1]), 1);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void want_of_memory_is_told(void **state)
{
    static const struct {
        uint32_t code;
        int no_memory;
    } ends[] = { { 0xC0000017u, 1 }, { 0xC000012Du, 1 }, { 0xC0000005u, 0 }, { 17, 0 } };
    script_t script = { ACT_EXIT, ACT_EXIT, 0, 0, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    (void)state;
    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        script.number = (int32_t)ends[i].code;
        assert_int_equal(stage_start(&stage, &process, 0, script), APR_SUCCESS);
        assert_true(stage_await_end(&stage, &process, &exit));
        assert_true(exit.exit_code == ends[i].code);
        assert_int_equal(exit.no_memory, ends[i].no_memory);
        spk_os_process_destroy(&process);
    }
    stage_close(&stage);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(the_limit_lies_above_the_start),
                                               cmocka_unit_test(a_limit_does_not_keep_a_worker_from_starting),
                                               cmocka_unit_test(want_of_memory_is_told) };

    actor_begin(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
