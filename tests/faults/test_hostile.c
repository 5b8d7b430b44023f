/*
 * Faults: a worker that writes where it should not, in a real process. The parent returns from every call, what was
 * delivered before and its own memory stay as they were, and the next pool works.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "conformance.h"

#include "worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS 32
#define HOSTILE_ITEM 5

enum { HONEST, FILL_HEAD, FILL_JOBS, FILL_SEATS, FILL_ARENA, FILL_ALL, FLIP, RINGS, STRAY, N_WAYS };
enum { GO_ON, DIE, N_ENDS };

typedef struct {
    int way, end;
    apr_uint32_t seed;
    int value;
} item_t;

/* ---- the hostile task --------------------------------------------------------------------------------- */

static uint64_t random_word(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void fill(unsigned char *base, size_t begin, size_t end, uint64_t *state)
{
    for (; begin < end; begin++) base[begin] = (unsigned char)random_word(state);
}

static void flip(unsigned char *base, size_t size, uint64_t *state)
{
    for (int i = 0; i < 200000; i++) base[random_word(state) % size] ^= (unsigned char)random_word(state);
}

/* Impossible entries, and a great many of them. */
static void fill_rings(spk_header_t *head, uint32_t n_seats, uint64_t *state)
{
    for (uint32_t s = 0; s < n_seats; s++) {
        fill((unsigned char *)head->seats[s].ring, 0, sizeof head->seats[s].ring, state);
        atomic_fetch_add(&head->seats[s].head, SPK_RING);
    }
}

/* It says that it is at nothing, and never comes back. */
static void go_astray(spk_worker_t *worker)
{
    atomic_store(&worker->seat->cur, 0);
    for (;;) apr_sleep(SECOND);
}

static void be_hostile(spork_task_t *task, const item_t *item)
{
    spk_worker_t *worker = task->keeper;
    spk_header_t *head = worker->head;
    unsigned char *base = worker->shm.base;
    size_t size = worker->shm.committed, arena = (size_t)head->arena, jobs = offsetof(spk_header_t, jobs),
           seats = offsetof(spk_header_t, seats);
    uint64_t state = item->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

    switch (item->way) {
    case FILL_HEAD: fill(base, 0, jobs, &state); break;
    case FILL_JOBS: fill(base, jobs, seats, &state); break;
    case FILL_SEATS: fill(base, seats, arena, &state); break;
    case FILL_ARENA: fill(base, arena, size, &state); break;
    case FILL_ALL: fill(base, 0, size, &state); break;
    case FLIP: flip(base, arena, &state); break;
    case RINGS: fill_rings(head, head->n_seats, &state); break;
    case STRAY: go_astray(worker); break;
    default: break;
    }
}

static apr_status_t square(spork_task_t *task, const void *in, void *out)
{
    item_t item = *(const item_t *)in;

    if (item.way != HONEST) {
        be_hostile(task, &item);
        if (item.end == DIE) die(DIE_KILLED);
    }
    *(int *)out = item.value * item.value;
    return APR_SUCCESS;
}

static apr_status_t echo(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    return spork_reply(task, in, spork_task_in_size(task));
}

static const spork_entry_t entries[] = { SPORK_ENTRY(square), SPORK_ENTRY(echo), SPORK_END };

/* ---- the parent ------------------------------------------------------------------------------------------ */

static apr_status_t run_map(spork_pool_t *pool, int *out, const item_t *hostile)
{
    item_t in[ITEMS];
    spork_map_t options;

    memset(&options, 0, sizeof options);
    options.chunk = 1;
    for (int i = 0; i < ITEMS; i++) {
        memset(&in[i], 0, sizeof in[i]);
        if (hostile != NULL && i == HOSTILE_ITEM) in[i] = *hostile;
        in[i].value = i;
    }
    return spork_map(pool, square, in, sizeof *in, out, sizeof *out, ITEMS, &options);
}

static void expect_squares(const int *out)
{
    for (int i = 0; i < ITEMS; i++) assert_int_equal(out[i], i * i);
}

static void withstand(int workers, const item_t *hostile)
{
    static const char words[] = "delivered before";
    int before[ITEMS], spoilt[ITEMS], after[ITEMS];
    spork_config_t config;
    spork_pool_t *pool, *next;
    spork_future_t *future;
    unsigned char *guard = malloc(MIB);

    assert_non_null(guard);
    memset(guard, 0xa5, MIB);
    make_config(&config, workers);
    config.timeout = 2 * SECOND * slow_factor();
    pool = make_pool(&config);
    assert_success(run_map(pool, before, NULL));
    assert_success(spork_submit(&future, pool, echo, words, sizeof words));
    assert_success(spork_future_wait(future, -1));
    (void)run_map(pool, spoilt, hostile);
    expect_squares(before);
    assert_int_equal(spork_future_outcome(future)->status, APR_SUCCESS);
    assert_int_equal(spork_future_outcome(future)->out_size, sizeof words);
    assert_memory_equal(spork_future_outcome(future)->out, words, sizeof words);
    /* who flips words may have made its own map look finished, and go on in this one */
    if (run_map(pool, after, NULL) == APR_SUCCESS) {
        if (hostile->way != FLIP) expect_squares(after);
    } else {
        assert_true(spork_error()[0] != '\0');
    }
    spork_pool_destroy(pool);
    for (size_t i = 0; i < MIB; i++) assert_int_equal(guard[i], 0xa5);
    free(guard);
    next = start_pool(workers);
    assert_success(run_map(next, after, NULL));
    expect_squares(after);
    end_pool(next);
}

static void withstand_all(int way)
{
    static const int counts[] = { 1, 2, 5 };
    item_t hostile;

    needs_workers();
    for (size_t c = 0; c < LENGTH(counts); c++)
        for (int end = 0; end < (way == STRAY ? 1 : N_ENDS); end++) { /* who strays comes to no end */
            memset(&hostile, 0, sizeof hostile);
            hostile.way = way;
            hostile.end = end;
            hostile.seed = (apr_uint32_t)(way * 100 + (int)c * 10 + end + 1);
            withstand(counts[c], &hostile);
        }
}

#define WAY(name, way)             \
    static void name(void **state) \
    {                              \
        (void)state;               \
        withstand_all(way);        \
    }

WAY(random_bytes_in_the_head, FILL_HEAD)
WAY(random_bytes_in_the_jobs, FILL_JOBS)
WAY(random_bytes_in_the_seats, FILL_SEATS)
WAY(random_bytes_in_the_arena, FILL_ARENA)
WAY(random_bytes_everywhere, FILL_ALL)
WAY(random_flips, FLIP)
WAY(impossible_entries, RINGS)
WAY(at_nothing_for_ever, STRAY)

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(random_bytes_in_the_head),  TEST(random_bytes_in_the_jobs), TEST(random_bytes_in_the_seats),
        TEST(random_bytes_in_the_arena), TEST(random_bytes_everywhere),  TEST(random_flips),
        TEST(impossible_entries),        TEST(at_nothing_for_ever),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, entries) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("hostile", tests);
}
