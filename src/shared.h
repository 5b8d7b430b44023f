/*
 * What stands in the segment that parent and workers share: words and plain structs, addressed by
 * offset, never by pointer. docs/design/segment.md is the tour.
 *
 * Who writes what is said at each field: (P) the parent, (W) the worker whose seat it is, (*) any
 * worker. The parent treats all of it as untrusted: it keeps its own copy of what it wrote, loads a
 * shared word once, and checks it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_SHARED_H
#define SPK_SHARED_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Shared memory needs atomics without an in-process lock (C11 7.17.5). */
#if ATOMIC_LLONG_LOCK_FREE != 2 || ATOMIC_INT_LOCK_FREE != 2
#error "spork needs lock-free 32 and 64 bit atomics"
#endif

#define SPK_LINE 64  /* bytes a cache line, the unit of false sharing */
#define SPK_SLOTS 48 /* jobs open at once; at most 64 (a bit each in header.open) */
#define SPK_LANES 8  /* cursors of one job */
#define SPK_RING 256 /* entries of a worker's ring, a power of two */

/* Microseconds that idle processes stay awake after work, if there is a processor for each. */
#define SPK_SPIN 50U

/* How often they look before they yield: so many times, and so many more if whom they wait for is elsewhere. */
#define SPK_LOOKS_FIRST 16
#define SPK_LOOKS_MORE 48

#define SPK_MAGIC UINT64_C(0x6b726f70732d3031)
#define SPK_SECRET 16

/* ---- a job: a run of items that workers claim from ------------------------------------------ */

typedef struct {
    _Alignas(SPK_LINE) _Atomic uint64_t word; /* (*) the last claim made here: claim.h */
    _Alignas(
        SPK_LINE) _Atomic uint32_t end; /* (P) one past the lane's last item; may grow: spk_job_extend() */
} spk_lane_t;

enum {
    SPK_JOB_TABLE = 1,   /* items are spk_item_t, each with its own function: submitted work */
    SPK_JOB_GUARDED = 2, /* an item may be condemned while it runs: it is finished by compare-and-swap */
    SPK_JOB_TIMED = 4    /* workers note when they start an item */
};

/* Begin no further item; and: who is at it ends itself when it has left it, if it is not killed before. */
enum { SPK_STOP_NOT, SPK_STOP_BEGINNING, SPK_STOP_DISMISSED };

typedef struct {
    _Alignas(SPK_LINE) uint64_t serial; /* (P) of the job, unique in the pool */
    uint32_t flags;                     /* (P) SPK_JOB_ */
    uint32_t fn;                        /* (P) number of the task in the registry */
    uint32_t count;                     /* (P) items */
    uint32_t chunk;                     /* (P) items a claim, 0: the claimer chooses a power of two */
    uint32_t n_lanes;                   /* (P) */
    uint64_t first;                     /* (P) index of item 0 in the caller's map */
    uint64_t in, in_size;               /* (P) offset of the inputs (or of the table), bytes of one */
    uint64_t out, out_size;             /* (P) offset of the results, bytes of one */
    _Atomic uint32_t stop;              /* (P) SPK_STOP_ */
    spk_lane_t lanes[SPK_LANES];
} spk_job_t;

#define SPK_BATCH_MAX 64 /* items of a table */
#define SPK_INLINE 96    /* bytes of input that travel in the item itself: two lines with it */
#define SPK_REPLY 80     /* bytes of reply and words that travel in the entry itself: likewise */

typedef struct {
    uint64_t index;             /* (P) number of the item in the pool */
    uint64_t in_size;           /* (P) */
    uint64_t in;                /* (P) offset of the input; 0: it stands in bytes */
    uint32_t fn;                /* (P) */
    _Atomic uint32_t cancelled; /* (P) not 0: do not begin it */
    _Alignas(16) unsigned char bytes[SPK_INLINE];
} spk_item_t;

/* ---- what a worker tells the parent: entries of its ring ----------------------------------- */

enum {
    SPK_ENTRY_OUTCOME = 1, /* how an item ended: every item of a table, the failed ones of a map */
    SPK_ENTRY_REST = 2     /* items [item, item + count) of a claim, given back without being begun */
};

typedef struct {
    uint64_t serial;   /* of the job */
    uint32_t kind;     /* SPK_ENTRY_ */
    uint32_t slot;     /* of the job */
    uint32_t item;     /* in the job */
    uint32_t count;    /* REST */
    int32_t status;    /* OUTCOME */
    uint32_t words;    /* bytes of the message, which stands behind the reply */
    uint64_t out;      /* offset of the reply, in the worker's reply region; 0: it stands in bytes */
    uint64_t out_size; /* bytes of the reply */
    unsigned char bytes[SPK_REPLY];
} spk_entry_t;

/* ---- what a task asks of the parent: its seat's mailbox, calls.h ------------------------------- */

#define SPK_CALL_NAME 64    /* bytes of a service's name, the end's zero included */
#define SPK_CALL_BYTES 1024 /* of a request or an answer that travel in the seat itself */

enum {
    SPK_CALL_ASK = 1, /* a call begins: the service's name, the request's size and its first part */
    SPK_CALL_PART,    /* the request's next part */
    SPK_CALL_FETCH    /* send the answer's next part */
};

typedef struct {
    _Alignas(SPK_LINE) _Atomic uint64_t asked; /* (W) messages ever sent */
    uint32_t kind;                             /* (W) SPK_CALL_ */
    uint32_t part;                             /* (W) bytes of the request in this message */
    uint64_t size;                             /* (W) of the whole request: ASK */
    char name[SPK_CALL_NAME];                  /* (W) ASK */

    _Alignas(SPK_LINE) _Atomic uint64_t replied; /* (P) the last message that was replied to */
    int32_t status;                              /* (P) of the call, or why the request is not wanted */
    uint32_t sent;                               /* (P) bytes of the answer in this reply */
    uint64_t answer_size;                        /* (P) of the whole answer */
    uint64_t room, room_size; /* (P) in the arena, for parts that are larger than bytes; or 0 */
    uint32_t words;           /* (P) bytes of words */
} spk_mailbox_t;

/* ---- a worker's seat: kept by the pool, taken by one process after the other ----------------- */

enum {
    SPK_PHASE_EMPTY,
    SPK_PHASE_STARTING,
    SPK_PHASE_ENTERED,
    SPK_PHASE_READY,
    SPK_PHASE_UNABLE, /* it could not become a worker: words say why */
    SPK_PHASE_UNFIT,  /* its initializer failed: likewise */
    SPK_PHASE_RETIRED
};
/* ASLEEP for want of work; BLOCKED until the parent has made room for what it has to tell, or has replied to a call. */
enum { SPK_MOOD_AWAKE, SPK_MOOD_IDLE, SPK_MOOD_ASLEEP, SPK_MOOD_BLOCKED };

/* seat.part: 1 is nothing of the item, this is all of it. */
#define SPK_PART_ALL UINT32_C(1000001)

#define SPK_WORDS 256 /* bytes of words for a failed initializer */

typedef struct {
    /* The worker's own line, written several times an item; the others look at it only now and then. */
    _Alignas(SPK_LINE) _Atomic uint64_t cur; /* (W, P condemns) the item at hand: claim.h */
    _Atomic uint64_t started;                /* (W) spk_os_clock() at the item's start, if timed */
    _Atomic uint32_t looking;                /* (W) slot + 1 of the job it may be touching, 0: none */
    _Atomic uint32_t part;     /* (W) of the item at hand that is done: SPK_PART_; 0: it does not tell */
    _Atomic uint64_t finished; /* (W) items ever finished, kept at the end of a chunk */

    /* what the parent polls while it waits */
    _Alignas(SPK_LINE) _Atomic uint64_t head; /* (W) entries ever published in the ring */
    _Atomic uint64_t want;                    /* (W) bytes of reply room asked for, 0: none */

    /* what it looks at whenever it has given out work */
    _Alignas(SPK_LINE) _Atomic uint32_t mood; /* (W, P wakes) SPK_MOOD_ */
    _Atomic uint32_t cpu;      /* (W) 1 + the processor on which it was idle last, 0: not known; a hint */
    _Atomic uint64_t answered; /* (W) the roll call after which it found nothing to do, or no room */

    /* the parent's line */
    _Alignas(SPK_LINE) _Atomic uint64_t tail; /* (P) entries ever taken out of the ring */
    _Atomic uint64_t granted;                 /* (P) counts the answers to want */
    uint64_t region, region_size;             /* (P) the reply region, valid once granted has moved */
    uint32_t region_once;                     /* (P) it is large, and for one reply only */

    /* start-up */
    _Alignas(SPK_LINE) _Atomic uint32_t phase; /* (W) SPK_PHASE_ */
    int32_t unfit;                             /* (W) why it is UNFIT: a status */
    char words[SPK_WORDS];                     /* (W) */
    _Atomic uint64_t log_lost;                 /* (W) records that were dropped, of all who sat here */

    spk_mailbox_t mail;

    /* claims: written once a claim */
    _Alignas(
        SPK_LINE) _Atomic uint32_t begun[SPK_SLOTS][SPK_LANES]; /* (W) start + 1 of the last claim begun */
    _Alignas(SPK_LINE) _Atomic uint64_t record[SPK_SLOTS][SPK_LANES]; /* (*) the last claim known: claim.h */

    _Alignas(SPK_LINE) spk_entry_t ring[SPK_RING]; /* (W) */

    _Alignas(SPK_LINE) unsigned char mail_bytes[SPK_CALL_BYTES]; /* (W, then P) a small part */
    char mail_words[SPK_WORDS];                                  /* (P) why a call failed */
} spk_seat_t;

/* ---- the head of the segment ---------------------------------------------------------------------- */

typedef struct {
    uint64_t magic;
    unsigned char secret[SPK_SECRET];
    uint64_t fingerprint; /* of the task table: registry.h */
    uint64_t reserved;    /* bytes of the segment */
    uint64_t arena;       /* offset where payloads begin */
    uint32_t n_seats;
    uint32_t max_tasks;
    uint32_t initializer; /* its number + 1, 0: none */
    uint32_t spin;        /* microseconds an idle worker stays awake */
    uint64_t init_arg, init_size;
    uint64_t trace; /* offset of the workers' tracks, 0: no trace (track.h) */

    _Alignas(SPK_LINE) _Atomic uint64_t open; /* (P) a bit a slot: worth a look */
    _Atomic uint32_t oldest;                  /* (P) where to begin to look */
    _Atomic uint32_t closing;                 /* (P) idle workers end themselves */
    _Atomic uint64_t serials[SPK_SLOTS];      /* (P) another number as often as there is more in the slot */
    _Alignas(SPK_LINE) _Atomic uint32_t parent_asleep; /* (P sets, * clears) ring the parent's bell */
    _Atomic uint32_t parent_cpu;                       /* (P) as seat.cpu: where it waited last */
    _Atomic uint64_t roll;                             /* (P) number of the last roll call: recover.c */

    spk_job_t jobs[SPK_SLOTS];
    spk_seat_t seats[]; /* n_seats */
} spk_header_t;

/* Offset where the arena of a pool of n seats begins: page aligned. */
size_t spk_shared_arena(int n_seats, size_t page);

#endif
