/*
 * What jobs wrote, printed whole: their standard output to ours, their standard error to ours. Byte for byte: APR's
 * files do not change line ends.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pexec.h"

#include <apr_file_info.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

#define BLOCK_SIZE 65536u
#define TRIES 16

struct print_t {
    apr_file_t *out, *err;
    int tag;
};

apr_status_t print_open(print_t **made, const options_t *options, apr_pool_t *mem)
{
    print_t *print = apr_pcalloc(mem, sizeof *print);
    apr_status_t status = apr_file_open_flags_stdout(&print->out, APR_FOPEN_BUFFERED, mem);

    if (status == APR_SUCCESS) status = apr_file_open_flags_stderr(&print->err, APR_FOPEN_BUFFERED, mem);
    print->tag = options->tag;
    *made = print;
    return status;
}

/* ---- to one of the two ---------------------------------------------------------------------------------- */

static apr_status_t put(apr_file_t *file, const void *data, apr_size_t size)
{
    return size > 0 ? apr_file_write_full(file, data, size, NULL) : APR_SUCCESS;
}

/* With the argument and a tab in front of each line; *begun: the last one that was put has no end yet. */
static apr_status_t put_tagged(apr_file_t *file, const char *tag, const char *data, apr_size_t size,
                               int *begun)
{
    apr_status_t status = APR_SUCCESS;

    while (size > 0 && status == APR_SUCCESS) {
        const char *end = memchr(data, '\n', size);
        const apr_size_t length = end ? (apr_size_t)(end - data) + 1 : size;
        if (!*begun) status = put(file, tag, strlen(tag));
        if (!*begun && status == APR_SUCCESS) status = put(file, "\t", 1);
        if (status == APR_SUCCESS) status = put(file, data, length);
        *begun = end == NULL;
        data += length;
        size -= length;
    }
    return status;
}

static apr_status_t put_file(apr_file_t *file, const char *tag, const char *path, apr_pool_t *mem)
{
    apr_file_t *from;
    apr_size_t size;
    char *block;
    int begun = 0;
    apr_status_t status =
        apr_file_open(&from, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, mem);

    if (status != APR_SUCCESS) return APR_STATUS_IS_ENOENT(status) ? APR_SUCCESS : status;
    block = apr_palloc(mem, BLOCK_SIZE);
    do {
        size = BLOCK_SIZE;
        status = apr_file_read(from, block, &size);
        if (status == APR_SUCCESS)
            status = tag ? put_tagged(file, tag, block, size, &begun) : put(file, block, size);
    } while (status == APR_SUCCESS);
    (void)apr_file_close(from);
    return APR_STATUS_IS_EOF(status) ? APR_SUCCESS : status;
}

static apr_status_t put_output(apr_file_t *file, const char *tag, const job_t *job, const char *data,
                               apr_uint64_t size, const char *suffix)
{
    int begun = 0;
    if (job->result.in_files)
        return put_file(file, tag, apr_pstrcat(job->mem, job->files, suffix, NULL), job->mem);
    return tag ? put_tagged(file, tag, data, (apr_size_t)size, &begun) : put(file, data, (apr_size_t)size);
}

/* ---- a job ------------------------------------------------------------------------------------------------ */

apr_status_t print_job(print_t *print, const job_t *job)
{
    const spork_outcome_t *outcome = spork_future_outcome(job->future);
    const char *tag = print->tag ? job->arg : NULL;
    const char *data = outcome->out ? (const char *)outcome->out + sizeof(result_t) : NULL;
    const char *err_data = data ? data + job->result.out_size : NULL;
    apr_status_t status = APR_SUCCESS, err_status = APR_SUCCESS;

    if (job->files[0] != '\0') {
        status = put_output(print->out, tag, job, data, job->result.out_size, ".out");
        err_status = put_output(print->err, tag, job, err_data, job->result.err_size, ".err");
        print_forget(job);
    }
    if (job->trouble && err_status == APR_SUCCESS)
        err_status = put(print->err, job->trouble, strlen(job->trouble));
    if (status == APR_SUCCESS) status = apr_file_flush(print->out);
    if (err_status == APR_SUCCESS) err_status = apr_file_flush(print->err);
    return status == APR_SUCCESS ? err_status : status;
}

apr_status_t print_line(print_t *print, const job_t *job)
{
    const char *line = print->tag ? apr_pstrcat(job->mem, job->arg, "\t", job->command.line, "\n", NULL)
                                  : apr_pstrcat(job->mem, job->command.line, "\n", NULL);
    apr_status_t status = put(print->out, line, strlen(line));
    return status == APR_SUCCESS ? apr_file_flush(print->out) : status;
}

void print_forget(const job_t *job)
{
    if (!job->result.in_files) return;
    (void)apr_file_remove(apr_pstrcat(job->mem, job->files, ".out", NULL), job->mem);
    (void)apr_file_remove(apr_pstrcat(job->mem, job->files, ".err", NULL), job->mem);
}

/* ---- the folder ------------------------------------------------------------------------------------------- */

apr_status_t folder_make(const char **folder, apr_pool_t *mem)
{
    unsigned char random[8];
    const char *temporary;
    apr_status_t status = apr_temp_dir_get(&temporary, mem);

    for (int i = 0; i < TRIES && status == APR_SUCCESS; i++) {
        char *name = apr_pstrcat(mem, temporary, "/pexec-", NULL);
        status = apr_generate_random_bytes(random, sizeof random);
        for (apr_size_t k = 0; k < sizeof random && status == APR_SUCCESS; k++)
            name = apr_psprintf(mem, "%s%02x", name, random[k]);
        if (status == APR_SUCCESS)
            status = apr_dir_make(name, APR_FPROT_UREAD | APR_FPROT_UWRITE | APR_FPROT_UEXECUTE, mem);
        *folder = name;
        if (!APR_STATUS_IS_EEXIST(status)) break;
        status = APR_SUCCESS;
    }
    return status;
}

/* Workers that were ended leave files in it. */
void folder_remove(const char *folder, apr_pool_t *mem)
{
    apr_finfo_t entry;
    apr_dir_t *dir;

    if (folder == NULL) return;
    if (apr_dir_open(&dir, folder, mem) == APR_SUCCESS) {
        apr_status_t status;
        while ((status = apr_dir_read(&entry, APR_FINFO_NAME, dir)) == APR_SUCCESS ||
               status == APR_INCOMPLETE)
            if (strcmp(entry.name, ".") != 0 && strcmp(entry.name, "..") != 0)
                (void)apr_file_remove(apr_pstrcat(mem, folder, "/", entry.name, NULL), mem);
        (void)apr_dir_close(dir);
    }
    (void)apr_dir_remove(folder, mem);
}
