/*
 * A scripted os.h for unit tests: no process, no time and no memory but the test's own. A process is a
 * struct that lives until the test (or a kill) ends it; the clock stands still until somebody waits; a wait
 * that finds nothing asks the test's script to do something, and else lets the time pass.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FAKE_OS_H
#define FAKE_OS_H

#include "os.h"
#include "worker.h"

#define FAKE_PROCESSES 4096

typedef struct {
    int member;
    int forked;
    int alive;
    int hangs;  /* its task does not come back: fake_hang() */
    int killed; /* by the pool */
    int reaped;
    int destroyed;
    spk_os_exit_t end;
    spk_worker_t worker; /* what runs in it, when the test plays an honest worker */
} fake_process_t;

typedef struct {
    /* what the test may set, after fake_reset() */
    spk_os_facts_t facts;
    int cpus, threads, trusted;
    int64_t pid;
    uint64_t now;               /* the clock, nanoseconds */
    int fail_start;             /* the how manieth start of a process fails; 0: none, */
    int fail_more;              /* and so many after it, */
    apr_status_t fail_status;   /* with this */
    int fail_bell, fail_commit; /* the how manieth bell, commit fails; 0: none */
    int n_restores, fail_restore;
    int deaf_to_kill;              /* killed processes live on */
    int columns;                   /* of the terminal on stderr; negative (the default): there is none */
    int no_memory;                 /* who ends by himself does so for want of memory */
    void (*on_start)(int process); /* a process was started */
    int (*on_wait)(void);          /* the parent waits, nothing was rung: 1 if this did something */
    void (*on_poll)(int process);  /* the parent looks whether it lives */

    /* what it may look at */
    fake_process_t processes[FAKE_PROCESSES];
    int n_processes, n_starts; /* started; tried */
    int n_kills, n_waits, n_rings;
    int n_bells, n_commits;
    int n_segments;      /* that exist */
    char terminal[8192]; /* what was written to it */
    size_t terminal_size;
    int n_terminal;     /* how often */
    spk_header_t *head; /* of the last segment */
} fake_os_t;

extern fake_os_t fake;

/* As new: one processor, one thread, a clock at an hour, spawn and fork both there, spawn the default. */
void fake_reset(void);

/* The process that fills this seat now; -1: none. */
int fake_process_of(int member);
/* It ends. */
void fake_end(int process, int signal, uint32_t exit_code);
/* Start-up is over: what a worker does before it looks for jobs. */
void fake_be_ready(int process);
/* Play an honest worker: serve every open job as worker.c does, with the real worker_serve.c. A task may end
 * the process with fake_die(), or hang. 1 if there was anything to do. */
int fake_serve(int process);
void fake_die(int signal, uint32_t exit_code);
/* Called by a task: it goes on for ever, as far as the pool can see. */
void fake_hang(void);
/* on_start and on_wait of a crew without a fault. */
void fake_start_well(int process);
int fake_work_well(void);

#endif
