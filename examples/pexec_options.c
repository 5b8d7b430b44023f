/*
 * The command line of pexec. Options end at the first word that is none: what follows is the command, up to ":::".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lone_dash.h"
#include "pexec.h"

#include <apr_cstr.h>
#include <apr_getopt.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG = 256, TIMEOUT, RETRIES, HALT, JOBLOG, RESUME, DRY_RUN, SHELL, BAR, VERSION };

static const apr_getopt_option_t known[] = { { "jobs", 'j', 1, NULL },
                                             { "arg-file", 'a', 1, NULL },
                                             { "null", '0', 0, NULL },
                                             { "no-run-if-empty", 'r', 0, NULL },
                                             { "keep-order", 'k', 0, NULL },
                                             { "ungroup", 'u', 0, NULL },
                                             { "quote", 'q', 0, NULL },
                                             { "tag", TAG, 0, NULL },
                                             { "timeout", TIMEOUT, 1, NULL },
                                             { "retries", RETRIES, 1, NULL },
                                             { "halt", HALT, 1, NULL },
                                             { "joblog", JOBLOG, 1, NULL },
                                             { "resume", RESUME, 0, NULL },
                                             { "dry-run", DRY_RUN, 0, NULL },
                                             { "shell", SHELL, 0, NULL },
                                             { "bar", BAR, 0, NULL },
                                             { "help", 'h', 0, NULL },
                                             { "version", VERSION, 0, NULL },
                                             { NULL, 0, 0, NULL } };

static const char help[] =
    "Usage: pexec [OPTION...] [COMMAND [WORD...]] ::: ARGUMENT...\n"
    "       pexec [OPTION...] [COMMAND [WORD...]] <ARGUMENTS\n"
    "Runs COMMAND once for each argument, several at a time. Arguments follow \":::\", or are the lines of standard\n"
    "input or of a file. In the words of the command\n"
    "  {} is the argument, {.} the same without extension, {/} without folders, {//} its folder, {/.} without\n"
    "  folders and extension, {#} the job's number. If none of them is there, the argument is added at the end.\n"
    "\n"
    "  -j, --jobs=N[%]        at a time (default: one for each processor)\n"
    "  -a, --arg-file=FILE    arguments are the lines of FILE\n"
    "  -0, --null             arguments that are read end with a zero byte, not with the line\n"
    "  -r, --no-run-if-empty  empty arguments are left out\n"
    "  -k, --keep-order       print in the order of the arguments, not in that in which jobs end\n"
    "  -u, --ungroup          do not keep each job's output together\n"
    "      --tag              begin each line of output with the argument\n"
    "  -q, --quote            the command's words are no shell's business\n"
    "      --shell            always by the shell: /bin/sh, on Windows cmd.exe\n"
    "      --timeout=TIME     end a job that takes longer, with all that it started; seconds, or with m, h, d\n"
    "      --retries=N        try a failing job N times; 0: until it succeeds\n"
    "      --halt=WHEN,WHY=N  WHEN: soon (start no more jobs) or now (end the running ones, too); WHY: N jobs fail,\n"
    "                         success, done. Default: never\n"
    "      --joblog=FILE      a line there for each job: when, how long, how it ended\n"
    "      --resume           leave out the jobs that are in the joblog, and go on with it\n"
    "      --bar              a progress line on standard error, if that is a terminal\n"
    "      --dry-run          only print the commands\n"
    "  -h, --help             this text\n"
    "      --version          the version\n"
    "\n"
    "Where there is a POSIX shell, COMMAND and its words are a line for it, in which arguments are quoted; if nothing\n"
    "in the line is the shell's, none is started. On Windows the command is started as it is, unless --shell\n"
    "is given. Commands read nothing from standard input.\n"
    "SPORK_START=fork|spawn|inline chooses the start method, SPORK_WORKERS=N overrides -j.\n"
    "Exit status: 0 all jobs succeeded, 1 to 100 so many failed, 101 more did, 255 something else is wrong. Ctrl-C\n"
    "ends all, and pexec by that signal.\n";

void options_init(options_t *options, apr_pool_t *mem)
{
    memset(options, 0, sizeof *options);
    options->tries = 1;
    options->count = 1;
    options->separator = '\n';
    options->command = apr_array_make(mem, 8, sizeof(const char *));
}

static int parse_count(const char *value, apr_uint64_t least, apr_uint64_t *count)
{
    return apr_cstr_strtoui64(count, value, least, APR_INT64_MAX, 10) == APR_SUCCESS;
}

static int parse_jobs(const char *value, int *workers)
{
    const apr_size_t length = strlen(value);
    char digits[16];
    apr_uint64_t n;

    if (length == 0 || length >= sizeof digits) return 0;
    memcpy(digits, value, length + 1);
    const int percent = digits[length - 1] == '%';
    if (percent) digits[length - 1] = '\0';
    if (apr_cstr_strtoui64(&n, digits, 1, 1000000, 10) != APR_SUCCESS) return 0;
    if (percent) {
        n = n * (apr_uint64_t)spork_cpu_count() / 100;
        if (n == 0) n = 1;
    }
    if (n > SPORK_WORKERS_MAX) return 0;
    *workers = (int)n;
    return 1;
}

static int parse_time(const char *value, apr_interval_time_t *time)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = { { "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 } };
    char *end;
    double seconds = strtod(value, &end);

    if (end == value) return 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(end, units[i].unit) == 0) {
            seconds *= units[i].seconds;
            if (!(seconds >= 1e-6 && seconds <= 1e9)) return 0;
            *time = (apr_interval_time_t)(seconds * APR_USEC_PER_SEC);
            return 1;
        }
    return 0;
}

static int parse_halt(const char *value, options_t *options)
{
    static const char *const reasons[] = { "fail=", "success=", "done=" };

    options->halt = HALT_NEVER;
    if (strcmp(value, "never") == 0) return 1;
    if (strncmp(value, "soon,", 5) == 0)
        options->halt = HALT_SOON;
    else if (strncmp(value, "now,", 4) == 0)
        options->halt = HALT_NOW;
    else
        return 0;
    value = strchr(value, ',') + 1;
    for (int i = 0; i < 3; i++)
        if (strncmp(value, reasons[i], strlen(reasons[i])) == 0) {
            options->why = (halt_why_e)i;
            return parse_count(value + strlen(reasons[i]), 1, &options->count);
        }
    return 0;
}

static int wrong(const char *what, const char *value)
{
    fprintf(stderr, "pexec: %s%s\nTry 'pexec --help'.\n", what, value);
    return EXIT_TROUBLE;
}

/* GO_ON, or the exit status. */
static int take_option(options_t *options, int option, const char *value)
{
    switch (option) {
    case 'j':
        if (!parse_jobs(value, &options->workers)) return wrong("not a number of jobs at a time: ", value);
        break;
    case 'a': options->input = value; break;
    case '0': options->separator = '\0'; break;
    case 'r': options->skip_empty = 1; break;
    case 'k': options->keep_order = 1; break;
    case 'u': options->ungroup = 1; break;
    case 'q': options->quote = 1; break;
    case TAG: options->tag = 1; break;
    case BAR: options->bar = 1; break;
    case TIMEOUT:
        if (!parse_time(value, &options->timeout)) return wrong("not a time: ", value);
        break;
    case RETRIES:
        if (!parse_count(value, 0, &options->tries)) return wrong("not a number of tries: ", value);
        break;
    case HALT:
        if (!parse_halt(value, options))
            return wrong("not never, nor soon or now with ,fail=N ,success=N ,done=N: ", value);
        break;
    case JOBLOG: options->log = value; break;
    case RESUME: options->resume = 1; break;
    case DRY_RUN: options->dry_run = 1; break;
    case SHELL: options->shell = 1; break;
    case 'h': return fputs(help, stdout) < 0 ? EXIT_TROUBLE : EXIT_SUCCESS;
    default: return puts("pexec (spork) " SPORK_VERSION_STRING) < 0 ? EXIT_TROUBLE : EXIT_SUCCESS;
    }
    return GO_ON;
}

/* The command, and the arguments if they are there. */
static int take_rest(options_t *options, int count, const char *const *words, apr_pool_t *mem)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(words[i], ":::") == 0) {
            if (options->args) return wrong("one ::: is all that pexec can do", "");
            options->args = apr_array_make(mem, count, sizeof(const char *));
        } else {
            APR_ARRAY_PUSH(options->args ? options->args : options->command, const char *) = words[i];
        }
    }
    return GO_ON;
}

int options_parse(options_t *options, int argc, const char *const *argv, apr_pool_t *mem)
{
    apr_getopt_t *scan;
    apr_status_t status;
    const char *value;
    int option, code = GO_ON;

    if (apr_getopt_init(&scan, mem, argc, argv) != APR_SUCCESS) return EXIT_TROUBLE;
    lone_dash_words(scan);
    while (code == GO_ON && (status = apr_getopt_long(scan, known, &option, &value)) == APR_SUCCESS)
        code = take_option(options, option, value);
    if (code != GO_ON) return code;
    if (status != APR_EOF) { /* apr_getopt_long has said what is wrong */
        fputs("Try 'pexec --help'.\n", stderr);
        return EXIT_TROUBLE;
    }
    code = take_rest(options, argc - scan->ind, argv + scan->ind, mem);
    if (code != GO_ON) return code;
    if (options->args && options->input) return wrong("arguments both after ::: and in a file", "");
    if (options->resume && !options->log) return wrong("--resume needs --joblog", "");
    if (options->tag && options->ungroup)
        return wrong("--tag needs output that is kept together: not with --ungroup", "");
    if (options->keep_order && options->ungroup)
        return wrong("--keep-order and --ungroup exclude each other", "");
    return GO_ON;
}
