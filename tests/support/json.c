/*
 * JSON as tests look at it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 8

/* Each reader moves *at behind what it has read; 0: it is not there, and *at is where. */

static void skip_blanks(const char **at)
{
    while (**at == ' ' || **at == '\n' || **at == '\r' || **at == '\t') (*at)++;
}

static int read_digits(const char **at)
{
    const char *begin = *at;

    while (**at >= '0' && **at <= '9') (*at)++;
    return *at > begin;
}

static int read_number(const char **at)
{
    if (**at == '-') (*at)++;
    if (**at == '0')
        (*at)++;
    else if (!read_digits(at))
        return 0;
    if (**at == '.') {
        (*at)++;
        if (!read_digits(at)) return 0;
    }
    if (**at != 'e' && **at != 'E') return 1;
    (*at)++;
    if (**at == '+' || **at == '-') (*at)++;
    return read_digits(at);
}

static int read_escape(const char **at)
{
    if (**at != 'u') return **at != '\0' && strchr("\"\\/bfnrt", *(*at)++) != NULL;
    (*at)++;
    for (int i = 0; i < 4; i++)
        if (**at == '\0' || strchr("0123456789abcdefABCDEF", *(*at)++) == NULL) return 0;
    return 1;
}

/* By the table of well-formed sequences in Unicode, chapter 3. */
static int read_character(const char **at)
{
    const unsigned char *c = (const unsigned char *)*at;
    int more = c[0] < 0x80 ? 0 : c[0] < 0xc2 ? -1 : c[0] < 0xe0 ? 1 : c[0] < 0xf0 ? 2 : c[0] < 0xf5 ? 3 : -1;

    if (more < 0 || c[0] < 0x20) return 0;
    for (int i = 1; i <= more; i++)
        if (c[i] < 0x80 || c[i] > 0xbf) return 0;
    if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf0 && c[1] < 0x90) ||
        (c[0] == 0xf4 && c[1] > 0x8f))
        return 0;
    *at += 1 + more;
    return 1;
}

static int read_string(const char **at)
{
    if (*(*at)++ != '"') return 0;
    while (**at != '"') {
        if (**at == '\\') {
            (*at)++;
            if (!read_escape(at)) return 0;
        } else if (!read_character(at)) {
            return 0;
        }
    }
    (*at)++;
    return 1;
}

static int read_value(const char **at, int depth);

/* Behind the bracket. */
static int read_members(const char **at, char end, int depth)
{
    skip_blanks(at);
    if (**at == end) {
        (*at)++;
        return 1;
    }
    for (;;) {
        skip_blanks(at);
        if (end == '}') {
            if (!read_string(at)) return 0;
            skip_blanks(at);
            if (*(*at)++ != ':') return 0;
        }
        if (!read_value(at, depth + 1)) return 0;
        skip_blanks(at);
        if (**at == end) break;
        if (*(*at)++ != ',') return 0;
    }
    (*at)++;
    return 1;
}

static int read_word(const char **at, const char *word)
{
    if (strncmp(*at, word, strlen(word)) != 0) return 0;
    *at += strlen(word);
    return 1;
}

static int read_value(const char **at, int depth)
{
    skip_blanks(at);
    if (depth > DEPTH_MOST) return 0;
    switch (**at) {
    case '{': (*at)++; return read_members(at, '}', depth);
    case '[': (*at)++; return read_members(at, ']', depth);
    case '"': return read_string(at);
    case 't': return read_word(at, "true");
    case 'f': return read_word(at, "false");
    case 'n': return read_word(at, "null");
    default: return read_number(at);
    }
}

const char *json_error(const char *text)
{
    const char *at = text;

    if (!read_value(&at, 0)) return at;
    skip_blanks(&at);
    return *at == '\0' ? NULL : at;
}

unsigned long json_count(const char *text, const char *what)
{
    unsigned long n = 0;

    for (const char *at = strstr(text, what); at != NULL; at = strstr(at + 1, what)) n++;
    return n;
}

long long json_number(const char *text, const char *key)
{
    char wanted[80];
    const char *last = NULL;

    (void)snprintf(wanted, sizeof wanted, "\"%s\":", key);
    for (const char *at = strstr(text, wanted); at != NULL; at = strstr(at + 1, wanted)) last = at;
    return last != NULL ? strtoll(last + strlen(wanted), NULL, 10) : -1;
}
