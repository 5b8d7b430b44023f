/*
 * On Windows there is no fork(), and none of the peers that are made of it. What is there is a bare start of this
 * program.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways.h"

#include <apr_file_io.h>
#include <apr_thread_proc.h>
#include <stdio.h>
#include <string.h>

#define CHILD "--bare-child"

/* A byte, and then nothing until the parent closes. */
int start_is_child(int argc, const char *const *argv)
{
    if (argc != 2 || strcmp(argv[1], CHILD) != 0) return 0;
    if (putchar('1') != EOF && fflush(stdout) == 0) (void)getchar();
    return 1;
}

static apr_status_t start_one(const job_t *job, apr_proc_t *child, apr_pool_t *mem)
{
    const char *argv[] = { job->self, CHILD, NULL };
    apr_procattr_t *attributes;
    apr_status_t status = apr_procattr_create(&attributes, mem);
    if (status == APR_SUCCESS)
        status = apr_procattr_io_set(attributes, APR_FULL_BLOCK, APR_FULL_BLOCK, APR_NO_PIPE);
    if (status == APR_SUCCESS) status = apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV);
    if (status == APR_SUCCESS) status = apr_proc_create(child, job->self, argv, NULL, attributes, mem);
    return status;
}

static apr_status_t end_one(apr_proc_t *child)
{
    int code;
    apr_exit_why_e why;
    apr_file_close(child->in);
    const apr_status_t status = apr_proc_wait(child, &code, &why, APR_WAIT);
    return APR_STATUS_IS_CHILD_DONE(status) && code == 0 ? APR_SUCCESS : APR_EGENERAL;
}

static apr_status_t run_start(job_t *job, apr_uint64_t *ns)
{
    apr_pool_t *mem;
    apr_proc_t *child;
    int n = 0;
    char answer;
    apr_status_t status = apr_pool_create(&mem, job->mem);
    if (status != APR_SUCCESS) return status;
    child = apr_pcalloc(mem, (apr_size_t)job->workers * sizeof *child);
    const apr_uint64_t start = clock_now();
    while (n < job->workers && (status = start_one(job, &child[n], mem)) == APR_SUCCESS) n++;
    for (int i = 0; i < n && status == APR_SUCCESS; i++) status = apr_file_getc(&answer, child[i].out);
    while (n > 0) {
        const apr_status_t ended = end_one(&child[--n]);
        if (status == APR_SUCCESS) status = ended;
    }
    *ns = clock_now() - start;
    apr_pool_destroy(mem);
    return status;
}

#define NO_FORK "needs fork()"
#define CANNOT(name)                          \
    {                                         \
        name, NO_FORK, way_cannot, NULL, NULL \
    }

const way_t system_ways[] = {
    CANNOT("cursor"), CANNOT("cursor_cold"), CANNOT("openmp_cold"), CANNOT("fork_each"),
    CANNOT("pipe"),   CANNOT("socketpair"),  CANNOT("copy"),        { NULL, NULL, NULL, NULL, NULL },
};

const way_t ping_ways[] = {
    CANNOT("ping_spin"),
    CANNOT("ping_pipe"),
    { NULL, NULL, NULL, NULL, NULL },
};

const way_t start_ways[] = {
    CANNOT("fork_start"),
    { "spawn_start", "bare start of this program: start, one answer of each, end", NULL, run_start, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};
