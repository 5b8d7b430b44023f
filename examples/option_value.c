/*
 * Values on a command line, see option_value.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "option_value.h"

#include <apr_cstr.h>
#include <stdlib.h>

int option_seconds(const char *value, apr_interval_time_t *time)
{
    char *end;
    const double seconds = strtod(value, &end);
    if (end == value || *end != '\0' || !(seconds >= 1e-6 && seconds <= 1e9)) return 0;
    *time = (apr_interval_time_t)(seconds * APR_USEC_PER_SEC);
    return 1;
}

int option_number(const char *value, apr_uint64_t least, apr_uint64_t most, apr_uint64_t *number)
{
    apr_uint64_t read;
    if (apr_cstr_strtoui64(&read, value, least, most, 10) != APR_SUCCESS) return 0;
    *number = read;
    return 1;
}
