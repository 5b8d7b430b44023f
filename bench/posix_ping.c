/*
 * Round trips between two processes: what an answer costs at least.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix_workers.h"

#include <apr_strings.h>
#include <apr_time.h>
#include <stdlib.h>
#include <unistd.h>

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

apr_status_t measure_trips(job_t *job, trip_t trip, apr_uint64_t *ns)
{
    const apr_size_t items = job->work.items;
    double *each = malloc(items * sizeof *each);
    int good = each != NULL;
    for (apr_size_t i = 0; i < items && good; i++) {
        word_t got = 0;
        if (job->pause) apr_sleep((apr_interval_time_t)job->pause);
        const apr_uint64_t start = clock_now();
        good = trip(job->state, i + 1, &got);
        each[i] = (double)(clock_now() - start);
        good = good && got == i + 1;
    }
    if (good) {
        qsort(each, items, sizeof *each, ascending);
        *ns = (apr_uint64_t)(each[items / 2] * (double)items);
        apr_snprintf(job->also, sizeof job->also, " p99=%.0f", each[items * 99 / 100]);
    }
    free(each);
    return good ? APR_SUCCESS : APR_EGENERAL;
}

/* ---- by a pipe ---------------------------------------------------------------------------------------- */

static void serve_pipe(peer_t *peer, int from_parent, int to)
{
    word_t word;
    (void)peer;
    while (read_all(from_parent, &word, WORD) && write_all(to, &word, WORD)) continue;
}

static apr_status_t set_up_pipe(job_t *job)
{
    return workers_start(peer_of(job), 1, serve_pipe, 0);
}

static int trip_by_pipe(peer_t *peer, word_t in, word_t *out)
{
    return write_all(peer->worker->to, &in, WORD) && read_all(peer->worker->from, out, WORD);
}

static apr_status_t run_pipe(job_t *job, apr_uint64_t *ns)
{
    return measure_trips(job, trip_by_pipe, ns);
}

/* ---- by a word that both look at all the time ------------------------------------------------------------ */

#define LOOKS (1 << 20) /* between two questions whether the parent is still there */

static void serve_spin(peer_t *peer, int from_parent, int to)
{
    const pid_t parent = getppid();
    uint32_t seen = 0, ask;
    (void)from_parent;
    (void)to;
    do {
        int looks = 0;
        while ((ask = atomic_load_explicit(&peer->board->ask, memory_order_acquire)) == seen)
            if (++looks % LOOKS == 0 && getppid() != parent) return;
        seen = ask;
        atomic_store_explicit(&peer->board->answer, seen, memory_order_release);
    } while (seen != UINT32_MAX);
}

static apr_status_t set_up_spin(job_t *job)
{
    peer_t *peer = peer_of(job);
    char *memory;
    const apr_status_t status = peer_share(peer, 0, &memory);
    return status == APR_SUCCESS ? workers_start(peer, 1, serve_spin, 0) : status;
}

static int trip_by_spinning(peer_t *peer, word_t in, word_t *out)
{
    const uint32_t word = (uint32_t)in;
    atomic_store_explicit(&peer->board->ask, word, memory_order_release);
    while (atomic_load_explicit(&peer->board->answer, memory_order_acquire) != word) continue;
    *out = in;
    return 1;
}

static apr_status_t run_spin(job_t *job, apr_uint64_t *ns)
{
    atomic_store(&((peer_t *)job->state)->board->answer, 0);
    return measure_trips(job, trip_by_spinning, ns);
}

static void tear_down_spin(job_t *job)
{
    peer_t *peer = job->state;
    if (peer->board) atomic_store(&peer->board->ask, UINT32_MAX);
    workers_end(peer);
}

const way_t ping_ways[] = {
    { "ping_spin", "round trip, both spinning", set_up_spin, run_spin, tear_down_spin },
    { "ping_pipe", "round trip by two pipes", set_up_pipe, run_pipe, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};
