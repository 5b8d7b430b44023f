/*
 * Who am I? By the command line; and spork_init() in a parent.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "error.h"
#include "fake_os.h"
#include "registry.h"
#include "role.h"
#include "spork.h"
#include <string.h>

static apr_status_t one_task(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(one_task), SPORK_END };
static const spork_entry_t nameless[] = { { NULL, one_task }, SPORK_END };

static const char *parse(int argc, const char *first, const char *second)
{
    const char *argv[] = { "program", first, second, NULL };

    return spk_role_parse(argc, argv);
}

static void test_command_lines(void **state)
{
    (void)state;
    assert_string_equal(parse(2, "--spork-worker=3,4,5", NULL), "3,4,5");
    assert_string_equal(parse(2, "--spork-worker=", NULL), "");
    assert_null(parse(2, "--spork-worker", NULL));
    assert_null(parse(2, "-spork-worker=3", NULL));
    assert_null(parse(2, "x--spork-worker=3", NULL));
    assert_null(parse(2, "", NULL));
    assert_null(parse(1, NULL, NULL));
    assert_null(parse(1, "--spork-worker=3", NULL));
    assert_null(parse(3, "x", "--spork-worker=3"));
    assert_null(parse(2, NULL, NULL));
    assert_null(spk_role_parse(0, NULL));
    assert_null(spk_role_parse(2, NULL));
}

static const char *named(const char *argv0)
{
    spk_role_name(argv0);
    return spk_role_program();
}

static void test_names(void **state)
{
    static const char longest[] = "0123456789012345678901234567890123456789012345678901234567890123";
    static const char umlaut[] =
        "012345678901234567890123456789012345678901234567890123456789012\xc3\xb6.exe";

    (void)state;
    assert_string_equal(spk_role_program(), "spork");
    assert_string_equal(named("csv_sum"), "csv_sum");
    assert_string_equal(named("/usr/bin/csv_sum.out"), "csv_sum.out");
    assert_string_equal(named("C:\\bin\\a/K\xc3\xb6ln.EXE"), "K\xc3\xb6ln");
    assert_string_equal(named(""), "K\xc3\xb6ln"); /* says nothing */
    assert_string_equal(named("/"), "K\xc3\xb6ln");
    assert_string_equal(named(".exe"), ".exe");
    assert_string_equal(named("a\nb:c"), "a_b_c");
    assert_string_equal(named(longest), longest);
    assert_string_equal(named(umlaut), "012345678901234567890123456789012345678901234567890123456789012");
}

static void test_init_makes_a_parent_once(void **state)
{
    char name[] = "program", *words[] = { name, NULL }, **argv = words;
    int argc = 1;

    (void)state;
    assert_false(spk_role_is_parent());
    assert_false(spk_role_is_worker());
    assert_int_equal(spork_init(&argc, &argv, nameless), APR_EINVAL);
    assert_false(spk_role_is_parent());
    assert_int_equal(spork_init(NULL, NULL, tasks), APR_SUCCESS);
    assert_true(spk_role_is_parent());
    assert_string_equal(spk_role_program(), "program");
    assert_int_equal(spk_registry_find(one_task), 0);
    assert_int_equal(spork_init(&argc, &argv, tasks), APR_EINVAL);
    assert_non_null(strstr(spork_error(), "second"));
    assert_true(spk_role_is_parent());
    spk_role_become_worker();
    assert_true(spk_role_is_worker());
    assert_false(spk_role_is_parent());
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_command_lines),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_init_makes_a_parent_once),
    };

    fake_reset();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
