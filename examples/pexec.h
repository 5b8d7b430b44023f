/*
 * The parts of pexec. main (pexec.c) reads the options (pexec_options.c), then pexec_run.c takes arguments from
 * pexec_input.c, makes commands of them (pexec_template.c), hands these to the pool, whose workers run them
 * (pexec_command.c), prints what they wrote (pexec_print.c) and logs how they ended (pexec_log.c).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PEXEC_H
#define PEXEC_H

#include <apr_file_io.h>
#include <apr_tables.h>
#include <spork.h>

/* Exit statuses, GNU parallel's: the number of failed jobs up to 100, then these. */
#define EXIT_MANY 101
#define EXIT_TROUBLE 255

typedef enum { HALT_NEVER, HALT_SOON, HALT_NOW } halt_when_e;
typedef enum { HALT_FAIL, HALT_SUCCESS, HALT_DONE } halt_why_e;

typedef struct {
    int workers;                 /* 0: one a processor */
    apr_interval_time_t timeout; /* microseconds; 0: none */
    apr_uint64_t tries;          /* of a job that fails; 0: as many as it takes */
    halt_when_e halt;
    halt_why_e why;
    apr_uint64_t count; /* of jobs that fail, succeed or end before it halts */
    int ungroup, keep_order, tag, bar, dry_run, quote, shell, skip_empty, resume;
    char separator;              /* ends an argument of the input */
    const char *input;           /* -a FILE; NULL: standard input */
    const char *log;             /* NULL: none */
    apr_array_header_t *command; /* of const char *, its words */
    apr_array_header_t *args;    /* of const char *, after ":::"; NULL: they are read */
} options_t;

#define GO_ON (-1)
/* Reads the command line into what options_init() has filled. GO_ON, or the exit status. */
void options_init(options_t *options, apr_pool_t *mem);
int options_parse(options_t *options, int argc, const char *const *argv, apr_pool_t *mem);

/* "pexec: " and the words, on standard error. Returns EXIT_TROUBLE. */
int say(const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 1, 2)))
#endif
    ;

/* All jobs; the exit status. */
int run(const options_t *options, apr_pool_t *mem);

/* ---- arguments ------------------------------------------------------------------------------------- */

typedef struct input_t input_t;

apr_status_t input_open(input_t **input, const options_t *options, apr_pool_t *mem);
/* Reads by a thread from now on, which wakes what waits in this pool. mem, like the input's own, lives as long as
 * the process: the thread may be in the middle of a read when all else is over. */
apr_status_t input_start(input_t *input, spork_pool_t *pool, apr_pool_t *mem);
/* The next argument, in mem. APR_EAGAIN: none has come yet, and the pool will be interrupted when one has;
 * APR_EOF: that was all; APR_EINVAL: it has a zero byte in it. */
apr_status_t input_next(input_t *input, const char **arg, apr_pool_t *mem);
/* After APR_EAGAIN, when no job is under way: waits a little for the next one. */
void input_wait(input_t *input);
/* Before the pool's end. */
void input_close(input_t *input);

/* ---- commands --------------------------------------------------------------------------------------- */

typedef struct template_t template_t;

/* What is wrong with the command, or NULL. */
const char *template_make(template_t **made, const options_t *options, apr_pool_t *mem);

/* The command of one job. */
typedef struct {
    const char *line;         /* for people, and for the shell */
    const char *const *words; /* what is started, ended by NULL */
} command_t;

/* What is wrong with it, or NULL. */
const char *template_fill(command_t *command, const template_t *plan, const char *arg, apr_uint64_t number,
                          apr_pool_t *mem);

/* The task. Input: a request_t, then, each with its final zero, the path below which the output is kept ("": it is
 * not), and the words. The reply: a result_t, then what was written to standard output and to standard error, if it
 * is little; if it is much, it is in the files PATH.out and PATH.err. */
apr_status_t run_command(spork_task_t *task, const void *in, void *out);

typedef struct {
    spork_ref_t started; /* an apr_time_t in shared memory, told before the command is started */
    apr_uint32_t words;
    apr_uint32_t in_worker; /* not in an INLINE pool: this process is nobody's but the task's */
} request_t;

typedef struct {
    apr_time_t ended;
    apr_int64_t exit_code;
    apr_int64_t signal; /* that ended the command, else 0 */
    apr_uint64_t out_size, err_size;
    apr_uint64_t in_files;
} result_t;

/* ---- jobs, as the parent sees them -------------------------------------------------------------------- */

typedef struct job_t job_t;
struct job_t {
    apr_pool_t *mem; /* of all that is the job's */
    apr_uint64_t number;
    const char *arg;
    command_t command;
    char *request; /* the task's input */
    apr_size_t request_size;
    const char *files;   /* "": output is not kept */
    apr_time_t *started; /* while it is under way; */
    apr_time_t began;    /* then the same */
    apr_uint64_t tries;
    spork_future_t *future; /* kept until its output is printed */
    result_t result;        /* once it is done */
    const char *trouble;    /* said on standard error, with the output */
    int done;
    job_t *next; /* in the order of the numbers, with --keep-order */
};

static inline int job_failed(const job_t *job)
{
    return job->result.exit_code != 0 || job->result.signal != 0;
}

/* ---- output ------------------------------------------------------------------------------------------- */

typedef struct print_t print_t;

apr_status_t print_open(print_t **print, const options_t *options, apr_pool_t *mem);
/* What the job wrote, to standard output and standard error, and its files are gone. */
apr_status_t print_job(print_t *print, const job_t *job);
/* A line of --dry-run. */
apr_status_t print_line(print_t *print, const job_t *job);
/* Of a try that does not count: nothing is printed, and its files are gone. */
void print_forget(const job_t *job);

/* A folder of our own for output that is on its way. */
apr_status_t folder_make(const char **folder, apr_pool_t *mem);
void folder_remove(const char *folder, apr_pool_t *mem);

/* ---- the log ------------------------------------------------------------------------------------------ */

typedef struct log_t log_t;

/* With resume: goes on with the file as it is; else it is a new one. 0 after having said what is wrong. */
int log_open(log_t **log, const char *path, int resume, apr_pool_t *mem);
/* Only for log_has(): nothing is written, and the file need not be there. */
int log_look(log_t **log, const char *path, apr_pool_t *mem);
/* Has an earlier run done this one? */
int log_has(const log_t *log, apr_uint64_t number);
apr_status_t log_job(log_t *log, const job_t *job);

/* ---- quoting: pure, and tested everywhere ------------------------------------------------------------- */

/* As one word of sh. */
const char *quote_sh(const char *value, apr_pool_t *mem);
/* As one argument inside a line of cmd.exe; NULL: there is no safe way (quotes, per cent signs, line ends). */
const char *quote_cmd(const char *value, apr_pool_t *mem);
/* As apr_proc_create() needs it on Windows. It joins the words and puts quotes around those with white space, but
 * escapes nothing, so that what it makes of this is read as `value` by CommandLineToArgvW() and C runtimes. */
const char *quote_for_apr(const char *value, apr_pool_t *mem);

#endif
