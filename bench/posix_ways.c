/*
 * The peers that are made of fork(), pipes and bare shared memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix_workers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static apr_status_t from(int good)
{
    return good ? APR_SUCCESS : APR_EGENERAL;
}

static apr_size_t all_bytes(const peer_t *peer)
{
    return peer->job->work.items * (peer->in_size + peer->out_size);
}

/* The job's arrays, in shared memory. */
static apr_status_t share_arrays(job_t *job)
{
    peer_t *peer = peer_of(job);
    const apr_status_t status = peer_share(peer, all_bytes(peer), &peer->in);
    if (status != APR_SUCCESS) return status;
    peer->out = peer->in + job->work.items * peer->in_size;
    job->in = peer->in;
    job->out = peer->out;
    return APR_SUCCESS;
}

/* ---- the raw loop: a shared cursor and nothing else -------------------------------------------------- */

static void take_all(const peer_t *peer)
{
    board_t *board = peer->board;
    const uint64_t items = board->items, chunk = board->chunk;
    uint64_t begin;
    while ((begin = atomic_fetch_add_explicit(&board->next, chunk, memory_order_relaxed)) < items) {
        const uint64_t end = items - begin < chunk ? items : begin + chunk;
        for (uint64_t i = begin; i < end; i++)
            peer->item(peer->in + i * peer->in_size, peer->in_size, peer->out + i * peer->out_size);
    }
}

static void set_board(const peer_t *peer)
{
    peer->board->items = peer->job->work.items;
    peer->board->chunk = peer->job->chunk ? peer->job->chunk : 1;
    atomic_store(&peer->board->next, 0);
}

static void serve_cursor(peer_t *peer, int from_parent, int to)
{
    char go;
    while (read_all(from_parent, &go, 1)) {
        take_all(peer);
        if (!write_all(to, &go, 1)) break;
    }
}

static apr_status_t set_up_cursor(job_t *job)
{
    const apr_status_t status = share_arrays(job);
    return status == APR_SUCCESS ? workers_start(job->state, job->workers, serve_cursor, 0) : status;
}

/* The parent sleeps in read() meanwhile, and leaves the processors to the workers. */
static apr_status_t run_cursor(job_t *job, apr_uint64_t *ns)
{
    const peer_t *peer = job->state;
    int good = 1;
    char go = 1;
    set_board(peer);
    const apr_uint64_t start = clock_now();
    for (int i = 0; i < peer->n; i++) good &= write_all(peer->worker[i].to, &go, 1);
    for (int i = 0; i < peer->n && good; i++) good &= read_all(peer->worker[i].from, &go, 1);
    *ns = clock_now() - start;
    return from(good);
}

/* ---- the same with the start and end of its processes ------------------------------------------------ */

static void serve_once(peer_t *peer, int from_parent, int to)
{
    (void)from_parent;
    (void)to;
    take_all(peer);
}

static apr_status_t run_cursor_cold(job_t *job, apr_uint64_t *ns)
{
    peer_t *peer = job->state;
    set_board(peer);
    const apr_uint64_t start = clock_now();
    const apr_status_t status = workers_start(peer, job->workers, serve_once, 0);
    workers_end(peer);
    *ns = clock_now() - start;
    return status;
}

/* OpenMP in a process that had no threads before; it tells how long it took itself. */
static void serve_openmp(peer_t *peer, int from_parent, int to)
{
    const apr_uint64_t start = clock_now();
    (void)from_parent;
    (void)to;
    if (openmp_loop(peer->job, peer->item) == APR_SUCCESS) peer->board->ns = clock_now() - start;
}

static apr_status_t run_openmp_cold(job_t *job, apr_uint64_t *ns)
{
    peer_t *peer = job->state;
    peer->board->ns = 0;
    const apr_status_t status = workers_start(peer, 1, serve_openmp, 0);
    workers_end(peer);
    *ns = peer->board->ns;
    if (status != APR_SUCCESS) return status;
    return *ns ? APR_SUCCESS : APR_ENOTIMPL;
}

/* ---- a process for each item -------------------------------------------------------------------------- */

static apr_status_t run_fork_each(job_t *job, apr_uint64_t *ns)
{
    const peer_t *peer = job->state;
    const apr_size_t items = job->work.items, ahead = (apr_size_t)job->workers;
    pid_t *pids = malloc(ahead * sizeof *pids);
    apr_size_t begun = 0, ended = 0;
    int good = pids != NULL;

    const apr_uint64_t start = clock_now();
    while (ended < begun || (good && begun < items)) {
        if (good && begun < items && begun - ended < ahead) {
            const pid_t pid = fork();
            if (pid == 0) {
                peer->item(peer->in + begun * peer->in_size, peer->in_size,
                           peer->out + begun * peer->out_size);
                _exit(0);
            }
            if ((good = pid > 0)) pids[begun++ % ahead] = pid;
        } else {
            good &= reap(pids[ended++ % ahead]);
        }
    }
    *ns = clock_now() - start;
    free(pids);
    return from(good);
}

/* ---- a message for each item --------------------------------------------------------------------------- */

static void serve_messages(peer_t *peer, int from_parent, int to)
{
    void *in = malloc(peer->in_size), *out = malloc(peer->out_size);
    while (in && out && read_all(from_parent, in, peer->in_size)) {
        peer->item(in, peer->in_size, out);
        if (!write_all(to, out, peer->out_size)) break;
    }
    free(in);
    free(out);
}

static apr_status_t set_up_messages(job_t *job, int by_socket)
{
    const apr_status_t status = workers_start(peer_of(job), job->workers, serve_messages, by_socket);
    if (status != APR_SUCCESS) return status;
    if (job->kind->keeps) return plain_set_up(job);
    job->in = malloc(job->work.items * job->kind->in_size(&job->work));
    return job->in ? APR_SUCCESS : APR_ENOMEM;
}

static apr_status_t set_up_pipe(job_t *job)
{
    return set_up_messages(job, 0);
}

static apr_status_t set_up_socket(job_t *job)
{
    return set_up_messages(job, 1);
}

static int receive(job_t *job, const peer_t *peer, apr_size_t i, void *buffer)
{
    const int fd = peer->worker[i % (apr_size_t)peer->n].from;
    if (job->out) return read_all(fd, (char *)job->out + i * peer->out_size, peer->out_size);
    if (!read_all(fd, buffer, peer->out_size)) return 0;
    job_take(job, i, buffer, peer->out_size);
    return 1;
}

/* Each worker has one item at a time; as many as `flight` where inputs are small, so that it need not wait for the
 * next. (Of larger ones parent and worker might both be writing, and wait for each other for ever.) */
static apr_status_t run_messages(job_t *job, apr_uint64_t *ns)
{
    const peer_t *peer = job->state;
    const apr_size_t n = (apr_size_t)peer->n, items = job->work.items;
    const apr_size_t each = job->flight && job->flight * peer->in_size <= 4096 ? job->flight : 1;
    const apr_size_t ahead = n * each < items ? n * each : items;
    void *buffer = job->out ? NULL : malloc(peer->out_size);
    int good = job->out || buffer;

    const apr_uint64_t start = clock_now();
    for (apr_size_t i = 0; i < items + ahead && good; i++) {
        if (i >= ahead) good = receive(job, peer, i - ahead, buffer);
        if (good && i < items)
            good = write_all(peer->worker[i % n].to, (char *)job->in + i * peer->in_size, peer->in_size);
    }
    *ns = clock_now() - start;
    free(buffer);
    return from(good);
}

static void tear_down_messages(job_t *job)
{
    workers_end(job->state);
    plain_tear_down(job);
}

/* ---- copied through a shared arena ----------------------------------------------------------------------- */

#define COPY_BYTES ((apr_size_t)1 << 20) /* a batch of small items */
#define COPY_DEPTH 2                     /* so that a worker has one while the parent copies the other */

/* The slot of a worker: its batch's inputs, then its answers. */
static char *slot_of(const peer_t *peer, apr_size_t worker, apr_size_t turn)
{
    const apr_size_t bytes = peer->batch * (peer->in_size + peer->out_size);
    return peer->in + (worker * peer->depth + turn % peer->depth) * bytes;
}

static apr_size_t batch_items(const peer_t *peer, apr_size_t batch)
{
    const apr_size_t left = peer->job->work.items - batch * peer->batch;
    return left < peer->batch ? left : peer->batch;
}

/* What the parent says: so many items are in that slot. */
typedef struct {
    uint32_t items;
    uint32_t turn;
} batch_t;

static void serve_copy(peer_t *peer, int from_parent, int to)
{
    const apr_size_t me = (apr_size_t)peer->n;
    batch_t batch;
    while (read_all(from_parent, &batch, sizeof batch)) {
        const char *in = slot_of(peer, me, batch.turn);
        char *out = slot_of(peer, me, batch.turn) + peer->batch * peer->in_size;
        for (uint32_t i = 0; i < batch.items; i++)
            peer->item(in + i * peer->in_size, peer->in_size, out + i * peer->out_size);
        if (!write_all(to, &batch, sizeof batch)) break;
    }
}

static apr_status_t set_up_copy(job_t *job)
{
    peer_t *peer = peer_of(job);
    const apr_size_t each = peer->in_size + peer->out_size;
    peer->depth = COPY_DEPTH;
    peer->batch = job->chunk ? job->chunk : each < COPY_BYTES ? COPY_BYTES / each : 1;
    apr_status_t status =
        peer_share(peer, (apr_size_t)job->workers * peer->depth * peer->batch * each, &peer->in);
    if (status == APR_SUCCESS) status = workers_start(peer, job->workers, serve_copy, 0);
    return status == APR_SUCCESS ? plain_set_up(job) : status;
}

static int copy_in(const peer_t *peer, apr_size_t batch)
{
    const apr_size_t worker = batch % (apr_size_t)peer->n, turn = batch / (apr_size_t)peer->n;
    const batch_t message = { (uint32_t)batch_items(peer, batch), (uint32_t)turn };
    memcpy(slot_of(peer, worker, turn), (char *)peer->job->in + batch * peer->batch * peer->in_size,
           message.items * peer->in_size);
    return write_all(peer->worker[worker].to, &message, sizeof message);
}

static int copy_out(const peer_t *peer, apr_size_t batch)
{
    const apr_size_t worker = batch % (apr_size_t)peer->n, turn = batch / (apr_size_t)peer->n;
    batch_t message;
    if (!read_all(peer->worker[worker].from, &message, sizeof message) || message.turn != turn) return 0;
    memcpy((char *)peer->job->out + batch * peer->batch * peer->out_size,
           slot_of(peer, worker, turn) + peer->batch * peer->in_size, message.items * peer->out_size);
    return 1;
}

static apr_status_t run_copy(job_t *job, apr_uint64_t *ns)
{
    const peer_t *peer = job->state;
    const apr_size_t batches = (job->work.items + peer->batch - 1) / peer->batch;
    const apr_size_t most = (apr_size_t)peer->n * peer->depth, ahead = most < batches ? most : batches;
    int good = 1;

    const apr_uint64_t start = clock_now();
    for (apr_size_t i = 0; i < batches + ahead && good; i++) {
        if (i >= ahead) good = copy_out(peer, i - ahead);
        if (good && i < batches) good = copy_in(peer, i);
    }
    *ns = clock_now() - start;
    return from(good);
}

/* The arrays are the APR pool's, and the workers end with it. */
const way_t system_ways[] = {
    { "cursor", "forked once, chunks from a shared cursor: no safety at all", set_up_cursor, run_cursor,
      NULL },
    { "cursor_cold", "the same, with the processes' start and end", share_arrays, run_cursor_cold, NULL },
    { "openmp_cold", "OpenMP in a new process: its threads' start counts", share_arrays, run_openmp_cold,
      NULL },
    { "fork_each", "a process for each item", share_arrays, run_fork_each, NULL },
    { "pipe", "a pipe message for each item", set_up_pipe, run_messages, tear_down_messages },
    { "socketpair", "a socket message for each item", set_up_socket, run_messages, tear_down_messages },
    { "copy", "copied by the parent through a shared arena, batch by batch", set_up_copy, run_copy,
      tear_down_messages },
    { NULL, NULL, NULL, NULL, NULL },
};
