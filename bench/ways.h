/*
 * A way: one way of handing items out and getting their answers back, spork's or a peer's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef BENCH_WAYS_H
#define BENCH_WAYS_H

#include "items.h"

#include <apr_errno.h>
#include <apr_pools.h>
#include <spork.h>

/* What is to be done, and how. */
typedef struct {
    work_t work;
    const kind_t *kind;
    int workers;
    apr_size_t chunk;  /* items taken at once; 0: the way's own choice */
    apr_size_t flight; /* items on their way at once, where they are sent one by one; 0: the way's own */
    apr_size_t pause;  /* microseconds between two round trips, so that whoever waits falls asleep */
    apr_size_t heap;   /* MiB of touched memory that the parent has */
    apr_size_t arena;  /* MiB, spork's; 0: spork's own */
    const char *start; /* fork, spawn, auto */
    const char *self;  /* this executable's path */

    apr_pool_t *mem;
    void *in; /* set by the way's set_up; all of the work's inputs and answers */
    void *out;
    apr_size_t taken; /* answers that came, where they are too many to be kept: then out is NULL */
    apr_size_t room;  /* items that in and out have room for: later requests may ask for fewer */
    void *state;      /* the way's own */
    char also[256];   /* what else there is to tell of the last run: " name=value", any number */
} job_t;

/* Each function is APR_SUCCESS, APR_ENOTIMPL where this system or build cannot, or what went wrong. set_up
 * makes room for in and out and starts the workers; what it takes from job->mem ends with that. It must not need
 * the inputs: they are filled after it. run sets *ns to what the run has taken, from handing over the inputs to
 * having all the answers. */
typedef struct {
    const char *name;
    const char *words;
    apr_status_t (*set_up)(job_t *job);
    apr_status_t (*run)(job_t *job, apr_uint64_t *ns);
    void (*tear_down)(job_t *job); /* NULL: nothing that job->mem does not end */
} way_t;

/* Each list ends with a NULL name. */
extern const way_t plain_ways[];  /* a loop, OpenMP */
extern const way_t spork_ways[];  /* map, submit, stream */
extern const way_t pool_ways[];   /* spork's start, latency, memory, waiting */
extern const way_t thread_ways[]; /* APR's thread pool */
extern const way_t system_ways[]; /* fork, pipes, … : posix_ways.c, win32_ways.c */
extern const way_t start_ways[];  /* bare starts: posix_start.c, win32_ways.c */
extern const way_t ping_ways[];   /* round trips between two processes: posix_ping.c, win32_ways.c */
extern const way_t futex_ways[];  /* the same by Linux' futex: linux_futex.c, not_linux.c */

extern const spork_entry_t measured_tasks[]; /* of all spork's ways */

/* The executable was started by the bare start that spork's spawn is compared with: it has done its part. */
int start_is_child(int argc, const char *const *argv);

/* The set_up of a way that this system or build does not have: bench/run then skips it, aloud. */
apr_status_t way_cannot(job_t *job);

/* What one peer needs of another file. */
apr_status_t openmp_loop(const job_t *job, item_fn_t item);
apr_status_t plain_set_up(job_t *job); /* in and out by malloc() */
void plain_tear_down(job_t *job);

/* An answer has come: kept if they are kept, else looked at from both ends. */
void job_take(job_t *job, apr_size_t i, const void *answer, apr_size_t size);

/* Makes the job's items as single trips, there and back, after a pause each, and sets *ns to their median times their
 * number: one that the machine has interrupted does not count. The 99th percentile goes into job->also. */
typedef apr_status_t (*trip_t)(job_t *job, word_t in, word_t *out);
apr_status_t job_trips(job_t *job, trip_t trip, apr_uint64_t *ns);

/* ---- of the system: posix_clock.c, win32_clock.c --------------------------------------------------- */

apr_uint64_t clock_now(void);       /* monotonic, nanoseconds */
apr_uint64_t clock_processor(void); /* that this process has used, nanoseconds */

/* Memory of this process and of others, in KiB: linux_memory.c; not_linux.c: APR_ENOTIMPL. */
typedef struct {
    apr_uint64_t anonymous;     /* resident, private to the process */
    apr_uint64_t shared;        /* resident, of shared memory, that this process has touched */
    apr_uint64_t shared_part;   /* the same, each page divided by those that have touched it */
    apr_uint64_t resident;      /* all */
    apr_uint64_t most_resident; /* at any time up to now */
} memory_t;
apr_status_t memory_of(apr_int64_t pid, memory_t *memory); /* pid 0: this process */

#endif
