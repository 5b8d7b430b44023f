/*
 * The arena's bookkeeping against a naive model: what is given out never overlaps, is aligned and in
 * bounds, and everything that is given back can be had again as one block.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "arena.h"
#include <string.h>

#define BEGIN ((size_t)100)
#define UNITS 256
#define END (SPK_ARENA_ALIGN * (2 + UNITS)) /* the first aligned offset is 128 */
#define FIRST (SPK_ARENA_ALIGN * 2)

static uint32_t seed = 1;

static uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

static void test_bounds_and_alignment(void **state)
{
    spk_arena_t arena;
    spk_block_t *block;

    (void)state;
    spk_arena_init(&arena, BEGIN, END);
    block = spk_arena_alloc(&arena, 1);
    assert_non_null(block);
    assert_int_equal(spk_block_offset(block), FIRST);
    assert_int_equal(spk_block_size(block), SPK_ARENA_ALIGN);
    block = spk_arena_alloc(&arena, SPK_ARENA_ALIGN + 1);
    assert_int_equal(spk_block_offset(block), FIRST + SPK_ARENA_ALIGN);
    assert_int_equal(spk_block_size(block), 2 * SPK_ARENA_ALIGN);
    block = spk_arena_alloc(&arena, 0);
    assert_non_null(block);
    assert_true(spk_block_size(block) > 0);
    spk_arena_destroy(&arena);
}

static void test_impossible_sizes(void **state)
{
    static const size_t sizes[] = {
        UNITS * SPK_ARENA_ALIGN + 1,    SIZE_MAX,    SIZE_MAX - 1, SIZE_MAX - SPK_ARENA_ALIGN,
        SIZE_MAX - SPK_ARENA_ALIGN + 1, SIZE_MAX / 2
    };
    spk_arena_t arena;
    spk_block_t *block;
    size_t i;

    (void)state;
    spk_arena_init(&arena, BEGIN, END);
    for (i = 0; i < LENGTH(sizes); i++) assert_null(spk_arena_alloc(&arena, sizes[i]));
    block = spk_arena_alloc(&arena, UNITS * SPK_ARENA_ALIGN);
    assert_non_null(block);
    for (i = 0; i < LENGTH(sizes); i++) assert_null(spk_arena_alloc(&arena, sizes[i]));
    assert_null(spk_arena_alloc(&arena, 1));
    spk_arena_free(&arena, block);
    assert_non_null(spk_arena_alloc(&arena, UNITS * SPK_ARENA_ALIGN));
    spk_arena_destroy(&arena);
}

static void test_an_arena_without_room(void **state)
{
    spk_arena_t arena;

    (void)state;
    spk_arena_init(&arena, BEGIN, BEGIN + 10);
    assert_null(spk_arena_alloc(&arena, 1));
    spk_arena_free(&arena, NULL);
    spk_arena_destroy(&arena);
    spk_arena_destroy(&arena);
}

/* Free three neighbours in every order: they become one again. */
static void test_neighbours_join(void **state)
{
    static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    spk_arena_t arena;
    spk_block_t *blocks[3], *guard, *joined;
    size_t i, k;

    (void)state;
    for (i = 0; i < LENGTH(orders); i++) {
        spk_arena_init(&arena, BEGIN, END);
        for (k = 0; k < 3; k++) blocks[k] = spk_arena_alloc(&arena, 10 * SPK_ARENA_ALIGN);
        guard = spk_arena_alloc(&arena, (UNITS - 30) * SPK_ARENA_ALIGN);
        assert_non_null(guard);
        assert_null(spk_arena_alloc(&arena, 1));
        for (k = 0; k < 3; k++) spk_arena_free(&arena, blocks[orders[i][k]]);
        joined = spk_arena_alloc(&arena, 30 * SPK_ARENA_ALIGN);
        assert_non_null(joined);
        assert_int_equal(spk_block_offset(joined), FIRST);
        spk_arena_destroy(&arena);
    }
}

/* A hole is used again, and what it has too much of stays free; the top falls with the highest block. */
static void test_holes_are_cut_and_the_top_falls(void **state)
{
    spk_arena_t arena;
    spk_block_t *low, *high;

    (void)state;
    spk_arena_init(&arena, BEGIN, END);
    low = spk_arena_alloc(&arena, 10 * SPK_ARENA_ALIGN);
    high = spk_arena_alloc(&arena, SPK_ARENA_ALIGN);
    spk_arena_free(&arena, low);
    low = spk_arena_alloc(&arena, 4 * SPK_ARENA_ALIGN);
    assert_int_equal(spk_block_offset(low), FIRST);
    assert_int_equal(spk_block_size(low), 4 * SPK_ARENA_ALIGN);
    assert_int_equal(arena.top, FIRST + 11 * SPK_ARENA_ALIGN);
    spk_arena_free(&arena, high); /* takes the hole below with it */
    assert_int_equal(arena.top, FIRST + 4 * SPK_ARENA_ALIGN);
    spk_arena_free(&arena, low);
    assert_int_equal(arena.top, FIRST);
    spk_arena_destroy(&arena);
}

/* So many holes that are too small are not all looked at: the time would be their number's square. */
static void test_many_holes_cost_little(void **state)
{
    static spk_block_t *blocks[200000];
    spk_arena_t arena;
    size_t i;

    (void)state;
    spk_arena_init(&arena, 0, SIZE_MAX / 2);
    for (i = 0; i < LENGTH(blocks); i++)
        assert_non_null(blocks[i] = spk_arena_alloc(&arena, 5 * SPK_ARENA_ALIGN));
    for (i = 0; i < LENGTH(blocks); i += 2) spk_arena_free(&arena, blocks[i]);
    for (i = 0; i < LENGTH(blocks); i += 2)
        assert_non_null(blocks[i] = spk_arena_alloc(&arena, 6 * SPK_ARENA_ALIGN));
    for (i = 0; i < LENGTH(blocks); i++) spk_arena_free(&arena, blocks[i]);
    assert_int_equal(arena.top, 0);
    spk_arena_destroy(&arena);
}

typedef struct {
    spk_arena_t arena;
    spk_block_t *blocks[UNITS];
    unsigned char used[UNITS], bare[UNITS];
    size_t n;
} model_t;

/* Marks the block's units; 0 if one is marked already. */
static int mark(model_t *model, const spk_block_t *block, unsigned char from, unsigned char to)
{
    size_t unit = (spk_block_offset(block) - FIRST) / SPK_ARENA_ALIGN,
           n = spk_block_size(block) / SPK_ARENA_ALIGN, i;

    assert_int_equal(spk_block_offset(block) % SPK_ARENA_ALIGN, 0);
    assert_true(spk_block_offset(block) >= FIRST && spk_block_offset(block) + spk_block_size(block) <= END);
    for (i = unit; i < unit + n; i++) {
        if (model->used[i] != from) return 0;
        model->used[i] = to;
    }
    return 1;
}

static unsigned char *bare_units(model_t *model, const spk_block_t *block)
{
    return &model->bare[(spk_block_offset(block) - FIRST) / SPK_ARENA_ALIGN];
}

/* Whoever gets a bare unit is told. */
static void restore(model_t *model, spk_block_t *block)
{
    size_t n = spk_block_size(block) / SPK_ARENA_ALIGN;

    if (memchr(bare_units(model, block), 1, n) != NULL) assert_true(spk_block_is_bare(block));
    memset(bare_units(model, block), 0, n);
    spk_block_set_bare(block, 0);
}

static size_t longest_gap(const model_t *model)
{
    size_t longest = 0, now = 0, i;

    for (i = 0; i < UNITS; i++) {
        now = model->used[i] ? 0 : now + 1;
        if (now > longest) longest = now;
    }
    return longest;
}

static void allocate(model_t *model)
{
    size_t size = next_random(next_random(8) == 0 ? 60 * SPK_ARENA_ALIGN : 6 * SPK_ARENA_ALIGN) + 1;
    spk_block_t *block = spk_arena_alloc(&model->arena, size);

    if (block == NULL) { /* only if there is really no such gap: freed neighbours are always joined */
        assert_true(longest_gap(model) * SPK_ARENA_ALIGN < size);
        return;
    }
    assert_true(spk_block_size(block) >= size);
    assert_true(mark(model, block, 0, 1));
    restore(model, block);
    model->blocks[model->n++] = block;
}

static void release(model_t *model)
{
    size_t i = next_random((uint32_t)model->n);

    assert_true(mark(model, model->blocks[i], 1, 0));
    if (next_random(4) == 0) {
        spk_block_set_bare(model->blocks[i], 1);
        memset(bare_units(model, model->blocks[i]), 1, spk_block_size(model->blocks[i]) / SPK_ARENA_ALIGN);
    }
    spk_arena_free(&model->arena, model->blocks[i]);
    model->blocks[i] = model->blocks[--model->n];
}

static void test_random_against_a_model(void **state)
{
    model_t model;
    uint32_t round;
    int i;

    (void)state;
    for (round = 1; round <= 50; round++) {
        memset(&model, 0, sizeof model);
        spk_arena_init(&model.arena, BEGIN, END);
        seed = round;
        for (i = 0; i < 2000; i++) {
            if (model.n == 0 || (model.n < UNITS && next_random(100) < 55))
                allocate(&model);
            else
                release(&model);
        }
        while (model.n > 0) release(&model);
        assert_non_null(spk_arena_alloc(&model.arena, UNITS * SPK_ARENA_ALIGN));
        spk_arena_destroy(&model.arena);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds_and_alignment),
        cmocka_unit_test(test_impossible_sizes),
        cmocka_unit_test(test_an_arena_without_room),
        cmocka_unit_test(test_neighbours_join),
        cmocka_unit_test(test_holes_are_cut_and_the_top_falls),
        cmocka_unit_test(test_many_holes_cost_little),
        cmocka_unit_test(test_random_against_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
