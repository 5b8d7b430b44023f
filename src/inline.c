/*
 * The INLINE start method: items run in the caller. The same task context, no worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "error.h"
#include "pool.h"
#include "progress.h"
#include "registry.h"
#include "task.h"
#include "trace.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    spork_pool_t *pool;
    unsigned char *reply;
    apr_size_t size;
} keeper_t;

static apr_status_t keep_reply(spork_task_t *task, const void *data, apr_size_t size)
{
    keeper_t *keeper = task->keeper;
    unsigned char *copy = size < SIZE_MAX - SPORK_MESSAGE_MAX ? malloc(size + 1) : NULL;

    if (copy == NULL)
        return spk_error(APR_ENOMEM, "spork_reply: no memory for %" APR_SIZE_T_FMT " bytes", size);
    if (size > 0) memcpy(copy, data, size);
    free(keeper->reply);
    keeper->reply = copy;
    keeper->size = size;
    return APR_SUCCESS;
}

/* A call of a task is one of the parent's own. */
static apr_status_t call_here(spork_task_t *task, const char *name, const void *in, apr_size_t in_size)
{
    spork_pool_t *pool = ((keeper_t *)task->keeper)->pool;
    const spk_service_t *service = spk_service_find(pool, name);
    spork_answer_t answer;
    apr_status_t status;
    void *copy;

    task->answer_size = 0;
    if (service == NULL) return spk_error(SPORK_ENOTFOUND, "spork_call: the pool serves no \"%s\"", name);
    if (in_size > pool->shm.reserved - pool->payloads)
        return spk_error(SPORK_ETOOBIG,
                         "spork_call: the request is larger than the arena of %" APR_SIZE_T_FMT " bytes",
                         pool->shm.reserved - pool->payloads);
    copy = malloc(in_size + 1); /* what a service gets is its own, as in the other pools */
    if (copy == NULL) return spk_error(APR_ENOMEM, "spork_call: no memory for the request");
    if (in_size > 0) memcpy(copy, in, in_size);
    memset(&answer, 0, sizeof answer);
    answer.pool = pool;
    answer.worker = -1;
    status = spk_service_run(service, copy, in_size, &answer);
    free(copy);
    if (status == APR_SUCCESS) {
        free(task->answer);
        task->answer = answer.data;
        task->answer_size = answer.size;
        task->answer_room = answer.room;
        return APR_SUCCESS;
    }
    free(answer.data);
    if (answer.words[0] != '\0') return spk_error(status, "%s", answer.words);
    return spk_error(status, "spork_call: \"%s\" failed: %s", name,
                     spork_strerror(status, answer.words, sizeof answer.words));
}

static void tell_part(spork_task_t *task, uint32_t part)
{
    const keeper_t *keeper = task->keeper;

    if (part > 0) spk_progress_here(keeper->pool, 1, task->index, (part - 1) / (double)(SPK_PART_ALL - 1));
}

apr_status_t spk_inline_run(spork_pool_t *pool, spork_fn_t fn, apr_size_t index, const void *in,
                            apr_size_t in_size, void *slot, apr_size_t slot_size, unsigned char **reply,
                            apr_size_t *reply_size, char *message)
{
    keeper_t keeper = { pool, NULL, 0 };
    spork_task_t task;
    apr_status_t status;
    uint64_t start;

    memset(&task, 0, sizeof task);
    task.base = pool->shm.base;
    task.arena = pool->payloads;
    task.arena_end = pool->shm.reserved;
    task.index = index;
    task.in_size = in_size;
    task.slot = slot;
    task.slot_size = slot_size;
    task.keeper = &keeper;
    task.tell_part = tell_part;
    if (reply != NULL) task.keep_reply = keep_reply;
    if (pool->log_setup != NULL) task.log = &pool->log;
    if (pool->was_ready) task.call = call_here;
    spk_progress_here(pool, 1, index, -1);
    pool->inside = SPK_IN_TASK;
    start = pool->trace != NULL ? spk_os_clock() : 0;
    status = spk_task_status(&task, fn(&task, in, slot));
    if (pool->trace != NULL) spk_trace_item(pool, start, index, (uint32_t)spk_registry_find(fn), status);
    pool->inside = 0;
    memcpy(message, task.message, SPORK_MESSAGE_MAX);
    spk_task_finish(&task);
    if (task.mem != NULL) apr_pool_destroy(task.mem);
    free(task.answer);
    spk_progress_here(pool, 0, index, -1);
    if (reply != NULL) {
        *reply = keeper.reply;
        *reply_size = keeper.size;
    }
    return status;
}
