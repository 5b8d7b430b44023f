/*
 * Round trips between two processes: what an answer costs at least.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix_workers.h"

#include <unistd.h>

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

static apr_status_t trip_by_pipe(job_t *job, word_t in, word_t *out)
{
    const worker_t *worker = ((peer_t *)job->state)->worker;
    return write_all(worker->to, &in, WORD) && read_all(worker->from, out, WORD) ? APR_SUCCESS : APR_EGENERAL;
}

static apr_status_t run_pipe(job_t *job, apr_uint64_t *ns)
{
    return job_trips(job, trip_by_pipe, ns);
}

/* ---- by a word that both look at all the time ------------------------------------------------------------ */

#define LOOKS (1 << 20) /* between two questions whether the parent is still there */
#define NO_MORE UINT32_MAX

/* Spins while there is a run only: between runs a processor is for the others. */
static int serve_run(board_t *board, pid_t parent)
{
    uint32_t seen = 0, ask;
    do {
        int looks = 0;
        while ((ask = atomic_load_explicit(&board->ask, memory_order_acquire)) == seen)
            if (++looks % LOOKS == 0 && getppid() != parent) return 0;
        seen = ask;
        atomic_store_explicit(&board->answer, seen, memory_order_release);
    } while (seen != NO_MORE);
    return 1;
}

static void serve_spin(peer_t *peer, int from_parent, int to)
{
    const pid_t parent = getppid();
    char go;
    (void)to;
    while (read_all(from_parent, &go, 1) && serve_run(peer->board, parent)) continue;
}

static apr_status_t set_up_spin(job_t *job)
{
    peer_t *peer = peer_of(job);
    char *memory;
    const apr_status_t status = peer_share(peer, 0, &memory);
    return status == APR_SUCCESS ? workers_start(peer, 1, serve_spin, 0) : status;
}

static apr_status_t trip_by_spinning(job_t *job, word_t in, word_t *out)
{
    board_t *board = ((peer_t *)job->state)->board;
    const uint32_t word = (uint32_t)in;
    atomic_store_explicit(&board->ask, word, memory_order_release);
    while (atomic_load_explicit(&board->answer, memory_order_acquire) != word) continue;
    *out = in;
    return APR_SUCCESS;
}

static apr_status_t run_spin(job_t *job, apr_uint64_t *ns)
{
    const peer_t *peer = job->state;
    const char go = 1;
    word_t ended;
    atomic_store(&peer->board->ask, 0);
    atomic_store(&peer->board->answer, 0);
    if (!write_all(peer->worker->to, &go, 1)) return APR_EGENERAL;
    (void)trip_by_spinning(job, 1, &ended); /* it is awake now */
    atomic_store(&peer->board->ask, 0);
    while (atomic_load(&peer->board->answer) != 0) continue;
    const apr_status_t status = job_trips(job, trip_by_spinning, ns);
    (void)trip_by_spinning(job, NO_MORE, &ended);
    return status;
}

const way_t ping_ways[] = {
    { "ping_spin", "round trip, both spinning", set_up_spin, run_spin, NULL },
    { "ping_pipe", "round trip by two pipes", set_up_pipe, run_pipe, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};
