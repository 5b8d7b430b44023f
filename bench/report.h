/*
 * Medians, the table, and whether the goals are met.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <apr.h>

typedef struct {
    const char *key;     /* for JSON */
    const char *name;    /* for people */
    apr_size_t items;    /* in each round */
    const char *skipped; /* why, or NULL */
    double *ns;          /* an item, one for each round; report_summarize() sorts it */
    double median, min, max;
} row_t;

typedef struct {
    apr_size_t items;
    int workers, cpus, rounds;
    const char *start;
    const row_t *raw; /* the ratio columns refer to these two */
    const row_t *python;
} heading_t;

/* A goal: value is to be no more than the limit, or no less. */
typedef struct {
    const char *name;
    const char *unit;
    double value;
    double limit;
    int at_least;
    const char *skipped; /* why there is no value, or NULL */
} goal_t;

void report_summarize(row_t *row, int rounds);
int report_met(const goal_t *goal);
void report_markdown(const heading_t *heading, const row_t *rows, int n_rows, const goal_t *goals,
                     int n_goals);
void report_json(const heading_t *heading, const row_t *rows, int n_rows, const goal_t *goals, int n_goals);

#endif
