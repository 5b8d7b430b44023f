/*
 * pexec on Windows; see pexec_os.h. There is no shell that could be relied on, and a program gets one string,
 * which it splits itself.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pexec.h"
#include "pexec_os.h"

#include <apr_cstr.h>
#include <apr_env.h>
#include <apr_strings.h>
#include <string.h>

const char os_null_device[] = "NUL";
const char os_separators[] = "/\\";
const int os_lines_have_cr = 1;
const int os_shell_by_default = 0;

const char *os_shell_quote(const char *value, apr_pool_t *mem)
{
    return quote_cmd(value, mem);
}

/* /d: no AutoRun, /s: of what follows /c the first and the last quote are taken off, nothing else. APR puts
 * these quotes around a line with white space. */
const char *const *os_shell_words(const char *line, apr_pool_t *mem)
{
    const char **words = apr_palloc(mem, 6 * sizeof *words);
    char *shell = NULL;

    if (apr_env_get(&shell, "COMSPEC", mem) != APR_SUCCESS) shell = apr_pstrdup(mem, "cmd.exe");
    words[0] = shell;
    words[1] = "/d";
    words[2] = "/s";
    words[3] = "/c";
    words[4] = strpbrk(line, " \t\v\f") ? line : apr_pstrcat(mem, "\"", line, "\"", NULL);
    words[5] = NULL;
    return words;
}

/* cmd.exe, which runs batch files, splits and expands what it is given by rules of its own. */
const char *os_refuses(const char *program)
{
    const apr_size_t length = strlen(program);

    if (strchr(program, '"')) return "the name of the program has a quote in it";
    if (length >= 4 && (apr_cstr_casecmp(program + length - 4, ".bat") == 0 ||
                        apr_cstr_casecmp(program + length - 4, ".cmd") == 0))
        return "a batch file is run by cmd.exe: use --shell";
    return NULL;
}

const char *os_word(const char *word, apr_pool_t *mem)
{
    return quote_for_apr(word, mem);
}

/* What APR makes of it. */
const char *os_shown_word(const char *word, apr_pool_t *mem)
{
    const char *escaped = quote_for_apr(word, mem);
    return *word == '\0' || strpbrk(word, " \t\n\v\f\r") ? apr_pstrcat(mem, "\"", escaped, "\"", NULL)
                                                         : escaped;
}

void os_ignore_broken_pipe(void)
{
}

void os_restore_signals(void)
{
}
