/*
 * Counts and sums of one CSV file, read by libcsv as RFC 4180 wants it: strict quoting, spaces belong
 * to the cell, as many cells in each row as in the header.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "file_batch.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <apr_tables.h>
#include <csv.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 65536

typedef struct {
    const char *name;
    apr_size_t name_size;
    double sum;
    apr_uint64_t numbers; /* cells that are one */
    int text;             /* some cell is not */
    int exponents;
    int decimals;
} column_t;

typedef struct {
    apr_pool_t *mem;
    apr_array_header_t *columns; /* of column_t, one for each cell of the first row */
    int header_read;
    apr_uint64_t rows;
    int cells;               /* of the row being read */
    apr_uint64_t ragged_row; /* the first that is not as long as the header; 0: none */
    int ragged_cells;
} table_t;

/* Is all of it a decimal number? strtod alone would also take hex, inf and nan. */
static int is_number(const char *s, int *decimals, int *exponent)
{
    int digits = 0;
    *decimals = *exponent = 0;
    if (*s == '+' || *s == '-') s++;
    for (; *s >= '0' && *s <= '9'; s++) digits++;
    if (*s == '.')
        for (s++; *s >= '0' && *s <= '9'; s++) (*decimals)++;
    digits += *decimals;
    if (digits > 0 && (*s == 'e' || *s == 'E')) {
        *exponent = 1;
        s++;
        if (*s == '+' || *s == '-') s++;
        if (*s < '0' || *s > '9') return 0;
        while (*s >= '0' && *s <= '9') s++;
    }
    return digits > 0 && *s == '\0';
}

static void add_cell(column_t *column, const char *cell)
{
    int decimals, exponent;
    if (*cell == '\0' || column->text) return;
    if (!is_number(cell, &decimals, &exponent)) {
        column->text = 1;
        return;
    }
    column->sum += strtod(cell, NULL);
    column->numbers++;
    column->exponents |= exponent;
    if (decimals > column->decimals) column->decimals = decimals;
}

/* libcsv calls this for each cell (zero-terminated: CSV_APPEND_NULL) … */
static void cell_read(void *cell, size_t size, void *baton)
{
    table_t *table = baton;
    if (!table->header_read) {
        column_t *column = apr_array_push(table->columns);
        memset(column, 0, sizeof *column);
        column->name = apr_pmemdup(table->mem, cell, size + 1);
        column->name_size = size;
    } else if (table->cells < table->columns->nelts) {
        add_cell(&APR_ARRAY_IDX(table->columns, table->cells, column_t), cell);
    }
    table->cells++;
}

/* … and this at the end of each row. */
static void row_read(int terminator, void *baton)
{
    table_t *table = baton;
    (void)terminator;
    if (!table->header_read) {
        table->header_read = 1;
    } else {
        table->rows++;
        if (table->cells != table->columns->nelts && table->ragged_row == 0) {
            table->ragged_row = table->rows;
            table->ragged_cells = table->cells;
        }
    }
    table->cells = 0;
}

static int is_space(unsigned char c)
{
    (void)c;
    return 0;
}

static unsigned long count_lines(const char *text, size_t size)
{
    unsigned long lines = 0;
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    return lines;
}

/* Feed a block to the parser; *line is the number of newlines before it. */
static apr_status_t parse_block(spork_task_t *task, struct csv_parser *parser, table_t *table,
                                const char *block, size_t size, unsigned long *line)
{
    const char *zero = memchr(block, '\0', size);
    if (zero) {
        spork_fail(task, "line %lu: a zero byte: not a text in UTF-8",
                   *line + count_lines(block, (size_t)(zero - block)) + 1);
        return APR_EGENERAL;
    }
    const size_t done = csv_parse(parser, block, size, cell_read, row_read, table);
    *line += count_lines(block, done);
    if (done == size) return APR_SUCCESS;
    spork_fail(task, "line %lu: %s", *line + 1,
               csv_error(parser) == CSV_EPARSE ? "malformed quoting" : csv_strerror(csv_error(parser)));
    return APR_EGENERAL;
}

static apr_status_t parse_all(spork_task_t *task, apr_file_t *file, struct csv_parser *parser, table_t *table)
{
    char *block = apr_palloc(table->mem, BLOCK_SIZE);
    apr_size_t size, skip;
    unsigned long line = 0;
    int first = 1;
    apr_status_t status, parsed;

    do {
        status = apr_file_read_full(file, block, BLOCK_SIZE, &size);
        if (status != APR_SUCCESS && status != APR_EOF) {
            char words[128];
            spork_fail(task, "cannot read: %s", apr_strerror(status, words, sizeof words));
            return status;
        }
        skip = first && size >= 3 && memcmp(block, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0; /* a byte order mark */
        first = 0;
        parsed = parse_block(task, parser, table, block + skip, size - skip, &line);
    } while (status == APR_SUCCESS && parsed == APR_SUCCESS);
    return parsed;
}

/* What only the whole file can tell. */
static apr_status_t check_end(spork_task_t *task, struct csv_parser *parser, table_t *table)
{
    apr_status_t status = APR_EGENERAL;
    if (csv_fini(parser, cell_read, row_read, table) != 0)
        spork_fail(task, "ends inside a quoted cell");
    else if (table->ragged_row)
        spork_fail(task, "row %lu has %d cells, the header has %d", (unsigned long)table->ragged_row,
                   table->ragged_cells, table->columns->nelts);
    else
        status = APR_SUCCESS;
    return status;
}

static apr_status_t reply(spork_task_t *task, const table_t *table)
{
    summary_t summary = { table->rows, (apr_uint32_t)table->columns->nelts, 0 };
    apr_size_t size = sizeof summary;
    for (int i = 0; i < table->columns->nelts; i++)
        size += sizeof(numeric_t) + APR_ARRAY_IDX(table->columns, i, column_t).name_size;

    char *data = apr_palloc(table->mem, size);
    size = sizeof summary;
    for (int i = 0; i < table->columns->nelts; i++) {
        const column_t *column = &APR_ARRAY_IDX(table->columns, i, column_t);
        if (column->text || column->numbers == 0) continue;
        const numeric_t numeric = { column->sum, column->exponents ? -1 : column->decimals,
                                    (apr_uint32_t)column->name_size };
        memcpy(data + size, &numeric, sizeof numeric);
        memcpy(data + size + sizeof numeric, column->name, column->name_size);
        size += sizeof numeric + column->name_size;
        summary.numeric++;
    }
    memcpy(data, &summary, sizeof summary);
    return spork_reply(task, data, size);
}

apr_status_t csv_summary(spork_task_t *task, const void *in, void *out)
{
    table_t table = { 0 };
    struct csv_parser parser;
    apr_file_t *file = NULL;
    apr_status_t status;

    (void)out; /* a submitted item has none: it replies */
    table.mem = spork_task_pool(task);
    table.columns = apr_array_make(table.mem, 16, sizeof(column_t));
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL) != 0) return APR_ENOMEM;
    csv_set_space_func(&parser, is_space);

    status = apr_file_open(&file, in, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, table.mem);
    if (status != APR_SUCCESS) {
        char words[128];
        spork_fail(task, "cannot open: %s", apr_strerror(status, words, sizeof words));
    } else {
        status = parse_all(task, file, &parser, &table);
        if (status == APR_SUCCESS) status = check_end(task, &parser, &table);
        apr_file_close(file);
    }
    csv_free(&parser);
    return status == APR_SUCCESS ? reply(task, &table) : status;
}

static int take(reply_reader_t *reader, void *to, apr_size_t size)
{
    if (reader->left < size) return 0;
    memcpy(to, reader->at, size);
    reader->at += size;
    reader->left -= size;
    return 1;
}

int csv_reply_begin(reply_reader_t *reader, summary_t *summary, const void *data, apr_size_t size)
{
    reader->at = data;
    reader->left = size;
    return take(reader, summary, sizeof *summary);
}

int csv_reply_next(reply_reader_t *reader, numeric_t *column, const char **name)
{
    if (!take(reader, column, sizeof *column) || reader->left < column->name_size) return 0;
    *name = reader->at;
    reader->at += column->name_size;
    reader->left -= column->name_size;
    return 1;
}
