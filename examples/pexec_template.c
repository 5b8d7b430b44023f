/*
 * Commands: the words given to pexec, with each job's argument in the place of {} and its like.
 *
 * As in GNU parallel the words are joined by blanks and are a line for the shell, so that
 * `pexec 'grep x {} | wc -l'` and `pexec echo '$HOME' {}` do what they look like; arguments are quoted on their
 * way in, and mean nothing to the shell, whatever they hold. A shell is only started if it is needed: a line without any
 * character that the shell would look at, whose program is found in PATH, is started as it is. With -q the words
 * mean nothing to the shell either, and none is started. On Windows none is started without --shell.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pexec.h"
#include "pexec_os.h"

#include <apr_env.h>
#include <apr_file_info.h>
#include <apr_strings.h>
#include <string.h>

typedef enum { LITERAL, ARG, STEM, BASE, FOLDER, BASE_STEM, NUMBER } piece_e;

typedef struct {
    piece_e kind;
    const char *text; /* of a literal */
} piece_t;

/* A word is an array of pieces, all words an array of these. */
struct template_t {
    apr_array_header_t *words;
    int shell;   /* needed */
    int quote;   /* literals are quoted in the line */
    int command; /* the argument itself is the command */
};

static const struct {
    const char *name;
    piece_e kind;
} replacements[] = { { "{}", ARG },      { "{.}", STEM },       { "{/}", BASE },
                     { "{//}", FOLDER }, { "{/.}", BASE_STEM }, { "{#}", NUMBER } };

/* ---- what a replacement string stands for ----------------------------------------------------------- */

/* Where the last part of the path begins. */
static const char *base_of(const char *path)
{
    const char *base = path;
    for (; *path != '\0'; path++)
        if (strchr(os_separators, *path)) base = path + 1;
    return base;
}

static const char *without_extension(const char *from, const char *path, apr_pool_t *mem)
{
    const char *dot = strrchr(base_of(path), '.');
    return dot ? apr_pstrndup(mem, from, (apr_size_t)(dot - from)) : from;
}

/* As dirname: separators at the end do not count. */
static const char *folder_of(const char *path, apr_pool_t *mem)
{
    apr_size_t length = strlen(path);

    while (length > 1 && strchr(os_separators, path[length - 1])) length--;
    while (length > 0 && !strchr(os_separators, path[length - 1])) length--;
    if (length == 0) return ".";
    while (length > 1 && strchr(os_separators, path[length - 1])) length--;
    return apr_pstrndup(mem, path, length);
}

static const char *value_of(piece_e kind, const char *arg, apr_uint64_t number, apr_pool_t *mem)
{
    switch (kind) {
    case STEM: return without_extension(arg, arg, mem);
    case BASE: return base_of(arg);
    case FOLDER: return folder_of(arg, mem);
    case BASE_STEM: return without_extension(base_of(arg), arg, mem);
    case NUMBER: return apr_psprintf(mem, "%" APR_UINT64_T_FMT, number);
    default: return arg;
    }
}

/* ---- reading the words -------------------------------------------------------------------------------- */

static void add_piece(apr_array_header_t *word, piece_e kind, const char *text)
{
    piece_t *piece = apr_array_push(word);
    piece->kind = kind;
    piece->text = text;
}

static apr_array_header_t *add_word(apr_array_header_t *words)
{
    apr_array_header_t *word = apr_array_make(words->pool, 2, sizeof(piece_t));
    APR_ARRAY_PUSH(words, apr_array_header_t *) = word;
    return word;
}

/* The number of the replacement string that stands here; -1: none. */
static int replacement_at(const char *text)
{
    for (int i = 0; i < (int)(sizeof replacements / sizeof *replacements); i++)
        if (strncmp(text, replacements[i].name, strlen(replacements[i].name)) == 0) return i;
    return -1;
}

/* How many replacement strings there are in it. */
static int read_word(apr_array_header_t *word, const char *text)
{
    const char *literal = text;
    int count = 0;

    while (*text != '\0') {
        const int found = *text == '{' ? replacement_at(text) : -1;
        if (found < 0) {
            text++;
            continue;
        }
        if (text > literal)
            add_piece(word, LITERAL, apr_pstrndup(word->pool, literal, (apr_size_t)(text - literal)));
        add_piece(word, replacements[found].kind, NULL);
        text += strlen(replacements[found].name);
        literal = text;
        count++;
    }
    if (text > literal) add_piece(word, LITERAL, literal);
    return count;
}

/* ---- is a shell needed? ------------------------------------------------------------------------------- */

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* What no shell takes for anything but itself, wherever it stands. Bytes of UTF-8 are such. */
static int is_simple(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           ((unsigned char)c & 0x80) != 0 || (c != '\0' && strchr(" \t-_.+/,:@%^=", c) != NULL);
}

/* The line's words, parted at blanks; NULL: there is something in it that is the shell's. */
static apr_array_header_t *split(const apr_array_header_t *words)
{
    apr_array_header_t *parts = apr_array_make(words->pool, 8, sizeof(apr_array_header_t *)), *part = NULL;

    for (int i = 0; i < words->nelts; i++, part = NULL) {
        const apr_array_header_t *word = APR_ARRAY_IDX(words, i, apr_array_header_t *);
        for (int k = 0; k < word->nelts; k++) {
            const piece_t *piece = &APR_ARRAY_IDX(word, k, piece_t);
            const char *text = piece->kind == LITERAL ? piece->text : "";
            if (piece->kind != LITERAL) add_piece(part ? part : (part = add_word(parts)), piece->kind, NULL);
            while (*text != '\0') {
                apr_size_t length = 0;
                for (; text[length] != '\0' && !is_blank(text[length]); length++)
                    if (!is_simple(text[length])) return NULL;
                if (length > 0)
                    add_piece(part ? part : (part = add_word(parts)), LITERAL,
                              apr_pstrndup(words->pool, text, length));
                text += length;
                if (*text != '\0') part = NULL;
                while (is_blank(*text)) text++;
            }
        }
    }
    return parts;
}

static int is_executable(const char *path, apr_pool_t *mem)
{
    const apr_int32_t any = APR_FPROT_UEXECUTE | APR_FPROT_GEXECUTE | APR_FPROT_WEXECUTE;
    apr_finfo_t info;
    const apr_status_t status = apr_stat(&info, path, APR_FINFO_TYPE | APR_FINFO_PROT, mem);
    return (status == APR_SUCCESS || status == APR_INCOMPLETE) && info.filetype == APR_REG &&
           (info.protection & any) != 0;
}

/* If not, the shell is to look, and to say so: it may be a word of its own. */
static int is_program(const apr_array_header_t *word, apr_pool_t *mem)
{
    const piece_t *piece = &APR_ARRAY_IDX(word, 0, piece_t);
    apr_array_header_t *folders;
    char *path;

    if (word->nelts != 1 || piece->kind != LITERAL || strchr(piece->text, '=')) return 0;
    if (strpbrk(piece->text, os_separators)) return is_executable(piece->text, mem);
    if (apr_env_get(&path, "PATH", mem) != APR_SUCCESS ||
        apr_filepath_list_split(&folders, path, mem) != APR_SUCCESS)
        return 0;
    for (int i = 0; i < folders->nelts; i++)
        if (is_executable(apr_pstrcat(mem, APR_ARRAY_IDX(folders, i, const char *), "/", piece->text, NULL),
                          mem))
            return 1;
    return 0;
}

/* On Windows: the words are the program's; one alone is parted at blanks. */
static const char *choose_without_shell(template_t *plan, const apr_array_header_t *command)
{
    apr_array_header_t *parts;

    plan->shell = 0;
    if (command->nelts > 1 || plan->quote || !strpbrk(APR_ARRAY_IDX(command, 0, const char *), " \t"))
        return NULL;
    parts = split(plan->words);
    if (parts == NULL)
        return "the command has characters that may be a shell's: give its words apart, or use --shell";
    plan->words = parts;
    return parts->nelts > 0 ? NULL : "the command is blank";
}

static void choose(template_t *plan, apr_pool_t *mem)
{
    apr_array_header_t *parts = plan->quote ? plan->words : split(plan->words);

    plan->shell =
        parts == NULL || parts->nelts == 0 || !is_program(APR_ARRAY_IDX(parts, 0, apr_array_header_t *), mem);
    if (!plan->shell) plan->words = parts;
}

const char *template_make(template_t **made, const options_t *options, apr_pool_t *mem)
{
    template_t *plan = apr_pcalloc(mem, sizeof *plan);
    int count = 0;

    plan->words = apr_array_make(mem, 8, sizeof(apr_array_header_t *));
    plan->quote = options->quote;
    plan->shell = 1;
    *made = plan;
    for (int i = 0; i < options->command->nelts; i++)
        count += read_word(add_word(plan->words), APR_ARRAY_IDX(options->command, i, const char *));
    if (options->command->nelts == 0) {
        plan->command = 1;
        return os_shell_by_default || options->shell ? NULL : "arguments that are commands need --shell";
    }
    if (count == 0) add_piece(add_word(plan->words), ARG, NULL);
    if (options->shell) return NULL;
    if (!os_shell_by_default) return choose_without_shell(plan, options->command);
    choose(plan, mem);
    return NULL;
}

/* ---- one job's command ---------------------------------------------------------------------------------- */

/* A word as the program is to get it. */
static const char *plain_word(const apr_array_header_t *word, const char *arg, apr_uint64_t number,
                              apr_pool_t *mem)
{
    const char *text = "";
    for (int i = 0; i < word->nelts; i++) {
        const piece_t *piece = &APR_ARRAY_IDX(word, i, piece_t);
        const char *value = piece->kind == LITERAL ? piece->text : value_of(piece->kind, arg, number, mem);
        text = i == 0 ? value : apr_pstrcat(mem, text, value, NULL);
    }
    return text;
}

/* A word as the shell is to get it; NULL: it cannot. */
static const char *shell_word(const template_t *plan, const apr_array_header_t *word, const char *arg,
                              apr_uint64_t number, apr_pool_t *mem)
{
    const char *text = "";
    if (plan->quote) return os_shell_quote(plain_word(word, arg, number, mem), mem);
    for (int i = 0; i < word->nelts; i++) {
        const piece_t *piece = &APR_ARRAY_IDX(word, i, piece_t);
        const char *value = piece->kind == LITERAL
                                ? piece->text
                                : os_shell_quote(value_of(piece->kind, arg, number, mem), mem);
        if (value == NULL) return NULL;
        text = i == 0 ? value : apr_pstrcat(mem, text, value, NULL);
    }
    return text;
}

static const char *fill_shell(command_t *command, const template_t *plan, const char *arg,
                              apr_uint64_t number, apr_pool_t *mem)
{
    const char *line = plan->command ? arg : "";
    for (int i = 0; i < plan->words->nelts; i++) {
        const char *word =
            shell_word(plan, APR_ARRAY_IDX(plan->words, i, apr_array_header_t *), arg, number, mem);
        if (word == NULL) return "this argument cannot be quoted for cmd.exe";
        line = i == 0 ? word : apr_pstrcat(mem, line, " ", word, NULL);
    }
    command->line = line;
    command->words = os_shell_words(line, mem);
    return NULL;
}

static const char *fill_plain(command_t *command, const template_t *plan, const char *arg,
                              apr_uint64_t number, apr_pool_t *mem)
{
    const int count = plan->words->nelts;
    const char **words = apr_palloc(mem, ((apr_size_t)count + 1) * sizeof *words);
    const char *line = "";

    for (int i = 0; i < count; i++) {
        const apr_array_header_t *parts = APR_ARRAY_IDX(plan->words, i, apr_array_header_t *);
        const char *word = plain_word(parts, arg, number, mem);
        const char *shown =
            os_shell_by_default ? shell_word(plan, parts, arg, number, mem) : os_shown_word(word, mem);
        line = i == 0 ? shown : apr_pstrcat(mem, line, " ", shown, NULL);
        words[i] = i == 0 ? word : os_word(word, mem);
    }
    words[count] = NULL;
    command->line = line;
    command->words = words;
    return os_refuses(words[0]);
}

const char *template_fill(command_t *command, const template_t *plan, const char *arg, apr_uint64_t number,
                          apr_pool_t *mem)
{
    return plan->shell ? fill_shell(command, plan, arg, number, mem)
                       : fill_plain(command, plan, arg, number, mem);
}
