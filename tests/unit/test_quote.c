/*
 * Windows command lines: against a table, and round a parser that was written from the rules of splitting
 * alone.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "quote.h"
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 4096

static void assert_line(const char *expected, const char *const *argv)
{
    char line[LINE_MAX_BYTES];

    assert_int_equal(spk_quote(line, sizeof line, argv), strlen(expected));
    assert_string_equal(line, expected);
}

#define ASSERT_LINE(expected, ...) assert_line(expected, (const char *const[]){ __VA_ARGS__, NULL })

static void test_table(void **state)
{
    (void)state;
    ASSERT_LINE("\"prog\"", "prog");
    ASSERT_LINE("\"C:\\a b\\prog.exe\" x", "C:\\a b\\prog.exe", "x");
    ASSERT_LINE("\"dir\\\" x", "dir\\", "x"); /* in the program's name a backslash is nothing special */
    ASSERT_LINE("\"p\" \"\"", "p", "");
    ASSERT_LINE("\"p\" \"a b\"", "p", "a b");
    ASSERT_LINE("\"p\" \"a\tb\"", "p", "a\tb");
    ASSERT_LINE("\"p\" \"a\nb\" \"a\vb\"", "p", "a\nb", "a\vb");
    ASSERT_LINE("\"p\" \"a\\\"b\"", "p", "a\"b");
    ASSERT_LINE("\"p\" a\\b", "p", "a\\b");
    ASSERT_LINE("\"p\" a\\\\", "p", "a\\\\");
    ASSERT_LINE("\"p\" \"a b\\\\\"", "p", "a b\\");
    ASSERT_LINE("\"p\" \"a\\\\\\\"b\"", "p", "a\\\"b");
    ASSERT_LINE("\"p\" \"a\\b c\"", "p", "a\\b c");
    ASSERT_LINE("\"p\" \"\\\"\"", "p", "\"");
    ASSERT_LINE("\"p\" \"\\\\\\\\\\\"\"", "p", "\\\\\"");
    ASSERT_LINE("\"p\" \xc3\xa4\xe2\x82\xac", "p", "\xc3\xa4\xe2\x82\xac");
    ASSERT_LINE("\"\" x", "", "x");
}

static void test_impossible(void **state)
{
    static const char *const none[] = { NULL };
    static const char *const quoted[] = { "a\"b", NULL };
    char line[8] = "kept";

    (void)state;
    assert_true(spk_quote(line, sizeof line, none) == SPK_QUOTE_IMPOSSIBLE);
    assert_true(spk_quote(line, sizeof line, quoted) == SPK_QUOTE_IMPOSSIBLE);
    assert_true(spk_quote(NULL, 0, none) == SPK_QUOTE_IMPOSSIBLE);
}

static void test_too_little_room(void **state)
{
    static const char *const argv[] = { "prog", "a \"b\" c\\", "", NULL };
    char whole[64], part[64];
    size_t length = spk_quote(whole, sizeof whole, argv), size;

    (void)state;
    assert_int_equal(spk_quote(NULL, 0, argv), length);
    for (size = 0; size <= length + 1; size++) {
        memset(part, 'X', sizeof part);
        assert_int_equal(spk_quote(part, size, argv), length);
        assert_int_equal(part[size], 'X');
    }
    assert_string_equal(whole, "\"prog\" \"a \\\"b\\\" c\\\\\" \"\"");
}

/* ---- the way back ----------------------------------------------------------------------------------- */

typedef struct {
    char words[16][256];
    int n;
} split_t;

static const char *split_program(const char *p, char *word)
{
    if (*p == '"') {
        for (p++; *p != '\0' && *p != '"'; p++) *word++ = *p;
        if (*p == '"') p++;
    } else {
        while (*p != '\0' && *p != ' ' && *p != '\t') *word++ = *p++;
    }
    *word = '\0';
    return p;
}

static const char *split_argument(const char *p, char *word)
{
    int quoted = 0;
    size_t slashes, i;

    while (*p != '\0' && (quoted || (*p != ' ' && *p != '\t'))) {
        for (slashes = 0; p[slashes] == '\\'; slashes++) continue;
        if (p[slashes] == '"') {
            for (i = 0; i < slashes / 2; i++) *word++ = '\\';
            p += slashes;
            if (slashes % 2 != 0) {
                *word++ = *p++;
            } else if (quoted && p[1] == '"') { /* two quotes between quotes are one, since 2008 */
                *word++ = '"';
                p += 2;
            } else {
                quoted = !quoted;
                p++;
            }
        } else if (slashes > 0) {
            for (i = 0; i < slashes; i++) *word++ = *p++;
        } else {
            *word++ = *p++;
        }
    }
    *word = '\0';
    return p;
}

static void split(const char *line, split_t *out)
{
    const char *p = split_program(line, out->words[0]);

    out->n = 1;
    for (;;) {
        while (*p == ' ' || *p == '\t') p++;
        if (*p == '\0') return;
        p = split_argument(p, out->words[out->n++]);
    }
}

static uint32_t seed = 12345;

static uint32_t next_random(uint32_t below)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

static void random_word(char *word)
{
    static const char letters[] = "\\\\\\\"\" \tab'%^&\n\v";
    uint32_t n = next_random(12), i;

    for (i = 0; i < n; i++) word[i] = letters[next_random(sizeof letters - 1)];
    word[n] = '\0';
}

static void test_round_trip(void **state)
{
    char words[6][32], line[LINE_MAX_BYTES];
    const char *argv[7];
    split_t back;
    int i, k, n;

    (void)state;
    for (i = 0; i < 100000; i++) {
        n = 1 + (int)next_random(5);
        strcpy(words[0], i % 2 == 0 ? "C:\\Program Files\\x\\" : "x");
        argv[0] = words[0];
        for (k = 1; k < n; k++) {
            random_word(words[k]);
            argv[k] = words[k];
        }
        argv[n] = NULL;
        assert_true(spk_quote(line, sizeof line, argv) < sizeof line);
        split(line, &back);
        assert_int_equal(back.n, n);
        for (k = 0; k < n; k++) assert_string_equal(back.words[k], argv[k]);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_impossible),
        cmocka_unit_test(test_too_little_room),
        cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
