/*
 * Conformance: memory shared with the workers: no copies, and references that cannot be overstretched.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define ITEMS 2000

/* ---- tasks ---------------------------------------------------------------------------------- */

typedef struct {
    spork_ref_t self; /* where the item itself lies */
    spork_ref_t slot; /* and where its result goes; all zero: not known to be in shared memory */
    apr_uint64_t value;
} placed_t;

enum { IN_PLACE = 1, OUT_PLACE = 2, UNKNOWN_SLOT = 4 };

typedef struct {
    apr_uint64_t value;
    apr_uint64_t where; /* which of in and out are the shared memory itself, not copies */
} found_t;

static apr_status_t find_place(spork_task_t *task, const void *in, void *out)
{
    const placed_t *item = in;
    found_t *found = out;
    const void *slot = spork_deref(task, item->slot, sizeof *found);

    found->where = 0;
    found->where |= spork_deref(task, item->self, sizeof *item) == in ? IN_PLACE : 0;
    found->where |= slot == NULL ? UNKNOWN_SLOT : 0;
    found->where |= slot == out ? OUT_PLACE : 0;
    found->value = item->value * 2;
    return APR_SUCCESS;
}

typedef struct {
    spork_ref_t ref;
    apr_size_t size;
    apr_uint32_t write; /* and the bytes, if so */
    int byte;
} reach_t;

/* 1 if the place could be had, 2 if it read as all the byte. */
static apr_status_t reach(spork_task_t *task, const void *in, void *out)
{
    const reach_t *item = in;
    unsigned char *place = spork_deref(task, item->ref, item->size);
    int *found = out;

    *found = 0;
    if (place == NULL) return APR_SUCCESS;
    if (item->write) memset(place, item->byte, item->size);
    *found = 2;
    for (apr_size_t i = 0; i < item->size; i++)
        if (place[i] != (unsigned char)item->byte) *found = 1;
    return APR_SUCCESS;
}

static apr_status_t copy_over(spork_task_t *task, const void *in, void *out)
{
    memcpy(out, in, spork_task_in_size(task));
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(copy_over), SPORK_ENTRY(find_place), SPORK_ENTRY(reach),
                                       SPORK_END };

static int reached(spork_pool_t *pool, spork_ref_t ref, apr_size_t size, int write, int byte)
{
    reach_t item;
    int found = -1;

    memset(&item, 0, sizeof item);
    item.ref = ref;
    item.size = size;
    item.write = write != 0;
    item.byte = byte;
    assert_success(spork_map(pool, reach, &item, sizeof item, &found, sizeof found, 1, NULL));
    return found;
}

static int is_null_ref(spork_ref_t ref)
{
    return ref.opaque[0] == 0 && ref.opaque[1] == 0;
}

/* ---- maps over shared memory ---------------------------------------------------------------- */

/* The four ways of where in and out may lie. */
static void map_placed(spork_pool_t *pool, int in_shared, int out_shared)
{
    static placed_t own_in[ITEMS];
    static found_t own_out[ITEMS];
    placed_t *in = in_shared ? spork_alloc(pool, sizeof own_in) : own_in;
    found_t *out = out_shared ? spork_alloc(pool, sizeof own_out) : own_out;
    apr_uint64_t where = (in_shared ? IN_PLACE : 0u) | (out_shared ? OUT_PLACE : UNKNOWN_SLOT);

    assert_non_null(in);
    assert_non_null(out);
    for (apr_size_t i = 0; i < ITEMS; i++) {
        in[i].self = spork_ref(pool, &in[i]);
        in[i].slot = spork_ref(pool, &out[i]);
        in[i].value = i;
    }
    assert_success(spork_map(pool, find_place, in, sizeof *in, out, sizeof *out, ITEMS, NULL));
    for (apr_size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(out[i].value, i * 2);
        assert_int_equal(out[i].where, where);
    }
    if (in_shared) spork_free(pool, in);
    if (out_shared) spork_free(pool, out);
}

static void maps_over_shared_memory_copy_nothing(void **state)
{
    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (int which = 0; which < 4; which++) map_placed(pool, which & 1, which & 2);
        end_pool(pool);
    }
}

/* Both in and out inside one allocation, not at its beginning. */
static void a_map_may_lie_in_the_middle_of_an_allocation(void **state)
{
    spork_pool_t *pool = start_pool(2);
    unsigned char *block = spork_alloc(pool, 2 * MIB);
    placed_t *in = (placed_t *)(void *)(block + 4096);
    found_t *out = (found_t *)(void *)(block + MIB);

    (void)state;
    assert_non_null(block);
    for (apr_size_t i = 0; i < ITEMS; i++) {
        in[i].self = spork_ref(pool, &in[i]);
        in[i].slot = spork_ref(pool, &out[i]);
        in[i].value = i;
    }
    assert_success(spork_map(pool, find_place, in, sizeof *in, out, sizeof *out, ITEMS, NULL));
    for (apr_size_t i = 0; i < ITEMS; i++)
        assert_true(out[i].value == i * 2 && out[i].where == (IN_PLACE | OUT_PLACE));
    end_pool(pool);
}

/* ---- spork_alloc ---------------------------------------------------------------------------- */

static void check_fresh(const unsigned char *memory, apr_size_t size)
{
    assert_non_null(memory);
    assert_int_equal((uintptr_t)memory % 64, 0);
    for (apr_size_t i = 0; i < size; i++)
        if (memory[i] != 0) fail_msg("byte %d of %d is not zero", (int)i, (int)size);
}

static void memory_is_zeroed_and_aligned_also_when_used_again(void **state)
{
    static const apr_size_t sizes[] = { 1, 63, 64, 65, 4096, 5000, 100000, 3 * MIB };
    spork_pool_t *pool = start_pool(2);

    (void)state;
    for (int round = 0; round < 5; round++) {
        unsigned char *memory[LENGTH(sizes)];
        for (size_t i = 0; i < LENGTH(sizes); i++) {
            memory[i] = spork_alloc(pool, sizes[i]);
            check_fresh(memory[i], sizes[i]);
            memset(memory[i], 0x5a, sizes[i]);
        }
        for (size_t i = 0; i < LENGTH(sizes); i++) assert_int_equal(memory[i][sizes[i] - 1], 0x5a);
        for (size_t i = 0; i < LENGTH(sizes); i++) spork_free(pool, memory[(i * 3 + 1) % LENGTH(sizes)]);
    }
    end_pool(pool);
}

static void what_is_freed_can_be_had_again(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;

    (void)state;
    make_config(&config, 1);
    config.arena_size = 16 * MIB;
    pool = make_pool(&config);
    for (int i = 0; i < 500; i++) {
        unsigned char *a = spork_alloc(pool, 5 * MIB), *b = spork_alloc(pool, 3 * MIB);
        assert_non_null(a);
        assert_non_null(b);
        spork_free(pool, i % 2 ? a : b);
        spork_free(pool, i % 2 ? b : a);
    }
    end_pool(pool);
}

static void map_copies(spork_pool_t *pool, unsigned char seed)
{
    enum { COPIES = 6 };
    const apr_size_t size = 4 * MIB;
    unsigned char *in = malloc(COPIES * size), *out = calloc(COPIES, size);

    assert_non_null(in);
    assert_non_null(out);
    for (apr_size_t i = 0; i < COPIES * size; i++) in[i] = (unsigned char)(i * 7 >> 3 ^ seed);
    assert_success(spork_map(pool, copy_over, in, size, out, size, COPIES, NULL));
    assert_memory_equal(in, out, COPIES * size);
    free(in);
    free(out);
}

/* What a map keeps for the next one, it keeps from nobody. */
static void memory_of_a_map_makes_room_for_others(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    unsigned char *memory;

    (void)state;
    make_config(&config, 2);
    config.arena_size = 48 * MIB;
    pool = make_pool(&config);
    for (unsigned char seed = 0; seed < 3; seed++) {
        map_copies(pool, seed);
        map_copies(pool, seed + 100);
        memory = spork_alloc(pool, 40 * MIB);
        assert_non_null(memory);
        check_fresh(memory, 40 * MIB);
        memset(memory, 0x5a, 40 * MIB);
        spork_free(pool, memory);
    }
    end_pool(pool);
}

static void odd_allocations_are_null_or_ignored(void **state)
{
    spork_config_t config;
    spork_pool_t *pool;
    unsigned char *memory;
    int own = 0;

    (void)state;
    make_config(&config, 1);
    config.arena_size = 8 * MIB;
    pool = make_pool(&config);
    assert_null(spork_alloc(pool, 0));
    assert_null(spork_alloc(pool, 1024 * MIB));
    assert_null(spork_alloc(pool, (apr_size_t)-1));
    assert_null(spork_alloc(pool, (apr_size_t)-64));
    assert_null(spork_alloc(NULL, 10));
    memory = spork_alloc(pool, 1000);
    assert_non_null(memory);
    memory[999] = 7;
    spork_free(pool, NULL);
    spork_free(pool, &own);
    spork_free(pool, memory + 64);
    spork_free(pool, (void *)(uintptr_t)1);
    spork_free(NULL, memory);
    assert_int_equal(memory[999], 7);
    assert_int_equal(reached(pool, spork_ref(pool, memory + 999), 1, 0, 7), 2);
    spork_free(pool, memory);
    spork_free(pool, memory);
    end_pool(pool);
}

/* ---- references ----------------------------------------------------------------------------- */

static void references_reach_all_of_an_allocation_and_no_more(void **state)
{
    static const apr_size_t sizes[] = { 1, 64, 100, 4096, 100000 };

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        for (size_t i = 0; i < LENGTH(sizes); i++) {
            apr_size_t size = sizes[i], middle = size / 2;
            unsigned char *memory = spork_alloc(pool, size);
            spork_ref_t all = spork_ref(pool, memory), half = spork_ref(pool, memory + middle);

            assert_int_equal(reached(pool, all, size, 1, 0x11), 2);
            assert_int_equal(memory[0], 0x11);
            assert_int_equal(memory[size - 1], 0x11);
            assert_int_equal(reached(pool, half, size - middle, 0, 0x11), 2);
            assert_int_equal(reached(pool, all, size + 1, 0, 0), 0);
            assert_int_equal(reached(pool, half, size - middle + 1, 0, 0), 0);
            assert_int_equal(reached(pool, half, (apr_size_t)-1, 0, 0), 0);
            assert_int_equal(reached(pool, all, (apr_size_t)-1, 0, 0), 0);
            spork_free(pool, memory);
        }
        end_pool(pool);
    }
}

static void places_outside_have_no_reference(void **state)
{
    spork_pool_t *pool = start_pool(1), *other = start_pool(1);
    int own = 0;
    unsigned char *memory = spork_alloc(pool, 4096), *theirs = spork_alloc(other, 4096);
    spork_ref_t none = { { 0, 0 } };

    (void)state;
    assert_true(is_null_ref(spork_ref(pool, NULL)));
    assert_true(is_null_ref(spork_ref(pool, &own)));
    assert_true(is_null_ref(spork_ref(pool, memory + 4096)));
    assert_true(is_null_ref(spork_ref(pool, memory - 1)));
    assert_true(is_null_ref(spork_ref(pool, theirs)));
    assert_true(is_null_ref(spork_ref(NULL, memory)));
    assert_false(is_null_ref(spork_ref(pool, memory)));
    assert_int_equal(reached(pool, none, 1, 0, 0), 0);
    end_pool(other);
    end_pool(pool);
}

/* Made-up references must never crash the worker; where one happens to be in bounds, it may be read. */
static void made_up_references_do_no_harm(void **state)
{
    spork_pool_t *pool = start_pool(1);
    apr_uint64_t seed = 88172645463325252u;
    spork_ref_t real = spork_ref(pool, spork_alloc(pool, 100));

    (void)state;
    for (int i = 0; i < 5000; i++) {
        spork_ref_t ref = real;
        apr_size_t size;
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        size = (apr_size_t)(seed >> (i % 64));
        if (i % 3 == 0)
            ref.opaque[i % 2] = seed;
        else
            ref.opaque[i % 2] ^= (apr_uint64_t)1 << (seed % 64);
        if (i % 5 == 0) ref.opaque[(i + 1) % 2] = ~seed >> (i % 60);
        assert_true(reached(pool, ref, size > 4096 && i % 7 ? 4096 : size, 0, 0) >= 0);
    }
    end_pool(pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(maps_over_shared_memory_copy_nothing),
        TEST(a_map_may_lie_in_the_middle_of_an_allocation),
        TEST(memory_is_zeroed_and_aligned_also_when_used_again),
        TEST(what_is_freed_can_be_had_again),
        TEST(memory_of_a_map_makes_room_for_others),
        TEST(odd_allocations_are_null_or_ignored),
        TEST(references_reach_all_of_an_allocation_and_no_more),
        TEST(places_outside_have_no_reference),
        TEST(made_up_references_do_no_harm),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("memory", tests);
}
