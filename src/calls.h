/*
 * Calls: what a running task asks of its parent. A call is a short talk in the seat's mailbox (spk_mailbox_t): the
 * worker writes a message, stores its number in `asked` and wakes the parent; the parent, in its pump, replies,
 * stores the same number in `replied` and rings. There is one message at a time, and the worker sleeps until it is
 * replied to, as BLOCKED: it is the sleep of worker_reply.c, with `replied` in the place of `granted`.
 *
 *   ASK    name, size of the request, its first part    } reply: go on, or (it is all there) the call's status, the
 *   PART   the next part, until all are there           } answer's size and its first part
 *   FETCH  send me the answer's next part
 *
 * Small parts stand in the seat; large ones in a room in the arena, which a worker is given with its first long call
 * and has until its end. The arena is never waited for: a call without a room takes more messages.
 *
 * Nothing of a call but its current part lies in shared memory: the parent copies the parts into its own memory, and
 * looks at them there. A caller that dies is forgotten, with all that was kept for it (spk_calls_forget()).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_CALLS_H
#define SPK_CALLS_H

#include "arena.h"
#include "shared.h"
#include "spork.h"

/* An answer on its way; private to the parent. */
struct spork_answer_t {
    spork_pool_t *pool;
    int worker; /* that waits for it; less than 0: none, so it cannot come later */
    unsigned char *data;
    size_t size, room;    /* bytes at data: of the answer, and in all */
    apr_status_t trouble; /* of the last spork_answer() */
    char words[SPK_WORDS];

    /* an answer that comes later: until the clock says so; or the caller is gone. Both are told by gone(), and then
     * it is nobody's any more. */
    int later;
    uint64_t until;
    void (*gone)(spork_answer_t *answer);

    /* of the service that answers later */
    void *of, *held;
    spork_answer_t *before, *after;
};

/* The parent's side of a mailbox. */
typedef struct {
    uint64_t taken; /* the last message that was taken */
    int open;       /* it was not replied to yet */
    spk_block_t *room;
    char name[SPK_CALL_NAME];
    unsigned char *in;
    size_t in_size, in_have;
    spork_answer_t answer;
    size_t sent; /* bytes of the answer */
} spk_caller_t;

typedef struct {
    char name[SPK_CALL_NAME];
    spork_service_t fn;
    void *baton;
    void (*end)(void *baton); /* with the service or the pool; may be NULL */
} spk_service_t;

/* ---- services.c ------------------------------------------------------------------------------------------ */

/* `what` is the call of the API, for the words. */
apr_status_t spk_service_add(spork_pool_t *pool, const char *what, const char *name,
                             const spk_service_t *service);
/* NULL: there is none of that name. Valid until one is added or removed. */
const spk_service_t *spk_service_find(const spork_pool_t *pool, const char *name);
void spk_service_remove(spork_pool_t *pool, const char *name);
void spk_services_free(spork_pool_t *pool);
/* Run one. */
apr_status_t spk_service_run(const spk_service_t *service, const void *in, size_t in_size,
                             spork_answer_t *answer);

void spk_answer_reset(spork_answer_t *answer);
/* From inside a service: the answer comes later, `until` that moment of the clock at most (then it is APR_TIMEUP). */
void spk_answer_later(spork_answer_t *answer, uint64_t until, void (*gone)(spork_answer_t *answer));
void spk_answer_free(spork_answer_t *answer);

/* ---- calls.c ------------------------------------------------------------------------------------------------- */

/* Take the messages of all workers and reply; end the waits that are over. */
void spk_calls_serve(spork_pool_t *pool);
/* What was to come later is there. */
void spk_answer_now(spork_answer_t *answer, apr_status_t status);
/* It waits no longer for what was to come later: its end is on the way. */
void spk_calls_hang_up(spk_caller_t *caller);
/* The member's process is gone. */
void spk_calls_forget(spork_pool_t *pool, int member);
void spk_calls_free(spork_pool_t *pool);
/* A message waits to be taken. */
int spk_calls_any(const spork_pool_t *pool);
/* Microseconds until a wait is over, negative: none will be. */
apr_interval_time_t spk_calls_patience(const spork_pool_t *pool);
/* Everybody sleeps and nothing is left to change that. 1: some waited in calls; those who did for ever have been told
 * APR_EOF, if `endless`. */
int spk_calls_starve(spork_pool_t *pool, int endless);

#endif
