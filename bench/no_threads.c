/*
 * The twin of ways_threads.c where there is no apr-util.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways.h"

const way_t thread_ways[] = {
    { "threads", "needs apr-util", way_cannot, NULL, NULL },
    { "threads_start", "needs apr-util", way_cannot, NULL, NULL },
    { NULL, NULL, NULL, NULL, NULL },
};
