/*
 * A Windows command line from an argv.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "quote.h"

#include <string.h>

/* What was written, or would have been: length counts on when the room has ended. */
typedef struct {
    char *at;
    size_t room;
    size_t length;
} line_t;

static void put(line_t *line, char c)
{
    if (line->length < line->room) line->at[line->length] = c;
    line->length++;
}

static void put_backslashes(line_t *line, size_t count)
{
    while (count-- > 0) put(line, '\\');
}

static void put_program(line_t *line, const char *name)
{
    put(line, '"');
    while (*name != '\0') put(line, *name++);
    put(line, '"');
}

static void put_quoted(line_t *line, const char *word)
{
    size_t backslashes = 0;

    put(line, '"');
    for (; *word != '\0'; word++) {
        if (*word == '\\') {
            backslashes++;
            continue;
        }
        put_backslashes(line, *word == '"' ? 2 * backslashes + 1 : backslashes);
        backslashes = 0;
        put(line, *word);
    }
    put_backslashes(line, 2 * backslashes);
    put(line, '"');
}

static void put_argument(line_t *line, const char *word)
{
    if (*word == '\0' || strpbrk(word, " \t\n\v\"") != NULL) {
        put_quoted(line, word);
        return;
    }
    while (*word != '\0') put(line, *word++);
}

size_t spk_quote(char *buffer, size_t size, const char *const *argv)
{
    line_t line = { buffer, size, 0 };

    if (argv[0] == NULL || strchr(argv[0], '"') != NULL) return SPK_QUOTE_IMPOSSIBLE;
    put_program(&line, argv[0]);
    for (const char *const *word = argv + 1; *word != NULL; word++) {
        put(&line, ' ');
        put_argument(&line, *word);
    }
    put(&line, '\0');
    return line.length - 1;
}
