/*
 * The line: an anonymous pipe from the parent to the worker, with the hello in it.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_WIN32_LINE_H
#define SPK_WIN32_LINE_H

#include "win32_common.h"

/* Open a pipe that nobody inherits yet and write the hello into it: before there is a worker, so that it
 * may be written without waiting. On failure what was opened stays with the caller. */
apr_status_t spk_win32_line_open(HANDLE *reader, HANDLE *writer, const void *hello, size_t size);

#endif
