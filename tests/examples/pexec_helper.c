/*
 * The command that pexec is tested with, where there may be no echo and no sleep. Its first argument says what it does:
 *
 *   args WORD…       prints each of the words in brackets, on one line
 *   both WORD        WORD and a line end to standard output, then to standard error
 *   exit CODE        ends with it
 *   big BYTES        so many x to standard output, twice as many y to standard error
 *   fail N FILE      ends with 1, until it was called N times with this FILE
 *   wait FILE FILE2  makes FILE, ends when FILE2 is there
 *   linger           prints a line, starts itself with `linger`, up to three deep, and never ends
 *   read             how many bytes standard input has
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int print_args(int count, const char *const *words)
{
    for (int i = 0; i < count; i++) printf("[%s]", words[i]);
    putchar('\n');
    return 0;
}

static int print_both(const char *word)
{
    printf("%s\n", word);
    fprintf(stderr, "%s\n", word);
    return 0;
}

static int print_big(const char *bytes)
{
    const long count = atol(bytes);
    for (long i = 0; i < count; i++) {
        putchar('x');
        fputs("yy", stderr);
    }
    return 0;
}

static int make(const char *path, apr_pool_t *mem)
{
    apr_file_t *file;
    return apr_file_open(&file, path, APR_FOPEN_CREATE | APR_FOPEN_WRITE | APR_FOPEN_APPEND,
                         APR_FPROT_OS_DEFAULT, mem) != APR_SUCCESS ||
           apr_file_write_full(file, "x", 1, NULL) != APR_SUCCESS || apr_file_close(file) != APR_SUCCESS;
}

static int fail(const char *times, const char *path, apr_pool_t *mem)
{
    apr_finfo_t info;
    if (make(path, mem) || apr_stat(&info, path, APR_FINFO_SIZE, mem) != APR_SUCCESS) return 9;
    printf("call %d\n", (int)info.size);
    return info.size < atol(times);
}

static int wait_for(const char *mine, const char *other, apr_pool_t *mem)
{
    apr_finfo_t info;
    if (make(mine, mem)) return 9;
    while (apr_stat(&info, other, APR_FINFO_TYPE, mem) != APR_SUCCESS) apr_sleep(10000);
    return 0;
}

static int linger(const char *self, const char *depth, apr_pool_t *mem)
{
    const char *const words[] = { self, "linger", apr_pstrcat(mem, depth, "+", NULL), NULL };
    apr_procattr_t *attributes;
    apr_proc_t process;

    printf("linger%s\n", depth);
    (void)fflush(stdout);
    if (strlen(depth) < 3 && (apr_procattr_create(&attributes, mem) != APR_SUCCESS ||
                              apr_procattr_cmdtype_set(attributes, APR_PROGRAM_ENV) != APR_SUCCESS ||
                              apr_proc_create(&process, self, words, NULL, attributes, mem) != APR_SUCCESS))
        return 9;
    for (;;) apr_sleep(APR_USEC_PER_SEC);
}

static int read_input(void)
{
    int bytes = 0;
    while (getchar() != EOF) bytes++;
    printf("%d\n", bytes);
    return 0;
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;
    const char *what;
    apr_pool_t *mem;

    if (apr_app_initialize(&argc, &args, NULL) != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS)
        return 9;
    what = argc > 1 ? args[1] : "";
    if (strcmp(what, "args") == 0) return print_args(argc - 2, args + 2);
    if (strcmp(what, "both") == 0 && argc == 3) return print_both(args[2]);
    if (strcmp(what, "exit") == 0 && argc == 3) return atoi(args[2]);
    if (strcmp(what, "big") == 0 && argc == 3) return print_big(args[2]);
    if (strcmp(what, "fail") == 0 && argc == 4) return fail(args[2], args[3], mem);
    if (strcmp(what, "wait") == 0 && argc == 4) return wait_for(args[2], args[3], mem);
    if (strcmp(what, "linger") == 0) return linger(args[0], argc > 2 ? args[2] : "", mem);
    if (strcmp(what, "read") == 0) return read_input();
    return 9;
}
