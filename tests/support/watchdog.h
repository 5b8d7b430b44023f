/*
 * Ends the process, with the test's name on stderr, when a test takes for ever.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_WATCHDOG_H
#define TEST_WATCHDOG_H

#define WATCHDOG_EXIT_CODE 86

/* From now the process has so many seconds; a second start replaces the first. */
void watchdog_start(const char *name, int seconds);
void watchdog_stop(void);

/* Where a test uses the system's alarm itself (POSIX has one per process): to be called from its handler. */
void watchdog_look(void);

#endif
