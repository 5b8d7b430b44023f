/*
 * A pool as the parent knows it: all of it private memory. What stands in the shared segment is only
 * reached through `head`, and nothing read there is believed without a check against what stands here.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_POOL_H
#define SPK_POOL_H

#include "allocs.h"
#include "arena.h"
#include "calls.h"
#include "claim.h"
#include "compiler.h"
#include "log.h"
#include "os.h"
#include "spork.h"

/* ---- workers ------------------------------------------------------------------------------------ */

enum { SPK_ABSENT, SPK_STARTING, SPK_READY };

/* Whose code runs in a call of the API: pool.inside. */
enum { SPK_IN_SOURCE = 1, SPK_IN_SINK, SPK_IN_TASK, SPK_IN_SERVICE, SPK_IN_PROGRESS };

typedef struct {
    spk_seat_t *seat;
    spk_os_bell_t bell;
    spk_os_process_t process;
    int state;           /* SPK_ABSENT … */
    uint64_t since;      /* clock: when it was started, or (ABSENT) when it may be */
    uint64_t taken;      /* entries taken out of its ring */
    uint64_t granted;    /* wishes granted to it */
    spk_block_t *region; /* where its replies may lie */
    int region_once;     /* for one reply, then it is taken back */
    uint64_t finished;   /* seat.finished as last seen */
    int reported;        /* it has reported something since it was started */
    int counted;         /* spk_crew_wake() has counted on it already */

    spk_caller_t caller; /* calls.c's: what it asks */

    /* an item that the parent ended, and as what */
    apr_status_t condemned;

    /* the deadline's own memory of what it runs */
    uint64_t seen_cur, seen_serial, seen_at;

    /* recover.c's: looks in a row at which what it said was impossible; the clock since it is neither asleep nor at
     * an item, 0: it is, and its word then */
    unsigned doubts;
    uint64_t astray, astray_at;
    int liar; /* it was ended for that: what it says of its item is not believed */
} spk_member_t;

/* ---- jobs --------------------------------------------------------------------------------------------- */

/* How an item ended, on its way from a worker's ring or grave to its owner. */
typedef struct {
    apr_status_t status;
    int signal;
    uint32_t exit_code;
    const unsigned char *out; /* in the arena, in bounds; to be copied before it is looked at */
    size_t out_size;
    size_t words; /* bytes of the message, behind the reply */
} spk_result_t;

/* Who posted a job, and what he wants to hear of it. Called from the pump only. Workers may lie: an owner may hear of
 * an item twice, and counts it once. */
typedef struct {
    /* This item was run and told its outcome. */
    void (*outcome)(spork_pool_t *pool, unsigned slot, uint32_t item, const spk_result_t *result);
    /* This item was begun and its worker is gone. */
    void (*casualty)(spork_pool_t *pool, unsigned slot, uint32_t item, const spk_result_t *result);
    /* These were not begun and will not be, in this job. */
    void (*rest)(spork_pool_t *pool, unsigned slot, spk_range_t range);
    /* Every other item of the job was finished. */
    void (*through)(spork_pool_t *pool, unsigned slot);
    /* What of the job has not ended by any of these is given up: this is its outcome. No worker lives. */
    void (*lost)(spork_pool_t *pool, unsigned slot, const spk_result_t *result);
} spk_owner_t;

enum { SPK_SLOT_FREE, SPK_SLOT_OPEN, SPK_SLOT_LEAVING };

typedef struct {
    int state;
    const spk_owner_t *owner;
    void *of;        /* the owner's: batch or window */
    uint64_t serial; /* of the job */
    uint64_t
        look; /* what workers find in header.serials: the job's serial, or a later one when it was extended */
    uint32_t flags, count, chunk, n_lanes;
    uint32_t ends[SPK_LANES];
    uint32_t
        left[SPK_LANES]; /* items free in the lane when they were last counted: then they only get fewer */
    int stopped;         /* spk_job_stop() was called */
    uint64_t first, in;  /* as posted, */
    uint32_t fn;         /* likewise */
} spk_slot_t;

typedef struct {
    const spk_owner_t *owner;
    void *of;
    uint32_t flags, fn, count, chunk, n_lanes;
    uint64_t first;
    uint64_t in, in_size, out, out_size;
} spk_post_t;

/* ---- the pool -------------------------------------------------------------------------------------------- */

typedef struct spk_run_t spk_run_t;           /* a map under way: map.h */
typedef struct spk_queue_t spk_queue_t;       /* submitted items: future.h */
typedef struct spk_stream_t spk_stream_t;     /* a stream under way: stream.c */
typedef struct spk_progress_t spk_progress_t; /* progress.c */
typedef struct spk_trace_t spk_trace_t;       /* trace.c */

struct spork_pool_t {
    apr_pool_t *mem;
    int64_t owner; /* process id of its maker */
    spork_config_t config;
    spork_start_e start; /* never AUTO */
    int automatic;       /* start was chosen by AUTO */
    int n;               /* workers; 0: INLINE */
    int inside; /* SPK_IN_: a call of the API is under way, and this may not enter it again; 0: nobody */
    int closed; /* close or terminate was called */
    apr_status_t broken; /* why workers cannot be had any more */
    char broken_words[256];
    volatile _Atomic int interrupted;

    /* shared memory */
    spk_os_shm_t shm;
    spk_header_t *head;
    spk_arena_t arena;
    size_t touched;      /* offsets below were given out before */
    size_t payloads;     /* offset where the arena begins */
    int foreign;         /* this process did not make the pool: leave the segment alone */
    spk_alloc_t *allocs; /* of spork_alloc() */
    spk_block_t *init_arg;
    const void *init_copy; /* workers can write to the one in the arena */
    unsigned char secret[SPK_SECRET];
    uint64_t fingerprint;
    unsigned char constants[offsetof(spk_header_t, open)]; /* how the head begins */

    /* workers */
    spk_member_t *members;
    spk_os_bell_t bell;
    spk_os_watch_t *watch;
    uint32_t spin;           /* microseconds that whoever waits stays awake */
    int rang;                /* a worker was woken since the last wait */
    int was_ready;           /* all workers were, once; INLINE: the initializer has run */
    unsigned fruitless;      /* starts in a row that came to nothing */
    unsigned idle_deaths;    /* deaths in a row of workers that had nothing to do */
    uint64_t called;         /* clock: the last roll call, recover.c, */
    uint64_t roll;           /* its number, */
    uint64_t roll_changes;   /* and changes then */
    unsigned contradictions; /* roll calls in a row whose answers contradict what is left to do */
    unsigned
        impossible;   /* words seen that no honest worker writes, and that could keep a job going for ever */
    unsigned unbegun; /* deaths in a row that seem to have come between a claim and its first item */
    unsigned recoveries; /* of the segment, in a row */
    int razing;          /* the workers are being ended, and nothing is heard of them any more */
    uint64_t looked;     /* clock: the last look at every process */

    /* jobs */
    spk_slot_t slots[SPK_SLOTS];
    uint64_t busy, open; /* of these the ones that are not FREE, and the OPEN ones: a bit each */
    uint64_t serials;    /* jobs ever posted */
    uint64_t changes;    /* counts what the pump did: a wait begins when a round changed nothing */
    spk_run_t *run;      /* the map under way */

    /* submitted items */
    spk_queue_t *queue;
    spk_stream_t *stream; /* the one under way */

    /* what tasks may call: services.c, calls.c */
    spk_service_t *services;
    int n_services;
    int talks;   /* a call was replied to: the next may follow at once */
    int endless; /* the parent waits without a time-out */

    /* logs */
    spk_log_setup_t *log_setup; /* NULL: none */
    spk_log_t log;              /* of an INLINE pool */
    _Atomic uint64_t log_lost;

    spk_progress_t *progress; /* NULL: nobody wants to know */
    spk_trace_t *trace;       /* likewise */
};

/* ---- memory.c: the arena with its commits ---------------------------------------------------------------- */

spk_block_t *spk_memory_alloc(spork_pool_t *pool, size_t size);
void spk_memory_free(spork_pool_t *pool, spk_block_t *block);
unsigned char *spk_memory_at(const spork_pool_t *pool, const spk_block_t *block);
/* 1 and the offset if [memory, memory + size) lies inside one allocation of spork_alloc(). */
int spk_memory_inside(spork_pool_t *pool, const void *memory, size_t size, uint64_t *offset, uint64_t *end);

/* ---- start.c, hear.c: one worker, seen by its parent --------------------------------------------------------- */

/* Start a process in this seat. */
apr_status_t spk_member_start(spork_pool_t *pool, int m);
/* Take what its ring holds, grant its wish for reply room. */
void spk_member_hear(spork_pool_t *pool, int m);
/* It is dead: take the entry that it had not published yet, if that counts, and begin the ring behind it. */
void spk_member_hear_last(spork_pool_t *pool, int m);
/* End its process. It is given nothing any more that it waited for. */
void spk_member_kill(spk_member_t *member);
/* It has no room for replies any more. */
void spk_region_take_back(spork_pool_t *pool, spk_member_t *member);
/* Hear them all. */
void spk_crew_drain(spork_pool_t *pool);

/* ---- crew.c: waking, watching and replacing workers ---------------------------------------------------------- */

/* Start all workers and wait until they are ready. */
apr_status_t spk_crew_start(spork_pool_t *pool);
/* Look who died, settle what they held; start replacements; end those who start too slowly. */
void spk_crew_tend(spork_pool_t *pool);
/* Ask all to end, then make them; reap all. `gently` waits for idle ones to end by themselves. */
void spk_crew_end(spork_pool_t *pool, int gently);
/* Wake as many sleeping workers as the open jobs can use. */
void spk_crew_wake(spork_pool_t *pool);
/* How many workers the open jobs could use now, at most all. */
uint32_t spk_crew_demand(const spork_pool_t *pool);
/* End all workers at once, and believe nothing that they have left. Breaks the pool if the system does not end one. */
void spk_crew_raze(spork_pool_t *pool);
/* So many deaths in a row of workers that had nothing to do are nobody's bad luck. */
unsigned spk_crew_most_idle_deaths(const spork_pool_t *pool);
/* Close handles; in a forked child of the host that is all that happens. */
void spk_crew_free(spork_pool_t *pool);
/* Give up: no worker can be had. */
void spk_crew_break(spork_pool_t *pool, apr_status_t status, const char *format, ...) SPK_PRINTF(3, 4);

/* ---- deadline.c: ending single items while they run ---------------------------------------------------- */

/* Condemn the item if this member runs it: 1 and the process is killed; it will be settled as `status`. */
int spk_condemn(spork_pool_t *pool, int member, unsigned slot, uint32_t item, apr_status_t status);
/* Enforce the pool's timeout. Microseconds until it must be done again, negative: never. */
apr_interval_time_t spk_deadlines(spork_pool_t *pool);

/* ---- recover.c: what no honest worker does -------------------------------------------------------------- */

#define SPK_IMPOSSIBLE_MOST 16U /* of pool.impossible */

/* Write what workers only read, if it is not as it was. */
void spk_heal(spork_pool_t *pool);
/* The same for init_arg, which only who starts reads, and which may be large. */
void spk_heal_init_arg(spork_pool_t *pool);
/* While the parent waits: look whether what the workers say can be, and call the roll, if it is time. */
void spk_roll_call(spork_pool_t *pool);

/* ---- jobs.c ------------------------------------------------------------------------------------------------ */

/* A slot is free. */
int spk_job_can_be_posted(const spork_pool_t *pool);
/* How many of its items workers are through with, as far as they have said; for an open job. */
uint32_t spk_job_finished(const spork_pool_t *pool, unsigned slot);
/* 1 and the caller's index of an item; 0 if there is no such item in an open job. */
int spk_job_index(const spork_pool_t *pool, unsigned slot, uint32_t item, apr_size_t *index);
/* Number of its task; the item is there. Of a table it may be any. */
uint32_t spk_job_fn(const spork_pool_t *pool, unsigned slot, uint32_t item);
/* Open a job; the slot, or -1 if none is free. */
int spk_job_post(spork_pool_t *pool, const spk_post_t *post);
/* n items more at the end of a job of one lane and of chunk 1; what they are stands there already. 0: it takes none any more. */
int spk_job_extend(spork_pool_t *pool, unsigned slot, uint32_t n);
/* No slot is taken any more: the segment begins anew. */
void spk_jobs_forget(spork_pool_t *pool);
/* Some job is open. */
int spk_jobs_any(const spork_pool_t *pool);
/* How many jobs of this owner are open, or leaving. */
int spk_jobs_of(const spork_pool_t *pool, const spk_owner_t *owner);
/* Begin no further item of it: what is not claimed goes to the owner as rest at once. `how` is SPK_STOP_. */
void spk_job_stop(spork_pool_t *pool, unsigned slot, uint32_t how);
/* See which jobs are through, free the slots that nobody looks at. */
void spk_jobs_sweep(spork_pool_t *pool);
/* Give up what is left of all open jobs of this owner, NULL: of everybody. */
void spk_jobs_lose(spork_pool_t *pool, const spk_owner_t *owner, const spk_result_t *result);
/* Say once more which slots are open, with which jobs: somebody may have written over it. */
void spk_jobs_publish(spork_pool_t *pool);
/* A worker is gone: its casualty and the rest of its claims go to their owners. */
void spk_jobs_settle(spork_pool_t *pool, int member, const spk_result_t *casualty);
/* One entry of a worker's ring, already copied: check it, hand it to the job's owner. */
void spk_jobs_deliver(spork_pool_t *pool, int member, const spk_entry_t *entry);

/* ---- pump.c: what the parent does while it waits ------------------------------------------------------------ */

/* One round of everything that can be done now. */
void spk_pump(spork_pool_t *pool);
/* Pump until done(of), or the time-out (microseconds, negative: for ever), or an interrupt
 * (SPORK_ECANCELLED), or the pool is broken and has nothing left under way. `spin` stays awake briefly. */
apr_status_t spk_pump_until(spork_pool_t *pool, int (*done)(void *of), void *of, apr_interval_time_t timeout,
                            int spin);

/* ---- submit.c, batch.c, stream.c, map.c, map_windows.c ------------------------------------------------- */

apr_status_t spk_queue_create(spork_pool_t *pool);
/* Post what waits, as far as there are slots; `all` also small batches. */
void spk_queue_feed(spork_pool_t *pool, int all);
/* Nothing submitted is waiting or under way. */
int spk_queue_is_empty(const spork_pool_t *pool);
/* Some of it is with the workers. */
int spk_queue_is_under_way(const spork_pool_t *pool);
/* Nothing that is done waits for spork_wait_any(). */
int spk_queue_is_fetched(const spork_pool_t *pool);
/* Cancel everything that is not done. The workers are gone. */
void spk_queue_cancel(spork_pool_t *pool);
void spk_queue_free(spork_pool_t *pool);
void spk_stream_free(spork_pool_t *pool);

/* Post further windows of the map under way. */
void spk_run_feed(spork_pool_t *pool);
/* Microseconds until it must be called again, though nothing happens; negative: never. */
apr_interval_time_t spk_run_patience(const spork_pool_t *pool);
/* 1 while a map has windows in the arena. */
int spk_run_is_under_way(const spork_pool_t *pool);
/* Items of the map that the caller waits for: ended, and of these failed; as far as it is known. */
void spk_run_count(const spork_pool_t *pool, uint64_t *done, uint64_t *failed);
/* Give back what is kept for windows to come: 1, or 0: there is nothing. */
int spk_windows_drop_spares(spork_pool_t *pool);
/* Cancel what is left of it. */
void spk_run_cancel(spork_pool_t *pool);
void spk_run_free(spork_pool_t *pool);

/* ---- inline.c ----------------------------------------------------------------------------------------------- */

/* Run one item here. Its reply, if it has no slot, is malloc'd into *reply (may be NULL for none wanted). */
apr_status_t spk_inline_run(spork_pool_t *pool, spork_fn_t fn, apr_size_t index, const void *in,
                            apr_size_t in_size, void *slot, apr_size_t slot_size, unsigned char **reply,
                            apr_size_t *reply_size, char *message);

/* ---- logs.c -------------------------------------------------------------------------------------------------- */

/* Find out where logs go, and that they can be written. */
apr_status_t spk_logs_prepare(spork_pool_t *pool);
/* The workers are gone: merge, if that was asked for. */
apr_status_t spk_logs_finish(spork_pool_t *pool);

/* ---- every call of the API begins with this ------------------------------------------------------------------- */

/* APR_EINVAL for NULL, another process's pool, or a call from inside a call. `name` for the words. */
apr_status_t spk_pool_check(const spork_pool_t *pool, const char *name);
/* The same for what only looks: a source and a sink may call it. */
apr_status_t spk_pool_check_look(const spork_pool_t *pool, const char *name);

#endif
