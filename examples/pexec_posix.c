/*
 * pexec on POSIX; see pexec_os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pexec.h"
#include "pexec_os.h"

#include <signal.h>
#include <string.h>

const char os_null_device[] = "/dev/null";
const char os_separators[] = "/";
const int os_lines_have_cr = 0;
const int os_shell_by_default = 1;

const char *os_shell_quote(const char *value, apr_pool_t *mem)
{
    return quote_sh(value, mem);
}

const char *const *os_shell_words(const char *line, apr_pool_t *mem)
{
    const char **words = apr_palloc(mem, 4 * sizeof *words);
    words[0] = "/bin/sh";
    words[1] = "-c";
    words[2] = line;
    words[3] = NULL;
    return words;
}

const char *os_refuses(const char *program)
{
    (void)program;
    return NULL;
}

const char *os_word(const char *word, apr_pool_t *mem)
{
    (void)mem;
    return word;
}

const char *os_shown_word(const char *word, apr_pool_t *mem)
{
    return quote_sh(word, mem);
}

static void broken_pipe(int number)
{
    (void)number;
}

static void set_handler(int number, void (*handler)(int))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = handler;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

/* Handled, not ignored: that would go on in the commands. */
void os_ignore_broken_pipe(void)
{
    set_handler(SIGPIPE, broken_pipe);
}

/* spork's workers ignore these; see spork_pool_create(). They are their own process group, so that a terminal's
 * Ctrl-C does not come to them nor to their commands. */
void os_restore_signals(void)
{
    set_handler(SIGINT, SIG_DFL);
    set_handler(SIGTTIN, SIG_DFL);
    set_handler(SIGTTOU, SIG_DFL);
}
