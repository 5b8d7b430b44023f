/*
 * jpegopt with the worker mode that many programs have: fork, pipe, wait. It is here to be compared: with jpegopt.c, which
 * does the same by spork. It keeps neither time nor memory, and there is no way to build it for Windows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "jpegopt.h"

#include <apr_general.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS_MAX 64

typedef struct {
    pid_t pid; /* 0: free */
    int fd, file;
} worker_t;

static worker_t workers[WORKERS_MAX];

/* [the worker, before] */
/* In the child: one file, and what is told of it into the pipe. */
static void work(const rows_t *rows, int file, int fd)
{
    const options_t *options = rows->options;
    const char *path = APR_ARRAY_IDX(options->files, file, const char *);
    row_t row;
    (void)file_optimise(&options->request, path, rows_part(rows, file, rows->mem), &row, rows->mem);
    _exit(write(fd, &row, sizeof row) == (ssize_t)sizeof row ? 0 : 1);
}

static void start(worker_t *worker, const rows_t *rows, int file)
{
    int fds[2];
    if (pipe(fds) != 0) {
        perror("jpegopt: pipe");
        exit(EXIT_FAILURE);
    }
    (void)fflush(stdout); /* or the child would print it again */
    worker->pid = fork();
    if (worker->pid == -1) {
        perror("jpegopt: fork");
        exit(EXIT_FAILURE);
    }
    if (worker->pid == 0) {
        close(fds[0]);
        work(rows, file, fds[1]);
    }
    close(fds[1]);
    worker->fd = fds[0];
    worker->file = file;
}
/* [end] */

/* [the rows, before] */
/* Wait for any, and print its row. */
static void finish_one(rows_t *rows)
{
    worker_t *worker = workers;
    row_t row;
    int how;
    const pid_t pid = wait(&how);
    while (worker < workers + WORKERS_MAX - 1 && worker->pid != pid) worker++;
    if (pid == -1 || !WIFEXITED(how) || read(worker->fd, &row, sizeof row) != (ssize_t)sizeof row) {
        fputs("jpegopt: worker killed\n", stderr); /* of which file? and what of the others? */
        exit(EXIT_FAILURE);
    }
    close(worker->fd);
    worker->pid = 0;
    if (row.words[0]) {
        rows_failed(rows, worker->file);
        puts(row.words);
    } else {
        rows_done(rows, worker->file, &row);
    }
}
/* [end] */

/* [the loop, before] */
static void run(rows_t *rows)
{
    const options_t *options = rows->options;
    const int most = options->workers < 1             ? 1
                     : options->workers < WORKERS_MAX ? options->workers
                                                      : WORKERS_MAX;
    int running = 0;

    for (int file = 0; file < options->files->nelts; file++) {
        worker_t *worker = workers;
        if (running == most) {
            finish_one(rows);
            running--;
        }
        while (worker->pid != 0) worker++;
        start(worker, rows, file);
        running++;
    }
    for (; running > 0; running--) finish_one(rows);
}
/* [end] */

int main(int argc, const char *const *argv)
{
    options_t options = { .request.memory = (apr_uint64_t)512 << 20 };
    rows_t rows;
    apr_pool_t *mem;

    if (apr_app_initialize(&argc, &argv, NULL) != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS) {
        fputs("jpegopt: cannot start\n", stderr);
        return EXIT_FAILURE;
    }
    int code = options_parse(&options, argc, argv, mem);
    if (code == GO_ON && rows_begin(&rows, &options, mem) == APR_SUCCESS) {
        run(&rows);
        rows_totals(&rows);
        code = fflush(stdout) == 0 && rows.failed == 0 && options.unlisted == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    apr_pool_destroy(mem);
    return code;
}
