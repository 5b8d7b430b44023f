/*
 * How many columns of a terminal UTF-8 text takes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_COLUMNS_H
#define SPK_COLUMNS_H

#include <stddef.h>

/* Copy as much of text as fits into `columns`, and into `room` bytes with the end's zero, to `to`; what is no
 * UTF-8, or would move the cursor, becomes a question mark each. Characters are whole, with what combines with them.
 * Returns the columns taken. */
int spk_columns_copy(char *to, size_t room, const char *text, int columns);

/* Columns of all the text, printed so. */
int spk_columns(const char *text);

#endif
