/*
 * The log of --joblog, and what --resume reads in it. The columns are GNU parallel's, and so is that a newline in a
 * command stands in it as a zero byte: a job is a line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pexec.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"
#define COLUMNS 9
#define BLOCK_SIZE 65536u
#define NUMBER_MAX ((apr_uint64_t)1 << 32) /* a bit each of them is half a gigabyte */

struct log_t {
    apr_file_t *file;
    apr_byte_t *done; /* a bit a job of an earlier run */
    apr_size_t done_size;
};

/* ---- reading -------------------------------------------------------------------------------------------- */

static int note_done(log_t *log, apr_uint64_t number)
{
    const apr_size_t byte = (apr_size_t)(number / 8);

    if (byte >= log->done_size) {
        const apr_size_t size = 2 * byte + 64;
        apr_byte_t *larger = realloc(log->done, size);
        if (larger == NULL) return 0;
        memset(larger + log->done_size, 0, size - log->done_size);
        log->done = larger;
        log->done_size = size;
    }
    log->done[byte] = (apr_byte_t)(log->done[byte] | 1u << number % 8);
    return 1;
}

/* The number that a whole line of the log begins with; 0: it is none. */
static apr_uint64_t number_of(const char *line, apr_size_t length)
{
    apr_uint64_t number = 0;
    apr_size_t i = 0;
    int tabs = 0;

    for (; i < length && line[i] >= '0' && line[i] <= '9' && number < NUMBER_MAX; i++)
        number = 10 * number + (apr_uint64_t)(line[i] - '0');
    if (i == 0 || i == length || line[i] != '\t' || number >= NUMBER_MAX) return 0;
    for (; i < length; i++) tabs += line[i] == '\t';
    return tabs >= COLUMNS - 1 ? number : 0;
}

/* All lines in text; how many bytes of it are whole lines, and in *line the number of the last one. 0 with *line
 * set: that one is none of a log's. */
static int read_lines(log_t *log, const char *text, apr_size_t size, apr_size_t *whole, apr_uint64_t *line)
{
    const char *end;

    for (*whole = 0; (end = memchr(text + *whole, '\n', size - *whole)) != NULL;
         *whole = (apr_size_t)(end - text) + 1) {
        const char *at = text + *whole;
        const apr_size_t length = (apr_size_t)(end - at);
        if ((*line)++ == 0) {
            if (length + 1 != sizeof HEAD - 1 || memcmp(at, HEAD, length) != 0) return 0;
            continue;
        }
        const apr_uint64_t number = number_of(at, length);
        if (number == 0 || !note_done(log, number)) return 0;
    }
    return 1;
}

/* *end: where the next line is to go. A run that was killed may have left half a line at the end: that job
 * was not logged. */
static int read_log(log_t *log, const char *path, apr_off_t *end)
{
    apr_size_t room = 2 * BLOCK_SIZE, kept = 0, got, whole;
    char *text = malloc(room);
    apr_uint64_t line = 0;
    apr_status_t status = text ? APR_SUCCESS : APR_ENOMEM;
    char words[128];

    while (status == APR_SUCCESS) {
        if (room - kept < BLOCK_SIZE) {
            char *larger = realloc(text, 2 * room);
            if (larger == NULL) {
                status = APR_ENOMEM;
                break;
            }
            text = larger;
            room *= 2;
        }
        got = room - kept;
        status = apr_file_read(log->file, text + kept, &got);
        if (status != APR_SUCCESS) break;
        if (!read_lines(log, text, kept + got, &whole, &line)) {
            say("line %" APR_UINT64_T_FMT " of %s is not one of a joblog", line, path);
            free(text);
            return 0;
        }
        *end += (apr_off_t)whole;
        kept += got - whole;
        memmove(text, text + whole, kept);
    }
    free(text);
    if (APR_STATUS_IS_EOF(status)) return 1;
    say("cannot read %s: %s", path, apr_strerror(status, words, sizeof words));
    return 0;
}

int log_has(const log_t *log, apr_uint64_t number)
{
    const apr_size_t byte = (apr_size_t)(number / 8);
    return log != NULL && byte < log->done_size && (log->done[byte] >> number % 8 & 1) != 0;
}

/* ---- writing -------------------------------------------------------------------------------------------- */

static apr_status_t free_done(void *baton)
{
    log_t *log = baton;
    free(log->done);
    return APR_SUCCESS;
}

static apr_status_t open_file(log_t **made, const char *path, apr_int32_t flags, apr_pool_t *mem)
{
    log_t *log = apr_pcalloc(mem, sizeof *log);

    *made = log;
    apr_pool_cleanup_register(mem, log, free_done, apr_pool_cleanup_null);
    return apr_file_open(&log->file, path, flags | APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT,
                         mem);
}

int log_look(log_t **log, const char *path, apr_pool_t *mem)
{
    apr_off_t end = 0;
    char words[128];
    apr_status_t status = open_file(log, path, 0, mem);

    if (APR_STATUS_IS_ENOENT(status)) return 1;
    if (status == APR_SUCCESS) return read_log(*log, path, &end);
    say("cannot read %s: %s", path, apr_strerror(status, words, sizeof words));
    return 0;
}

int log_open(log_t **made, const char *path, int resume, apr_pool_t *mem)
{
    const apr_int32_t flags = APR_FOPEN_WRITE | APR_FOPEN_CREATE | (resume ? 0 : APR_FOPEN_TRUNCATE);
    apr_off_t end = 0;
    char words[128];
    apr_status_t status = open_file(made, path, flags, mem);
    log_t *log = *made;

    if (status == APR_SUCCESS && resume) {
        if (!read_log(log, path, &end)) return 0;
        status = apr_file_trunc(log->file, end);
        if (status == APR_SUCCESS) status = apr_file_seek(log->file, APR_SET, &end);
    }
    if (status == APR_SUCCESS && end == 0)
        status = apr_file_write_full(log->file, HEAD, sizeof HEAD - 1, NULL);
    if (status != APR_SUCCESS) say("cannot write %s: %s", path, apr_strerror(status, words, sizeof words));
    return status == APR_SUCCESS;
}

apr_status_t log_job(log_t *log, const job_t *job)
{
    const double began = (double)job->began / APR_USEC_PER_SEC;
    const double ran = (double)job->result.ended / APR_USEC_PER_SEC - began;
    const char *head, *command = job->command.line;
    char *line;

    if (log == NULL) return APR_SUCCESS;
    head = apr_psprintf(job->mem,
                        "%" APR_UINT64_T_FMT "\t:\t%.3f\t%10.3f\t0\t%" APR_UINT64_T_FMT "\t%" APR_INT64_T_FMT
                        "\t%" APR_INT64_T_FMT "\t",
                        job->number, began, ran > 0 ? ran : 0, job->result.out_size, job->result.exit_code,
                        job->result.signal);
    line = apr_pstrcat(job->mem, head, command, "\n", NULL);
    const apr_size_t size = strlen(line);
    for (char *at = line; (at = strchr(at, '\n')) != NULL && at + 1 < line + size;) *at++ = '\0';
    return apr_file_write_full(log->file, line, size, NULL);
}
