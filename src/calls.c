/*
 * Calls, the parent's half: its mailboxes are looked at in the pump, as everything else. A worker may write anything
 * there at any time: a message is copied before it is looked at, parts are counted here, and one that cannot be
 * costs its worker the life, as it does in the ring.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "calls.h"

#include "error.h"
#include "pool.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

/* A message, as it was found. */
typedef struct {
    uint32_t kind, part;
    uint64_t size;
    char name[SPK_CALL_NAME];
} message_t;

static size_t room_size(const spk_caller_t *caller)
{
    return caller->room != NULL ? spk_block_size(caller->room) : 0;
}

/* The usual size of a room. In a small arena those of all workers together take a sixteenth. */
#define ROOM_USUAL ((size_t)128 * 1024)

static void find_room(spork_pool_t *pool, spk_caller_t *caller)
{
    size_t share = (pool->shm.reserved - pool->payloads) / 16 / (size_t)pool->n;

    if (share > ROOM_USUAL) share = ROOM_USUAL;
    if (caller->room == NULL && share > SPK_CALL_BYTES) caller->room = spk_memory_alloc(pool, share);
}

/* ---- replies -------------------------------------------------------------------------------------------------- */

static void reply(spork_pool_t *pool, int m, apr_status_t status)
{
    spk_member_t *member = &pool->members[m];
    spk_caller_t *caller = &member->caller;
    spk_mailbox_t *mail = &member->seat->mail;

    mail->status = status;
    mail->room = caller->room != NULL ? spk_block_offset(caller->room) : 0;
    mail->room_size = room_size(caller);
    caller->open = 0;
    pool->changes++;
    pool->talks = 1;
    atomic_store_explicit(&mail->replied, caller->taken, memory_order_release);
    /* who is BLOCKED stored that, fenced, and looked at replied (worker_call.c) */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load_explicit(&member->seat->mood, memory_order_relaxed) == SPK_MOOD_BLOCKED)
        spk_os_bell_ring(&member->bell);
}

/* The next part of the answer. */
static void place_part(spork_pool_t *pool, int m)
{
    spk_member_t *member = &pool->members[m];
    spk_caller_t *caller = &member->caller;
    spork_answer_t *answer = &caller->answer;
    size_t part = answer->size - caller->sent, most = SPK_CALL_BYTES;
    unsigned char *to = member->seat->mail_bytes;

    if (part > SPK_CALL_BYTES) {
        find_room(pool, caller);
        if (caller->room != NULL) {
            to = spk_memory_at(pool, caller->room);
            most = room_size(caller);
        }
    }
    if (part > most) part = most;
    if (part > 0) memcpy(to, answer->data + caller->sent, part);
    caller->sent += part;
    member->seat->mail.sent = (uint32_t)part;
    member->seat->mail.answer_size = answer->size;
}

/* The call is over, but for the answer's other parts. */
static void finish(spork_pool_t *pool, int m, apr_status_t status)
{
    spk_member_t *member = &pool->members[m];
    spk_caller_t *caller = &member->caller;
    size_t words = strlen(caller->answer.words);

    if (status != APR_SUCCESS) caller->answer.size = 0;
    if (status == APR_SUCCESS) words = 0;
    caller->sent = 0;
    place_part(pool, m);
    memcpy(member->seat->mail_words, caller->answer.words, words);
    member->seat->mail.words = (uint32_t)words;
    reply(pool, m, status);
}

static void refuse(spork_pool_t *pool, int m, apr_status_t status, const char *format, ...) SPK_PRINTF(4, 5);
static void refuse(spork_pool_t *pool, int m, apr_status_t status, const char *format, ...)
{
    spork_answer_t *answer = &pool->members[m].caller.answer;
    va_list args;

    va_start(args, format);
    apr_vsnprintf(answer->words, sizeof answer->words, format, args);
    va_end(args);
    finish(pool, m, status);
}

void spk_answer_now(spork_answer_t *answer, apr_status_t status)
{
    answer->later = 0;
    finish(answer->pool, answer->worker, status);
}

/* ---- requests --------------------------------------------------------------------------------------------------- */

static void run_service(spork_pool_t *pool, int m)
{
    spk_caller_t *caller = &pool->members[m].caller;
    const spk_service_t *service = spk_service_find(pool, caller->name);
    apr_status_t status;

    if (service == NULL) { /* it was removed while the request came */
        refuse(pool, m, SPORK_ENOTFOUND, "spork_call: the pool serves no \"%s\"", caller->name);
        return;
    }
    status = spk_service_run(service, caller->in, caller->in_size, &caller->answer);
    free(caller->in);
    caller->in = NULL;
    if (!caller->answer.later) finish(pool, m, status);
}

/* Copy a part of the request. 0: it cannot be one. */
static int take_part(spork_pool_t *pool, int m, size_t part)
{
    spk_member_t *member = &pool->members[m];
    spk_caller_t *caller = &member->caller;
    const unsigned char *from = member->seat->mail_bytes;

    if (part > caller->in_size - caller->in_have || (part == 0 && caller->in_size > 0)) return 0;
    if (part > SPK_CALL_BYTES) {
        if (part > room_size(caller)) return 0;
        from = spk_memory_at(pool, caller->room);
    }
    if (part > 0) memcpy(caller->in + caller->in_have, from, part);
    caller->in_have += part;
    if (caller->in_have == caller->in_size) {
        run_service(pool, m);
    } else {
        find_room(pool, caller);
        reply(pool, m, APR_SUCCESS);
    }
    return 1;
}

/* A call begins; of one that came before nothing is left. What is not wanted is said before it is sent. */
static int begin(spork_pool_t *pool, int m, const message_t *message)
{
    spk_caller_t *caller = &pool->members[m].caller;
    size_t most = pool->shm.reserved - pool->payloads;

    free(caller->in);
    caller->in = NULL;
    caller->in_size = caller->in_have = caller->sent = 0;
    spk_answer_reset(&caller->answer);
    caller->answer.pool = pool;
    caller->answer.worker = m;
    memcpy(caller->name, message->name, SPK_CALL_NAME);
    caller->name[SPK_CALL_NAME - 1] = '\0';
    if (message->size > most) {
        refuse(pool, m, SPORK_ETOOBIG,
               "spork_call: the request is larger than the arena of %" APR_SIZE_T_FMT " bytes", most);
        return 1;
    }
    if (spk_service_find(pool, caller->name) == NULL) {
        refuse(pool, m, SPORK_ENOTFOUND, "spork_call: the pool serves no \"%s\"", caller->name);
        return 1;
    }
    caller->in_size = (size_t)message->size;
    caller->in = malloc(caller->in_size + 1);
    if (caller->in == NULL) {
        caller->in_size = 0;
        refuse(pool, m, APR_ENOMEM, "spork_call: the parent has no memory for the request");
        return 1;
    }
    return take_part(pool, m, message->part);
}

static int fetch(spork_pool_t *pool, int m)
{
    spk_caller_t *caller = &pool->members[m].caller;

    if (caller->sent >= caller->answer.size) return 0;
    place_part(pool, m);
    if (caller->sent == caller->answer.size) spk_answer_reset(&caller->answer);
    reply(pool, m, APR_SUCCESS);
    return 1;
}

static void take_message(spork_pool_t *pool, int m, uint64_t number)
{
    spk_member_t *member = &pool->members[m];
    spk_caller_t *caller = &member->caller;
    const spk_mailbox_t *mail = &member->seat->mail;
    int honest = number == caller->taken + 1 && !caller->open;
    message_t message;

    if (honest) {
        caller->taken = number;
        caller->open = 1;
        message.kind = mail->kind;
        message.part = mail->part;
        message.size = mail->size;
        memcpy(message.name, mail->name, SPK_CALL_NAME);
        switch (message.kind) {
        case SPK_CALL_ASK: honest = begin(pool, m, &message); break;
        case SPK_CALL_PART: honest = caller->in != NULL && take_part(pool, m, message.part); break;
        case SPK_CALL_FETCH: honest = fetch(pool, m); break;
        default: honest = 0;
        }
    }
    if (!honest) spk_member_kill(member);
}

static uint64_t asked(const spk_member_t *member)
{
    return atomic_load_explicit(&member->seat->mail.asked, memory_order_acquire);
}

static void end_wait(spork_answer_t *answer, apr_status_t status, const char *words)
{
    answer->gone(answer);
    apr_cpystrn(answer->words, words, sizeof answer->words);
    spk_answer_now(answer, status);
}

void spk_calls_serve(spork_pool_t *pool)
{
    int m;

    for (m = 0; !pool->razing && m < pool->n; m++) {
        spk_member_t *member = &pool->members[m];
        spork_answer_t *answer = &member->caller.answer;
        uint64_t number;

        if (member->state == SPK_ABSENT) continue;
        number = asked(member);
        if (number != member->caller.taken) take_message(pool, m, number);
        if (answer->later && answer->until != UINT64_MAX && spk_os_clock() >= answer->until)
            end_wait(answer, APR_TIMEUP, "the time-out passed");
    }
}

/* ---- what the pump must know --------------------------------------------------------------------------------------- */

int spk_calls_any(const spork_pool_t *pool)
{
    int m;

    for (m = 0; m < pool->n; m++)
        if (pool->members[m].state != SPK_ABSENT &&
            atomic_load_explicit(&pool->members[m].seat->mail.asked, memory_order_relaxed) !=
                pool->members[m].caller.taken)
            return 1;
    return 0;
}

apr_interval_time_t spk_calls_patience(const spork_pool_t *pool)
{
    uint64_t first = UINT64_MAX, now;
    int m;

    for (m = 0; m < pool->n; m++) {
        const spork_answer_t *answer = &pool->members[m].caller.answer;

        if (answer->later && answer->until < first) first = answer->until;
    }
    if (first == UINT64_MAX) return -1;
    now = spk_os_clock();
    return first > now ? (apr_interval_time_t)((first - now) / 1000) : 0;
}

int spk_calls_starve(spork_pool_t *pool, int endless)
{
    int m, n = 0, timed = 0, absent = 0;

    for (m = 0; m < pool->n; m++) {
        const spork_answer_t *answer = &pool->members[m].caller.answer;

        n += answer->later;
        timed += answer->later &&
                 answer->until != UINT64_MAX;           /* it will go on, and may bring what is waited for */
        absent += pool->members[m].state == SPK_ABSENT; /* who comes in its place may be who is waited for */
    }
    if (n == 0 || timed > 0 || !endless || (absent > 0 && pool->broken == APR_SUCCESS)) return n > 0;
    for (m = 0; m < pool->n; m++) {
        spork_answer_t *answer = &pool->members[m].caller.answer;

        if (answer->later && answer->until == UINT64_MAX)
            end_wait(answer, APR_EOF, "all that could change something wait for each other");
    }
    return 1;
}

/* ---- the end --------------------------------------------------------------------------------------------------------- */

static void free_caller(spk_caller_t *caller)
{
    free(caller->in);
    spk_answer_free(&caller->answer);
    memset(caller, 0, sizeof *caller);
}

void spk_calls_hang_up(spk_caller_t *caller)
{
    if (!caller->answer.later) return;
    caller->answer.later = 0;
    caller->answer.gone(&caller->answer);
}

void spk_calls_forget(spork_pool_t *pool, int m)
{
    spk_member_t *member = &pool->members[m];

    spk_calls_hang_up(&member->caller);
    spk_memory_free(pool, member->caller.room);
    free_caller(&member->caller);
    atomic_store_explicit(&member->seat->mail.asked, 0, memory_order_relaxed);
    atomic_store_explicit(&member->seat->mail.replied, 0, memory_order_relaxed);
}

void spk_calls_free(spork_pool_t *pool)
{
    int m;

    for (m = 0; pool->members != NULL && m < pool->n; m++) free_caller(&pool->members[m].caller);
}
