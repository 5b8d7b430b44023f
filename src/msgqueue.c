/*
 * Queues of messages between the processes of a pool. The parent keeps them, in its own memory; tasks put and get by
 * calls, and one that must wait is answered later. So no death leaves anything behind but a caller who is
 * not there any more: he is taken out of the line (gone()).
 *
 * Who waits stands in one of two lines, with the time when he will not wait any longer; the parent itself does so,
 * too, while it pumps. Of the two, one is empty at any time: takers wait only while there is nothing, putters while
 * there is no room.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "error.h"
#include "pool.h"
#include "progress.h"
#include "task.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_USUAL ((size_t)64 * 1024 * 1024)
#define MESSAGE_COST ((size_t)16) /* of capacity, in addition to its bytes */

typedef struct message_t message_t;
struct message_t {
    message_t *next;
    size_t size;
    _Alignas(16) unsigned char bytes[];
};

typedef struct {
    spork_answer_t *first, *last;
} line_t;

struct spork_queue_t {
    spork_pool_t *pool; /* the parent's handle, or NULL: */
    spork_task_t *task; /* a task's */
    char name[SPK_CALL_NAME];

    /* the parent's */
    size_t used, capacity;
    message_t *first, *last;
    size_t count;
    int closed;
    line_t takers, putters;
    message_t *lent; /* what the parent got last */
};

/* ---- messages and lines --------------------------------------------------------------------------------------------- */

static message_t *make_message(const void *data, size_t size)
{
    message_t *message = malloc(sizeof *message + size);

    if (message == NULL) return NULL;
    message->next = NULL;
    message->size = size;
    if (size > 0) memcpy(message->bytes, data, size);
    return message;
}

static int has_room(const spork_queue_t *queue, size_t size)
{
    return queue->capacity - queue->used >= MESSAGE_COST &&
           queue->capacity - queue->used - MESSAGE_COST >= size;
}

static void push(spork_queue_t *queue, message_t *message)
{
    if (queue->last != NULL)
        queue->last->next = message;
    else
        queue->first = message;
    queue->last = message;
    queue->used += message->size + MESSAGE_COST;
    queue->count++;
}

/* The first message is somebody else's now. */
static void drop_first(spork_queue_t *queue, message_t *next, size_t size)
{
    queue->first = next;
    if (next == NULL) queue->last = NULL;
    queue->used -= size + MESSAGE_COST;
    queue->count--;
}

static void stand_in(line_t *line, spork_answer_t *answer)
{
    answer->before = line->last;
    answer->after = NULL;
    if (line->last != NULL)
        line->last->after = answer;
    else
        line->first = answer;
    line->last = answer;
}

static void step_out(line_t *line, spork_answer_t *answer)
{
    if (answer->before != NULL)
        answer->before->after = answer->after;
    else
        line->first = answer->after;
    if (answer->after != NULL)
        answer->after->before = answer->before;
    else
        line->last = answer->before;
    answer->before = answer->after = NULL;
}

/* The parent stands in line with an answer of its own, which no worker waits for. */
#define THE_PARENT (-2)

static int is_parents(const spork_answer_t *answer)
{
    return answer->worker == THE_PARENT;
}

static void say_so(spork_answer_t *answer, apr_status_t status)
{
    if (is_parents(answer)) {
        answer->later = 0;
        answer->trouble = status;
        answer->pool->changes++;
    } else {
        spk_answer_now(answer, status);
    }
}

/* ---- what is done to the queue ---------------------------------------------------------------------------------------- */

/* Give a message to who asked for one. After a failure it is still the queue's. */
static apr_status_t hand_over(spork_answer_t *answer, message_t *message)
{
    apr_status_t status = APR_SUCCESS;

    if (is_parents(answer)) {
        answer->held = message;
        return APR_SUCCESS;
    }
    if (message->size > 0) status = spork_answer(answer, message->bytes, message->size);
    if (status == APR_SUCCESS) free(message);
    return status;
}

/* There may be room now: those who wait for it come in, in their order. */
static void admit(spork_queue_t *queue)
{
    spork_answer_t *putter;
    message_t *message;

    while ((putter = queue->putters.first) != NULL && (message = putter->held) != NULL &&
           has_room(queue, message->size)) {
        step_out(&queue->putters, putter);
        push(queue, message);
        putter->held = NULL;
        say_so(putter, APR_SUCCESS);
    }
}

/* He does not wait any more: dead, or it takes him too long. There may be room for those behind him. */
static void leave_putters(spork_answer_t *answer)
{
    spork_queue_t *queue = answer->of;

    step_out(&queue->putters, answer);
    free(answer->held);
    answer->held = NULL;
    if (!queue->closed) admit(queue);
}

static void leave_takers(spork_answer_t *answer)
{
    step_out(&((spork_queue_t *)answer->of)->takers, answer);
}

static apr_status_t refuse(spork_answer_t *answer, apr_status_t status, const char *words)
{
    spork_answer_fail(answer, "%s", words);
    return status;
}

/* There is nothing to be done now. A task of an INLINE pool cannot wait for others: nobody else runs. */
static apr_status_t wait_in(line_t *line, spork_queue_t *queue, spork_answer_t *answer, int64_t timeout,
                            int can_wait, void (*gone)(spork_answer_t *answer))
{
    uint64_t now = timeout > 0 ? spk_os_clock() : 0, until = UINT64_MAX;

    if (timeout == 0) return refuse(answer, APR_TIMEUP, "the queue is empty, or full, now");
    if (!can_wait)
        return refuse(answer,
                      timeout < 0 || (is_parents(answer) && !queue->pool->inside) ? APR_EOF : APR_TIMEUP,
                      "the queue is empty, or full, and nobody else runs");
    if (timeout > 0 && (uint64_t)timeout <= (UINT64_MAX - now) / 1000 - 1)
        until = now + (uint64_t)timeout * 1000;
    answer->of = queue;
    spk_answer_later(answer, until, gone);
    stand_in(line, answer);
    return APR_SUCCESS;
}

/* The first who waits gets it. 0: nobody does, or could take it. */
static int give(spork_queue_t *queue, message_t *message)
{
    spork_answer_t *taker;
    apr_status_t status = APR_EGENERAL;

    while (status != APR_SUCCESS && (taker = queue->takers.first) != NULL) {
        step_out(&queue->takers, taker);
        status = hand_over(taker, message);
        say_so(taker, status);
    }
    return status == APR_SUCCESS;
}

static int is_too_big(const spork_queue_t *queue, size_t size)
{
    return queue->capacity < MESSAGE_COST || size > queue->capacity - MESSAGE_COST ||
           size > queue->pool->shm.reserved - queue->pool->payloads; /* tasks could not take it out */
}

static apr_status_t put(spork_queue_t *queue, const void *data, size_t size, int64_t timeout,
                        spork_answer_t *answer, int can_wait)
{
    message_t *message;
    apr_status_t status;

    if (queue->closed) return refuse(answer, SPORK_ECLOSED, "the queue was closed");
    if (is_too_big(queue, size))
        return refuse(answer, SPORK_ETOOBIG, "the message is larger than the queue, or the arena");
    message = make_message(data, size);
    if (message == NULL) return refuse(answer, APR_ENOMEM, "the parent has no memory for the message");
    if (give(queue, message)) return APR_SUCCESS;
    if (queue->putters.first == NULL && has_room(queue, size)) {
        push(queue, message);
        return APR_SUCCESS;
    }
    answer->held = message;
    status = wait_in(&queue->putters, queue, answer, timeout, can_wait, leave_putters);
    if (status != APR_SUCCESS) {
        free(message);
        answer->held = NULL;
    }
    return status;
}

static apr_status_t get(spork_queue_t *queue, int64_t timeout, spork_answer_t *answer, int can_wait)
{
    message_t *message = queue->first, *next = message != NULL ? message->next : NULL;
    size_t size = message != NULL ? message->size : 0;
    apr_status_t status;

    if (message != NULL) {
        status = hand_over(answer, message);
        if (status != APR_SUCCESS) return status;
        drop_first(queue, next, size);
        admit(queue);
        return APR_SUCCESS;
    }
    if (queue->closed) return refuse(answer, APR_EOF, "the queue is closed, and empty");
    return wait_in(&queue->takers, queue, answer, timeout, can_wait, leave_takers);
}

/* Nobody shall wait in this line any longer. */
static void dismiss(line_t *line, apr_status_t status, const char *words)
{
    spork_answer_t *answer;

    while ((answer = line->first) != NULL) {
        answer->gone(answer);
        say_so(answer, refuse(answer, status, words));
    }
}

static void close_queue(spork_queue_t *queue)
{
    queue->closed = 1;
    dismiss(&queue->putters, SPORK_ECLOSED, "the queue was closed");
    dismiss(&queue->takers, APR_EOF, "the queue is closed, and empty");
}

/* ---- the service --------------------------------------------------------------------------------------------------------- */

enum { PUT, GET, CLOSE, COUNT };

/* How a request begins; the message follows. */
typedef struct {
    int64_t timeout;
    uint64_t op;
} head_t;

static apr_status_t serve(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    spork_queue_t *queue = baton;
    uint64_t count = queue->count;
    head_t head = { 0, UINT64_MAX };

    if (in_size >= sizeof head) memcpy(&head, in, sizeof head);
    switch (head.op) {
    case PUT:
        return put(queue, (const unsigned char *)in + sizeof head, in_size - sizeof head, head.timeout,
                   answer, answer->worker >= 0);
    case GET: return get(queue, head.timeout, answer, answer->worker >= 0);
    case CLOSE: close_queue(queue); return APR_SUCCESS;
    case COUNT: return spork_answer(answer, &count, sizeof count);
    default: return refuse(answer, APR_EINVAL, "the queue does not know this request");
    }
}

/* With the pool nobody waits any more. */
static void end(void *baton)
{
    spork_queue_t *queue = baton;
    message_t *message, *next;

    queue->closed = 1;
    if (!queue->pool->closed) {
        dismiss(&queue->putters, SPORK_ECLOSED, "the queue was destroyed");
        dismiss(&queue->takers, SPORK_ECLOSED, "the queue was destroyed");
    }
    for (message = queue->first; message != NULL; message = next) {
        next = message->next;
        free(message);
    }
    free(queue->lent);
    free(queue);
}

/* ---- the parent in line ---------------------------------------------------------------------------------------------------- */

typedef struct {
    spork_queue_t *queue;
    spork_answer_t answer;
} wait_t;

/* It has what it waits for; or nobody is left who could bring it. */
static int is_over(void *of)
{
    const wait_t *wait = of;

    return !wait->answer.later || spk_queue_is_empty(wait->queue->pool);
}

/* Not from inside a service or task: who is at work there is the parent itself. */
static int may_wait(const spork_queue_t *queue)
{
    return queue->pool->n > 0 && !queue->pool->inside && !queue->pool->closed;
}

/* Who only polls does not sleep, but does all else that a wait does. */
static void look_after(spork_pool_t *pool)
{
    uint64_t changes = pool->changes;

    spk_pump(pool);
    if (pool->changes == changes) spk_roll_call(pool);
}

static apr_status_t start_wait(wait_t *wait, spork_queue_t *queue, apr_interval_time_t timeout,
                               const char *what)
{
    memset(wait, 0, sizeof *wait);
    if (queue->pool->owner != spk_os_pid())
        return spk_error(APR_EINVAL, "%s: the pool belongs to another process", what);
    wait->queue = queue;
    wait->answer.pool = queue->pool;
    wait->answer.worker = THE_PARENT;
    if (timeout == 0 && may_wait(queue)) look_after(queue->pool);
    return APR_SUCCESS;
}

/* Pump until the answer is there; `status` is what the queue said at first. */
static apr_status_t end_wait(wait_t *wait, apr_status_t status, apr_interval_time_t timeout, const char *what)
{
    spork_answer_t *answer = &wait->answer;

    if (status == APR_SUCCESS && answer->later) {
        status = spk_pump_until(wait->queue->pool, is_over, wait, timeout, 1);
        if (!answer->later) {
            status = answer->trouble;
        } else {
            answer->gone(answer);
            if (status == APR_SUCCESS) status = wait->queue->pool->broken;
            if (status == APR_SUCCESS)
                status = refuse(answer, APR_EOF, "no item is under way that could change that");
            if (status == SPORK_ECANCELLED) spk_progress_pause(wait->queue->pool);
        }
    }
    if (status == APR_SUCCESS) return status;
    if (answer->words[0] != '\0') return spk_error(status, "%s: %s", what, answer->words);
    if (status == SPORK_ECANCELLED) return spk_error(status, "%s: interrupted", what);
    if (status == APR_TIMEUP) return spk_error(status, "%s: the time-out passed", what);
    return spk_error(status, "%s: %s", what, answer->pool->broken_words);
}

static apr_status_t put_here(spork_queue_t *queue, const void *data, size_t size, apr_interval_time_t timeout)
{
    wait_t wait;
    apr_status_t status = start_wait(&wait, queue, timeout, "spork_queue_put");

    if (status != APR_SUCCESS) return status;
    status = put(queue, data, size, timeout, &wait.answer, may_wait(queue));
    return end_wait(&wait, status, timeout, "spork_queue_put");
}

static apr_status_t get_here(spork_queue_t *queue, const void **data, size_t *size,
                             apr_interval_time_t timeout)
{
    wait_t wait;
    apr_status_t status = start_wait(&wait, queue, timeout, "spork_queue_get");

    if (status != APR_SUCCESS) return status;
    status = get(queue, timeout, &wait.answer, may_wait(queue));
    status = end_wait(&wait, status, timeout, "spork_queue_get");
    if (status != APR_SUCCESS) return status;
    free(queue->lent);
    queue->lent = wait.answer.held;
    *size = queue->lent->size;
    *data = *size > 0 ? queue->lent->bytes : NULL;
    return APR_SUCCESS;
}

/* ---- the API ------------------------------------------------------------------------------------------------------------------ */

static apr_status_t ask(spork_queue_t *queue, uint64_t op, apr_interval_time_t timeout, const void *data,
                        size_t size, const void **out, apr_size_t *out_size)
{
    head_t head = { timeout, op };
    unsigned char *request = size < SIZE_MAX / 2 ? malloc(sizeof head + size) : NULL;
    apr_status_t status;

    if (request == NULL) return spk_error(APR_ENOMEM, "the queue's request has no memory");
    memcpy(request, &head, sizeof head);
    if (size > 0) memcpy(request + sizeof head, data, size);
    status = spork_call(queue->task, queue->name, request, sizeof head + size, out, out_size);
    free(request);
    return status;
}

apr_status_t spork_queue_create(spork_queue_t **queue, spork_pool_t *pool, const char *name,
                                apr_size_t capacity)
{
    spk_service_t service;
    apr_status_t status;
    spork_queue_t *made;

    if (queue == NULL) return spk_error(APR_EINVAL, "spork_queue_create: queue is NULL");
    *queue = NULL;
    made = calloc(1, sizeof *made);
    if (made == NULL) return spk_error(APR_ENOMEM, "spork_queue_create: no memory");
    made->pool = pool;
    made->capacity = capacity > 0 ? capacity : CAPACITY_USUAL;
    memset(&service, 0, sizeof service);
    service.fn = serve;
    service.baton = made;
    service.end = end;
    status = spk_service_add(pool, "spork_queue_create", name, &service);
    if (status != APR_SUCCESS) {
        free(made);
        return status;
    }
    apr_cpystrn(made->name, name, sizeof made->name);
    *queue = made;
    return APR_SUCCESS;
}

apr_status_t spork_queue_open(spork_queue_t **queue, spork_task_t *task, const char *name)
{
    apr_pool_t *mem = spork_task_pool(task);
    spork_queue_t *made;

    if (queue != NULL) *queue = NULL;
    if (queue == NULL || task == NULL || name == NULL || name[0] == '\0' || strlen(name) > SPORK_NAME_MAX)
        return spk_error(APR_EINVAL,
                         "spork_queue_open: queue or task is NULL, or the name has not 1 to %d bytes",
                         SPORK_NAME_MAX);
    made = mem != NULL ? apr_palloc(mem, sizeof *made) : NULL;
    if (made == NULL) return spk_error(APR_ENOMEM, "spork_queue_open: no memory");
    memset(made, 0, sizeof *made);
    made->task = task;
    apr_cpystrn(made->name, name, sizeof made->name);
    *queue = made;
    return APR_SUCCESS;
}

apr_status_t spork_queue_put(spork_queue_t *queue, const void *data, apr_size_t size,
                             apr_interval_time_t timeout)
{
    if (queue == NULL || (data == NULL && size > 0))
        return spk_error(APR_EINVAL, "spork_queue_put: the queue is NULL, or the data of a size is");
    if (queue->task != NULL) return ask(queue, PUT, timeout, data, size, NULL, NULL);
    return put_here(queue, data, size, timeout);
}

apr_status_t spork_queue_get(spork_queue_t *queue, const void **data, apr_size_t *size,
                             apr_interval_time_t timeout)
{
    if (data != NULL) *data = NULL;
    if (size != NULL) *size = 0;
    if (queue == NULL || data == NULL || size == NULL)
        return spk_error(APR_EINVAL, "spork_queue_get: queue, data or size is NULL");
    if (queue->task != NULL) return ask(queue, GET, timeout, NULL, 0, data, size);
    return get_here(queue, data, size, timeout);
}

apr_status_t spork_queue_close(spork_queue_t *queue)
{
    if (queue == NULL) return spk_error(APR_EINVAL, "spork_queue_close: queue is NULL");
    if (queue->task != NULL) return ask(queue, CLOSE, 0, NULL, 0, NULL, NULL);
    if (queue->pool->owner != spk_os_pid())
        return spk_error(APR_EINVAL, "spork_queue_close: the pool belongs to another process");
    close_queue(queue);
    return APR_SUCCESS;
}

apr_status_t spork_queue_count(spork_queue_t *queue, apr_size_t *count)
{
    apr_status_t status = APR_SUCCESS;
    const void *out = NULL;
    apr_size_t size = 0;
    uint64_t n = 0;

    if (count != NULL) *count = 0;
    if (queue == NULL || count == NULL)
        return spk_error(APR_EINVAL, "spork_queue_count: queue or count is NULL");
    if (queue->task == NULL && queue->pool->owner != spk_os_pid())
        return spk_error(APR_EINVAL, "spork_queue_count: the pool belongs to another process");
    if (queue->task != NULL)
        status = ask(queue, COUNT, 0, NULL, 0, &out, &size);
    else
        n = queue->count;
    if (status == APR_SUCCESS && size == sizeof n) memcpy(&n, out, sizeof n);
    *count = (apr_size_t)n;
    return status;
}

void spork_queue_destroy(spork_queue_t *queue)
{
    if (queue != NULL && queue->task == NULL && !queue->pool->inside && queue->pool->owner == spk_os_pid())
        spk_service_remove(queue->pool, queue->name);
}
