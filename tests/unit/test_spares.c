/*
 * Spare memory for outcomes: what is given is taken again, within bounds.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "spares.h"
#include <stdlib.h>
#include <string.h>

#define KIB ((size_t)1024)

static void what_is_given_is_taken_again(void **state)
{
    spk_spares_t spares = { NULL, 0 };
    unsigned char *block, *again;
    size_t room, other;

    (void)state;
    block = spk_spares_take(&spares, 64 * KIB + 1, &room);
    assert_non_null(block);
    assert_true(room > 64 * KIB);
    memset(block, 1, room);
    spk_spares_give(&spares, block, room);
    assert_int_equal(spares.bytes, room);
    again = spk_spares_take(&spares, 60 * KIB, &other);
    assert_ptr_equal(again, block);
    assert_int_equal(other, room);
    assert_int_equal(spares.bytes, 0);
    spk_spares_give(&spares, again, other);
    spk_spares_free(&spares);
    assert_true(spares.first == NULL && spares.bytes == 0);
}

/* Too small, or so large that much would lie idle. */
static void what_does_not_fit_stays(void **state)
{
    spk_spares_t spares = { NULL, 0 };
    unsigned char *block, *small, *large;
    size_t room, room_small, room_large;

    (void)state;
    block = spk_spares_take(&spares, 256 * KIB, &room);
    spk_spares_give(&spares, block, room);
    small = spk_spares_take(&spares, 100 * KIB, &room_small);
    large = spk_spares_take(&spares, 300 * KIB, &room_large);
    assert_ptr_not_equal(small, block);
    assert_ptr_not_equal(large, block);
    assert_true(room_small >= 100 * KIB && room_large >= 300 * KIB);
    assert_int_equal(spares.bytes, room);
    free(small);
    free(large);
    assert_ptr_equal(spk_spares_take(&spares, 200 * KIB, &room), block);
    free(block);
    spk_spares_free(&spares);
}

static void little_is_kept(void **state)
{
    spk_spares_t spares = { NULL, 0 };
    unsigned char *blocks[40], *tiny, *huge;
    size_t room = 0, room_tiny, room_huge;
    int i;

    (void)state;
    tiny = spk_spares_take(&spares, 100, &room_tiny);
    huge = spk_spares_take(&spares, 64 * KIB * KIB, &room_huge);
    assert_true(tiny != NULL && huge != NULL && room_tiny == 100 && room_huge == 64 * KIB * KIB);
    spk_spares_give(&spares, tiny, room_tiny);
    spk_spares_give(&spares, huge, room_huge);
    spk_spares_give(&spares, NULL, 0);
    assert_int_equal(spares.bytes, 0);
    for (i = 0; i < 40; i++) blocks[i] = spk_spares_take(&spares, KIB * KIB, &room);
    for (i = 0; i < 40; i++) spk_spares_give(&spares, blocks[i], room);
    assert_int_equal(spares.bytes, 8 * KIB * KIB);
    spk_spares_free(&spares);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_is_taken_again),
        cmocka_unit_test(what_does_not_fit_stays),
        cmocka_unit_test(little_is_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
