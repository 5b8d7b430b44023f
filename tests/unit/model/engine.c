/*
 * The engine in the model: the parent's part of a play, and what becomes of the items.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine_inside.h"

#include "map_part.h"
#include "registry.h"
#include <apr_general.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOT 0U
#define PAGE ((size_t)4096)

/* An item is WAITING to be posted, POSTED, DONE by a worker, or LOST with one. */
enum { WAITING, POSTED, DONE, LOST };

typedef struct {
    int state, begun, ended, reported, condemned, harvested;
    int asked, answered; /* by their addresses: what is written for a call, and for its answer */
    int added;           /* it came to a job that was posted before */
    int given;           /* by its address: what is written for it then */
} item_t;

engine_t engine;
void (*engine_worker)(spk_worker_t *worker) = spk_worker_main;

static item_t items[ENGINE_ITEMS];
static uint32_t first; /* item 0 of the open job */
static int generation;
static uint64_t round_began; /* model_writes() then */
static int round_stale;      /* model_stale() then */
static int weak;             /* memory, in this play */
static int posting;          /* the slot is the parent's */
static int job_fields;       /* by its address: what the parent writes for a job */
static union {
    spk_header_t head;
    unsigned char
        bytes[((offsetof(spk_header_t, seats) + ENGINE_WORKERS * sizeof(spk_seat_t)) / PAGE + 4) * PAGE];
} segment;
static union {
    spk_part_t part; /* of the open job */
    unsigned char bytes[sizeof(spk_part_t) + ENGINE_ITEMS];
} whole;
static spk_range_t room[ENGINE_WORKERS * SPK_LANES];
static spk_queue_t *queue;
static spork_answer_t *first_caller; /* who waits for a second one */
static size_t first_number;

/* Is this item the `which`th? */
static int fits(size_t item, int which)
{
    return (int)item + 1 == which;
}

/* ---- the service --------------------------------------------------------------------------------- */

static void forget_first(spork_answer_t *answer)
{
    if (answer != first_caller) model_fail("a wait ends that is none");
    first_caller = NULL;
}

static apr_status_t hear(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    spork_answer_t *before = first_caller;
    size_t number = engine.play->items;

    (void)baton;
    if (in_size == sizeof number) memcpy(&number, in, sizeof number);
    if (number >= engine.play->items || items[number].state != POSTED)
        model_fail("a call of no item is heard");
    if (!model_plain_known(&items[number].asked)) model_fail("a call is heard before it is seen");
    if (engine.play->asks == 2 && before == NULL) {
        first_caller = answer;
        first_number = number;
        spk_answer_later(answer, UINT64_MAX, forget_first);
        return APR_SUCCESS;
    }
    model_plain_write(&items[number].answered);
    if (before != NULL) {
        first_caller = NULL;
        model_plain_write(&items[first_number].answered);
        spk_answer_now(before, APR_SUCCESS);
    }
    return APR_SUCCESS;
}

static spk_service_t services[] = { { "hear", hear, NULL, NULL } };

static void ask(spork_task_t *task, size_t number)
{
    apr_status_t status;

    model_plain_write(&items[number].asked);
    status = spork_call(task, "hear", &number, sizeof number, NULL, NULL);
    if (status == APR_EOF && engine.play->asks == 2 && engine.play->calls > 0)
        return; /* the other has died */
    if (status != APR_SUCCESS) model_fail("item %d is answered with %d", (int)number, status);
    if (!model_plain_known(&items[number].answered))
        model_fail("item %d does not see its answer", (int)number);
}

/* ---- the task ------------------------------------------------------------------------------------ */

static apr_status_t play_item(spork_task_t *task, const void *in, void *out)
{
    size_t number = spork_task_index(task);
    item_t *item = &items[number];

    (void)in;
    (void)out;
    if (number >= engine.play->items || item->state != POSTED)
        model_fail("item %d runs out of turn", (int)number);
    if (++item->begun > 1) model_fail("item %d runs twice", (int)number);
    if (!model_plain_known(&job_fields)) model_fail("item %d may run without its job's fields", (int)number);
    if (item->added && !model_plain_known(&item->given))
        model_fail("item %d runs before what it is can be seen", (int)number);
    model_plain_write(item);
    model_local(model_mix(engine.pool.serials, number));
    if (engine.play->asks != 0) ask(task, number);
    item->ended++;
    return fits(number, engine.play->fails) ? APR_EGENERAL : APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(play_item), SPORK_END };

/* ---- the owner ----------------------------------------------------------------------------------- */

static item_t *posted_item(uint32_t number, const char *what)
{
    item_t *item = &items[first + number];

    if (first + number >= engine.play->items || item->state != POSTED)
        model_fail("item %d is %s out of turn", (int)(first + number), what);
    if (item->harvested) model_fail("item %d is %s, but was harvested", (int)(first + number), what);
    return item;
}

/* As a map does it: what has not succeeded is no more to be harvested. */
static void take(uint32_t number)
{
    if (!spk_part_take(&whole.part, number)) model_fail("item %d is taken twice", (int)(first + number));
}

static void on_outcome(spork_pool_t *pool, unsigned slot, uint32_t number, const spk_result_t *result)
{
    item_t *item = posted_item(number, "reported");

    (void)pool;
    (void)slot;
    if (item->ended != 1) model_fail("item %d is reported, but did not run", (int)(first + number));
    if (++item->reported > 1) model_fail("item %d is reported twice", (int)(first + number));
    if (!model_plain_known(item)) model_fail("item %d is reported before it is seen", (int)(first + number));
    if ((result->status != APR_SUCCESS) != fits(first + number, engine.play->fails))
        model_fail("item %d is reported as %d", (int)(first + number), result->status);
    if (result->status != APR_SUCCESS) take(number);
}

static void on_casualty(spork_pool_t *pool, unsigned slot, uint32_t number, const spk_result_t *result)
{
    item_t *item = posted_item(number, "a casualty");

    (void)pool;
    (void)slot;
    if (item->reported) model_fail("item %d is reported and a casualty", (int)(first + number));
    if (item->condemned && result->status != SPORK_EDEADLINE)
        model_fail("item %d was condemned, but is %d", (int)(first + number), result->status);
    take(number);
    item->state = LOST;
}

static void on_rest(spork_pool_t *pool, unsigned slot, spk_range_t range)
{
    uint32_t number;

    (void)pool;
    (void)slot;
    if (range.begin >= range.end) model_fail("an empty rest");
    for (number = range.begin; number < range.end; number++) {
        item_t *item = posted_item(number, "given back");

        if (item->begun) model_fail("item %d is given back, but was begun", (int)(first + number));
        take(number);
        item->state = WAITING;
    }
}

static void on_through(spork_pool_t *pool, unsigned slot)
{
    int table = (pool->slots[slot].flags & SPK_JOB_TABLE) != 0;
    uint32_t number;

    for (number = first; number < first + pool->slots[slot].count; number++) {
        item_t *item = &items[number];

        if (item->state != POSTED) continue;
        if (item->ended != 1) model_fail("the job is through, but item %d is not", (int)number);
        if (item->condemned) model_fail("item %d was condemned, but finished", (int)number);
        if ((table || fits(number, engine.play->fails)) != item->reported)
            model_fail("the job is through, but item %d is reported %d times", (int)number, item->reported);
        if (!model_plain_known(item)) model_fail("the job is through before item %d is seen", (int)number);
        item->state = DONE;
    }
}

/* Said to be finished while the job goes on. */
static void on_harvest(void *of, spk_part_t *part, spk_range_t some)
{
    uint32_t number;

    (void)of;
    (void)part;
    for (number = some.begin; number < some.end; number++) {
        item_t *item = posted_item(number, "harvested");

        if (item->ended != 1 || item->condemned || fits(first + number, engine.play->fails))
            model_fail("item %d is harvested, but is no success", (int)(first + number));
        if (!model_plain_known(item))
            model_fail("item %d is harvested before it is seen", (int)(first + number));
        item->harvested = 1;
    }
}

/* Nobody writes where it should not: no schedule may look as if somebody did. */
static void on_lost(spork_pool_t *pool, unsigned slot, const spk_result_t *result)
{
    (void)pool;
    (void)slot;
    (void)result;
    model_fail("a sound segment is given up");
}

static const spk_owner_t owner = { on_outcome, on_casualty, on_rest, on_through, on_lost };

/* ---- the parent ---------------------------------------------------------------------------------- */

/* There are entries in this play. */
static int somebody_tells(void)
{
    const engine_play_t *play = engine.play;

    return play->fails != 0 || play->stops || play->max_tasks != 0 || (play->flags & SPK_JOB_TABLE) != 0;
}

/* Words that nobody waits for in this play, or that change when nobody can tell. */
static void hush(void)
{
    spk_header_t *head = engine.pool.head;
    int m, lane;

    for (m = 0; m < engine.pool.n; m++) {
        spk_seat_t *seat = &head->seats[m];

        model_quiet(&seat->started, sizeof seat->started);
        model_quiet(&seat->finished, sizeof seat->finished);
        model_quiet(&seat->want, sizeof seat->want);
        model_quiet(&seat->granted, sizeof seat->granted);
        model_quiet(&seat->tail, sizeof seat->tail);
        if (!somebody_tells()) model_quiet(&seat->head, sizeof seat->head);
        if (engine.play->asks == 0) model_quiet(&seat->mail, sizeof seat->mail);
        if (engine.play->sleeps) continue;
        model_quiet(&seat->mood, sizeof seat->mood);
        if (!weak) model_quiet(&seat->looking, sizeof seat->looking);
    }
    model_quiet(&head->oldest, sizeof head->oldest);
    model_quiet(&head->closing, sizeof head->closing);
    if (!engine.play->sleeps && !weak && engine.play->extends == 0) {
        model_quiet(&head->open, sizeof head->open);
        model_quiet(head->serials, sizeof head->serials);
    }
    for (lane = 0; lane < SPK_LANES && engine.play->extends == 0; lane++)
        model_quiet(&head->jobs[SLOT].lanes[lane].end, sizeof head->jobs[SLOT].lanes[lane].end);
    if (!engine.play->sleeps) {
        model_quiet(&head->parent_asleep, sizeof head->parent_asleep);
        model_quiet(engine.bells, sizeof engine.bells);
    }
    if (!engine.play->stops) model_quiet(&head->jobs[SLOT].stop, sizeof head->jobs[SLOT].stop);
    model_quiet(&engine.pool.interrupted, sizeof engine.pool.interrupted);
    model_steady(&head->open);
}

static spk_item_t *table_of_items(void)
{
    return (spk_item_t *)(void *)(segment.bytes + engine.pool.head->arena);
}

static void begin(void)
{
    spork_pool_t *pool = &engine.pool;
    const engine_play_t *play = engine.play;
    size_t used = offsetof(spk_header_t, seats) + (size_t)play->workers * sizeof(spk_seat_t);
    int m;

    memset(&segment, 0, used);
    memset(items, 0, sizeof items);
    memset(&engine, 0, sizeof engine);
    engine.play = play;
    engine.now = UINT64_C(1000000000000);
    generation = posting = 0;
    pool->owner = spk_os_pid();
    pool->start = SPORK_START_SPAWN;
    pool->n = play->workers;
    pool->config.start_timeout = 60 * APR_USEC_PER_SEC;
    pool->shm.base = segment.bytes;
    pool->shm.reserved = pool->shm.committed = sizeof segment.bytes;
    pool->head = &segment.head;
    pool->head->n_seats = (uint32_t)play->workers;
    pool->head->max_tasks = play->max_tasks;
    pool->head->arena = (used + PAGE - 1) / PAGE * PAGE;
    memcpy(pool->constants, pool->head, sizeof pool->constants);
    pool->payloads = (size_t)pool->head->arena;
    pool->members = engine.members;
    pool->queue = queue;
    pool->services = services;
    pool->n_services = 1;
    first_caller = NULL;
    for (m = 0; m < pool->n; m++) {
        engine.members[m].seat = &pool->head->seats[m];
        engine.members[m].bell.ring.v = m + 1;
    }
    hush();
    for (m = 0; m < ENGINE_ITEMS; m++)
        model_quiet(&table_of_items()[m].cancelled, sizeof table_of_items()[m].cancelled);
}

static void fill_table(void)
{
    spk_item_t *table = table_of_items();
    uint32_t i;

    for (i = 0; i < ENGINE_ITEMS; i++) table[i].index = first + i;
}

/* Post the next run of items that wait; the last ones may come later. */
static void post(void)
{
    spk_post_t job;
    uint32_t end, held = engine.play->extends;

    for (first = 0; items[first].state != WAITING; first++) continue;
    for (end = first; end < engine.play->items && items[end].state == WAITING; end++)
        items[end].state = POSTED;
    for (; held > 0 && end > first + 1 && end + held > engine.play->items; held--)
        items[--end].state = WAITING;
    memset(&job, 0, sizeof job);
    job.owner = &owner;
    job.flags = engine.play->flags;
    job.count = end - first;
    job.chunk = engine.play->chunk;
    job.n_lanes = engine.play->lanes < job.count ? engine.play->lanes : job.count;
    job.first = first;
    memset(&whole, 0, sizeof whole);
    whole.part.count = engine.play->items - first; /* others may come */
    job.of = &whole.part;
    if (job.flags & SPK_JOB_TABLE) {
        job.in = engine.pool.head->arena;
        job.in_size = sizeof(spk_item_t);
        fill_table();
    }
    engine.pool.serials = (engine.pool.serials + SPK_SLOTS) / SPK_SLOTS * SPK_SLOTS; /* the same slot again */
    model_plain_write(&job_fields);
    posting = 1;
    if (spk_job_post(&engine.pool, &job) != (int)SLOT) model_fail("the job got another slot");
    posting = 0;
}

/* An item could come to the job that is open. */
static int may_extend(void)
{
    const spk_slot_t *slot = &engine.pool.slots[SLOT];
    uint32_t next = first + slot->count;

    return engine.play->extends > 0 && slot->state == SPK_SLOT_OPEN && next < engine.play->items &&
           items[next].state == WAITING;
}

static void extend(void)
{
    uint32_t next = first + engine.pool.slots[SLOT].count;

    if (!may_extend() || model_choose(2) != 0) return;
    items[next].state = POSTED;
    items[next].added = 1;
    model_plain_write(&items[next].given);
    if (!spk_job_extend(&engine.pool, SLOT, 1)) model_fail("an open job takes no further item");
}

static int something_waits(void)
{
    uint32_t i;

    for (i = 0; i < engine.play->items; i++)
        if (items[i].state == WAITING) return 1;
    return 0;
}

static int is_looked_at(void)
{
    int m;

    for (m = 0; m < engine.pool.n; m++)
        if (atomic_load_explicit(&engine.members[m].seat->looking, memory_order_relaxed) != 0) return 1;
    return 0;
}

int engine_awaits_slot(void)
{
    return engine.pool.slots[SLOT].state == SPK_SLOT_LEAVING && !is_looked_at();
}

static int is_over(void *of)
{
    (void)of;
    if (engine.play->sleeps) extend();
    return engine.pool.slots[SLOT].state == SPK_SLOT_FREE;
}

static int is_exhausted(void)
{
    const spk_slot_t *slot = &engine.pool.slots[SLOT];
    unsigned lane;

    for (lane = 0; lane < slot->n_lanes; lane++)
        if (spk_claim_free(&engine.pool.head->jobs[SLOT], lane, slot->chunk, slot->ends[lane]) > 0) return 0;
    return 1;
}

/* A round of the parent would change something for this member. */
static int has_member_news(const spk_member_t *member)
{
    spk_cur_t cur = spk_cur_unpack(atomic_load_explicit(&member->seat->cur, memory_order_relaxed));

    if (member->state == SPK_ABSENT || engine_is_unreaped(&member->process)) return 1;
    if (member->state == SPK_STARTING &&
        atomic_load_explicit(&member->seat->phase, memory_order_relaxed) == SPK_PHASE_READY)
        return 1;
    if (cur.state == SPK_CUR_RUNNING && fits(first + cur.item, engine.play->condemned) &&
        member->condemned == APR_SUCCESS)
        return 1;
    return atomic_load_explicit(&member->seat->head, memory_order_relaxed) != member->taken;
}

static int may_harvest(void)
{
    return engine.harvested < engine.play->harvests && engine.pool.slots[SLOT].state == SPK_SLOT_OPEN;
}

/* What a round could find depends on when it comes only if one of these is so. */
static int has_news(void *of)
{
    int state = engine.pool.slots[SLOT].state, m;

    (void)of;
    for (m = 0; m < engine.pool.n; m++)
        if (has_member_news(&engine.members[m])) return 1;
    if (engine_awaits_slot()) return 1;
    if (may_extend() || (engine.play->stops && !engine.stopped)) return model_writes() != round_began;
    if (may_harvest()) return model_writes() != round_began;
    if (model_stale() != round_stale) return 1;
    if (state == SPK_SLOT_LEAVING) return 0;
    return is_exhausted() && model_writes() != round_began;
}

/* The parent may end an item while it runs, once. */
static void condemn(void)
{
    int item = engine.play->condemned - 1, m;

    if (item < 0 || items[item].condemned || items[item].state != POSTED) return;
    for (m = 0; m < engine.pool.n && !items[item].condemned; m++)
        items[item].condemned = spk_condemn(&engine.pool, m, SLOT, (uint32_t)item - first, SPORK_EDEADLINE);
}

static void stop(void)
{
    if (!engine.play->stops || engine.stopped || generation > 0 || model_choose(2) != 0) return;
    engine.stopped = 1;
    spk_job_stop(&engine.pool, SLOT, SPK_STOP_BEGINNING);
}

static void harvest(void)
{
    if (!may_harvest() || model_choose(2) != 0) return;
    engine.harvested++;
    spk_part_harvest(&engine.pool, SLOT, room, on_harvest, NULL);
}

static void pump_without_sleep(void)
{
    while (!is_over(NULL)) {
        uint64_t changes = engine.pool.changes;

        round_began = model_writes();
        round_stale = model_stale();
        model_local(3);
        stop();
        extend();
        condemn();
        harvest();
        spk_crew_drain(&engine.pool);
        spk_crew_tend(&engine.pool);
        spk_jobs_sweep(&engine.pool);
        if (engine.pool.changes == changes && !is_over(NULL)) model_block(has_news, NULL);
    }
}

static void finish_jobs(void)
{
    while (something_waits()) {
        post();
        if (!engine.play->sleeps)
            pump_without_sleep();
        else if (spk_pump_until(&engine.pool, is_over, NULL, -1, 0) != APR_SUCCESS)
            model_fail("the pump gave up: %s", engine.pool.broken_words);
        model_local(4);
    }
}

static void check_items(void)
{
    uint32_t i;

    for (i = 0; i < engine.play->items; i++)
        if (items[i].state != DONE && items[i].state != LOST) model_fail("item %d has no outcome", (int)i);
}

/* Workers that have been started, as far as the parent knows it. */
static void all_aboard(void)
{
    int m;

    for (m = 0; m < engine.pool.n; m++) {
        engine.members[m].state = SPK_READY;
        *(volatile uint32_t *)(volatile void *)&engine.members[m].seat->phase = SPK_PHASE_READY;
    }
}

static void parent(void)
{
    begin();
    spk_crew_tend(&engine.pool);
    if (!engine.play->sleeps) all_aboard();
    for (generation = 0; generation <= engine.play->again; generation++) {
        memset(items, 0, sizeof items);
        finish_jobs();
        check_items();
    }
}

/* ---- the state beside atomics -------------------------------------------------------------------- */

static uint64_t member_hash(uint64_t hash, const spk_member_t *member)
{
    hash = model_mix(hash, (uint64_t)member->state << 8 | (uint64_t)(member->reported != 0));
    hash = model_mix(hash, member->taken);
    hash = model_mix(hash, (uint64_t)member->condemned);
    hash = model_mix(hash, member->caller.taken << 2 | (uint64_t)(member->caller.open != 0) << 1 |
                               (uint64_t)(member->caller.answer.later != 0));
    hash = model_mix_bytes(hash, member->seat->mail_bytes, sizeof(size_t));
    return model_mix_bytes(hash, member->seat->ring, 6 * sizeof *member->seat->ring);
}

static uint64_t state(void)
{
    const spork_pool_t *pool = &engine.pool;
    uint64_t hash = model_mix_bytes((uint64_t)generation, items, sizeof *items * engine.play->items);
    int m, p;

    hash = model_mix(hash, (uint64_t)pool->slots[SLOT].state << 32 | pool->roll);
    hash = model_mix(hash, pool->slots[SLOT].count);
    hash = model_mix(hash, pool->roll_changes);
    hash = model_mix(hash, engine.now);
    hash = model_mix(hash, pool->serials);
    hash =
        model_mix(hash, (uint64_t)engine.stopped << 40 | (uint64_t)pool->fruitless << 32 | pool->idle_deaths);
    hash = model_mix(hash, (uint64_t)engine.harvested);
    hash = model_mix(hash, engine.play->sleeps ? 0 : model_writes() != round_began);
    for (m = 0; m < pool->n; m++) hash = member_hash(hash, &engine.members[m]);
    for (p = 0; p < engine.n_processes; p++) {
        const spk_worker_t *worker = &engine.workers[p];

        hash = model_mix(hash, (uint64_t)engine.processes[p].reaped << 32 | worker->published << 8 |
                                   worker->served);
        hash = model_mix(hash, worker->asked);
        hash = model_mix(hash, worker->through[SLOT]);
    }
    return hash;
}

/* ---- names of words, for traces ------------------------------------------------------------------ */

#define IN_SEAT(field)                      \
    {                                       \
#field, offsetof(spk_seat_t, field) \
    }

static const char *describe(const volatile void *at, char *buffer, size_t size)
{
    static const struct {
        const char *name;
        size_t offset;
    } fields[] = { IN_SEAT(record), IN_SEAT(begun),    IN_SEAT(mail),     IN_SEAT(phase), IN_SEAT(granted),
                   IN_SEAT(tail),   IN_SEAT(answered), IN_SEAT(finished), IN_SEAT(want),  IN_SEAT(head),
                   IN_SEAT(mood),   IN_SEAT(looking),  IN_SEAT(started),  IN_SEAT(cur) };
    size_t offset = (size_t)((const volatile unsigned char *)at - segment.bytes), seat, i = 0;

    snprintf(buffer, size, "header+%lu", (unsigned long)offset);
    if (offset >= sizeof segment.bytes) snprintf(buffer, size, "%p", (const void *)(uintptr_t)at);
    if (offset >= sizeof segment.bytes || offset < offsetof(spk_header_t, seats)) return buffer;
    seat = (offset - offsetof(spk_header_t, seats)) / sizeof(spk_seat_t);
    offset = (offset - offsetof(spk_header_t, seats)) % sizeof(spk_seat_t);
    while (offset < fields[i].offset) i++;
    snprintf(buffer, size, "seat%lu.%s+%lu", (unsigned long)seat, fields[i].name,
             (unsigned long)(offset - fields[i].offset));
    return buffer;
}

static int is_between(const volatile void *at, const volatile void *from, size_t size)
{
    const volatile unsigned char *byte = at, *begin = from;

    return byte >= begin && byte < begin + size;
}

static int is_vacant(const spk_os_process_t *process)
{
    return process->pid == 0 || process->gone || engine_is_unreaped(process);
}

/* The parent is alone with the words of a seat whose process is gone, and with a job that is not open yet.
 * The records of an open job are never its alone: others help to write them. */
static int is_private(const volatile void *at)
{
    const spork_pool_t *pool = &engine.pool;
    int m;

    if (model_self() != 0) return 0;
    for (m = 0; m < pool->n; m++) {
        const spk_seat_t *seat = pool->members[m].seat;

        if (is_between(at, seat->record, sizeof seat->record)) return posting;
        if (is_between(at, seat->begun, sizeof seat->begun) && posting) return 1;
        if (is_between(at, seat, sizeof *seat)) return is_vacant(&pool->members[m].process);
    }
    return posting && is_between(at, pool->head->jobs, sizeof pool->head->jobs);
}

/* A record only grows while its job lives: the parent alone puts it back to none. */
static void wrote(const volatile void *at, uint64_t before, uint64_t after)
{
    int m;

    for (m = 0; m < engine.pool.n; m++) {
        const volatile void *record = &engine.members[m].seat->record[SLOT][0];
        size_t offset = (size_t)((const volatile unsigned char *)at - (const volatile unsigned char *)record);

        if (offset < SPK_LANES * sizeof(uint64_t) && after != 0 && before != 0 && after >> 32 <= before >> 32)
            model_fail("a record goes back from %d to %d", (int)(before >> 32), (int)(after >> 32));
    }
}

static int play_case(const engine_case_t *one)
{
    model_case_t bounds = one->bounds;
    const char *size = getenv("SPORK_MODEL"), *slow = getenv("SPORK_TEST_SLOW");
    int more = size != NULL ? atoi(size) : 0;

    if (size != NULL && strcmp(size, "full") == 0 && bounds.seed == 0)
        bounds.preemptions = -1;
    else if (more > 0 && bounds.seed != 0)
        bounds.most *= more + 1;
    else if (more > 0)
        bounds.preemptions += bounds.preemptions >= 0 ? more : 0;
    else if (slow != NULL && strcmp(slow, "1") != 0 && (bounds.preemptions < 0 || bounds.preemptions > 1))
        bounds.preemptions = bounds.preemptions < 0 ? 2 : bounds.preemptions - 1;
    engine.play = &one->play;
    weak = bounds.weak;
    bounds.main = parent;
    bounds.state = state;
    bounds.wrote = wrote;
    bounds.describe = describe;
    if (!one->play.sleeps) bounds.is_private = is_private;
    return model_run(&bounds);
}

int engine_main(const engine_case_t *cases, size_t n)
{
    apr_pool_t *mem;
    size_t i;
    int good = 1;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS ||
        spk_registry_build(tasks, mem) != APR_SUCCESS || spk_queue_create(&engine.pool) != APR_SUCCESS) {
        fprintf(stderr, "the engine cannot be set up\n");
        return EXIT_FAILURE;
    }
    queue = engine.pool.queue;
    for (i = 0; i < n; i++) good &= play_case(&cases[i]);
    engine.pool.queue = queue;
    spk_queue_free(&engine.pool);
    apr_terminate();
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
