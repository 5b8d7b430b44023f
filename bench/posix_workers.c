/*
 * Bare forked workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix_workers.h"

#include <apr_shm.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int read_all(int fd, void *data, size_t size)
{
    char *at = data;
    while (size > 0) {
        const ssize_t got = read(fd, at, size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        at += got;
        size -= (size_t)got;
    }
    return 1;
}

int write_all(int fd, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        const ssize_t put = write(fd, at, size);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return 0;
        at += put;
        size -= (size_t)put;
    }
    return 1;
}

void close_pair(int fd[2])
{
    if (fd[0] >= 0) close(fd[0]);
    if (fd[1] >= 0) close(fd[1]);
}

int open_pair(int fd[2], int by_socket)
{
    if ((by_socket ? socketpair(AF_UNIX, SOCK_STREAM, 0, fd) : pipe(fd)) != 0) {
        fd[0] = fd[1] = -1;
        return 0;
    }
    return fcntl(fd[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd[1], F_SETFD, FD_CLOEXEC) == 0;
}

int reap(pid_t pid)
{
    int how;
    pid_t got;
    do got = waitpid(pid, &how, 0);
    while (got < 0 && errno == EINTR);
    return got == pid && WIFEXITED(how) && WEXITSTATUS(how) == 0;
}

static void close_ends(const worker_t *worker)
{
    close(worker->to);
    if (worker->from != worker->to) close(worker->from);
}

void workers_end(peer_t *peer)
{
    for (int i = 0; i < peer->n; i++) close_ends(&peer->worker[i]);
    for (int i = 0; i < peer->n; i++) (void)reap(peer->worker[i].pid);
    peer->n = 0;
}

static apr_status_t end_with_pool(void *peer)
{
    workers_end(peer);
    return APR_SUCCESS;
}

peer_t *peer_of(job_t *job)
{
    peer_t *peer = apr_pcalloc(job->mem, sizeof *peer);
    peer->job = job;
    peer->item = kind_fn(job->kind);
    peer->in_size = job->kind->in_size(&job->work);
    peer->out_size = job->kind->out_size(&job->work);
    job->state = peer;
    return peer;
}

apr_status_t peer_share(peer_t *peer, apr_size_t bytes, char **memory)
{
    apr_shm_t *shm;
    const apr_status_t status = apr_shm_create(&shm, sizeof(board_t) + 64 + bytes, NULL, peer->job->mem);
    if (status == APR_SUCCESS) {
        const uintptr_t base = ((uintptr_t)apr_shm_baseaddr_get(shm) + 63) & ~(uintptr_t)63;
        peer->board = (board_t *)base; /* NOLINT(performance-no-int-to-ptr): rounding up */
        *memory = (char *)(peer->board + 1);
    }
    return status;
}

static void become_worker(peer_t *peer, serve_t serve, int down[2], int up[2])
{
    for (int i = 0; i < peer->n; i++) close_ends(&peer->worker[i]); /* else a sibling would not see its end */
    if (down[1] >= 0) close(down[1]);
    if (up[0] >= 0) close(up[0]);
    serve(peer, down[0], up[1] >= 0 ? up[1] : down[0]);
    _exit(0);
}

static apr_status_t start_one(peer_t *peer, serve_t serve, int by_socket)
{
    worker_t *worker = &peer->worker[peer->n];
    int down[2] = { -1, -1 }, up[2] = { -1, -1 };
    apr_status_t status = APR_SUCCESS;

    if (!open_pair(down, by_socket) || (!by_socket && !open_pair(up, 0)) || (worker->pid = fork()) < 0) {
        status = APR_FROM_OS_ERROR(errno);
    } else if (worker->pid == 0) {
        become_worker(peer, serve, down, up);
    } else {
        worker->to = down[1];
        worker->from = by_socket ? down[1] : up[0];
        down[1] = up[0] = -1;
        peer->n++;
    }
    close_pair(down);
    close_pair(up);
    return status;
}

void workers_prepare(peer_t *peer, int workers)
{
    if (peer->worker) return;
    peer->worker = apr_pcalloc(peer->job->mem, (apr_size_t)workers * sizeof *peer->worker);
    apr_pool_cleanup_register(peer->job->mem, peer, end_with_pool, apr_pool_cleanup_null);
}

apr_status_t workers_start(peer_t *peer, int workers, serve_t serve, int by_socket)
{
    apr_status_t status = APR_SUCCESS;
    workers_prepare(peer, workers);
    for (int i = 0; i < workers && status == APR_SUCCESS; i++) status = start_one(peer, serve, by_socket);
    return status;
}
