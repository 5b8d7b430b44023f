/*
 * What a running task sees: spork_task_t, filled by a worker or by an INLINE pool.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_TASK_H
#define SPK_TASK_H

#include "log.h"
#include "spork.h"
#include <stdint.h>

struct spork_task_t {
    unsigned char *base;     /* of the segment, in this process */
    size_t arena, arena_end; /* offsets between which payloads lie */
    int worker_id;
    spk_log_t *log; /* NULL: none */

    /* the item at hand */
    apr_size_t index;
    apr_size_t in_size;
    unsigned char *slot; /* in a map: where the result goes */
    apr_size_t slot_size;

    /* what it did; undone by spk_task_finish() */
    int touched; /* anything below was used */
    int told_part;
    apr_status_t reply_status; /* of its last spork_reply() */
    apr_pool_t *mem;
    char message[SPORK_MESSAGE_MAX];

    /* how a reply without a slot is kept: data is copied, replaces the former */
    apr_status_t (*keep_reply)(spork_task_t *task, const void *data, apr_size_t size);
    /* what part of the item is done, seat.part; 0 after an item that told one. NULL: nobody listens */
    void (*tell_part)(spork_task_t *task, uint32_t part);
    /* makes [offset, offset + size) of the segment touchable here */
    apr_status_t (*reach)(spork_task_t *task, size_t end);
    /* runs a service of the parent's, whose answer goes to answer; NULL for an initializer */
    apr_status_t (*call)(spork_task_t *task, const char *name, const void *in, apr_size_t in_size);
    void *keeper; /* whose task this is: for those above */

    /* the last call's answer, a copy of the worker's own: kept from call to call, and given back with the item if large */
    unsigned char *answer;
    apr_size_t answer_size, answer_room;
};

/* What the parent shall hear of an item whose function returned `status`: that, but SPORK_EFAILED for
 * codes that only the pool may give, and the failure of a reply that the task chose to overlook. */
apr_status_t spk_task_status(const spork_task_t *task, apr_status_t status);

/* Write what an item printed. */
void spk_task_flush(void);

/* After an item was reported: forget its words, clear its memory, flush what it printed. */
void spk_task_finish(spork_task_t *task);

#endif
