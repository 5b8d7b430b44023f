/*
 * csv_sum: one column of a large CSV file summed by the groups of another, on all processors.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "csv_sum.h"
#include "ctrl_c.h"
#include "lone_dash.h"

#include <apr_cstr.h>
#include <apr_general.h>
#include <apr_getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE_ERROR 2
#define GO_ON (-1)
#define RETRIES 2 /* of a piece whose worker died: reading it again does no harm */

static const char help[] =
    "Usage: csv_sum FILE --group-by=COLUMN --sum=COLUMN [-d C] [-w N]\n"
    "The sums of one column of a CSV file (RFC 4180), by the groups of another, as CSV: group, sum, rows;\n"
    "in the order of the groups' bytes. A COLUMN is a name in the first record, or else a number from 1.\n"
    "Worker processes read the file in pieces; quoted cells may hold newlines, wherever a piece begins.\n"
    "\n"
    "  -g, --group-by=COLUMN  whose cells are the groups\n"
    "  -s, --sum=COLUMN       whose cells are added up\n"
    "  -d, --delimiter=C      one character, or \"tab\" (default: a comma)\n"
    "      --no-header        the first record is data: columns by number\n"
    "  -w, --workers=N        worker processes (default: one per processor)\n"
    "      --piece=BYTES      how much a worker takes at once (default: by the file's size)\n"
    "  -v, --verbose          say on stderr how it was done\n"
    "  -h, --help             this text\n"
    "      --version          the version\n"
    "\n"
    "Numbers are decimal and sums exact; those with an exponent, more than 18 digits before the point or 9\n"
    "behind it are added in floating point. An empty cell adds nothing. Nor does one that is no number, and\n"
    "records of another length than the first are left out: both are counted on stderr, and the exit status\n"
    "is 1. Malformed quoting and zero bytes end it without a result.\n"
    "SPORK_START=fork|spawn|inline chooses the start method, SPORK_WORKERS=N overrides -w.\n"
    "Exit status: 0 all was added up, 1 something failed, 2 wrong usage. Ctrl-C ends it, by that signal.\n";

static const spork_entry_t tasks[] = { SPORK_ENTRY(csv_piece), SPORK_END };

/* ---- what came out ---------------------------------------------------------------------------------------- */

static int by_name(const void *left, const void *right)
{
    const csv_total_t *a = *(const csv_total_t *const *)left, *b = *(const csv_total_t *const *)right;
    const apr_uint64_t shorter =
        a->head.name_size < b->head.name_size ? a->head.name_size : b->head.name_size;
    const int order = memcmp(a->name, b->name, (size_t)shorter);
    if (order != 0) return order;
    return (a->head.name_size > b->head.name_size) - (a->head.name_size < b->head.name_size);
}

/* Standard output by APR, which leaves line ends alone: those in a cell are its own, also on Windows. */
typedef struct {
    apr_file_t *file;
    apr_status_t status;
    char delimiter;
} out_t;

static void put(out_t *out, const char *text, apr_size_t size)
{
    if (out->status == APR_SUCCESS && size > 0)
        out->status = apr_file_write_full(out->file, text, size, NULL);
}

static void put_cell(out_t *out, const char *text, apr_size_t size, char end)
{
    const char *rest = text, *quote;
    int plain = 1;
    for (apr_size_t i = 0; i < size && plain; i++)
        plain = text[i] != out->delimiter && text[i] != '"' && text[i] != '\n' && text[i] != '\r';
    if (!plain) put(out, "\"", 1);
    while (!plain && (quote = memchr(rest, '"', size - (apr_size_t)(rest - text))) != NULL) {
        put(out, rest, (apr_size_t)(quote + 1 - rest));
        put(out, "\"", 1);
        rest = quote + 1;
    }
    put(out, rest, size - (apr_size_t)(rest - text));
    if (!plain) put(out, "\"", 1);
    put(out, &end, 1);
}

static void put_header(out_t *out, const csv_options_t *options)
{
    put_cell(out, options->group, strlen(options->group), out->delimiter);
    put_cell(out, options->sum, strlen(options->sum), out->delimiter);
    put_cell(out, "rows", 4, '\n');
}

static void put_total(out_t *out, const csv_total_t *total, int decimals)
{
    char text[SUM_TEXT_MAX];
    put_cell(out, total->name, (apr_size_t)total->head.name_size, out->delimiter);
    sum_text(&total->head.sum, decimals, text);
    put_cell(out, text, strlen(text), out->delimiter);
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)total->head.rows);
    put_cell(out, text, strlen(text), '\n');
}

static apr_status_t print_totals(const csv_sum_t *sum)
{
    const apr_size_t count = apr_hash_count(sum->totals);
    csv_total_t **totals = apr_palloc(sum->mem, (count + 1) * sizeof(csv_total_t *));
    out_t out = { NULL, APR_SUCCESS, sum->options->delimiter };
    apr_size_t n = 0;
    int decimals = 0;

    for (apr_hash_index_t *i = apr_hash_first(sum->mem, sum->totals); i; i = apr_hash_next(i)) {
        totals[n] = apr_hash_this_val(i);
        if (totals[n]->head.sum.decimals > decimals) decimals = totals[n]->head.sum.decimals;
        n++;
    }
    qsort(totals, n, sizeof(csv_total_t *), by_name);
    out.status = apr_file_open_flags_stdout(&out.file, APR_FOPEN_BUFFERED, sum->mem);
    if (!sum->options->no_header) put_header(&out, sum->options);
    for (apr_size_t i = 0; i < n; i++) put_total(&out, totals[i], decimals);
    return out.status == APR_SUCCESS ? apr_file_flush(out.file) : out.status;
}

/* ---- what did not ------------------------------------------------------------------------------------------- */

static void say_line(const csv_sum_t *sum, apr_uint64_t offset, const char *words)
{
    fprintf(stderr, "csv_sum: %s: line %llu (byte %llu): %s\n", sum->options->path,
            (unsigned long long)pieces_line(sum->options->path, offset, sum->mem), (unsigned long long)offset,
            words);
}

static void say_lack(const csv_sum_t *sum, const csv_lack_t *lack, const char *words)
{
    if (lack->count == 0) return;
    fprintf(stderr, "csv_sum: %s: %llu %s, the first in line %llu\n", sum->options->path,
            (unsigned long long)lack->count, words,
            (unsigned long long)pieces_line(sum->options->path, lack->first, sum->mem));
}

static void say_error(const csv_sum_t *sum)
{
    switch (sum->error) {
    case CSV_QUOTE: say_line(sum, sum->error_at, "malformed quoting"); break;
    case CSV_OPEN: say_line(sum, sum->error_at, "the quote that opens here is never closed"); break;
    case CSV_ZERO: say_line(sum, sum->error_at, "a zero byte: not a text in UTF-8"); break;
    case CSV_LONG:
        say_line(sum, sum->error_at,
                 "a record of more than 16 MiB begins here: perhaps a quote is not closed");
        break;
    default:
        fprintf(stderr, "csv_sum: %s: %s\n", sum->options->path, sum->words ? sum->words : spork_error());
    }
}

/* ---- the program -------------------------------------------------------------------------------------------- */

/* The exit status. */
static int run(csv_options_t *options, apr_pool_t *mem)
{
    spork_pool_t *pool = NULL;
    csv_sum_t sum = { 0 };
    csv_job_t job;
    int code = EXIT_FAILURE;

    if (!csv_open(options, &job, mem)) return EXIT_FAILURE;
    apr_status_t status = spork_pool_create(&pool, &options->config, mem);
    if (status != APR_SUCCESS) {
        fprintf(stderr, "csv_sum: %s\n", spork_error());
        return EXIT_FAILURE;
    }
    ctrl_c_watch(pool);
    status = csv_add_up(&sum, pool, options, &job, mem);
    if (ctrl_c_came()) {
        fprintf(stderr, "csv_sum: interrupted after %llu of %llu bytes\n", (unsigned long long)sum.begin,
                (unsigned long long)sum.end);
    } else if (status != APR_SUCCESS) {
        say_error(&sum);
    } else {
        ctrl_c_forget(); /* what is left is to print: that ends at once */
        const apr_status_t printed = print_totals(&sum);
        if (options->verbose)
            fprintf(stderr, "csv_sum: %llu pieces, %d of them read twice\n", (unsigned long long)sum.pieces,
                    sum.again);
        say_lack(&sum, &sum.ragged, "records are longer or shorter than the first, and were left out");
        say_lack(&sum, &sum.not_a_number, "cells to be summed are no numbers, and added nothing");
        if (printed != APR_SUCCESS)
            fputs("csv_sum: cannot write the sums\n", stderr);
        else if (spork_pool_close(pool) == APR_SUCCESS && sum.ragged.count == 0 &&
                 sum.not_a_number.count == 0)
            code = EXIT_SUCCESS;
    }
    ctrl_c_forget();
    spork_pool_destroy(pool);
    return code;
}

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "csv_sum: %s%s\nTry 'csv_sum --help'.\n", what, value);
    return USAGE_ERROR;
}

static int parse_delimiter(const char *value, char *delimiter)
{
    if (strcmp(value, "tab") == 0 || strcmp(value, "\\t") == 0) value = "\t";
    *delimiter = *value;
    return value[0] != '\0' && value[1] == '\0' && strchr("\"\r\n", *value) == NULL;
}

/* One option; GO_ON, or the exit status. */
static int parse_option(csv_options_t *options, int option, const char *value)
{
    apr_uint64_t n;
    switch (option) {
    case 'g': options->group = value; return GO_ON;
    case 's': options->sum = value; return GO_ON;
    case 'n': options->no_header = 1; return GO_ON;
    case 'd':
        if (!parse_delimiter(value, &options->delimiter)) return usage_error("not a delimiter: ", value);
        return GO_ON;
    case 'w':
        if (apr_cstr_strtoui64(&n, value, 1, SPORK_WORKERS_MAX, 10) != APR_SUCCESS)
            return usage_error("not a number of workers: ", value);
        options->config.workers = (int)n;
        return GO_ON;
    case 'p':
        if (apr_cstr_strtoui64(&options->piece_size, value, 1, APR_INT64_MAX, 10) != APR_SUCCESS)
            return usage_error("not a size: ", value);
        return GO_ON;
    case 'v': options->verbose = 1; return GO_ON;
    case 'h': return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    default: return puts("csv_sum (spork) " SPORK_VERSION_STRING) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
}

/* GO_ON, or the exit status. */
static int parse(csv_options_t *options, int argc, const char *const *argv, apr_pool_t *mem)
{
    static const apr_getopt_option_t known[] = { { "group-by", 'g', 1, NULL },  { "sum", 's', 1, NULL },
                                                 { "delimiter", 'd', 1, NULL }, { "no-header", 'n', 0, NULL },
                                                 { "workers", 'w', 1, NULL },   { "piece", 'p', 1, NULL },
                                                 { "verbose", 'v', 0, NULL },   { "help", 'h', 0, NULL },
                                                 { "version", 256, 0, NULL },   { NULL, 0, 0, NULL } };
    apr_getopt_t *scan;
    apr_status_t status;
    const char *value;
    int option, code = GO_ON;

    if (apr_getopt_init(&scan, mem, argc, argv) != APR_SUCCESS) return EXIT_FAILURE;
    lone_dash_words(scan);
    scan->interleave = 1;
    while (code == GO_ON && (status = apr_getopt_long(scan, known, &option, &value)) == APR_SUCCESS)
        code = parse_option(options, option, value);
    if (code != GO_ON) return code;
    if (status != APR_EOF) { /* apr_getopt_long has said what is wrong */
        fputs("Try 'csv_sum --help'.\n", stderr);
        return USAGE_ERROR;
    }
    if (argc - scan->ind != 1 || scan->argv[scan->ind][0] == '\0') return usage_error("give one FILE", "");
    options->path = scan->argv[scan->ind];
    if (options->group == NULL) return usage_error("--group-by is missing", "");
    if (options->sum == NULL) return usage_error("--sum is missing", "");
    return GO_ON;
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;
    csv_options_t options = { 0 };
    apr_pool_t *mem;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS || /* a worker never returns from it */
        apr_app_initialize(&argc, &args, NULL) != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS) {
        fprintf(stderr, "csv_sum: cannot start: %s\n", spork_error());
        return EXIT_FAILURE;
    }
    spork_config_init(&options.config);
    options.config.retries = RETRIES;
    options.config.progress = 1;
    options.config.progress_label = "csv_sum";
    options.delimiter = ',';
    int code = parse(&options, argc, args, mem);
    if (code == GO_ON) code = run(&options, mem);
    apr_pool_destroy(mem);
    if (ctrl_c_came()) ctrl_c_end();
    return code;
}
