/*
 * One record of a CSV file as RFC 4180 has it: quoted cells may hold delimiters, newlines and doubled quotes; spaces
 * belong to the cell; a record ends with LF or CR LF, the last perhaps with the file. Nothing is copied.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CSV_RECORD_H
#define CSV_RECORD_H

#include <apr.h>

typedef enum {
    CSV_RECORD, /* one was read */
    CSV_MORE,   /* the text ends inside it */
    CSV_QUOTE, /* a quote in a cell that does not begin with one, or more of the cell behind the closing one */
    CSV_OPEN,  /* the file ends inside quotes */
    CSV_ZERO,  /* a zero byte: no text in UTF-8 */
    CSV_LONG   /* a record without end: what reads the file gives up (never from csv_read) */
} csv_found_e;

typedef struct {
    const char *text; /* quotes around it are left out, */
    apr_size_t size;
    int doubled; /* those inside are still doubled */
} csv_cell_t;

typedef struct {
    unsigned char special[256]; /* what ends a cell without quotes, or may not be in it */
    char delimiter;
    int wanted[2];       /* columns, from 0 */
    csv_cell_t cells[2]; /* of the last record read, if it has them */
    int n_cells;         /* of the last record read; 0: an empty line */
    const char *wrong;   /* where it was found to be wrong */
} csv_reader_t;

void csv_reader_init(csv_reader_t *reader, char delimiter, int first, int second);

/* Read the record at *at, which is not beyond end, and step over it. *end is a newline. `last`: nothing follows it. */
csv_found_e csv_read(csv_reader_t *reader, const char **at, const char *end, int last);

/* A cell without its doubled quotes: itself, or a copy in buffer (cell->size bytes). */
apr_size_t csv_text(const csv_cell_t *cell, char *buffer, const char **text);

#endif
