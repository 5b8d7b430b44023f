/*
 * Trace events as JSON text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "json.h"
#include "trace_json.h"
#include <string.h>

static char text[8192];

static spk_json_t begin(size_t room)
{
    spk_json_t json = { text, 0, 0, 0, 0 };

    json.room = room;
    memset(text, 'x', sizeof text);
    return json;
}

static void put(spk_json_t *json, const char *name, const char *arg)
{
    spk_json_event(json, 'X', name, 4711, 2);
    spk_json_time(json, "ts", 1234567);
    spk_json_args(json);
    spk_json_text(json, "arg", arg);
}

static void an_event(void **state)
{
    spk_json_t json = begin(sizeof text);

    (void)state;
    put(&json, "name", "value");
    spk_json_number(&json, "least", INT64_MIN);
    spk_json_count(&json, "most", UINT64_MAX);
    spk_json_time(&json, "late", UINT64_MAX);
    assert_true(spk_json_end(&json));
    text[json.size] = '\0';
    assert_string_equal(text,
                        "{\"name\":\"name\",\"ph\":\"X\",\"pid\":4711,\"tid\":2,\"ts\":1234.567,\"args\":"
                        "{\"arg\":\"value\",\"least\":-9223372036854775808,\"most\":18446744073709551615,"
                        "\"late\":18446744073709551.615}}");
    assert_null(json_error(text));
}

static void events_are_apart(void **state)
{
    spk_json_t json = begin(sizeof text);

    (void)state;
    text[0] = '[';
    json.size = 1;
    for (int i = 0; i < 3; i++) {
        spk_json_event(&json, 'M', "none", 1, 1);
        spk_json_args(&json);
        assert_true(spk_json_end(&json));
    }
    memcpy(text + json.size, "]", 2);
    assert_null(json_error(text));
    assert_int_equal(json_count(text, "},\n{"), 2);
}

static void strings_are_escaped(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        { "", "\"\"" },
        { "a\"b\\c/", "\"a\\\"b\\\\c/\"" },
        { "\n\t\x01\x1f\x7f", "\"\\u000a\\u0009\\u0001\\u001f\\u007f\"" },
        { "\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80", "\"\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80\"" },
        { "\xff\xfe", "\"\\ufffd\\ufffd\"" },
        { "\xc3", "\"\\ufffd\"" },
        { "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" },
        { "\xc0\x80", "\"\\ufffd\\ufffd\"" },
        { "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
    };

    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        spk_json_t json = begin(sizeof text);
        put(&json, cases[i].from, cases[i].from);
        assert_true(spk_json_end(&json));
        text[json.size] = '\0';
        assert_null(json_error(text));
        assert_int_equal(json_count(text, cases[i].to), 2);
    }
}

static void every_pair_of_bytes_is_valid(void **state)
{
    char from[4] = "";

    (void)state;
    for (unsigned a = 1; a < 256; a++) {
        for (unsigned b = 1; b < 256; b++) {
            spk_json_t json = begin(sizeof text);
            from[0] = (char)a;
            from[1] = (char)b;
            from[2] = (char)(a ^ b);
            put(&json, from, from + 1);
            assert_true(spk_json_end(&json));
            text[json.size] = '\0';
            assert_null(json_error(text));
        }
    }
}

/* For every room: all of it or nothing, and nothing behind the room. */
static void an_event_without_room_is_left_out(void **state)
{
    char lengthy[1000];
    size_t whole;
    spk_json_t json = begin(sizeof text);

    (void)state;
    memset(lengthy, '\x01', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    put(&json, "x", "y");
    assert_true(spk_json_end(&json));
    whole = json.size;
    for (size_t room = 0; room < whole + 3; room++) {
        int fits;
        json = begin(room);
        put(&json, "x", "y");
        fits = spk_json_end(&json);
        assert_int_equal(fits, room > whole);
        assert_int_equal(json.size, fits ? whole : 0);
        assert_int_equal(text[room], 'x');
    }
    json = begin(sizeof text);
    put(&json, lengthy, ""); /* what is too long is cut */
    assert_true(spk_json_end(&json));
    assert_true(json.size < SPK_JSON_EVENT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event),
        cmocka_unit_test(events_are_apart),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(every_pair_of_bytes_is_valid),
        cmocka_unit_test(an_event_without_room_is_left_out),
    };
    return cmocka_run_group_tests_name("trace_json", tests, NULL, NULL);
}
