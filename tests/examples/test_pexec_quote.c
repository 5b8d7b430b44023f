/*
 * The quoting of pexec, for all three readers. Windows' is read back here by the rules of CommandLineToArgvW(), from
 * a line that is joined as APR joins it, so that it is tested everywhere.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pexec.h"
#include "unit.h"

#include <apr_general.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <string.h>

static apr_pool_t *mem;

static int set_up(void **state)
{
    (void)state;
    return apr_initialize() != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS;
}

static int tear_down(void **state)
{
    (void)state;
    apr_pool_destroy(mem);
    apr_terminate();
    return 0;
}

/* As apr_proc_create() does on Windows. */
static const char *joined_by_apr(const char *word)
{
    int space = *word == '\0';
    for (const char *at = word; *at; at++) space |= apr_isspace(*at) != 0;
    return space ? apr_pstrcat(mem, "\"", word, "\"", NULL) : word;
}

/* The next word of a command line; *line moves behind it. */
static const char *next_word(const char **line)
{
    char *word = apr_pcalloc(mem, strlen(*line) + 1), *to = word;
    const char *at = *line;
    int quoted = 0;

    while (*at == ' ' || *at == '\t') at++;
    while (*at && (quoted || (*at != ' ' && *at != '\t'))) {
        size_t backslashes = strspn(at, "\\");
        at += backslashes;
        if (*at == '"') {
            memset(to, '\\', backslashes / 2);
            to += backslashes / 2;
            if (backslashes % 2)
                *to++ = '"';
            else
                quoted = !quoted;
            at++;
        } else {
            memset(to, '\\', backslashes);
            to += backslashes;
            if (backslashes == 0) *to++ = *at++;
        }
    }
    *line = at;
    return word;
}

static void assert_read_back(const char *value)
{
    const char *line = apr_pstrcat(mem, joined_by_apr(quote_for_apr(value, mem)), " next", NULL);
    assert_string_equal(next_word(&line), value);
    assert_string_equal(next_word(&line), "next");
    assert_string_equal(line, "");
}

static void test_words_known(void **state)
{
    (void)state;
    assert_string_equal(quote_for_apr("plain", mem), "plain");
    assert_string_equal(quote_for_apr("a\"b", mem), "a\\\"b");
    assert_string_equal(quote_for_apr("C:\\x\\", mem), "C:\\x\\");
    assert_string_equal(quote_for_apr("C:\\x y\\", mem), "C:\\x y\\\\");
    assert_string_equal(quote_for_apr("\\\"", mem), "\\\\\\\"");
}

/* All words of up to six characters out of those that matter. */
static void test_all_words_are_read_back(void **state)
{
    static const char letters[] = "\\\" \ta";
    (void)state;
    for (int length = 0; length <= 6; length++) {
        int count = 1;
        for (int i = 0; i < length; i++) count *= 5;
        for (int number = 0; number < count; number++) {
            char value[8] = "";
            for (int i = 0, rest = number; i < length; i++, rest /= 5) value[i] = letters[rest % 5];
            assert_read_back(value);
        }
        apr_pool_clear(mem);
    }
}

static void test_sh(void **state)
{
    (void)state;
    assert_string_equal(quote_sh("", mem), "''");
    assert_string_equal(quote_sh("a-b_c.d+e/9", mem), "a-b_c.d+e/9");
    assert_string_equal(quote_sh("a b", mem), "'a b'");
    assert_string_equal(quote_sh("it's", mem), "'it'\"'\"'s'");
    assert_string_equal(quote_sh("$(x)`y`\\", mem), "'$(x)`y`\\'");
    assert_string_equal(quote_sh("a\nb", mem), "'a\nb'");
    assert_string_equal(quote_sh("=", mem), "'='");
}

static void test_cmd(void **state)
{
    (void)state;
    assert_string_equal(quote_cmd("a & b", mem), "\"a & b\"");
    assert_string_equal(quote_cmd("", mem), "\"\"");
    assert_string_equal(quote_cmd("C:\\x\\", mem), "\"C:\\x\\\\\"");
    assert_null(quote_cmd("100%", mem));
    assert_null(quote_cmd("a\"b", mem));
    assert_null(quote_cmd("a\nb", mem));
    assert_null(quote_cmd("a\rb", mem));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words_known),
        cmocka_unit_test(test_all_words_are_read_back),
        cmocka_unit_test(test_sh),
        cmocka_unit_test(test_cmd),
    };
    return cmocka_run_group_tests_name("pexec_quote", tests, set_up, tear_down);
}
