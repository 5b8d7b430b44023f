/*
 * The trace, the parent's side: takes what the workers have noted (track.h), adds what it knows itself, and writes it.
 *
 * Bounds. A track holds 2048 notes, 80 KiB, one a worker and one of the parent's own, and is emptied at most twenty
 * times a second: so up to 40,000 items a second and worker have a slice each, if the parent waits in the pool.
 * The others are summed up in slices of many items. Nobody waits for the trace. A file ends at 1 GiB; what comes then is counted.
 *
 * The file is valid JSON at any time between two writes: each ends with the closing bracket, over which the next begins.
 * Its last event says how many items have a slice of their own ("items"), are in one of many ("in_bulk"), or in none
 * ("left_out").
 *
 * Rows: 1 is the parent, 2 … are the workers. An INLINE pool has only the first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "trace.h"

#include "error.h"
#include "mem.h"
#include "registry.h"
#include "role.h"
#include "trace_json.h"
#include "track.h"

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define OFTEN UINT64_C(50000000)       /* nanoseconds between two emptyings */
#define TEXT_MOST ((size_t)64 * 1024)  /* written at once */
#define FILE_MOST ((apr_off_t)1 << 30) /* bytes; a little more for the last events */
#define PATH_MOST 1000                 /* bytes of a path */
#define ROW_PARENT 1
#define ROW_WORKERS 2

static const char closing[] = "\n]\n";

/* What the parent remembers of a track. */
typedef struct {
    uint64_t taken, skipped;
    uint64_t begun;    /* clock: earlier its process did not live */
    uint64_t last;     /* start of the last item that was taken */
    uint64_t last_end; /* end of the last slice of its row */
    int64_t process;   /* its id */
} seen_t;

struct spk_trace_t {
    apr_pool_t *mem;
    apr_file_t *file; /* NULL: it is over */
    apr_off_t end;    /* where the closing bracket stands, */
    apr_off_t before; /* and where it stood before that */
    uint64_t zero;    /* clock: the pool's making */
    uint64_t looked;
    uint64_t items, in_bulk, left_out;
    int64_t pid;
    unsigned number; /* of the pool in this process */
    int is_full;
    spk_json_t json;
    void *memory;
    spk_track_t *own;   /* the parent's track, in that */
    spk_block_t *block; /* the workers', in the arena */
    spk_track_t *tracks;
    seen_t own_seen, *seen;
};

/* ---- the file ------------------------------------------------------------------------------------------------- */

/* The text and the bracket, in one write if the system does so; *wrote receives the bytes that were written in any case. */
static apr_status_t write_text(spk_trace_t *trace, apr_size_t *wrote)
{
    apr_off_t at = trace->end;
    int held = spk_os_growth_hold(); /* a limit on the file's size is an error, not a signal */
    apr_status_t status = apr_file_seek(trace->file, APR_SET, &at);
    size_t size = trace->json.size;

    *wrote = 0;
    memcpy(trace->json.text + size, closing, sizeof closing - 1);
    if (status == APR_SUCCESS)
        status = apr_file_write_full(trace->file, trace->json.text, size + sizeof closing - 1, wrote);
    if (status == APR_SUCCESS) {
        trace->before = trace->end;
        trace->end += (apr_off_t)size;
    }
    spk_os_growth_release(held);
    trace->json.size = 0;
    return status;
}

/* It cannot be written any more (a full disk, a limit, which may even be below what there is already): it ends where it
 * was whole. What failed has written over the bracket so many bytes: nothing, then it stands there as before; or enough for
 * another bracket; or less, then there is room for one further in front. */
static void give_up(spk_trace_t *trace, apr_size_t wrote)
{
    if (wrote > 0) {
        if (wrote < sizeof closing - 1) trace->end = trace->before;
        (void)write_text(trace, &wrote);
        (void)apr_file_trunc(trace->file, trace->end + (apr_off_t)sizeof closing - 1);
    }
    trace->json.size = 0;
    (void)apr_file_close(trace->file);
    trace->file = NULL;
}

static void flush(spk_trace_t *trace)
{
    apr_size_t wrote;

    if (trace->json.size == 0) return;
    if (trace->file == NULL)
        trace->json.size = 0;
    else if (write_text(trace, &wrote) != APR_SUCCESS)
        give_up(trace, wrote);
    if (trace->end >= FILE_MOST) trace->is_full = 1;
}

/* ---- events ------------------------------------------------------------------------------------------------------- */

static void begin(spk_trace_t *trace, char phase, const char *name, int64_t row)
{
    if (trace->json.room - trace->json.size < SPK_JSON_EVENT) flush(trace);
    spk_json_event(&trace->json, phase, name, trace->pid, row);
}

static void begin_slice(spk_trace_t *trace, const char *name, const char *kind, int64_t row, uint64_t start,
                        uint64_t end)
{
    begin(trace, 'X', name, row);
    spk_json_text(&trace->json, "cat", kind);
    spk_json_time(&trace->json, "ts", start - trace->zero);
    spk_json_time(&trace->json, "dur", end - start);
    spk_json_args(&trace->json);
}

static void begin_instant(spk_trace_t *trace, const char *name, int64_t row)
{
    begin(trace, 'i', name, row);
    spk_json_text(&trace->json, "cat", "worker");
    spk_json_text(&trace->json, "s", "t");
    spk_json_time(&trace->json, "ts", spk_os_clock() - trace->zero);
    spk_json_args(&trace->json);
}

static void name_row(spk_trace_t *trace, int64_t row, const char *format, int number)
{
    char name[40];

    apr_snprintf(name, sizeof name, format, number);
    begin(trace, 'M', "thread_name", row);
    spk_json_args(&trace->json);
    spk_json_text(&trace->json, "name", name);
    (void)spk_json_end(&trace->json);
    begin(trace, 'M', "thread_sort_index", row);
    spk_json_args(&trace->json);
    spk_json_number(&trace->json, "sort_index", row);
    (void)spk_json_end(&trace->json);
}

static void name_rows(spk_trace_t *trace, const spork_pool_t *pool)
{
    char name[60];
    int m;

    apr_snprintf(name, sizeof name, "spork pool %u: %s", trace->number,
                 pool->start == SPORK_START_FORK    ? "fork"
                 : pool->start == SPORK_START_SPAWN ? "spawn"
                                                    : "inline");
    begin(trace, 'M', "process_name", ROW_PARENT);
    spk_json_args(&trace->json);
    spk_json_text(&trace->json, "name", name);
    (void)spk_json_end(&trace->json);
    name_row(trace, ROW_PARENT, "parent", 0);
    for (m = 0; m < pool->n; m++) name_row(trace, ROW_WORKERS + m, "worker %d", m);
}

/* How it ended is said if not well. */
static void put_item(spk_trace_t *trace, int64_t row, const spk_note_t *note, const char *ended)
{
    char words[120];

    if (trace->is_full) {
        trace->left_out++;
        return;
    }
    begin_slice(trace, spk_registry_name(note->fn), "item", row, note->start, note->end);
    spk_json_count(&trace->json, "item", note->index);
    if (ended == NULL && note->status != APR_SUCCESS)
        ended = spork_strerror(note->status, words, sizeof words);
    if (ended != NULL) spk_json_text(&trace->json, "failed", ended);
    (void)spk_json_end(&trace->json);
    trace->items++;
}

static void put_bulk(spk_trace_t *trace, int64_t row, uint64_t start, uint64_t end, uint64_t items)
{
    if (trace->is_full) {
        trace->left_out += items;
        return;
    }
    begin_slice(trace, "many items", "bulk", row, start, end);
    spk_json_count(&trace->json, "items", items);
    (void)spk_json_end(&trace->json);
    trace->in_bulk += items;
}

static void put_rest(spk_trace_t *trace, int64_t row, const char *name, uint64_t start, uint64_t end)
{
    if (trace->is_full) return;
    begin_slice(trace, name, "wait", row, start, end);
    (void)spk_json_end(&trace->json);
}

/* ---- tracks ------------------------------------------------------------------------------------------------------- */

/* Times that cannot be become ones that can: not before the process was started, not in the future, not backwards. */
static void check_times(const seen_t *seen, uint64_t now, uint64_t *start, uint64_t *end)
{
    if (*end > now || *end < seen->begun) *end = now;
    if (*start > *end) *start = *end;
    if (*start < seen->begun) *start = seen->begun;
}

static void put_note(spk_trace_t *trace, int64_t row, seen_t *seen, uint64_t now, spk_note_t *note)
{
    static const char *const names[] = { "", "", "asleep", "blocked", "waiting", "starting" };

    if (note->kind < SPK_NOTE_ITEM || note->kind > SPK_NOTE_STARTING) return;
    if (note->kind == SPK_NOTE_ITEM) seen->last = note->start;
    check_times(seen, now, &note->start, &note->end);
    if (note->kind == SPK_NOTE_ITEM)
        put_item(trace, row, note, NULL);
    else
        put_rest(trace, row, names[note->kind], note->start, note->end);
    seen->last_end = note->end;
}

static void put_skipped(spk_trace_t *trace, int64_t row, seen_t *seen, uint64_t now, const spk_track_t *track)
{
    uint64_t skipped = atomic_load_explicit(&track->skipped, memory_order_acquire);
    uint64_t from = atomic_load_explicit(&track->skipped_from, memory_order_relaxed);
    uint64_t to = atomic_load_explicit(&track->skipped_to, memory_order_relaxed);

    if (skipped == seen->skipped) return;
    if (from < seen->last_end) from = seen->last_end;
    check_times(seen, now, &from, &to);
    put_bulk(trace, row, from, to, skipped - seen->skipped);
    seen->skipped = skipped;
    seen->last = atomic_load_explicit(&track->skipped_start, memory_order_relaxed);
    seen->last_end = to;
}

static void empty_track(spk_trace_t *trace, int64_t row, seen_t *seen, spk_track_t *track)
{
    uint64_t head = atomic_load_explicit(&track->head, memory_order_acquire), now = spk_os_clock();
    spk_note_t note;

    if (head - seen->taken > SPK_TRACK_NOTES) seen->taken = head; /* no honest worker's doing */
    while (seen->taken != head) {
        memcpy(&note, &track->notes[seen->taken++ % SPK_TRACK_NOTES], sizeof note);
        put_note(trace, row, seen, now, &note);
    }
    put_skipped(trace, row, seen, now, track);
    atomic_store_explicit(&track->tail, seen->taken, memory_order_release);
}

static void empty_all(spork_pool_t *pool)
{
    spk_trace_t *trace = pool->trace;
    int m;

    for (m = 0; m < pool->n; m++)
        if (pool->members[m].state != SPK_ABSENT)
            empty_track(trace, ROW_WORKERS + m, &trace->seen[m], &trace->tracks[m]);
    empty_track(trace, ROW_PARENT, &trace->own_seen, trace->own);
    flush(trace);
}

void spk_trace_look(spork_pool_t *pool)
{
    uint64_t now;

    if (pool->trace == NULL) return;
    now = spk_os_clock();
    if (now - pool->trace->looked < OFTEN) return;
    pool->trace->looked = now;
    empty_all(pool);
}

/* ---- what the parent knows --------------------------------------------------------------------------------------------- */

/* The seat's next process finds its track empty. */
void spk_trace_prepare(spork_pool_t *pool, int m)
{
    spk_track_t *track;
    seen_t *seen;

    if (pool->trace == NULL) return;
    track = &pool->trace->tracks[m];
    atomic_store_explicit(&track->head, 0, memory_order_relaxed);
    atomic_store_explicit(&track->tail, 0, memory_order_relaxed);
    atomic_store_explicit(&track->skipped, 0, memory_order_relaxed);
    track->skipping = 0;
    seen = &pool->trace->seen[m];
    memset(seen, 0, sizeof *seen);
    seen->begun = seen->last_end = spk_os_clock();
}

void spk_trace_start(spork_pool_t *pool, int m)
{
    spk_trace_t *trace = pool->trace;

    if (trace == NULL) return;
    trace->seen[m].process = pool->members[m].process.pid;
    if (trace->is_full) return;
    begin_instant(trace, "start", ROW_WORKERS + m);
    spk_json_number(&trace->json, "process", trace->seen[m].process);
    (void)spk_json_end(&trace->json);
}

/* The item in cur, unless the worker itself has noted it. */
static void put_casualty(spork_pool_t *pool, int m, const char *how)
{
    spk_seat_t *seat = pool->members[m].seat;
    spk_cur_t cur = spk_cur_unpack(atomic_load_explicit(&seat->cur, memory_order_acquire));
    seen_t *seen = &pool->trace->seen[m];
    apr_size_t index;
    spk_note_t note;

    memset(&note, 0, sizeof note);
    note.start = atomic_load_explicit(&seat->started, memory_order_relaxed);
    if ((cur.state != SPK_CUR_RUNNING && cur.state != SPK_CUR_CONDEMNED) || note.start == seen->last ||
        !spk_job_index(pool, cur.slot, cur.item, &index))
        return;
    note.index = index;
    note.fn = spk_job_fn(pool, cur.slot, cur.item);
    note.end = spk_os_clock();
    check_times(seen, note.end, &note.start, &note.end);
    put_item(pool->trace, ROW_WORKERS + m, &note, how);
}

void spk_trace_death(spork_pool_t *pool, int m, const spk_os_exit_t *exit)
{
    spk_trace_t *trace = pool->trace;
    char how[60];

    if (trace == NULL) return;
    empty_track(trace, ROW_WORKERS + m, &trace->seen[m], &trace->tracks[m]);
    if (exit->signal != 0)
        apr_snprintf(how, sizeof how, "its worker was ended by signal %d", exit->signal);
    else
        apr_snprintf(how, sizeof how, "its worker ended with exit code %u", (unsigned)exit->exit_code);
    if (!pool->razing) put_casualty(pool, m, how);
    if (trace->is_full) return;
    begin_instant(trace, "end", ROW_WORKERS + m);
    spk_json_number(&trace->json, "process", trace->seen[m].process);
    spk_json_number(&trace->json, "signal", exit->signal);
    spk_json_count(&trace->json, "exit_code", exit->exit_code);
    (void)spk_json_end(&trace->json);
}

void spk_trace_waited(spork_pool_t *pool, uint64_t since)
{
    if (pool->trace != NULL) spk_track_rest(pool->trace->own, SPK_NOTE_WAITING, since, spk_os_clock());
}

void spk_trace_item(spork_pool_t *pool, uint64_t start, uint64_t index, uint32_t fn, apr_status_t status)
{
    if (pool->trace == NULL) return;
    spk_track_item(pool->trace->own, start, spk_os_clock(), index, fn, status);
    spk_trace_look(pool);
}

/* ---- its making and its end ------------------------------------------------------------------------------------------------ */

/* FILE.json, FILE.2.json, FILE.3.json … */
static char *path_of(const spk_trace_t *trace, const char *given)
{
    const char *name = given, *dot, *at;
    char *path = apr_palloc(trace->mem, strlen(given) + 20);

    for (at = given; *at != '\0'; at++)
        if (*at == '/' || *at == '\\') name = at + 1;
    dot = strrchr(name, '.');
    if (dot == NULL || dot == name) dot = given + strlen(given);
    if (path == NULL) return NULL;
    memcpy(path, given, (size_t)(dot - given));
    if (trace->number > 1)
        apr_snprintf(path + (dot - given), 20, ".%u", trace->number);
    else
        path[dot - given] = '\0';
    memcpy(path + strlen(path), dot, strlen(dot) + 1);
    return path;
}

static apr_status_t open_file(spk_trace_t *trace, const char *given)
{
    const char *path = path_of(trace, given);
    apr_status_t status = APR_ENOMEM;
    apr_size_t wrote;

    if (path != NULL)
        status = apr_file_open(&trace->file, path,
                               APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE | APR_FOPEN_BINARY,
                               APR_FPROT_OS_DEFAULT, trace->mem);
    if (status == APR_SUCCESS) {
        memcpy(trace->json.text, "[\n", 2);
        trace->json.size = 2;
        status = write_text(trace, &wrote);
    } else {
        trace->file = NULL;
    }
    return status == APR_SUCCESS
               ? status
               : spk_error_os(status, "spork_pool_create: SPORK_TRACE=%.200s cannot be written", given);
}

static apr_status_t take_memory(spork_pool_t *pool)
{
    spk_trace_t *trace = pool->trace;

    trace->json.text = malloc(TEXT_MOST + sizeof closing);
    trace->json.room = TEXT_MOST;
    trace->memory = calloc(1, sizeof *trace->own + SPK_LINE);
    if (trace->memory != NULL) /* as it is aligned */
        trace->own = (spk_track_t *)(void *)((unsigned char *)trace->memory +
                                             (SPK_LINE - (uintptr_t)trace->memory % SPK_LINE));
    trace->seen = calloc((size_t)pool->n + 1, sizeof *trace->seen);
    if (trace->json.text != NULL && trace->own != NULL && trace->seen != NULL) return APR_SUCCESS;
    return spk_error(APR_ENOMEM, "spork_pool_create: no memory for the trace");
}

/* APR's functions do not survive a lack of memory; in a new pool, whose first block has 8 KiB, they need not. */
static apr_status_t read_variable(apr_pool_t *mem, char **path)
{
    *path = NULL;
    if (!spk_os_env_trusted() || spk_role_is_worker()) return APR_SUCCESS;
    if (apr_env_get(path, "SPORK_TRACE", mem) != APR_SUCCESS || (*path)[0] == '\0') *path = NULL;
    if (*path == NULL || strlen(*path) <= PATH_MOST) return APR_SUCCESS;
    return spk_error(APR_EINVAL, "spork_pool_create: SPORK_TRACE is longer than %d bytes", PATH_MOST);
}

/* Traces that this process has begun; pools may be made by several threads. */
static unsigned next_number(void)
{
    static _Atomic uint32_t traces;
    uint32_t seen = 0;

    while (!atomic_compare_exchange_weak_explicit(&traces, &seen, seen + 1, memory_order_relaxed,
                                                  memory_order_relaxed))
        continue;
    return seen + 1;
}

apr_status_t spk_trace_open(spork_pool_t *pool)
{
    apr_pool_t *mem;
    char *given;
    apr_status_t status;

    if (spk_mem_create(&mem, pool->mem) != APR_SUCCESS)
        return spk_error(APR_ENOMEM, "spork_pool_create: no memory");
    status = read_variable(mem, &given);
    if (status != APR_SUCCESS || given == NULL) {
        apr_pool_destroy(mem);
        return status;
    }
    pool->trace = spk_mem_zeroed(pool->mem, sizeof *pool->trace);
    if (pool->trace == NULL) return spk_error(APR_ENOMEM, "spork_pool_create: no memory for the trace");
    pool->trace->mem = mem;
    pool->trace->pid = spk_os_pid();
    pool->trace->number = next_number();
    pool->trace->zero = pool->trace->own_seen.begun = spk_os_clock();
    status = take_memory(pool);
    if (status == APR_SUCCESS) status = open_file(pool->trace, given);
    if (status == APR_SUCCESS) name_rows(pool->trace, pool);
    return status;
}

size_t spk_trace_room(const spork_pool_t *pool)
{
    return pool->trace != NULL ? ((size_t)pool->n + 1) * sizeof(spk_track_t) : 0;
}

apr_status_t spk_trace_place(spork_pool_t *pool)
{
    spk_trace_t *trace = pool->trace;

    if (trace == NULL || pool->n == 0) return APR_SUCCESS;
    trace->block = spk_memory_alloc(pool, (size_t)pool->n * sizeof(spk_track_t));
    if (trace->block == NULL)
        return spk_error(SPORK_ETOOBIG, "spork_pool_create: no room in the arena for the trace of %d workers",
                         pool->n);
    trace->tracks = (spk_track_t *)(void *)spk_memory_at(pool, trace->block);
    return APR_SUCCESS;
}

uint64_t spk_trace_offset(const spork_pool_t *pool)
{
    return pool->trace != NULL && pool->trace->block != NULL ? spk_block_offset(pool->trace->block) : 0;
}

void spk_trace_leave(spork_pool_t *pool)
{
    if (pool->trace != NULL && pool->trace->file != NULL) (void)apr_file_close(pool->trace->file);
}

static void put_sum(spk_trace_t *trace)
{
    begin(trace, 'i', "trace", ROW_PARENT);
    spk_json_text(&trace->json, "s", "p");
    spk_json_time(&trace->json, "ts", spk_os_clock() - trace->zero);
    spk_json_args(&trace->json);
    spk_json_count(&trace->json, "items", trace->items);
    spk_json_count(&trace->json, "in_bulk", trace->in_bulk);
    spk_json_count(&trace->json, "left_out", trace->left_out);
    (void)spk_json_end(&trace->json);
    flush(trace);
}

void spk_trace_close(spork_pool_t *pool, int ours)
{
    spk_trace_t *trace = pool->trace;

    if (trace == NULL) return;
    if (ours && trace->file != NULL) {
        empty_track(trace, ROW_PARENT, &trace->own_seen, trace->own);
        put_sum(trace);
    }
    if (trace->file != NULL) (void)apr_file_close(trace->file);
    free(trace->json.text);
    free(trace->memory);
    free(trace->seen);
    pool->trace = NULL;
}
