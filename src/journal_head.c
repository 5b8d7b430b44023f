/*
 * See journal_head.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "journal_head.h"

#include "digest.h"
#include "os.h"
#include <apr_strings.h>
#include <apr_time.h>
#include <string.h>

#define MAGIC "sporkjnl"
#define MAGIC_SIZE 8
#define ORDER UINT32_C(0x01020304)
#define VERSION 1

static uint64_t check_of(const spk_journal_head_t *head)
{
    return spk_digest(0, head, offsetof(spk_journal_head_t, check));
}

/* It need not be secret, only another one. */
static uint64_t make_salt(const void *somewhere)
{
    uint64_t of[4];

    of[0] = (uint64_t)apr_time_now();
    of[1] = spk_os_clock();
    of[2] = (uint64_t)spk_os_pid();
    of[3] = (uint64_t)(uintptr_t)somewhere;
    return spk_digest(0, of, sizeof of);
}

void spk_journal_head_make(spk_journal_head_t *head, const spk_journal_batch_t *batch)
{
    size_t size = strlen(batch->task);

    memset(head, 0, sizeof *head);
    memcpy(head->magic, MAGIC, MAGIC_SIZE);
    head->order = ORDER;
    head->version = VERSION;
    head->kind = batch->kind;
    head->task_size = (uint32_t)size;
    head->in_size = batch->in_size;
    head->out_size = batch->out_size;
    head->count = batch->count;
    head->salt = make_salt(head);
    head->task_digest = spk_digest(0, batch->task, size);
    memcpy(head->task, batch->task, size < SPK_JOURNAL_TASK ? size : SPK_JOURNAL_TASK);
    head->check = check_of(head);
}

static int is_of_task(const spk_journal_head_t *head, const char *task)
{
    size_t size = strlen(task);

    return head->task_size == size && head->task_digest == spk_digest(0, task, size);
}

static int is_of_items(const spk_journal_head_t *head, const spk_journal_batch_t *batch)
{
    return head->in_size == batch->in_size && head->out_size == batch->out_size &&
           head->count == batch->count;
}

int spk_journal_head_differs(const spk_journal_head_t *head, const spk_journal_batch_t *batch, char *why,
                             size_t size)
{
    const char *words = NULL;

    if (memcmp(head->magic, MAGIC, MAGIC_SIZE) != 0)
        words = "is no journal of spork's";
    else if (head->order != ORDER)
        words = "was written by a machine of another byte order";
    else if (head->version != VERSION)
        words = "has a format that is not known here";
    else if (head->check != check_of(head))
        words = "is damaged at its head";
    else if (head->kind != batch->kind)
        words =
            batch->kind == SPK_JOURNAL_MAP ? "is of a stream, not of a map" : "is of a map, not of a stream";
    if (words != NULL)
        (void)apr_snprintf(why, size, "%s", words);
    else if (!is_of_task(head, batch->task))
        (void)apr_snprintf(why, size, "is of another batch: its task is \"%.50s\", not \"%.50s\"", head->task,
                           batch->task);
    else if (!is_of_items(head, batch))
        (void)apr_snprintf(why, size,
                           "is of another batch: of %" APR_UINT64_T_FMT " items of %" APR_UINT64_T_FMT
                           " + %" APR_UINT64_T_FMT " bytes",
                           (apr_uint64_t)head->count, (apr_uint64_t)head->in_size,
                           (apr_uint64_t)head->out_size);
    else
        return 0;
    return 1;
}

int spk_journal_head_is_unborn(const unsigned char *bytes, size_t size)
{
    size_t i;

    if (size < sizeof(spk_journal_head_t) && memcmp(bytes, MAGIC, size < MAGIC_SIZE ? size : MAGIC_SIZE) == 0)
        return 1;
    for (i = 0; i < size && bytes[i] == 0; i++) continue;
    return i == size;
}
