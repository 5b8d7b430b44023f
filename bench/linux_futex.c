/*
 * Round trips by Linux' futex: what waking a sleeper costs at least.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _DEFAULT_SOURCE /* syscall() */
#include "posix_workers.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Sleeps while *at is `seen`, for a second at most. */
static void sleep_on(_Atomic uint32_t *at, uint32_t seen)
{
    const struct timespec second = { 1, 0 };
    (void)syscall(SYS_futex, at, FUTEX_WAIT, seen, &second, NULL, 0);
}

static void store_and_wake(_Atomic uint32_t *at, uint32_t value)
{
    atomic_store_explicit(at, value, memory_order_release);
    (void)syscall(SYS_futex, at, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void serve(peer_t *peer, int from_parent, int to)
{
    const pid_t parent = getppid();
    uint32_t seen = 0, ask;
    (void)from_parent;
    (void)to;
    do {
        while ((ask = atomic_load_explicit(&peer->board->ask, memory_order_acquire)) == seen) {
            if (getppid() != parent) return;
            sleep_on(&peer->board->ask, seen);
        }
        seen = ask;
        store_and_wake(&peer->board->answer, seen);
    } while (seen != UINT32_MAX);
}

static apr_status_t set_up(job_t *job)
{
    peer_t *peer = peer_of(job);
    char *memory;
    const apr_status_t status = peer_share(peer, 0, &memory);
    return status == APR_SUCCESS ? workers_start(peer, 1, serve, 0) : status;
}

static apr_status_t trip(job_t *job, word_t in, word_t *out)
{
    board_t *board = ((peer_t *)job->state)->board;
    const uint32_t word = (uint32_t)in;
    uint32_t got;
    store_and_wake(&board->ask, word);
    while ((got = atomic_load_explicit(&board->answer, memory_order_acquire)) != word)
        sleep_on(&board->answer, got);
    *out = in;
    return APR_SUCCESS;
}

static apr_status_t run(job_t *job, apr_uint64_t *ns)
{
    return job_trips(job, trip, ns);
}

static void tear_down(job_t *job)
{
    peer_t *peer = job->state;
    if (peer->board) store_and_wake(&peer->board->ask, UINT32_MAX);
    workers_end(peer);
}

const way_t futex_ways[] = {
    { "ping_futex", "round trip by two futexes, nobody spins", set_up, run, tear_down },
    { NULL, NULL, NULL, NULL, NULL },
};
