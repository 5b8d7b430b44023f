/*
 * Python's multiprocessing.Pool beside spork: a child interpreter that measures itself, its pool warm,
 * its own start not counted.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "peers.h"

#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <stdio.h>

/* Read what the child prints until it ends. */
static apr_status_t read_answer(apr_proc_t *child, char *answer, apr_size_t size)
{
    apr_size_t got = 0;
    int code = -1;
    apr_exit_why_e why = APR_PROC_EXIT;
    apr_status_t status = apr_file_read_full(child->out, answer, size - 1, &got);
    answer[got] = '\0';
    apr_file_close(child->out);
    if (status == APR_EOF) status = apr_proc_wait(child, &code, &why, APR_WAIT);
    return APR_STATUS_IS_CHILD_DONE(status) && why == APR_PROC_EXIT && code == 0 ? APR_SUCCESS : APR_ENOTIMPL;
}

apr_status_t peer_python_run(const char *script, int workers, apr_size_t items_one, apr_size_t items_own,
                             double ns[2], apr_pool_t *mem)
{
    const char *args[] = { "python3",
                           script,
                           apr_itoa(mem, workers),
                           apr_off_t_toa(mem, (apr_off_t)items_one),
                           apr_off_t_toa(mem, (apr_off_t)items_own),
                           NULL };
    apr_procattr_t *attr;
    apr_proc_t child;
    char answer[128];
    apr_status_t status = apr_procattr_create(&attr, mem);

    if (status == APR_SUCCESS) status = apr_procattr_io_set(attr, APR_NO_PIPE, APR_FULL_BLOCK, APR_NO_PIPE);
    if (status == APR_SUCCESS) status = apr_procattr_cmdtype_set(attr, APR_PROGRAM_PATH);
    if (status == APR_SUCCESS) status = apr_procattr_error_check_set(attr, 1);
    if (status != APR_SUCCESS) return status;
    if (apr_proc_create(&child, args[0], args, NULL, attr, mem) != APR_SUCCESS) return APR_ENOTIMPL;
    status = read_answer(&child, answer, sizeof answer);
    if (status == APR_SUCCESS && sscanf(answer, "%lf %lf", &ns[0], &ns[1]) != 2) status = APR_ENOTIMPL;
    return status;
}
