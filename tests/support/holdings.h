/*
 * What this process holds right now, as numbers that go back to where they were when nothing leaks. Looking
 * changes nothing: unlike the census it reaps no child, so that it may be asked while pools live.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_HOLDINGS_H
#define TEST_HOLDINGS_H

#include <stdint.h>

/* Bytes of private memory: those allocated where the C library tells, else those resident or committed; -1
 * where nobody does. */
int64_t holdings_memory(void);

/* By how much that number may change by itself (what is resident goes up and down by pages and arenas). */
int64_t holdings_memory_slack(void);

/* Descriptors or handles. */
int holdings_descriptors(void);

#endif
