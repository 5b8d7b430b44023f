/*
 * The progress line:
 *
 *     label: 1234/10000 12%, 3 failed, 812/s, eta 0:12 | #1240 #1238:45% - #1241
 *
 * Its parts are taken in the order of their worth as long as there is room, and written in the order of the line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "progress_line.h"

#include "columns.h"
#include <apr_strings.h>
#include <stdint.h>
#include <string.h>

#define PART_BYTES 320

enum { LABEL, COUNT, PERCENT, FAILED, RATE, TIME, PARTS };

static void print(char *to, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    apr_vsnprintf(to, PART_BYTES, format, args);
    va_end(args);
}

static void append(char *to, const char *text)
{
    memcpy(to + strlen(to), text, strlen(text) + 1);
}

/* Three digits at most, and a letter for thousands. */
static void print_amount(char *to, double amount, const char *unit)
{
    static const char letters[] = { '\0', 'k', 'M', 'G', 'T' };
    size_t i = 0;

    while (amount >= 999.5 && i + 1 < sizeof letters) {
        amount /= 1000;
        i++;
    }
    if (amount > 999) amount = 999;
    if (i == 0)
        print(to, ", %.*f%s", amount < 9.95 && amount != (double)(int)amount ? 1 : 0, amount, unit);
    else
        print(to, ", %.*f%c%s", amount < 9.95 ? 1 : 0, amount, letters[i], unit);
}

static void print_rate(char *to, double rate)
{
    if (!(rate > 0)) return;
    if (rate >= 0.95)
        print_amount(to, rate, "/s");
    else if (rate * 60 >= 0.95)
        print_amount(to, rate * 60, "/min");
    else
        print_amount(to, rate * 3600, "/h");
}

static void print_time(char *to, const char *what, apr_interval_time_t time)
{
    apr_uint64_t s = ((apr_uint64_t)time + APR_USEC_PER_SEC / 2) / APR_USEC_PER_SEC;
    unsigned days = s / 86400 < 99999 ? (unsigned)(s / 86400) : 99999U, hours = (unsigned)(s / 3600 % 24);
    unsigned minutes = (unsigned)(s / 60 % 60), seconds = (unsigned)(s % 60);

    if (days > 0)
        print(to, ", %s %ud %uh", what, days, hours);
    else if (hours > 0)
        print(to, ", %s %u:%02u:%02u", what, hours, minutes, seconds);
    else
        print(to, ", %s %u:%02u", what, minutes, seconds);
}

static int percent_of(double part)
{
    if (!(part > 0)) return 0;
    return part < 1 ? (int)(part * 100) : 100;
}

static void print_parts(char parts[PARTS][PART_BYTES], const spork_progress_t *p)
{
    memset(parts, 0, (size_t)PARTS * PART_BYTES);
    if (p->total > 0) {
        print(parts[COUNT], "%" APR_UINT64_T_FMT "/%" APR_UINT64_T_FMT, p->done, p->total);
        print(parts[PERCENT], " %d%%", percent_of((double)p->done / (double)p->total));
    } else {
        print(parts[COUNT], "%" APR_UINT64_T_FMT " done", p->done);
    }
    if (p->failed > 0) print(parts[FAILED], ", %" APR_UINT64_T_FMT " failed", p->failed);
    print_rate(parts[RATE], p->rate);
    if (p->ended)
        print_time(parts[TIME], "in", p->elapsed);
    else if (p->left >= 0)
        print_time(parts[TIME], "eta", p->left);
}

/* A label, of a long one as much as takes half of the line; or nothing, if there is no room for it. */
static int print_label(char *to, const char *label, int columns, int room)
{
    int width = spk_columns_copy(to, PART_BYTES - 2, label, columns / 2);

    if (width == 0 || width + 2 > room) {
        to[0] = '\0';
        return 0;
    }
    append(to, ": ");
    return width + 2;
}

static void print_worker(char *to, const spork_progress_worker_t *worker)
{
    if (!worker->running)
        print(to, " -");
    else if (worker->part >= 0)
        print(to, " #%" APR_SIZE_T_FMT ":%d%%", worker->index, percent_of(worker->part));
    else
        print(to, " #%" APR_SIZE_T_FMT, worker->index);
}

static int width_of_rest(int n)
{
    char text[PART_BYTES];

    if (n == 0) return 0;
    print(text, " +%d", n);
    return (int)strlen(text);
}

/* What each worker is at: as many as fit, and how many more there are. */
static int append_workers(char *line, const spork_progress_t *p, int room)
{
    char text[PART_BYTES];
    int i, size = 0, width = 2;
    char *end = line + strlen(line);

    for (i = 0; i < p->n_workers; i++) {
        print_worker(text, &p->workers[i]);
        size = (int)strlen(text);
        if (width + size + width_of_rest(p->n_workers - i - 1) > room ||
            end + size + PART_BYTES > line + SPK_LINE_BYTES)
            break;
        if (i == 0) {
            memcpy(end, " |", 3);
            end += 2;
        }
        memcpy(end, text, (size_t)size + 1);
        end += size;
        width += size;
    }
    if (i == 0) return 0;
    if (i < p->n_workers) {
        print(end, " +%d", p->n_workers - i);
        width += width_of_rest(p->n_workers - i);
    }
    return width;
}

int spk_progress_line(char *line, const char *label, const spork_progress_t *progress, int columns)
{
    static const int by_worth[] = { COUNT, FAILED, TIME, PERCENT, RATE };
    char parts[PARTS][PART_BYTES];
    int room = columns - 1, width, i;

    line[0] = '\0';
    if (room < 1) return 0;
    print_parts(parts, progress);
    if ((int)strlen(parts[COUNT]) > room) parts[COUNT][room] = '\0';
    for (i = 0; i < (int)(sizeof by_worth / sizeof by_worth[0]); i++) {
        width = (int)strlen(parts[by_worth[i]]);
        if (width > room) parts[by_worth[i]][0] = '\0';
        if (width <= room) room -= width;
    }
    if (label != NULL) room -= print_label(parts[LABEL], label, columns, room);
    for (i = 0; i < PARTS; i++) append(line, parts[i]);
    if (!progress->ended && progress->workers != NULL) room -= append_workers(line, progress, room);
    return columns - 1 - room;
}
