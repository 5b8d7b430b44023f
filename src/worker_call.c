/*
 * Calls, the worker's half: calls.h has the protocol. The worker is asleep, or at a message; so a call holds nothing
 * that a death could leave behind.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "worker.h"

#include "error.h"
#include "step.h"
#include <stdlib.h>
#include <string.h>

static int is_replied(spk_worker_t *worker)
{
    return atomic_load_explicit(&worker->seat->mail.replied, memory_order_acquire) == worker->asked;
}

static void exchange(spk_worker_t *worker, uint32_t kind, size_t part)
{
    spk_mailbox_t *mail = &worker->seat->mail;

    mail->kind = kind;
    mail->part = (uint32_t)part;
    SPK_STEP("asking");
    atomic_store_explicit(&mail->asked, ++worker->asked, memory_order_release);
    SPK_STEP("asked");
    spk_worker_wake_parent(worker);
    if (!spk_worker_spin(worker, is_replied)) spk_worker_wait(worker, SPK_MOOD_BLOCKED, is_replied);
    SPK_STEP("heard");
}

/* The place of the room that the parent gave; 0: there is none, or it cannot be touched here. */
static size_t room_of(spk_worker_t *worker)
{
    const spk_mailbox_t *mail = &worker->seat->mail;
    size_t room = (size_t)mail->room, size = (size_t)mail->room_size;

    if (room < worker->task.arena || room > worker->task.arena_end || size > worker->task.arena_end - room)
        return 0;
    return spk_worker_reach(worker, room + size) == APR_SUCCESS ? room : 0;
}

/* Write the request's next part where it shall stand. */
static size_t write_part(spk_worker_t *worker, const unsigned char *from, size_t left)
{
    unsigned char *to = worker->seat->mail_bytes;
    size_t most = SPK_CALL_BYTES, room;

    if (left > SPK_CALL_BYTES && worker->asked > 0 && (room = room_of(worker)) != 0) {
        to = worker->task.base + room;
        most = (size_t)worker->seat->mail.room_size;
    }
    if (left > most) left = most;
    if (left > 0) SPK_STEP_COPY("half asked", to, from, left);
    return left;
}

/* Send the request. What the reply to its last part says is the call's status. */
static apr_status_t ask(spk_worker_t *worker, const char *name, const unsigned char *in, size_t in_size)
{
    spk_mailbox_t *mail = &worker->seat->mail;
    size_t sent = 0, part;

    memset(mail->name, 0, sizeof mail->name);
    memcpy(mail->name, name, strlen(name));
    mail->size = in_size;
    do {
        part = write_part(worker, in + sent, in_size - sent);
        exchange(worker, sent == 0 ? SPK_CALL_ASK : SPK_CALL_PART, part);
        sent += part;
    } while (sent < in_size && mail->status == APR_SUCCESS);
    return mail->status;
}

static apr_status_t make_room(spork_task_t *task, size_t size)
{
    unsigned char *grown;

    if (size <= task->answer_room) return APR_SUCCESS;
    grown = realloc(task->answer, size);
    if (grown == NULL)
        return spk_error(APR_ENOMEM, "spork_call: no memory for an answer of %" APR_SIZE_T_FMT " bytes",
                         size);
    task->answer = grown;
    task->answer_room = size;
    return APR_SUCCESS;
}

/* Copy the part that the last reply brought. 0: it cannot be; then nothing in this seat can be relied on. */
static int read_part(spk_worker_t *worker, size_t have)
{
    const spk_mailbox_t *mail = &worker->seat->mail;
    spork_task_t *task = &worker->task;
    size_t part = mail->sent, room;
    const unsigned char *from = worker->seat->mail_bytes;

    if (part == 0 || part > task->answer_size - have) return 0;
    if (part > SPK_CALL_BYTES) {
        room = room_of(worker);
        if (room == 0 || part > mail->room_size) return 0;
        from = task->base + room;
    }
    memcpy(task->answer + have, from, part);
    return 1;
}

static apr_status_t take_answer(spk_worker_t *worker)
{
    const spk_mailbox_t *mail = &worker->seat->mail;
    spork_task_t *task = &worker->task;
    size_t have = 0, size = (size_t)mail->answer_size;
    apr_status_t status = make_room(task, size);

    if (status != APR_SUCCESS) return status;
    task->answer_size = size;
    while (have < size) {
        if (have > 0) exchange(worker, SPK_CALL_FETCH, 0);
        if (!read_part(worker, have)) spk_os_exit(1);
        have += mail->sent;
    }
    return APR_SUCCESS;
}

static apr_status_t explain(spk_worker_t *worker, const char *name, apr_status_t status)
{
    char words[SPK_WORDS];
    size_t size = worker->seat->mail.words;

    if (size == 0 || size >= sizeof words)
        return spk_error(status, "spork_call: \"%s\" failed: %s", name,
                         spork_strerror(status, words, sizeof words));
    memcpy(words, worker->seat->mail_words, size);
    words[size] = '\0';
    return spk_error(status, "%s", words);
}

apr_status_t spk_worker_call(spork_task_t *task, const char *name, const void *in, apr_size_t in_size)
{
    spk_worker_t *worker = task->keeper;
    apr_status_t status;

    if (worker->pid != spk_os_pid()) /* its mailbox is the worker's, who may use it at this moment */
        return spk_error(APR_EINVAL, "spork_call: this is a process that a task has forked, not the worker");
    status = ask(worker, name, in, in_size);

    task->answer_size = 0;
    return status == APR_SUCCESS ? take_answer(worker) : explain(worker, name, status);
}
