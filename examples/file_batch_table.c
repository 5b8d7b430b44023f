/*
 * The table that file_batch prints.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "file_batch.h"
#include "outcome_text.h"

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

static void print_sum(double sum, int decimals)
{
    const int exact = decimals >= 0 && decimals <= 9 && sum < 1e15 && sum > -1e15;
    if (exact)
        printf("%.*f", decimals, sum);
    else
        printf("%.15g", sum);
}

static int print_failure(const spork_outcome_t *outcome)
{
    printf("  %9s  %7s  failed: ", "-", "-");
    if (outcome->status != APR_SUCCESS)
        outcome_print(stdout, outcome);
    else
        fputs("its reply is damaged", stdout);
    return 0;
}

static int print_summary(const spork_outcome_t *outcome)
{
    reply_reader_t reader;
    summary_t summary;
    numeric_t column;
    const char *name;
    apr_uint32_t read = 0;
    if (!csv_reply_begin(&reader, &summary, outcome->out, outcome->out_size)) return print_failure(outcome);
    printf("  %9llu  %7u", (unsigned long long)summary.rows, (unsigned)summary.columns);
    while (read < summary.numeric && csv_reply_next(&reader, &column, &name)) {
        fputs(read++ ? ", " : "  ", stdout);
        text_print(stdout, name, column.name_size);
        putchar('=');
        print_sum(column.sum, column.decimals);
    }
    return read == summary.numeric ? 1 : print_failure(outcome);
}

void table_head(int width)
{
    printf("%-*s  %9s  %7s  %s\n", width, "file", "rows", "columns", "sums");
}

int table_line(int width, const char *path, const spork_outcome_t *outcome)
{
    int good;
    text_print(stdout, path, strlen(path));
    printf("%*s", width - width_of(path), "");
    good = outcome->status == APR_SUCCESS ? print_summary(outcome) : print_failure(outcome);
    putchar('\n');
    return good;
}
