/*
 * Names and failures, see outcome_text.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "outcome_text.h"

#include <string.h>

void text_print(FILE *to, const char *text, apr_size_t size)
{
    for (apr_size_t i = 0; i < size; i++) {
        const unsigned char c = (unsigned char)text[i];
        (void)fputc(c < ' ' || c == 0x7F ? ' ' : c, to);
    }
}

void outcome_print(FILE *to, const spork_outcome_t *outcome)
{
    char words[128];
    const char *why =
        outcome->message[0] ? outcome->message : spork_strerror(outcome->status, words, sizeof words);

    text_print(to, why, strlen(why));
    if (outcome->signal)
        fprintf(to, " (signal %d)", outcome->signal);
    else if (outcome->exit_code)
        fprintf(to, " (exit code %lu)", (unsigned long)outcome->exit_code);
}
