/*
 * What a spawned worker believes of the message that came through its line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "hello.h"
#include "spork.h"
#include <string.h>

#define FINGERPRINT 4711u

static spk_hello_t good, heard;

static int set_up(void **state)
{
    (void)state;
    memset(&good, 0, sizeof good);
    good.magic = SPK_MAGIC;
    good.fingerprint = FINGERPRINT;
    good.n_seats = 3;
    good.id = 2;
    good.arena = spk_shared_arena(3, 4096);
    good.reserved = good.arena + 4096;
    memset(good.secret, 's', SPK_SECRET);
    return 0;
}

static spk_hello_e hear(const spk_hello_t *hello)
{
    return spk_hello_check(hello, sizeof *hello, FINGERPRINT, &heard);
}

static void a_parents_is_good(void **state)
{
    (void)state;
    assert_int_equal(hear(&good), SPK_HELLO_GOOD);
    assert_memory_equal(&heard, &good, sizeof good);
    good.n_seats = SPORK_WORKERS_MAX;
    good.arena = spk_shared_arena(SPORK_WORKERS_MAX, 4096);
    good.reserved = good.arena + 1;
    assert_int_equal(hear(&good), SPK_HELLO_GOOD);
}

static void nonsense_is_told_from_a_mismatch(void **state)
{
    spk_hello_t bent = good;

    (void)state;
    bent.fingerprint++;
    assert_int_equal(hear(&bent), SPK_HELLO_MISMATCH);
    bent.arena = 0; /* another version's seats may be smaller */
    assert_int_equal(hear(&bent), SPK_HELLO_MISMATCH);
    bent.magic++;
    assert_int_equal(hear(&bent), SPK_HELLO_NONSENSE);
    bent = good;
    bent.magic++;
    assert_int_equal(hear(&bent), SPK_HELLO_NONSENSE);
    assert_int_equal(spk_hello_check(&good, sizeof good - 1, FINGERPRINT, &heard), SPK_HELLO_NONSENSE);
    assert_int_equal(spk_hello_check(&good, 0, FINGERPRINT, &heard), SPK_HELLO_NONSENSE);
}

static void the_seat_lies_in_the_segment(void **state)
{
    spk_hello_t bent = good;

    (void)state;
    bent.id = 3;
    assert_int_equal(hear(&bent), SPK_HELLO_NONSENSE);
    bent = good;
    bent.n_seats = 0;
    assert_int_equal(hear(&bent), SPK_HELLO_NONSENSE);
    bent.n_seats = SPORK_WORKERS_MAX + 1;
    bent.arena = UINT32_MAX;
    bent.reserved = bent.arena + 1;
    assert_int_equal(hear(&bent), SPK_HELLO_NONSENSE);
    bent = good;
    bent.reserved = bent.arena;
    assert_int_equal(hear(&bent), SPK_HELLO_NONSENSE);
    bent.reserved = UINT64_MAX;
    assert_int_equal(hear(&bent), SPK_HELLO_NONSENSE);
    bent = good;
    bent.arena = offsetof(spk_header_t, seats) + 3 * sizeof(spk_seat_t);
    assert_int_equal(hear(&bent), SPK_HELLO_GOOD);
    bent.arena--;
    assert_int_equal(hear(&bent), SPK_HELLO_NONSENSE);
}

static void its_words_end(void **state)
{
    spk_hello_t bent = good;

    (void)state;
    memset(bent.program, 'p', sizeof bent.program);
    assert_int_equal(hear(&bent), SPK_HELLO_NONSENSE);
    bent.program[sizeof bent.program - 1] = '\0';
    assert_int_equal(hear(&bent), SPK_HELLO_GOOD);
    memset(bent.log.prefix, '/', sizeof bent.log.prefix);
    assert_int_equal(hear(&bent), SPK_HELLO_NONSENSE);
    bent.log.prefix[sizeof bent.log.prefix - 1] = '\0';
    assert_int_equal(hear(&bent), SPK_HELLO_GOOD);
}

static void magic_and_secret_tell_whose_segment_it_is(void **state)
{
    static spk_header_t head;

    (void)state;
    assert_false(spk_hello_is_of(&good, &head));
    head.magic = SPK_MAGIC;
    assert_false(spk_hello_is_of(&good, &head));
    memcpy(head.secret, good.secret, SPK_SECRET);
    assert_true(spk_hello_is_of(&good, &head));
    head.secret[SPK_SECRET - 1]++;
    assert_false(spk_hello_is_of(&good, &head));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_parents_is_good, set_up),
        cmocka_unit_test_setup(nonsense_is_told_from_a_mismatch, set_up),
        cmocka_unit_test_setup(the_seat_lies_in_the_segment, set_up),
        cmocka_unit_test_setup(its_words_end, set_up),
        cmocka_unit_test_setup(magic_and_secret_tell_whose_segment_it_is, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
