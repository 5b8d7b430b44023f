/*
 * One record of a CSV file, see csv_record.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "csv_record.h"

#include <string.h>

void csv_reader_init(csv_reader_t *reader, char delimiter, int first, int second)
{
    memset(reader, 0, sizeof *reader);
    reader->delimiter = delimiter;
    reader->wanted[0] = first;
    reader->wanted[1] = second;
    reader->special[(unsigned char)delimiter] = 1;
    reader->special['\n'] = reader->special['"'] = reader->special['\0'] = 1;
}

static csv_found_e wrong(csv_reader_t *reader, const char *where, csv_found_e what)
{
    reader->wrong = where;
    return what;
}

/* The cell whose opening quote is at *at. Steps to what ends the cell. */
static csv_found_e read_quoted(csv_reader_t *reader, csv_cell_t *cell, const char **at, const char *end,
                               int last)
{
    const char *opening = *at, *p = opening + 1;
    cell->text = p;
    for (;;) {
        while (p < end && *p != '"' && *p != '\0') p++;
        if (p == end) return last ? wrong(reader, opening, CSV_OPEN) : CSV_MORE;
        if (*p == '\0') return wrong(reader, p, CSV_ZERO);
        if (p + 1 == end && !last) return CSV_MORE;
        if (p[1] != '"' || p + 1 == end) break;
        cell->doubled = 1;
        p += 2;
    }
    cell->size = (apr_size_t)(p - cell->text);
    p++;
    if (*p == '\r' && p < end && p[1] == '\n') p++;
    *at = p;
    return *p == reader->delimiter || *p == '\n' ? CSV_RECORD : wrong(reader, p, CSV_QUOTE);
}

static void keep(csv_reader_t *reader, int column, const csv_cell_t *cell)
{
    if (column == reader->wanted[0]) reader->cells[0] = *cell;
    if (column == reader->wanted[1]) reader->cells[1] = *cell;
}

csv_found_e csv_read(csv_reader_t *reader, const char **at, const char *end, int last)
{
    const unsigned char *const special = reader->special;
    const char delimiter = reader->delimiter;
    const char *p = *at;
    int column = 0, quoted;

    for (;; column++, p++) {
        csv_cell_t cell = { p, 0, 0 };
        quoted = *p == '"';
        if (quoted) {
            const csv_found_e found = read_quoted(reader, &cell, &p, end, last);
            if (found != CSV_RECORD) return found;
        } else {
            while (!special[(unsigned char)*p]) p++;
            cell.size = (apr_size_t)(p - cell.text);
            if (*p == '\n' && cell.size > 0 && p[-1] == '\r') cell.size--;
        }
        keep(reader, column, &cell);
        if (*p == delimiter) continue;
        if (*p != '\n') return wrong(reader, p, *p == '"' ? CSV_QUOTE : CSV_ZERO);
        reader->n_cells = column > 0 || quoted || cell.size > 0 ? column + 1 : 0;
        break;
    }
    if (p == end && !last) return CSV_MORE;
    *at = p == end ? end : p + 1;
    return CSV_RECORD;
}

apr_size_t csv_text(const csv_cell_t *cell, char *buffer, const char **text)
{
    apr_size_t size = 0;
    *text = cell->text;
    if (!cell->doubled) return cell->size;
    for (apr_size_t i = 0; i < cell->size; i++) {
        buffer[size++] = cell->text[i];
        if (cell->text[i] == '"') i++;
    }
    *text = buffer;
    return size;
}
