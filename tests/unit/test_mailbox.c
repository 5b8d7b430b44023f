/*
 * What stands in a mailbox the parent does not believe: messages of no honest worker cost theirs the life, and nothing
 * else; honest ones, for comparison, are replied to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crew.h"

#include "table.h"

#include <string.h>

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(nothing), SPORK_END };

/* ---- a pool whose only worker writes letters ------------------------------------------------------------ */

static spork_pool_t *pool;
static spk_member_t *member;
static spk_mailbox_t *mail;
static int n_heard; /* by the service */
static size_t heard_size;
static uint64_t wait_until; /* not 0: the answer comes later, until then at most */
static int n_gone;

static void go(spork_answer_t *answer)
{
    (void)answer;
    n_gone++;
}

/* Answers with twice as many bytes. */
static apr_status_t hear(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    unsigned char bytes[8192] = { 0 };

    (void)baton;
    (void)in;
    n_heard++;
    heard_size = in_size;
    if (wait_until != 0) {
        spk_answer_later(answer, wait_until, go);
        return APR_SUCCESS;
    }
    return spork_answer(answer, bytes, in_size * 2 < sizeof bytes ? in_size * 2 : sizeof bytes);
}

static void open_pool(void)
{
    spork_config_t config;

    crew_reset(&config, 1);
    config.arena_size = 4 << 20;
    assert_int_equal(spork_pool_create(&pool, &config, NULL), APR_SUCCESS);
    assert_int_equal(spork_pool_serve(pool, "hear", hear, NULL), APR_SUCCESS);
    member = &pool->members[0];
    mail = &member->seat->mail;
    n_heard = n_gone = 0;
    wait_until = 0;
}

/* 1 if it was replied to. */
static int post(uint32_t kind, uint32_t part, uint64_t size, const char *name)
{
    uint64_t number = atomic_load(&mail->asked) + 1;

    mail->kind = kind;
    mail->part = part;
    mail->size = size;
    memset(mail->name, 'x', sizeof mail->name); /* without an end */
    if (name != NULL) strcpy(mail->name, name);
    mail->status = -1;
    atomic_store(&mail->asked, number);
    spk_calls_serve(pool);
    return atomic_load(&mail->replied) == number;
}

/* The worker was ended for it; another one comes, and works. */
static void expect_end(void)
{
    assert_true(fake.n_kills == 1 && fake.processes[0].killed);
    assert_int_equal(spork_map(pool, nothing, NULL, 0, NULL, 0, 3, NULL), APR_SUCCESS);
    assert_int_equal(fake.n_processes, 2);
    assert_int_equal(post(SPK_CALL_ASK, 4, 4, "hear"), 1);
    assert_int_equal(fake.n_kills, 1);
    crew_close(pool);
}

/* ---- tests -------------------------------------------------------------------------------------------------- */

static void honest_letters_are_replied_to(void **state)
{
    (void)state;
    open_pool();
    assert_true(post(SPK_CALL_ASK, 4, 4, "hear"));
    assert_true(n_heard == 1 && heard_size == 4 && mail->status == APR_SUCCESS);
    assert_true(mail->answer_size == 8 && mail->sent == 8 && mail->room == 0);

    assert_true(post(SPK_CALL_ASK, SPK_CALL_BYTES, 3000, "hear"));
    assert_true(n_heard == 1 && mail->status == APR_SUCCESS && mail->room != 0 && mail->room_size >= 3000);
    assert_true(post(SPK_CALL_PART, 3000 - SPK_CALL_BYTES, 0, "hear"));
    assert_true(n_heard == 2 && heard_size == 3000 && mail->answer_size == 6000 && mail->sent == 6000);

    assert_true(post(SPK_CALL_ASK, 0, 0, NULL)); /* a name without an end is none that is served */
    assert_true(n_heard == 2 && mail->status == SPORK_ENOTFOUND && mail->words > 0);
    assert_true(post(SPK_CALL_ASK, 8, UINT64_MAX, "hear"));
    assert_true(n_heard == 2 && mail->status == SPORK_ETOOBIG);
    assert_true(post(SPK_CALL_ASK, 8, (uint64_t)8 << 20, "hear"));
    assert_true(n_heard == 2 && mail->status == SPORK_ETOOBIG);
    assert_int_equal(fake.n_kills, 0);
    crew_close(pool);
}

static void a_call_may_begin_in_the_middle_of_another(void **state)
{
    (void)state;
    open_pool();
    assert_true(post(SPK_CALL_ASK, 100, 3000, "hear"));
    assert_true(post(SPK_CALL_ASK, 2, 2, "hear"));
    assert_true(n_heard == 1 && heard_size == 2);
    assert_int_equal(fake.n_kills, 0);
    crew_close(pool);
}

static void impossible_letters_cost_the_worker_its_life(void **state)
{
    static const struct {
        const char *what;
        int begun; /* after an ASK of which 2000 bytes are missing */
        uint32_t kind, part;
        uint64_t size;
    } letters[] = {
        { "no kind", 0, 0, 0, 0 },
        { "no kind at all", 0, UINT32_MAX, 0, 0 },
        { "a part of nothing", 0, SPK_CALL_PART, 4, 4 },
        { "nothing to fetch", 0, SPK_CALL_FETCH, 0, 0 },
        { "nothing to fetch yet", 1, SPK_CALL_FETCH, 0, 0 },
        { "more than the whole", 0, SPK_CALL_ASK, 5, 4 },
        { "much more than the whole", 0, SPK_CALL_ASK, UINT32_MAX, 4 },
        { "nothing of it", 0, SPK_CALL_ASK, 0, 4 },
        { "in a room that was not given", 0, SPK_CALL_ASK, SPK_CALL_BYTES + 1, 100000 },
        { "more than is missing", 1, SPK_CALL_PART, 2001, 0 },
        { "an empty part", 1, SPK_CALL_PART, 0, 0 },
        { "larger than the room", 1, SPK_CALL_PART, UINT32_MAX, 0 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < LENGTH(letters); i++) {
        open_pool();
        if (letters[i].begun) assert_true(post(SPK_CALL_ASK, 1000, 3000, "hear"));
        if (post(letters[i].kind, letters[i].part, letters[i].size, "hear"))
            fail_msg("believed: %s", letters[i].what);
        assert_int_equal(n_heard, 0);
        expect_end();
    }
}

static void a_part_that_overruns_its_room_is_refused(void **state)
{
    (void)state;
    open_pool();
    assert_true(post(SPK_CALL_ASK, 1000, 3 << 20, "hear"));
    assert_true(mail->room_size < (3 << 20) - 1000);
    assert_false(post(SPK_CALL_PART, (uint32_t)mail->room_size + 1, 0, "hear"));
    expect_end();
}

static void numbers_out_of_turn_cost_the_worker_its_life(void **state)
{
    static const uint64_t numbers[] = { 2, 1000, UINT64_MAX };
    size_t i;

    (void)state;
    for (i = 0; i < LENGTH(numbers); i++) {
        open_pool();
        mail->kind = SPK_CALL_ASK;
        atomic_store(&mail->asked, numbers[i]);
        spk_calls_serve(pool);
        expect_end();
    }
}

/* A second letter of one who waits for the answer to his first. */
static void who_waits_sends_no_letters(void **state)
{
    (void)state;
    open_pool();
    wait_until = UINT64_MAX;
    assert_false(post(SPK_CALL_ASK, 4, 4, "hear"));
    assert_true(n_heard == 1 && member->caller.open && fake.n_kills == 0);
    assert_false(post(SPK_CALL_ASK, 4, 4, "hear"));
    assert_true(n_heard == 1 && n_gone == 1); /* its end is on the way: it waits for nothing any more */
    wait_until = 0;
    expect_end();
    assert_int_equal(n_gone, 1);
}

static void a_wait_ends_with_its_time_and_with_its_caller(void **state)
{
    (void)state;
    open_pool();
    wait_until = fake.now + 5000000;
    assert_false(post(SPK_CALL_ASK, 4, 4, "hear"));
    assert_int_equal(spk_calls_patience(pool), 5000);
    spk_calls_serve(pool);
    assert_int_equal(n_gone, 0);
    fake.now = wait_until;
    spk_calls_serve(pool);
    assert_true(n_gone == 1 && mail->status == APR_TIMEUP && atomic_load(&mail->replied) == 1);
    assert_int_equal(spk_calls_patience(pool), -1);

    wait_until = UINT64_MAX;
    assert_false(post(SPK_CALL_ASK, 4, 4, "hear"));
    fake_end(0, 9, 0);
    fake.now += 200000000; /* the parent looks around */
    spk_pump(pool);
    assert_int_equal(n_gone, 2);
    assert_true(atomic_load(&mail->asked) == 0 && atomic_load(&mail->replied) == 0 && !member->caller.open);
    crew_close(pool);
}

static void only_an_endless_wait_of_all_is_vain(void **state)
{
    (void)state;
    open_pool();
    assert_int_equal(spk_calls_starve(pool, 1), 0);
    wait_until = fake.now + 5000000;
    assert_false(post(SPK_CALL_ASK, 4, 4, "hear"));
    assert_int_equal(spk_calls_starve(pool, 1), 1);
    assert_int_equal(n_gone, 0);
    fake.now = wait_until;
    spk_calls_serve(pool);
    wait_until = UINT64_MAX;
    assert_false(post(SPK_CALL_ASK, 4, 4, "hear"));
    assert_int_equal(spk_calls_starve(pool, 0), 1);
    assert_int_equal(n_gone, 1);
    assert_int_equal(spk_calls_starve(pool, 1), 1);
    assert_true(n_gone == 2 && mail->status == APR_EOF);
    crew_close(pool);
}

/* ---- the dictionary's table ------------------------------------------------------------------------------------ */

static void a_table_counts_what_it_takes(void **state)
{
    spk_table_t table;
    char key[4] = { 'a', 'a', 'a', 0 };
    int i;

    (void)state;
    memset(&table, 0, sizeof table);
    table.capacity = 1000 * (3 + 5 + SPK_PAIR_COST);
    for (i = 0; i < 1000; i++) {
        key[0] = (char)('a' + i / 100);
        key[1] = (char)('a' + i / 10 % 10);
        key[2] = (char)('a' + i % 10);
        assert_int_equal(spk_table_put(&table, key, 3, "value", 5), APR_SUCCESS);
    }
    assert_int_equal(table.used, table.capacity);
    assert_int_equal(spk_table_put(&table, "one more", 8, "", 0), SPORK_ETOOBIG);
    assert_int_equal(spk_table_put(&table, key, 3, "value!", 6), SPORK_ETOOBIG);
    assert_int_equal(spk_table_put(&table, key, 3, "other", 5), APR_SUCCESS);
    assert_memory_equal(spk_table_find(&table, key, 3)->value, "other", 5);
    assert_true(spk_table_remove(&table, key, 3) && !spk_table_remove(&table, key, 3));
    assert_null(spk_table_find(&table, key, 3));
    assert_int_equal(table.count, 999);
    assert_int_equal(spk_table_put(&table, "b\0c", 3, "", 0), APR_SUCCESS);
    assert_null(spk_table_find(&table, "b", 1));
    spk_table_free(&table);
    assert_int_equal(spk_table_put(&table, "a", 1, "", 0), SPORK_ETOOBIG);
    assert_int_equal(table.used, 0);
    spk_table_free(&table);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(honest_letters_are_replied_to),
        cmocka_unit_test(a_call_may_begin_in_the_middle_of_another),
        cmocka_unit_test(impossible_letters_cost_the_worker_its_life),
        cmocka_unit_test(a_part_that_overruns_its_room_is_refused),
        cmocka_unit_test(numbers_out_of_turn_cost_the_worker_its_life),
        cmocka_unit_test(who_waits_sends_no_letters),
        cmocka_unit_test(a_wait_ends_with_its_time_and_with_its_caller),
        cmocka_unit_test(only_an_endless_wait_of_all_is_vain),
        cmocka_unit_test(a_table_counts_what_it_takes),
    };

    if (spork_init(NULL, NULL, tasks) != APR_SUCCESS) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
