/*
 * Conformance: futures: each outcome once, replies of any size, batons, handing out in completion order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

/* ---- tasks ---------------------------------------------------------------------------------- */

static apr_status_t echo(spork_task_t *task, const void *in, void *out)
{
    if (out != NULL) return APR_EINVAL;
    return spork_reply(task, in, spork_task_in_size(task));
}

static apr_status_t say_nothing(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    return out == NULL && spork_task_in_size(task) == 0 ? APR_SUCCESS : APR_EINVAL;
}

/* The sizes of the replies that it makes one after the other; each is filled with its number. */
typedef struct {
    apr_size_t sizes[3];
    apr_size_t count;
    apr_status_t end_with;
} replies_t;

static apr_status_t reply_again(spork_task_t *task, const void *in, void *out)
{
    const replies_t *item = in;
    apr_status_t status = APR_SUCCESS;

    (void)out;
    for (apr_size_t i = 0; i < item->count && status == APR_SUCCESS; i++) {
        void *data = malloc(item->sizes[i] + 1);
        if (data == NULL) return APR_ENOMEM;
        memset(data, (int)i + 1, item->sizes[i] + 1);
        status = spork_reply(task, data, item->sizes[i]);
        memset(data, 0xee, item->sizes[i] + 1); /* it was copied */
        free(data);
    }
    return status != APR_SUCCESS ? status : item->end_with;
}

/* How many bytes of reply and of words, both of the item's number. */
typedef struct {
    apr_uint32_t number, size, words;
} told_t;

#define TOLD_MOST 220

static apr_status_t reply_and_say(spork_task_t *task, const void *in, void *out)
{
    const told_t *told = in;
    char words[TOLD_MOST + 1];
    unsigned char bytes[TOLD_MOST];

    (void)out;
    memset(words, 'a' + (int)(told->number % 26), told->words);
    words[told->words] = '\0';
    memset(bytes, (int)(told->number & 0xff), told->size);
    spork_fail(task, "%s", words);
    return spork_reply(task, bytes, told->size);
}

static apr_status_t tell_index(spork_task_t *task, const void *in, void *out)
{
    apr_size_t index = spork_task_index(task);
    (void)in;
    (void)out;
    return spork_reply(task, &index, sizeof index);
}

typedef struct {
    spork_ref_t gate;
} gated_t;

static apr_status_t wait_at_gate(spork_task_t *task, const void *in, void *out)
{
    gate_t *gate = spork_deref(task, ((const gated_t *)in)->gate, sizeof *gate);
    (void)out;
    if (gate == NULL) return APR_EINVAL;
    gate_pass(gate);
    return APR_SUCCESS;
}

static apr_status_t misuse_reply(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    if (spork_reply(task, NULL, 10) != APR_EINVAL) return APR_EGENERAL;
    return spork_reply(task, NULL, 0);
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(echo),         SPORK_ENTRY(say_nothing),
                                       SPORK_ENTRY(reply_again),  SPORK_ENTRY(reply_and_say),
                                       SPORK_ENTRY(tell_index),   SPORK_ENTRY(wait_at_gate),
                                       SPORK_ENTRY(misuse_reply), SPORK_END };

static const spork_outcome_t *await(spork_future_t *future, apr_status_t want)
{
    const spork_outcome_t *outcome;
    assert_success(spork_future_wait(future, -1));
    outcome = spork_future_outcome(future);
    assert_non_null(outcome);
    assert_status(outcome->status, want);
    return outcome;
}

static spork_future_t *submit(spork_pool_t *pool, spork_fn_t fn, const void *in, apr_size_t size)
{
    spork_future_t *future = NULL;
    assert_success(spork_submit(&future, pool, fn, in, size));
    assert_non_null(future);
    return future;
}

static void fill(unsigned char *bytes, apr_size_t size, unsigned seed)
{
    for (apr_size_t i = 0; i < size; i++) bytes[i] = (unsigned char)((i * 131 + seed * 7) >> 2);
}

/* ---- 1, 7: every size, every outcome once --------------------------------------------------- */

static void ten_thousand_items_of_mixed_size(void **state)
{
    enum { COUNT = 10000, LARGEST = 3000 };
    static spork_future_t *futures[COUNT];
    static unsigned char data[LARGEST];

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (int i = 0; i < COUNT; i++) {
            fill(data, (apr_size_t)(i * 7919 % LARGEST), (unsigned)i);
            futures[i] = submit(pool, echo, data, (apr_size_t)(i * 7919 % LARGEST));
        }
        for (int i = 0; i < COUNT; i++) {
            const spork_outcome_t *outcome = await(futures[i], APR_SUCCESS);
            apr_size_t size = (apr_size_t)(i * 7919 % LARGEST);
            fill(data, size, (unsigned)i);
            assert_int_equal(outcome->out_size, size);
            if (size > 0) assert_memory_equal(outcome->out, data, size);
            assert_int_equal(outcome->attempts, 1);
            spork_future_destroy(futures[i]);
        }
        end_pool(pool);
    }
}

static void replies_of_all_sizes(void **state)
{
    static const apr_size_t sizes[] = { 0,    1,    7,    63,    64,    65,    255,
                                        4095, 4096, 4097, 65535, 65536, 65537, 3000017 };

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (size_t i = 0; i < LENGTH(sizes); i++) {
            unsigned char *data = malloc(sizes[i] + 1);
            spork_future_t *future;
            const spork_outcome_t *outcome;
            assert_non_null(data);
            fill(data, sizes[i], (unsigned)i);
            future = submit(pool, echo, data, sizes[i]);
            outcome = await(future, APR_SUCCESS);
            assert_int_equal(outcome->out_size, sizes[i]);
            if (sizes[i] > 0) assert_memory_equal(outcome->out, data, sizes[i]);
            assert_string_equal(outcome->message, "");
            spork_future_destroy(future);
            free(data);
        }
        end_pool(pool);
    }
}

static void sixty_four_mebibytes_both_ways_at_once(void **state)
{
    enum { COUNT = 3 };
    apr_size_t size = 64 * MIB;
    unsigned char *data = malloc(size);
    spork_pool_t *pool = start_pool(2);
    spork_future_t *futures[COUNT];

    (void)state;
    assert_non_null(data);
    fill(data, size, 5);
    for (int i = 0; i < COUNT; i++) {
        data[size - 1] = (unsigned char)i;
        futures[i] = submit(pool, echo, data, size);
    }
    for (int i = COUNT - 1; i >= 0; i--) {
        const spork_outcome_t *outcome = await(futures[i], APR_SUCCESS);
        data[size - 1] = (unsigned char)i;
        assert_int_equal(outcome->out_size, size);
        assert_memory_equal(outcome->out, data, size);
        spork_future_destroy(futures[i]);
    }
    free(data);
    end_pool(pool);
}

static int all_are(const void *bytes, int value, apr_size_t size)
{
    apr_size_t i = 0;
    while (i < size && ((const unsigned char *)bytes)[i] == (unsigned char)value) i++;
    return i == size;
}

static void expect_told(const spork_outcome_t *outcome, const told_t *told)
{
    assert_int_equal(outcome->out_size, told->size);
    if (told->size > 0) assert_true(all_are(outcome->out, (int)(told->number & 0xff), told->size));
    assert_int_equal(strlen(outcome->message), told->words);
    assert_true(all_are(outcome->message, 'a' + (int)(told->number % 26), told->words));
}

/* Small ones travel another way than large ones: every size about where that changes, alone and with words. */
static void small_replies_come_with_their_words(void **state)
{
    enum { WORDS = 4, COUNT = TOLD_MOST * WORDS };
    static const apr_uint32_t words[WORDS] = { 0, 1, 16, 100 };
    static spork_future_t *futures[COUNT];
    spork_pool_t *pool = start_pool(2);
    told_t told;

    (void)state;
    for (apr_uint32_t i = 0; i < COUNT; i++) {
        told = (told_t){ i, i / WORDS, words[i % WORDS] };
        futures[i] = submit(pool, reply_and_say, &told, sizeof told);
    }
    for (apr_uint32_t i = 0; i < COUNT; i++) {
        told = (told_t){ i, i / WORDS, words[i % WORDS] };
        expect_told(await(futures[i], APR_SUCCESS), &told);
        spork_future_destroy(futures[i]);
    }
    end_pool(pool);
}

static void no_reply_is_an_empty_one(void **state)
{
    spork_pool_t *pool = start_pool(2);
    spork_future_t *future = submit(pool, say_nothing, NULL, 0);

    (void)state;
    assert_int_equal(await(future, APR_SUCCESS)->out_size, 0);
    spork_future_destroy(future);
    end_pool(pool);
}

static void the_last_reply_counts(void **state)
{
    static const apr_size_t sizes[][3] = {
        { 10, 5, 0 }, { 5, 10, 100000 }, { 100000, 3, 1 }, { 0, 0, 8 }, { 8, 300000, 0 }
    };
    spork_pool_t *pool = start_pool(2);

    (void)state;
    for (size_t i = 0; i < LENGTH(sizes); i++)
        for (apr_size_t count = 1; count <= 3; count++) {
            replies_t item;
            spork_future_t *future;
            const spork_outcome_t *outcome;
            memset(&item, 0, sizeof item);
            memcpy(item.sizes, sizes[i], sizeof item.sizes);
            item.count = count;
            future = submit(pool, reply_again, &item, sizeof item);
            outcome = await(future, APR_SUCCESS);
            assert_int_equal(outcome->out_size, sizes[i][count - 1]);
            for (apr_size_t b = 0; b < outcome->out_size; b++)
                assert_int_equal(((const unsigned char *)outcome->out)[b], count);
            spork_future_destroy(future);
        }
    end_pool(pool);
}

static void misused_replies_are_refused(void **state)
{
    spork_pool_t *pool = start_pool(1);
    (void)state;
    assert_int_equal(await(submit(pool, misuse_reply, NULL, 0), APR_SUCCESS)->out_size, 0);
    end_pool(pool);
}

static apr_status_t in_no_table(spork_task_t *task, const void *in, void *out)
{
    return echo(task, in, out);
}

static void misused_submits_are_refused(void **state)
{
    spork_pool_t *pool = start_pool(1);
    spork_future_t *future = (spork_future_t *)&pool;

    (void)state;
    assert_failed(spork_submit(&future, pool, in_no_table, NULL, 0), SPORK_ENOTTASK);
    assert_null(future);
    assert_failed(spork_submit(&future, pool, NULL, NULL, 0), APR_EINVAL);
    assert_failed(spork_submit(&future, pool, echo, NULL, 1), APR_EINVAL);
    assert_failed(spork_submit(NULL, pool, echo, NULL, 0), APR_EINVAL);
    assert_failed(spork_submit(&future, NULL, echo, NULL, 0), APR_EINVAL);
    assert_null(future);
    assert_status(spork_wait_any(pool, 0, &future), APR_EOF); /* nothing was taken */
    end_pool(pool);
}

/* ---- a small arena -------------------------------------------------------------------------- */

static spork_pool_t *pool_with_arena(int workers, apr_size_t size)
{
    spork_config_t config;
    make_config(&config, workers);
    config.arena_size = size;
    return make_pool(&config);
}

/* More inputs and replies than the arena holds at once; they are taken in the order of submission. */
static void a_small_arena_passes_more_than_it_holds(void **state)
{
    enum { COUNT = 400, SIZE = 100000 };
    static spork_future_t *futures[COUNT];
    static unsigned char data[SIZE];

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = pool_with_arena(workers, 8 * MIB);
        for (int i = 0; i < COUNT; i++) {
            fill(data, SIZE, (unsigned)i);
            futures[i] = submit(pool, echo, data, SIZE);
        }
        for (int i = 0; i < COUNT; i++) {
            const spork_outcome_t *outcome = await(futures[i], APR_SUCCESS);
            fill(data, SIZE, (unsigned)i);
            assert_int_equal(outcome->out_size, SIZE);
            assert_memory_equal(outcome->out, data, SIZE);
            spork_future_destroy(futures[i]);
        }
        end_pool(pool);
    }
}

static void what_can_never_fit_is_refused(void **state)
{
    spork_pool_t *pool = pool_with_arena(2, 4 * MIB);
    spork_future_t *future = (spork_future_t *)&pool;
    replies_t item;
    unsigned char *large = calloc(64, MIB);

    (void)state;
    assert_non_null(large);
    if (start_method() != SPORK_START_INLINE) {
        assert_failed(spork_submit(&future, pool, echo, large, 64 * MIB), SPORK_ETOOBIG);
        assert_null(future);
        memset(&item, 0, sizeof item);
        item.sizes[0] = 64 * MIB;
        item.count = 1;
        assert_int_equal(await(submit(pool, reply_again, &item, sizeof item), SPORK_ETOOBIG)->out_size, 0);
    }
    assert_int_equal(await(submit(pool, echo, large, 1000), APR_SUCCESS)->out_size, 1000);
    free(large);
    end_pool(pool);
}

/* ---- numbers, batons, failures -------------------------------------------------------------- */

static void submitted_items_are_numbered_in_the_pool(void **state)
{
    spork_pool_t *pool = start_pool(5);
    spork_future_t *futures[100];

    (void)state;
    for (int i = 0; i < 100; i++) futures[i] = submit(pool, tell_index, NULL, 0);
    for (int i = 0; i < 100; i++) {
        const spork_outcome_t *outcome = await(futures[i], APR_SUCCESS);
        assert_int_equal(outcome->index, i);
        assert_int_equal(outcome->out_size, sizeof outcome->index);
        assert_memory_equal(outcome->out, &outcome->index, sizeof outcome->index);
    }
    end_pool(pool);
}

static void batons_are_kept(void **state)
{
    spork_pool_t *pool = start_pool(1);
    spork_future_t *future = submit(pool, say_nothing, NULL, 0);
    int mine;

    (void)state;
    assert_null(spork_future_baton(future));
    spork_future_set_baton(future, &mine);
    assert_ptr_equal(spork_future_baton(future), &mine);
    (void)await(future, APR_SUCCESS);
    assert_ptr_equal(spork_future_baton(future), &mine);
    spork_future_set_baton(future, NULL);
    assert_null(spork_future_baton(future));
    spork_future_set_baton(NULL, &mine);
    assert_null(spork_future_baton(NULL));
    spork_future_destroy(future);
    end_pool(pool);
}

static void a_failed_item_has_its_own_status(void **state)
{
    spork_pool_t *pool = start_pool(2);
    replies_t item;
    const spork_outcome_t *outcome;

    (void)state;
    memset(&item, 0, sizeof item);
    item.end_with = APR_OS_START_USERERR + 5;
    outcome = await(submit(pool, reply_again, &item, sizeof item), APR_OS_START_USERERR + 5);
    assert_int_equal(outcome->signal, 0);
    assert_int_equal(outcome->exit_code, 0);
    assert_int_equal(outcome->attempts, 1);
    end_pool(pool);
}

/* ---- wait_any ------------------------------------------------------------------------------- */

static void each_future_is_handed_out_once(void **state)
{
    enum { COUNT = 500 };
    int seen[COUNT];

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        spork_future_t *future = NULL;
        memset(seen, 0, sizeof seen);
        for (int i = 0; i < COUNT; i++) spork_future_set_baton(submit(pool, echo, &i, sizeof i), &seen[i]);
        for (int i = 0; i < COUNT; i++) {
            assert_success(spork_wait_any(pool, -1, &future));
            assert_non_null(future);
            assert_success(spork_future_outcome(future)->status);
            ++*(int *)spork_future_baton(future);
            if (i % 2) spork_future_destroy(future);
        }
        assert_status(spork_wait_any(pool, -1, &future), APR_EOF);
        assert_null(future);
        for (int i = 0; i < COUNT; i++) assert_int_equal(seen[i], 1);
        end_pool(pool);
    }
}

static void what_was_waited_for_or_destroyed_is_not_handed_out(void **state)
{
    enum { COUNT = 12 };
    spork_pool_t *pool = start_pool(2);
    spork_future_t *futures[COUNT], *any;
    int handed[COUNT] = { 0 };

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        futures[i] = submit(pool, echo, &i, sizeof i);
        spork_future_set_baton(futures[i], &handed[i]);
    }
    for (int i = 0; i < COUNT; i += 3) {
        (void)await(futures[i], APR_SUCCESS);
        spork_future_destroy(futures[i + 1]);
    }
    while (spork_wait_any(pool, -1, &any) == APR_SUCCESS) ++*(int *)spork_future_baton(any);
    for (int i = 0; i < COUNT; i++) assert_int_equal(handed[i], i % 3 == 2);
    end_pool(pool);
}

static void an_empty_pool_has_nothing_to_hand_out(void **state)
{
    spork_pool_t *pool = start_pool(2);
    spork_future_t *any = (spork_future_t *)&pool;

    (void)state;
    assert_status(spork_wait_any(pool, -1, &any), APR_EOF);
    assert_null(any);
    assert_status(spork_wait_any(pool, 0, &any), APR_EOF);
    end_pool(pool);
}

static void futures_come_in_completion_order_and_cancelled_ones_too(void **state)
{
    spork_pool_t *pool;
    spork_future_t *blocked, *cancelled, *quick, *any;
    gated_t item;
    gate_t *gate;

    (void)state;
    needs_workers();
    pool = start_pool(2);
    gate = spork_alloc(pool, sizeof *gate);
    item.gate = spork_ref(pool, gate);
    blocked = submit(pool, wait_at_gate, &item, sizeof item);
    gate_await(blocked, gate, 1);
    quick = submit(pool, say_nothing, NULL, 0);
    assert_success(spork_wait_any(pool, -1, &any));
    assert_ptr_equal(any, quick);
    cancelled = submit(pool, wait_at_gate, &item, sizeof item);
    assert_success(spork_future_cancel(cancelled));
    assert_success(spork_wait_any(pool, -1, &any));
    assert_ptr_equal(any, cancelled);
    assert_status(spork_future_outcome(cancelled)->status, SPORK_ECANCELLED);
    atomic_store(&gate->open, 1u);
    assert_success(spork_wait_any(pool, -1, &any));
    assert_ptr_equal(any, blocked);
    assert_status(spork_wait_any(pool, -1, &any), APR_EOF);
    end_pool(pool);
}

/* ---- destroying, mixing --------------------------------------------------------------------- */

static void destroying_a_running_future_ends_its_item_only(void **state)
{
    (void)state;
    needs_workers();
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        gated_t item;
        gate_t *gate = spork_alloc(pool, sizeof *gate);
        spork_future_t *running, *queued, *next;

        item.gate = spork_ref(pool, gate);
        running = submit(pool, wait_at_gate, &item, sizeof item);
        gate_await(running, gate, 1);
        queued = submit(pool, wait_at_gate, &item, sizeof item);
        next = submit(pool, say_nothing, NULL, 0);
        spork_future_destroy(queued);
        spork_future_destroy(running);
        (void)await(next, APR_SUCCESS);
        assert_full_size(pool, say_nothing);
        end_pool(pool);
    }
}

static void a_pool_may_go_with_its_futures(void **state)
{
    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (int i = 0; i < 200; i++) (void)submit(pool, echo, &i, sizeof i);
        spork_pool_destroy(pool);
        assert_no_children();
    }
}

static void maps_and_futures_share_a_pool(void **state)
{
    apr_size_t indices[500];

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        spork_future_t *futures[50];
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < 50; i++) futures[i] = submit(pool, echo, &i, sizeof i);
            assert_success(spork_map(pool, tell_index, NULL, 0, indices, sizeof indices[0], 500, NULL));
            for (apr_size_t i = 0; i < 500; i++) assert_int_equal(indices[i], i);
            for (int i = 0; i < 50; i++) {
                assert_memory_equal(await(futures[i], APR_SUCCESS)->out, &i, sizeof i);
                spork_future_destroy(futures[i]);
            }
        }
        end_pool(pool);
    }
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(ten_thousand_items_of_mixed_size),
        TEST(replies_of_all_sizes),
        TEST(sixty_four_mebibytes_both_ways_at_once),
        TEST(small_replies_come_with_their_words),
        TEST(no_reply_is_an_empty_one),
        TEST(the_last_reply_counts),
        TEST(misused_replies_are_refused),
        TEST(misused_submits_are_refused),
        TEST(a_small_arena_passes_more_than_it_holds),
        TEST(what_can_never_fit_is_refused),
        TEST(submitted_items_are_numbered_in_the_pool),
        TEST(batons_are_kept),
        TEST(a_failed_item_has_its_own_status),
        TEST(each_future_is_handed_out_once),
        TEST(what_was_waited_for_or_destroyed_is_not_handed_out),
        TEST(an_empty_pool_has_nothing_to_hand_out),
        TEST(futures_come_in_completion_order_and_cancelled_ones_too),
        TEST(destroying_a_running_future_ends_its_item_only),
        TEST(a_pool_may_go_with_its_futures),
        TEST(maps_and_futures_share_a_pool),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("submit", tests);
}
