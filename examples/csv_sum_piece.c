/*
 * The task of csv_sum: sums by group of the records that begin in one piece, see csv_sum.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "csv_sum.h"

#include <apr_strings.h>
#include <string.h>

typedef struct {
    const csv_job_t *job;
    const char *path;
    apr_pool_t *mem;
    window_t window;
    csv_reader_t reader;
    csv_found_t found;
    apr_hash_t *groups;    /* name to csv_total_t */
    apr_size_t reply_size; /* of all groups */
    char *name;            /* room for one without its doubled quotes */
    apr_size_t name_room;
} scan_t;

static const char *window_end(const scan_t *scan)
{
    return scan->window.bytes + scan->window.size;
}

static apr_uint64_t offset_of(const scan_t *scan, const char *p)
{
    return scan->window.at + (apr_uint64_t)(p - scan->window.bytes);
}

/* ---- how the piece begins ---------------------------------------------------------------------------- */

static int ends_cell(char c, char delimiter)
{
    return c == delimiter || c == '\n' || c == '\r';
}

/* An opening quote stands behind the end of a cell, or is the second of a doubled one; a closing one stands before
 * the end of a cell, or is the first of a doubled one. The first quote that can be only one of them decides; where
 * none does, outside is more likely. */
static int guess_inside(const char *text, apr_size_t size, char before, char delimiter)
{
    const char *end = text + size, *p = text;
    int turned = 0;
    while ((p = memchr(p, '"', (size_t)(end - p))) != NULL && p + 1 < end) {
        const char left = p == text ? before : p[-1];
        const int opening = ends_cell(left, delimiter) || left == '"';
        const int closing = ends_cell(p[1], delimiter) || p[1] == '"';
        if (opening != closing) return closing != turned;
        turned = !turned;
        p++;
    }
    return 0;
}

/* Step to the first record that begins in the piece, or to the piece's end. *odd: of the quotes on the way. */
static apr_status_t skip_to_record(scan_t *scan, spork_task_t *task, int inside, const char **record,
                                   int *odd)
{
    const apr_uint64_t end = scan->job->piece.end;
    const char *p = scan->window.bytes + 1; /* the byte before the piece is in the window, too */
    apr_status_t status;

    scan->found.inside = inside;
    *odd = 0;
    if (!inside && p[-1] == '\n') {
        *record = p;
        return APR_SUCCESS;
    }
    while (offset_of(scan, p) < end) {
        if (p == window_end(scan)) {
            if ((status = window_move(&scan->window, task, scan->window.size)) != APR_SUCCESS) return status;
            p = scan->window.bytes;
        }
        const char c = *p++;
        *odd ^= c == '"';
        if (c == '\n' && inside == *odd) break;
    }
    *record = p;
    return APR_SUCCESS;
}

/* ---- its records --------------------------------------------------------------------------------------- */

static void note(csv_lack_t *lack, apr_uint64_t where)
{
    if (lack->count++ == 0) lack->first = where;
}

static csv_total_t *find_group(scan_t *scan, const csv_cell_t *cell)
{
    const char *name;
    if (cell->doubled && cell->size > scan->name_room) {
        scan->name_room = 2 * cell->size;
        scan->name = apr_palloc(scan->mem, scan->name_room);
    }
    const apr_size_t size = csv_text(cell, scan->name, &name);
    csv_total_t *entry = apr_hash_get(scan->groups, name, (apr_ssize_t)size);
    if (entry == NULL) {
        entry = apr_pcalloc(scan->mem, sizeof *entry);
        entry->head.name_size = size;
        entry->name = apr_pmemdup(scan->mem, name, size);
        apr_hash_set(scan->groups, entry->name, (apr_ssize_t)size, entry);
        scan->reply_size += sizeof entry->head + size;
    }
    return entry;
}

static void add_record(scan_t *scan, const char *record)
{
    const csv_reader_t *reader = &scan->reader;
    if (reader->n_cells == 0) return;
    if (reader->n_cells != scan->job->n_cells) {
        note(&scan->found.ragged, offset_of(scan, record));
        return;
    }
    const csv_cell_t *number = &reader->cells[1];
    csv_total_t *entry = find_group(scan, &reader->cells[0]);
    entry->head.rows++;
    if (number->size > 0 && !sum_add(&entry->head.sum, number->text, number->size))
        note(&scan->found.not_a_number, offset_of(scan, record));
}

static void set_error(scan_t *scan, csv_found_e what, const char *where)
{
    scan->found.error = (apr_int32_t)what;
    scan->found.error_at = offset_of(scan, where);
}

/* A well-formed record has an even number of quotes; so of all records only the last, which may reach beyond the
 * piece, can add an odd number. */
static int odd_quotes(const char *p, const char *end)
{
    int odd = 0;
    for (; p < end; p++) odd ^= *p == '"';
    return odd;
}

static apr_status_t read_records(scan_t *scan, spork_task_t *task, const char *p)
{
    const apr_uint64_t end = scan->job->piece.end;
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && scan->found.error == CSV_RECORD && offset_of(scan, p) < end) {
        const char *record = p;
        const csv_found_e found =
            csv_read(&scan->reader, &p, window_end(scan), window_is_last(&scan->window));
        if (found == CSV_RECORD) {
            add_record(scan, record);
            if (offset_of(scan, p) > end)
                scan->found.odd ^= odd_quotes(record, p - (offset_of(scan, p) - end));
        } else if (found == CSV_MORE) {
            status = window_move(&scan->window, task, (apr_size_t)(p - scan->window.bytes));
            p = scan->window.bytes;
            if (status == APR_ENOSPC) {
                set_error(scan, CSV_LONG, p);
                status = APR_SUCCESS;
            }
        } else {
            set_error(scan, found, scan->reader.wrong);
        }
    }
    return status;
}

/* What was wrongly taken to begin inside quotes, or outside, has errors; the quotes are to be counted all the same. */
static apr_status_t count_quotes(scan_t *scan, spork_task_t *task)
{
    const piece_t *piece = &scan->job->piece;
    apr_status_t status;

    window_close(&scan->window);
    scan->found.odd = 0;
    status = window_open(&scan->window, task, scan->path, piece->begin, piece);
    while (status == APR_SUCCESS) {
        const apr_uint64_t left = piece->end - scan->window.at;
        const apr_size_t size = left < scan->window.size ? (apr_size_t)left : scan->window.size;
        scan->found.odd ^= odd_quotes(scan->window.bytes, scan->window.bytes + size);
        if (size == left) break;
        status = window_move(&scan->window, task, size);
    }
    return status;
}

/* ---- the task ------------------------------------------------------------------------------------------- */

static apr_status_t scan_piece(scan_t *scan, spork_task_t *task)
{
    const csv_job_t *job = scan->job;
    const int first = job->state == PIECE_FIRST;
    apr_status_t status =
        window_open(&scan->window, task, scan->path, job->piece.begin - (first ? 0 : 1), &job->piece);
    const char *p = scan->window.bytes;

    if (status == APR_SUCCESS && !first) {
        const int inside = job->state == PIECE_GUESS
                               ? guess_inside(p + 1, scan->window.size - 1, *p, scan->reader.delimiter)
                               : job->state == PIECE_INSIDE;
        status = skip_to_record(scan, task, inside, &p, &scan->found.odd);
    }
    if (status == APR_SUCCESS) status = read_records(scan, task, p);
    if (status == APR_SUCCESS && scan->found.error != CSV_RECORD) status = count_quotes(scan, task);
    return status;
}

static apr_status_t reply(scan_t *scan, spork_task_t *task)
{
    char *data = apr_palloc(scan->mem, sizeof scan->found + scan->reply_size), *p = data + sizeof scan->found;
    const int good = scan->found.error == CSV_RECORD;
    if (good) {
        for (apr_hash_index_t *i = apr_hash_first(scan->mem, scan->groups); i; i = apr_hash_next(i)) {
            const csv_total_t *entry = apr_hash_this_val(i);
            memcpy(p, &entry->head, sizeof entry->head);
            memcpy(p + sizeof entry->head, entry->name, (size_t)entry->head.name_size);
            p += sizeof entry->head + entry->head.name_size;
        }
        scan->found.n_groups = apr_hash_count(scan->groups);
    }
    memcpy(data, &scan->found, sizeof scan->found);
    return spork_reply(task, data, (apr_size_t)(p - data));
}

apr_status_t csv_piece(spork_task_t *task, const void *in, void *out)
{
    scan_t scan = { 0 };
    (void)out; /* a submitted item has none: it replies */
    scan.job = in;
    scan.path = (const char *)in + sizeof *scan.job;
    scan.mem = spork_task_pool(task);
    scan.groups = apr_hash_make(scan.mem);
    csv_reader_init(&scan.reader, (char)scan.job->delimiter, scan.job->group, scan.job->sum);
    const apr_status_t status = scan_piece(&scan, task);
    window_close(&scan.window);
    return status == APR_SUCCESS ? reply(&scan, task) : status;
}
