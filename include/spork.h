/**
 * @mainpage spork: multiprocessing.Pool for C
 *
 * A pool of worker processes, the same program and the same answers on Linux, macOS, the BSDs and
 * Windows. On POSIX a worker is a fork(); where there is no fork, or fork is unsafe, the program's
 * own executable is started again and that copy finds out inside spork_init() that it is a worker.
 *
 *     static apr_status_t square(spork_task_t *task, const void *in, void *out)
 *     {
 *         (void)task;
 *         *(long *)out = *(const long *)in * *(const long *)in;
 *         return APR_SUCCESS;
 *     }
 *     static const spork_entry_t tasks[] = { SPORK_ENTRY(square), SPORK_END };
 *
 *     int main(int argc, char **argv)
 *     {
 *         long in[] = { 1, 2, 3 }, out[3];
 *         spork_pool_t *pool;
 *         if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1; // a worker never returns
 *         if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
 *         if (spork_map(pool, square, in, sizeof *in, out, sizeof *out, 3, NULL) != APR_SUCCESS) return 1;
 *         return spork_pool_close(pool) != APR_SUCCESS;
 *     }
 *
 * @par The words
 * A *pool* has *workers*, processes; the process that made it is the *parent*. A *task* is a function
 * that workers run, an *item* one run of it. A *map* runs one task over an array, a *submitted* item stands alone,
 * a *stream* draws its items from a function. The *arena* is the memory that all of them share.
 *
 * @par Statuses
 * Every call that can fail returns an apr_status_t: APR_SUCCESS, one of spork's codes
 * below, or a code of APR's or of the system. spork_strerror() words any of them, spork_error() says
 * in a sentence what went wrong in this thread's last failed call. Each function names the statuses
 * that a caller can act upon; any call may also return APR_EINVAL (misuse: the words say which) and
 * APR_ENOMEM. Nothing is printed unless asked for.
 *
 * @par Who may call what
 * Each group says at its head which side its functions are for: the parent, or a task
 * while it runs. On the wrong side they are APR_EINVAL, or do nothing.
 *
 * @par Threads
 * One pool is used by one thread at a time (spork_pool_interrupt() excepted); several pools
 * may live side by side, in several threads. In a task: the thread that runs it, unless it is said otherwise.
 *
 * @par Forks
 * A pool belongs to the process that made it. In a child that the host forks, the only
 * meaningful call on an inherited pool is spork_pool_destroy(), which there only frees memory; the
 * others are APR_EINVAL.
 *
 * @par Housekeeping
 * There are no hidden threads: deadlines, replacements of dead workers, services and the feeding of
 * further work are the parent's, in whatever call waits in the pool (spork_map, spork_stream, spork_future_wait,
 * spork_wait_any, spork_queue_get, spork_queue_put, spork_pool_close). A program that calls none for a while gets
 * none of it meanwhile; what the workers were already given goes on.
 *
 * @par Units
 * Sizes are in bytes, times in microseconds (apr_interval_time_t), texts and paths in UTF-8.
 *
 * @par Ctrl-C and termination
 * The host decides, workers are silent: they do not get a terminal's Ctrl-C or
 * Ctrl-Break. A host that leaves SIGINT, SIGTERM, SIGHUP as they are dies of them at once, and its workers, with
 * what their tasks have started, die with it, as they do however a host ends (abort, SIGKILL, TerminateProcess).
 * One that would rather end in order has a handler call spork_pool_interrupt(): the running call returns, what is
 * done can still be read, and the host closes or terminates the pool, or goes on with it. signal() of ISO C will do:
 *
 *     static spork_pool_t *volatile running;
 *     static void on_signal(int number)
 *     {
 *         signal(number, SIG_DFL);            // a second one is final
 *         spork_pool_interrupt(running);
 *     }
 *     ...
 *     running = pool;
 *     signal(SIGINT, on_signal);              // not before the pool is made: until then the default is right
 *     status = spork_map(pool, ...);          // SPORK_EFAILED; unfinished items are SPORK_ECANCELLED
 *
 * examples/ctrl_c.c is this in full. An interrupt is not lost if no call waits yet: the next one ends by it. A
 * task of an INLINE pool runs to its end first. Ctrl-Z stops the host only. On POSIX a signal sent to a worker itself
 * ends it (SIGINT does not): its item is SPORK_ECRASHED. On Windows the closing of the console, logging off and shutting
 * down end workers and host alike.
 *
 * @par Memory
 * What spork hands out is freed by the call that its description names, or with its pool; an APR memory pool
 * given as a parent owns the worker pool: destroying it destroys that.
 *
 * @par Further
 * This essay and the heads of the groups take ten minutes; the rest is for looking up. New to processes: docs/guide.md. What is
 * promised when things go wrong: docs/reliability.md. What is behind it: docs/design/README.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPORK_H
#define SPORK_H

/** @file
 * The public API, whole. */

#include <apr.h>
#include <apr_errno.h>
#include <apr_pools.h>
#include <apr_time.h>

/* On each function that a shared library exports. Only spork's own build says how, by -DSPORK_API=...: the header asks
 * for no system and no compiler, and needs no generated one beside it. To a program it is nothing: it calls
 * functions only, which a DLL's import library has under their plain names. */
#ifndef SPORK_API
#define SPORK_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this header, as a program sees it when it is compiled. */
#define SPORK_VERSION_MAJOR 0
#define SPORK_VERSION_MINOR 1 /**< as SPORK_VERSION_MAJOR */
#define SPORK_VERSION_PATCH 0 /**< as SPORK_VERSION_MAJOR */
/** The three, as a string. */
#define SPORK_VERSION_STRING "0.1.0"

/** A worker pool: made by spork_pool_create(), ended by spork_pool_destroy(). */
typedef struct spork_pool_t spork_pool_t;
/** One submitted item on its way: made by spork_submit(), freed by spork_future_destroy(). */
typedef struct spork_future_t spork_future_t;
/** What a running task knows of itself; valid only during the task's call. */
typedef struct spork_task_t spork_task_t;

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_statuses Status codes
 *
 * What calls return, and words for it. The range is the one that APR keeps for its users (apr_errno.h). Both
 * functions: in parent and tasks, from any thread.
 *
 * @{
 */

/** Where spork's codes begin. */
#define SPORK_STATUS_BASE (APR_OS_START_USERERR + 0x5350)
/** A pool cannot be made here: spork_init() was not called, or this is inside a worker. */
#define SPORK_EGUARD (SPORK_STATUS_BASE + 0)
/** The function is in no table that spork_init() or spork_register() was given. */
#define SPORK_ENOTTASK (SPORK_STATUS_BASE + 1)
/** At least one item did not succeed; spork_map_t.failures says which and why. */
#define SPORK_EFAILED (SPORK_STATUS_BASE + 2)
/** The worker died while it ran the item. */
#define SPORK_ECRASHED (SPORK_STATUS_BASE + 3)
/** The item ran longer than the pool's timeout; its worker was ended. */
#define SPORK_EDEADLINE (SPORK_STATUS_BASE + 4)
/** The item was cancelled, or the call interrupted. */
#define SPORK_ECANCELLED (SPORK_STATUS_BASE + 5)
/** The pool was closed or terminated. */
#define SPORK_ECLOSED (SPORK_STATUS_BASE + 6)
/** A worker's initializer failed or died. */
#define SPORK_EINITIALIZER (SPORK_STATUS_BASE + 7)
/** Workers cannot be started: after bounded tries, or not within start_timeout. */
#define SPORK_ESTART (SPORK_STATUS_BASE + 8)
/** Parent and worker are not of one build: their task tables or versions differ. */
#define SPORK_EMISMATCH (SPORK_STATUS_BASE + 9)
/** A reply does not fit into the map's slot, or a payload into the arena. */
#define SPORK_ETOOBIG (SPORK_STATUS_BASE + 10)
/** The worker died for want of memory under a memory_limit, and the system tells so (SPORK_MEMORY_LIMIT_MIN). */
#define SPORK_EMEMORY (SPORK_STATUS_BASE + 11)
/** There is no service, queue or dictionary of that name, or no such key in the dictionary. */
#define SPORK_ENOTFOUND (SPORK_STATUS_BASE + 12)
/** The journal is another batch's, in use, damaged at its head, or no journal at all. */
#define SPORK_EJOURNAL (SPORK_STATUS_BASE + 13)

/**
 * Words for a status code: spork's, APR's and the system's.
 * @param status the code
 * @param buffer where the words go, always terminated; the caller's
 * @param size   of the buffer, in bytes; 0 is legal and then nothing is written
 * @return the buffer (NULL if that is NULL).
 */
SPORK_API const char *spork_strerror(apr_status_t status, char *buffer, apr_size_t size);

/**
 * A sentence on this thread's last failed spork call, with the names and numbers that matter.
 * @return never NULL, "" if none failed yet; spork's, valid until the thread's next failing call.
 */
SPORK_API const char *spork_error(void);

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_tasks Tasks
 *
 * What workers can be asked to run. In parent and workers alike, at the beginning of main(), while no other thread
 * uses spork. What is "a function at the top level of an importable module" to Python's multiprocessing is here a
 * function in a table.
 *
 * @{
 */

/**
 * A task: one item of work, run in a worker.
 * @param task this run, for the spork_task_ functions
 * @param in   the item's input; not to be written to, not valid after return
 * @param out  in a map: the item's own slot of out_size bytes, unspecified on entry and after a
 *             failure; in a submitted item and in a stream: NULL, the task answers with spork_reply()
 * @return APR_SUCCESS, or any other code, which becomes the item's status as it is. The codes
 *         SPORK_ECRASHED, SPORK_EDEADLINE, SPORK_ECANCELLED and SPORK_EMEMORY are the pool's own: a task
 *         that returns one of them is reported with SPORK_EFAILED instead.
 *
 * What a task prints to stdout and stderr is flushed after each item; where the C library does not tell whether there is
 * any (Windows, macOS, the BSDs), and a worker takes several short items of a map at once, after these.
 */
typedef apr_status_t (*spork_fn_t)(spork_task_t *task, const void *in, void *out);

/** A line of a task table: the name is what parent and worker agree on. */
typedef struct {
    const char *name; /**< unique in all tables of a program */
    spork_fn_t fn;    /**< the task */
} spork_entry_t;

/* clang-format off */
/** A line for a function, by its own name. */
#define SPORK_ENTRY(fn) { #fn, fn }
/** The last line. */
#define SPORK_END { NULL, NULL }
/* clang-format on */

/**
 * Find out whether this process is a worker, and become it; else make pools possible.
 *
 * Call it once, first in main(). In a worker it does not return: it runs items until the parent
 * ends it or is gone. A process started by hand with a worker's command line ends here with one
 * line on stderr and exit status 2. Calls apr_initialize().
 *
 * @param argc,argv main's; both may be NULL (WinMain, a plug-in): the system is then asked. They are
 *                  left as they are.
 * @param entries   the program's tasks, ended by SPORK_END; the table must stay valid. NULL if all
 *                  tasks come by spork_register().
 * @return APR_EINVAL on a second call, and for a table with a name that is NULL, empty, or there twice,
 *         or a NULL function.
 */
SPORK_API apr_status_t spork_init(int *argc, char ***argv, const spork_entry_t *entries);

/**
 * Add a library's own tasks; before spork_init(), in parent and worker alike.
 * @param entries ended by SPORK_END; the table must stay valid
 * @return APR_EINVAL after spork_init(), or for a NULL table; what is wrong inside a table is told by
 *         spork_init().
 */
SPORK_API apr_status_t spork_register(const spork_entry_t *entries);

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_pools Pools
 *
 * Workers, and how they are made. For the parent. (A task may make a pool, too: an INLINE one, of which it is the parent.)
 *
 * @{
 */

/** How workers come to life. The environment's SPORK_START=fork|spawn|inline overrides it. */
typedef enum {
    SPORK_START_AUTO,  /**< fork on Linux and the BSDs while the process has one thread, else spawn */
    SPORK_START_FORK,  /**< fork(); not on Windows (APR_ENOTIMPL). While other threads run, only where the C
                            library's malloc() and stdio are usable in the child (glibc), and tasks may
                            touch no lock of the host's */
    SPORK_START_SPAWN, /**< start the executable again: a task sees nothing main did after spork_init() */
    SPORK_START_INLINE /**< no workers: items run in the caller, in order. No deadlines, no cancelling of
                            what runs, no max_tasks, no memory_limit; a submitted item runs inside spork_submit() */
} spork_start_e;

/** How much a record of a log matters. */
typedef enum { SPORK_LOG_DEBUG = 1, SPORK_LOG_INFO, SPORK_LOG_WARNING, SPORK_LOG_ERROR } spork_level_e;

/** How far a pool is; see "Progress". */
typedef struct spork_progress_t spork_progress_t;
/**
 * A program's own display, config.progress_fn: called from inside of the pool's calls, at most every progress_interval
 * while a batch is under way; once more when it is over, with ended = 1, unless it was over before the first call was due.
 * @param baton    config.progress_baton
 * @param progress valid during the call
 *
 * Of the same pool it may call spork_pool_interrupt() and spork_progress_clear() only. While it works the pool does
 * not. It must return (no longjmp() out of it).
 */
typedef void (*spork_progress_fn_t)(void *baton, const spork_progress_t *progress);

/** All zero but the size is the sensible default everywhere; see spork_config_init(). */
typedef struct {
    apr_size_t size;        /**< of this struct as the caller was compiled: room to grow at the end */
    int workers;            /**< how many; 0: spork_cpu_count(). SPORK_WORKERS=N overrides it */
    spork_start_e start;    /**< start method */
    spork_fn_t initializer; /**< run in each worker before its first item; a table entry; its out is NULL */
    const void *init_arg;   /**< its input: init_size bytes, copied by spork_pool_create() */
    apr_size_t init_size;   /**< bytes */
    apr_interval_time_t start_timeout; /**< microseconds for a worker's start and initializer; 0: 60 s */
    apr_uint32_t max_tasks;            /**< items after which a worker is replaced; 0: never */
    apr_interval_time_t timeout;       /**< microseconds an item may run, from its own start; 0: no limit */
    int retries;                       /**< times an item is run again after its worker died or overran */
    apr_size_t memory_limit; /**< bytes a worker may take; 0: no limit. See SPORK_MEMORY_LIMIT_MIN */
    /** bytes of address space reserved for payloads; 0: spork chooses. What a map has copied its items into, up to 512 MiB,
     *  is kept for the next map while nothing else needs it */
    apr_size_t arena_size;
    const char *program; /**< UTF-8 path of the executable that spawn starts; NULL: this one */
    const char *log_dir; /**< directory for a log of each worker; NULL: none. See "Logs" */
    int progress;        /**< not 0: a progress line on stderr, if that is a terminal. See spork_progress_t */

    /* logs */
    spork_level_e log_level; /**< the least that is written; 0: SPORK_LOG_INFO */
    int log_output;          /**< not 0: stdout and stderr of the workers go to their logs, too */
    const char *log_merge;   /**< spork_pool_close() merges the logs of log_dir into this file; NULL: not */

    /* how far it is, for programs with a display of their own: see spork_progress_t */
    spork_progress_fn_t progress_fn; /**< the program's own display; NULL: none */
    void *progress_baton;            /**< handed to progress_fn */
    apr_interval_time_t
        progress_interval;      /**< microseconds between two calls of it; less than 0.1 s, and 0: 0.1 s */
    const char *progress_label; /**< UTF-8 words at the line's beginning, copied; NULL: none */
} spork_config_t;

/**
 * The least memory_limit, 4 MiB: less would not do for a worker's own work.
 *
 * The limit is the system's, set before the initializer runs, in replacements too, for good. An allocation beyond
 * it fails inside the task: malloc() is NULL. A task that goes on all the same and dies is SPORK_ECRASHED.
 *
 * Counted is what the worker takes in addition to what it has when it becomes one. Never counted is what spork
 * shares with it: payloads, replies, spork_alloc(). A host's own lower limit stays. Each process that a task starts has
 * the limit for itself. A super-user's task can lift it on POSIX. INLINE ignores it.
 *
 *  - Linux counts private memory that can be written to (RLIMIT_DATA of getrlimit(2)); not the main stack, not what a
 *    task shares with others (MAP_SHARED, shmget()).
 *  - Other POSIX systems count all address space (RLIMIT_AS), mapped files and threads' stacks too. One that does not
 *    keep such a limit refuses the pool.
 *  - Windows counts committed memory, from the process's birth (JOB_OBJECT_LIMIT_PROCESS_MEMORY): what spork_init() found in
 *    use in the parent is taken for what a worker starts with. Wine accepts the limit and ignores it.
 *
 * Only Windows ever tells that a process died for want of memory, and only where that was asked for as an exception
 * (HEAP_GENERATE_EXCEPTIONS): then the item is SPORK_EMEMORY. A kill by Linux' out-of-memory killer looks like any other.
 */
#define SPORK_MEMORY_LIMIT_MIN ((apr_size_t)4 << 20)

/** Fill a spork_config_t with the defaults; the size is taken from its type. */
#define spork_config_init(config) spork_config_init_size(config, sizeof *(config))
/**
 * The function behind spork_config_init(). On both sides, from any thread.
 * @param config what is filled in; NULL does nothing
 * @param size   sizeof(spork_config_t) at the caller, bytes
 */
SPORK_API void spork_config_init_size(spork_config_t *config, apr_size_t size);

/** The most workers that a pool can have. */
#define SPORK_WORKERS_MAX 1000

/**
 * Start a pool and wait until all its workers are ready (their initializers have run).
 *
 * @param pool   receives the pool; NULL on failure, and then no worker is left
 * @param config what differs from the defaults; NULL: nothing. Copied, with init_arg, program and paths.
 * @param parent APR memory pool whose end ends the worker pool, as spork_pool_destroy() would; NULL: none
 * @return SPORK_EGUARD without spork_init(), and inside a worker unless the start method is AUTO or
 *         INLINE (AUTO is INLINE there); SPORK_ENOTTASK for an unregistered initializer;
 *         SPORK_EINITIALIZER, SPORK_ESTART and SPORK_EMISMATCH as described there; APR_EINVAL for values
 *         out of range, in the config or in SPORK_START and SPORK_WORKERS; APR_ENOTIMPL for a start method
 *         that this system does not have; the system's status for a log_dir, log_merge or SPORK_TRACE that cannot be
 *         written.
 *
 * AUTO is decided once (it is spawn where the system does not tell how many threads there are); but when a pool of
 * forked workers has to replace one after the process has gained threads, the replacement is spawned.
 *
 * A worker puts handled signals back to their defaults, unblocks all, ignores SIGINT (the parent
 * decides), and is a process group (POSIX) or job object (Windows) of its own, with which everything
 * ends that its tasks have started.
 *
 * SPORK_TRACE=FILE in the environment writes what the pool does as Chrome trace events, for Perfetto and
 * chrome://tracing: FILE of the process's first pool, FILE.2 (run.2.json for run.json) of its second. It costs about 0.1
 * microseconds an item; docs/design/progress.md has the bounds. The SPORK_ environment is ignored in set-user-id programs.
 */
SPORK_API apr_status_t spork_pool_create(spork_pool_t **pool, const spork_config_t *config,
                                         apr_pool_t *parent);

/**
 * Finish what was submitted, however long it takes, then end the workers. Futures can still be read.
 * @param pool which; its memory stays until spork_pool_destroy()
 * @return APR_SUCCESS, also when called again; SPORK_ECANCELLED if spork_pool_interrupt() cut it short (what
 *         was unfinished is cancelled and the workers ended all the same); with log_merge what spork_logs_merge() returned.
 */
SPORK_API apr_status_t spork_pool_close(spork_pool_t *pool);

/**
 * End the workers now, stopped ones too; what was unfinished is SPORK_ECANCELLED. Futures can still be read.
 * @param pool which; its memory stays until spork_pool_destroy()
 * @return APR_SUCCESS, also when called again.
 */
SPORK_API apr_status_t spork_pool_terminate(spork_pool_t *pool);

/**
 * Terminate if needed, then free the pool, its futures and its shared memory. Nothing is merged.
 * @param pool which; NULL is fine. Ignored from inside of the pool's own source, sink, service or progress_fn
 */
SPORK_API void spork_pool_destroy(spork_pool_t *pool);

/**
 * From any thread or signal handler: the call now running on the pool, else the next one that waits, ends.
 * spork_map() cancels what is unfinished and returns SPORK_EFAILED; spork_stream() cancels what is unfinished,
 * delivers all that was drawn and returns SPORK_ECANCELLED; spork_future_wait(), spork_wait_any(), and
 * spork_queue_get() and spork_queue_put() in the parent, return SPORK_ECANCELLED and leave the items running.
 * Async-signal-safe (POSIX.1-2008 XSH 2.4.3: it stores a flag and calls write()). The pool must not be destroyed
 * meanwhile.
 * @param pool which; NULL does nothing
 */
SPORK_API void spork_pool_interrupt(spork_pool_t *pool);

/**
 * How many workers the pool keeps. From any thread.
 * @param pool which
 * @return a number, 0 for an INLINE pool, and for NULL.
 */
SPORK_API int spork_pool_workers(const spork_pool_t *pool);

/**
 * The process ids of the pool's workers as they are now: for monitoring, and for tests that kill them.
 * @param pool     which
 * @param pids     receives up to capacity ids, 0 for a worker that is being replaced
 * @param capacity entries in pids
 * @return how many were written
 */
SPORK_API int spork_pool_pids(const spork_pool_t *pool, apr_int64_t *pids, int capacity);

/**
 * The start method that the pool uses. From any thread.
 * @param pool which
 * @return never AUTO.
 */
SPORK_API spork_start_e spork_pool_start(const spork_pool_t *pool);

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_maps Outcomes and map
 *
 * One task over an array. For the parent. After Pool.map() of Python's multiprocessing.
 *
 * @{
 */

/** How one item ended: the one record for map, submit and stream alike. Every item ends exactly once. */
typedef struct {
    apr_size_t index; /**< of the item, in input order; for a submitted item, its number in the pool */
    apr_status_t
        status;      /**< APR_SUCCESS, the task's own, SPORK_ECRASHED, _EMEMORY, _EDEADLINE or _ECANCELLED */
    const void *out; /**< a private copy of what the task replied; lives as long as its call says */
    apr_size_t out_size; /**< bytes at out */
    int signal;          /**< that ended the worker (POSIX; 0 if the host reaps or ignores SIGCHLD), else 0 */
    apr_uint32_t exit_code; /**< that the worker ended with (on Windows an exception's code), else 0 */
    int attempts;           /**< how often the item was started: 0 if it never ran, or came from a journal */
    const char *message;    /**< spork_fail()'s words, or "" */
} spork_outcome_t;

/** Options and results of one map; all zero is the default. */
typedef struct {
    apr_size_t chunk;                /**< in: items a worker takes at once; 0 lets spork choose */
    int stop_on_error;               /**< in: the first failure cancels what has not begun */
    const spork_outcome_t *failures; /**< out: the items that did not succeed, in index order; out is NULL.
                                          About 64 bytes for each, those that were cancelled included */
    apr_size_t n_failures;           /**< out: how many; both valid until the pool's next map or its end */
    const char *journal;  /**< in: file in which finished items are recorded; NULL: none. See "Journals" */
    apr_size_t n_resumed; /**< out: items whose results were taken from it */
} spork_map_t;

/**
 * Run fn on each of count items and wait for all: out[i] = fn(in[i]), in the order of the inputs.
 *
 * @param pool     where
 * @param fn       a registered task
 * @param in       count × in_size bytes; the caller's; may be NULL if in_size is 0
 * @param in_size  bytes of one item's input; 0 is legal
 * @param out      count × out_size bytes, the caller's; a failed item's slot is unspecified. May be NULL if
 *                 out_size is 0. in and out may not overlap when the pool has retries.
 * @param out_size bytes of one result; 0 is legal
 * @param count    items; 0 is legal
 * @param options  NULL for the defaults
 * @return APR_SUCCESS if every item succeeded; SPORK_EFAILED if some did not (every item has its outcome
 *         then); SPORK_ENOTTASK; SPORK_ECLOSED; SPORK_ETOOBIG if one item's payload cannot fit the arena; SPORK_ESTART,
 *         SPORK_EINITIALIZER or SPORK_EMISMATCH if dead workers could not be replaced (the rest is then SPORK_ECANCELLED);
 *         SPORK_EJOURNAL or the system's status for options->journal.
 *
 * Memory from spork_alloc() is used where it lies; other memory is copied through the arena in bounded
 * windows. Submitted items go on meanwhile.
 */
SPORK_API apr_status_t spork_map(spork_pool_t *pool, spork_fn_t fn, const void *in, apr_size_t in_size,
                                 void *out, apr_size_t out_size, apr_size_t count, spork_map_t *options);

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_futures Single items
 *
 * Submit, wait, outcome, cancel. For the parent. After Executor.submit() of concurrent.futures; spork_wait_any() is
 * its as_completed(). Time-outs are microseconds: negative for ever, 0 just looks.
 *
 * @{
 */

/**
 * Hand one item to the pool; returns at once (an INLINE pool runs it here). What waits to be run is kept in the
 * parent's memory, however much is submitted: spork_stream() is for what has no end.
 * @param future  receives the handle, to be freed with spork_future_destroy() or with the pool
 * @param pool    where
 * @param fn      a registered task; it answers with spork_reply()
 * @param in      in_size bytes, copied; may be NULL if in_size is 0
 * @param in_size bytes of the input; 0 is legal
 * @return SPORK_ENOTTASK; SPORK_ECLOSED; SPORK_ETOOBIG if the input can never fit the arena; SPORK_ESTART and the like if the
 *         pool has no workers any more.
 */
SPORK_API apr_status_t spork_submit(spork_future_t **future, spork_pool_t *pool, spork_fn_t fn,
                                    const void *in, apr_size_t in_size);

/**
 * Wait until the item is done.
 * @param future  which
 * @param timeout microseconds; the item goes on running when it passes
 * @return APR_SUCCESS when done (whatever the item's own status), APR_TIMEUP, SPORK_ECANCELLED when interrupted,
 *         SPORK_ESTART or SPORK_EINITIALIZER when dead workers cannot be replaced (the item is then done, cancelled).
 */
SPORK_API apr_status_t spork_future_wait(spork_future_t *future, apr_interval_time_t timeout);

/**
 * How the item ended.
 * @param future which
 * @return NULL while it is not done. Valid, with its out and message, until the future's end.
 */
SPORK_API const spork_outcome_t *spork_future_outcome(spork_future_t *future);

/**
 * Give the item up: one that waits never runs, one that runs is ended with its worker, one that is done stays.
 * Returns without waiting for the worker's end; the future is done (SPORK_ECANCELLED) once that is known.
 * @param future which
 * @return APR_SUCCESS, also when there was nothing to cancel any more.
 */
SPORK_API apr_status_t spork_future_cancel(spork_future_t *future);

/**
 * Free the handle and its outcome; cancels the item if it is not done.
 * @param future which; NULL is fine
 */
SPORK_API void spork_future_destroy(spork_future_t *future);

/**
 * Remember something of the caller's with the future; spork never looks at it.
 * @param future which
 * @param baton  the caller's, and stays so
 */
SPORK_API void spork_future_set_baton(spork_future_t *future, void *baton);
/**
 * What spork_future_set_baton() last set.
 * @param future which
 * @return NULL at first.
 */
SPORK_API void *spork_future_baton(const spork_future_t *future);

/**
 * Wait for any future of the pool to be done, in completion order; each is handed out once. One that
 * spork_future_wait() has found done, or that was destroyed, is not.
 * @param pool    which
 * @param timeout microseconds; the items go on running when it passes
 * @param future  receives it; NULL unless APR_SUCCESS
 * @return APR_SUCCESS, APR_TIMEUP, APR_EOF when none is left, SPORK_ECANCELLED when interrupted.
 */
SPORK_API apr_status_t spork_wait_any(spork_pool_t *pool, apr_interval_time_t timeout,
                                      spork_future_t **future);

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_streams Streams
 *
 * Any number of inputs, in bounded memory. For the parent. After Pool.imap(), but that draws all of its inputs at once.
 *
 * @{
 */

/**
 * Where a stream's inputs come from: called for one after the other, in the thread that called spork_stream().
 * @param baton   spork_stream()'s
 * @param in      receives the input; NULL on entry, and may stay so if it is empty. It is copied: it need be
 *                valid only until the source is called again or spork_stream() returns
 * @param in_size receives its bytes; 0 on entry
 * @return APR_SUCCESS with an input; APR_EOF if there is none any more; anything else ends the stream. Neither is
 *         followed by another call.
 *
 * While a source waits (for a socket, say), workers go on with what was drawn, but nothing is delivered.
 */
typedef apr_status_t (*spork_source_t)(void *baton, const void **in, apr_size_t *in_size);

/**
 * Where a stream's outcomes go: called once for each item, in the thread that called spork_stream().
 * @param baton   spork_stream()'s
 * @param outcome with its out and message valid during this call only. Its index counts the inputs from 0. An
 *                item's failure is no failure of the stream: look at its status
 * @return APR_SUCCESS; anything else ends the stream, `return outcome->status;` for one that ends at the first failure
 */
typedef apr_status_t (*spork_sink_t)(void *baton, const spork_outcome_t *outcome);

/**
 * Options of one stream; all zero is the default.
 *
 * A window of 0 lets spork choose: up to 256 items (four a worker, if that is more), but fewer of large ones, so that inputs
 * and replies under way take about 64 MiB; two a worker at least.
 */
typedef struct {
    apr_size_t window;     /**< items that may be drawn and not delivered, beyond one for each worker */
    int unordered;         /**< deliver in the order of completion; 0: in that of the inputs */
    const char *journal;   /**< file in which finished items are recorded; NULL: none. See "Journals" */
    apr_size_t *n_resumed; /**< receives how many outcomes were taken from it; NULL: not wanted */
} spork_stream_t;

/**
 * Run fn on each input that a source gives, and hand each outcome to a sink: as spork_map(), but for inputs of any
 * number and any size, of which only a few are in memory at a time. Returns when all that was drawn is delivered.
 *
 * @param pool    where
 * @param fn      a registered task; it answers with spork_reply()
 * @param source  gives the inputs
 * @param sink    takes the outcomes
 * @param baton   handed to source and sink
 * @param options NULL for the defaults
 * @return APR_SUCCESS when the source has come to its end and every item was delivered, however it ended;
 *         or what ended the stream early, the first of
 *          - the source's own status: nothing more is drawn; what was is finished and delivered;
 *          - the sink's own status: the sink is not called again; what is unfinished is cancelled, also what runs;
 *          - SPORK_ECANCELLED, by spork_pool_interrupt(): nothing more is drawn, what is unfinished is cancelled,
 *            also what runs, and every item that was drawn is delivered;
 *          - SPORK_ESTART, SPORK_EINITIALIZER or SPORK_EMISMATCH, if dead workers cannot be replaced: likewise;
 *          - APR_EINVAL, if the source gave NULL for an input that is not empty: as the source's own;
 *          - SPORK_EJOURNAL or the system's status for options->journal, see "Journals".
 *         SPORK_ENOTTASK and SPORK_ECLOSED as spork_map() does; then nothing was drawn.
 *
 * Inputs are drawn as workers can take them: at any moment, drawn minus delivered is at most window + workers. While the
 * first item in order takes its time, later ones are run and kept, up to this bound. INLINE draws one, runs it and delivers
 * it, and then draws the next.
 *
 * A worker's death, a time-out or an error of the task costs one item, whose outcome says so. So does an input that can
 * never fit the arena, SPORK_ETOOBIG; a reply that cannot is SPORK_ETOOBIG in the task.
 *
 * Submitted items go on meanwhile, and are not delivered here. From source and sink, calls on the same pool are refused,
 * but for spork_ref(), spork_progress_clear() (before they print), spork_pool_interrupt(), and looking at futures and
 * destroying them. While one of them runs the pool is not looked after (see Housekeeping, above).
 */
SPORK_API apr_status_t spork_stream(spork_pool_t *pool, spork_fn_t fn, spork_source_t source,
                                    spork_sink_t sink, void *baton, const spork_stream_t *options);

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_journal Journals
 *
 * A batch that was interrupted goes on where it stopped. For the parent's maps and streams; after GNU
 * parallel's --joblog and --resume, but with the results.
 *
 * spork_map_t.journal and spork_stream_t.journal name a file (UTF-8; relative to where the process is then) in which
 * finished items are recorded with their results. It is made if it is not there. Run the same batch again with it, in
 * any later process, and the results of items that it has are taken from there, and these items not run; so a batch
 * that was cut off, by a kill of the parent, a crash of the machine or an interrupt, comes to the same results.
 * n_resumed says how many were taken; in a stream their outcomes come in their turn, with attempts = 0.
 *
 * Only successes are recorded: what failed, or was cancelled, runs again. Submitted items have no journal.
 *
 * When. In a stream an outcome is delivered once its record is on disk (the system has said so: fsync(),
 * FlushFileBuffers()). Many share one write and one sync, so window 0 means more items here, up to 4096. A map looks
 * every 10 ms what is finished (100 ms, if items take long). What is lost is what was not recorded yet: at most what
 * ran, was drawn and not delivered, or was finished since. INLINE syncs each item of a stream.
 *
 * The same batch is: the same call, the task of the same name, in a map the same sizes and count, and for each item
 * that is recorded the same input, of which a hash of 64 bits stands with the record. Else SPORK_EJOURNAL, with
 * words: a map has then run nothing, a stream ends where the input shows it, as by an interrupt, and the file is what
 * it was. That a task has changed what it does is not noticed: remove the file then. Nor is a file looked at that an
 * input names: let its size and time be part of the input. Likewise SPORK_EJOURNAL: a file that is no journal, of
 * another byte order, with a damaged head, or that another batch is using.
 *
 * Damage. Every record has checksums. The first that is not whole ends the journal: it and what stands behind it is cut off,
 * and these items run again.
 *
 * A disk that is full, or a file that cannot be written, ends the batch: its status is returned, with words. A map
 * cancels what has not begun; what has finished stands in out. A stream cancels what is unfinished; successes that
 * could not be recorded are delivered with this status, without their results. What was recorded before counts.
 *
 * A journal that is complete stays, and is the caller's to remove: the batch run again gives all results at once. Who
 * can write to it can give the batch false results. Its format, and what it costs: docs/design/journal.md.
 */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_progress Progress
 *
 * A line on a terminal (config.progress), or a function of the program's (config.progress_fn). For the parent; tasks
 * have spork_task_progress().
 *
 * A batch begins with the first item that is given to a pool which had none, and is over when all have ended: one
 * map, say. Of one that is over within half a second nothing is drawn. Else the line is
 *
 *     label: 1234/10000 12%, 3 failed, 812/s, eta 0:12 | #1240 #1238:45% - #1241
 *
 * (as much of it as fits; at the end, what each worker is at: an item's index and what part of it is done), drawn at
 * most ten times a second and finished by a newline when the batch is over or a wait was interrupted. No colours, no
 * escape sequences; nothing in a terminal's background, and nothing ever if stderr is no terminal when the pool is made.
 * What the program itself prints in between belongs behind spork_progress_clear().
 *
 * Both are the work of calls that wait in the pool, or hand it items: between these they rest. In an INLINE pool they
 * come between two items, and when one tells its part by spork_task_progress().
 *
 * @{
 */

/** What a worker is at. */
typedef struct {
    int running;      /**< 0: nothing, it sleeps, starts, or is between two items */
    apr_size_t index; /**< of the item that it runs, as in spork_outcome_t */
    double part;      /**< of it that is done, 0 to 1, as the task tells; negative: it does not */
} spork_progress_worker_t;

/** How far a batch is. */
struct spork_progress_t {
    apr_uint64_t done;           /**< items that have ended, failed ones included */
    apr_uint64_t total;          /**< that the pool was given so far; 0: unknown (a stream) */
    apr_uint64_t failed;         /**< that did not succeed, cancelled ones included */
    double rate;                 /**< items a second, lately; 0: none yet */
    apr_interval_time_t elapsed; /**< microseconds since it began */
    apr_interval_time_t left;    /**< microseconds that the rest will take at that rate; negative: unknown */
    int ended;                   /**< 1: this is the last of the batch */
    int n_workers;               /**< entries in workers; 1 for an INLINE pool: the caller */
    const spork_progress_worker_t *workers; /**< what each is at */
};

/**
 * Take the line off the terminal, so that the program can print; it is drawn again when it is time.
 * @param pool whose
 */
SPORK_API void spork_progress_clear(spork_pool_t *pool);

/**
 * How many items the batch will have in all, the one that is under way or else the next: for items that are submitted a
 * few at a time, and for streams, of which the pool does not know it. The batch is over, then, when so many have ended, and not
 * before, except with the pool. More may be given to it after all.
 * @param pool  whose
 * @param total items of the whole batch; 0: that is not known
 */
SPORK_API void spork_progress_total(spork_pool_t *pool, apr_uint64_t total);

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_memory Memory shared with the workers
 *
 * What all see, without a copy. The parent allocates, frees and refers to it; a task looks at what it is referred to.
 * It has no name in the system, and ends with the pool. Nothing orders what two processes do to the same bytes: each
 * its own part, or atomic words. Never a lock in it, for its owner may be dead.
 *
 * @{
 */

/**
 * Memory that the workers see: mapped over without a copy, named to tasks by spork_ref().
 * @param pool whose workers
 * @param size bytes; 0 gives NULL
 * @return zeroed, aligned for any type (64 bytes); NULL if the arena or the system has no room (spork_error() says which). The
 *         pool's: freed by spork_free() or with the pool.
 */
SPORK_API void *spork_alloc(spork_pool_t *pool, apr_size_t size);
/**
 * Give memory of spork_alloc() back.
 * @param pool   whose it is
 * @param memory NULL is fine, anything else that spork_alloc() did not return is ignored
 */
SPORK_API void spork_free(spork_pool_t *pool, void *memory);

/** A place in shared memory, good in any worker of the pool; may be part of an item's input. */
typedef struct {
    apr_uint64_t opaque[2]; /**< spork's */
} spork_ref_t;

/**
 * Name a place inside memory from spork_alloc().
 * @param pool   whose memory it is
 * @param memory the place, also in the middle of an allocation
 * @return what spork_deref() takes; all zero if the place is none.
 */
SPORK_API spork_ref_t spork_ref(spork_pool_t *pool, const void *memory);
/**
 * In a task: a place as a pointer.
 * @param task this run
 * @param ref  what spork_ref() returned in the parent
 * @param size how many bytes of it the task uses
 * @return NULL unless all of size bytes are inside the allocation.
 */
SPORK_API void *spork_deref(spork_task_t *task, spork_ref_t ref, apr_size_t size);

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_atomics Atomic words
 *
 * In memory that several processes share. For both sides, from any thread, on words in memory from spork_alloc(): in
 * a task where spork_deref() found them, in the parent where they are. (Also in other memory, between threads.)
 *
 * Each is one step for everybody, without a lock: a worker that dies leaves nothing half done, and nobody waits for it.
 * The order is memory_order_seq_cst (C11, 7.17.3): all processes see all of these operations in one order, and who reads
 * what another wrote sees all that was written before it. `at` must be a multiple of 4 (of 8 for the 64-bit ones), as
 * the first byte of an allocation and members of a struct are; a NULL is a crash, as of any pointer. A system
 * without lock-free ones does not compile spork.
 *
 * @{
 */

/**
 * Read a word.
 * @param at where it is
 * @return what it is.
 */
SPORK_API apr_uint32_t spork_atomic_load32(const apr_uint32_t *at);
/**
 * Write a word.
 * @param at    where it is
 * @param value what it becomes
 */
SPORK_API void spork_atomic_store32(apr_uint32_t *at, apr_uint32_t value);
/**
 * Write a word, and tell what was there.
 * @param at    where it is
 * @param value what it becomes
 * @return what it was.
 */
SPORK_API apr_uint32_t spork_atomic_exchange32(apr_uint32_t *at, apr_uint32_t value);
/**
 * Add to a word; it wraps at its type's end.
 * @param at where it is
 * @param n  what is added
 * @return what it was before.
 */
SPORK_API apr_uint32_t spork_atomic_add32(apr_uint32_t *at, apr_uint32_t n);
/**
 * Compare and swap: write a word if it is what the caller thinks.
 * @param at       where it is
 * @param expected what it must be; receives what it is, if that is something else
 * @param desired  what it becomes
 * @return 1 if it was written, else 0.
 */
SPORK_API int spork_atomic_cas32(apr_uint32_t *at, apr_uint32_t *expected, apr_uint32_t desired);

/** @copydoc spork_atomic_load32 */
SPORK_API apr_uint64_t spork_atomic_load64(const apr_uint64_t *at);
/** @copydoc spork_atomic_store32 */
SPORK_API void spork_atomic_store64(apr_uint64_t *at, apr_uint64_t value);
/** @copydoc spork_atomic_exchange32 */
SPORK_API apr_uint64_t spork_atomic_exchange64(apr_uint64_t *at, apr_uint64_t value);
/** @copydoc spork_atomic_add32 */
SPORK_API apr_uint64_t spork_atomic_add64(apr_uint64_t *at, apr_uint64_t n);
/** @copydoc spork_atomic_cas32 */
SPORK_API int spork_atomic_cas64(apr_uint64_t *at, apr_uint64_t *expected, apr_uint64_t desired);

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_services Services
 *
 * What is kept in one place, the parent, and asked from tasks: a connection, a model, a table. The parent serves, a
 * service answers, a task calls. After multiprocessing's Manager, without a process or thread of its own.
 *
 * @{
 */

/** The most bytes of the name of a service, a queue or a dictionary, without the end's zero. */
#define SPORK_NAME_MAX 63

/** What a service answers with; valid during its call. */
typedef struct spork_answer_t spork_answer_t;

/**
 * A service: a function of the parent's, run there for a task that calls it by name.
 * @param baton   what spork_pool_serve() was given
 * @param in      the request: a private copy, aligned for any type, gone after return; NULL if in_size is 0. A worker
 *                made it: look at it as at a stranger's
 * @param in_size bytes of the request
 * @param answer  for spork_answer() and spork_answer_fail()
 * @return APR_SUCCESS, or any other code, which spork_call() returns as it is, without an answer
 *
 * It runs in the thread that waits in the pool, one at a time, and nothing else goes on in the pool meanwhile: no deadline
 * is kept, no other call answered. It must return (no longjmp() out of it). It may not call the pool it serves, but for its
 * dictionaries, and its queues as with a time-out of 0. In an INLINE pool it runs inside spork_call().
 */
typedef apr_status_t (*spork_service_t)(void *baton, const void *in, apr_size_t in_size,
                                        spork_answer_t *answer);

/**
 * Let tasks of this pool call fn by this name, from now on until the pool's end.
 * @param pool  which
 * @param name  1 to SPORK_NAME_MAX bytes; copied
 * @param fn    NULL: serve it no longer
 * @param baton handed to fn
 * @return APR_EEXIST if the name is taken; SPORK_ENOTFOUND if fn is NULL and it is not; SPORK_ECLOSED.
 */
SPORK_API apr_status_t spork_pool_serve(spork_pool_t *pool, const char *name, spork_service_t fn,
                                        void *baton);

/**
 * In a service: the answer; a second one replaces the first, none is an empty one.
 * @param answer the call's
 * @param data   size bytes, copied; may be NULL if size is 0
 * @param size   bytes
 * @return SPORK_ETOOBIG, APR_ENOMEM.
 */
SPORK_API apr_status_t spork_answer(spork_answer_t *answer, const void *data, apr_size_t size);
/**
 * In a service: words for a call that is about to fail; the caller finds them in its spork_error().
 * @param answer the call's
 * @param format as printf()'s
 */
SPORK_API void spork_answer_fail(spork_answer_t *answer, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/**
 * In a task: run a service in the parent, and wait for its answer.
 *
 * The parent serves while it waits in the pool (see Housekeeping above), also while spork_submit() makes room or
 * spork_future_outcome() looks; until it does, the task waits. The item's deadline goes on meanwhile, and it can be
 * cancelled. A caller that dies costs its own item, nothing else: the service has then run once or not at all, and
 * its answer is dropped. A retried item calls again.
 *
 * @param task      this run
 * @param name      of the service
 * @param in        in_size bytes; may be NULL if in_size is 0
 * @param in_size   bytes of the request; 0 is legal
 * @param out       receives the answer, NULL unless it has bytes and the call succeeded. Aligned for any type, valid until
 *                  this task's next call of a service, queue or dictionary, and no longer than the item. NULL: not wanted
 * @param out_size  receives its size; NULL: not wanted
 * @return what the service returned; SPORK_ENOTFOUND; SPORK_ETOOBIG if request or answer is larger than the arena;
 *         APR_ENOMEM; APR_EINVAL also in an initializer.
 *
 * Up to 1 KiB each way is one message; more travels in parts, through 128 KiB of the arena for each worker.
 */
SPORK_API apr_status_t spork_call(spork_task_t *task, const char *name, const void *in, apr_size_t in_size,
                                  const void **out, apr_size_t *out_size);

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_shared A queue and a dictionary
 *
 * Services that are there already: the parent keeps them, all processes of the pool use them. Each function works on
 * a handle, which is the parent's own (…_create) or a task's (…_open), and does the same in both. In a task it is a
 * spork_call(): all that is said there of waiting and dying holds. So a death at any moment, of whoever, leaves them
 * sound, and nobody waits for the dead.
 *
 * @{
 */

/** A bounded queue of messages, first in, first out. */
typedef struct spork_queue_t spork_queue_t;

/**
 * Make a queue.
 * @param queue    receives it; NULL on failure
 * @param pool     whose tasks may open it
 * @param name     by which tasks open it: 1 to SPORK_NAME_MAX bytes, and no other service's
 * @param capacity bytes of messages that it holds, each counted with 16 more; 0: 64 MiB
 * @return APR_EEXIST if the name is taken; SPORK_ECLOSED. The queue is freed by spork_queue_destroy() or with the pool.
 */
SPORK_API apr_status_t spork_queue_create(spork_queue_t **queue, spork_pool_t *pool, const char *name,
                                          apr_size_t capacity);
/**
 * In a task: a handle that lives as long as the item. Whether there is such a queue shows when it is used.
 * @param queue receives it
 * @param task  this run
 * @param name  as the parent called it
 * @return APR_SUCCESS, or APR_ENOMEM.
 */
SPORK_API apr_status_t spork_queue_open(spork_queue_t **queue, spork_task_t *task, const char *name);

/**
 * Put a message in, once: also for who dies meanwhile it is in as a whole, or not at all.
 * @param queue   which
 * @param data    size bytes, copied; may be NULL if size is 0
 * @param size    bytes of the message
 * @param timeout microseconds to wait for room (that is the back-pressure): negative for ever, 0 just looks
 * @return SPORK_ETOOBIG if the message is larger than the queue, or than the arena; APR_TIMEUP; SPORK_ECLOSED after spork_queue_close();
 *         APR_EOF if the wait is vain (see below); SPORK_ENOTFOUND; SPORK_ECANCELLED (parent) when interrupted.
 */
SPORK_API apr_status_t spork_queue_put(spork_queue_t *queue, const void *data, apr_size_t size,
                                       apr_interval_time_t timeout);

/**
 * Take the oldest message out. It is handed out once: what a worker that dies has taken is gone.
 * @param queue   which
 * @param data    receives it (NULL if it is empty). In a task as spork_call()'s out; in the parent until the next get
 * @param size    receives its bytes
 * @param timeout microseconds to wait for a message: negative for ever, 0 just looks
 * @return APR_TIMEUP; APR_EOF if the queue is closed and empty, or if the wait is vain: in the parent, no submitted item is
 *         under way that could put; in an INLINE pool, or a service, nobody else runs; in a task that waits for ever, all
 *         items that run wait so, nobody is free to begin another, and the parent itself waits without a time-out (the
 *         pool notices this within about a second). SPORK_ENOTFOUND; SPORK_ECANCELLED (parent) when interrupted;
 *         SPORK_ESTART and the like (parent) if no workers can be had any more.
 *
 * Items of a map that wait for each other need chunk = 1: else the one that is waited for may be behind the one that
 * waits, in the same chunk.
 */
SPORK_API apr_status_t spork_queue_get(spork_queue_t *queue, const void **data, apr_size_t *size,
                                       apr_interval_time_t timeout);

/**
 * No more messages: puts are SPORK_ECLOSED, also those that wait; gets are APR_EOF once it is empty.
 * @param queue which
 * @return APR_SUCCESS, also when called again; SPORK_ENOTFOUND.
 */
SPORK_API apr_status_t spork_queue_close(spork_queue_t *queue);
/**
 * How many messages are in it now. In the parent this only looks: what workers want to put is served by calls that wait.
 * @param queue which
 * @param count receives the number
 * @return SPORK_ENOTFOUND.
 */
SPORK_API apr_status_t spork_queue_count(spork_queue_t *queue, apr_size_t *count);
/**
 * In the parent: free it, with its messages; who waits gets SPORK_ECLOSED.
 * @param queue NULL is fine; a task's handle is ignored
 */
SPORK_API void spork_queue_destroy(spork_queue_t *queue);

/** A dictionary: keys are strings, values bytes. In the parent these calls wait for nothing, nor serve: they look. */
typedef struct spork_dict_t spork_dict_t;

/**
 * Make a dictionary.
 * @param dict     receives it; NULL on failure
 * @param pool     whose tasks may open it
 * @param name     by which tasks open it: 1 to SPORK_NAME_MAX bytes, and no other service's
 * @param capacity bytes that keys and values may take, each pair counted with 64 more; 0: 64 MiB
 * @return as spork_queue_create(). Freed by spork_dict_destroy() or with the pool.
 */
SPORK_API apr_status_t spork_dict_create(spork_dict_t **dict, spork_pool_t *pool, const char *name,
                                         apr_size_t capacity);
/**
 * In a task, as spork_queue_open().
 * @param dict receives it
 * @param task this run
 * @param name as the parent called it
 * @return APR_SUCCESS, or APR_ENOMEM.
 */
SPORK_API apr_status_t spork_dict_open(spork_dict_t **dict, spork_task_t *task, const char *name);

/**
 * Set a key's value.
 * @param dict  which
 * @param key   a string; copied
 * @param value size bytes, copied; may be NULL if size is 0
 * @param size  bytes of the value
 * @return SPORK_ETOOBIG if that does not fit the capacity: then all is as before. SPORK_ENOTFOUND if there is no such
 *         dictionary.
 */
SPORK_API apr_status_t spork_dict_put(spork_dict_t *dict, const char *key, const void *value,
                                      apr_size_t size);
/**
 * Read a key's value.
 * @param dict  which
 * @param key   a string
 * @param value receives it (NULL if it is empty). In a task as spork_call()'s out; in the parent until it is changed.
 *              NULL: not wanted
 * @param size  receives its bytes; NULL: not wanted
 * @return SPORK_ENOTFOUND if there is none.
 */
SPORK_API apr_status_t spork_dict_get(spork_dict_t *dict, const char *key, const void **value,
                                      apr_size_t *size);
/**
 * Take a key out.
 * @param dict which
 * @param key  a string
 * @return SPORK_ENOTFOUND if it is not in.
 */
SPORK_API apr_status_t spork_dict_delete(spork_dict_t *dict, const char *key);
/**
 * Set a key's value if it is what the caller thinks, in one step.
 * @param dict          which
 * @param key           a string; copied
 * @param expected      what the value must be now; NULL: the key must not be in
 * @param expected_size its bytes
 * @param value         size bytes, copied; may be NULL if size is 0
 * @param size          bytes of the new value
 * @param done          receives 1 if it was set, 0 if it was something else
 * @return as spork_dict_put(); APR_SUCCESS also if it was something else.
 */
SPORK_API apr_status_t spork_dict_replace(spork_dict_t *dict, const char *key, const void *expected,
                                          apr_size_t expected_size, const void *value, apr_size_t size,
                                          int *done);
/**
 * Add n to a value that is an apr_int64_t, in one step; one that is not in counts as 0.
 * @param dict which
 * @param key  a string; copied
 * @param n    what is added
 * @param sum  receives the new value; NULL: not wanted
 * @return APR_EINVAL if the value is of another size, or the sum overflows: then all is as before.
 */
SPORK_API apr_status_t spork_dict_add(spork_dict_t *dict, const char *key, apr_int64_t n, apr_int64_t *sum);
/**
 * How many keys are in it now.
 * @param dict  which
 * @param count receives the number
 * @return SPORK_ENOTFOUND.
 */
SPORK_API apr_status_t spork_dict_count(spork_dict_t *dict, apr_size_t *count);
/**
 * In the parent: call a function for every key, in no order. A task cannot (APR_EINVAL).
 * @param dict  which
 * @param each  called with the key and its value; an error ends it. It may not change the dictionary, and must return
 *              (no longjmp() out of it)
 * @param baton handed to `each`
 * @return what `each` returned, if that was an error.
 */
SPORK_API apr_status_t spork_dict_each(spork_dict_t *dict,
                                       apr_status_t (*each)(void *baton, const char *key, const void *value,
                                                            apr_size_t size),
                                       void *baton);
/**
 * In the parent: free it.
 * @param dict NULL is fine; a task's handle is ignored
 */
SPORK_API void spork_dict_destroy(spork_dict_t *dict);

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_inside Inside a task
 *
 * What a task can ask and say. For tasks and initializers, with the task that they were called with, in their own
 * thread; not in a child that they fork.
 *
 * @{
 */

/**
 * How large this item's input is.
 * @param task this run
 * @return bytes.
 */
SPORK_API apr_size_t spork_task_in_size(const spork_task_t *task);

/**
 * Answer with size bytes, copied; a second reply replaces the first, no reply is an empty one. In a map the
 * bytes go into the item's slot (what is left of it is unspecified).
 * @param task this run
 * @param data size bytes; may be NULL if size is 0
 * @param size bytes of the reply
 * @return SPORK_ETOOBIG if the reply is too large for a map's slot or can never fit the arena. May wait until
 *         the parent has taken earlier replies.
 */
SPORK_API apr_status_t spork_reply(spork_task_t *task, const void *data, apr_size_t size);

/**
 * Memory for one item.
 * @param task this run
 * @return an APR memory pool that is cleared after each item.
 */
SPORK_API apr_pool_t *spork_task_pool(spork_task_t *task);
/**
 * Which item this is.
 * @param task this run
 * @return its index in its map or stream, or its number in the pool.
 */
SPORK_API apr_size_t spork_task_index(const spork_task_t *task);
/**
 * Which worker this is.
 * @param task this run
 * @return 0 to workers − 1; a replacement takes the number of the dead.
 */
SPORK_API int spork_worker_id(const spork_task_t *task);

/**
 * Tell what part of this item is done, for long items: it costs a store. See spork_progress_t.
 * @param task this run
 * @param part 0 to 1
 */
SPORK_API void spork_task_progress(spork_task_t *task, double part);

/** The most bytes of spork_fail()'s words that are kept, the end's zero included. */
#define SPORK_MESSAGE_MAX 256
/**
 * Words for an item that is about to fail: they become the outcome's message.
 * @param task   this run
 * @param format as printf()'s
 */
SPORK_API void spork_fail(spork_task_t *task, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_logs Logs
 *
 * A file for each worker, and one of all. With log_dir every worker appends to a file of its own,
 * log_dir/NAME_PID.log: NAME is the program's name as it was started (without .exe), PID the process's id, so that a
 * replacement has a new file. The directory is made if it is not there, its parents too; relative paths count from
 * where the process is when the pool is made. An INLINE pool has one such file, the caller's own.
 *
 * A record is a line:
 *
 *     2026-11-25T10:26:38.123456Z 1795602398.123456789 INFO pid=4711 worker=2 item=17 the message
 *
 * First the wall clock's time, UTC. The number behind it orders the records of all workers: seconds of the machine's monotonic
 * clock, counted from the wall clock's time at which this program first made a pool with logs. So when the wall clock is
 * set while a pool runs, the order stays right. (On Linux the monotonic clock stands still while the machine sleeps.) Then the
 * level, the process, the worker's number, and the item's index, "-" in an initializer.
 *
 * A record is written at once, by one write at the file's end (O_APPEND of POSIX, FILE_APPEND_DATA of Windows): a
 * worker's death can cut the last line only. In the message newline, carriage return, backslash and other control
 * characters (but the tab) stand as `\n`, `\r`, `\\`, `\x1b`; UTF-8 is left as it is. A line has at most
 * SPORK_LOG_MAX bytes: a longer message is cut at a character, and ends with " [cut]".
 *
 * A disk that is full, or a file that cannot be opened, does not stop a worker: the records are dropped, spork_log() returns
 * the status, spork_logs_lost() counts them, and the log itself says how many once there is room again. That
 * log_dir or log_merge cannot be written is found out when the pool is made, and is an error then.
 *
 * log_output sends what workers print to their files, as it is, between the records in the order of the calls; what a
 * task's own children print, when they print it. If a record follows a line without an end, that gets one. On Windows
 * the C library's streams (in binary: lines end with `\n`) and the system's standard handles are sent there. A worker
 * whose file cannot be opened prints where its parent does. INLINE leaves the caller's streams alone.
 *
 * @{
 */

/** The most bytes of a line of a log that spork_log() writes, its newline included. */
#define SPORK_LOG_MAX 4096

/**
 * In a task or initializer: write a record to this worker's log. From any thread, while the task runs.
 * @param task   this run
 * @param level  what the pool's log_level leaves out costs a comparison; so does everything without a log_dir
 * @param format as printf's
 * @return APR_SUCCESS, also for what is left out; else why the record was dropped. Not in a child that the task
 *         forked: APR_EINVAL.
 */
SPORK_API apr_status_t spork_log(spork_task_t *task, spork_level_e level, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 3, 4)))
#endif
    ;

/**
 * Records that could not be written. For the parent.
 * @param pool whose
 * @return how many, of all workers since the pool was made.
 */
SPORK_API apr_uint64_t spork_logs_lost(const spork_pool_t *pool);

/**
 * Merge all logs of a directory into one file, ordered by the second column; equal ones in the order of the files'
 * names. From any thread, of any program: no pool is needed. Lines that are not records (what workers printed) stay
 * behind the record before them. A last line without an end, that of a worker which died while it wrote, is kept,
 * gets the mark " [cut]" and an end. The logs stay as they are, and may grow meanwhile: what was there at the
 * beginning is merged.
 *
 * @param dir  all files NAME_PID.log in it are merged, those of earlier runs and other programs too: a directory for
 *             each run if that is not wanted. Other files are not looked at.
 * @param out  replaced if it is there; untouched after a failure. It is written beside its place first, as
 *             OUT.PID-N.tmp, which stays behind only if the process is killed meanwhile. APR_EINVAL if it is one of the
 *             logs or would be by its name, or is there and is no plain file.
 * @param pool memory used meanwhile is taken from it; NULL is fine
 * @return a status of the system's for a file that cannot be read, or a disk that is full
 *
 * Takes 2 MiB of memory, beyond 2000 files 1 KiB a file, and two descriptors, whatever the size. APR must have been
 * initialized, as spork_init() does. With log_merge, spork_pool_close() does this when the workers are gone, and
 * returns its status.
 */
SPORK_API apr_status_t spork_logs_merge(const char *dir, const char *out, apr_pool_t *pool);

/** @} */

/* -------------------------------------------------------------------------------------------------------- */
/**
 * @defgroup spork_machine The machine
 *
 * What this process may use.
 *
 * @{
 */

/**
 * How many processors this process may use. On both sides, from any thread.
 * @return the least of its affinity (sched_getaffinity(2), the process's mask on Windows), the control group's quota rounded up
 *         (cgroups(7), versions 1 and 2), and the job object's rate; at least 1. Where a system tells none of these, the processors that
 *         are on line.
 */
SPORK_API int spork_cpu_count(void);

/** @} */

#ifdef __cplusplus
}
#endif
#endif
