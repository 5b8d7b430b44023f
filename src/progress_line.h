/*
 * The progress line: from a record and a width to text. Pure.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_PROGRESS_LINE_H
#define SPK_PROGRESS_LINE_H

#include "spork.h"

#define SPK_LINE_BYTES 2048 /* of a line, the end's zero included; what is longer is cut */

/* Write the line, without any control character, to `line`, SPK_LINE_BYTES long. label may be NULL. Returns its width: less
 * than `columns`, for a terminal may go on in its next row when its last column is written to. */
int spk_progress_line(char *line, const char *label, const spork_progress_t *progress, int columns);

#endif
