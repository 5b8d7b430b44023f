/*
 * Values on a command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OPTION_VALUE_H
#define OPTION_VALUE_H

#include <apr.h>
#include <apr_time.h>

/* Seconds, 1e-6 to 1e9, with decimals if wanted. 0: it is no such thing, and *time is as it was. */
int option_seconds(const char *value, apr_interval_time_t *time);

/* A whole number of `least` to `most`; likewise. */
int option_number(const char *value, apr_uint64_t least, apr_uint64_t most, apr_uint64_t *number);

#endif
