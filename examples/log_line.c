/*
 * One line of an access log, see log_line.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "log_line.h"

#include <string.h>

#define TIME_MAX ((apr_uint64_t)1 << 40) /* 12 days, in microseconds: more is no request's time */
#define FINEST 1000000000

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* What follows `[time] "`, or NULL. */
static const char *find_request(const char *p, const char *end)
{
    p = memchr(p, '[', (size_t)(end - p));
    if (p != NULL) p = memchr(p, ']', (size_t)(end - p));
    return p != NULL && end - p > 3 && p[1] == ' ' && p[2] == '"' ? p + 3 : NULL;
}

/* The quote that closes it, or NULL: Apache writes those inside with a backslash, nginx as \x22. */
static const char *find_quote(const char *from, const char *end)
{
    const char *p = from;
    while ((p = memchr(p, '"', (size_t)(end - p))) != NULL) {
        const char *slash = p;
        while (slash > from && slash[-1] == '\\') slash--;
        if ((p - slash) % 2 == 0) return p;
        p++;
    }
    return NULL;
}

/* The second word of "GET /path?query HTTP/1.1". What is no such request, as bots send it, has none. */
static void read_request(log_line_t *line, const char *p, const char *end)
{
    const char *path = memchr(p, ' ', (size_t)(end - p));
    line->path = "-";
    line->path_size = 1;
    if (path == NULL || path == p || path + 1 == end || path[1] == ' ') return;
    path++;
    const char *path_end = memchr(path, ' ', (size_t)(end - path));
    if (path_end == NULL) path_end = end;
    const char *query = memchr(path, '?', (size_t)(path_end - path));
    line->path = path;
    line->path_size = (apr_size_t)((query ? query : path_end) - path);
}

/* ` 200 1234`, or ` 200 -`. What follows, or NULL. */
static const char *read_status(log_line_t *line, const char *p, const char *end)
{
    if (end - p < 6 || p[0] != ' ' || p[1] < '1' || p[1] > '9' || !is_digit(p[2]) || !is_digit(p[3]) ||
        p[4] != ' ')
        return NULL;
    line->status = (p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0');
    line->bytes = 0;
    p += 5;
    if (*p == '-') {
        p++;
    } else {
        const char *from = p;
        for (; p < end && is_digit(*p) && p - from < 18; p++)
            line->bytes = 10 * line->bytes + (apr_uint64_t)(*p - '0');
        if (p == from) return NULL;
    }
    return p == end || *p == ' ' ? p : NULL;
}

/* The line's last word, if it is a number: whole + part / one. What is finer than a nanosecond is left out. */
static void read_time(log_line_t *line, const char *from, const char *end, time_unit_e unit)
{
    const char *p = end, *point = NULL;
    apr_uint64_t whole = 0, part = 0, one = 1;

    while (p > from && p[-1] != ' ' && p[-1] != '"') p--;
    if (p == from || p[-1] != ' ' || p == end) return;
    for (; p < end; p++) {
        if (*p == '.' && point == NULL) {
            point = p;
        } else if (!is_digit(*p) || whole >= TIME_MAX) {
            return;
        } else if (point == NULL) {
            whole = 10 * whole + (apr_uint64_t)(*p - '0');
        } else if (one < FINEST) {
            part = 10 * part + (apr_uint64_t)(*p - '0');
            one *= 10;
        }
    }
    if (unit == TIME_AUTO) unit = point ? TIME_SECONDS : TIME_MICROSECONDS;
    const apr_uint64_t scale = unit == TIME_SECONDS ? 1000000 : unit == TIME_MILLISECONDS ? 1000 : 1;
    if (whole >= TIME_MAX / scale) return;
    line->microseconds = whole * scale + part * scale / one;
    line->has_time = 1;
}

int log_line_read(log_line_t *line, const char *text, apr_size_t size, time_unit_e unit)
{
    const char *end = text + size;
    if (end > text && end[-1] == '\r') end--;
    const char *request = find_request(text, end);
    const char *quote = request ? find_quote(request, end) : NULL;
    const char *rest = quote ? read_status(line, quote + 1, end) : NULL;
    if (rest == NULL) return 0;
    read_request(line, request, quote);
    line->has_time = 0;
    read_time(line, rest, end, unit);
    return 1;
}
