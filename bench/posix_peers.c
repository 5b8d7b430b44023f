/*
 * The peers of dispatch that are made of fork() and pipe().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "peers.h"

#include <apr_shm.h>
#include <apr_strings.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* In shared memory, on cache lines of their own. */
typedef struct {
    _Alignas(64) _Atomic uint64_t next;
    _Alignas(64) uint64_t items;
    uint64_t chunk;
} cursor_t;

typedef struct {
    pid_t pid;
    int to; /* the parent's ends */
    int from;
} worker_t;

struct peer_t {
    int workers;
    worker_t *worker;
    cursor_t *cursor;
    apr_uint64_t *in;
    apr_uint64_t *out;
};

typedef void (*serve_t)(const peer_t *peer, int from, int to);

apr_uint64_t peer_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (apr_uint64_t)now.tv_sec * 1000000000u + (apr_uint64_t)now.tv_nsec;
}

/* 1 if all of size was moved; messages are shorter than PIPE_BUF, so they come whole. */
static int read_whole(int fd, void *data, size_t size)
{
    ssize_t got;
    do got = read(fd, data, size);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)size;
}

static int write_whole(int fd, const void *data, size_t size)
{
    ssize_t put;
    do put = write(fd, data, size);
    while (put < 0 && errno == EINTR);
    return put == (ssize_t)size;
}

static void close_pair(int fd[2])
{
    if (fd[0] >= 0) close(fd[0]);
    if (fd[1] >= 0) close(fd[1]);
}

/* Close-on-exec, for the Python peer must not hold them. */
static int open_pair(int fd[2])
{
    if (pipe(fd) != 0) {
        fd[0] = fd[1] = -1;
        return 0;
    }
    return fcntl(fd[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd[1], F_SETFD, FD_CLOEXEC) == 0;
}

/* Workers end when their pipe does, and so also when this process dies. */
static apr_status_t end_workers(void *data)
{
    peer_t *peer = data;
    for (int i = 0; i < peer->workers; i++) {
        close(peer->worker[i].to);
        close(peer->worker[i].from);
        while (waitpid(peer->worker[i].pid, NULL, 0) < 0 && errno == EINTR) continue;
    }
    peer->workers = 0;
    return APR_SUCCESS;
}

static apr_status_t start_worker(peer_t *peer, serve_t serve)
{
    worker_t *worker = &peer->worker[peer->workers];
    int down[2] = { -1, -1 }, up[2] = { -1, -1 };
    apr_status_t status = APR_SUCCESS;

    if (!open_pair(down) || !open_pair(up) || (worker->pid = fork()) < 0) {
        status = APR_FROM_OS_ERROR(errno);
    } else if (worker->pid == 0) {
        for (int i = 0; i < peer->workers; i++) { /* else a sibling would not see its pipe end */
            close(peer->worker[i].to);
            close(peer->worker[i].from);
        }
        close(down[1]);
        close(up[0]);
        serve(peer, down[0], up[1]);
        _exit(0);
    } else {
        worker->to = down[1];
        worker->from = up[0];
        down[1] = up[0] = -1;
        peer->workers++;
    }
    close_pair(down);
    close_pair(up);
    return status;
}

static apr_status_t start_workers(peer_t *peer, int workers, serve_t serve, apr_pool_t *mem)
{
    apr_status_t status = APR_SUCCESS;
    peer->worker = apr_pcalloc(mem, (apr_size_t)workers * sizeof *peer->worker);
    apr_pool_cleanup_register(mem, peer, end_workers, apr_pool_cleanup_null);
    for (int i = 0; i < workers && status == APR_SUCCESS; i++) status = start_worker(peer, serve);
    return status;
}

/* ---- the raw loop ---------------------------------------------------------------------------------- */

static void serve_cursor(const peer_t *peer, int from, int to)
{
    const peer_item_t item = peer_item();
    cursor_t *cursor = peer->cursor;
    char go;
    while (read_whole(from, &go, 1)) {
        const uint64_t items = cursor->items, chunk = cursor->chunk;
        uint64_t begin;
        while ((begin = atomic_fetch_add_explicit(&cursor->next, chunk, memory_order_relaxed)) < items) {
            const uint64_t end = items - begin < chunk ? items : begin + chunk;
            for (uint64_t i = begin; i < end; i++) item(&peer->in[i], &peer->out[i]);
        }
        if (!write_whole(to, &go, 1)) break;
    }
}

apr_status_t peer_cursor_create(peer_t **peer, int workers, apr_size_t items, apr_pool_t *mem)
{
    peer_t *made = apr_pcalloc(mem, sizeof *made);
    apr_shm_t *shm;
    /* Anonymous: inherited through fork(), without a name. */
    apr_status_t status =
        apr_shm_create(&shm, sizeof(cursor_t) + 64 + 2 * items * sizeof *made->in, NULL, mem);
    if (status == APR_SUCCESS) {
        const uintptr_t base = ((uintptr_t)apr_shm_baseaddr_get(shm) + 63) & ~(uintptr_t)63;
        made->cursor = (cursor_t *)base; /* NOLINT(performance-no-int-to-ptr): rounding up */
        made->in = (apr_uint64_t *)(made->cursor + 1);
        made->out = made->in + items;
        status = start_workers(made, workers, serve_cursor, mem);
    }
    *peer = status == APR_SUCCESS ? made : NULL;
    return status;
}

apr_uint64_t *peer_cursor_in(peer_t *peer)
{
    return peer->in;
}

apr_uint64_t *peer_cursor_out(peer_t *peer)
{
    return peer->out;
}

/* The parent sleeps in read() meanwhile, and leaves the processors to the workers. */
apr_status_t peer_cursor_run(peer_t *peer, apr_size_t items, apr_size_t chunk)
{
    int good = 1;
    char go = 1;
    peer->cursor->items = items;
    peer->cursor->chunk = chunk;
    atomic_store(&peer->cursor->next, 0);
    for (int i = 0; i < peer->workers; i++) good &= write_whole(peer->worker[i].to, &go, 1);
    for (int i = 0; i < peer->workers && good; i++) good &= read_whole(peer->worker[i].from, &go, 1);
    return good ? APR_SUCCESS : APR_EGENERAL;
}

/* ---- a pipe message for each item ------------------------------------------------------------------ */

static void serve_pipe(const peer_t *peer, int from, int to)
{
    const peer_item_t item = peer_item();
    apr_uint64_t in, out;
    (void)peer;
    while (read_whole(from, &in, sizeof in)) {
        item(&in, &out);
        if (!write_whole(to, &out, sizeof out)) break;
    }
}

apr_status_t peer_pipe_create(peer_t **peer, int workers, apr_pool_t *mem)
{
    peer_t *made = apr_pcalloc(mem, sizeof *made);
    const apr_status_t status = start_workers(made, workers, serve_pipe, mem);
    *peer = status == APR_SUCCESS ? made : NULL;
    return status;
}

/* Each worker has one item at a time: its next is sent when its last has come back. */
apr_status_t peer_pipe_run(peer_t *peer, const apr_uint64_t *in, apr_uint64_t *out, apr_size_t items)
{
    const apr_size_t ahead = (apr_size_t)peer->workers < items ? (apr_size_t)peer->workers : items;
    int good = 1;
    for (apr_size_t i = 0; i < ahead && good; i++) good = write_whole(peer->worker[i].to, &in[i], sizeof *in);
    for (apr_size_t i = 0; i < items && good; i++) {
        const worker_t *worker = &peer->worker[i % (apr_size_t)peer->workers];
        good = read_whole(worker->from, &out[i], sizeof *out);
        if (good && i + ahead < items) good = write_whole(worker->to, &in[i + ahead], sizeof *in);
    }
    return good ? APR_SUCCESS : APR_EGENERAL;
}
