/*
 * What pexec has to know of the system that APR does not tell: pexec_posix.c, pexec_win32.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef PEXEC_OS_H
#define PEXEC_OS_H

#include <apr_pools.h>

extern const char os_null_device[];
extern const char os_separators[]; /* of folders in a path */

/* Lines of text end in CR LF. */
extern const int os_lines_have_cr;

/* The words of a command are a line for the shell, as in GNU parallel; else that has to be asked for. */
extern const int os_shell_by_default;

/* A value as a part of such a line; NULL: impossible. */
const char *os_shell_quote(const char *value, apr_pool_t *mem);

/* The words that start the shell with this line, ended by NULL. */
const char *const *os_shell_words(const char *line, apr_pool_t *mem);

/* What is wrong with starting this program without a shell, or NULL. */
const char *os_refuses(const char *program);

/* A word as apr_proc_create() wants it, and as people should see it in a line. */
const char *os_word(const char *word, apr_pool_t *mem);
const char *os_shown_word(const char *word, apr_pool_t *mem);

/* The parent wants an error, not its end, when nobody reads its output. */
void os_ignore_broken_pipe(void);

/* In a worker: what it ignores, commands would ignore, too. */
void os_restore_signals(void);

#endif
