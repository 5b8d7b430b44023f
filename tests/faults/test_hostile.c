/*
 * Faults: a worker that writes at random where it should not, in a real process, mostly in a pool without a timeout. The
 * parent returns from every call, what was delivered before, its own memory and the pool beside stay as they were, the
 * pool goes on as soon as the scribbler has come to its end (or is given up, with words), and the next pool works.
 *
 * The environment: SPORK_TEST_ROUNDS says how often each way is tried, each time with other random numbers;
 * SPORK_TEST_SEED is the first of them; SPORK_TEST_MILLISECONDS is how long one goes on that does not stop at once.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hostile.h"

#include <apr_time.h>
#include <stdlib.h>
#include <string.h>

#include "worker.h"

enum {
    HONEST,
    FILL_HEAD,
    FILL_JOBS,
    FILL_SEATS,
    FILL_ARENA,
    FILL_ALL,
    FLIP,
    FLIP_CONTROL,
    FLIP_ALL,
    RINGS,
    N_WAYS
};
enum { GO_ON, DIE, N_ENDS };

static const char *const names[N_WAYS] = { "none",          "the head",   "jobs",       "seats",
                                           "the arena",     "everything", "flip bytes", "flip jobs",
                                           "flip anywhere", "rings" };

/* ---- the hostile task --------------------------------------------------------------------------------- */

static void fill(unsigned char *base, size_t begin, size_t end, uint64_t *state)
{
    for (; begin < end; begin++) base[begin] = (unsigned char)random_word(state);
}

static void flip_bytes(unsigned char *base, size_t size, uint64_t *state)
{
    for (int i = 0; i < 200000; i++) base[random_word(state) % size] ^= (unsigned char)random_word(state);
}

/* Single words, whole or a bit of them, for a while. */
static void flip_words(unsigned char *base, size_t size, uint64_t *state)
{
    apr_time_t end = apr_time_now() + setting("SPORK_TEST_MILLISECONDS", 300) * MILLISECOND;

    do {
        for (int i = 0; i < 64; i++) {
            _Atomic uint32_t *word = (_Atomic uint32_t *)(void *)(base + random_word(state) % (size / 4) * 4);
            uint32_t random = (uint32_t)random_word(state);

            atomic_fetch_xor_explicit(word, i % 2 == 0 ? random : UINT32_C(1) << random % 32,
                                      memory_order_relaxed);
        }
        apr_sleep((apr_interval_time_t)(random_word(state) % 200));
    } while (apr_time_now() < end);
}

/* Impossible entries, and a great many of them. */
static void fill_rings(spk_header_t *head, uint32_t n_seats, uint64_t *state)
{
    for (uint32_t s = 0; s < n_seats; s++) {
        fill((unsigned char *)head->seats[s].ring, 0, sizeof head->seats[s].ring, state);
        atomic_fetch_add(&head->seats[s].head, SPK_RING);
    }
}

void misbehave(spork_task_t *task, const item_t *item)
{
    spk_worker_t *worker = task->keeper;
    spk_header_t *head = worker->head;
    unsigned char *base = worker->shm.base;
    size_t size = worker->shm.committed, arena = task->arena, jobs = offsetof(spk_header_t, jobs),
           seats = offsetof(spk_header_t, seats);
    uint64_t state = item->seed * UINT64_C(0x9e3779b97f4a7c15) + 1;

    switch (item->what) {
    case FILL_HEAD: fill(base, 0, jobs, &state); break;
    case FILL_JOBS: fill(base, jobs, seats, &state); break;
    case FILL_SEATS: fill(base, seats, arena, &state); break;
    case FILL_ARENA: fill(base, arena, size, &state); break;
    case FILL_ALL: fill(base, 0, size, &state); break;
    case FLIP: flip_bytes(base, arena, &state); break;
    case FLIP_CONTROL: flip_words(base, arena, &state); break;
    case FLIP_ALL: flip_words(base, size, &state); break;
    case RINGS: fill_rings(head, (uint32_t)((arena - seats) / sizeof(spk_seat_t)), &state); break;
    default: break;
    }
    if (item->how == DIE) die(DIE_KILLED);
}

static const spork_entry_t entries[] = { SPORK_ENTRY(square), SPORK_END };

/* ---- the parent ------------------------------------------------------------------------------------------ */

static apr_uint32_t first_seed(void)
{
    return (apr_uint32_t)setting("SPORK_TEST_SEED", 1);
}

/* In every fifth round the pool is closed while all that may still be going on. */
static void withstand(int workers, int kind, const item_t *hostile, int is_submitted)
{
    int closes = hostile->seed % 5 == 4;
    bed_t bed;

    round_begins("%s, %d workers, %s, %s%s%s, seed %u", names[hostile->what], workers, kinds[kind],
                 is_submitted ? "submitted" : "mapped", hostile->how == DIE ? ", and dies" : "",
                 closes ? ", closed" : "", (unsigned)hostile->seed);
    bed_make_kind(&bed, workers, kind);
    bed_suffer(&bed, hostile, is_submitted);
    if (!closes) (void)bed_recovers(&bed);
    bed_check(&bed);
    if (closes)
        bed_close(&bed);
    else
        bed_end(&bed);
    the_next_pool_works(workers);
}

/* Each round is another combination, with random numbers of its own. */
static void withstand_all(apr_uint32_t way)
{
    static const int counts[] = { 2, 1, 5 };
    int rounds = setting("SPORK_TEST_ROUNDS", 1);
    item_t hostile;

    needs_workers();
    for (int i = 0; i < rounds; i++) {
        unsigned round = first_seed() - 1 + (unsigned)i + way; /* another combination for each way */

        memset(&hostile, 0, sizeof hostile);
        hostile.what = way;
        hostile.seed = first_seed() + (apr_uint32_t)i;
        hostile.how = (round / 4 + round) % N_ENDS;
        withstand(counts[round % LENGTH(counts)], (int)(round % N_KINDS), &hostile, round / 2 % 2 != 0);
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
WAY(random_bytes_here_and_there, FLIP)
WAY(random_words_of_the_control_part_for_a_while, FLIP_CONTROL)
WAY(random_words_anywhere_for_a_while, FLIP_ALL)
WAY(impossible_entries, RINGS)

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(random_bytes_in_the_head),
        TEST(random_bytes_in_the_jobs),
        TEST(random_bytes_in_the_seats),
        TEST(random_bytes_in_the_arena),
        TEST(random_bytes_everywhere),
        TEST(random_bytes_here_and_there),
        TEST(random_words_of_the_control_part_for_a_while),
        TEST(random_words_anywhere_for_a_while),
        TEST(impossible_entries),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, entries) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("hostile", tests);
}
