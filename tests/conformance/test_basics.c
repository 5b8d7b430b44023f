/*
 * Conformance: maps, outcomes, what a task sees of itself (behaviours 1 to 5, 7 and 8).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define MANY 10000
#define OWN_STATUS (APR_OS_START_USERERR + 77)

/* ---- tasks ---------------------------------------------------------------------------------- */

typedef struct {
    apr_uint32_t size; /* bytes of data that count, and that come back */
    unsigned char data[252];
} mixed_t;

/* Replies with as many bytes as came in, each turned over. */
static apr_status_t turn_over(spork_task_t *task, const void *in, void *out)
{
    const mixed_t *item = in;
    unsigned char reply[sizeof item->data];

    (void)out;
    if (spork_task_in_size(task) != sizeof *item) return APR_EINVAL;
    for (apr_uint32_t i = 0; i < item->size; i++) reply[i] = (unsigned char)~item->data[i];
    return spork_reply(task, reply, item->size);
}

typedef struct {
    spork_ref_t counters;
    apr_uint64_t index;
} counted_t;

static apr_status_t count_run(spork_task_t *task, const void *in, void *out)
{
    const counted_t *item = in;
    _Atomic apr_uint32_t *counters = spork_deref(task, item->counters, MANY * sizeof *counters);

    if (counters == NULL || item->index != spork_task_index(task)) return APR_EINVAL;
    (void)atomic_fetch_add(&counters[item->index], 1u);
    *(apr_uint64_t *)out = item->index * 3 + 1;
    return APR_SUCCESS;
}

typedef struct {
    apr_status_t status;
    char words[400];
} failing_t;

static apr_status_t fail_as_told(spork_task_t *task, const void *in, void *out)
{
    const failing_t *item = in;
    if (item->status != APR_SUCCESS && item->words[0] != '\0')
        spork_fail(task, "item %d: %s", (int)spork_task_index(task), item->words);
    *(int *)out = 1;
    return item->status;
}

/* Answers nothing and needs nothing. */
static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    return spork_task_in_size(task) == 0 ? APR_SUCCESS : APR_EINVAL;
}

typedef struct {
    apr_int64_t pid;
    apr_size_t index;
    int worker;
    int cleaned; /* the task pool's clean-ups that have run here, and the items that have begun */
    int begun;
    int has_pool;
} self_t;

static int cleaned, begun;

static apr_status_t note_cleanup(void *unused)
{
    (void)unused;
    cleaned++;
    return APR_SUCCESS;
}

static apr_status_t describe_self(spork_task_t *task, const void *in, void *out)
{
    self_t *self = out;
    apr_pool_t *mem = spork_task_pool(task);

    (void)in;
    self->pid = host_pid();
    self->index = spork_task_index(task);
    self->worker = spork_worker_id(task);
    self->cleaned = cleaned;
    self->begun = begun++;
    self->has_pool = mem != NULL && apr_palloc(mem, 1000) != NULL;
    if (mem != NULL) apr_pool_cleanup_register(mem, NULL, note_cleanup, apr_pool_cleanup_null);
    return APR_SUCCESS;
}

/* The size stands in the input's first bytes when there is room for it. */
static apr_status_t copy_item(spork_task_t *task, const void *in, void *out)
{
    memcpy(out, in, spork_task_in_size(task));
    return APR_SUCCESS;
}

static apr_status_t fail_first_slow_rest(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    if (spork_task_index(task) == 0) return OWN_STATUS;
    apr_sleep(5 * MILLISECOND);
    return APR_SUCCESS;
}

/* In the order of the fields of a reply: what came back from spork_reply() for too much. */
static apr_status_t reply_too_much(spork_task_t *task, const void *in, void *out)
{
    char reply[64];
    (void)out;
    memset(reply, 'x', sizeof reply);
    return spork_reply(task, reply, *(const apr_size_t *)in);
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(turn_over),
                                       SPORK_ENTRY(count_run),
                                       SPORK_ENTRY(fail_as_told),
                                       SPORK_ENTRY(nothing),
                                       SPORK_ENTRY(describe_self),
                                       SPORK_ENTRY(copy_item),
                                       SPORK_ENTRY(fail_first_slow_rest),
                                       SPORK_ENTRY(reply_too_much),
                                       SPORK_END };

static apr_status_t unregistered(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

/* ---- 1, 8: every item once, in input order -------------------------------------------------- */

static mixed_t *make_mixed(apr_size_t count)
{
    mixed_t *items = apr_pcalloc(test_memory(), count * sizeof *items);
    for (apr_size_t i = 0; i < count; i++) {
        items[i].size = (apr_uint32_t)(i * 7919 % (sizeof items->data + 1));
        for (apr_uint32_t b = 0; b < items[i].size; b++) items[i].data[b] = (unsigned char)(i + b);
    }
    return items;
}

static void mixed_sizes_come_back_in_order(void **state)
{
    static unsigned char out[MANY][sizeof((mixed_t *)0)->data];
    mixed_t *items = make_mixed(MANY);

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        memset(out, 0, sizeof out);
        assert_success(spork_map(pool, turn_over, items, sizeof *items, out, sizeof out[0], MANY, NULL));
        for (apr_size_t i = 0; i < MANY; i++)
            for (apr_uint32_t b = 0; b < items[i].size; b++)
                if (out[i][b] != (unsigned char)~items[i].data[b])
                    fail_msg("%d workers: item %d, byte %d", workers, (int)i, (int)b);
        end_pool(pool);
    }
}

static void map_and_count(spork_pool_t *pool, apr_size_t count, apr_size_t chunk)
{
    static counted_t items[MANY];
    static apr_uint64_t out[MANY];
    spork_map_t options = { 0 };
    _Atomic apr_uint32_t *counters = spork_alloc(pool, MANY * sizeof *counters);
    spork_ref_t ref = spork_ref(pool, counters);

    assert_non_null(counters);
    for (apr_size_t i = 0; i < count; i++) {
        items[i].counters = ref;
        items[i].index = i;
    }
    options.chunk = chunk;
    options.n_failures = 99;
    assert_success(spork_map(pool, count_run, items, sizeof items[0], out, sizeof out[0], count, &options));
    assert_int_equal(options.n_failures, 0);
    for (apr_size_t i = 0; i < MANY; i++)
        if (atomic_load(&counters[i]) != (i < count) || (i < count && out[i] != i * 3 + 1))
            fail_msg("chunk %d: item %d ran %d times", (int)chunk, (int)i, (int)atomic_load(&counters[i]));
    spork_free(pool, counters);
}

static void each_item_runs_once_whatever_the_chunk(void **state)
{
    static const apr_size_t chunks[] = { 0, 1, 2, 7, 64, MANY - 1, MANY, 20000, (apr_size_t)-1 };

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (size_t i = 0; i < LENGTH(chunks); i++) map_and_count(pool, MANY, chunks[i]);
        end_pool(pool);
    }
}

static void small_maps_in_a_row(void **state)
{
    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (apr_size_t count = 0; count < 200; count++) map_and_count(pool, count % 20, count % 3);
        end_pool(pool);
    }
}

/* ---- 2: nothing to do ----------------------------------------------------------------------- */

static void count_zero_is_done_at_once(void **state)
{
    spork_pool_t *pool = start_pool(2);
    spork_map_t options = { 0 };
    int in = 1, out = 2;

    (void)state;
    options.failures = (const spork_outcome_t *)&in;
    options.n_failures = 5;
    assert_success(spork_map(pool, copy_item, NULL, 4, NULL, 4, 0, &options));
    assert_int_equal(options.n_failures, 0);
    assert_success(spork_map(pool, copy_item, &in, sizeof in, &out, sizeof out, 0, NULL));
    assert_int_equal(out, 2);
    end_pool(pool);
}

static void empty_sizes_are_legal(void **state)
{
    spork_pool_t *pool = start_pool(2);
    self_t out[50];
    char in[50] = { 0 };

    (void)state;
    assert_success(spork_map(pool, nothing, NULL, 0, NULL, 0, 1000, NULL));
    assert_success(spork_map(pool, nothing, in, 0, out, 0, 50, NULL));
    assert_success(spork_map(pool, describe_self, NULL, 0, out, sizeof out[0], 50, NULL));
    for (apr_size_t i = 0; i < 50; i++) assert_int_equal(out[i].index, i);
    end_pool(pool);
}

/* ---- 3, 5: a task's own failure ------------------------------------------------------------- */

static void own_errors_and_words_arrive_unchanged(void **state)
{
    static const apr_status_t statuses[] = { OWN_STATUS, APR_ENOENT, 1,         -1,
                                             APR_EOF,    APR_TIMEUP, INT32_MAX, INT32_MIN };
    static failing_t items[LENGTH(statuses)];
    int out[LENGTH(statuses)];

    (void)state;
    for (size_t i = 0; i < LENGTH(statuses); i++) {
        items[i].status = statuses[i];
        strcpy(items[i].words, "no \xc3\xa4pples, 100% gone");
    }
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        spork_map_t options = { 0 };
        assert_failed(spork_map(pool, fail_as_told, items, sizeof items[0], out, sizeof out[0],
                                LENGTH(statuses), &options),
                      SPORK_EFAILED);
        assert_int_equal(options.n_failures, LENGTH(statuses));
        for (size_t i = 0; i < LENGTH(statuses); i++) {
            const spork_outcome_t *outcome = &options.failures[i];
            assert_int_equal(outcome->index, i);
            assert_status(outcome->status, statuses[i]);
            assert_string_equal(outcome->message,
                                apr_psprintf(test_memory(), "item %d: %s", (int)i, items[i].words));
            assert_int_equal(outcome->signal, 0);
            assert_int_equal(outcome->exit_code, 0);
            assert_int_equal(outcome->attempts, 1);
            assert_null(outcome->out);
        }
        end_pool(pool);
    }
}

static void a_failure_leaves_its_worker_serving(void **state)
{
    spork_pool_t *pool = start_pool(2);
    apr_int64_t pids[2] = { 0, 0 }, later[2] = { 0, 0 };
    failing_t item = { OWN_STATUS, "again" };
    int out;

    (void)state;
    (void)spork_pool_pids(pool, pids, 2);
    for (int i = 0; i < 50; i++)
        assert_status(spork_map(pool, fail_as_told, &item, sizeof item, &out, sizeof out, 1, NULL),
                      SPORK_EFAILED);
    item.status = APR_SUCCESS;
    assert_success(spork_map(pool, fail_as_told, &item, sizeof item, &out, sizeof out, 1, NULL));
    (void)spork_pool_pids(pool, later, 2);
    assert_memory_equal(pids, later, sizeof pids);
    end_pool(pool);
}

static void a_failing_item_fails_alone_in_its_chunk(void **state)
{
    static failing_t items[64];
    int out[64];

    (void)state;
    memset(items, 0, sizeof items);
    items[21].status = OWN_STATUS;
    for_each_workers(workers) for (apr_size_t chunk = 1; chunk <= 64; chunk *= 4)
    {
        spork_pool_t *pool = start_pool(workers);
        spork_map_t options = { 0 };
        options.chunk = chunk;
        memset(out, 0, sizeof out);
        assert_status(spork_map(pool, fail_as_told, items, sizeof items[0], out, sizeof out[0], 64, &options),
                      SPORK_EFAILED);
        assert_int_equal(options.n_failures, 1);
        assert_int_equal(options.failures[0].index, 21);
        assert_string_equal(options.failures[0].message, "");
        for (int i = 0; i < 64; i++) assert_true(i == 21 || out[i] == 1);
        end_pool(pool);
    }
}

static void long_words_are_cut_to_fit(void **state)
{
    spork_pool_t *pool = start_pool(1);
    spork_map_t options = { 0 };
    failing_t item = { OWN_STATUS, "" };
    int out;

    (void)state;
    memset(item.words, 'w', sizeof item.words - 1);
    assert_status(spork_map(pool, fail_as_told, &item, sizeof item, &out, sizeof out, 1, &options),
                  SPORK_EFAILED);
    assert_int_equal(strlen(options.failures[0].message), SPORK_MESSAGE_MAX - 1);
    assert_memory_equal(options.failures[0].message, "item 0: www", 11);
    end_pool(pool);
}

static void a_task_cannot_claim_the_pools_own_codes(void **state)
{
    static const apr_status_t reserved[] = { SPORK_ECRASHED, SPORK_EDEADLINE, SPORK_ECANCELLED };
    spork_pool_t *pool = start_pool(1);
    failing_t item = { 0, "cheat" };
    int out;

    (void)state;
    for (size_t i = 0; i < LENGTH(reserved); i++) {
        spork_map_t options = { 0 };
        item.status = reserved[i];
        assert_status(spork_map(pool, fail_as_told, &item, sizeof item, &out, sizeof out, 1, &options),
                      SPORK_EFAILED);
        assert_int_equal(options.n_failures, 1);
        assert_status(options.failures[0].status, SPORK_EFAILED);
    }
    end_pool(pool);
}

static void stop_on_error_cancels_what_has_not_begun(void **state)
{
    enum { COUNT = 1000 };

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        spork_map_t options = { 0 };
        options.chunk = 1;
        options.stop_on_error = 1;
        assert_status(spork_map(pool, fail_first_slow_rest, NULL, 0, NULL, 0, COUNT, &options),
                      SPORK_EFAILED);
        assert_true(options.n_failures >= 2 && options.n_failures <= COUNT);
        assert_int_equal(options.failures[0].index, 0);
        assert_status(options.failures[0].status, OWN_STATUS);
        for (apr_size_t i = 1; i < options.n_failures; i++) {
            assert_status(options.failures[i].status, SPORK_ECANCELLED);
            assert_int_equal(options.failures[i].attempts, 0);
            assert_true(options.failures[i].index > options.failures[i - 1].index);
        }
        if (start_method() == SPORK_START_INLINE) assert_int_equal(options.n_failures, COUNT);
        assert_success(spork_map(pool, nothing, NULL, 0, NULL, 0, 100, NULL));
        end_pool(pool);
    }
}

/* ---- 4: misuse of map costs nothing --------------------------------------------------------- */

static void misuse_is_an_error_and_the_pool_goes_on(void **state)
{
    spork_pool_t *pool = start_pool(2);
    apr_size_t half = ((apr_size_t)-1) / 2 + 1;
    apr_status_t status;
    int in[2] = { 1, 2 }, out[2] = { 0, 0 };

    (void)state;
    assert_failed(spork_map(NULL, copy_item, in, 4, out, 4, 2, NULL), APR_EINVAL);
    assert_failed(spork_map(pool, copy_item, NULL, 4, out, 4, 2, NULL), APR_EINVAL);
    assert_failed(spork_map(pool, copy_item, in, 4, NULL, 4, 2, NULL), APR_EINVAL);
    assert_failed(spork_map(pool, copy_item, in, half, out, 4, 2, NULL), APR_EINVAL);
    assert_failed(spork_map(pool, copy_item, in, 4, out, half, 2, NULL), APR_EINVAL);
    assert_failed(spork_map(pool, copy_item, in, 4, out, 4, half, NULL), APR_EINVAL);
    assert_failed(spork_map(pool, unregistered, in, 4, out, 4, 2, NULL), SPORK_ENOTTASK);
    status = spork_map(pool, NULL, in, 4, out, 4, 2, NULL);
    assert_true(status == APR_EINVAL || status == SPORK_ENOTTASK);
    assert_int_equal(out[0], 0);
    assert_success(spork_map(pool, copy_item, in, sizeof in[0], out, sizeof out[0], 2, NULL));
    assert_memory_equal(in, out, sizeof in);
    end_pool(pool);
}

/* ---- 7: sizes ------------------------------------------------------------------------------- */

static void fill(unsigned char *bytes, apr_size_t size, unsigned seed)
{
    for (apr_size_t i = 0; i < size; i++) bytes[i] = (unsigned char)((i * 131 + seed) >> 3);
}

static void map_of_size(spork_pool_t *pool, apr_size_t size, apr_size_t count)
{
    unsigned char *in = malloc(size * count + 1), *out = calloc(size * count + 1, 1);

    assert_non_null(in);
    assert_non_null(out);
    fill(in, size * count, (unsigned)size);
    assert_success(spork_map(pool, copy_item, in, size, out, size, count, NULL));
    assert_memory_equal(in, out, size * count);
    assert_int_equal(out[size * count], 0);
    free(in);
    free(out);
}

static void payloads_of_all_sizes_come_through_whole(void **state)
{
    static const apr_size_t sizes[] = { 1, 3, 63, 64, 65, 4095, 4096, 4097, 65535, 65536, 65537, 1000003 };

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (size_t i = 0; i < LENGTH(sizes); i++) {
            map_of_size(pool, sizes[i], 1);
            map_of_size(pool, sizes[i], 20);
        }
        end_pool(pool);
    }
}

static void sixty_four_mebibytes_both_ways(void **state)
{
    spork_pool_t *pool = start_pool(2);
    (void)state;
    map_of_size(pool, 64 * MIB, 3);
    end_pool(pool);
}

static void more_than_the_arena_goes_through_in_windows(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;

    (void)state;
    make_config(&config, 2);
    config.arena_size = 4 * MIB;
    pool = make_pool(&config);
    map_of_size(pool, 1000, 40000);
    map_of_size(pool, 256 * 1024, 150);
    end_pool(pool);
}

static void a_reply_too_large_for_its_slot_is_refused(void **state)
{
    spork_pool_t *pool = start_pool(2);
    spork_map_t options = { 0 };
    apr_size_t in[] = { 0, 8, 9, 64 };
    char out[4][8];

    (void)state;
    assert_status(spork_map(pool, reply_too_much, in, sizeof in[0], out, sizeof out[0], 4, &options),
                  SPORK_EFAILED);
    assert_int_equal(options.n_failures, 2);
    assert_int_equal(options.failures[0].index, 2);
    assert_status(options.failures[0].status, SPORK_ETOOBIG);
    assert_int_equal(options.failures[1].index, 3);
    assert_status(options.failures[1].status, SPORK_ETOOBIG);
    assert_memory_equal(out[1], "xxxxxxxx", 8);
    end_pool(pool);
}

/* ---- what a task sees of itself ------------------------------------------------------------- */

static int is_one_of(apr_int64_t pid, const apr_int64_t *pids, int n)
{
    for (int i = 0; i < n; i++)
        if (pids[i] == pid) return 1;
    return 0;
}

static void a_task_knows_itself(void **state)
{
    static self_t out[500];

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        apr_int64_t pids[16] = { 0 };
        int n = spork_pool_pids(pool, pids, 16);
        cleaned = begun = 0;
        assert_success(spork_map(pool, describe_self, NULL, 0, out, sizeof out[0], 500, NULL));
        for (apr_size_t i = 0; i < 500; i++) {
            assert_int_equal(out[i].index, i);
            assert_true(out[i].worker >= 0 && out[i].worker < workers);
            assert_true(out[i].has_pool);
            assert_int_equal(out[i].cleaned, out[i].begun);
            if (n > 0)
                assert_true(is_one_of(out[i].pid, pids, n) && pids[out[i].worker] == out[i].pid);
            else
                assert_true(out[i].pid == host_pid());
        }
        end_pool(pool);
    }
}

static void a_pool_describes_itself(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    apr_int64_t pids[13] = { 0 };

    (void)state;
    assert_true(spork_cpu_count() >= 1);
    for_each_workers(workers)
    {
        int expected = start_method() == SPORK_START_INLINE ? 0 : workers;
        pool = start_pool(workers);
        assert_int_equal(spork_pool_workers(pool), expected);
        assert_int_equal(spork_pool_start(pool), start_method());
        assert_int_equal(spork_pool_pids(pool, pids, 13), expected);
        assert_int_equal(spork_pool_pids(pool, pids, 0), 0);
        for (int i = 0; i < expected; i++)
            assert_true(pids[i] > 0 && pids[i] != host_pid() && !is_one_of(pids[i], pids, i));
        end_pool(pool);
    }
    make_config(&config, 0);
    pool = make_pool(&config);
    assert_int_equal(spork_pool_workers(pool), start_method() == SPORK_START_INLINE ? 0 : spork_cpu_count());
    end_pool(pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(mixed_sizes_come_back_in_order),
        TEST(each_item_runs_once_whatever_the_chunk),
        TEST(small_maps_in_a_row),
        TEST(count_zero_is_done_at_once),
        TEST(empty_sizes_are_legal),
        TEST(own_errors_and_words_arrive_unchanged),
        TEST(a_failure_leaves_its_worker_serving),
        TEST(a_failing_item_fails_alone_in_its_chunk),
        TEST(long_words_are_cut_to_fit),
        TEST(a_task_cannot_claim_the_pools_own_codes),
        TEST(stop_on_error_cancels_what_has_not_begun),
        TEST(misuse_is_an_error_and_the_pool_goes_on),
        TEST(payloads_of_all_sizes_come_through_whole),
        TEST(sixty_four_mebibytes_both_ways),
        TEST(more_than_the_arena_goes_through_in_windows),
        TEST(a_reply_too_large_for_its_slot_is_refused),
        TEST(a_task_knows_itself),
        TEST(a_pool_describes_itself),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("basics", tests);
}
