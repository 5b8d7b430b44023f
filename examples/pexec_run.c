/*
 * All jobs: from arguments to commands, through the pool, to what is printed and logged.
 *
 * No more jobs are under way than are needed to keep the workers busy, so that input without an end is no
 * trouble. Retries are ours, not the pool's: those are for workers that die, these for commands that fail.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ctrl_c.h"
#include "pexec.h"
#include "pexec_os.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELD_MAX 4096 /* jobs that are done, or under way, behind one whose turn it is to be printed */
#define SIGNAL_OF_TIMEOUT 15
#define EXIT_OF_SIGNAL 128

typedef struct {
    const options_t *options;
    apr_pool_t *mem;
    spork_pool_t *pool;
    input_t *input;
    template_t *plan;
    print_t *print;
    log_t *log;
    const char *folder;       /* NULL: output is not kept */
    apr_time_t *started;      /* one for each job under way, in shared memory, … */
    apr_array_header_t *free; /* … and those that are free, of apr_time_t * */
    job_t *first, **last;     /* with keep_order: not printed yet */
    apr_uint64_t number;      /* of the last job that was begun */
    apr_uint64_t failed, succeeded, begun, printed;
    int under_way;
    int exhausted;   /* there are no more arguments, or none are wanted */
    int waiting;     /* for the next one */
    int halted;      /* by --halt */
    int halt_status; /* and then this is the exit status, GO_ON: what it would be anyway */
    int trouble;
    apr_uint64_t total; /* tries, as far as they are known; 0: they are not */
} batch_t;

int say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("pexec: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    return EXIT_TROUBLE;
}

static void say_trouble(batch_t *batch, const char *what, apr_status_t status)
{
    char words[128];
    (void)say("%s: %s", what, apr_strerror(status, words, sizeof words));
    batch->trouble = 1;
}

/* ---- a job begins ------------------------------------------------------------------------------------- */

static void make_request(batch_t *batch, job_t *job)
{
    request_t request = { { { 0, 0 } }, 0, spork_pool_workers(batch->pool) > 0 };
    apr_size_t size = sizeof request + strlen(job->files) + 1;
    char *at;

    for (const char *const *word = job->command.words; *word; word++, request.words++)
        size += strlen(*word) + 1;
    job->request = apr_palloc(job->mem, size);
    job->request_size = size;
    request.started = spork_ref(batch->pool, job->started);
    memcpy(job->request, &request, sizeof request);
    at = job->request + sizeof request;
    at = strcpy(at, job->files) + strlen(job->files) + 1;
    for (const char *const *word = job->command.words; *word; word++)
        at = strcpy(at, *word) + strlen(*word) + 1;
}

static int submit(batch_t *batch, job_t *job)
{
    *job->started = apr_time_now(); /* should it never come so far as to tell */
    job->tries++;
    memset(&job->result, 0, sizeof job->result);
    if (spork_submit(&job->future, batch->pool, run_command, job->request, job->request_size) !=
        APR_SUCCESS) {
        say("%s", spork_error());
        batch->trouble = 1;
        return 0;
    }
    spork_future_set_baton(job->future, job);
    batch->under_way++;
    return 1;
}

static int start(batch_t *batch, job_t *job)
{
    job->files =
        batch->folder ? apr_psprintf(job->mem, "%s/%" APR_UINT64_T_FMT, batch->folder, job->number) : "";
    job->started = *(apr_time_t **)apr_array_pop(batch->free);
    make_request(batch, job);
    batch->begun++;
    if (batch->options->keep_order) {
        *batch->last = job;
        batch->last = &job->next;
    }
    return submit(batch, job);
}

/* The next job that is to be run; NULL: none, now (waiting) or ever (exhausted). */
static job_t *next_job(batch_t *batch)
{
    const options_t *options = batch->options;
    const char *wrong;
    apr_pool_t *mem;
    job_t *job;
    apr_status_t status;
    int skip;

    (void)apr_pool_create(&mem, batch->mem);
    do {
        apr_pool_clear(mem);
        job = apr_pcalloc(mem, sizeof *job);
        job->mem = mem;
        status = input_next(batch->input, &job->arg, mem);
        skip = status == APR_SUCCESS && options->skip_empty && job->arg[0] == '\0';
        if (status == APR_SUCCESS && !skip) job->number = ++batch->number;
    } while (skip || log_has(batch->log, job->number));

    batch->waiting = APR_STATUS_IS_EAGAIN(status);
    batch->exhausted = status != APR_SUCCESS && !batch->waiting;
    if (status == APR_EINVAL)
        batch->trouble = say("a zero byte in the input: use --null");
    else if (batch->exhausted && !APR_STATUS_IS_EOF(status))
        say_trouble(batch, "cannot read the input", status);
    if (status == APR_SUCCESS) {
        wrong = template_fill(&job->command, batch->plan, job->arg, job->number, mem);
        if (wrong == NULL) return job;
        batch->trouble = batch->exhausted = say("%s: %s", wrong, job->arg);
    }
    apr_pool_destroy(mem);
    return NULL;
}

static int want_more(const batch_t *batch)
{
    const int held = batch->options->keep_order && batch->begun - batch->printed >= HELD_MAX;
    return !batch->exhausted && !batch->halted && !batch->trouble && batch->free->nelts > 0 && !held;
}

static void begin_jobs(batch_t *batch)
{
    job_t *job;
    while (want_more(batch) && !ctrl_c_came() && (job = next_job(batch)) != NULL)
        if (!start(batch, job)) break;
}

/* ---- a job ends --------------------------------------------------------------------------------------- */

static const char *how_it_died(const spork_outcome_t *outcome, apr_pool_t *mem)
{
    if (outcome->signal) return apr_psprintf(mem, " (signal %d)", outcome->signal);
    if (outcome->exit_code) return apr_psprintf(mem, " (exit code %lu)", (unsigned long)outcome->exit_code);
    return "";
}

static apr_uint64_t size_of(const job_t *job, const char *suffix)
{
    apr_finfo_t info;
    const char *path = apr_pstrcat(job->mem, job->files, suffix, NULL);
    return apr_stat(&info, path, APR_FINFO_SIZE, job->mem) == APR_SUCCESS ? (apr_uint64_t)info.size : 0;
}

/* The job got no answer: its worker was ended, or had trouble of its own. What the command wrote is in its files. */
static void judge_without_reply(batch_t *batch, job_t *job, const spork_outcome_t *outcome)
{
    char words[128];
    const char *why =
        outcome->message[0] ? outcome->message : spork_strerror(outcome->status, words, sizeof words);

    job->result.ended = apr_time_now();
    job->result.in_files = job->files[0] != '\0';
    if (job->result.in_files) job->result.out_size = size_of(job, ".out");
    job->result.exit_code = -1;
    if (outcome->status == SPORK_EDEADLINE) {
        job->result.signal = SIGNAL_OF_TIMEOUT; /* so GNU parallel logs it */
        job->trouble = apr_psprintf(job->mem, "pexec: ended, for it took longer than %g s: %s\n",
                                    (double)batch->options->timeout / APR_USEC_PER_SEC, job->command.line);
    } else {
        job->result.signal = outcome->signal;
        if (outcome->signal) job->result.exit_code = 0;
        job->trouble = apr_psprintf(job->mem, "pexec: %s%s: %s\n", why, how_it_died(outcome, job->mem),
                                    job->command.line);
    }
}

static void judge(batch_t *batch, job_t *job)
{
    const spork_outcome_t *outcome = spork_future_outcome(job->future);

    job->trouble = NULL;
    if (outcome->status == APR_SUCCESS && outcome->out_size >= sizeof job->result) {
        memcpy(&job->result, outcome->out, sizeof job->result);
        if (outcome->message[0]) job->trouble = apr_psprintf(job->mem, "pexec: %s\n", outcome->message);
        const apr_size_t kept = outcome->out_size - sizeof job->result;
        if (!job->result.in_files &&
            (job->result.out_size > kept || job->result.err_size != kept - job->result.out_size))
            job->result.out_size = job->result.err_size = 0; /* not what run_command() replies */
    } else {
        judge_without_reply(batch, job, outcome);
    }
}

/* What is in the log was printed before: --resume leaves it out. */
static void print(batch_t *batch, job_t *job)
{
    apr_status_t status;
    const char *what = "cannot write the output";

    spork_progress_clear(batch->pool);
    status = print_job(batch->print, job);
    if (status == APR_SUCCESS) {
        what = "cannot write the joblog";
        status = log_job(batch->log, job);
    }
    if (status != APR_SUCCESS && !batch->trouble) say_trouble(batch, what, status);
    batch->printed++;
    spork_future_destroy(job->future);
    apr_pool_destroy(job->mem);
}

static void print_in_order(batch_t *batch)
{
    while (batch->first && batch->first->done) {
        job_t *job = batch->first;
        batch->first = job->next;
        if (batch->first == NULL) batch->last = &batch->first;
        print(batch, job);
    }
}

/* After a halt: those whose turn has not come because one before them was ended. */
static void print_rest(batch_t *batch)
{
    for (job_t *job = batch->first, *next; job != NULL; job = next) {
        next = job->next;
        if (job->done) print(batch, job);
    }
    batch->first = NULL;
}

static int exit_of(const job_t *job)
{
    if (job->result.exit_code != 0) { /* of 32 bits on Windows, of which the last eight may be zeros */
        const int code = (int)(job->result.exit_code & 0xff);
        return code != 0 ? code : EXIT_FAILURE;
    }
    return job->result.signal ? EXIT_OF_SIGNAL + (int)job->result.signal : 0;
}

/* GNU parallel's rules: if one job was enough to halt, its exit status is ours. */
static void consider_halt(batch_t *batch, const job_t *job)
{
    static const char *const words[] = { "failed", "succeeded", "finished" };
    const options_t *options = batch->options;
    const apr_uint64_t counts[] = { batch->failed, batch->succeeded, batch->failed + batch->succeeded };
    const int counted = options->why == HALT_DONE || (options->why == HALT_FAIL) == job_failed(job);

    if (options->halt == HALT_NEVER || !counted) return;
    spork_progress_clear(batch->pool);
    (void)fflush(stderr);
    say("this job %s: %s", words[options->why], job->command.line);
    if (batch->halted || counts[options->why] < options->count) return;
    batch->halted = 1;
    if (options->count == 1) batch->halt_status = exit_of(job);
    if (options->why == HALT_SUCCESS) batch->halt_status = 0;
}

static void finish(batch_t *batch, spork_future_t *future)
{
    const options_t *options = batch->options;
    job_t *job = spork_future_baton(future);

    batch->under_way--;
    judge(batch, job);
    if (job_failed(job) && (options->tries == 0 || job->tries < options->tries) && !batch->halted) {
        print_forget(job);
        spork_future_destroy(future);
        if (batch->total > 0) spork_progress_total(batch->pool, ++batch->total);
        (void)submit(batch, job);
        return;
    }
    job->done = 1;
    if (job_failed(job))
        batch->failed++;
    else
        batch->succeeded++;
    job->began = *job->started;
    APR_ARRAY_PUSH(batch->free, apr_time_t *) = job->started;
    consider_halt(batch, job);
    if (options->keep_order)
        print_in_order(batch);
    else
        print(batch, job);
}

/* ---- all of them ------------------------------------------------------------------------------------------ */

static int dry_run(batch_t *batch)
{
    job_t *job;
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && (job = next_job(batch)) != NULL) {
        status = print_line(batch->print, job);
        apr_pool_destroy(job->mem);
    }
    if (status != APR_SUCCESS) say_trouble(batch, "cannot write", status);
    return batch->trouble ? EXIT_TROUBLE : 0;
}

static void run_all(batch_t *batch)
{
    const int now = batch->options->halt == HALT_NOW;
    spork_future_t *future;
    apr_status_t status;

    for (;;) {
        begin_jobs(batch);
        if (ctrl_c_came() || batch->trouble || (batch->halted && now)) break;
        if (batch->under_way == 0) {
            if (!batch->waiting || batch->halted) break;
            input_wait(batch->input);
            continue;
        }
        status = spork_wait_any(batch->pool, -1, &future);
        if (status == APR_SUCCESS) {
            finish(batch, future);
        } else if (status != SPORK_ECANCELLED) { /* that is Ctrl-C, or there is input */
            say("%s", spork_error());
            batch->trouble = 1;
        }
    }
}

static int exit_status(const batch_t *batch)
{
    if (batch->trouble) return EXIT_TROUBLE;
    if (batch->halted && batch->halt_status != GO_ON) return batch->halt_status;
    return batch->failed < EXIT_MANY ? (int)batch->failed : EXIT_MANY;
}

/* Jobs that wait in the pool cannot be told from those that run: so, if a halt is to start no more, none waits. */
static int window_of(const batch_t *batch)
{
    const int workers = spork_pool_workers(batch->pool);
    if (workers == 0) return 1;
    return batch->options->halt == HALT_NEVER ? 2 * workers : workers;
}

static apr_status_t make_pool(batch_t *batch)
{
    const options_t *options = batch->options;
    spork_config_t config;
    apr_status_t status;

    spork_config_init(&config);
    config.workers = options->workers;
    config.timeout = options->timeout;
    config.progress = options->bar;
    config.progress_label = "pexec";
    status = spork_pool_create(&batch->pool, &config, batch->mem);
    if (status != APR_SUCCESS) {
        say("%s", spork_error());
    } else if (options->timeout > 0 && spork_pool_workers(batch->pool) == 0) {
        say("--timeout needs workers, which the start method inline has not");
        status = APR_ENOTIMPL;
    }
    return status;
}

/* With the pool there, up to its end. */
static void run_pool(batch_t *batch)
{
    const options_t *options = batch->options;
    const int window = window_of(batch);
    apr_status_t status = APR_SUCCESS;
    apr_pool_t *lasting;

    batch->started = spork_alloc(batch->pool, (apr_size_t)window * sizeof *batch->started);
    if (batch->started == NULL) {
        batch->trouble = say("%s", spork_error());
        return;
    }
    batch->free = apr_array_make(batch->mem, window, sizeof(apr_time_t *));
    for (int i = window; i-- > 0;) APR_ARRAY_PUSH(batch->free, apr_time_t *) = &batch->started[i];
    if (!options->ungroup) status = folder_make(&batch->folder, batch->mem);
    if (status != APR_SUCCESS) say_trouble(batch, "cannot make a temporary folder", status);
    if (status == APR_SUCCESS && !options->args && !options->input) {
        status = apr_pool_create(&lasting, NULL);
        if (status == APR_SUCCESS) status = input_start(batch->input, batch->pool, lasting);
        if (status != APR_SUCCESS) say_trouble(batch, "cannot read the input", status);
    }
    if (options->args && !options->resume) batch->total = (apr_uint64_t)options->args->nelts;
    spork_progress_total(batch->pool, batch->total);
    if (status == APR_SUCCESS) run_all(batch);
    if (!ctrl_c_came()) print_rest(batch);
    input_close(batch->input);
    (void)spork_pool_terminate(batch->pool);
    folder_remove(batch->folder, batch->mem);
}

int run(const options_t *options, apr_pool_t *mem)
{
    batch_t batch = { 0 };
    apr_pool_t *lasting;
    const char *wrong;

    batch.options = options;
    batch.mem = mem;
    batch.last = &batch.first;
    batch.halt_status = GO_ON;
    wrong = template_make(&batch.plan, options, mem);
    if (wrong) return say("%s", wrong);
    apr_status_t status = apr_pool_create(&lasting, NULL); /* see input_start() */
    if (status == APR_SUCCESS) status = input_open(&batch.input, options, lasting);
    if (status != APR_SUCCESS) {
        say_trouble(&batch, options->input ? options->input : "cannot read", status);
        return EXIT_TROUBLE;
    }
    if (print_open(&batch.print, options, mem) != APR_SUCCESS) return say("there is no standard output");
    if (options->dry_run) {
        if (options->resume && !log_look(&batch.log, options->log, mem)) return EXIT_TROUBLE;
        return dry_run(&batch);
    }
    if (options->log && !log_open(&batch.log, options->log, options->resume, mem)) return EXIT_TROUBLE;

    if (make_pool(&batch) != APR_SUCCESS) {
        spork_pool_destroy(batch.pool);
        return EXIT_TROUBLE;
    }
    os_ignore_broken_pipe();
    ctrl_c_watch(batch.pool);
    run_pool(&batch);
    ctrl_c_forget();
    spork_pool_destroy(batch.pool);
    return exit_status(&batch);
}
