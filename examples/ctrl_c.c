/*
 * Ctrl-C and SIGTERM in portable C, see ctrl_c.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ctrl_c.h"

#include <signal.h>
#include <stdio.h>

static spork_pool_t *volatile running;
static volatile sig_atomic_t caught; /* the signal's number */

static void on_signal(int number)
{
    (void)signal(number, SIG_DFL);
    caught = number;
    spork_pool_interrupt(running); /* safe in a handler, also with NULL */
}

/* What is ignored stays ignored: so nohup and shells ask for it. */
static void handle(int number)
{
    if (signal(number, on_signal) == SIG_IGN) (void)signal(number, SIG_IGN);
}

static void leave(int number)
{
    if (signal(number, SIG_DFL) == SIG_IGN) (void)signal(number, SIG_IGN);
}

void ctrl_c_watch(spork_pool_t *pool)
{
    running = pool;
    handle(SIGINT);
    handle(SIGTERM);
}

int ctrl_c_came(void)
{
    return caught != 0;
}

void ctrl_c_forget(void)
{
    leave(SIGINT);
    leave(SIGTERM);
    running = NULL;
}

void ctrl_c_end(void)
{
    (void)fflush(stdout);
    (void)raise((int)caught); /* sig_atomic_t may be long: FreeBSD */
}
