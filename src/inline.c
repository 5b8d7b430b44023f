/*
 * The INLINE start method: items run in the caller. The same task context, no worker.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "error.h"
#include "pool.h"
#include "task.h"

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

apr_status_t spk_inline_run(spork_pool_t *pool, spork_fn_t fn, apr_size_t index, const void *in,
                            apr_size_t in_size, void *slot, apr_size_t slot_size, unsigned char **reply,
                            apr_size_t *reply_size, char *message)
{
    keeper_t keeper = { pool, NULL, 0 };
    spork_task_t task;
    apr_status_t status;

    memset(&task, 0, sizeof task);
    task.base = pool->shm.base;
    task.arena = pool->payloads;
    task.arena_end = pool->shm.reserved;
    task.index = index;
    task.in_size = in_size;
    task.slot = slot;
    task.slot_size = slot_size;
    task.keeper = &keeper;
    if (reply != NULL) task.keep_reply = keep_reply;
    pool->inside = SPK_IN_TASK;
    status = spk_task_status(&task, fn(&task, in, slot));
    pool->inside = 0;
    memcpy(message, task.message, SPORK_MESSAGE_MAX);
    spk_task_finish(&task);
    if (task.mem != NULL) apr_pool_destroy(task.mem);
    if (reply != NULL) {
        *reply = keeper.reply;
        *reply_size = keeper.size;
    }
    return status;
}
