/*
 * What a worker can write, the parent does not believe: entries of its ring, its words about claims, the item at
 * hand. A worker of the fake system serves honestly, but for one lie inside a task.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crew.h"

#include <string.h>

#define ITEMS 4
#define ROOM 4096
#define LIE_STATUS (APR_OS_START_USERERR + 7)

/* ---- the lying task -------------------------------------------------------------------------------- */

typedef void (*lie_t)(spk_worker_t *worker);

static lie_t lie; /* told once, in the next item that runs */

static void tell(spork_task_t *task)
{
    lie_t told = lie;

    lie = NULL;
    if (told != NULL) told(task->keeper);
}

static apr_status_t square(spork_task_t *task, const void *in, void *out)
{
    tell(task);
    *(int *)out = *(const int *)in * *(const int *)in;
    return APR_SUCCESS;
}

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    tell(task);
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(square), SPORK_ENTRY(nothing), SPORK_END };

/* ---- a pool, a map, and what must be true after ---------------------------------------------------------- */

static spork_pool_t *open_pool(int workers, apr_interval_time_t timeout)
{
    spork_config_t config;
    spork_pool_t *pool;

    lie = NULL;
    crew_reset(&config, workers);
    config.timeout = timeout;
    assert_int_equal(spork_pool_create(&pool, &config, NULL), APR_SUCCESS);
    return pool;
}

static apr_status_t map_squares(spork_pool_t *pool, int *out, spork_map_t *options)
{
    static const int in[ITEMS] = { 2, 3, 4, 5 };

    memset(out, 0, ITEMS * sizeof *out);
    memset(options, 0, sizeof *options);
    options->chunk = 1;
    return spork_map(pool, square, in, sizeof *in, out, sizeof *out, ITEMS, options);
}

static void expect_squares(const int *out)
{
    int i;

    for (i = 0; i < ITEMS; i++) assert_int_equal(out[i], (i + 2) * (i + 2));
}

static void expect_honest_map(spork_pool_t *pool)
{
    spork_map_t options;
    int out[ITEMS];

    assert_int_equal(map_squares(pool, out, &options), APR_SUCCESS);
    assert_int_equal(options.n_failures, 0);
    expect_squares(out);
}

/* Let the next waiting worker have a reply region of at least ROOM bytes, as it would get it by asking. */
static void grant_room(spork_pool_t *pool, spk_worker_t *worker)
{
    atomic_store(&worker->seat->want, ROOM);
    spk_crew_drain(pool);
    worker->granted = atomic_load(&worker->seat->granted);
    worker->region = (size_t)worker->seat->region;
    worker->region_size = (size_t)worker->seat->region_size;
    assert_true(worker->region > 0 && worker->region_size >= ROOM);
}

/* ---- entries --------------------------------------------------------------------------------------------- */

/* A lie in one field of an entry that else says: item 2 of the map failed, with four bytes of words. */
typedef struct {
    const char *what;
    size_t field; /* of spk_entry_t */
    int wide;     /* it has 64 bits */
    uint64_t value;
    int from_region, from_size; /* added to the value: where the reply region begins, how large it is */
} field_lie_t;

#define FIELD32(name, value) #name " = " #value, offsetof(spk_entry_t, name), 0, value, 0, 0
#define FIELD64(name, value) #name " = " #value, offsetof(spk_entry_t, name), 1, value, 0, 0

static const field_lie_t *field_lie;
static int in_entry; /* the words stand in the entry itself */
static spk_entry_t last_entry;

static void set_field(spk_entry_t *entry, const field_lie_t *told, const spk_worker_t *worker)
{
    uint64_t value = told->value;
    uint32_t narrow;

    if (told->from_region) value += worker->region;
    if (told->from_size) value += worker->region_size;
    narrow = (uint32_t)value;
    if (told->wide)
        memcpy((unsigned char *)entry + told->field, &value, sizeof value);
    else
        memcpy((unsigned char *)entry + told->field, &narrow, sizeof narrow);
}

static spk_entry_t *write_entry(spk_worker_t *worker, uint32_t kind, uint32_t item)
{
    unsigned slot = atomic_load(&worker->seat->looking) - 1;

    return spk_worker_entry(worker, kind, &worker->head->jobs[slot], slot, item);
}

static void tell_of_item_2(spk_worker_t *worker)
{
    spk_entry_t *entry = write_entry(worker, SPK_ENTRY_OUTCOME, 2);

    entry->status = LIE_STATUS;
    entry->out = in_entry ? 0 : worker->region;
    entry->words = 4;
    memcpy(in_entry ? entry->bytes : worker->task.base + worker->region, "oops", 4);
    if (field_lie != NULL) set_field(entry, field_lie, worker);
    last_entry = *entry;
    spk_worker_publish(worker);
}

/* What the others below are ignored for is what they change, and nothing else. */
static void expect_belief(void)
{
    spork_pool_t *pool = open_pool(1, 0);
    spork_map_t options;
    int out[ITEMS];

    grant_room(pool, &fake.processes[0].worker);
    field_lie = NULL;
    lie = tell_of_item_2;
    assert_int_equal(map_squares(pool, out, &options), SPORK_EFAILED);
    assert_int_equal(options.n_failures, 1);
    assert_int_equal(options.failures[0].index, 2);
    assert_int_equal(options.failures[0].status, LIE_STATUS);
    assert_string_equal(options.failures[0].message, "oops");
    crew_close(pool);
}

static void an_entry_in_order_is_believed(void **state)
{
    (void)state;
    expect_belief();
    in_entry = 1;
    expect_belief();
    in_entry = 0;
}

/* Each of the lies is told by a worker of a pool of its own, which has had so many processes in the end. */
static void tell_each(const field_lie_t *lies, size_t n, int n_processes)
{
    size_t i;

    for (i = 0; i < n; i++) {
        spork_pool_t *pool = open_pool(1, 0);
        spork_map_t options;
        int out[ITEMS];

        expect_honest_map(pool);
        grant_room(pool, &fake.processes[0].worker);
        field_lie = &lies[i];
        lie = tell_of_item_2;
        if (map_squares(pool, out, &options) != APR_SUCCESS) fail_msg("believed: %s", lies[i].what);
        assert_null(lie);
        expect_squares(out);
        expect_honest_map(pool);
        assert_int_equal(fake.n_processes, n_processes);
        crew_close(pool);
    }
}

static void impossible_entries_are_ignored(void **state)
{
    static const field_lie_t lies[] = {
        { FIELD64(serial, 0) },        { FIELD64(serial, 1) },
        { FIELD64(serial, 3) },        { FIELD64(serial, UINT64_MAX) },
        { FIELD32(kind, 0) },          { FIELD32(kind, 3) },
        { FIELD32(kind, UINT32_MAX) }, { FIELD32(kind, SPK_ENTRY_REST) }, /* its count is 0 */
        { FIELD32(slot, 0) }, /* the job is the second, in slot 1 */
        { FIELD32(slot, SPK_SLOTS) },  { FIELD32(slot, UINT32_MAX) },
        { FIELD32(item, ITEMS) },      { FIELD32(item, UINT32_MAX) },
    };

    (void)state;
    tell_each(lies, LENGTH(lies), 1);
}

/* It would say so of all its replies: in its place comes one that is told anew where they go. */
static void who_replies_from_elsewhere_is_replaced(void **state)
{
    static const field_lie_t lies[] = {
        { FIELD32(words, SPORK_MESSAGE_MAX + 1) },
        { FIELD32(words, UINT32_MAX) },
        { FIELD64(out, 1) },
        { FIELD64(out, UINT64_MAX) },
        { FIELD64(out, UINT64_MAX - 3) },
        { "out just before the region", offsetof(spk_entry_t, out), 1, UINT64_MAX, 1, 0 },
        { "words reach out of the region", offsetof(spk_entry_t, out), 1, UINT64_MAX - 2, 1, 1 },
        { "out at the region's end", offsetof(spk_entry_t, out), 1, 0, 1, 1 },
        { "out behind the region", offsetof(spk_entry_t, out), 1, 1, 1, 1 },
        { "out_size one too large", offsetof(spk_entry_t, out_size), 1, 1, 0, 1 },
        { "no room for words behind out_size", offsetof(spk_entry_t, out_size), 1, UINT64_MAX - 2, 0, 1 },
        { FIELD64(out_size, UINT64_MAX) },
        { FIELD64(out_size, UINT64_MAX - 3) },
    };

    (void)state;
    tell_each(lies, LENGTH(lies), 2);
}

static void who_replies_with_more_than_an_entry_is_replaced(void **state)
{
    static const field_lie_t lies[] = {
        { FIELD32(words, SPK_REPLY + 1) },    { FIELD32(words, UINT32_MAX) },
        { FIELD64(out_size, SPK_REPLY - 3) }, { FIELD64(out_size, SPK_REPLY + 1) },
        { FIELD64(out_size, UINT64_MAX) },    { FIELD64(out_size, UINT64_MAX - 3) },
    };

    (void)state;
    in_entry = 1;
    tell_each(lies, LENGTH(lies), 2);
    in_entry = 0;
}

/* Without a region that was granted, no reply lies anywhere but in the entry. */
static void a_reply_without_a_region_is_ignored(void **state)
{
    spork_pool_t *pool = open_pool(1, 0);
    spork_map_t options;
    int out[ITEMS];

    (void)state;
    fake.processes[0].worker.region = pool->payloads + 65536;
    field_lie = NULL;
    lie = tell_of_item_2;
    assert_int_equal(map_squares(pool, out, &options), APR_SUCCESS);
    assert_int_equal(last_entry.words, 4);
    crew_close(pool);
}

static void tell_twice(spk_worker_t *worker)
{
    tell_of_item_2(worker);
    tell_of_item_2(worker);
}

static void an_item_fails_only_once(void **state)
{
    spork_pool_t *pool = open_pool(1, 0);
    spork_map_t options;
    int out[ITEMS];

    (void)state;
    grant_room(pool, &fake.processes[0].worker);
    field_lie = NULL;
    lie = tell_twice;
    assert_int_equal(map_squares(pool, out, &options), SPORK_EFAILED);
    assert_int_equal(options.n_failures, 1);
    expect_honest_map(pool);
    crew_close(pool);
}

/* An entry about a job that is long through, when another is in its slot. */
static void an_old_jobs_entry_is_ignored(void **state)
{
    spork_pool_t *pool = open_pool(1, 0);
    int i;

    (void)state;
    field_lie = NULL;
    lie = tell_of_item_2;
    grant_room(pool, &fake.processes[0].worker);
    {
        spork_map_t options;
        int out[ITEMS];

        assert_int_equal(map_squares(pool, out, &options), SPORK_EFAILED);
    }
    for (i = 0; i < SPK_SLOTS * 2; i++) {
        spk_worker_t *worker = &fake.processes[0].worker;

        worker->seat->ring[worker->published % SPK_RING] = last_entry;
        spk_worker_publish(worker);
        expect_honest_map(pool);
    }
    crew_close(pool);
}

/* ---- rest that is not there ------------------------------------------------------------------------------- */

static void give(spk_worker_t *worker, uint32_t item, uint32_t count)
{
    spk_entry_t *entry = write_entry(worker, SPK_ENTRY_REST, item);

    entry->count = count;
    spk_worker_publish(worker);
}

static void give_too_many(spk_worker_t *worker)
{
    give(worker, 0, ITEMS + 1);
    give(worker, 1, ITEMS);
    give(worker, ITEMS - 1, 2);
    give(worker, 1, UINT32_MAX);
    give(worker, 0, 0);
}

static void rest_beyond_the_job_is_ignored(void **state)
{
    spork_pool_t *pool = open_pool(1, 0);
    spork_map_t options;
    int out[ITEMS];

    (void)state;
    lie = give_too_many;
    assert_int_equal(map_squares(pool, out, &options), APR_SUCCESS);
    expect_squares(out);
    assert_int_equal(pool->serials, 1); /* nothing was posted again */
    crew_close(pool);
}

static void give_all(spk_worker_t *worker)
{
    give(worker, 0, ITEMS);
}

static void give_all_often(spk_worker_t *worker)
{
    int i;

    for (i = 0; i < 5; i++) give(worker, 0, ITEMS);
}

static void give_all_and_die(spk_worker_t *worker)
{
    give_all_often(worker);
    fake_die(11, 0);
}

/* Its own job may be spoilt; no other, and the parent lives. */
static void expect_contained(lie_t told, int workers)
{
    spork_pool_t *pool = open_pool(workers, 0);
    spork_map_t options;
    int out[ITEMS], i;

    lie = told;
    (void)map_squares(pool, out, &options);
    assert_null(lie);
    assert_true(options.n_failures <= ITEMS);
    for (i = 0; i < SPK_SLOTS * 2; i++) expect_honest_map(pool);
    crew_close(pool);
}

static void rest_that_was_never_claimed_harms_nobody_else(void **state)
{
    (void)state;
    expect_contained(give_all, 1);
    expect_contained(give_all, 2);
}

static void rest_given_twice_harms_nobody_else(void **state)
{
    (void)state;
    expect_contained(give_all_often, 1);
    expect_contained(give_all_often, 2);
}

static void rest_given_by_the_dead_harms_nobody_else(void **state)
{
    (void)state;
    expect_contained(give_all_and_die, 1);
    expect_contained(give_all_and_die, 2);
}

/* Worker 0 takes an item, says that nobody has begun any, and stays in it while worker 1 does them all again; only
 * then it tells how its item ended. */
enum { STAY_TAKES, STAY_RUNS, STAY_IS_THROUGH };

static int stays, stay_waits;
static spk_range_t stay_range;
static spork_pool_t *stay_pool;

static void stay_take(spk_worker_t *worker)
{
    spk_seat_t *seats = worker->head->seats;

    atomic_store(&worker->seat->looking, 1);
    assert_true(spk_claim(&worker->head->jobs[0], 0, 0, seats, 2, worker->id, 0, &stay_range));
    atomic_store(&worker->seat->cur, spk_cur_pack(SPK_CUR_RUNNING, 0, 0, stay_range.begin));
    give(worker, 0, ITEMS);
    spk_worker_wake_parent(worker);
}

static void stay_finish(spk_worker_t *worker)
{
    spk_entry_t *entry = write_entry(worker, SPK_ENTRY_OUTCOME, stay_range.begin);

    entry->status = LIE_STATUS;
    spk_worker_publish(worker);
    atomic_store(&worker->seat->cur, spk_cur_pack(SPK_CUR_FINISHED, 0, 0, stay_range.begin));
    atomic_store(&worker->seat->begun[0][0], stay_range.begin + 1);
    worker->through[0] = atomic_load(&worker->head->serials[0]);
    atomic_store(&worker->seat->cur, 0);
    atomic_store(&worker->seat->looking, 0);
    spk_worker_wake_parent(worker);
}

static int stay_behind(void)
{
    spk_worker_t *worker = &fake.processes[0].worker;

    (void)crew_watch();
    if (stays == STAY_TAKES) {
        stay_take(worker);
        stays = STAY_RUNS;
        return 1;
    }
    /* in the next map, or when the parent knows that it has to wait for worker 0 */
    if (stays == STAY_RUNS && (++stay_waits > 20 || stay_pool->serials > 2)) {
        stay_finish(worker);
        stays = STAY_IS_THROUGH;
        return 1;
    }
    return stays == STAY_RUNS ? fake_serve(1) : crew_work();
}

static void who_gave_its_item_back_and_runs_it_harms_nobody_else(void **state)
{
    spork_map_t options;
    int out[ITEMS], i;

    (void)state;
    stay_pool = open_pool(2, 0);
    stays = STAY_TAKES;
    stay_waits = 0;
    fake.on_wait = stay_behind;
    (void)map_squares(stay_pool, out, &options);
    for (i = 0; i < SPK_SLOTS * 2; i++) expect_honest_map(stay_pool);
    assert_int_equal(stays, STAY_IS_THROUGH);
    crew_close(stay_pool);
}

/* ---- other words of the segment ---------------------------------------------------------------------------- */

static void run_ahead(spk_worker_t *worker)
{
    worker->published += SPK_RING;
    atomic_store(&worker->seat->head, worker->published + 1);
    worker->published = 0; /* what it says from now on makes no sense either */
}

static void run_backwards(spk_worker_t *worker)
{
    atomic_store(&worker->seat->head, worker->published - 1);
}

static void expect_end_of_liar(lie_t told)
{
    spork_pool_t *pool = open_pool(1, 0);
    spork_map_t options;
    int out[ITEMS];

    lie = told;
    (void)map_squares(pool, out, &options);
    expect_honest_map(pool);
    assert_int_equal(fake.n_processes, 2);
    assert_true(fake.processes[0].killed && !fake.processes[0].alive);
    expect_honest_map(pool);
    assert_int_equal(fake.n_processes, 2);
    crew_close(pool);
}

static void a_ring_head_out_of_range_costs_the_worker_its_life(void **state)
{
    (void)state;
    expect_end_of_liar(run_ahead);
    expect_end_of_liar(run_backwards);
}

/* Every word that a worker can write about itself, all bits set, and then it dies. */
static void scribble_and_die(spk_worker_t *worker)
{
    spk_seat_t *seat = worker->seat;
    unsigned slot, lane;

    for (slot = 0; slot < SPK_SLOTS; slot++) {
        for (lane = 0; lane < SPK_LANES; lane++) {
            atomic_store(&seat->record[slot][lane], UINT64_MAX);
            atomic_store(&seat->begun[slot][lane], UINT32_MAX);
        }
    }
    memset(seat->ring, 0xff, sizeof seat->ring);
    memset(seat->words, 0xff, sizeof seat->words);
    atomic_store(&seat->cur, UINT64_MAX);
    atomic_store(&seat->started, UINT64_MAX);
    atomic_store(&seat->looking, UINT32_MAX);
    atomic_store(&seat->mood, UINT32_MAX);
    atomic_store(&seat->want, UINT64_MAX);
    atomic_store(&seat->finished, UINT64_MAX);
    atomic_store(&seat->head, UINT64_MAX);
    fake_die(11, 0);
}

/* It claims to have claimed all, begun nothing, whatever the others did. */
static void claim_the_world_and_die(spk_worker_t *worker)
{
    spk_seat_t *seat = worker->seat;
    unsigned slot, lane;

    for (slot = 0; slot < SPK_SLOTS; slot++) {
        for (lane = 0; lane < SPK_LANES; lane++) {
            atomic_store(&seat->record[slot][lane], (uint64_t)SPK_WHOLE << 27 | 1);
            atomic_store(&seat->begun[slot][lane], 0);
        }
    }
    atomic_store(&seat->cur, 0);
    fake_die(11, 0);
}

/* The lanes themselves: all claimed by nobody that there is, or all free again. */
static void spoil_lanes(spk_worker_t *worker, uint64_t word)
{
    unsigned slot, lane;

    for (slot = 0; slot < SPK_SLOTS; slot++)
        for (lane = 0; lane < SPK_LANES; lane++)
            atomic_store(&worker->head->jobs[slot].lanes[lane].word, word);
    fake_die(11, 0);
}

static void end_lanes_and_die(spk_worker_t *worker)
{
    spoil_lanes(worker, UINT64_MAX);
}

static void free_lanes_and_die(spk_worker_t *worker)
{
    spoil_lanes(worker, 0);
}

static void expect_contained_in_any_crew(lie_t told)
{
    int workers;

    for (workers = 1; workers <= 3; workers++) expect_contained(told, workers);
}

static void a_scribbled_seat_harms_nobody_else(void **state)
{
    (void)state;
    expect_contained_in_any_crew(scribble_and_die);
}

static void a_claim_of_everything_harms_nobody_else(void **state)
{
    (void)state;
    expect_contained_in_any_crew(claim_the_world_and_die);
}

static void lanes_without_end_harm_nobody_else(void **state)
{
    (void)state;
    expect_contained_in_any_crew(end_lanes_and_die);
}

static void lanes_set_back_harm_nobody_else(void **state)
{
    (void)state;
    expect_contained_in_any_crew(free_lanes_and_die);
}

/* The item at hand is in no slot that there is: neither the deadline nor a wish for room looks there. */
static int lies_left;

static int point_nowhere(void)
{
    spk_seat_t *seat = &fake.head->seats[0];

    if (lies_left == 0) return crew_work();
    lies_left--;
    atomic_store(&seat->cur, spk_cur_pack(SPK_CUR_RUNNING, 255, 15, UINT32_MAX));
    atomic_store(&seat->want, lies_left % 2 ? (uint64_t)1 << 60 : 1);
    if (lies_left == 0) atomic_store(&seat->cur, 0);
    return crew_watch();
}

static void an_impossible_item_at_hand_is_ignored(void **state)
{
    spork_pool_t *pool = open_pool(2, 1000);

    (void)state;
    lies_left = 50;
    fake.on_wait = point_nowhere;
    expect_honest_map(pool);
    assert_int_equal(lies_left, 0);
    assert_int_equal(fake.n_kills, 0);
    crew_close(pool);
}

/* The same lies about submitted items: each ends once, nobody waits for ever. */
static void expect_contained_futures(lie_t told, int workers)
{
    spork_pool_t *pool = open_pool(workers, 0);
    spork_future_t *futures[ITEMS], *done;
    int round, i;

    for (round = 0; round < SPK_SLOTS * 2; round++) {
        if (round == 1) lie = told;
        for (i = 0; i < ITEMS; i++)
            assert_int_equal(spork_submit(&futures[i], pool, nothing, &i, sizeof i), APR_SUCCESS);
        for (i = 0; i < ITEMS; i++) {
            assert_int_equal(spork_wait_any(pool, -1, &done), APR_SUCCESS);
            if (round != 1) assert_int_equal(spork_future_outcome(done)->status, APR_SUCCESS);
            spork_future_destroy(done);
        }
        assert_int_equal(spork_wait_any(pool, -1, &done), APR_EOF);
    }
    assert_null(lie);
    crew_close(pool);
}

static void lies_about_submitted_items_harm_nobody_else(void **state)
{
    static const lie_t lies[] = {
        tell_of_item_2,   give_too_many, give_all,         give_all_often,
        give_all_and_die, run_ahead,     scribble_and_die, claim_the_world_and_die
    };
    int workers;
    size_t i;

    (void)state;
    field_lie = NULL;
    for (workers = 1; workers <= 3; workers++)
        for (i = 0; i < LENGTH(lies); i++) expect_contained_futures(lies[i], workers);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_in_order_is_believed),
        cmocka_unit_test(impossible_entries_are_ignored),
        cmocka_unit_test(who_replies_from_elsewhere_is_replaced),
        cmocka_unit_test(who_replies_with_more_than_an_entry_is_replaced),
        cmocka_unit_test(a_reply_without_a_region_is_ignored),
        cmocka_unit_test(an_item_fails_only_once),
        cmocka_unit_test(an_old_jobs_entry_is_ignored),
        cmocka_unit_test(rest_beyond_the_job_is_ignored),
        cmocka_unit_test(rest_that_was_never_claimed_harms_nobody_else),
        cmocka_unit_test(rest_given_twice_harms_nobody_else),
        cmocka_unit_test(rest_given_by_the_dead_harms_nobody_else),
        cmocka_unit_test(who_gave_its_item_back_and_runs_it_harms_nobody_else),
        cmocka_unit_test(a_ring_head_out_of_range_costs_the_worker_its_life),
        cmocka_unit_test(a_scribbled_seat_harms_nobody_else),
        cmocka_unit_test(a_claim_of_everything_harms_nobody_else),
        cmocka_unit_test(lanes_without_end_harm_nobody_else),
        cmocka_unit_test(lanes_set_back_harm_nobody_else),
        cmocka_unit_test(an_impossible_item_at_hand_is_ignored),
        cmocka_unit_test(lies_about_submitted_items_harm_nobody_else),
    };

    if (spork_init(NULL, NULL, tasks) != APR_SUCCESS) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
