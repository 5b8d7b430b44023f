/*
 * csv_sum's look at the file before the work: can it be read in pieces, which columns are meant, where do the records
 * begin.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "csv_sum.h"

#include <apr_cstr.h>
#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

static int say(const csv_options_t *options, const char *words)
{
    fprintf(stderr, "csv_sum: %s: %s\n", options->path, words);
    return 0;
}

static int say_status(const csv_options_t *options, const char *what, apr_status_t status)
{
    char words[128];
    fprintf(stderr, "csv_sum: %s: cannot %s: %s\n", options->path, what,
            apr_strerror(status, words, sizeof words));
    return 0;
}

/* The file's beginning, with a newline behind it: twice as much as before, or if that was nothing, a block. */
static int read_head(const csv_options_t *options, apr_file_t *file, char **text, apr_size_t *size, int *all,
                     apr_pool_t *mem)
{
    apr_size_t room = *size ? 2 * *size : 65536, got = 0;
    char *head = apr_palloc(mem, room + 1);
    if (*size > 0) memcpy(head, *text, *size);
    const apr_status_t status = apr_file_read_full(file, head + *size, room - *size, &got);
    if (status != APR_SUCCESS && status != APR_EOF) return say_status(options, "read", status);
    *all = status == APR_EOF;
    *text = head;
    *size += got;
    head[*size] = '\n';
    return 1;
}

/* The first record must be in the head: *record is where it begins. */
static int find_record(const csv_options_t *options, apr_file_t *file, csv_reader_t *reader, char **text,
                       apr_size_t *size, apr_size_t *record, apr_pool_t *mem)
{
    int all;
    for (;;) {
        if (!read_head(options, file, text, size, &all, mem)) return 0;
        *record = *size >= 3 && memcmp(*text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* a byte order mark */
        csv_found_e found = CSV_RECORD;
        const char *p = *text + *record, *end = *text + *size;
        for (reader->n_cells = 0; p < end && found == CSV_RECORD && reader->n_cells == 0;) {
            *record = (apr_size_t)(p - *text);
            found = csv_read(reader, &p, end, all);
        }
        if (found == CSV_RECORD && reader->n_cells > 0) return 1;
        if (found == CSV_ZERO) return say(options, "the first record: a zero byte: not a text in UTF-8");
        if (found == CSV_QUOTE) return say(options, "the first record: malformed quoting");
        if (found == CSV_OPEN) return say(options, "the first record: has a quote that is never closed");
        if (all) return say(options, "is empty");
        if (*size >= WINDOW_MAX) return say(options, "the first record: longer than 16 MiB: not a CSV file");
    }
}

/* The cell of one column of the first record. */
static const char *name_of(const csv_options_t *options, int column, const char *record, const char *end,
                           apr_pool_t *mem)
{
    csv_reader_t reader;
    const char *text;
    csv_reader_init(&reader, options->delimiter, column, -1);
    (void)csv_read(&reader, &record, end, 1);
    char *copy = apr_palloc(mem, reader.cells[0].size + 1);
    const apr_size_t size = csv_text(&reader.cells[0], copy, &text);
    return apr_pstrmemdup(mem, text, size);
}

/* What the user calls a column: a name of the header, or else a number. -1: it has been said why not. */
static int find_column(csv_options_t *options, const char **name, const char *record, const char *end,
                       int n_cells, apr_pool_t *mem)
{
    apr_uint64_t number;
    int column = -1;
    for (int i = 0; i < n_cells && !options->no_header; i++) {
        if (strcmp(name_of(options, i, record, end, mem), *name) != 0) continue;
        if (column >= 0) {
            fprintf(stderr, "csv_sum: %s: two columns are called \"%s\": say which by number\n",
                    options->path, *name);
            return -1;
        }
        column = i;
    }
    if (column < 0 && apr_cstr_strtoui64(&number, *name, 1, (apr_uint64_t)n_cells, 10) == APR_SUCCESS)
        column = (int)number - 1;
    if (column < 0)
        fprintf(stderr, "csv_sum: %s: there is no column \"%s\" among its %d\n", options->path, *name,
                n_cells);
    else if (!options->no_header)
        *name = name_of(options, column, record, end, mem);
    return column;
}

/* From the first record: the columns, and where the data begin. */
static int read_first(csv_options_t *options, apr_file_t *file, csv_job_t *job, apr_pool_t *mem)
{
    csv_reader_t reader;
    char *text = NULL;
    apr_size_t size = 0, record;

    csv_reader_init(&reader, options->delimiter, -1, -1);
    if (!find_record(options, file, &reader, &text, &size, &record, mem)) return 0;
    job->n_cells = reader.n_cells;
    const char *p = text + record, *end = text + size;
    job->group = find_column(options, &options->group, p, end, reader.n_cells, mem);
    if (job->group < 0) return 0;
    job->sum = find_column(options, &options->sum, p, end, reader.n_cells, mem);
    if (job->sum < 0) return 0;
    if (!options->no_header) (void)csv_read(&reader, &p, end, 1);
    job->piece.begin = (apr_uint64_t)(p - text);
    if (job->piece.begin > job->piece.limit) job->piece.limit = job->piece.begin; /* it grows */
    job->piece.end = job->piece.limit;
    return 1;
}

int csv_open(csv_options_t *options, csv_job_t *job, apr_pool_t *mem)
{
    const char *words;
    apr_file_t *file;

    memset(job, 0, sizeof *job);
    job->state = PIECE_FIRST;
    job->delimiter = (unsigned char)options->delimiter;
    if (pieces_measure(options->path, &job->piece.limit, &words, mem) != APR_SUCCESS)
        return say(options, words);
    if (options->piece_size == 0) options->piece_size = pieces_size(job->piece.limit);
    const apr_status_t status =
        apr_file_open(&file, options->path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, mem);
    if (status != APR_SUCCESS) return say_status(options, "open", status);
    const int good = read_first(options, file, job, mem);
    apr_file_close(file);
    return good;
}
