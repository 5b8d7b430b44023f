/*
 * Writing logs, see log.h. One write a record, at the file's end: a death can cut the last line only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "log.h"

#include "error.h"
#include "log_record.h"
#include "task.h"
#include <apr_strings.h>
#include <apr_time.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Before a record: what ends a line that was begun. */
#define ENDING (sizeof SPK_RECORD_CUT) /* the mark's zero is the newline's place */

static _Atomic uint64_t epoch; /* 0: not known yet; it never is 0 */

uint64_t spk_log_epoch(void)
{
    uint64_t known = 0, now = (uint64_t)apr_time_now() * 1000 - spk_os_clock();

    if (atomic_compare_exchange_strong_explicit(&epoch, &known, now, memory_order_relaxed,
                                                memory_order_relaxed))
        return now;
    return known; /* of another pool's, in another thread maybe */
}

static void name_file(const spk_log_t *log, char path[SPK_LOG_PREFIX_MAX + 32])
{
    (void)apr_snprintf(path, SPK_LOG_PREFIX_MAX + 32, "%s%" APR_INT64_T_FMT ".log", log->setup->prefix,
                       (apr_int64_t)spk_os_pid());
}

static void count_lost(spk_log_t *log)
{
    uint64_t lost = atomic_load_explicit(log->lost, memory_order_relaxed);

    while (!atomic_compare_exchange_weak_explicit(log->lost, &lost, lost + 1, memory_order_relaxed,
                                                  memory_order_relaxed))
        continue;
}

/* ---- a record -------------------------------------------------------------------------------------------- */

/* What ends the line that the file ends with, if there is one, before `record`. How many bytes it takes. */
static size_t end_line(spk_log_t *log, char *record)
{
    size_t size = 0;

    if (atomic_exchange_explicit(&log->torn, 0, memory_order_relaxed))
        size = ENDING;
    else if (log->setup->output && !spk_os_append_at_line(log->file))
        size = 1;
    if (size == ENDING) memcpy(record - ENDING, SPK_RECORD_CUT, ENDING - 1);
    if (size > 0) record[-1] = '\n';
    return size;
}

/* The record stands behind ENDING bytes of room. */
static apr_status_t put(spk_log_t *log, char *record, size_t size)
{
    size_t ending, written = 0;
    apr_status_t status;

    if (log->setup->output && spk_os_stdio_pending()) spk_task_flush();
    ending = end_line(log, record);
    status = spk_os_append(log->file, record - ending, ending + size, &written);
    if (status != APR_SUCCESS && (written > ending || (ending == ENDING && written < ENDING)))
        atomic_store_explicit(&log->torn, 1, memory_order_relaxed);
    return status;
}

static apr_status_t write_record(spk_log_t *log, spork_level_e level, const spork_task_t *task,
                                 const char *message, size_t size, int is_cut)
{
    char line[ENDING + SPORK_LOG_MAX];
    spk_record_t record;

    record.wall = apr_time_now();
    record.clock = spk_os_clock() + log->setup->epoch;
    record.level = level;
    record.pid = spk_os_pid();
    record.worker = log->worker;
    record.has_item = task != NULL && !log->initializing;
    record.item = record.has_item ? task->index : 0;
    return put(log, line + ENDING, spk_record_write(line + ENDING, &record, message, size, is_cut));
}

/* There is room again: the log says itself what is missing in it. */
static void tell_lost(spk_log_t *log)
{
    uint64_t lost = atomic_load_explicit(log->lost, memory_order_relaxed);
    uint64_t told = atomic_load_explicit(&log->told, memory_order_relaxed);
    char words[80];
    int n;

    if (lost == told) return;
    n = apr_snprintf(words, sizeof words,
                     "spork: %" APR_UINT64_T_FMT " records before this could not be written",
                     (apr_uint64_t)(lost - told));
    if (write_record(log, SPORK_LOG_WARNING, NULL, words, (size_t)n, 0) == APR_SUCCESS)
        atomic_store_explicit(&log->told, lost, memory_order_relaxed);
}

/* ---- the file ---------------------------------------------------------------------------------------------- */

/* A line of its own before anything that is printed: that has no time, and stands behind the record before it. */
static apr_status_t take_output(spk_log_t *log)
{
    static const char words[] = "spork: stdout and stderr are written here";
    apr_status_t status = write_record(log, SPORK_LOG_INFO, NULL, words, sizeof words - 1, 0);

    if (status == APR_SUCCESS) status = spk_os_append_stdio(log->file);
    return status;
}

static apr_status_t open_file(spk_log_t *log)
{
    char path[SPK_LOG_PREFIX_MAX + 32];
    apr_status_t status;

    name_file(log, path);
    status = spk_os_append_open(&log->file, path);
    if (status != APR_SUCCESS) return status;
    /* an earlier process of this number may have been cut short here */
    atomic_store_explicit(&log->torn, !spk_os_append_at_line(log->file), memory_order_relaxed);
    return APR_SUCCESS;
}

void spk_log_open(spk_log_t *log, const spk_log_setup_t *setup, int worker, _Atomic uint64_t *lost)
{
    apr_status_t status;

    memset(log, 0, sizeof *log);
    log->setup = setup;
    log->file.v = SPK_OS_NONE_V;
    log->worker = worker;
    log->lost = lost;
    atomic_store_explicit(&log->told, atomic_load_explicit(lost, memory_order_relaxed), memory_order_relaxed);
    atomic_store_explicit(&epoch, setup->epoch, memory_order_relaxed);
    status = open_file(log);
    if (status == APR_SUCCESS && setup->output) status = take_output(log);
    if (status != APR_SUCCESS && setup->output) count_lost(log);
}

void spk_log_close(spk_log_t *log)
{
    if (log->setup != NULL) spk_os_append_close(&log->file);
    log->setup = NULL;
}

/* ---- the call ------------------------------------------------------------------------------------------------ */

static apr_status_t lose(spk_log_t *log, apr_status_t status)
{
    char path[SPK_LOG_PREFIX_MAX + 32];

    count_lost(log);
    name_file(log, path);
    return spk_error_os(status, "spork_log: %.300s", path);
}

static apr_status_t log_message(spk_log_t *log, spork_level_e level, const spork_task_t *task,
                                const char *format, va_list args)
{
    char message[SPORK_LOG_MAX];
    apr_status_t status = APR_SUCCESS;
    int n = vsnprintf(message, sizeof message, format, args), is_cut = n >= (int)sizeof message;

    if (n < 0) return lose(log, APR_EINVAL); /* the format makes no sense to the C library */
    if (log->file.v == SPK_OS_NONE_V) status = open_file(log);
    if (status == APR_SUCCESS)
        status = write_record(log, level, task, message, is_cut ? sizeof message - 1 : (size_t)n, is_cut);
    if (status != APR_SUCCESS) return lose(log, status);
    tell_lost(log);
    return APR_SUCCESS;
}

apr_status_t spork_log(spork_task_t *task, spork_level_e level, const char *format, ...)
{
    apr_status_t status = APR_SUCCESS;
    va_list args;

    if (task == NULL || format == NULL || (int)level < SPORK_LOG_DEBUG || (int)level > SPORK_LOG_ERROR)
        return spk_error(APR_EINVAL, "spork_log: the task or the format is NULL, or the level is none");
    if (task->log == NULL || (uint32_t)level < task->log->setup->level) return APR_SUCCESS;
    va_start(args, format);
    status = log_message(task->log, level, task, format, args);
    va_end(args);
    return status;
}
