/*
 * What tools print of names that may hold anything, and of items that failed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OUTCOME_TEXT_H
#define OUTCOME_TEXT_H

#include <spork.h>
#include <stdio.h>

/* Text of others: what would move a terminal's cursor is shown as a space. */
void text_print(FILE *to, const char *text, apr_size_t size);

/* Why it failed: the task's words, or the status's, and how its worker ended, if it did. */
void outcome_print(FILE *to, const spork_outcome_t *outcome);

#endif
