/*
 * Columns of UTF-8 text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "columns.h"
#include <string.h>

#define E_ACUTE "\xc3\xa9"
#define E_COMBINED "e\xcc\x81"
#define KANJI "\xe6\xbc\xa2"
#define SMILE "\xf0\x9f\x98\x80"

static void every_width_is_known(void **state)
{
    static const struct {
        const char *text;
        int columns;
    } cases[] = {
        { "", 0 },
        { "plain", 5 },
        { E_ACUTE, 1 },
        { E_COMBINED, 1 },
        { KANJI KANJI, 4 },
        { SMILE, 2 },
        { "\xe2\x82\xac", 1 },     /* the euro */
        { "\xef\xbc\xa1", 2 },     /* fullwidth A */
        { "\xe2\x80\x8b", 0 },     /* zero width space */
        { "\xf0\xa0\x80\x80", 2 }, /* the first of plane 2 */
    };

    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char to[32];
        assert_int_equal(spk_columns(cases[i].text), cases[i].columns);
        assert_int_equal(spk_columns_copy(to, sizeof to, cases[i].text, 80), cases[i].columns);
        assert_string_equal(to, cases[i].text);
    }
}

/* Nothing of it reaches a terminal as it is. */
static void what_is_no_text_is_a_question_mark(void **state)
{
    static const struct {
        const char *text, *becomes;
    } cases[] = {
        { "a\x1b[2Jb", "a?[2Jb" },
        { "a\r\n\tb", "a???b" },
        { "\x7f", "?" },
        { "\xc2\x85", "??" },      /* next line, of C1 */
        { "\xc2\x9b", "??" },      /* the control sequence introducer */
        { "\xe2\x80\xa8", "???" }, /* line separator */
        { "\x80", "?" },           /* a rest */
        { "\xc3", "?" },           /* cut by the end */
        { "\xe6\xbc", "??" },      /* likewise */
        { "\xc3x", "?x" },         /* cut by another */
        { "\xc0\xaf", "??" },      /* overlong */
        { "\xe0\x80\xaf", "???" }, /* likewise */
        { "\xf0\x80\x80\xaf", "????" },
        { "\xed\xa0\x80", "???" },      /* a surrogate */
        { "\xf4\x90\x80\x80", "????" }, /* beyond Unicode */
        { "\xff\xfe", "??" },
    };

    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char to[32];
        assert_int_equal(spk_columns_copy(to, sizeof to, cases[i].text, 80), strlen(cases[i].becomes));
        assert_string_equal(to, cases[i].becomes);
        assert_int_equal(spk_columns(cases[i].text), strlen(cases[i].becomes));
    }
}

static void characters_are_not_cut(void **state)
{
    static const char text[] = "a" KANJI E_COMBINED SMILE "z"; /* 1 2 1 2 1 columns, 1 3 3 4 1 bytes */
    static const struct {
        int columns;
        size_t room;
        int taken;
        size_t bytes;
    } cases[] = {
        { 0, 99, 0, 0 }, { 1, 99, 1, 1 },  { 2, 99, 1, 1 },   { 3, 99, 3, 4 },   { 4, 99, 4, 7 },
        { 5, 99, 4, 7 }, { 6, 99, 6, 11 }, { 7, 99, 7, 12 },  { 80, 99, 7, 12 }, { 80, 1, 0, 0 },
        { 80, 4, 1, 1 }, { 80, 5, 3, 4 },  { 80, 12, 6, 11 }, { 80, 13, 7, 12 }, { -3, 99, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        char to[100];
        memset(to, 'x', sizeof to);
        assert_int_equal(spk_columns_copy(to, cases[i].room, text, cases[i].columns), cases[i].taken);
        assert_int_equal(strlen(to), cases[i].bytes);
        assert_memory_equal(to, text, cases[i].bytes);
        assert_true(to[cases[i].room < 99 ? cases[i].room : 99] == 'x');
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_width_is_known),
        cmocka_unit_test(what_is_no_text_is_a_question_mark),
        cmocka_unit_test(characters_are_not_cut),
    };
    return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
