/*
 * The registry. Its state is static and made once, so it is compiled into this file, where forget() can
 * make it new for each case.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "error.h"
#include "registry.c"
#include <apr_general.h>

#define TASK(name)                                                                   \
    static apr_status_t name(spork_task_t *task, const void *in, void *out)          \
    {                                                                                \
        return task != NULL && in != NULL && out != NULL ? APR_EINVAL : APR_SUCCESS; \
    }

TASK(alpha)
TASK(beta)
TASK(gamma)
TASK(stranger)

static apr_pool_t *mem;

static int forget(void **state)
{
    (void)state;
    n_tables = n_sorted = built = 0;
    sorted = NULL;
    return 0;
}

static void assert_refused(const spork_entry_t *table, const char *word)
{
    assert_int_equal(spk_registry_build(table, mem), APR_EINVAL);
    assert_non_null(strstr(spork_error(), word));
    assert_false(spk_registry_built());
    assert_int_equal(spk_registry_find(alpha), SPK_NOT_A_TASK);
    assert_null(spk_registry_fn(0));
}

static void test_bad_tables(void **state)
{
    static const spork_entry_t twice[] = { SPORK_ENTRY(alpha), { "alpha", beta }, SPORK_END };
    static const spork_entry_t nameless[] = { SPORK_ENTRY(alpha), { NULL, beta }, SPORK_END };
    static const spork_entry_t empty_name[] = { { "", alpha }, SPORK_END };
    static const spork_entry_t nothing[] = { { "alpha", NULL }, SPORK_END };

    (void)state;
    assert_refused(twice, "alpha");
    assert_refused(nameless, "1");
    assert_refused(empty_name, "empty");
    assert_refused(nothing, "alpha");
}

static void test_registering(void **state)
{
    static const spork_entry_t library[] = { SPORK_ENTRY(gamma), SPORK_END };
    static const spork_entry_t clash[] = { { "gamma", alpha }, SPORK_END };

    (void)state;
    assert_int_equal(spork_register(NULL), APR_EINVAL);
    assert_int_equal(spork_register(library), APR_SUCCESS);
    assert_refused(clash, "gamma");
}

static void test_built(void **state)
{
    static const spork_entry_t library[] = { SPORK_ENTRY(gamma), SPORK_END };
    static const spork_entry_t table[] = {
        SPORK_ENTRY(beta), SPORK_ENTRY(alpha), { "again", alpha }, SPORK_END
    };
    uint64_t empty = spk_registry_fingerprint();

    (void)state;
    assert_int_equal(spork_register(library), APR_SUCCESS);
    assert_int_equal(spk_registry_build(table, mem), APR_SUCCESS);
    assert_true(spk_registry_built());
    assert_string_equal(spk_registry_name(0), "again"); /* in order of the names */
    assert_string_equal(spk_registry_name(1), "alpha");
    assert_string_equal(spk_registry_name(2), "beta");
    assert_string_equal(spk_registry_name(3), "gamma");
    assert_ptr_equal(spk_registry_fn(2), beta);
    assert_ptr_equal(spk_registry_fn((uint32_t)spk_registry_find(gamma)), gamma);
    assert_ptr_equal(spk_registry_fn((uint32_t)spk_registry_find(alpha)), alpha);
    assert_int_equal(spk_registry_find(stranger), SPK_NOT_A_TASK);
    assert_int_equal(spk_registry_find(NULL), SPK_NOT_A_TASK);
    assert_null(spk_registry_fn(4));
    assert_null(spk_registry_fn(UINT32_MAX));
    assert_non_null(spk_registry_name(UINT32_MAX));
    assert_true(spk_registry_fingerprint() != empty);
    assert_true(spk_registry_fingerprint() == spk_registry_fingerprint());
    assert_int_equal(spork_register(table), APR_EINVAL);
    assert_non_null(strstr(spork_error(), "late"));
}

static void test_number_of_tables(void **state)
{
    static const spork_entry_t library[] = { SPORK_END };
    int i;

    (void)state;
    for (i = 0; i < 64; i++) assert_int_equal(spork_register(library), APR_SUCCESS);
    assert_int_equal(spork_register(library), APR_EINVAL);
    assert_non_null(strstr(spork_error(), "64"));
    assert_int_equal(spk_registry_build(NULL, mem), APR_SUCCESS);
    assert_true(spk_registry_built());
    assert_null(spk_registry_fn(0));
}

static uint64_t fingerprint(const spork_entry_t *table)
{
    forget(NULL);
    assert_int_equal(spk_registry_build(table, mem), APR_SUCCESS);
    return spk_registry_fingerprint();
}

static void test_fingerprint_is_of_all_names(void **state)
{
    static const spork_entry_t table[] = { { "a", alpha }, { "bc", beta }, SPORK_END };
    static const spork_entry_t turned[] = { { "bc", gamma }, { "a", alpha }, SPORK_END };
    static const spork_entry_t shorter[] = { { "a", alpha }, SPORK_END };
    static const spork_entry_t other[] = { { "a", alpha }, { "bd", beta }, SPORK_END };
    static const spork_entry_t shifted[] = { { "ab", alpha }, { "c", beta }, SPORK_END };

    (void)state;
    assert_true(fingerprint(table) == fingerprint(turned)); /* neither order nor addresses */
    assert_true(fingerprint(table) != fingerprint(shorter));
    assert_true(fingerprint(table) != fingerprint(other));
    assert_true(fingerprint(table) != fingerprint(shifted));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_bad_tables, forget),
        cmocka_unit_test_setup(test_registering, forget),
        cmocka_unit_test_setup(test_built, forget),
        cmocka_unit_test_setup(test_number_of_tables, forget),
        cmocka_unit_test(test_fingerprint_is_of_all_names),
    };
    int failed;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS) return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
