/*
 * Words for a lone "-".
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "lone_dash.h"

#include <apr_lib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* By apr_getopt.c the words behind `format` are the program's name, what is wrong, and with what; a lone dash has none. */
static void say(void *of, const char *format, ...)
{
    const apr_getopt_t *scan = of;
    va_list words;

    va_start(words, format);
    if (scan->ind > 0 && strcmp(scan->argv[scan->ind - 1], "-") == 0)
        fprintf(stderr, "%s: '-' is no file here: standard input is not read by that name\n",
                apr_filepath_name_get(scan->argv[0]));
    else
        (void)vfprintf(stderr, format, words);
    va_end(words);
}

void lone_dash_words(apr_getopt_t *scan)
{
    scan->errfn = say;
    scan->errarg = scan;
}
