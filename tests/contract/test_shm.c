/*
 * Contract: shared memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "actor.h"
#include "sys.h"

#include <string.h>

static size_t page(void)
{
    spk_os_facts_t facts;

    spk_os_facts(&facts);
    return facts.page_size;
}

static int all_are(const unsigned char *bytes, size_t size, unsigned char value)
{
    size_t i;

    for (i = 0; i < size && bytes[i] == value; i++) continue;
    return i == size;
}

static void nothing_is_committed_at_first(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;

    (void)state;
    assert_int_equal(spk_os_shm_create(&shm, (size_t)100 << 20, 1), APR_SUCCESS);
    assert_non_null(shm.base);
    assert_true(shm.reserved >= (size_t)1 && shm.reserved % page() == 0);
    assert_int_equal(shm.committed, 0);
    assert_true(shm.handle.v != SPK_OS_NONE_V);
    spk_os_shm_destroy(&shm);
}

static void sizes_are_rounded_up_to_pages(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;

    (void)state;
    assert_int_equal(spk_os_shm_create(&shm, page() + 1, page() + 1), APR_SUCCESS);
    assert_int_equal(shm.reserved, 2 * page());
    assert_int_equal(spk_os_shm_commit(&shm, 1), APR_SUCCESS);
    assert_true(shm.committed >= page());
    spk_os_shm_destroy(&shm);
}

static void committed_pages_are_zero_and_keep_what_is_written(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;
    size_t first = 3 * page(), all = 300 * page();

    (void)state;
    assert_int_equal(spk_os_shm_create(&shm, all, all), APR_SUCCESS);
    assert_int_equal(spk_os_shm_commit(&shm, first), APR_SUCCESS);
    assert_true(all_are(shm.base, first, 0));
    memset(shm.base, 0xA5, first);
    assert_int_equal(spk_os_shm_commit(&shm, all), APR_SUCCESS);
    assert_true(shm.committed >= all);
    assert_true(all_are(shm.base, first, 0xA5));
    assert_true(all_are(shm.base + first, all - first, 0));
    spk_os_shm_destroy(&shm);
}

static void commit_is_idempotent_and_never_shrinks(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;
    size_t committed;

    (void)state;
    assert_int_equal(spk_os_shm_create(&shm, 64 * page(), 64 * page()), APR_SUCCESS);
    assert_int_equal(spk_os_shm_commit(&shm, 10 * page()), APR_SUCCESS);
    committed = shm.committed;
    shm.base[0] = 9;
    assert_int_equal(spk_os_shm_commit(&shm, 10 * page()), APR_SUCCESS);
    assert_int_equal(spk_os_shm_commit(&shm, 5), APR_SUCCESS);
    assert_int_equal(spk_os_shm_commit(&shm, 0), APR_SUCCESS);
    assert_int_equal(shm.committed, committed);
    assert_int_equal(shm.base[0], 9);
    spk_os_shm_destroy(&shm);
}

static void commit_beyond_the_reserve_is_an_error(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;

    (void)state;
    assert_int_equal(spk_os_shm_create(&shm, 4 * page(), 4 * page()), APR_SUCCESS);
    assert_int_not_equal(spk_os_shm_commit(&shm, shm.reserved + 1), APR_SUCCESS);
    assert_int_not_equal(spk_os_shm_commit(&shm, SIZE_MAX), APR_SUCCESS);
    assert_int_equal(spk_os_shm_commit(&shm, shm.reserved), APR_SUCCESS);
    spk_os_shm_destroy(&shm);
}

static void what_cannot_be_reserved_is_refused(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;
    size_t impossible =
        sizeof(size_t) > 4 ? SIZE_MAX / 4 + 1 : SIZE_MAX / 16 * 15; /* of 4 GiB, a quarter can be had */
    int before = sys_descriptors();

    (void)state;
    assert_int_not_equal(spk_os_shm_create(&shm, impossible, impossible), APR_SUCCESS);
    assert_null(shm.base);
    assert_int_not_equal(spk_os_shm_create(&shm, SIZE_MAX, SIZE_MAX), APR_SUCCESS);
    assert_null(shm.base);
    assert_int_equal(sys_descriptors(), before);
}

static void discarded_pages_read_zero_and_stay_usable(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;
    size_t p = page(), size = 64 * p;

    (void)state;
    assert_int_equal(spk_os_shm_create(&shm, size, size), APR_SUCCESS);
    assert_int_equal(spk_os_shm_commit(&shm, size), APR_SUCCESS);
    memset(shm.base, 1, size);
    if (spk_os_shm_discard(&shm, 8 * p + 1, 16 * p)) { /* the whole pages inside are 9 to 23 */
        assert_true(all_are(shm.base, 9 * p, 1));
        assert_true(all_are(shm.base + 9 * p, 15 * p, 0));
        assert_true(all_are(shm.base + 24 * p, size - 24 * p, 1));
        assert_int_equal(spk_os_shm_restore(&shm, 8 * p + 1, 16 * p), APR_SUCCESS);
        assert_true(all_are(shm.base, 9 * p, 1));
        assert_true(all_are(shm.base + 9 * p, 15 * p, 0));
        memset(shm.base + 9 * p, 2, 15 * p);
        assert_true(all_are(shm.base + 9 * p, 15 * p, 2));
    } else {
        assert_int_equal(spk_os_shm_restore(&shm, 8 * p + 1, 16 * p), APR_SUCCESS);
        assert_true(all_are(shm.base, size, 1));
    }
    assert_int_equal(spk_os_shm_restore(&shm, size - 1, 2), APR_EINVAL);
    assert_int_equal(spk_os_shm_restore(&shm, SIZE_MAX, 2), APR_EINVAL);
    assert_true(shm.committed >= size);
    spk_os_shm_destroy(&shm);
}

static void discard_out_of_bounds_does_nothing(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;

    (void)state;
    assert_int_equal(spk_os_shm_create(&shm, 8 * page(), 8 * page()), APR_SUCCESS);
    assert_int_equal(spk_os_shm_commit(&shm, 8 * page()), APR_SUCCESS);
    memset(shm.base, 3, 8 * page());
    assert_int_equal(spk_os_shm_discard(&shm, 4 * page(), SIZE_MAX - page()), 0);
    assert_int_equal(spk_os_shm_discard(&shm, SIZE_MAX - page(), 4 * page()), 0);
    assert_true(all_are(shm.base, 8 * page(), 3));
    spk_os_shm_destroy(&shm);
}

static void another_process_sees_the_same_bytes(void **state)
{
    int by_fork = actor_by_fork(state);
    script_t script = { ACT_READ, ACT_EXIT, 0, 70000, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    atomic_store(&stage.board->value[0], 41);
    stage.shm.base[70000] = 200;
    assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.signal, 0);
    assert_int_equal(exit.exit_code, 0);
    assert_int_equal(atomic_load(&stage.board->value[1]), 42);
    assert_int_equal(atomic_load(&stage.board->value[2]), 201);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void it_can_be_mapped_twice_in_one_process(void **state)
{
    int by_fork = actor_by_fork(state);
    script_t script = { ACT_DOUBLE, ACT_EXIT, 0, 0, 0 };
    spk_os_process_t process;
    spk_os_exit_t exit;
    stage_t stage;

    assert_int_equal(stage_open(&stage), APR_SUCCESS);
    assert_int_equal(stage_start(&stage, &process, by_fork, script), APR_SUCCESS);
    assert_true(stage_await_end(&stage, &process, &exit));
    assert_int_equal(exit.exit_code, 0);
    assert_int_equal(atomic_load(&stage.board->value[1]), 77);
    assert_int_equal(atomic_load(&stage.board->value[2]), 1);
    spk_os_process_destroy(&process);
    stage_close(&stage);
}

static void attach_refuses_what_is_no_segment_or_too_small(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE, other = SPK_OS_SHM_NONE;
    spk_os_bell_t bell = SPK_OS_BELL_NONE;
    spk_os_handle_t none = { SPK_OS_NONE_V };

    (void)state;
    assert_int_equal(spk_os_shm_create(&shm, 16 * page(), 16 * page()), APR_SUCCESS);
    assert_int_equal(spk_os_bell_create(&bell), APR_SUCCESS);
    assert_int_equal(spk_os_shm_attach(&other, none, 16 * page()), APR_EINVAL);
    assert_int_equal(spk_os_shm_attach(&other, bell.wait, 16 * page()), APR_EINVAL);
    assert_int_equal(spk_os_shm_attach(&other, shm.handle, (size_t)1 << 30), APR_EINVAL);
    assert_int_equal(spk_os_shm_attach(&other, shm.handle, 0), APR_EINVAL);
    assert_null(other.base);
    assert_int_equal(spk_os_shm_commit(&shm, page()), APR_SUCCESS); /* and the handles are still good */
    spk_os_bell_ring(&bell);
    spk_os_bell_destroy(&bell);
    spk_os_shm_destroy(&shm);
}

static void destroy_takes_the_half_built_and_leaves_nothing(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;
    int before = sys_descriptors(), i;

    (void)state;
    spk_os_shm_destroy(&shm);
    for (i = 0; i < 50; i++) {
        assert_int_equal(spk_os_shm_create(&shm, page(), page()), APR_SUCCESS);
        spk_os_shm_destroy(&shm);
        assert_null(shm.base);
        assert_true(shm.handle.v == SPK_OS_NONE_V);
        assert_int_equal(shm.reserved, 0);
        spk_os_shm_destroy(&shm);
    }
    assert_int_equal(sys_descriptors(), before);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_committed_at_first),
        cmocka_unit_test(sizes_are_rounded_up_to_pages),
        cmocka_unit_test(committed_pages_are_zero_and_keep_what_is_written),
        cmocka_unit_test(commit_is_idempotent_and_never_shrinks),
        cmocka_unit_test(commit_beyond_the_reserve_is_an_error),
        cmocka_unit_test(what_cannot_be_reserved_is_refused),
        cmocka_unit_test(discarded_pages_read_zero_and_stay_usable),
        cmocka_unit_test(discard_out_of_bounds_does_nothing),
        BY_FORK_AND_SPAWN(another_process_sees_the_same_bytes),
        BY_FORK_AND_SPAWN(it_can_be_mapped_twice_in_one_process),
        cmocka_unit_test(attach_refuses_what_is_no_segment_or_too_small),
        cmocka_unit_test(destroy_takes_the_half_built_and_leaves_nothing)
    };

    actor_begin(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
