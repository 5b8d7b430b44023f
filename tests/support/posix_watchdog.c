/*
 * The watchdog over alarm(): no thread, because threads change which start method a pool picks, and a
 * fork child does not inherit it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "watchdog.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char test_name[128];
static volatile time_t deadline;

static time_t seconds_now(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? now.tv_sec : 0;
}

static void say(const char *text)
{
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written;
}

void watchdog_look(void)
{
    if (deadline == 0 || seconds_now() < deadline) return;
    say("watchdog: ");
    say(test_name);
    say(" did not end\n");
    _exit(WATCHDOG_EXIT_CODE);
}

static void on_alarm(int signal_number)
{
    (void)signal_number;
    watchdog_look();
    (void)alarm(1); /* the two clocks need not agree to the second */
}

void watchdog_start(const char *name, int seconds)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    action.sa_flags = SA_RESTART;
    (void)sigemptyset(&action.sa_mask);
    strncpy(test_name, name, sizeof test_name - 1);
    deadline = seconds_now() + seconds;
    (void)sigaction(SIGALRM, &action, NULL);
    (void)alarm((unsigned)seconds);
}

void watchdog_stop(void)
{
    (void)alarm(0);
    deadline = 0;
}
