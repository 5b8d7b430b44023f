/*
 * Words for a lone "-" among the arguments, which these tools do not take for standard input. To apr_getopt_long() it is
 * an option without a letter.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef LONE_DASH_H
#define LONE_DASH_H

#include <apr_getopt.h>

/* What is wrong with an option is said as ever. */
void lone_dash_words(apr_getopt_t *scan);

#endif
