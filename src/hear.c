/*
 * Hearing a worker: the entries of its ring, and the room that it wants for replies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "compiler.h"
#include "pool.h"

#include <string.h>

/* The usual size of a reply region. In a small arena those of all workers together take an eighth. */
#define REGION_USUAL ((size_t)256 * 1024)

static size_t usual_region(const spork_pool_t *pool)
{
    size_t share = (pool->shm.reserved - pool->payloads) / 8 / (size_t)pool->n;

    return share < REGION_USUAL ? share : REGION_USUAL;
}

void spk_region_take_back(spork_pool_t *pool, spk_member_t *member)
{
    spk_memory_free(pool, member->region);
    member->region = NULL;
    member->region_once = 0;
    member->seat->region_size = 0;
}

/* 1 if this worker's region is now large enough, or there is none. A larger one than usual is for one
 * reply: an idle worker must not sit on it. */
static int find_region(spork_pool_t *pool, spk_member_t *member, size_t want)
{
    size_t usual = usual_region(pool), has = member->region != NULL ? spk_block_size(member->region) : 0;

    if (has >= want && !member->region_once) return 1;
    spk_region_take_back(pool, member); /* in the seat, too: it is read by who takes the seat next */
    member->region = spk_memory_alloc(pool, want < usual ? usual : want);
    if (member->region == NULL && want < usual) member->region = spk_memory_alloc(pool, want);
    member->region_once = member->region != NULL && want > usual;
    return member->region != NULL;
}

/* Somebody else is at work, and will give memory back when it is through; or has just been, and the entry with
 * which its large region comes back is not taken yet. */
static int others_run(const spork_pool_t *pool, const spk_member_t *member)
{
    spk_cur_t cur;
    int m;

    for (m = 0; m < pool->n; m++) {
        const spk_member_t *other = &pool->members[m];

        if (other != member && other->region_once) return 1;
        if (other == member || other->state == SPK_ABSENT ||
            atomic_load_explicit(&other->seat->want, memory_order_relaxed) != 0)
            continue;
        cur = spk_cur_unpack(atomic_load_explicit(&other->seat->cur, memory_order_relaxed));
        if (cur.state != SPK_CUR_NONE) return 1;
    }
    return 0;
}

/* Answer a worker's wish for reply room; all its earlier replies were taken. Where the arena is full for now
 * it stays unanswered, where nobody else could make room the answer is none. */
static int grant(spork_pool_t *pool, spk_member_t *member, uint64_t want)
{
    spk_seat_t *seat = member->seat;
    int found = want <= pool->shm.reserved && find_region(pool, member, (size_t)want);

    if (!found && want <= pool->shm.reserved && others_run(pool, member)) return 0;
    seat->region = found ? spk_block_offset(member->region) : 0;
    seat->region_size = found ? spk_block_size(member->region) : 0;
    seat->region_once = found ? (uint32_t)member->region_once : 0;
    atomic_store_explicit(&seat->want, 0, memory_order_relaxed);
    atomic_store_explicit(&seat->granted, ++member->granted, memory_order_release);
    return 1;
}

/* Entries fetched ahead of the one at hand: each is two lines from another processor's cache. */
#define AHEAD 4

static void prefetch_entry(const spk_entry_t *entry)
{
    SPK_PREFETCH(entry);
    SPK_PREFETCH((const unsigned char *)entry + SPK_LINE);
}

static void take_entries(spork_pool_t *pool, int m, uint64_t head)
{
    spk_member_t *member = &pool->members[m];
    spk_entry_t entry;

    while (member->taken != head) {
        prefetch_entry(&member->seat->ring[(member->taken + AHEAD) % SPK_RING]);
        memcpy(&entry, &member->seat->ring[member->taken % SPK_RING], sizeof entry);
        spk_jobs_deliver(pool, m, &entry);
        if (member->region_once && entry.kind == SPK_ENTRY_OUTCOME) spk_region_take_back(pool, member);
        member->taken++;
    }
}

/* Who is BLOCKED stored that, fenced, and looked at tail and granted (worker.c): now they are as he wants them. */
static void rouse_blocked(spork_pool_t *pool, spk_member_t *member, int granted)
{
    const spk_seat_t *seat = member->seat;

    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&seat->mood, memory_order_relaxed) == SPK_MOOD_BLOCKED && !member->caller.open &&
        (granted || atomic_load_explicit(&seat->want, memory_order_relaxed) == 0)) {
        pool->changes += (uint64_t)granted;
        spk_os_bell_ring(&member->bell);
    }
}

void spk_member_hear(spork_pool_t *pool, int m)
{
    spk_member_t *member = &pool->members[m];
    spk_seat_t *seat = member->seat;
    uint64_t want = atomic_load_explicit(&seat->want, memory_order_acquire);
    /* read after the wish, and so with all entries that were published before it */
    uint64_t head = atomic_load_explicit(&seat->head, memory_order_acquire);
    int granted;

    if (head - member->taken > SPK_RING) { /* no honest worker's doing */
        spk_member_kill(member);
        return;
    }
    /* else its line is left alone; but who is blocked may be so because somebody wrote over it */
    if (head != member->taken ||
        atomic_load_explicit(&seat->mood, memory_order_relaxed) == SPK_MOOD_BLOCKED) {
        take_entries(pool, m, head);
        atomic_store_explicit(&seat->tail, member->taken, memory_order_release);
    }
    granted = want != 0 && grant(pool, member, want);
    rouse_blocked(pool, member, granted);
}

void spk_member_kill(spk_member_t *member)
{
    spk_calls_hang_up(&member->caller);
    spk_os_process_kill(&member->process);
}

/* A worker that died between the step that decides an item and the publication of its entry: the
 * entry counts (claim.h). */
void spk_member_hear_last(spork_pool_t *pool, int m)
{
    spk_member_t *member = &pool->members[m];
    spk_cur_t cur = spk_cur_unpack(atomic_load_explicit(&member->seat->cur, memory_order_acquire));
    spk_entry_t entry;

    memcpy(&entry, &member->seat->ring[member->taken % SPK_RING], sizeof entry);
    if ((cur.state == SPK_CUR_REPORTING || cur.state == SPK_CUR_GIVING) && entry.slot == cur.slot &&
        entry.item == cur.item && (entry.kind == SPK_ENTRY_REST) == (cur.state == SPK_CUR_GIVING)) {
        spk_jobs_deliver(pool, m, &entry);
        member->taken++; /* the successor's ring begins behind it */
    }
    atomic_store_explicit(&member->seat->head, member->taken, memory_order_relaxed);
    atomic_store_explicit(&member->seat->tail, member->taken, memory_order_relaxed);
}

void spk_crew_drain(spork_pool_t *pool)
{
    int m;

    for (m = 0; !pool->razing && m < pool->n; m++)
        if (pool->members[m].state != SPK_ABSENT) spk_member_hear(pool, m);
}
