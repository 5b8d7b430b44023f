/*
 * The parts of file_batch: the task that reads one, the table of what was read.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FILE_BATCH_H
#define FILE_BATCH_H

#include <apr_tables.h>
#include <spork.h>

typedef struct {
    spork_config_t config;
    apr_array_header_t *dirs;  /* of const char * */
    apr_array_header_t *files; /* of const char *, in the order of the table */
    int width;                 /* of the table's first column */
    int failed;                /* files and folders */
} batch_t;

/* The task. Input: a path, UTF-8 with its final zero. The reply: a summary_t, then for each numeric
 * column a numeric_t and its name. There are no pointers in it, so it is its own serialization. */
apr_status_t csv_summary(spork_task_t *task, const void *in, void *out);

typedef struct {
    apr_uint64_t rows; /* below the header */
    apr_uint32_t columns;
    apr_uint32_t numeric; /* of them */
} summary_t;

typedef struct {
    double sum;
    apr_int32_t decimals; /* the most that a cell of the column has; -1: some have exponents */
    apr_uint32_t name_size;
} numeric_t;

/* Reading a reply: begin, then next for each numeric column. They never look beyond size bytes, and
 * return 0 if there is not enough. */
typedef struct {
    const char *at;
    apr_size_t left;
} reply_reader_t;

int csv_reply_begin(reply_reader_t *reader, summary_t *summary, const void *reply, apr_size_t size);
int csv_reply_next(reply_reader_t *reader, numeric_t *column, const char **name);

/* The table: how wide its first column is, the line above, and one for each file. */
int table_width(const apr_array_header_t *files);
void table_head(int width);
/* Returns 0 if the line is one of a failure. */
int table_line(int width, const char *path, const spork_outcome_t *outcome);

#endif
