/*
 * Words for what failed: this thread's last, and for every code.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_ERROR_H
#define SPK_ERROR_H

#include "compiler.h"
#include "spork.h"

/* Remember the words for spork_error() and return the status: `return spk_error(APR_EINVAL, "…")`. */
apr_status_t spk_error(apr_status_t status, const char *format, ...) SPK_PRINTF(2, 3);

/* The same for a failed system call: ": " and the system's words are added. */
apr_status_t spk_error_os(apr_status_t status, const char *format, ...) SPK_PRINTF(2, 3);

/* What this thread's last words are, and make them so again: for code that is nobody's call. */
#define SPK_ERROR_WORDS 512
void spk_error_keep(char words[SPK_ERROR_WORDS]);
void spk_error_restore(const char words[SPK_ERROR_WORDS]);

#endif
