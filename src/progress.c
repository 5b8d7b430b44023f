/*
 * Progress: how far the pool is, told to a terminal and to the program. Uses what the workers publish anyway, and is
 * looked at by the parent while it waits, ten times a second: so it costs nothing an item.
 *
 * A batch is all that is under way between two moments at which nothing is: a map, a stream, submitted items, or
 * several of these. pool->progress is NULL if nobody wants to know.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "progress.h"

#include "mem.h"
#include "pool.h"
#include "progress_line.h"

#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)
#define OFTEN (SECOND / 10)  /* at most so often a line is drawn, and the program told */
#define PATIENT (SECOND / 2) /* of a batch that is over by then no line is drawn */

struct spk_progress_t {
    int draws; /* stderr is a terminal, and a line is wanted */
    const char *label;
    int width; /* columns of the line that stands there; 0: none */

    /* the batch */
    int under_way;
    int open;          /* a map or a stream has begun; submitted items are known to the queue */
    int unknown;       /* how many there will be */
    uint64_t promised; /* so many, by spork_progress_total(); 0: nothing was said */
    int is_drawn;      /* a line of it was */
    int is_told;       /* the program was */
    int talking;       /* the program is being told: it may call back */
    uint64_t begun, draw_due, tell_due;
    uint64_t total, done, failed;

    /* of the rate */
    uint64_t sampled;
    double sampled_done, rate;

    int n_workers;
    spork_progress_worker_t *workers;

    /* INLINE: items until the clock is asked again, and when it was */
    unsigned unasked;
    uint64_t asked;
};

static uint64_t interval_of(const spork_pool_t *pool)
{
    uint64_t most = UINT64_C(1) << 62, interval = (uint64_t)pool->config.progress_interval;

    interval = interval < most / 1000 ? interval * 1000 : most;
    return interval > OFTEN ? interval : OFTEN;
}

apr_status_t spk_progress_create(spork_pool_t *pool)
{
    int draws = pool->config.progress && spk_os_terminal_columns() >= 0;
    spk_progress_t *p;

    if (!draws && pool->config.progress_fn == NULL) return APR_SUCCESS;
    p = spk_mem_zeroed(pool->mem, sizeof *p);
    if (p == NULL) return APR_ENOMEM;
    p->draws = draws;
    p->n_workers = pool->n > 0 ? pool->n : 1;
    p->workers = spk_mem_zeroed(pool->mem, sizeof *p->workers * (size_t)p->n_workers);
    if (p->workers == NULL) return APR_ENOMEM;
    if (pool->config.progress_label != NULL) {
        p->label =
            spk_mem_copy(pool->mem, pool->config.progress_label, strlen(pool->config.progress_label) + 1);
        if (p->label == NULL) return APR_ENOMEM;
    }
    pool->progress = p;
    return APR_SUCCESS;
}

/* ---- looking ----------------------------------------------------------------------------------------------- */

/* Everything in the seat may be a lie: what it names must be there. */
static void look_at_worker(const spork_pool_t *pool, const spk_member_t *member, spork_progress_worker_t *w)
{
    spk_cur_t cur = spk_cur_unpack(atomic_load_explicit(&member->seat->cur, memory_order_acquire));
    uint32_t part = atomic_load_explicit(&member->seat->part, memory_order_relaxed);

    w->running = member->state == SPK_READY && cur.state == SPK_CUR_RUNNING &&
                 spk_job_index(pool, cur.slot, cur.item, &w->index);
    if (!w->running) w->index = 0;
    w->part = !w->running || part == 0 ? -1
              : part > SPK_PART_ALL    ? 1
                                       : (part - 1) / (double)(SPK_PART_ALL - 1);
}

static double parts_of(const spk_progress_t *p)
{
    double parts = 0;
    int i;

    for (i = 0; i < p->n_workers; i++)
        if (p->workers[i].running && p->workers[i].part > 0) parts += p->workers[i].part;
    return parts;
}

/* The rate of late: each sample weighs as much as its time is of the last quarter of the batch, at least of two
 * seconds; at first, of all. */
static void take_sample(spk_progress_t *p, uint64_t now, double done)
{
    double passed = (double)(now - p->sampled), quarter = (double)(now - p->begun) / 4, weight;

    if (passed < (double)OFTEN / 2) return;
    if (quarter < 2 * (double)SECOND) quarter = 2 * (double)SECOND;
    weight = p->sampled == p->begun ? 1 : passed / (passed + quarter);
    if (done > p->sampled_done)
        p->rate += weight * ((done - p->sampled_done) / passed * (double)SECOND - p->rate);
    else
        p->rate -= weight * p->rate;
    p->sampled = now;
    p->sampled_done = done;
}

static apr_interval_time_t time_left(const spk_progress_t *p, const spork_progress_t *record, double done)
{
    double left = (double)record->total - done;

    if (record->total == 0 || !(p->rate > 0)) return -1;
    if (!(left > 0)) return 0;
    left = left / p->rate * 1e6;
    return left < 9e17 ? (apr_interval_time_t)left : -1;
}

static void take(spork_pool_t *pool, spork_progress_t *record, uint64_t now, int ended)
{
    spk_progress_t *p = pool->progress;
    uint64_t total, done, failed;
    double with_parts;
    int m;

    total = p->promised > p->total ? p->promised : p->unknown && p->promised == 0 ? 0 : p->total;
    spk_run_count(pool, &done, &failed);
    for (m = 0; m < pool->n; m++) look_at_worker(pool, &pool->members[m], &p->workers[m]);
    memset(record, 0, sizeof *record);
    record->total = total;
    record->done = p->done + done;
    record->failed = p->failed + failed;
    /* workers may lie */
    if (total > 0 && record->done > total) record->done = total;
    with_parts = (double)record->done + parts_of(p);
    take_sample(p, now, with_parts);
    record->elapsed = (apr_interval_time_t)((now - p->begun) / 1000);
    record->rate = p->rate;
    if (ended) /* then what counts is the whole */
        record->rate = now > p->begun ? (double)record->done / (double)(now - p->begun) * (double)SECOND : 0;
    record->left = time_left(p, record, with_parts);
    record->ended = ended;
    record->n_workers = p->n_workers;
    record->workers = p->workers;
}

/* ---- telling ------------------------------------------------------------------------------------------------- */

/* What was there before is overwritten: no terminal needs more than a carriage return for that. */
static void put_line(spk_progress_t *p, const char *line, int width, const char *end)
{
    char text[SPK_LINE_BYTES + 1024];
    size_t size = 1 + strlen(line);
    int blanks = p->width > width ? p->width - width : 0, i;

    if (blanks > 500) blanks = 500;
    text[0] = '\r';
    memcpy(text + 1, line, size);
    for (i = 0; i < blanks; i++) text[size++] = ' ';
    for (i = 0; i < blanks; i++) text[size++] = '\b'; /* the cursor stays at the line's end */
    memcpy(text + size, end, strlen(end));
    fflush(stderr);
    spk_os_terminal_write(text, size + strlen(end));
    p->width = width;
}

static void draw(spk_progress_t *p, const spork_progress_t *record, const char *end)
{
    int columns = spk_os_terminal_columns(), width;
    char line[SPK_LINE_BYTES];

    if (columns <= 0) return;
    if (p->width >= columns) p->width = columns - 1; /* it became narrower */
    width = spk_progress_line(line, p->label, record, columns);
    put_line(p, line, width, end);
    p->is_drawn = 1;
}

static void tell_host(spork_pool_t *pool, const spork_progress_t *record)
{
    int was_inside = pool->inside;

    pool->inside = SPK_IN_PROGRESS;
    pool->progress->talking = 1;
    pool->config.progress_fn(pool->config.progress_baton, record);
    pool->inside = was_inside;
    pool->progress->talking = 0;
    pool->progress->is_told = 1;
}

static int is_over(const spork_pool_t *pool)
{
    const spk_progress_t *p = pool->progress;

    return p->open == 0 && spk_queue_is_empty(pool) && p->done >= p->promised &&
           (pool->n > 0 || spk_queue_is_fetched(pool)); /* INLINE: it is empty after each item */
}

static void finish(spork_pool_t *pool, uint64_t now)
{
    spk_progress_t *p = pool->progress;
    spork_progress_t record;

    p->under_way = 0;
    if (p->is_drawn || p->is_told) take(pool, &record, now, 1);
    p->promised = 0;
    if (!p->is_drawn && !p->is_told) return;
    if (p->is_drawn) draw(p, &record, "\n");
    p->width = 0;
    if (p->is_told) tell_host(pool, &record);
}

void spk_progress_look(spork_pool_t *pool)
{
    spk_progress_t *p = pool->progress;
    spork_progress_t record;
    uint64_t now;
    int draws, tells;

    if (p == NULL || !p->under_way || p->talking) return;
    now = spk_os_clock();
    if (is_over(pool)) {
        finish(pool, now);
        return;
    }
    draws = p->draws && now >= p->draw_due;
    tells = pool->config.progress_fn != NULL && now >= p->tell_due;
    if (!draws && !tells) return;
    take(pool, &record, now, 0);
    if (draws) p->draw_due = now + OFTEN;
    if (draws) draw(p, &record, "");
    if (tells) p->tell_due = now + interval_of(pool);
    if (tells) tell_host(pool, &record);
}

/* ---- batches --------------------------------------------------------------------------------------------------- */

static void begin_batch(spork_pool_t *pool)
{
    spk_progress_t *p = pool->progress;

    p->under_way = 1;
    p->unknown = p->is_drawn = p->is_told = 0;
    p->total = p->done = p->failed = 0;
    p->begun = p->sampled = spk_os_clock();
    p->draw_due = p->begun + PATIENT;
    p->tell_due = p->begun + interval_of(pool);
    p->sampled_done = p->rate = 0;
}

/* The end of a batch shows at the next look, which would come too late here. */
static void end_what_is_over(spork_pool_t *pool)
{
    if (pool->progress->under_way && is_over(pool)) finish(pool, spk_os_clock());
}

void spk_progress_expect(spork_pool_t *pool, uint64_t items)
{
    spk_progress_t *p = pool->progress;

    if (p == NULL) return;
    end_what_is_over(pool);
    if (!p->under_way) begin_batch(pool);
    p->total += items;
}

void spk_progress_begin(spork_pool_t *pool, uint64_t total)
{
    if (pool->progress == NULL) return;
    spk_progress_expect(pool, total == SPK_UNKNOWN ? 0 : total);
    if (total == SPK_UNKNOWN) pool->progress->unknown = 1;
    pool->progress->open = 1; /* also if a stream's source has jumped out before */
}

void spk_progress_count(spork_pool_t *pool, uint64_t done, uint64_t failed)
{
    if (pool->progress == NULL) return;
    pool->progress->done += done;
    pool->progress->failed += failed;
}

void spk_progress_end(spork_pool_t *pool)
{
    if (pool->progress == NULL) return;
    pool->progress->open = 0;
    spk_progress_look(pool);
}

void spk_progress_pause(spork_pool_t *pool)
{
    spk_progress_t *p = pool->progress;

    if (p == NULL || p->width == 0) return;
    p->width = 0;
    if (spk_os_terminal_columns() > 0) spk_os_terminal_write("\n", 1);
}

void spk_progress_close(spork_pool_t *pool)
{
    spk_progress_t *p = pool->progress;

    if (p == NULL || p->talking || !p->under_way) return;
    p->open = 0;
    finish(pool, spk_os_clock());
}

void spork_progress_clear(spork_pool_t *pool)
{
    spk_progress_t *p = pool != NULL && pool->owner == spk_os_pid() ? pool->progress : NULL;

    if (p == NULL || p->width == 0) return;
    if (spk_os_terminal_columns() > 0) put_line(p, "", 0, "\r");
    p->width = 0; /* in the background the line is the shell's */
}

void spork_progress_total(spork_pool_t *pool, apr_uint64_t total)
{
    if (pool == NULL || pool->owner != spk_os_pid() || pool->progress == NULL) return;
    pool->progress->promised = total;
}

/* ---- INLINE ------------------------------------------------------------------------------------------------------- */

/* For items of a microsecond the clock is dear: it is asked after every eighth, but after each that may be longer. */
#define STRIDE 8U

static int is_time_to_ask(spk_progress_t *p)
{
    uint64_t now;

    if (p->unasked > 0) {
        p->unasked--;
        return 0;
    }
    now = spk_os_clock();
    p->unasked = now - p->asked < SECOND / 1000 ? STRIDE - 1 : 0;
    p->asked = now;
    return now >= p->draw_due || now >= p->tell_due;
}

void spk_progress_here(spork_pool_t *pool, int running, apr_size_t index, double part)
{
    spk_progress_t *p = pool->progress;

    if (p == NULL) return;
    p->workers[0].running = running;
    p->workers[0].index = index;
    p->workers[0].part = part;
    if (running ? part >= 0 : is_time_to_ask(p)) spk_progress_look(pool);
}
