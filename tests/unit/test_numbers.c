/*
 * The numbers on a worker's command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "numbers.h"

static const spk_numbers_t descriptors = { 10, 3, 1048575, 1, 0 };
static const spk_numbers_t handles = { 16, 4, INT64_MAX, 4, 1 };

static void descriptors_are_decimal(void **state)
{
    uint64_t values[3];

    (void)state;
    assert_true(spk_numbers_read(&descriptors, "3,1048575,3", values, 3));
    assert_int_equal(values[0], 3);
    assert_int_equal(values[1], 1048575);
    assert_int_equal(values[2], 3);
    assert_false(spk_numbers_read(&descriptors, "2", values, 1));
    assert_false(spk_numbers_read(&descriptors, "1048576", values, 1));
    assert_false(spk_numbers_read(&descriptors, "a", values, 1));
}

static void handles_are_hexadecimal_multiples_of_four(void **state)
{
    uint64_t values[2];

    (void)state;
    assert_true(spk_numbers_read(&handles, "4,7ffffffffffffffc", values, 2));
    assert_int_equal(values[0], 4);
    assert_true(values[1] == UINT64_C(0x7ffffffffffffffc));
    assert_true(spk_numbers_read(&handles, "abc", values, 1));
    assert_int_equal(values[0], 0xabc);
    assert_false(spk_numbers_read(&handles, "ABC", values, 1));
    assert_false(spk_numbers_read(&handles, "6", values, 1));
    assert_false(spk_numbers_read(&handles, "8,8", values, 2));
    assert_false(spk_numbers_read(&handles, "8000000000000000", values, 1));
    assert_false(spk_numbers_read(&handles, "fffffffffffffffc", values, 1));
    assert_false(
        spk_numbers_read(&handles, "10000000000000004", values, 1)); /* 4, and a bit that falls out */
    assert_false(spk_numbers_read(&handles, "0x4", values, 1));
}

static void nothing_else_is_read(void **state)
{
    static const char *const texts[] = {
        "",      ",",    "3",    "3,",   "3,,4", ",3,4", "3,4,",
        "3,4,5", " 3,4", "3,4 ", "3, 4", "+3,4", "-3,4", "03,4",
        "3,4\n", "3;4",  "3,0",  "0,3",  "3.4",  "3,4x", "3,99999999999999999999999"
    };
    uint64_t values[2];
    size_t i;

    (void)state;
    for (i = 0; i < LENGTH(texts); i++) assert_false(spk_numbers_read(&descriptors, texts[i], values, 2));
    assert_true(spk_numbers_read(&descriptors, "3,4", values, 2));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_are_decimal),
        cmocka_unit_test(handles_are_hexadecimal_multiples_of_four),
        cmocka_unit_test(nothing_else_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
