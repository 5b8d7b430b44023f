/*
 * The twin of ways_threads.c where there is no apr-util.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways.h"

const way_t thread_ways[] = { { NULL, NULL, NULL, NULL, NULL } };
