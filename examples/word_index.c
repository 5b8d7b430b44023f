/*
 * word_index: which words are in which files below a folder, how often, and where first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ctrl_c.h"
#include "find_files.h"
#include "lone_dash.h"
#include "option_value.h"
#include "word_index.h"
#include "word_text.h"

#include <apr_cstr.h>
#include <apr_general.h>
#include <apr_getopt.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE_ERROR 2
#define GO_ON (-1)

typedef struct {
    spork_config_t config;
    const char *folder;
    int verbose;
} options_t;

static const char help[] =
    "Usage: word_index [-v] [-w N] [-t SECONDS] DIR [WORD...]\n"
    "Which words are in which files below DIR: for each word and file a line with the word, how often it is\n"
    "there, the file, and the line where it is first; between them tabs. With WORDs: the files that have all of\n"
    "them, the most first, as a count, the file, and the first line that has one.\n"
    "\n"
    "  -t, --timeout=SECONDS  that one file may take (default: no limit)\n"
    "  -v, --verbose          say on stderr how much was read\n"
    "  -w, --workers=N        worker processes (default: one per processor)\n"
    "  -h, --help             this text\n"
    "      --version          the version\n"
    "\n"
    "Words are runs of letters and digits in UTF-8, of up to 96 bytes, small and capital alike (in the Latin, Greek\n"
    "and Cyrillic alphabets, as Europe and Vietnam write them). Damaged UTF-8\n"
    "parts words and does no other harm; files that begin with a zero byte among the first 64 KiB are left out.\n"
    "SPORK_START=fork|spawn|inline chooses the start method, SPORK_WORKERS=N overrides -w.\n"
    "Exit status: 0 all files were read, 1 something failed, 2 wrong usage. Ctrl-C ends it, by that signal.\n";

static const spork_entry_t tasks[] = { SPORK_ENTRY(word_file), SPORK_END };

/* The exit status. */
static int run(options_t *options, word_index_t *index)
{
    spork_pool_t *pool = NULL;
    int code = EXIT_FAILURE;

    index->failed = find_files(index->files, options->folder, NULL, "word_index");
    apr_status_t status = spork_pool_create(&pool, &options->config, index->mem);
    if (status == APR_SUCCESS) {
        ctrl_c_watch(pool);
        status = word_index_build(index, pool);
    }
    if (ctrl_c_came()) {
        fputs("word_index: interrupted\n", stderr);
    } else if (status != APR_SUCCESS) {
        fprintf(stderr, "word_index: %s\n", spork_error());
    } else {
        ctrl_c_forget(); /* what is left is to print: that ends at once */
        if (index->only->nelts)
            word_index_print_files(index);
        else
            word_index_print(index);
        if (options->verbose)
            fprintf(stderr,
                    "word_index: %d files, %d of them binary, %llu words, %llu bytes that are no UTF-8\n",
                    index->files->nelts, index->binary, (unsigned long long)index->words,
                    (unsigned long long)index->damaged);
        if (fflush(stdout) != 0 || ferror(stdout))
            fputs("word_index: cannot write the index\n", stderr);
        else if (spork_pool_close(pool) == APR_SUCCESS && index->failed == 0)
            code = EXIT_SUCCESS;
    }
    ctrl_c_forget();
    spork_pool_destroy(pool);
    return code;
}

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "word_index: %s%s\nTry 'word_index --help'.\n", what, value);
    return USAGE_ERROR;
}

/* A word of the command line, as it would be found in a file. */
static void note_word(void *baton, const char *word, apr_size_t size, apr_uint64_t line)
{
    word_index_t *index = baton;
    const word_t copy = { apr_pmemdup(index->mem, word, size), size };
    (void)line;
    APR_ARRAY_PUSH(index->only, word_t) = copy;
}

/* Asking for a word twice is asking once. */
static void drop_last_if_known(apr_array_header_t *words)
{
    const word_t *last = &APR_ARRAY_IDX(words, words->nelts - 1, word_t);
    for (const word_t *word = &APR_ARRAY_IDX(words, 0, word_t); word < last; word++) {
        if (word->size == last->size && memcmp(word->text, last->text, last->size) == 0) {
            (void)apr_array_pop(words);
            return;
        }
    }
}

/* 0 if it is not one word. */
static int parse_word(word_index_t *index, const char *value)
{
    const int before = index->only->nelts;
    word_text_t text;
    word_text_init(&text, note_word, index);
    word_text_feed(&text, value, strlen(value));
    word_text_end(&text);
    if (index->only->nelts != before + 1) return 0;
    drop_last_if_known(index->only);
    return 1;
}

/* One option; GO_ON, or the exit status. */
static int parse_option(options_t *options, int option, const char *value)
{
    apr_uint64_t n;
    switch (option) {
    case 't':
        if (!option_seconds(value, &options->config.timeout)) return usage_error("not a time: ", value);
        return GO_ON;
    case 'v': options->verbose = 1; return GO_ON;
    case 'w':
        if (apr_cstr_strtoui64(&n, value, 1, SPORK_WORKERS_MAX, 10) != APR_SUCCESS)
            return usage_error("not a number of workers: ", value);
        options->config.workers = (int)n;
        return GO_ON;
    case 'h': return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    default: return puts("word_index (spork) " SPORK_VERSION_STRING) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
}

/* GO_ON, or the exit status. */
static int parse(options_t *options, word_index_t *index, int argc, const char *const *argv)
{
    static const apr_getopt_option_t known[] = { { "timeout", 't', 1, NULL }, { "verbose", 'v', 0, NULL },
                                                 { "workers", 'w', 1, NULL }, { "help", 'h', 0, NULL },
                                                 { "version", 256, 0, NULL }, { NULL, 0, 0, NULL } };
    apr_getopt_t *scan;
    apr_status_t status = APR_SUCCESS;
    const char *value;
    int option, code = GO_ON;

    if (apr_getopt_init(&scan, index->mem, argc, argv) != APR_SUCCESS) return EXIT_FAILURE;
    lone_dash_words(scan);
    scan->interleave = 1;
    while (code == GO_ON && (status = apr_getopt_long(scan, known, &option, &value)) == APR_SUCCESS)
        code = parse_option(options, option, value);
    if (code != GO_ON) return code;
    if (status != APR_EOF) { /* apr_getopt_long has said what is wrong */
        fputs("Try 'word_index --help'.\n", stderr);
        return USAGE_ERROR;
    }
    if (scan->ind == argc || scan->argv[scan->ind][0] == '\0') return usage_error("no folder given", "");
    options->folder = scan->argv[scan->ind];
    for (int i = scan->ind + 1; i < argc; i++)
        if (!parse_word(index, scan->argv[i])) return usage_error("not a word: ", scan->argv[i]);
    return GO_ON;
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;
    options_t options = { 0 };
    word_index_t index = { 0 };

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS || /* a worker never returns from it */
        apr_app_initialize(&argc, &args, NULL) != APR_SUCCESS ||
        apr_pool_create(&index.mem, NULL) != APR_SUCCESS) {
        fprintf(stderr, "word_index: cannot start: %s\n", spork_error());
        return EXIT_FAILURE;
    }
    spork_config_init(&options.config);
    options.config.progress = 1;
    options.config.progress_label = "word_index";
    index.files = apr_array_make(index.mem, 256, sizeof(const char *));
    index.only = apr_array_make(index.mem, 4, sizeof(word_t));
    int code = parse(&options, &index, argc, args);
    if (code == GO_ON) code = run(&options, &index);
    apr_pool_destroy(index.mem);
    if (ctrl_c_came()) ctrl_c_end();
    return code;
}
