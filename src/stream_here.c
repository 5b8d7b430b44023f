/*
 * A stream of an INLINE pool: one item after the other is drawn, run here, and delivered.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "stream.h"

#include "progress.h"

#include <stdlib.h>
#include <string.h>

static void deliver_here(spk_stream_t *s, const spork_outcome_t *outcome)
{
    s->delivered++;
    spk_progress_count(s->pool, 1, outcome->status != APR_SUCCESS);
    spk_stream_tell_sink(s, outcome);
}

static void begin_outcome(spk_stream_t *s, spork_outcome_t *outcome, char *message)
{
    memset(outcome, 0, sizeof *outcome);
    outcome->index = s->drawn++;
    outcome->message = message;
    message[0] = '\0';
}

/* 1 if the item needs not be run, or must not. */
static int resume_here(spk_stream_t *s, uint64_t input)
{
    char message[SPORK_MESSAGE_MAX];
    spork_outcome_t outcome;
    spk_result_t result;
    apr_status_t status = spk_stream_journal_find(s->journal, s->drawn, input, &result);
    size_t words;

    if (status == APR_EOF) return 0;
    if (status != APR_SUCCESS) {
        spk_stream_end_unrecorded(s, status);
        return 1;
    }
    begin_outcome(s, &outcome, message);
    words = result.words < sizeof message ? result.words : sizeof message - 1;
    memcpy(message, result.out + result.out_size, words);
    message[words] = '\0';
    if (result.out_size > 0) outcome.out = result.out;
    outcome.out_size = result.out_size;
    if (s->n_resumed != NULL) ++*s->n_resumed;
    deliver_here(s, &outcome);
    return 1;
}

/* Each by itself: the next is not drawn before this one is delivered. */
static void record_here(spk_stream_t *s, spork_outcome_t *outcome, uint64_t input)
{
    apr_status_t status;

    if (s->journal == NULL || outcome->status != APR_SUCCESS) return;
    status = spk_stream_journal_add(s->journal, outcome, input);
    if (status == APR_SUCCESS) status = spk_stream_journal_commit(s->journal);
    if (status == APR_SUCCESS) return;
    spk_stream_end_unrecorded(s, status);
    spk_stream_spoil(s, outcome);
}

static void run_item(spk_stream_t *s, spork_fn_t fn, const void *in, apr_size_t in_size)
{
    char message[SPORK_MESSAGE_MAX];
    unsigned char *reply = NULL;
    apr_size_t size = 0;
    spork_outcome_t outcome;
    uint64_t input = s->journal != NULL ? spk_stream_journal_input(in, in_size) : 0;

    if (s->journal != NULL && resume_here(s, input)) return;
    begin_outcome(s, &outcome, message);
    outcome.attempts = 1;
    outcome.status = spk_inline_run(s->pool, fn, outcome.index, in_size > 0 ? in : NULL, in_size, NULL, 0,
                                    &reply, &size, message);
    if (outcome.status == APR_SUCCESS && size > 0) {
        outcome.out = reply;
        outcome.out_size = size;
    }
    record_here(s, &outcome, input);
    deliver_here(s, &outcome);
    free(reply);
}

void spk_stream_run_here(spk_stream_t *s, spork_fn_t fn)
{
    const void *in;
    apr_size_t in_size;

    while (!s->ended && spk_stream_ask_source(s, &in, &in_size)) {
        run_item(s, fn, in, in_size);
        if (!s->ended && spk_stream_was_interrupted(s->pool))
            spk_stream_end_early(s, SPORK_ECANCELLED, "interrupted");
    }
}
