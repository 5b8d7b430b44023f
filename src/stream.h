/*
 * A stream under way, as stream.c (with workers) and stream_here.c (without) share it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_STREAM_H
#define SPK_STREAM_H

#include "future.h"
#include "stream_journal.h"

struct spk_stream_t {
    spork_pool_t *pool;
    uint32_t fn;
    spork_source_t source;
    spork_sink_t sink;
    void *baton;
    int unordered;
    int automatic; /* the window is spork's to choose */
    size_t most;   /* items that may be drawn and not delivered: window + workers */

    int ended;           /* nothing is drawn any more */
    int deaf;            /* nothing is delivered any more: the sink has failed */
    int cancelling;      /* what is unfinished is to be cancelled, */
    int cancelled;       /* and was */
    apr_status_t status; /* why it ended early, in words */
    char words[420];

    int drawing;                     /* there was much room, and is some */
    spk_list_t done;                 /* in order of completion, not delivered */
    spork_future_t *oldest, *newest; /* of an ordered stream, in order of drawing, not delivered */
    spork_future_t *spare;           /* delivered, to be used again */
    spork_future_t *spilled;         /* the arena had no room for this one's input */
    size_t drawn, delivered;
    size_t bytes; /* that an item takes, roughly */

    spk_stream_journal_t *journal; /* NULL: none */
    apr_size_t *n_resumed;         /* the caller's, or NULL */
    uint64_t recorded, on_disk;    /* records made; and of these, the first so many are safe */
    int unrecordable;              /* and no more can be */
};

/* Ends it early; the first reason counts. */
void spk_stream_end_early(spk_stream_t *s, apr_status_t status, const char *why);
/* The journal has failed, and has words for it. What is done, and not safe, is delivered as a failure. */
void spk_stream_end_unrecorded(spk_stream_t *s, apr_status_t status);
/* 1 if it was; it is taken back. */
int spk_stream_was_interrupted(spork_pool_t *pool);
/* 1 if there is an input; else the stream ends. */
int spk_stream_ask_source(spk_stream_t *s, const void **in, apr_size_t *in_size);
void spk_stream_tell_sink(spk_stream_t *s, const spork_outcome_t *outcome);
/* A success that does not stand in the journal is none. */
void spk_stream_spoil(spk_stream_t *s, spork_outcome_t *outcome);

/* stream_here.c: all of it, in this process. */
void spk_stream_run_here(spk_stream_t *s, spork_fn_t fn);

#endif
