/*
 * A worker process: from its first step to its end.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_WORKER_H
#define SPK_WORKER_H

#include "claim.h"
#include "log.h"
#include "os.h"
#include "task.h"
#include "track.h"

typedef struct {
    spk_os_kit_t kit;
    spk_os_shm_t shm;
    spk_header_t *head;
    spk_seat_t *seat;
    spk_track_t *track; /* NULL: nobody traces */
    uint64_t began;     /* clock: the item at hand, if somebody wants to know */
    unsigned id;
    spork_task_t task;
    const spk_log_setup_t *log_setup; /* NULL: no logs */
    spk_log_t log;

    uint64_t through[SPK_SLOTS]; /* serial of the job that was found exhausted in each slot */
    uint64_t published;          /* entries put into the ring: seat.head */
    uint64_t taken;  /* of these the parent has taken out, when that was last looked at: seat.tail */
    uint64_t served; /* items run, for max_tasks */
    unsigned length; /* log2 of the chunk that last took about the right time */

    uint64_t granted;               /* answers to wishes seen */
    size_t region, region_size;     /* where replies go: offset, bytes */
    int region_once;                /* it goes back with the item */
    size_t bump;                    /* bytes of it in use */
    size_t reply_size;              /* bytes of the item's reply, */
    int in_region;                  /* which begins in the region, */
    size_t reply;                   /* there; */
    unsigned char small[SPK_REPLY]; /* or is here, for the entry */

    int woken; /* it has slept since it last looked for work */

    uint64_t asked; /* messages to the parent: seat.mail.asked */
    int64_t pid;    /* this process */
} spk_worker_t;

/* Run the worker in this process: enter, initialize, serve. Never returns. The segment is mapped. */
void spk_worker_main(spk_worker_t *worker);

/* Sleep, as ASLEEP or BLOCKED, until `ready` says so; the parent rings when it changed what that looks at. */
void spk_worker_wait(spk_worker_t *worker, uint32_t mood, int (*ready)(spk_worker_t *worker));

/* Stay awake for a moment, head.spin: 1 if `ready` says so by then. */
int spk_worker_spin(spk_worker_t *worker, int (*ready)(spk_worker_t *worker));

/* task.call: by the seat's mailbox. */
apr_status_t spk_worker_call(spork_task_t *task, const char *name, const void *in, apr_size_t in_size);

/* Ring the parent if it sleeps. What it shall see was stored before. */
void spk_worker_wake_parent(spk_worker_t *worker);

/* Make bytes up to this offset of the segment touchable. */
apr_status_t spk_worker_reach(spk_worker_t *worker, size_t end);

/* Room for an entry in the ring: waits until the parent has taken some out, if it is full. The
 * entry is not the parent's before spk_worker_publish(); who publishes wakes the parent when he is
 * through with the item. */
spk_entry_t *spk_worker_entry(spk_worker_t *worker, uint32_t kind, const spk_job_t *job, unsigned slot,
                              uint32_t item);
void spk_worker_publish(spk_worker_t *worker);

/* Where this worker's ring and replies begin: what the parent has put into its seat. Once, after it was entered. */
void spk_worker_begin_replies(spk_worker_t *worker);

/* task.keep_reply: a copy, for the entry or in the worker's reply region. */
apr_status_t spk_worker_keep_reply(spork_task_t *task, const void *data, apr_size_t size);
/* Put the reply and the item's words into the entry, or say there where in the region they are. */
void spk_worker_attach_reply(spk_worker_t *worker, spk_entry_t *entry);

/* Take and run items of the job until none is left in it for this worker. */
void spk_worker_serve(spk_worker_t *worker, unsigned slot);

/* Ends a worker that has run max_tasks items, or was told to. Does not return. */
void spk_worker_retire(spk_worker_t *worker);

#endif
