/*
 * break_even: from what an item costs on, processes pay: the tables of docs/guide.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "break_even.h"

#include <apr_cstr.h>
#include <apr_general.h>
#include <apr_getopt.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE_ERROR 2
#define GO_ON (-1)

static const char help[] =
    "Usage: break_even [-w N] [-r ROUNDS] [--machine=WORDS]\n"
    "How many times as fast as a plain loop are threads (OpenMP) and spork, by what an item costs, by what a whole\n"
    "job costs if a pool is made for it, and by how many bytes an item reads. Markdown.\n"
    "\n"
    "  -w, --workers=N      workers, and threads (default: 2)\n"
    "  -r, --rounds=N       rounds, all ways in turn in each; medians are printed (default: 9)\n"
    "  -b, --best           the best rounds instead of the medians: for a machine that others use, too\n"
    "      --machine=WORDS  its name (default: what /proc/cpuinfo says)\n"
    "  -h, --help           this text\n"
    "\n"
    "Exit status: 0 measured, 1 something failed, 2 wrong usage.\n";

/* Into words, of size bytes, zeroed; where there is no such file they stay empty. */
static void ask_machine(char *words, size_t size)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && !words[0] && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon)
            apr_cpystrn(words, colon + 1 + strspn(colon + 1, " "), size);
    }
    if (file) (void)fclose(file);
    words[strcspn(words, "\n")] = '\0';
}

static int failed(void)
{
    fprintf(stderr, "break_even: %s\n", spork_error()[0] ? spork_error() : "wrong results");
    return EXIT_FAILURE;
}

/* The jobs first: a program that has threads is spawned from, not forked. */
static int run(even_t *even, const char *machine)
{
    char words[128] = "";
    if (!machine) ask_machine(words, sizeof words);
    printf("%s, %d processors, %d workers, %s of %d rounds.\n\n", machine ? machine : words,
           spork_cpu_count(), even->workers, even->best ? "the best" : "medians", even->rounds);
    if (even_jobs(even) != APR_SUCCESS) return failed();
    (void)putchar('\n');
    spork_config_t config;
    spork_config_init(&config);
    config.workers = even->workers;
    apr_status_t status = spork_pool_create(&even->pool, &config, even->mem);
    if (status == APR_SUCCESS) status = even_items(even);
    (void)putchar('\n');
    if (status == APR_SUCCESS) status = even_bytes(even);
    if (status == APR_SUCCESS) status = spork_pool_close(even->pool);
    if (status != APR_SUCCESS) return failed();
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int parse_number(const char *value, apr_uint64_t most, int *n)
{
    apr_uint64_t number;
    if (apr_cstr_strtoui64(&number, value, 1, most, 10) == APR_SUCCESS) {
        *n = (int)number;
        return 1;
    }
    fprintf(stderr, "break_even: not a number from 1 to %llu: %s\n", (unsigned long long)most, value);
    return 0;
}

/* GO_ON, or the exit status. */
static int parse(even_t *even, const char **machine, int argc, const char *const *argv)
{
    static const apr_getopt_option_t known[] = { { "workers", 'w', 1, NULL }, { "rounds", 'r', 1, NULL },
                                                 { "best", 'b', 0, NULL },    { "machine", 256, 1, NULL },
                                                 { "help", 'h', 0, NULL },    { NULL, 0, 0, NULL } };
    apr_getopt_t *scan;
    apr_status_t status;
    const char *value;
    int option, good = 1;

    if (apr_getopt_init(&scan, even->mem, argc, argv) != APR_SUCCESS) return EXIT_FAILURE;
    while (good && (status = apr_getopt_long(scan, known, &option, &value)) != APR_EOF) {
        if (status != APR_SUCCESS)
            good = 0;
        else if (option == 'w')
            good = parse_number(value, SPORK_WORKERS_MAX, &even->workers);
        else if (option == 'r')
            good = parse_number(value, EVEN_ROUNDS_MAX, &even->rounds);
        else if (option == 'b')
            even->best = 1;
        else if (option == 256)
            *machine = value;
        else
            return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    if (good && scan->ind == argc) return GO_ON;
    fputs("Try 'break_even --help'.\n", stderr);
    return USAGE_ERROR;
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;
    const char *machine = NULL;
    even_t even = { 2, 9, 0, NULL, NULL };

    if (spork_init(&argc, &argv, even_tasks) != APR_SUCCESS ||
        apr_app_initialize(&argc, &args, NULL) != APR_SUCCESS ||
        apr_pool_create(&even.mem, NULL) != APR_SUCCESS) {
        fprintf(stderr, "break_even: cannot start: %s\n", spork_error());
        return EXIT_FAILURE;
    }
    int code = parse(&even, &machine, argc, args);
    if (code == GO_ON) code = run(&even, machine);
    apr_pool_destroy(even.mem);
    return code;
}
