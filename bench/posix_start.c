/*
 * What starting costs without spork: bare fork() and bare posix_spawn() of this executable, each worker with
 * its pipes, one answer, and an orderly end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix_workers.h"

#include <spawn.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

#define CHILD "--bare-child"

/* A word, and then nothing until the parent closes. */
static void answer(int from_parent, int to)
{
    const word_t word = 1;
    char end;
    if (write_all(to, &word, WORD)) (void)read_all(from_parent, &end, 1);
}

int start_is_child(int argc, const char *const *argv)
{
    if (argc != 2 || strcmp(argv[1], CHILD) != 0) return 0;
    answer(STDIN_FILENO, STDOUT_FILENO);
    return 1;
}

static void serve(peer_t *peer, int from_parent, int to)
{
    (void)peer;
    answer(from_parent, to);
}

static apr_status_t set_up(job_t *job)
{
    workers_prepare(peer_of(job), job->workers);
    return APR_SUCCESS;
}

static int hear_all(const peer_t *peer)
{
    int good = 1;
    word_t word;
    for (int i = 0; i < peer->n && good; i++) good = read_all(peer->worker[i].from, &word, WORD) && word == 1;
    return good;
}

static apr_status_t run_fork(job_t *job, apr_uint64_t *ns)
{
    peer_t *peer = job->state;
    const apr_uint64_t start = clock_now();
    apr_status_t status = workers_start(peer, job->workers, serve, 0);
    if (status == APR_SUCCESS && !hear_all(peer)) status = APR_EGENERAL;
    workers_end(peer);
    *ns = clock_now() - start;
    return status;
}

static int spawn_self(const char *self, int in, int out, pid_t *pid)
{
    char path[4096], child[] = CHILD, *argv[] = { path, child, NULL };
    posix_spawn_file_actions_t actions;
    int good;
    if (strlen(self) >= sizeof path || posix_spawn_file_actions_init(&actions) != 0) return 0;
    memcpy(path, self, strlen(self) + 1);
    good = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO) == 0 &&
           posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO) == 0 &&
           posix_spawn(pid, path, &actions, NULL, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    return good;
}

static int spawn_one(peer_t *peer)
{
    worker_t *worker = &peer->worker[peer->n];
    int down[2] = { -1, -1 }, up[2] = { -1, -1 };
    const int good =
        open_pair(down, 0) && open_pair(up, 0) && spawn_self(peer->job->self, down[0], up[1], &worker->pid);
    if (good) {
        worker->to = down[1];
        worker->from = up[0];
        down[1] = up[0] = -1;
        peer->n++;
    }
    close_pair(down);
    close_pair(up);
    return good;
}

static apr_status_t run_spawn(job_t *job, apr_uint64_t *ns)
{
    peer_t *peer = job->state;
    const apr_uint64_t start = clock_now();
    int good = 1;
    while (good && peer->n < job->workers) good = spawn_one(peer);
    good = good && hear_all(peer);
    workers_end(peer);
    *ns = clock_now() - start;
    return good ? APR_SUCCESS : APR_EGENERAL;
}

const way_t start_ways[] = {
    { "fork_start", "bare fork(): start, one answer of each, end", set_up, run_fork, NULL },
    { "spawn_start", "bare posix_spawn() of this program: start, one answer of each, end", set_up, run_spawn,
      NULL },
    { NULL, NULL, NULL, NULL, NULL },
};
