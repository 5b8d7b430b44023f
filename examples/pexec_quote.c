/*
 * Quoting: for sh, for cmd.exe, and for what APR makes of a program's words on Windows.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pexec.h"

#include <apr_strings.h>
#include <string.h>

/* GNU parallel leaves the same ones alone, so that logs are the same, too. */
static int is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-_.+/", c) != NULL);
}

/* Between single quotes everything is itself, but for the single quote. */
const char *quote_sh(const char *value, apr_pool_t *mem)
{
    apr_size_t length = 0, quotes = 0;
    int plain = 1;

    for (; value[length] != '\0'; length++) {
        plain &= is_plain(value[length]);
        quotes += value[length] == '\'';
    }
    if (plain && length > 0) return value;

    char *quoted = apr_palloc(mem, length + 4 * quotes + 3), *to = quoted;
    *to++ = '\'';
    for (const char *from = value; *from != '\0'; from++) {
        if (*from == '\'') {
            memcpy(to, "'\"'\"'", 5);
            to += 5;
        } else {
            *to++ = *from;
        }
    }
    *to++ = '\'';
    *to = '\0';
    return quoted;
}

/* Copies value; n backslashes before a quote, or (at_end) at the end, become 2n, and a quote gets one of its own.
 * Returns the end. */
static char *escape(char *to, const char *value, int at_end)
{
    apr_size_t backslashes = 0;

    for (; *value != '\0'; value++) {
        if (*value == '"') {
            memset(to, '\\', backslashes + 1);
            to += backslashes + 1;
        }
        backslashes = *value == '\\' ? backslashes + 1 : 0;
        *to++ = *value;
    }
    if (at_end) {
        memset(to, '\\', backslashes);
        to += backslashes;
    }
    *to = '\0';
    return to;
}

/* The rules are those of src/quote.h. APR 1.7 (threadproc/win32/proc.c) puts quotes around a word that is empty or
 * has white space (isspace()), and joins: it escapes neither a quote nor a backslash before its own. */
const char *quote_for_apr(const char *value, apr_pool_t *mem)
{
    char *escaped = apr_palloc(mem, 2 * strlen(value) + 1);
    (void)escape(escaped, value, strpbrk(value, " \t\n\v\f\r") != NULL);
    return escaped;
}

/* Quotes switch off all that cmd.exe takes for its own, but for the per cent sign, and another quote. */
const char *quote_cmd(const char *value, apr_pool_t *mem)
{
    if (strpbrk(value, "\"%\r\n")) return NULL;
    char *quoted = apr_palloc(mem, 2 * strlen(value) + 3);
    quoted[0] = '"';
    memcpy(escape(quoted + 1, value, 1), "\"", 2);
    return quoted;
}
