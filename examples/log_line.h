/*
 * One line of an access log as Apache and nginx write it, "common" or "combined", with or without a virtual host in
 * front, and with the time that the request took at the end, if that is logged: seconds (0.123, nginx'
 * $request_time) or microseconds (123456, Apache's %D).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef LOG_LINE_H
#define LOG_LINE_H

#include <apr.h>

typedef enum { TIME_AUTO, TIME_SECONDS, TIME_MILLISECONDS, TIME_MICROSECONDS } time_unit_e;

typedef struct {
    const char *path; /* of the request, without what follows a question mark; "-" if it was none */
    apr_size_t path_size;
    int status;         /* 100 to 999 */
    apr_uint64_t bytes; /* sent */
    int has_time;
    apr_uint64_t microseconds;
} log_line_t;

/* 0 if it is no such line. The line is without its newline. */
int log_line_read(log_line_t *line, const char *text, apr_size_t size, time_unit_e unit);

#endif
