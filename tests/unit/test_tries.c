/*
 * Unit: how often items were tried.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "tries.h"

#define ITEMS 5000

static void who_was_not_counted_was_not_tried(void **state)
{
    spk_tries_t tries = { NULL, 0, 0 };

    (void)state;
    assert_int_equal(spk_tries_of(&tries, 0), 0);
    assert_int_equal(spk_tries_of(&tries, SIZE_MAX), 0);
    assert_true(spk_tries_count(&tries, 7));
    assert_int_equal(spk_tries_of(&tries, 7), 1);
    assert_int_equal(spk_tries_of(&tries, 8), 0);
    spk_tries_free(&tries);
    assert_int_equal(spk_tries_of(&tries, 7), 0);
    spk_tries_free(&tries);
}

/* Near ones, far ones, the first and the last; each as often as its number says. */
static void every_item_has_its_own_count(void **state)
{
    spk_tries_t tries = { NULL, 0, 0 };
    size_t i;
    int n;

    (void)state;
    for (n = 0; n < 3; n++)
        for (i = 0; i < ITEMS; i++)
            if ((int)(i % 4) > n) {
                assert_true(spk_tries_count(&tries, i));
                assert_true(spk_tries_count(&tries, SIZE_MAX - i * 4096));
            }
    for (i = 0; i < ITEMS; i++) {
        assert_int_equal(spk_tries_of(&tries, i), i % 4);
        assert_int_equal(spk_tries_of(&tries, SIZE_MAX - i * 4096), i % 4);
    }
    assert_in_range(tries.room, 2 * tries.used, 8 * tries.used);
    spk_tries_free(&tries);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_not_counted_was_not_tried),
        cmocka_unit_test(every_item_has_its_own_count),
    };

    return cmocka_run_group_tests_name("tries", tests, NULL, NULL);
}
