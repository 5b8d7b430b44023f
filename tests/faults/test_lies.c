/*
 * Faults: a worker that tells single lies, in a real process: each field that stands in the shared segment gets each
 * of five impossible values, while a map and submitted items are under way; and a worker that claims what it does not own.
 * What random bytes (test_hostile.c) hit once in a thousand years is hit here at once.
 *
 * The environment: with SPORK_TEST_ALL every value, told in a map and in a submitted item, in each kind of pool; without,
 * one of all these for each field, which is another one with another SPORK_TEST_SEED.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hostile.h"

#include <stdlib.h>
#include <string.h>

#include "worker.h"

#define WORKERS 2

/* ---- the fields --------------------------------------------------------------------------------------- */

enum { HEAD, SERIALS, JOB, LANE, OTHER_LANE, SEAT, BEGUN, RECORD, ENTRY, TABLE };

typedef struct {
    const char *name;
    int where;
    size_t offset, size; /* of the field; of a longer one its first eight bytes */
} field_t;

#define FIELD(type, field, where)                                                             \
    {                                                                                         \
#field, where, offsetof(type, field), sizeof((type *)NULL)->field < 8 ? (size_t)4 : 8 \
    }
#define IN_HEAD(field) FIELD(spk_header_t, field, HEAD)
#define IN_JOB(field) FIELD(spk_job_t, field, JOB)
#define IN_SEAT(field) FIELD(spk_seat_t, field, SEAT)
#define IN_ENTRY(field) FIELD(spk_entry_t, field, ENTRY)
#define IN_TABLE(field) FIELD(spk_item_t, field, TABLE)

static const field_t fields[] = {
    IN_HEAD(magic),
    IN_HEAD(secret),
    IN_HEAD(fingerprint),
    IN_HEAD(reserved),
    IN_HEAD(arena),
    IN_HEAD(n_seats),
    IN_HEAD(max_tasks),
    IN_HEAD(initializer),
    IN_HEAD(spin),
    IN_HEAD(init_arg),
    IN_HEAD(init_size),
    IN_HEAD(trace),
    IN_HEAD(open),
    IN_HEAD(oldest),
    IN_HEAD(closing),
    { "serials", SERIALS, 0, 8 },
    IN_HEAD(parent_asleep),
    IN_HEAD(roll),
    IN_JOB(serial),
    IN_JOB(flags),
    IN_JOB(fn),
    IN_JOB(count),
    IN_JOB(chunk),
    IN_JOB(n_lanes),
    IN_JOB(first),
    IN_JOB(in),
    IN_JOB(in_size),
    IN_JOB(out),
    IN_JOB(out_size),
    IN_JOB(stop),
    { "word", LANE, offsetof(spk_lane_t, word), 8 },
    { "end", LANE, offsetof(spk_lane_t, end), 4 },
    { "another lane's word", OTHER_LANE, offsetof(spk_lane_t, word), 8 },
    { "another lane's end", OTHER_LANE, offsetof(spk_lane_t, end), 4 },
    IN_SEAT(cur),
    IN_SEAT(started),
    IN_SEAT(looking),
    IN_SEAT(mood),
    IN_SEAT(head),
    IN_SEAT(want),
    IN_SEAT(finished),
    IN_SEAT(part),
    IN_SEAT(answered),
    IN_SEAT(tail),
    IN_SEAT(granted),
    IN_SEAT(region),
    IN_SEAT(region_size),
    IN_SEAT(region_once),
    IN_SEAT(phase),
    IN_SEAT(unfit),
    IN_SEAT(words),
    IN_SEAT(log_lost),
    IN_SEAT(mail.asked),
    IN_SEAT(mail.kind),
    IN_SEAT(mail.part),
    IN_SEAT(mail.size),
    IN_SEAT(mail.name),
    IN_SEAT(mail.replied),
    IN_SEAT(mail.status),
    IN_SEAT(mail.sent),
    IN_SEAT(mail.answer_size),
    IN_SEAT(mail.room),
    IN_SEAT(mail.room_size),
    IN_SEAT(mail.words),
    { "begun", BEGUN, 0, 4 },
    { "record", RECORD, 0, 8 },
    IN_ENTRY(serial),
    IN_ENTRY(kind),
    IN_ENTRY(slot),
    IN_ENTRY(item),
    IN_ENTRY(count),
    IN_ENTRY(status),
    IN_ENTRY(words),
    IN_ENTRY(out),
    IN_ENTRY(out_size),
    IN_TABLE(index),
    IN_TABLE(in_size),
    IN_TABLE(in),
    IN_TABLE(fn),
    IN_TABLE(cancelled),
};

enum { ZERO, ALL_ONES, TOP_BIT, ONE_MORE, ONE_LESS, N_VALUES };

static const char *const values[N_VALUES] = { "0", "~0", "top bit", "one more", "one less" };

/* ---- the lying task ----------------------------------------------------------------------------------- */

/* what: 1 + which field, or claim. how: the value, whose seat, and whether it dies then. */
#define OF_ANOTHER 16U
#define AND_DIES 32U

/* The worker's place, before anything is spoilt. */
typedef struct {
    spk_worker_t *worker;
    spk_job_t *job;
    spk_seat_t *seat; /* its own or another's */
    unsigned slot, lane, n_seats, other;
    uint32_t item;
} place_t;

static place_t place_of(spk_worker_t *worker, const item_t *item)
{
    place_t place;
    spk_cur_t cur = spk_cur_unpack(atomic_load(&worker->seat->cur));

    place.worker = worker;
    place.slot = cur.slot;
    place.lane = cur.lane;
    place.item = cur.item;
    place.job = &worker->head->jobs[cur.slot];
    place.n_seats = worker->head->n_seats;
    place.other = (worker->id + 1) % place.n_seats;
    place.seat = item->how & OF_ANOTHER ? &worker->head->seats[place.other] : worker->seat;
    return place;
}

/* An entry in order, but for the lie that is told in it before it is published. */
static spk_entry_t *write_entry(const place_t *place, uint32_t kind)
{
    spk_worker_t *worker = place->worker;
    spk_entry_t *entry = &worker->seat->ring[worker->published % SPK_RING];

    memset(entry, 0, sizeof *entry);
    entry->serial = place->job->serial;
    entry->kind = kind;
    entry->slot = place->slot;
    entry->item = place->item;
    entry->status = APR_EGENERAL;
    if (worker->region_size >= 8) {
        entry->out = worker->region;
        entry->out_size = 4;
        entry->words = 4;
    }
    return entry;
}

static void publish(spk_worker_t *worker)
{
    atomic_store(&worker->seat->head, ++worker->published);
}

static unsigned char *find(const place_t *place, const field_t *field)
{
    spk_header_t *head = place->worker->head;
    unsigned other_lane = (place->lane + 1) % SPK_LANES;
    spk_item_t *table = (spk_item_t *)(void *)(place->worker->shm.base + place->job->in);

    switch (field->where) {
    case SERIALS: return (unsigned char *)&head->serials[place->slot];
    case JOB: return (unsigned char *)place->job + field->offset;
    case LANE: return (unsigned char *)&place->job->lanes[place->lane] + field->offset;
    case OTHER_LANE: return (unsigned char *)&place->job->lanes[other_lane] + field->offset;
    case SEAT: return (unsigned char *)place->seat + field->offset;
    case BEGUN: return (unsigned char *)&place->seat->begun[place->slot][place->lane];
    case RECORD: return (unsigned char *)&place->seat->record[place->slot][place->lane];
    case ENTRY: return (unsigned char *)write_entry(place, SPK_ENTRY_OUTCOME) + field->offset;
    case TABLE: return (unsigned char *)&table[place->item] + field->offset;
    default: return (unsigned char *)head + field->offset;
    }
}

static uint64_t lied(uint64_t was, unsigned value, size_t size)
{
    switch (value) {
    case ZERO: return 0;
    case ALL_ONES: return UINT64_MAX;
    case TOP_BIT: return was ^ UINT64_C(1) << (size * 8 - 1);
    case ONE_MORE: return was + 1;
    default: return was - 1;
    }
}

static void tell(const place_t *place, const field_t *field, unsigned value)
{
    unsigned char *at = find(place, field);

    if (field->size == 4) {
        _Atomic uint32_t *word = (_Atomic uint32_t *)(void *)at;

        atomic_store(word, (uint32_t)lied(atomic_load(word), value, 4));
    } else {
        _Atomic uint64_t *word = (_Atomic uint64_t *)(void *)at;

        atomic_store(word, lied(atomic_load(word), value, 8));
    }
    if (field->where == ENTRY) publish(place->worker);
}

/* ---- claims --------------------------------------------------------------------------------------------- */

static uint64_t claimed(uint32_t start, unsigned length, unsigned claimant)
{
    return (uint64_t)start << 32 | (uint64_t)length << 27 | (uint64_t)claimant << 16;
}

static void claim_all(const place_t *place, uint64_t word)
{
    for (unsigned lane = 0; lane < SPK_LANES; lane++) atomic_store(&place->job->lanes[lane].word, word);
}

static void for_itself(const place_t *place)
{
    claim_all(place, claimed(0, SPK_WHOLE, place->worker->id + 1));
}

static void for_another(const place_t *place)
{
    claim_all(place, claimed(0, SPK_WHOLE, place->other + 1));
}

/* Nobody answers a roll call while it spins. */
static void for_another_while_all_spin(const place_t *place)
{
    place->worker->head->spin = UINT32_MAX;
    for_another(place);
}

static void for_the_parent(const place_t *place)
{
    claim_all(place, claimed(0, SPK_WHOLE, SPK_PARENT));
}

static void for_nobody(const place_t *place)
{
    claim_all(place, claimed(0, 0, SPK_NOBODY));
}

static void for_who_is_not_there(const place_t *place)
{
    claim_all(place, claimed(0, 0, place->n_seats + 1));
}

static void beyond_the_end(const place_t *place)
{
    claim_all(place, claimed(UINT32_MAX, SPK_LENGTH_MAX, place->other + 1));
}

static void in_anothers_record(const place_t *place)
{
    for (unsigned slot = 0; slot < SPK_SLOTS; slot++)
        for (unsigned lane = 0; lane < SPK_LANES; lane++) {
            atomic_store(&place->seat->record[slot][lane], claimed(0, SPK_WHOLE, 0) | 1);
            atomic_store(&place->seat->begun[slot][lane], 0);
        }
}

static void as_running(const place_t *place)
{
    atomic_store(&place->seat->cur, spk_cur_pack(SPK_CUR_RUNNING, place->slot, place->lane, 0));
}

static void as_condemned(const place_t *place)
{
    atomic_store(&place->seat->cur, spk_cur_pack(SPK_CUR_CONDEMNED, place->slot, place->lane, place->item));
}

static void as_reporting(const place_t *place)
{
    atomic_store(&place->seat->cur, spk_cur_pack(SPK_CUR_REPORTING, place->slot, place->lane, place->item));
}

static void as_nothing(const place_t *place)
{
    atomic_store(&place->seat->cur, 0);
}

/* Again and again, what others have or had. */
static void by_giving_back(const place_t *place)
{
    for (int i = 0; i < 20; i++) {
        spk_entry_t *entry = write_entry(place, SPK_ENTRY_REST);

        entry->item = 0;
        entry->count = place->job->count;
        publish(place->worker);
    }
}

static void by_reporting_of_others(const place_t *place)
{
    for (uint32_t item = 0; item < place->job->count; item++) {
        write_entry(place, SPK_ENTRY_OUTCOME)->item = item;
        publish(place->worker);
    }
}

typedef struct {
    const char *name;
    void (*make)(const place_t *place);
} claim_t;

#define CLAIM(fn) \
    {             \
#fn, fn   \
    }

static const claim_t claims[] = {
    CLAIM(for_itself),
    CLAIM(for_another),
    CLAIM(for_another_while_all_spin),
    CLAIM(for_the_parent),
    CLAIM(for_nobody),
    CLAIM(for_who_is_not_there),
    CLAIM(beyond_the_end),
    CLAIM(in_anothers_record),
    CLAIM(as_running),
    CLAIM(as_condemned),
    CLAIM(as_reporting),
    CLAIM(as_nothing),
    CLAIM(by_giving_back),
    CLAIM(by_reporting_of_others),
};

void misbehave(spork_task_t *task, const item_t *item)
{
    place_t place = place_of(task->keeper, item);

    if (item->what <= LENGTH(fields))
        tell(&place, &fields[item->what - 1], item->how % OF_ANOTHER);
    else
        claims[item->what - 1 - LENGTH(fields)].make(&place);
    if (item->how & AND_DIES) die(DIE_KILLED);
}

static const spork_entry_t entries[] = { SPORK_ENTRY(square), SPORK_END };

/* ---- the parent ------------------------------------------------------------------------------------------ */

static int kind; /* of the pool */

static int has_table(const item_t *item)
{
    return item->what <= LENGTH(fields) && fields[item->what - 1].where == TABLE;
}

static void withstand(bed_t *bed, apr_uint32_t what, apr_uint32_t how, int is_submitted)
{
    item_t item;
    int is_claim = what > LENGTH(fields);

    memset(&item, 0, sizeof item);
    item.what = what;
    item.how = how;
    if (has_table(&item)) is_submitted = 1; /* a map has no table of items */
    round_begins("%s, %s%s: %s%s, %s", kinds[kind], is_claim ? "claims " : "",
                 is_claim ? claims[what - 1 - LENGTH(fields)].name : fields[what - 1].name,
                 is_claim ? "" : values[how % OF_ANOTHER],
                 how & OF_ANOTHER ? ", another's"
                 : how & AND_DIES ? ", and dies"
                                  : "",
                 is_submitted ? "submitted" : "mapped");
    bed_suffer(bed, &item, is_submitted);
    if (!bed_recovers(bed)) {
        bed_end(bed);
        bed_make_kind(bed, WORKERS, kind);
    }
}

/* The variants of one field, or claim: all of them, or one. */
static void withstand_each(bed_t *bed, apr_uint32_t what, unsigned n_values, unsigned n_flags,
                           const unsigned *flags)
{
    unsigned all = n_values * n_flags * 2, n = getenv("SPORK_TEST_ALL") != NULL ? all : 1;

    for (unsigned i = 0; i < n; i++) {
        unsigned variant = ((unsigned)setting("SPORK_TEST_SEED", 1) * 7 + what * 3 + i) % all;

        withstand(bed, what, variant / 2 % n_values | flags[variant / 2 / n_values], variant % 2 != 0);
    }
}

/* In a pool of each kind, or of one. */
static void in_pools(void (*withstand_those)(bed_t *bed, int from, int to), int from, int to)
{
    int n = getenv("SPORK_TEST_ALL") != NULL ? N_KINDS : 1;
    bed_t bed;

    needs_workers();
    for (int i = 0; i < n; i++) {
        kind = (setting("SPORK_TEST_SEED", 1) + from + i) % N_KINDS;
        round_begins("the first pool");
        bed_make_kind(&bed, WORKERS, kind);
        withstand_those(&bed, from, to);
        bed_end(&bed);
    }
    the_next_pool_works(WORKERS);
}

static void withstand_fields(bed_t *bed, int from, int to)
{
    static const unsigned flags[] = { 0, OF_ANOTHER };

    for (unsigned f = 0; f < LENGTH(fields); f++) {
        int of_seats = fields[f].where >= SEAT && fields[f].where <= RECORD;

        if (fields[f].where >= from && fields[f].where <= to)
            withstand_each(bed, f + 1, N_VALUES, of_seats ? 2 : 1, flags);
    }
}

static void withstand_claims(bed_t *bed, int from, int to)
{
    static const unsigned flags[] = { 0, AND_DIES, OF_ANOTHER };

    for (int c = from; c <= to; c++)
        withstand_each(bed, (apr_uint32_t)LENGTH(fields) + (apr_uint32_t)c + 1, 1, 3, flags);
}

static void lies_in_the_head(void **state)
{
    (void)state;
    in_pools(withstand_fields, HEAD, SERIALS);
}

static void lies_in_a_job(void **state)
{
    (void)state;
    in_pools(withstand_fields, JOB, OTHER_LANE);
}

static void lies_in_a_seat(void **state)
{
    (void)state;
    in_pools(withstand_fields, SEAT, RECORD);
}

static void lies_in_an_entry(void **state)
{
    (void)state;
    in_pools(withstand_fields, ENTRY, ENTRY);
}

static void lies_in_a_table_of_items(void **state)
{
    (void)state;
    in_pools(withstand_fields, TABLE, TABLE);
}

static void claims_of_what_others_own(void **state)
{
    (void)state;
    in_pools(withstand_claims, 0, (int)LENGTH(claims) - 1);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(lies_in_the_head),         TEST(lies_in_a_job),
        TEST(lies_in_a_seat),           TEST(lies_in_an_entry),
        TEST(lies_in_a_table_of_items), TEST(claims_of_what_others_own),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, entries) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("lies", tests);
}
