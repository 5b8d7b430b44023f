/*
 * The task: start a command, wait for it, say how it ended and what it wrote.
 *
 * Its output goes to files, as in GNU parallel: so gigabytes do no harm, what an overdue command had written is there,
 * and a process that it leaves behind in the background holds up nobody. What the command starts is in the worker's
 * process group or job object, with which it ends if the job overruns its time or pexec is ended.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pexec.h"
#include "pexec_os.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <stdio.h>
#include <string.h>

#define REPLY_MAX 32768u /* bytes of output that travel in the reply */

/* What a shell would say. */
#define EXIT_NOT_FOUND 127
#define EXIT_CANNOT 126

typedef struct {
    apr_pool_t *mem;
    const char *out_path, *err_path; /* NULL: ungrouped */
    apr_procattr_t *attributes;
} start_t;

/* In the child, when its program cannot be run. */
static void say_cannot(apr_pool_t *mem, apr_status_t status, const char *description)
{
    char words[128];
    (void)mem;
    fprintf(stderr, "pexec: %s: %s\n", description, apr_strerror(status, words, sizeof words));
    (void)fflush(stderr);
}

static apr_status_t open_file(apr_file_t **file, const char *path, apr_int32_t flags, apr_pool_t *mem)
{
    return apr_file_open(file, path, flags | APR_FOPEN_BINARY, APR_FPROT_UREAD | APR_FPROT_UWRITE, mem);
}

static apr_status_t open_streams(const start_t *start)
{
    const apr_int32_t anew = APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE;
    apr_file_t *in, *out, *err;
    apr_status_t status = open_file(&in, os_null_device, APR_FOPEN_READ, start->mem);

    if (status == APR_SUCCESS) status = apr_procattr_child_in_set(start->attributes, in, NULL);
    if (status != APR_SUCCESS || start->out_path == NULL) return status;
    status = open_file(&out, start->out_path, anew, start->mem);
    if (status == APR_SUCCESS) status = apr_procattr_child_out_set(start->attributes, out, NULL);
    if (status == APR_SUCCESS) status = open_file(&err, start->err_path, anew, start->mem);
    if (status == APR_SUCCESS) status = apr_procattr_child_err_set(start->attributes, err, NULL);
    return status;
}

static apr_status_t prepare(start_t *start)
{
    apr_status_t status = apr_procattr_create(&start->attributes, start->mem);

    if (status == APR_SUCCESS) status = apr_procattr_cmdtype_set(start->attributes, APR_PROGRAM_PATH);
    if (status == APR_SUCCESS) status = apr_procattr_child_errfn_set(start->attributes, say_cannot);
    if (status == APR_SUCCESS) status = open_streams(start);
    return status;
}

/* A command that does not come to life is one that failed, as in a shell. */
static void note_not_started(result_t *result, spork_task_t *task, const char *program, apr_status_t status)
{
    char words[128];
    spork_fail(task, "cannot start %s: %s", program, apr_strerror(status, words, sizeof words));
    result->exit_code = APR_STATUS_IS_ENOENT(status) ? EXIT_NOT_FOUND : EXIT_CANNOT;
}

static apr_status_t run_to_its_end(result_t *result, const start_t *start, spork_task_t *task,
                                   const char *const *words)
{
    apr_exit_why_e why = APR_PROC_EXIT;
    apr_proc_t process;
    int code = 0;
    apr_status_t status = apr_proc_create(&process, words[0], words, NULL, start->attributes, start->mem);

    if (status != APR_SUCCESS) {
        note_not_started(result, task, words[0], status);
        return APR_SUCCESS;
    }
    status = apr_proc_wait(&process, &code, &why, APR_WAIT);
    if (!APR_STATUS_IS_CHILD_DONE(status)) return status;
    if (APR_PROC_CHECK_SIGNALED(why))
        result->signal = code;
    else
        result->exit_code = code;
    return APR_SUCCESS;
}

static apr_uint64_t size_of(const char *path, apr_pool_t *mem)
{
    apr_finfo_t info;
    const apr_status_t status = apr_stat(&info, path, APR_FINFO_SIZE, mem);
    return status == APR_SUCCESS ? (apr_uint64_t)info.size : 0;
}

/* It may be growing still: no more than was said. What cannot be read any more was not said. */
static apr_status_t read_back(char *to, apr_uint64_t *size, const char *path, apr_pool_t *mem)
{
    apr_size_t got = 0;
    apr_file_t *file;
    apr_status_t status = APR_SUCCESS;

    if (*size > 0) {
        status = open_file(&file, path, APR_FOPEN_READ, mem);
        if (status == APR_SUCCESS) {
            status = apr_file_read_full(file, to, (apr_size_t)*size, &got);
            if (APR_STATUS_IS_EOF(status)) status = APR_SUCCESS;
            (void)apr_file_close(file);
        }
        *size = got;
    }
    (void)apr_file_remove(path, mem);
    return status;
}

/* With the output, if it is little. */
static apr_status_t reply(spork_task_t *task, result_t *result, const start_t *start)
{
    apr_status_t status = APR_SUCCESS;

    if (start->out_path == NULL) return spork_reply(task, result, sizeof *result);
    result->out_size = size_of(start->out_path, start->mem);
    result->err_size = size_of(start->err_path, start->mem);
    result->in_files = result->out_size > REPLY_MAX || result->err_size > REPLY_MAX;
    if (result->in_files) return spork_reply(task, result, sizeof *result);

    char *data = apr_palloc(start->mem, sizeof *result + (apr_size_t)(result->out_size + result->err_size));
    char *at = data + sizeof *result;
    status = read_back(at, &result->out_size, start->out_path, start->mem);
    if (status == APR_SUCCESS)
        status = read_back(at + result->out_size, &result->err_size, start->err_path, start->mem);
    if (status != APR_SUCCESS) return status;
    memcpy(data, result, sizeof *result);
    return spork_reply(task, data, sizeof *result + (apr_size_t)(result->out_size + result->err_size));
}

apr_status_t run_command(spork_task_t *task, const void *in, void *out)
{
    const request_t *request = in;
    const char *path = (const char *)(request + 1), *at = path + strlen(path) + 1;
    result_t result = { 0 };
    start_t start = { 0 };

    (void)out; /* a submitted item has none: it replies */
    start.mem = spork_task_pool(task);
    if (*path != '\0') {
        start.out_path = apr_pstrcat(start.mem, path, ".out", NULL);
        start.err_path = apr_pstrcat(start.mem, path, ".err", NULL);
    }
    const char **words = apr_palloc(start.mem, (request->words + 1) * sizeof *words);
    for (apr_uint32_t i = 0; i < request->words; i++, at += strlen(at) + 1) words[i] = at;
    words[request->words] = NULL;

    apr_time_t *started = spork_deref(task, request->started, sizeof *started);
    if (started == NULL) return APR_EINVAL;
    *started = apr_time_now();
    if (request->in_worker) os_restore_signals();
    apr_status_t status = prepare(&start);
    if (status == APR_SUCCESS) status = run_to_its_end(&result, &start, task, words);
    result.ended = apr_time_now();
    if (status == APR_SUCCESS) status = reply(task, &result, &start);
    if (status != APR_SUCCESS) {
        char reason[128];
        spork_fail(task, "cannot run it: %s", apr_strerror(status, reason, sizeof reason));
    }
    return status;
}
