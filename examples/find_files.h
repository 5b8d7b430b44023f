/*
 * Finding files below folders, for file_batch and word_index.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FIND_FILES_H
#define FIND_FILES_H

#include <apr_tables.h>

/* All files below one folder into files (of const char *), in the order of their paths' bytes: the same on every
 * system. With a suffix only those that end so, in whatever case; NULL: all. What cannot be looked at, and what has the
 * suffix but is no file (a pipe, say), is said on stderr for the tool of that name; how many. */
int find_files(apr_array_header_t *files, const char *top, const char *suffix, const char *tool);

#endif
