/*
 * Allocations by offset, against a table of all offsets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "allocs.h"

#define UNITS 512
#define ROUNDS 20000

static uint32_t seed = 7;

static uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

static void expect_as_in(spk_alloc_t *root, spk_block_t *const *blocks)
{
    spk_block_t *last = NULL;

    for (size_t unit = 0; unit < UNITS; unit++) {
        spk_alloc_t *found = spk_allocs_at(root, unit * SPK_ARENA_ALIGN + 1);
        if (blocks[unit] != NULL) last = blocks[unit];
        assert_ptr_equal(found != NULL ? found->block : NULL, last);
        if (found != NULL) assert_int_equal(found->offset, spk_block_offset(last));
    }
}

static void additions_and_removals_are_found(void **state)
{
    static spk_block_t *blocks[UNITS];
    spk_arena_t arena;
    spk_alloc_t *root = NULL;

    (void)state;
    spk_arena_init(&arena, 0, UNITS * SPK_ARENA_ALIGN);
    for (int round = 0; round < ROUNDS; round++) {
        size_t unit = next_random(UNITS);
        if (blocks[unit] != NULL) {
            spk_allocs_remove(&root, unit * SPK_ARENA_ALIGN);
            spk_arena_free(&arena, blocks[unit]);
            blocks[unit] = NULL;
        } else {
            spk_block_t *block = spk_arena_alloc(&arena, 1);
            assert_non_null(block);
            assert_int_equal(spk_allocs_add(&root, block, 1), 1);
            blocks[spk_block_offset(block) / SPK_ARENA_ALIGN] = block;
        }
        if (round % 100 == 0) expect_as_in(root, blocks);
    }
    expect_as_in(root, blocks);
    spk_allocs_free(root);
    spk_arena_destroy(&arena);
}

/* Each before the next, and each behind: a tree built in order would be a list. */
static void depth(const spk_alloc_t *root, int level, int *most)
{
    if (root == NULL) return;
    if (level > *most) *most = level;
    depth(root->below, level + 1, most);
    depth(root->above, level + 1, most);
}

static void it_stays_flat(void **state)
{
    static spk_block_t *blocks[10000];
    spk_arena_t arena;
    spk_alloc_t *root = NULL;
    int most = 0;

    (void)state;
    spk_arena_init(&arena, 0, LENGTH(blocks) * SPK_ARENA_ALIGN);
    for (size_t i = 0; i < LENGTH(blocks); i++) {
        blocks[i] = spk_arena_alloc(&arena, 1);
        assert_int_equal(spk_allocs_add(&root, blocks[i], 1), 1);
    }
    depth(root, 1, &most);
    assert_in_range(most, 14, 60);
    for (size_t i = 0; i < LENGTH(blocks); i += 2) spk_allocs_remove(&root, spk_block_offset(blocks[i]));
    assert_ptr_equal(spk_allocs_at(root, 5 * SPK_ARENA_ALIGN)->block, blocks[5]);
    assert_ptr_equal(spk_allocs_at(root, 6 * SPK_ARENA_ALIGN)->block, blocks[5]);
    assert_null(spk_allocs_at(root, 0));
    spk_allocs_free(root);
    spk_arena_destroy(&arena);
}

static void removing_what_is_not_there_is_nothing(void **state)
{
    spk_arena_t arena;
    spk_alloc_t *root = NULL;

    (void)state;
    spk_arena_init(&arena, 0, UNITS * SPK_ARENA_ALIGN);
    spk_allocs_remove(&root, 0);
    assert_int_equal(spk_allocs_add(&root, spk_arena_alloc(&arena, 1), 1), 1);
    spk_allocs_remove(&root, 64);
    assert_non_null(spk_allocs_at(root, 64));
    spk_allocs_free(root);
    spk_arena_destroy(&arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(additions_and_removals_are_found),
        cmocka_unit_test(it_stays_flat),
        cmocka_unit_test(removing_what_is_not_there_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
