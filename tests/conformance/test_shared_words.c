/*
 * Conformance: atomic words in memory that all processes of a pool share, and arrays there that are mapped over.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define ITEMS 400
#define ROUNDS 500 /* that an item adds, swaps, or takes the lock */

/* ---- tasks ---------------------------------------------------------------------------------- */

typedef struct {
    apr_uint32_t added32, swapped32;
    apr_uint64_t added64, swapped64;
    apr_uint32_t lock;
    apr_uint32_t behind_lock[2]; /* plain words: always equal where the lock is held */
    apr_uint32_t torn;           /* times that they were not */
    apr_uint32_t token;          /* passed on by exchange: not 0 for one at a time */
    apr_uint32_t taken;
} board_t;

static const apr_uint64_t steps64 = APR_UINT64_C(0x100000003); /* crosses the halves of a word */

/* Add by compare-and-swap what add adds in one call. */
static void add_by_swapping(board_t *board)
{
    apr_uint32_t seen32 = spork_atomic_load32(&board->swapped32);
    apr_uint64_t seen64 = spork_atomic_load64(&board->swapped64);

    while (!spork_atomic_cas32(&board->swapped32, &seen32, seen32 + 1)) continue;
    while (!spork_atomic_cas64(&board->swapped64, &seen64, seen64 + steps64)) continue;
}

/* A lock that the test can afford: its holders do not die here. */
static void write_behind_lock(board_t *board)
{
    apr_uint32_t nobody = 0;

    while (!spork_atomic_cas32(&board->lock, &nobody, 1)) nobody = 0;
    if (board->behind_lock[0] != board->behind_lock[1]) spork_atomic_add32(&board->torn, 1);
    board->behind_lock[0]++;
    board->behind_lock[1]++;
    spork_atomic_store32(&board->lock, 0);
}

static void pass_token(board_t *board)
{
    if (spork_atomic_exchange32(&board->token, 0) == 0) return;
    spork_atomic_add32(&board->taken, 1);
    spork_atomic_store32(&board->token, 1);
}

static apr_status_t work_on_board(spork_task_t *task, const void *in, void *out)
{
    board_t *board = spork_deref(task, *(const spork_ref_t *)in, sizeof *board);

    (void)out;
    if (board == NULL) return APR_EINVAL;
    for (int i = 0; i < ROUNDS; i++) {
        spork_atomic_add32(&board->added32, 1);
        spork_atomic_add64(&board->added64, steps64);
        add_by_swapping(board);
        write_behind_lock(board);
        pass_token(board);
    }
    return APR_SUCCESS;
}

typedef struct {
    spork_ref_t next;
    apr_uint64_t value;
} ticket_t;

/* Each item draws a number; none is drawn twice. */
static apr_status_t draw(spork_task_t *task, const void *in, void *out)
{
    apr_uint64_t *next = spork_deref(task, ((const ticket_t *)in)->next, sizeof *next);

    if (next == NULL) return APR_EINVAL;
    *(apr_uint64_t *)out = spork_atomic_add64(next, 1);
    return APR_SUCCESS;
}

/* Two arrays, the second a running table of the whole pool: what a map over shared memory is for. */
typedef struct {
    spork_ref_t pixels, histogram;
    apr_uint32_t first, count;
} band_t;

static apr_status_t count_pixels(spork_task_t *task, const void *in, void *out)
{
    const band_t *band = in;
    unsigned char *pixels = spork_deref(task, band->pixels, band->first + band->count);
    apr_uint64_t *histogram = spork_deref(task, band->histogram, 256 * sizeof *histogram);

    (void)out;
    if (pixels == NULL || histogram == NULL) return APR_EINVAL;
    for (apr_uint32_t i = band->first; i < band->first + band->count; i++) {
        spork_atomic_add64(&histogram[pixels[i]], 1);
        pixels[i] = (unsigned char)(255 - pixels[i]); /* in place: nobody copied it */
    }
    return APR_SUCCESS;
}

static apr_status_t add_and_die(spork_task_t *task, const void *in, void *out)
{
    apr_uint64_t *word = spork_deref(task, ((const ticket_t *)in)->next, sizeof *word);

    (void)out;
    if (word == NULL) return APR_EINVAL;
    spork_atomic_add64(word, 1);
    if (((const ticket_t *)in)->value % 8 == 3) die(DIE_KILLED);
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(work_on_board), SPORK_ENTRY(draw),
                                       SPORK_ENTRY(count_pixels), SPORK_ENTRY(add_and_die), SPORK_END };

/* ---- tests ---------------------------------------------------------------------------------- */

static void the_operations_do_what_they_say(void **state)
{
    apr_uint32_t a = 5, a_seen = 4;
    apr_uint64_t b = APR_UINT64_C(1) << 40, b_seen = 7;

    (void)state;
    assert_int_equal(spork_atomic_load32(&a), 5);
    assert_int_equal(spork_atomic_add32(&a, 3), 5);
    assert_int_equal(spork_atomic_exchange32(&a, 20), 8);
    assert_int_equal(spork_atomic_cas32(&a, &a_seen, 1), 0);
    assert_int_equal(a_seen, 20);
    assert_int_equal(spork_atomic_cas32(&a, &a_seen, 1), 1);
    assert_int_equal(a, 1);
    spork_atomic_store32(&a, 0xffffffffu);
    assert_int_equal(spork_atomic_add32(&a, 2), 0xffffffffu);
    assert_int_equal(a, 1);

    assert_true(spork_atomic_load64(&b) == APR_UINT64_C(1) << 40);
    assert_true(spork_atomic_add64(&b, (apr_uint64_t)-1) == APR_UINT64_C(1) << 40);
    assert_true(spork_atomic_exchange64(&b, 9) == (APR_UINT64_C(1) << 40) - 1);
    assert_int_equal(spork_atomic_cas64(&b, &b_seen, 1), 0);
    assert_true(b_seen == 9);
    assert_int_equal(spork_atomic_cas64(&b, &b_seen, APR_UINT64_C(0xffffffff00000000)), 1);
    spork_atomic_store64(&b, spork_atomic_load64(&b) + 1);
    assert_true(b == APR_UINT64_C(0xffffffff00000001));
}

static void nothing_that_workers_add_is_lost(void **state)
{
    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        board_t *board = spork_alloc(pool, sizeof *board);
        spork_ref_t in[ITEMS];
        spork_map_t options;

        assert_non_null(board);
        memset(&options, 0, sizeof options);
        options.chunk = 1;
        board->token = 1;
        for (int i = 0; i < ITEMS; i++) in[i] = spork_ref(pool, board);
        assert_success(spork_map(pool, work_on_board, in, sizeof *in, NULL, 0, ITEMS, &options));
        assert_int_equal(board->added32, ITEMS * ROUNDS);
        assert_int_equal(board->swapped32, ITEMS * ROUNDS);
        assert_true(board->added64 == steps64 * ITEMS * ROUNDS);
        assert_true(board->swapped64 == steps64 * ITEMS * ROUNDS);
        assert_int_equal(board->behind_lock[0], ITEMS * ROUNDS);
        assert_int_equal(board->behind_lock[1], ITEMS * ROUNDS);
        assert_int_equal(board->torn, 0);
        assert_int_equal(board->token, 1);
        assert_true(board->taken > 0);
        end_pool(pool);
    }
}

static void a_number_is_drawn_once(void **state)
{
    static ticket_t in[10 * ITEMS];
    static apr_uint64_t out[LENGTH(in)];
    static unsigned char drawn[LENGTH(in)];

    (void)state;
    for_each_workers(workers)
    {
        spork_pool_t *pool = start_pool(workers);
        apr_uint64_t *next = spork_alloc(pool, sizeof *next);

        assert_non_null(next);
        for (size_t i = 0; i < LENGTH(in); i++) in[i].next = spork_ref(pool, next);
        assert_success(spork_map(pool, draw, in, sizeof *in, out, sizeof *out, LENGTH(in), NULL));
        memset(drawn, 0, sizeof drawn);
        for (size_t i = 0; i < LENGTH(in); i++) {
            assert_true(out[i] < LENGTH(in) && !drawn[out[i]]);
            drawn[out[i]] = 1;
        }
        assert_int_equal(*next, LENGTH(in));
        end_pool(pool);
    }
}

static void arrays_are_worked_on_in_place(void **state)
{
    enum { BANDS = 64, BAND = 20000 };
    spork_pool_t *pool = start_pool(3);
    unsigned char *pixels = spork_alloc(pool, (apr_size_t)BANDS * BAND);
    apr_uint64_t *histogram = spork_alloc(pool, 256 * sizeof *histogram);
    band_t *bands = spork_alloc(pool, BANDS * sizeof *bands); /* the map's own input as well */
    apr_uint64_t wanted[256] = { 0 };

    (void)state;
    assert_true(pixels != NULL && histogram != NULL && bands != NULL);
    for (apr_size_t i = 0; i < (apr_size_t)BANDS * BAND; i++) {
        pixels[i] = (unsigned char)(i * i / 7 % 256);
        wanted[pixels[i]]++;
    }
    for (apr_uint32_t b = 0; b < BANDS; b++) {
        bands[b].pixels = spork_ref(pool, pixels);
        bands[b].histogram = spork_ref(pool, histogram);
        bands[b].first = b * BAND;
        bands[b].count = BAND;
    }
    assert_success(spork_map(pool, count_pixels, bands, sizeof *bands, NULL, 0, BANDS, NULL));
    for (int i = 0; i < 256; i++) assert_true(histogram[i] == wanted[i]);
    for (apr_size_t i = 0; i < (apr_size_t)BANDS * BAND; i++)
        if (pixels[i] != 255 - i * i / 7 % 256) fail_msg("pixel %d was not inverted", (int)i);
    end_pool(pool);
}

/* What a dead worker had added stays, and nothing is half added. */
static void a_death_leaves_whole_words(void **state)
{
    spork_pool_t *pool;
    apr_uint64_t *word;
    ticket_t in[48];
    spork_map_t options;

    (void)state;
    needs_workers();
    pool = start_pool(3);
    word = spork_alloc(pool, sizeof *word);
    memset(&options, 0, sizeof options);
    options.chunk = 1;
    for (apr_uint64_t i = 0; i < LENGTH(in); i++) {
        in[i].next = spork_ref(pool, word);
        in[i].value = i;
    }
    assert_status(spork_map(pool, add_and_die, in, sizeof *in, NULL, 0, LENGTH(in), &options), SPORK_EFAILED);
    assert_int_equal(options.n_failures, LENGTH(in) / 8);
    assert_int_equal(spork_atomic_load64(word), LENGTH(in));
    end_pool(pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(the_operations_do_what_they_say), TEST(nothing_that_workers_add_is_lost),
        TEST(a_number_is_drawn_once),          TEST(arrays_are_worked_on_in_place),
        TEST(a_death_leaves_whole_words),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("shared words", tests);
}
