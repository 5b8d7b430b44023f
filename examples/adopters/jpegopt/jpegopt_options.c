/*
 * The command line: jpegoptim's names where it has the same.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "jpegopt.h"
#include "option_value.h"

#include <apr_file_info.h>
#include <apr_getopt.h>
#include <spork.h>
#include <stdio.h>
#include <stdlib.h>

#define MIB ((apr_uint64_t)1 << 20)
#define MEMORY_MOST 65536

static const char help[] =
    "Usage: jpegopt [OPTION...] FILE|DIR...\n"
    "Makes JPEG files smaller without changing a pixel: their Huffman tables are made anew. All that is beside the\n"
    "picture (Exif, ICC, comments ...) is kept. A DIR stands for all *.jpg and *.jpeg below it. A file is replaced only by\n"
    "a smaller one, and at once, or not at all. One that is damaged, or whose decoder dies or overruns its time or\n"
    "memory, is a row that says [ERROR], and stays as it is.\n"
    "\n"
    "  -w, --workers=N        worker processes (default: one for each processor)\n"
    "  -d, --dest=DIR         results go there, under the same names; what cannot be made smaller is copied\n"
    "  -o, --overwrite        ... also over files that are there\n"
    "  -n, --noaction         do not write anything, only tell\n"
    "  -T, --threshold=N      leave a file as it is if less than N percent are gained (default: 0)\n"
    "  -p, --preserve         keep the time of the last change (permissions are always kept)\n"
    "      --all-progressive  make all files progressive; --all-normal: none (default: each as it is)\n"
    "  -s, --strip-all        drop all that is not needed to show the picture\n"
    "      --strip-com, --strip-exif, --strip-icc, --strip-iptc, --strip-xmp   drop only this\n"
    "      --files-from=FILE  read names of files and folders from FILE, one a line; - is standard input\n"
    "      --timeout=SECONDS  that one file may take (default: 60)\n"
    "      --memory=MIB       that one file may take (default: 512)\n"
    "  -q, --quiet            only rows of files that failed, and no progress line\n"
    "  -t, --totals           a last row with the sums\n"
    "  -h, --help             this text\n"
    "  -V, --version          the version\n"
    "\n"
    "SPORK_START=fork|spawn|inline chooses the start method, SPORK_WORKERS=N overrides -w; inline keeps no time.\n"
    "Exit status: 0 all went well, 1 something failed, 2 wrong usage. Ctrl-C ends it after the files that are done,\n"
    "by that signal.\n";

enum { OPTION_NORMAL = 256, OPTION_PROGRESSIVE, OPTION_FROM, OPTION_TIMEOUT, OPTION_MEMORY, OPTION_STRIP };

static const apr_getopt_option_t known[] = {
    { "workers", 'w', 1, NULL },
    { "dest", 'd', 1, NULL },
    { "overwrite", 'o', 0, NULL },
    { "noaction", 'n', 0, NULL },
    { "threshold", 'T', 1, NULL },
    { "preserve", 'p', 0, NULL },
    { "all-normal", OPTION_NORMAL, 0, NULL },
    { "all-progressive", OPTION_PROGRESSIVE, 0, NULL },
    { "strip-all", 's', 0, NULL },
    { "strip-com", OPTION_STRIP + STRIP_COM, 0, NULL },
    { "strip-exif", OPTION_STRIP + STRIP_EXIF, 0, NULL },
    { "strip-icc", OPTION_STRIP + STRIP_ICC, 0, NULL },
    { "strip-iptc", OPTION_STRIP + STRIP_IPTC, 0, NULL },
    { "strip-xmp", OPTION_STRIP + STRIP_XMP, 0, NULL },
    { "files-from", OPTION_FROM, 1, NULL },
    { "timeout", OPTION_TIMEOUT, 1, NULL },
    { "memory", OPTION_MEMORY, 1, NULL },
    { "quiet", 'q', 0, NULL },
    { "totals", 't', 0, NULL },
    { "help", 'h', 0, NULL },
    { "version", 'V', 0, NULL },
    { NULL, 0, 0, NULL },
};

static int usage_error(const char *what, const char *value)
{
    fprintf(stderr, "jpegopt: %s%s\nTry 'jpegopt --help'.\n", what, value);
    return USAGE_ERROR;
}

/* Those with a value; GO_ON, or the exit status. */
static int take_value(options_t *options, list_t *list, int option, const char *value)
{
    apr_uint64_t number;

    switch (option) {
    case 'w':
        if (!option_number(value, 1, SPORK_WORKERS_MAX, &number))
            return usage_error("not a number of workers: ", value);
        options->workers = (int)number;
        break;
    case 'd': options->dest = value; break;
    case 'T':
        if (!option_number(value, 0, 100, &number)) return usage_error("not a percentage: ", value);
        options->request.threshold = (apr_uint32_t)number;
        break;
    case OPTION_TIMEOUT:
        if (!option_seconds(value, &options->timeout)) return usage_error("not a time: ", value);
        break;
    case OPTION_MEMORY:
        if (!option_number(value, 1, MEMORY_MOST, &number))
            return usage_error("not a number of MiB: ", value);
        options->request.memory = number * MIB;
        break;
    default: return list_add_from(list, value) ? GO_ON : EXIT_FAILURE; /* OPTION_FROM */
    }
    return GO_ON;
}

static int take_option(options_t *options, list_t *list, int option, const char *value)
{
    if (value) return take_value(options, list, option, value);
    switch (option) {
    case 'o': options->overwrite = 1; break;
    case 'n': options->request.no_action = 1; break;
    case 'p': options->request.preserve = 1; break;
    case 's': options->request.strip |= STRIP_ALL; break;
    case OPTION_NORMAL: options->request.form = FORM_NORMAL; break;
    case OPTION_PROGRESSIVE: options->request.form = FORM_PROGRESSIVE; break;
    case 'q': options->quiet = 1; break;
    case 't': options->totals = 1; break;
    case 'h': return fputs(help, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    case 'V': return puts("jpegopt (spork) " SPORK_VERSION_STRING) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    default: options->request.strip |= (apr_uint32_t)(option - OPTION_STRIP); break;
    }
    return GO_ON;
}

/* What has been said makes sense together. */
static int check(options_t *options, const list_t *list, apr_pool_t *mem)
{
    apr_finfo_t info;

    options->files = list->files;
    options->unlisted = list->failed;
    options->request.copy = options->dest != NULL;
    if (options->dest &&
        (options->dest[0] == '\0' || apr_stat(&info, options->dest, APR_FINFO_TYPE, mem) != APR_SUCCESS ||
         info.filetype != APR_DIR))
        return usage_error("no such folder: ", options->dest);
    return GO_ON;
}

int options_parse(options_t *options, int argc, const char *const *argv, apr_pool_t *mem)
{
    apr_getopt_t *scan;
    apr_status_t status;
    const char *value;
    list_t list;
    int option, code, named = 0;

    list_begin(&list, mem);
    if (apr_getopt_init(&scan, mem, argc, argv) != APR_SUCCESS) return EXIT_FAILURE;
    scan->interleave = 1;
    while ((status = apr_getopt_long(scan, known, &option, &value)) == APR_SUCCESS) {
        named += option == OPTION_FROM;
        code = take_option(options, &list, option, value);
        if (code != GO_ON) return code;
    }
    if (status != APR_EOF) { /* apr_getopt_long has said what is wrong */
        fputs("Try 'jpegopt --help'.\n", stderr);
        return USAGE_ERROR;
    }
    if (scan->ind == argc && !named) return usage_error("no file given", "");
    for (int i = scan->ind; i < argc; i++) {
        if (scan->argv[i][0] == '\0') return usage_error("a file without a name", "");
        list_add(&list, scan->argv[i]);
    }
    return check(options, &list, mem);
}
