/*
 * The items of a map travel in windows. A window is a run of items whose inputs are copied into the
 * arena and whose results are copied out of it when all of them have ended; memory that lies in the
 * arena already is used in place, and then one window may be the whole map. Several windows are under
 * way at a time, so that the workers have the next one while the parent copies.
 *
 * A window is posted as one job. What a dead worker leaves undone, and items to be retried, become
 * further, smaller jobs of the same window ("todo").
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "map.h"

#include "error.h"
#include "map_journal.h"
#include "map_part.h"

#include <stdlib.h>
#include <string.h>

#define MAP_SLOTS 8                        /* jobs of a map that may be open at once */
#define MAP_SLOTS_MOST 24                  /* where a journal leaves an item here and there */
#define WINDOW_BYTES ((size_t)1024 * 1024) /* inputs and results of a window together, if items are small */
#define WINDOW_ITEMS ((size_t)1 << 30)     /* items are numbered with 32 bits in a job */
#define WINDOWS_COPIED 4                   /* windows under way when each is large in items */
#define SPARE_BYTES ((size_t)512 * 1024 * 1024) /* of memory kept for windows to come */
#define WINDOW_LARGE \
    ((size_t)8 * 1024 * 1024) /* in bytes: of such no more are under way than keep all busy */

struct spk_window_t {
    spk_window_t *next;
    size_t first; /* item in the map */
    uint32_t count;
    uint32_t left; /* items not ended yet */
    unsigned jobs; /* of it that are not through: they point here */
    spk_block_t *in_block, *out_block;
    uint64_t in, out;
};

struct spk_todo_t {
    spk_window_t *window;
    spk_range_t range;
};

/* ---- windows -------------------------------------------------------------------------------------------------- */

static void free_window(spork_pool_t *pool, spk_window_t *window)
{
    spk_memory_free(pool, window->in_block);
    spk_memory_free(pool, window->out_block);
    free(window);
}

int spk_windows_drop_spares(spork_pool_t *pool)
{
    spk_run_t *run = pool->run;
    spk_window_t *window;

    if (run == NULL || run->spares == NULL) return 0;
    while ((window = run->spares) != NULL) {
        run->spares = window->next;
        free_window(pool, window);
    }
    run->spare_bytes = 0;
    return 1;
}

void spk_windows_inherit(spk_run_t *run, spk_run_t *before)
{
    run->spares = before->spares;
    run->spare_bytes = before->spare_bytes;
    before->spares = NULL;
    before->spare_bytes = 0;
}

static size_t bytes_of(const spk_window_t *window)
{
    return (window->in_block != NULL ? spk_block_size(window->in_block) : 0) +
           (window->out_block != NULL ? spk_block_size(window->out_block) : 0);
}

/* Its memory is for a window to come, in this map or the next: pages that are had anew each time cost more than the
 * copying. */
static void retire_window(spk_run_t *run, spk_window_t *window)
{
    size_t bytes = bytes_of(window);

    if (bytes > SPARE_BYTES || run->spare_bytes > SPARE_BYTES - bytes) {
        free_window(run->pool, window);
        return;
    }
    run->spare_bytes += bytes;
    window->next = run->spares;
    run->spares = window;
}

/* What is not to be copied must have no memory here. */
static int suits(const spk_block_t *block, size_t size)
{
    return block == NULL || (size > 0 && spk_block_size(block) >= size);
}

/* A window without contents, with the memory of one that is through if that fits. NULL: no memory. */
static spk_window_t *bare_window(spk_run_t *run, size_t count)
{
    spk_window_t *window = run->spares;
    spk_block_t *in_block, *out_block;

    if (window == NULL) return calloc(1, sizeof *window);
    run->spares = window->next;
    run->spare_bytes -= bytes_of(window);
    if (!suits(window->in_block, run->in_place ? 0 : count * run->in_size) ||
        !suits(window->out_block, run->out_place ? 0 : count * run->out_size)) {
        free_window(run->pool, window);
        return calloc(1, sizeof *window);
    }
    in_block = window->in_block;
    out_block = window->out_block;
    memset(window, 0, sizeof *window);
    window->in_block = in_block;
    window->out_block = out_block;
    return window;
}

/* Items of the window ended; with the last one its results go to the caller. */
static void count_down(spk_run_t *run, spk_window_t *window, uint32_t ended)
{
    spk_window_t **link = &run->windows;

    window->left -= ended <= window->left ? ended : window->left;
    if (window->left > 0 || window->jobs > 0) return;
    if (window->out_block != NULL)
        memcpy(run->out + window->first * run->out_size, spk_memory_at(run->pool, window->out_block),
               window->count * run->out_size);
    while (*link != window) link = &(*link)->next;
    *link = window->next;
    run->n_windows--;
    retire_window(run, window);
    run->pool->changes++;
}

static int place_window(spk_run_t *run, spk_window_t *window)
{
    spork_pool_t *pool = run->pool;

    if (run->in_place) {
        window->in = run->in_at + window->first * run->in_size;
    } else if (run->in_size > 0) {
        if (window->in_block == NULL) window->in_block = spk_memory_alloc(pool, window->count * run->in_size);
        if (window->in_block == NULL) return 0;
        window->in = spk_block_offset(window->in_block);
    }
    if (run->out_place) {
        window->out = run->out_at + window->first * run->out_size;
    } else if (run->out_size > 0) {
        if (window->out_block == NULL)
            window->out_block = spk_memory_alloc(pool, window->count * run->out_size);
        if (window->out_block == NULL) return 0;
        window->out = spk_block_offset(window->out_block);
    }
    if (window->in_block != NULL)
        memcpy(spk_memory_at(pool, window->in_block), run->in + window->first * run->in_size,
               window->count * run->in_size);
    return 1;
}

static spk_window_t *make_window(spk_run_t *run, size_t count)
{
    spk_window_t *window = bare_window(run, count);

    if (window == NULL) return NULL;
    window->first = run->next;
    window->count = window->left = (uint32_t)count;
    if (!place_window(run, window)) {
        free_window(run->pool, window);
        return NULL;
    }
    window->next = run->windows;
    run->windows = window;
    run->n_windows++;
    run->next = spk_map_journal_next(run, run->next + count);
    return window;
}

/* ---- what becomes of a job's items: spk_owner_t ----------------------------------------------------------------- */

static void push_todo(spk_run_t *run, spk_window_t *window, uint32_t begin, uint32_t end)
{
    spk_todo_t *todo;

    if (!spk_run_grow((void **)&run->todo, run->n_todo, &run->max_todo, sizeof *run->todo)) {
        spk_run_out_of_memory(run);
        spk_run_cancel_items(run, window->first + begin, end - begin);
        count_down(run, window, end - begin);
        return;
    }
    todo = &run->todo[run->n_todo++];
    todo->window = window;
    todo->range.begin = begin;
    todo->range.end = end;
}

/* The job is no more. What is left in its part has ended; how, the caller has said. */
static void end_part(spk_run_t *run, spk_part_t *part)
{
    spk_window_t *window = part->window;
    uint32_t left = part->count - part->taken;

    free(part);
    window->jobs--;
    count_down(run, window, left);
}

static void on_outcome(spork_pool_t *pool, unsigned slot, uint32_t item, const spk_result_t *result)
{
    spk_run_t *run = pool->run;
    spk_part_t *part = pool->slots[slot].of;
    size_t index = part->window->first + part->base + item;

    if (result->status == APR_SUCCESS || !spk_part_take(part, item)) return;
    spk_run_fail(run, index, result, spk_run_attempts(run, index) + 1);
    count_down(run, part->window, 1);
}

static void on_casualty(spork_pool_t *pool, unsigned slot, uint32_t item, const spk_result_t *result)
{
    spk_run_t *run = pool->run;
    spk_part_t *part = pool->slots[slot].of;
    uint32_t at = part->base + item;
    size_t index = part->window->first + at;
    spk_result_t copy = *result;

    if (!spk_part_take(part, item)) return;
    spk_run_count_attempt(run, index);
    if (!run->stopping && spk_run_attempts(run, index) <= pool->config.retries) {
        push_todo(run, part->window, at, at + 1);
        return;
    }
    if (run->stopping && !run->stop_on_error) {
        copy.status = SPORK_ECANCELLED;
        copy.signal = 0;
        copy.exit_code = 0;
    }
    spk_run_fail(run, index, &copy, spk_run_attempts(run, index));
    count_down(run, part->window, 1);
}

static void on_rest(spork_pool_t *pool, unsigned slot, spk_range_t range)
{
    spk_run_t *run = pool->run;
    spk_part_t *part = pool->slots[slot].of;
    spk_range_t some;

    while (spk_part_take_run(part, &range, &some)) {
        if (!run->stopping) {
            push_todo(run, part->window, part->base + some.begin, part->base + some.end);
        } else {
            spk_run_cancel_items(run, part->window->first + part->base + some.begin, some.end - some.begin);
            count_down(run, part->window, some.end - some.begin);
        }
    }
}

/* They succeeded, and were taken out of their part. */
static void on_finished(void *of, spk_part_t *part, spk_range_t some)
{
    spk_run_t *run = of;
    spk_window_t *window = part->window;
    uint32_t at = part->base + some.begin, count = some.end - some.begin;

    run->ended += count;
    spk_map_journal_add(run, window->first + at, count,
                        run->pool->shm.base + window->out + at * run->out_size);
    count_down(run, window, count);
}

static void on_through(spork_pool_t *pool, unsigned slot)
{
    spk_run_t *run = pool->run;
    spk_part_t *part = pool->slots[slot].of;
    spk_range_t all = { 0, part->count }, some;

    while (run->journal != NULL && spk_part_take_run(part, &all, &some)) on_finished(run, part, some);
    run->ended += part->count - part->taken;
    end_part(run, part);
}

static void on_lost(spork_pool_t *pool, unsigned slot, const spk_result_t *result)
{
    spk_run_t *run = pool->run;
    spk_part_t *part = pool->slots[slot].of;
    spk_result_t copy = *result;
    size_t index;
    uint32_t item;

    if (run->stopping && !run->stop_on_error) copy.status = SPORK_ECANCELLED;
    for (item = 0; item < part->count; item++) {
        index = part->window->first + part->base + item;
        if (!spk_part_is_taken(part, item)) spk_run_fail(run, index, &copy, spk_run_attempts(run, index));
    }
    end_part(run, part);
}

static const spk_owner_t map_owner = { on_outcome, on_casualty, on_rest, on_through, on_lost };

/* ---- feeding ------------------------------------------------------------------------------------------------------- */

static uint32_t lanes_for(const spork_pool_t *pool, uint32_t count, uint32_t chunk)
{
    uint32_t chunks = chunk == 0 ? count : count / chunk + (count % chunk != 0), lanes = (uint32_t)pool->n;

    if (lanes > SPK_LANES) lanes = SPK_LANES;
    return chunks < lanes ? chunks : lanes;
}

static int post_range(spk_run_t *run, spk_window_t *window, spk_range_t range)
{
    spk_post_t post;

    memset(&post, 0, sizeof post);
    post.owner = &map_owner;
    post.of = spk_part_make(window, range);
    if (post.of == NULL) {
        run->trouble = spk_error(APR_ENOMEM, "spork_map: no memory");
        run->stopping = 1;
        return 0;
    }
    post.flags = run->pool->config.timeout > 0 ? SPK_JOB_GUARDED | SPK_JOB_TIMED : 0U;
    post.fn = run->fn;
    post.count = range.end - range.begin;
    post.chunk = run->chunk;
    post.n_lanes = lanes_for(run->pool, post.count, run->chunk);
    post.first = window->first + range.begin;
    post.in = window->in + range.begin * run->in_size;
    post.in_size = run->in_size;
    post.out = window->out + range.begin * run->out_size;
    post.out_size = run->out_size;
    if (spk_job_post(run->pool, &post) < 0) {
        free(post.of);
        return 0;
    }
    window->jobs++;
    return 1;
}

/* Stop all open jobs of the map: what is not begun comes back as rest. */
static void stop_jobs(spk_run_t *run)
{
    size_t left = run->count - run->next;
    unsigned slot;

    while (run->n_todo > 0) {
        spk_todo_t todo = run->todo[--run->n_todo];

        spk_run_cancel_items(run, todo.window->first + todo.range.begin, todo.range.end - todo.range.begin);
        count_down(run, todo.window, todo.range.end - todo.range.begin);
    }
    run->next = run->count;
    spk_run_cancel_items(run, run->count - left, left);
    for (slot = 0; slot < SPK_SLOTS; slot++)
        if (run->pool->slots[slot].owner == &map_owner)
            spk_job_stop(run->pool, slot, run->dismissing ? SPK_STOP_DISMISSED : SPK_STOP_BEGINNING);
}

/* A window smaller than planned is better than none; without any under way it is now or never. */
static spk_window_t *next_window(spk_run_t *run)
{
    size_t count = spk_map_journal_row(run, run->next, run->per_window);
    spk_window_t *window = make_window(run, count);

    while (window == NULL && count > 1 && run->n_windows == 0) {
        count /= 2;
        window = make_window(run, count);
    }
    if (window == NULL && run->n_windows == 0 && !spk_queue_is_under_way(run->pool)) {
        run->trouble = spk_error(SPORK_ETOOBIG,
                                 "spork_map: no room in the arena for an item of %" APR_SIZE_T_FMT
                                 " + %" APR_SIZE_T_FMT " bytes",
                                 run->in_size, run->out_size);
        run->stopping = 1;
    }
    return window;
}

static int most_jobs(const spk_run_t *run)
{
    int n = run->pool->n;

    if (spk_map_journal_taken(run) == 0 || n <= MAP_SLOTS) return MAP_SLOTS;
    return n < MAP_SLOTS_MOST ? n : MAP_SLOTS_MOST;
}

/* Bytes of an item that are copied. */
static size_t copied_bytes(const spk_run_t *run)
{
    return (run->in_place ? 0 : run->in_size) + (run->out_place ? 0 : run->out_size);
}

static int may_open_window(const spk_run_t *run)
{
    int most = most_jobs(run);

    if (run->per_window > (size_t)run->pool->n * 16 && spk_map_journal_taken(run) == 0) most = WINDOWS_COPIED;
    if (run->per_window * copied_bytes(run) >= WINDOW_LARGE) {
        most = (int)(((size_t)run->pool->n + 2 + run->per_window - 1) / run->per_window);
        if (most < 2) most = 2;
    }
    return run->next < run->count && run->n_windows < most;
}

static int is_job_of_map(const spork_pool_t *pool, unsigned slot)
{
    return slot < SPK_SLOTS && pool->slots[slot].state == SPK_SLOT_OPEN &&
           pool->slots[slot].owner == &map_owner;
}

/* What is finished goes into the journal while the rest goes on. */
static void record_finished(spk_run_t *run)
{
    size_t ended = run->ended;
    unsigned slot;

    for (slot = 0; slot < SPK_SLOTS; slot++)
        if (is_job_of_map(run->pool, slot))
            spk_part_harvest(run->pool, slot, spk_map_journal_room(run), on_finished, run);
    spk_map_journal_look(run, run->ended != ended);
    spk_map_journal_commit(run);
}

apr_interval_time_t spk_run_patience(const spork_pool_t *pool)
{
    return pool->run != NULL && pool->run->active ? spk_map_journal_patience(pool->run) : -1;
}

void spk_run_feed(spork_pool_t *pool)
{
    spk_run_t *run = pool->run;
    spk_window_t *window;
    spk_range_t whole = { 0, 0 };

    if (run == NULL || !run->active) return;
    if (spk_map_journal_patience(run) == 0) record_finished(run);
    if (run->stopping) stop_jobs(run);
    while (!run->stopping && spk_jobs_of(pool, &map_owner) < most_jobs(run)) {
        if (run->n_todo > 0) {
            if (!post_range(run, run->todo[run->n_todo - 1].window, run->todo[run->n_todo - 1].range)) return;
            run->n_todo--;
        } else if (may_open_window(run)) {
            window = next_window(run);
            if (window == NULL) return;
            whole.end = window->count;
            if (!post_range(run, window, whole)) push_todo(run, window, 0, window->count);
        } else {
            return;
        }
    }
}

/* ---- all of them --------------------------------------------------------------------------------------------------------- */

int spk_run_is_over(void *of)
{
    const spk_run_t *run = of;

    return run->ended >= run->count && run->n_windows == 0;
}

/* It claimed something of the map and is not through with it, wherever it says to be. */
static int holds_some(const spork_pool_t *pool, int m)
{
    spk_held_t held;
    unsigned slot, lane;

    for (slot = 0; slot < SPK_SLOTS; slot++)
        for (lane = 0; is_job_of_map(pool, slot) && lane < pool->slots[slot].n_lanes; lane++)
            if (spk_claim_held(&pool->head->jobs[slot], slot, lane, pool->members[m].seat, (unsigned)m,
                               pool->slots[slot].chunk, pool->slots[slot].ends[lane], &held))
                return 1;
    return 0;
}

/* End the workers that are at this map, so that the call can return: first those that say so, later all that hold some of
 * it, for honest ones have left it by then. They are dismissed before: one that has just left it ends itself, and
 * begins no submitted item, which the kill would hit (worker.c). */
static void kill_runners(spork_pool_t *pool, int later)
{
    spk_cur_t cur;
    int m;

    pool->run->dismissing = 1;
    stop_jobs(pool->run);
    atomic_thread_fence(memory_order_seq_cst);
    for (m = 0; m < pool->n; m++) {
        if (pool->members[m].state == SPK_ABSENT) continue;
        cur = spk_cur_unpack(atomic_load_explicit(&pool->members[m].seat->cur, memory_order_acquire));
        if ((cur.state != SPK_CUR_NONE && is_job_of_map(pool, cur.slot)) || (later && holds_some(pool, m)))
            spk_member_kill(&pool->members[m]);
    }
}

/* Microseconds that a stopped map's items get to end by themselves. */
#define SHORT_ITEM 5000
/* How long killed workers may take to be gone, before all are ended and what they held is given up. */
#define CANCEL_PATIENCE (UINT64_C(10) * 1000000000)

/* The system does not let a worker die (a dead network file system): forget its jobs, and the pool. */
static void abandon(spork_pool_t *pool)
{
    static const spk_result_t cancelled = { SPORK_ECANCELLED, 0, 0, NULL, 0, 0 };

    spk_jobs_lose(pool, &map_owner, &cancelled);
    spk_crew_break(pool, SPORK_ESTART, "a worker was killed, but the system does not end it");
}

void spk_run_cancel(spork_pool_t *pool)
{
    spk_run_t *run = pool->run;
    uint64_t until;
    int later = 0;

    if (run == NULL || !run->active) return;
    run->stopping = 1;
    run->stop_on_error = 0;
    stop_jobs(run);
    spk_pump_until(pool, spk_run_is_over, run, SHORT_ITEM,
                   0); /* a worker whose item ends by itself may live on */
    until = spk_os_clock() + CANCEL_PATIENCE;
    /* again and again: one that had not seen the stop may have begun an item after the last look */
    while (pool->broken == APR_SUCCESS && !spk_run_is_over(run) && spk_os_clock() < until) {
        kill_runners(pool, later);
        spk_pump_until(pool, spk_run_is_over, run, 20000, 0);
        later = 1;
    }
    if (spk_run_is_over(run)) return;
    spk_crew_end(pool, 0);
    spk_pump(pool);
    spk_pump(pool);
    if (!spk_run_is_over(run)) abandon(pool);
}

int spk_run_is_under_way(const spork_pool_t *pool)
{
    return pool->run != NULL && pool->run->active && pool->run->n_windows > 0;
}

void spk_run_count(const spork_pool_t *pool, uint64_t *done, uint64_t *failed)
{
    const spk_run_t *run = pool->run;
    uint32_t finished;
    unsigned slot;

    *done = *failed = 0;
    if (run == NULL || !run->waited_for) return;
    *done = run->ended;
    *failed = run->n_failures;
    for (slot = 0; slot < SPK_SLOTS; slot++) {
        const spk_slot_t *own = &pool->slots[slot];

        if (own->state != SPK_SLOT_OPEN || own->owner != &map_owner) continue;
        finished = spk_job_finished(pool, slot);
        /* what was taken out of the part has been counted, or will be in another one */
        if (finished > ((const spk_part_t *)own->of)->taken)
            *done += finished - ((const spk_part_t *)own->of)->taken;
    }
}

/* Items that make a window of the usual size, but enough of them to keep every worker busy. */
size_t spk_windows_plan(const spk_run_t *run)
{
    size_t bytes = copied_bytes(run);
    size_t least = ((size_t)run->pool->n * 2 + MAP_SLOTS - 1) / MAP_SLOTS, items;
    size_t share = (run->pool->shm.reserved - run->pool->payloads) / ((size_t)MAP_SLOTS * 2);

    if (bytes == 0) return WINDOW_ITEMS;
    if (share > WINDOW_BYTES) share = WINDOW_BYTES;
    items = share / bytes;
    if (items < least) items = least;
    if (run->chunk > 1 && items > run->chunk) items -= items % run->chunk;
    return items < WINDOW_ITEMS ? items : WINDOW_ITEMS;
}

void spk_windows_free(spk_run_t *run)
{
    while (run->windows != NULL) {
        spk_window_t *window = run->windows;

        run->windows = window->next;
        free_window(run->pool, window);
    }
    (void)spk_windows_drop_spares(run->pool);
    free(run->todo);
}
