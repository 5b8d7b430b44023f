/*
 * thumbnails: small pictures of all JPEG and PNG files below a folder, made by a pool of workers. What a file's decoder may
 * cost is bounded, in time and in memory, and if it dies nevertheless, that file is what failed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ctrl_c.h"
#include "folder_walk.h"
#include "lone_dash.h"
#include "option_value.h"
#include "outcome_text.h"
#include "thumbnails.h"

#include <apr_cstr.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_getopt.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE_ERROR 2
#define GO_ON (-1)
/* Pictures on their way at once: bounds the memory, however many there are. What is on its way the progress line takes for
 * all there is. */
#define WINDOW 1024
#define MIB ((apr_uint64_t)1 << 20)
#define SIZE_MOST 10000
#define MEMORY_MOST 65536

/* What a worker needs beside the pictures it was allowed: the decoders' own, and a thumbnail. */
#define MEMORY_BESIDE (64 * MIB)

static const char help[] =
    "Usage: thumbnails [OPTION...] DIR OUT\n"
    "Makes a thumbnail of each *.jpg, *.jpeg and *.png below DIR, of the same name and in the same sub-folder below\n"
    "OUT, by a pool of worker processes. OUT may be below DIR: what is in it then is no picture to be looked at. A file\n"
    "that is damaged, or that takes more time or memory than it may, is told on standard error; the others are made.\n"
    "\n"
    "  -s, --size=PIXELS      of the longer side (default: 160)\n"
    "  -t, --timeout=SECONDS  that one picture may take (default: 60)\n"
    "  -m, --memory=MIB       that one picture may take (default: 512)\n"
    "  -w, --workers=N        worker processes (default: one for each processor)\n"
    "  -v, --verbose          print a line for each picture\n"
    "  -q, --quiet            no progress line, which is drawn if standard error is a terminal\n"
    "  -h, --help             this text\n"
    "      --version          the version\n"
    "\n"
    "SPORK_START=fork|spawn|inline chooses the start method, SPORK_WORKERS=N overrides -w; inline keeps no time.\n"
    "Exit status: 0 all thumbnails were made, 1 something failed, 2 wrong usage. Ctrl-C ends it, by that signal.\n";

static const spork_entry_t tasks[] = { SPORK_ENTRY(make_thumbnail), SPORK_END };

typedef struct {
    spork_config_t config;
    request_t request;
    const char *from, *to; /* the folders */
    int verbose;
    spork_pool_t *pool;        /* NULL: none yet */
    apr_array_header_t *files; /* of const char *, below from */
    const char *folder;        /* below to; there already */
    spork_future_t *futures[WINDOW];
    int first, submitted; /* those between are on their way */
    int failed;
    int unlisted; /* of these: no pictures that were found */
} batch_t;

static void say_failed(void *baton, const char *path, apr_status_t status)
{
    batch_t *batch = baton;
    char words[128];
    spork_progress_clear(batch->pool);
    fprintf(stderr, "thumbnails: %s: %s\n", path, apr_strerror(status, words, sizeof words));
    batch->failed++;
}

static void say_unlisted(void *baton, const char *path, apr_status_t status)
{
    say_failed(baton, path, status);
    ((batch_t *)baton)->unlisted++;
}

static int is_picture(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && (apr_cstr_casecmp(dot, ".jpg") == 0 || apr_cstr_casecmp(dot, ".jpeg") == 0 ||
                   apr_cstr_casecmp(dot, ".png") == 0);
}

/* ---- one picture ------------------------------------------------------------------------------------------ */

static const char *target(const batch_t *batch, const char *path, apr_pool_t *mem)
{
    return apr_pstrcat(mem, batch->to, "/", path, NULL);
}

/* Files come in order, so that it is nearly always the same folder as before. */
static apr_status_t make_folder(batch_t *batch, const char *path)
{
    apr_pool_t *mem = batch->files->pool;
    const char *slash = strrchr(path, '/');
    const char *folder = slash ? apr_pstrndup(mem, path, (apr_size_t)(slash - path)) : "";
    apr_status_t status;

    if (batch->folder && strcmp(batch->folder, folder) == 0) return APR_SUCCESS;
    status = apr_dir_make_recursive(target(batch, folder, mem), APR_FPROT_OS_DEFAULT, mem);
    if (status == APR_SUCCESS) batch->folder = folder;
    return status;
}

/* No future: it has failed already. */
static apr_status_t submit(batch_t *batch, spork_pool_t *pool, const char *path, spork_future_t **future)
{
    apr_status_t status = make_folder(batch, path);
    apr_pool_t *mem;

    *future = NULL;
    if (status != APR_SUCCESS) {
        say_failed(batch, path, status);
        return APR_SUCCESS;
    }
    (void)apr_pool_create(&mem, batch->files->pool);
    const char *from = apr_pstrcat(mem, batch->from, "/", path, NULL), *to = target(batch, path, mem);
    const apr_size_t from_size = strlen(from) + 1, to_size = strlen(to) + 1;
    char *input = apr_palloc(mem, sizeof batch->request + from_size + to_size);
    memcpy(input, &batch->request, sizeof batch->request);
    memcpy(input + sizeof batch->request, from, from_size);
    memcpy(input + sizeof batch->request + from_size, to, to_size);
    status = spork_submit(future, pool, make_thumbnail, input, sizeof batch->request + from_size + to_size);
    apr_pool_destroy(mem);
    return status;
}

/* A worker that was ended may have been in the middle of writing. */
static void remove_part(const batch_t *batch, const char *path)
{
    apr_pool_t *mem;
    (void)apr_pool_create(&mem, batch->files->pool);
    (void)apr_file_remove(apr_pstrcat(mem, target(batch, path, mem), PART, NULL), mem);
    apr_pool_destroy(mem);
}

static void tell(batch_t *batch, const char *path, const spork_outcome_t *outcome)
{
    made_t made;

    if (outcome->status == APR_SUCCESS && outcome->out_size == sizeof made) {
        memcpy(&made, outcome->out, sizeof made);
        if (!batch->verbose) return;
        spork_progress_clear(batch->pool);
        printf("%s  %lux%lu  %lux%lu\n", path, (unsigned long)made.width, (unsigned long)made.height,
               (unsigned long)made.thumb_width, (unsigned long)made.thumb_height);
        return;
    }
    spork_progress_clear(batch->pool);
    fprintf(stderr, "thumbnails: %s: ", path);
    outcome_print(stderr, outcome);
    (void)fputc('\n', stderr);
    batch->failed++;
    remove_part(batch, path);
}

/* ---- all of them ------------------------------------------------------------------------------------------ */

/* Submit ahead of what is told, by at most WINDOW; tell in the order of the files. */
static apr_status_t process(batch_t *batch, spork_pool_t *pool)
{
    const apr_array_header_t *files = batch->files;
    apr_status_t status = APR_SUCCESS;

    for (; batch->first < files->nelts && status == APR_SUCCESS && !ctrl_c_came(); batch->first++) {
        spork_future_t **future = &batch->futures[batch->first % WINDOW];
        while (batch->submitted < files->nelts && batch->submitted - batch->first < WINDOW &&
               status == APR_SUCCESS) {
            status = submit(batch, pool, APR_ARRAY_IDX(files, batch->submitted, const char *),
                            &batch->futures[batch->submitted % WINDOW]);
            if (status == APR_SUCCESS) batch->submitted++;
        }
        if (status == APR_SUCCESS && *future) status = spork_future_wait(*future, -1);
        if (status != APR_SUCCESS) break;
        if (*future)
            tell(batch, APR_ARRAY_IDX(files, batch->first, const char *), spork_future_outcome(*future));
        spork_future_destroy(*future);
    }
    return status;
}

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "thumbnails: %s%s\nTry 'thumbnails --help'.\n", what, value);
    return USAGE_ERROR;
}

/* The program's exit status. */
static int run(batch_t *batch, apr_pool_t *mem)
{
    spork_pool_t *pool = NULL;
    int code = EXIT_FAILURE;
    apr_status_t status;

    if (folder_is_same(batch->from, batch->to, mem))
        return usage_error("the pictures would be overwritten: ", batch->to);
    folder_walk(batch->files, batch->from, batch->to, is_picture, say_unlisted, batch);
    status = spork_pool_create(&pool, &batch->config, mem);
    batch->pool = pool;
    if (status == APR_SUCCESS) {
        ctrl_c_watch(pool);
        status = process(batch, pool);
        if (status == APR_SUCCESS && !ctrl_c_came()) status = spork_pool_close(pool);
        (void)spork_pool_terminate(pool);
        for (int i = batch->first; i < batch->submitted; i++)
            remove_part(batch, APR_ARRAY_IDX(batch->files, i, const char *));
    }
    if (ctrl_c_came())
        fprintf(stderr, "thumbnails: interrupted; %d of %d files were not looked at\n",
                batch->files->nelts - batch->first, batch->files->nelts);
    else if (status != APR_SUCCESS)
        fprintf(stderr, "thumbnails: %s\n", spork_error());
    else if (printf("%d of %d thumbnails made\n", batch->files->nelts - (batch->failed - batch->unlisted),
                    batch->files->nelts) < 0 ||
             fflush(stdout) != 0 || ferror(stdout))
        fputs("thumbnails: cannot write what was made\n", stderr);
    else if (batch->failed == 0)
        code = EXIT_SUCCESS;
    ctrl_c_forget();
    spork_pool_destroy(pool);
    return code;
}

/* ---- the command line -------------------------------------------------------------------------------------- */

/* GO_ON, or the exit status. */
static int take_option(batch_t *batch, int option, const char *value)
{
    apr_uint64_t number;

    switch (option) {
    case 's':
        if (!option_number(value, 1, SIZE_MOST, &number)) return usage_error("not a size: ", value);
        batch->request.size = (apr_uint32_t)number;
        break;
    case 't':
        if (!option_seconds(value, &batch->config.timeout)) return usage_error("not a time: ", value);
        break;
    case 'm':
        if (!option_number(value, 1, MEMORY_MOST, &number))
            return usage_error("not a number of MiB: ", value);
        batch->request.memory = number * MIB;
        break;
    case 'w':
        if (!option_number(value, 1, SPORK_WORKERS_MAX, &number))
            return usage_error("not a number of workers: ", value);
        batch->config.workers = (int)number;
        break;
    case 'v': batch->verbose = 1; break;
    case 'q': batch->config.progress = 0; break;
    case 'h': return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    default: return puts("thumbnails (spork) " SPORK_VERSION_STRING) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    return GO_ON;
}

static int parse(batch_t *batch, int argc, const char *const *argv, apr_pool_t *mem)
{
    static const apr_getopt_option_t known[] = { { "size", 's', 1, NULL },    { "timeout", 't', 1, NULL },
                                                 { "memory", 'm', 1, NULL },  { "workers", 'w', 1, NULL },
                                                 { "verbose", 'v', 0, NULL }, { "quiet", 'q', 0, NULL },
                                                 { "help", 'h', 0, NULL },    { "version", 256, 0, NULL },
                                                 { NULL, 0, 0, NULL } };
    apr_getopt_t *scan;
    apr_status_t status;
    const char *value;
    int option;

    if (apr_getopt_init(&scan, mem, argc, argv) != APR_SUCCESS) return EXIT_FAILURE;
    lone_dash_words(scan);
    scan->interleave = 1;
    while ((status = apr_getopt_long(scan, known, &option, &value)) == APR_SUCCESS) {
        const int code = take_option(batch, option, value);
        if (code != GO_ON) return code;
    }
    if (status != APR_EOF) { /* apr_getopt_long has said what is wrong */
        fputs("Try 'thumbnails --help'.\n", stderr);
        return USAGE_ERROR;
    }
    if (argc - scan->ind != 2)
        return usage_error("two folders are wanted: of the pictures, and of the thumbnails", "");
    batch->from = scan->argv[scan->ind];
    batch->to = scan->argv[scan->ind + 1];
    if (batch->from[0] == '\0' || batch->to[0] == '\0') return usage_error("a folder without a name", "");
    if (strcmp(batch->from, batch->to) == 0)
        return usage_error("the pictures would be overwritten: ", batch->to);
    return GO_ON;
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;
    batch_t batch = { 0 };
    apr_pool_t *mem;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS || /* a worker never returns from it */
        apr_app_initialize(&argc, &args, NULL) != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS) {
        fprintf(stderr, "thumbnails: cannot start: %s\n", spork_error());
        return EXIT_FAILURE;
    }
    spork_config_init(&batch.config);
    batch.config.timeout = apr_time_from_sec(60);
    batch.config.progress = 1;
    batch.config.progress_label = "thumbnails";
    batch.request.size = 160;
    batch.request.memory = 512 * MIB;
    batch.files = apr_array_make(mem, 64, sizeof(const char *));
    int code = parse(&batch, argc, args, mem);
    if (code == GO_ON) {
        batch.config.memory_limit = (apr_size_t)(batch.request.memory + MEMORY_BESIDE);
        code = run(&batch, mem);
    }
    apr_pool_destroy(mem);
    if (ctrl_c_came()) ctrl_c_end();
    return code;
}
