/*
 * Inside a task: what it may ask and answer.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "task.h"

#include "error.h"
#include "mem.h"
#include "os.h"
#include "shared.h"
#include <apr_strings.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

apr_size_t spork_task_in_size(const spork_task_t *task)
{
    return task == NULL ? 0 : task->in_size;
}

apr_size_t spork_task_index(const spork_task_t *task)
{
    return task == NULL ? 0 : task->index;
}

int spork_worker_id(const spork_task_t *task)
{
    return task == NULL ? 0 : task->worker_id;
}

apr_pool_t *spork_task_pool(spork_task_t *task)
{
    if (task == NULL) return NULL;
    if (task->mem == NULL && spk_mem_create(&task->mem, NULL) != APR_SUCCESS) return NULL;
    task->touched = 1;
    return task->mem;
}

void spork_task_progress(spork_task_t *task, double part)
{
    if (task == NULL || task->tell_part == NULL) return;
    task->touched = task->told_part = 1;
    if (!(part > 0)) part = 0; /* NaN, too */
    task->tell_part(task, part < 1 ? 1 + (uint32_t)(part * (SPK_PART_ALL - 1)) : SPK_PART_ALL);
}

void spork_fail(spork_task_t *task, const char *format, ...)
{
    va_list args;

    if (task == NULL || format == NULL) return;
    va_start(args, format);
    apr_vsnprintf(task->message, sizeof task->message, format, args);
    va_end(args);
    task->touched = 1;
}

static apr_status_t reply_into_slot(spork_task_t *task, const void *data, apr_size_t size)
{
    if (size > task->slot_size)
        return spk_error(SPORK_ETOOBIG,
                         "spork_reply: %" APR_SIZE_T_FMT
                         " bytes do not fit the map's slot of %" APR_SIZE_T_FMT,
                         size, task->slot_size);
    if (size > 0) memmove(task->slot, data, size);
    return APR_SUCCESS;
}

apr_status_t spork_reply(spork_task_t *task, const void *data, apr_size_t size)
{
    if (task == NULL || (data == NULL && size > 0))
        return spk_error(APR_EINVAL, "spork_reply: the task is NULL, or the data of a size is");
    task->touched = 1;
    if (task->keep_reply == NULL)
        task->reply_status = reply_into_slot(task, data, size);
    else
        task->reply_status = task->keep_reply(task, data, size);
    return task->reply_status;
}

apr_status_t spork_call(spork_task_t *task, const char *name, const void *in, apr_size_t in_size,
                        const void **out, apr_size_t *out_size)
{
    apr_status_t status;

    if (out != NULL) *out = NULL;
    if (out_size != NULL) *out_size = 0;
    if (task == NULL || name == NULL || name[0] == '\0' || strlen(name) > SPORK_NAME_MAX ||
        (in == NULL && in_size > 0))
        return spk_error(APR_EINVAL,
                         "spork_call: the task is NULL, or in is, or the name has not 1 to %d bytes",
                         SPORK_NAME_MAX);
    if (task->call == NULL)
        return spk_error(APR_EINVAL,
                         "spork_call: not from an initializer: \"%s\" is served once the pool is made", name);
    task->touched = 1;
    status = task->call(task, name, in, in_size);
    if (status != APR_SUCCESS) return status;
    if (out != NULL && task->answer_size > 0) *out = task->answer;
    if (out_size != NULL) *out_size = task->answer_size;
    return APR_SUCCESS;
}

void *spork_deref(spork_task_t *task, spork_ref_t ref, apr_size_t size)
{
    apr_uint64_t offset = ref.opaque[0], end = ref.opaque[1];

    if (task == NULL || offset < task->arena || end > task->arena_end || offset >= end || size > end - offset)
        return NULL;
    if (task->reach != NULL && task->reach(task, (size_t)offset + size) != APR_SUCCESS) return NULL;
    return task->base + offset;
}

apr_status_t spk_task_status(const spork_task_t *task, apr_status_t status)
{
    if (status == APR_SUCCESS) return task->reply_status;
    if (status == SPORK_ECRASHED || status == SPORK_EDEADLINE || status == SPORK_ECANCELLED ||
        status == SPORK_EMEMORY)
        return SPORK_EFAILED;
    return status;
}

void spk_task_flush(void)
{
    fflush(stdout);
    fflush(stderr);
}

/* What the memory of an answer may be to be kept for the next item. */
#define ANSWER_KEPT ((size_t)64 * 1024)

void spk_task_finish(spork_task_t *task)
{
    if (task->touched) {
        task->touched = 0;
        if (task->told_part) task->tell_part(task, 0);
        task->told_part = 0;
        task->reply_status = APR_SUCCESS;
        task->message[0] = '\0';
        if (task->mem != NULL) apr_pool_clear(task->mem);
        if (task->answer_room > ANSWER_KEPT) {
            free(task->answer);
            task->answer = NULL;
            task->answer_room = 0;
        }
    }
    if (spk_os_stdio_pending()) spk_task_flush();
}
