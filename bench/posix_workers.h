/*
 * Bare forked workers, each with a pipe to it and one from it (or a socket that is both): what the peers are
 * made of. They end when theirs does, and so also when the parent dies.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_POSIX_WORKERS_H
#define BENCH_POSIX_WORKERS_H

#include "ways.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct {
    pid_t pid;
    int to; /* the parent's ends */
    int from;
} worker_t;

typedef struct peer_t peer_t;
typedef void (*serve_t)(peer_t *peer, int from, int to);

/* In shared memory, on cache lines of their own. */
typedef struct {
    _Alignas(64) _Atomic uint64_t next;
    _Alignas(64) uint64_t items;
    uint64_t chunk;
    uint64_t ns;
    _Alignas(64) _Atomic uint32_t ask;
    _Alignas(64) _Atomic uint32_t answer;
} board_t;

struct peer_t {
    job_t *job;
    item_fn_t item;
    apr_size_t in_size, out_size;
    int n;
    worker_t *worker;
    board_t *board;
    char *in, *out;   /* in shared memory, where the way uses that */
    apr_size_t batch; /* items that are copied at once */
    apr_size_t depth; /* batches of each worker under way */
};

/* For job->state, in job->mem. */
peer_t *peer_of(job_t *job);

/* A board and, behind it, `bytes` of shared memory (anonymous: inherited through fork(), without a name). */
apr_status_t peer_share(peer_t *peer, apr_size_t bytes, char **memory);

/* Room for so many. */
void workers_prepare(peer_t *peer, int workers);

/* Ended by workers_end(), at the latest with job->mem. By sockets: one of them is both ends. */
apr_status_t workers_start(peer_t *peer, int workers, serve_t serve, int by_socket);
void workers_end(peer_t *peer);

/* 1 if all was moved. */
int read_all(int fd, void *data, size_t size);
int write_all(int fd, const void *data, size_t size);

/* Two descriptors, close-on-exec. */
int open_pair(int fd[2], int by_socket);
void close_pair(int fd[2]);
/* Waits for this child. */
int reap(pid_t pid);

#endif
