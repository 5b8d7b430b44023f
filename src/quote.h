/*
 * A Windows command line from an argv: a process gets one string there, which its C runtime splits
 * again. Pure, and free of any system's headers, so that it is tested everywhere.
 *
 * The rules of splitting (Microsoft C runtime since 2008, and CommandLineToArgvW): the first word, the
 * program's name, ends at a blank or, when it starts with a quote, at the next quote; backslashes mean
 * nothing in it. In the others blanks between quotes do not part, n backslashes before a quote stand for
 * n/2, and an odd one makes the quote an ordinary character; backslashes elsewhere are themselves.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_QUOTE_H
#define SPK_QUOTE_H

#include <stddef.h>

/* Returned when no command line stands for this argv. */
#define SPK_QUOTE_IMPOSSIBLE ((size_t)-1)

/* Write the command line of argv (ended by NULL, at least the program's name, UTF-8) with a final zero
 * into buffer, if it fits into size bytes; else buffer is unspecified (NULL with size 0 is legal).
 * Returns its length without the zero, as snprintf would; SPK_QUOTE_IMPOSSIBLE if argv is empty or the
 * program's name holds a quote, which no file name on Windows does. */
size_t spk_quote(char *buffer, size_t size, const char *const *argv);

#endif
