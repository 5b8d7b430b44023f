/*
 * The tables of break_even: the same work done by a plain loop, by threads and by spork, in turn, several
 * times; how many times as fast as the loop, by the medians.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "break_even.h"
#include "peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD sizeof(apr_uint64_t)
#define WAYS_MAX 4
#define ROWS_MAX 12

/* ---- the work ------------------------------------------------------------------------------------ */

/* Each turn needs the one before: about a nanosecond, and nothing for an optimizer to shorten. */
static apr_uint64_t turn(apr_uint64_t turns)
{
    apr_uint64_t x = turns;
    for (apr_uint64_t i = 0; i < turns; i++) x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

static apr_uint64_t add_up(const void *bytes, apr_size_t size)
{
    const apr_uint64_t *word = bytes;
    apr_uint64_t sum = 0;
    for (apr_size_t i = 0; i < size / WORD; i++) sum += word[i];
    return sum;
}

static apr_status_t turn_task(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(apr_uint64_t *)out = turn(*(const apr_uint64_t *)in);
    return APR_SUCCESS;
}

static apr_status_t turn_reply(spork_task_t *task, const void *in, void *out)
{
    const apr_uint64_t result = turn(*(const apr_uint64_t *)in);
    (void)out;
    return spork_reply(task, &result, sizeof result);
}

static apr_status_t bytes_task(spork_task_t *task, const void *in, void *out)
{
    *(apr_uint64_t *)out = add_up(in, spork_task_in_size(task));
    return APR_SUCCESS;
}

const spork_entry_t even_tasks[] = { SPORK_ENTRY(turn_task), SPORK_ENTRY(turn_reply), SPORK_ENTRY(bytes_task),
                                     SPORK_END };

static void turn_item(const void *in, void *out)
{
    *(apr_uint64_t *)out = turn(*(const apr_uint64_t *)in);
}

/* Its input is where the bytes are. */
static apr_size_t bytes_size;
static void bytes_item(const void *in, void *out)
{
    *(apr_uint64_t *)out = add_up(*(const void *const *)in, bytes_size);
}

static peer_item_t volatile the_item = turn_item;

peer_item_t peer_item(void)
{
    return the_item;
}

/* ---- one measurement of each way ------------------------------------------------------------------- */

typedef struct {
    const even_t *even;
    apr_size_t count;       /* items */
    apr_uint64_t *in, *out; /* a word an item: turns, or the address of bytes */
    const void *bytes;      /* bytes_size an item, in ordinary memory */
    const void *shared;     /* the same in the pool's */
    spork_start_e start;    /* of a pool that is made for it */
} work_t;

typedef apr_status_t (*way_t)(work_t *work);

static apr_status_t by_loop(work_t *work)
{
    const peer_item_t item = peer_item();
    for (apr_size_t i = 0; i < work->count; i++) item(&work->in[i], &work->out[i]);
    return APR_SUCCESS;
}

/* A chunk of about 10 us, as one would choose it by hand. */
static apr_size_t chunk;
static int threads_ran;
static apr_status_t by_threads(work_t *work)
{
    threads_ran = 1;
    return peer_openmp_run(work->even->workers, work->in, work->out, work->count, chunk);
}

static apr_status_t by_map(work_t *work)
{
    return spork_map(work->even->pool, turn_task, work->in, WORD, work->out, WORD, work->count, NULL);
}

typedef struct {
    work_t *work;
    apr_size_t drawn;
} stream_t;

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    stream_t *stream = baton;
    if (stream->drawn == stream->work->count) return APR_EOF;
    *in = &stream->work->in[stream->drawn++];
    *in_size = WORD;
    return APR_SUCCESS;
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    const stream_t *stream = baton;
    if (outcome->out_size == WORD) memcpy(&stream->work->out[outcome->index], outcome->out, WORD);
    return outcome->status;
}

static apr_status_t by_stream(work_t *work)
{
    stream_t stream = { work, 0 };
    return spork_stream(work->even->pool, turn_reply, draw, deliver, &stream, NULL);
}

static apr_status_t by_own_pool(work_t *work, spork_start_e start)
{
    spork_config_t config;
    spork_pool_t *pool;
    spork_config_init(&config);
    config.workers = work->even->workers;
    config.start = start;
    apr_status_t status = spork_pool_create(&pool, &config, NULL);
    if (status == APR_SUCCESS)
        status = spork_map(pool, turn_task, work->in, WORD, work->out, WORD, work->count, NULL);
    if (status == APR_SUCCESS) status = spork_pool_close(pool);
    spork_pool_destroy(pool);
    return status;
}

static apr_status_t by_forked_pool(work_t *work)
{
    return by_own_pool(work, SPORK_START_FORK);
}

static apr_status_t by_spawned_pool(work_t *work)
{
    return by_own_pool(work, SPORK_START_SPAWN);
}

static apr_status_t by_copied_map(work_t *work)
{
    return spork_map(work->even->pool, bytes_task, work->bytes, bytes_size, work->out, WORD, work->count,
                     NULL);
}

static apr_status_t by_shared_map(work_t *work)
{
    return spork_map(work->even->pool, bytes_task, work->shared, bytes_size, work->out, WORD, work->count,
                     NULL);
}

/* ---- a row: all ways in turn, some rounds ------------------------------------------------------------- */

typedef struct {
    const char *name;
    way_t run;
} column_t;

/* Nanoseconds of the whole work by each way; 0: it cannot be done here. */
typedef struct {
    double ns[WAYS_MAX];
} row_t;

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* What the loop has left is what the others have to give; APR_EGENERAL if they do not. */
static apr_status_t once(const column_t *column, work_t *work, const apr_uint64_t *expected, double *ns)
{
    memset(work->out, 0, work->count * WORD);
    /* OpenMP's threads spin for a while after their work, and nothing tells when they stop. And on a machine that others
     * use, too, who has slept runs undisturbed for a moment. */
    if (threads_ran || work->even->best) apr_sleep(20000);
    threads_ran = 0;
    const apr_uint64_t start = peer_clock();
    const apr_status_t status = column->run(work);
    *ns = (double)(peer_clock() - start);
    if (status == APR_SUCCESS && expected && memcmp(work->out, expected, work->count * WORD) != 0)
        return APR_EGENERAL;
    return status;
}

static apr_status_t measure(row_t *row, const column_t *columns, int n, work_t *work)
{
    static double ns[WAYS_MAX][EVEN_ROUNDS_MAX];
    apr_uint64_t *expected = malloc(work->count * WORD);
    apr_status_t status = expected ? APR_SUCCESS : APR_ENOMEM;
    const int rounds = work->even->rounds;

    memset(row, 0, sizeof *row);
    for (int round = -1; round < rounds && status == APR_SUCCESS; round++) /* the first warms up */
        for (int i = 0; i < n && status == APR_SUCCESS; i++) {
            double took;
            status = once(&columns[i], work, i > 0 ? expected : NULL, &took);
            if (i == 0) memcpy(expected, work->out, work->count * WORD);
            if (status == APR_ENOTIMPL) took = 0, status = APR_SUCCESS;
            if (round >= 0) ns[i][round] = took;
        }
    for (int i = 0; i < n && status == APR_SUCCESS; i++) {
        qsort(ns[i], (size_t)rounds, sizeof(double), by_value);
        row->ns[i] = ns[i][work->even->best ? 0 : rounds / 2];
    }
    free(expected);
    return status;
}

static void print_head(const char *first, const column_t *columns, int n)
{
    printf("| %s |", first);
    for (int i = 1; i < n; i++) printf(" %s |", columns[i].name);
    printf("\n|---:|");
    for (int i = 1; i < n; i++) printf("---:|");
    (void)putchar('\n');
}

static void print_time(double ns)
{
    if (ns < 1000)
        printf(ns < 10 ? "%.1f ns" : "%.0f ns", ns);
    else if (ns < 1e6)
        printf(ns < 1e4 ? "%.1f us" : "%.0f us", ns / 1e3);
    else
        printf(ns < 1e7 ? "%.1f ms" : "%.0f ms", ns / 1e6);
}

static void print_ratios(const row_t *row, int n)
{
    for (int i = 1; i < n; i++)
        if (row->ns[i] > 0)
            printf(" %.2f |", row->ns[0] / row->ns[i]);
        else
            printf(" - |");
    (void)putchar('\n');
}

static void print_row(const row_t *row, int n, double cost)
{
    printf("| ");
    print_time(cost);
    printf(" |");
    print_ratios(row, n);
}

/* Where a way comes even with the loop: what it takes more is a constant, so that the ratio is a straight line over
 * 1/cost between two rows. costs are the rows' of the loop. */
static void print_even(const column_t *columns, int n, const row_t *rows, const double *costs, int n_rows)
{
    printf("\nBreak-even with the loop: ");
    for (int i = 1; i < n; i++) {
        int last = n_rows - 1; /* the last row that is slower, or -1 */
        while (last >= 0 && rows[last].ns[i] <= rows[last].ns[0]) last--;
        printf("%s%s ", i > 1 ? ", " : "", columns[i].name);
        if (rows[0].ns[i] <= 0) {
            printf("is not there");
        } else if (last < 0) {
            printf("below ");
            print_time(costs[0]);
        } else if (last == n_rows - 1) {
            printf("above ");
            print_time(costs[last]);
        } else {
            const double slow = rows[last].ns[i] / rows[last].ns[0];
            const double fast = rows[last + 1].ns[i] / rows[last + 1].ns[0];
            const double part = (slow - 1) / (slow - fast);
            print_time(1 / (1 / costs[last] + part * (1 / costs[last + 1] - 1 / costs[last])));
        }
    }
    printf(".\n");
}

/* ---- the tables ------------------------------------------------------------------------------------- */

static double turn_ns(void)
{
    double best = 1e9;
    volatile apr_uint64_t turns = 1000000;
    for (int i = 0; i < 9; i++) {
        const apr_uint64_t start = peer_clock();
        turns += turn(turns) & 1; /* a result that is used */
        const double ns = (double)(peer_clock() - start) / (double)turns;
        if (ns < best) best = ns;
    }
    return best;
}

/* The least is one turn. */
static void fill(work_t *work, double cost)
{
    const double turns = cost / turn_ns();
    for (apr_size_t i = 0; i < work->count; i++) work->in[i] = turns < 1 ? 1 : (apr_uint64_t)(turns + 0.5);
}

static apr_status_t words(work_t *work, const even_t *even, apr_size_t count)
{
    memset(work, 0, sizeof *work);
    work->even = even;
    work->count = count;
    work->in = calloc(count, WORD);
    work->out = calloc(count, WORD);
    return work->in && work->out ? APR_SUCCESS : APR_ENOMEM;
}

static void forget(work_t *work)
{
    free(work->in);
    free(work->out);
}

apr_status_t even_jobs(const even_t *even)
{
    static const column_t columns[] = { { "loop", by_loop },
                                        { "a pool by fork", by_forked_pool },
                                        { "a pool by spawn", by_spawned_pool } };
    static const double costs[] = { 3e5, 1e6, 3e6, 1e7, 3e7 };
    enum { N = sizeof columns / sizeof *columns, ROWS = sizeof costs / sizeof *costs };
    row_t rows[ROWS];
    double measured[ROWS];
    work_t work;
    apr_status_t status = words(&work, even, 64);

    print_head("the whole job takes", columns, N);
    for (int i = 0; i < ROWS && status == APR_SUCCESS; i++) {
        fill(&work, costs[i] / (double)work.count);
        status = measure(&rows[i], columns, N, &work);
        if (status != APR_SUCCESS) break;
        measured[i] = rows[i].ns[0];
        print_row(&rows[i], N, measured[i]);
    }
    if (status == APR_SUCCESS) print_even(columns, N, rows, measured, ROWS);
    forget(&work);
    return status;
}

apr_status_t even_items(const even_t *even)
{
    static const column_t columns[] = {
        { "loop", by_loop }, { "OpenMP", by_threads }, { "spork_map", by_map }, { "spork_stream", by_stream }
    };
    static const double costs[] = { 3, 10, 30, 100, 300, 1e3, 1e4, 1e5, 1e6 };
    enum { N = sizeof columns / sizeof *columns, ROWS = sizeof costs / sizeof *costs };
    row_t rows[ROWS];
    double measured[ROWS];
    apr_status_t status = APR_SUCCESS;

    print_head("an item takes", columns, N);
    for (int i = 0; i < ROWS && status == APR_SUCCESS; i++) {
        work_t work;
        const double count = 3e6 / costs[i];
        status = words(&work, even, count > 1e6 ? 1000000 : count < 8 ? 8 : (apr_size_t)count);
        chunk = costs[i] < 1e4 ? (apr_size_t)(1e4 / costs[i]) : 1;
        if (status == APR_SUCCESS) {
            fill(&work, costs[i]);
            status = measure(&rows[i], columns, N, &work);
        }
        if (status == APR_SUCCESS) {
            measured[i] = rows[i].ns[0] / (double)work.count;
            print_row(&rows[i], N, measured[i]);
        }
        forget(&work);
    }
    if (status == APR_SUCCESS) print_even(columns, N, rows, measured, ROWS);
    return status;
}

#define BYTES_ALL ((apr_size_t)64 << 20)

/* Every item reads its bytes once: nearly nothing to do, so that what moving them costs is all that shows. */
static apr_status_t bytes_row(work_t *work, const column_t *columns, int n, const void *bytes,
                              const void *shared)
{
    row_t row;
    work->bytes = bytes;
    work->shared = shared;
    for (apr_size_t i = 0; i < work->count; i++) {
        const void *at = (const char *)bytes + i * bytes_size;
        memcpy(&work->in[i], &at, sizeof at);
    }
    const apr_status_t status = measure(&row, columns, n, work);
    printf(bytes_size < 1 << 20 ? "| %lu KiB |" : "| %lu MiB |",
           (unsigned long)(bytes_size < 1 << 20 ? bytes_size >> 10 : bytes_size >> 20));
    print_ratios(&row, n);
    return status;
}

apr_status_t even_bytes(const even_t *even)
{
    static const column_t columns[] = { { "loop", by_loop },
                                        { "OpenMP", by_threads },
                                        { "spork_map, ordinary memory", by_copied_map },
                                        { "spork_map, spork_alloc()", by_shared_map } };
    static const apr_size_t sizes[] = { 1 << 10, 16 << 10, 256 << 10, 4 << 20 };
    apr_uint64_t *bytes = malloc(BYTES_ALL), *shared = spork_alloc(even->pool, BYTES_ALL);
    apr_status_t status = bytes && shared ? APR_SUCCESS : APR_ENOMEM;

    for (apr_size_t i = 0; i < BYTES_ALL / WORD && status == APR_SUCCESS; i++)
        bytes[i] = shared[i] = i * 0x9E3779B97F4A7C15u;
    the_item = bytes_item;
    print_head("an item reads", columns, 4);
    for (int i = 0; i < 4 && status == APR_SUCCESS; i++) {
        work_t work;
        bytes_size = sizes[i];
        chunk = bytes_size < 64 << 10 ? (64 << 10) / bytes_size : 1;
        status = words(&work, even, BYTES_ALL / bytes_size);
        if (status == APR_SUCCESS) status = bytes_row(&work, columns, 4, bytes, shared);
        forget(&work);
    }
    free(bytes);
    spork_free(even->pool, shared);
    return status;
}
