/* SPDX-License-Identifier: Apache-2.0 */

#include <signal.h>
#include <spork.h>
#include <stdio.h>

/* [handler] */
static spork_pool_t *volatile running;
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    signal(number, SIG_DFL); /* a second Ctrl-C ends the program at once */
    interrupted = 1;
    spork_pool_interrupt(running);
}
/* [end] */

typedef struct {
    int drawn, delivered;
} count_t;

static apr_status_t source(void *baton, const void **in, apr_size_t *in_size)
{
    count_t *count = baton;
    *in = &count->drawn;
    *in_size = sizeof count->drawn;
    if (count->drawn++ == 1000) raise(SIGINT); /* here for the user, who presses Ctrl-C */
    return APR_SUCCESS;                        /* else it goes on for ever */
}

static apr_status_t sink(void *baton, const spork_outcome_t *outcome)
{
    (void)outcome; /* done, or SPORK_ECANCELLED */
    ((count_t *)baton)->delivered++;
    return APR_SUCCESS;
}

static apr_status_t nothing(spork_task_t *task, const void *in, void *out)
{
    (void)task, (void)in, (void)out;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(nothing), SPORK_END };

int main(int argc, char **argv)
{
    count_t count = { 0, 0 };
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    /* [call] */
    running = pool;
    signal(SIGINT, on_signal);
    apr_status_t status = spork_stream(pool, nothing, source, sink, &count, NULL);
    signal(SIGINT, SIG_DFL);
    running = NULL;
    if (interrupted && status == SPORK_ECANCELLED)
        printf("interrupted; each item that was drawn has its outcome: %s\n",
               count.drawn == count.delivered ? "yes" : "no");
    spork_pool_destroy(pool); /* ends the workers */
    /* [end] */
    return 0;
}
