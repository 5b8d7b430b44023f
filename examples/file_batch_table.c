/*
 * The table that file_batch prints.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "file_batch.h"

#include <stdio.h>
#include <string.h>

/* Characters, not bytes, of a UTF-8 text. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++) width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

int table_width(const apr_array_header_t *files)
{
    int width = 4;
    for (int i = 0; i < files->nelts; i++) {
        const int here = width_of(APR_ARRAY_IDX(files, i, const char *));
        if (here > width) width = here;
    }
    return width;
}

/* Names may hold anything: what would move the cursor is shown as a space. */
static void print_text(const char *text, apr_size_t size)
{
    for (apr_size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        putchar(c < ' ' || c == 0x7F ? ' ' : c);
    }
}

static void print_sum(double sum, int decimals)
{
    const int exact = decimals >= 0 && decimals <= 9 && sum < 1e15 && sum > -1e15;
    if (exact)
        printf("%.*f", decimals, sum);
    else
        printf("%.15g", sum);
}

static int print_failure(const char *message)
{
    printf("  %9s  %7s  failed: ", "-", "-");
    print_text(message, strlen(message));
    return 0;
}

static int print_summary(const void *reply, apr_size_t size)
{
    reply_reader_t reader;
    summary_t summary;
    numeric_t column;
    const char *name;
    apr_uint32_t read = 0;
    if (!csv_reply_begin(&reader, &summary, reply, size)) return print_failure("its reply is damaged");
    printf("  %9llu  %7u", (unsigned long long)summary.rows, (unsigned)summary.columns);
    while (read < summary.numeric && csv_reply_next(&reader, &column, &name)) {
        fputs(read++ ? ", " : "  ", stdout);
        print_text(name, column.name_size);
        putchar('=');
        print_sum(column.sum, column.decimals);
    }
    return read == summary.numeric ? 1 : print_failure("its reply is damaged");
}

void table_head(int width)
{
    printf("%-*s  %9s  %7s  %s\n", width, "file", "rows", "columns", "sums");
}

int table_line(int width, const char *path, const spork_outcome_t *outcome)
{
    char words[128];
    int good = 0;
    print_text(path, strlen(path));
    printf("%*s", width - width_of(path), "");
    if (outcome->status == APR_SUCCESS)
        good = print_summary(outcome->out, outcome->out_size);
    else if (outcome->message[0])
        print_failure(outcome->message);
    else
        print_failure(spork_strerror(outcome->status, words, sizeof words));
    if (outcome->signal)
        printf(" (signal %d)", outcome->signal);
    else if (outcome->exit_code)
        printf(" (exit code %lu)", (unsigned long)outcome->exit_code);
    putchar('\n');
    return good;
}
