/*
 * What dispatch prints.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

void report_summarize(row_t *row, int rounds)
{
    if (row->skipped) return;
    qsort(row->ns, (size_t)rounds, sizeof *row->ns, by_value);
    row->min = row->ns[0];
    row->max = row->ns[rounds - 1];
    row->median = rounds % 2 ? row->ns[rounds / 2] : (row->ns[rounds / 2 - 1] + row->ns[rounds / 2]) / 2;
}

int report_met(const goal_t *goal)
{
    return goal->at_least ? goal->value >= goal->limit : goal->value <= goal->limit;
}

static void print_ns(double ns)
{
    printf(ns < 10 ? "%.2f" : ns < 1000 ? "%.1f" : "%.0f", ns);
}

static void print_ratio(double over, double under, int known)
{
    const double ratio = known && under > 0 ? over / under : 0;
    if (!known)
        fputs(" - |", stdout);
    else
        printf(ratio < 10 ? " %.2f |" : " %.0f |", ratio);
}

static void print_row(const heading_t *heading, const row_t *row)
{
    printf("| %s | ", row->name);
    if (row->skipped) {
        printf("- | skipped: %s | - | - | - |\n", row->skipped);
        return;
    }
    printf("%llu | ", (unsigned long long)row->items);
    print_ns(row->median);
    fputs(" | ", stdout);
    print_ns(row->min);
    fputs(" - ", stdout);
    print_ns(row->max);
    fputs(" |", stdout);
    print_ratio(row->median, heading->raw->median, !heading->raw->skipped);
    print_ratio(heading->python->median, row->median, !heading->python->skipped);
    putchar('\n');
}

static void print_goal(const goal_t *goal)
{
    printf("- %s, %s %g%s: ", goal->name, goal->at_least ? "at least" : "at most", goal->limit, goal->unit);
    if (goal->skipped)
        printf("not measured (%s)\n", goal->skipped);
    else
        printf(goal->value < 100 ? "%.2f%s: **%s**\n" : "%.0f%s: **%s**\n", goal->value, goal->unit,
               report_met(goal) ? "met" : "missed");
}

void report_markdown(const heading_t *heading, const row_t *rows, int n_rows, const goal_t *goals,
                     int n_goals)
{
    printf(
        "dispatch: an empty item, 8 bytes in, 8 bytes out; %llu items unless the row says fewer; %d workers "
        "(spork's by %s) on %d processors; medians of %d interleaved rounds, pools warm\n\n",
        (unsigned long long)heading->items, heading->workers, heading->start, heading->cpus, heading->rounds);
    printf("| | items | ns an item | min - max | × %s | times faster than %s |\n", heading->raw->name,
           heading->python->name);
    puts("|---|---:|---:|---:|---:|---:|");
    for (int i = 0; i < n_rows; i++) print_row(heading, &rows[i]);
    puts("\nGoals:\n");
    for (int i = 0; i < n_goals; i++) print_goal(&goals[i]);
}

/* All texts here are ours and hold nothing that JSON would want escaped. */
void report_json(const heading_t *heading, const row_t *rows, int n_rows, const goal_t *goals, int n_goals)
{
    printf(
        "{\"bench\":\"dispatch\",\"items\":%llu,\"workers\":%d,\"start\":\"%s\",\"cpus\":%d,\"rounds\":%d,\n",
        (unsigned long long)heading->items, heading->workers, heading->start, heading->cpus, heading->rounds);
    fputs(" \"rows\":[", stdout);
    for (int i = 0; i < n_rows; i++) {
        const row_t *row = &rows[i];
        printf("%s\n  {\"key\":\"%s\",\"name\":\"%s\",", i ? "," : "", row->key, row->name);
        if (row->skipped)
            printf("\"skipped\":\"%s\"}", row->skipped);
        else
            printf("\"items\":%llu,\"ns_median\":%.3f,\"ns_min\":%.3f,\"ns_max\":%.3f}",
                   (unsigned long long)row->items, row->median, row->min, row->max);
    }
    fputs("],\n \"goals\":[", stdout);
    for (int i = 0; i < n_goals; i++) {
        const goal_t *goal = &goals[i];
        printf("%s\n  {\"name\":\"%s\",\"%s\":%g,", i ? "," : "", goal->name,
               goal->at_least ? "at_least" : "at_most", goal->limit);
        if (goal->skipped)
            printf("\"skipped\":\"%s\"}", goal->skipped);
        else
            printf("\"value\":%.3f,\"met\":%s}", goal->value, report_met(goal) ? "true" : "false");
    }
    puts("]}");
}
