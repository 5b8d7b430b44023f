/*
 * spork_stream(): inputs are drawn from a source while there is room, and outcomes delivered to a sink as they come.
 *
 * An item of a stream is a future without a handle (future.h): it waits in the queue of submitted items and travels in the
 * same batches. What is here decides when to draw, when to deliver, and how it ends. docs/design/item.md
 * says why so.
 *
 * The source and the sink are the host's, may take long, and may jump out (longjmp): so they are never called from within
 * the pump, and all that a stream holds hangs on the pool.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "stream.h"

#include "error.h"
#include "progress.h"
#include "registry.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

/* The window that spork chooses: as many items as keep small ones flowing, but no more than have room in so many bytes. */
#define WINDOW 256U
#define WINDOW_PER_WORKER 4U
#define WINDOW_JOURNALED 4096U /* a disk takes its time, and many items then share it */
#define WINDOW_BYTES ((size_t)64 * 1024 * 1024)

/* Turns of delivering and drawing before the pool is looked after again, if they are quick: nanoseconds. */
#define TURNS SPK_BATCH_MAX
#define TURNS_LAST UINT64_C(20000)

/* Room for a reply that is kept from one item to the next: of all that are under way, it adds up. */
#define DATA_KEPT ((size_t)1024)

#define UNRECORDED UINT64_MAX /* of an item: it may need a record, and has none yet */

/* How long cancelled items may take to be gone, before all workers are ended. Microseconds. */
#define CANCEL_PATIENCE ((apr_interval_time_t)10 * 1000000)

/* ---- its end ------------------------------------------------------------------------------------------- */

/* The first reason counts. */
void spk_stream_end_early(spk_stream_t *s, apr_status_t status, const char *why)
{
    char cause[120];

    s->ended = 1;
    if (s->status != APR_SUCCESS) return;
    s->status = status;
    apr_snprintf(
        s->words, sizeof s->words,
        "spork_stream: %s, after %" APR_SIZE_T_FMT " items drawn and %" APR_SIZE_T_FMT " delivered: %s", why,
        s->drawn, s->delivered,
        s->pool->broken == status ? s->pool->broken_words : spork_strerror(status, cause, sizeof cause));
}

/* The journal has failed, and has words for it. What is done, and not safe, is delivered as a failure. */
void spk_stream_end_unrecorded(spk_stream_t *s, apr_status_t status)
{
    s->unrecordable = s->cancelling = s->ended = 1;
    if (s->status != APR_SUCCESS) return;
    s->status = status;
    apr_cpystrn(s->words, spork_error(), sizeof s->words);
}

static int is_over(const spk_stream_t *s)
{
    return s->ended && s->drawn == s->delivered;
}

static int all_done(void *of)
{
    const spk_stream_t *s = of;

    return s->drawn - s->delivered == s->done.n;
}

/* The system does not end a worker (a dead network file system): give up all that there is. */
static void give_all_up(spk_stream_t *s)
{
    spork_pool_t *pool = s->pool;

    spk_crew_end(pool, 0);
    spk_pump(pool);
    if (all_done(s)) return;
    spk_crew_break(pool, SPORK_ESTART, "a worker was killed, but the system does not end it");
    spk_queue_cancel(pool);
}

/* Afterwards nobody is at an item of this stream, and nobody will be. */
static void cancel_rest(spk_stream_t *s)
{
    apr_status_t status;

    if (!s->cancelling || s->cancelled) return;
    s->cancelled = 1;
    spk_queue_cancel_all(s->pool, &s->done);
    do status = spk_pump_until(s->pool, all_done, s, CANCEL_PATIENCE, 0);
    while (status == SPORK_ECANCELLED); /* a second interrupt: it is ending already */
    if (!all_done(s)) give_all_up(s);
}

/* ---- the journal ------------------------------------------------------------------------------------------- */

static int is_recorded(const spork_future_t *f)
{
    return f->record != UNRECORDED;
}

/* Whoever is done since the last time: a success gets a record, which is not on disk yet. The others stand before them in
 * the list. */
static void record_done(spk_stream_t *s)
{
    spork_future_t *f = s->done.last, *first = NULL;
    apr_status_t status = APR_SUCCESS;

    for (; f != NULL && !is_recorded(f); f = f->before) first = f;
    for (f = first; f != NULL && !s->unrecordable; f = f->after) {
        if (f->outcome.status == APR_SUCCESS)
            status = spk_stream_journal_add(s->journal, &f->outcome, f->input);
        if (status != APR_SUCCESS)
            spk_stream_end_unrecorded(s, status);
        else
            f->record = f->outcome.status == APR_SUCCESS ? ++s->recorded : 0;
    }
}

static int may_draw(spk_stream_t *s);

/* Group commit: when it is a while since the last, or nothing more will come before it. */
static int commit_is_due(spk_stream_t *s)
{
    if (s->on_disk == s->recorded || s->unrecordable) return 0;
    return spk_stream_journal_patience(s->journal) <= 0 || (all_done(s) && !may_draw(s));
}

static void record(spk_stream_t *s)
{
    apr_status_t status;

    if (s->journal == NULL || s->unrecordable) return;
    record_done(s);
    if (!commit_is_due(s)) return;
    status = spk_stream_journal_commit(s->journal);
    if (status == APR_SUCCESS)
        s->on_disk = s->recorded;
    else
        spk_stream_end_unrecorded(s, status);
}

/* How long a wait may be. Microseconds. */
static apr_interval_time_t patience(const spk_stream_t *s)
{
    if (s->journal == NULL || s->on_disk == s->recorded || s->unrecordable) return -1;
    return spk_stream_journal_patience(s->journal);
}

/* A success that does not stand in the journal is none. */
void spk_stream_spoil(spk_stream_t *s, spork_outcome_t *outcome)
{
    outcome->status = s->status;
    outcome->out = NULL;
    outcome->out_size = 0;
    outcome->message = "the result could not be recorded";
}

/* ---- drawing --------------------------------------------------------------------------------------------- */

/* How many may be drawn and not delivered, now. The window that spork chooses begins small, until it is known what the
 * outcomes take. */
static size_t room(const spk_stream_t *s)
{
    size_t least = 2 * (size_t)s->pool->n, most = s->most, fit;

    if (!s->automatic) return most;
    if (least > most) least = most;
    if (s->delivered < most - least) most = least + s->delivered;
    fit = s->bytes > 0 ? WINDOW_BYTES / s->bytes : most;
    if (fit < least) return least;
    return fit < most ? fit : most;
}

static int has_spilled(const spk_stream_t *s)
{
    return s->spilled != NULL && s->spilled->state != SPK_DONE && s->spilled->spill != NULL;
}

/* By and by would mean many small jobs: so much is drawn at a time, unless the workers run dry. */
static int may_draw(spk_stream_t *s)
{
    size_t under_way = s->drawn - s->delivered, most = room(s);

    if (s->ended || has_spilled(s)) return 0;
    if (under_way >= most)
        s->drawing = 0;
    else if (most - under_way >= (most + 3) / 4 || under_way - s->done.n < 2 * (size_t)s->pool->n)
        s->drawing = 1;
    return s->drawing;
}

static spork_future_t *take_record(spk_stream_t *s)
{
    spork_future_t *f = s->spare;

    if (f == NULL) return spk_future_make(s->pool, &s->done);
    s->spare = f->newer;
    return f;
}

static void put_record(spk_stream_t *s, spork_future_t *f)
{
    if (f->data_room > DATA_KEPT) {
        spk_future_free_data(f);
    }
    f->newer = s->spare;
    s->spare = f;
}

/* 1 if there is an input; else the stream ends. */
int spk_stream_ask_source(spk_stream_t *s, const void **in, apr_size_t *in_size)
{
    apr_status_t status;

    *in = NULL;
    *in_size = 0;
    s->pool->inside = SPK_IN_SOURCE;
    status = s->source(s->baton, in, in_size);
    s->pool->inside = 0;
    if (status == APR_EOF)
        s->ended = 1;
    else if (status != APR_SUCCESS)
        spk_stream_end_early(s, status, "the source failed");
    else if (*in == NULL && *in_size > 0)
        spk_stream_end_early(s, APR_EINVAL, "the source gave NULL for an input that is not empty");
    return !s->ended;
}

static void line_up(spk_stream_t *s, spork_future_t *f)
{
    f->newer = NULL;
    if (s->newest != NULL)
        s->newest->newer = f;
    else
        s->oldest = f;
    s->newest = f;
}

/* 1 if the journal has its outcome, which is done then. */
static int resume(spk_stream_t *s, spork_future_t *f)
{
    spk_result_t result;
    apr_status_t status = spk_stream_journal_find(s->journal, s->drawn, f->input, &result);

    if (status == APR_EOF) return 0;
    if (status != APR_SUCCESS) {
        spk_stream_end_unrecorded(s, status);
        return 0;
    }
    record_done(s); /* before this one: it needs no record */
    if (!s->unordered) line_up(s, f);
    spk_future_settle(f, s->drawn++, &result);
    if (s->n_resumed != NULL) ++*s->n_resumed;
    return 1;
}

static void draw(spk_stream_t *s)
{
    const void *in;
    apr_size_t in_size;
    spork_future_t *f = take_record(s);

    if (f == NULL && s->drawn > s->delivered) {
        s->most = s->drawn - s->delivered; /* go on with what there is */
        return;
    }
    if (f == NULL) {
        spk_stream_end_early(s, APR_ENOMEM, "no memory for an item");
        return;
    }
    f->state = SPK_DONE; /* it is nobody's if the source does not return */
    if (!spk_stream_ask_source(s, &in, &in_size)) {
        put_record(s, f);
        return;
    }
    if (s->journal != NULL) {
        f->input = spk_stream_journal_input(in, in_size);
        if (resume(s, f)) return;
        if (s->ended) {
            put_record(s, f);
            return;
        }
    }
    if (!s->unordered) line_up(s, f);
    spk_future_enter(f, s->fn, s->drawn++, in, in_size);
    if (s->journal != NULL) f->record = UNRECORDED;
    if (f->spill != NULL) s->spilled = f;
}

/* ---- delivering --------------------------------------------------------------------------------------------- */

/* Not before its record is on disk. */
static spork_future_t *next_outcome(const spk_stream_t *s)
{
    spork_future_t *f = s->unordered ? s->done.first : s->oldest;

    if (f == NULL || f->state != SPK_DONE) return NULL;
    return f->record <= s->on_disk || s->unrecordable ? f : NULL;
}

void spk_stream_tell_sink(spk_stream_t *s, const spork_outcome_t *outcome)
{
    apr_status_t status;

    s->pool->inside = SPK_IN_SINK;
    status = s->sink(s->baton, outcome);
    s->pool->inside = 0;
    if (status == APR_SUCCESS) return;
    spk_stream_end_early(s, status, "the sink failed");
    s->deaf = s->cancelling = 1;
}

/* 1 if there was one. */
static int deliver(spk_stream_t *s)
{
    spork_future_t *f = next_outcome(s);
    size_t bytes;

    if (f == NULL) return 0;
    spk_future_leave(f);
    if (!s->unordered && (s->oldest = f->newer) == NULL) s->newest = NULL;
    bytes = f->in_size + f->outcome.out_size;
    s->bytes -= s->bytes / 16;
    if (bytes > s->bytes) s->bytes = bytes;
    s->delivered++;
    if (f->record > s->on_disk && f->outcome.status == APR_SUCCESS) spk_stream_spoil(s, &f->outcome);
    if (!s->deaf) spk_stream_tell_sink(s, &f->outcome);
    put_record(s, f);
    return 1;
}

/* ---- with workers --------------------------------------------------------------------------------------------- */

/* Deliver one, draw one, and so on, until there is nothing to do or it is time to look after the pool. What was drawn goes
 * to the workers at once where they might run dry, for nobody knows how long a source or a sink will take. */
static void take_turns(spk_stream_t *s)
{
    spork_pool_t *pool = s->pool;
    uint64_t until = spk_os_clock() + TURNS_LAST;
    int turn;

    for (turn = 0; turn < TURNS && !pool->interrupted; turn++) {
        int delivered = deliver(s), drawing = !s->deaf && may_draw(s);

        if (!delivered && !drawing) return;
        if (drawing) draw(s);
        if (spk_queue_posted(pool) < 2 * (size_t)pool->n) spk_queue_feed(pool, 0);
        if (spk_os_clock() >= until) return;
    }
}

static int has_work(void *of)
{
    spk_stream_t *s = of;

    if (s->journal != NULL && !s->unrecordable && s->done.last != NULL && !is_recorded(s->done.last))
        return 1;
    return next_outcome(s) != NULL || may_draw(s) || is_over(s) || commit_is_due(s);
}

int spk_stream_was_interrupted(spork_pool_t *pool)
{
    return pool->interrupted && atomic_exchange(&pool->interrupted, 0);
}

/* What else may end it: an interrupt, or that no workers can be had. */
static void heed(spk_stream_t *s, apr_status_t status)
{
    spork_pool_t *pool = s->pool;

    if (status == SPORK_ECANCELLED || spk_stream_was_interrupted(pool)) {
        spk_stream_end_early(s, SPORK_ECANCELLED, "interrupted");
        s->cancelling = 1;
    }
    cancel_rest(s);
    if (pool->broken == APR_SUCCESS) return;
    spk_stream_end_early(s, pool->broken, "there are no workers any more");
    spk_crew_end(pool, 0);
    spk_queue_cancel(pool);
}

static void run_in_workers(spk_stream_t *s)
{
    apr_status_t status = APR_SUCCESS;

    for (;;) {
        heed(s, status);
        if (is_over(s)) return;
        record(s);
        take_turns(s);
        status = s->deaf ? APR_SUCCESS : spk_pump_until(s->pool, has_work, s, patience(s), 1);
    }
}

/* ---- the API ------------------------------------------------------------------------------------------------------ */

static apr_status_t check_stream(spork_pool_t *pool, spork_fn_t fn, spork_source_t source, spork_sink_t sink)
{
    apr_status_t status = spk_pool_check(pool, "spork_stream");

    if (status != APR_SUCCESS) return status;
    if (fn == NULL) return spk_error(APR_EINVAL, "spork_stream: fn is NULL");
    if (source == NULL) return spk_error(APR_EINVAL, "spork_stream: source is NULL");
    if (sink == NULL) return spk_error(APR_EINVAL, "spork_stream: sink is NULL");
    if (spk_registry_find(fn) == SPK_NOT_A_TASK)
        return spk_error(SPORK_ENOTTASK,
                         "spork_stream: the function is not in a task table given to spork_init()");
    if (pool->closed) return spk_error(SPORK_ECLOSED, "spork_stream: the pool was closed");
    if (pool->broken != APR_SUCCESS) return spk_error(pool->broken, "spork_stream: %s", pool->broken_words);
    return APR_SUCCESS;
}

static void choose_window(spk_stream_t *s, const spork_stream_t *options)
{
    size_t workers = (size_t)s->pool->n, window = options != NULL ? options->window : 0;

    s->automatic = window == 0;
    if (s->automatic) window = s->journal != NULL ? WINDOW_JOURNALED : WINDOW;
    if (s->automatic && window < workers * WINDOW_PER_WORKER) window = workers * WINDOW_PER_WORKER;
    s->most = window <= SIZE_MAX - workers ? window + workers : SIZE_MAX;
}

static apr_status_t open_journal(spk_stream_t *s, const spork_stream_t *options)
{
    if (options == NULL) return APR_SUCCESS;
    s->n_resumed = options->n_resumed;
    if (s->n_resumed != NULL) *s->n_resumed = 0;
    return options->journal != NULL ? spk_stream_journal_open(&s->journal, options->journal, s->fn)
                                    : APR_SUCCESS;
}

/* What is not spare, because a source or a sink has jumped out, goes with the queue. */
void spk_stream_free(spork_pool_t *pool)
{
    spk_stream_t *s = pool->stream;
    spork_future_t *f;

    if (s == NULL) return;
    while ((f = s->spare) != NULL) {
        s->spare = f->newer;
        spk_future_free(f);
    }
    spk_stream_journal_close(s->journal);
    free(s);
    pool->stream = NULL;
}

apr_status_t spork_stream(spork_pool_t *pool, spork_fn_t fn, spork_source_t source, spork_sink_t sink,
                          void *baton, const spork_stream_t *options)
{
    apr_status_t status = check_stream(pool, fn, source, sink);
    spk_stream_t *s;

    if (status != APR_SUCCESS) return status;
    s = calloc(1, sizeof *s);
    if (s == NULL) return spk_error(APR_ENOMEM, "spork_stream: no memory");
    pool->stream = s;
    s->pool = pool;
    s->fn = (uint32_t)spk_registry_find(fn);
    s->source = source;
    s->sink = sink;
    s->baton = baton;
    s->unordered = options != NULL && options->unordered;
    status = open_journal(s, options);
    if (status != APR_SUCCESS) {
        spk_stream_free(pool);
        return status;
    }
    choose_window(s, options);
    spk_progress_begin(pool, SPK_UNKNOWN);
    /* an interrupt that came before: then nothing is begun that would only be cut off */
    if (spk_stream_was_interrupted(pool))
        spk_stream_end_early(s, SPORK_ECANCELLED, "interrupted");
    else if (pool->n > 0)
        run_in_workers(s);
    else
        spk_stream_run_here(s, fn);
    spk_progress_end(pool);
    status = s->status;
    if (status != APR_SUCCESS) (void)spk_error(status, "%s", s->words);
    spk_stream_free(pool);
    return status;
}
