/*
 * Logs without workers: records as text, found again; and the merge of files that were made by hand.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "fake_os.h"
#include "log_record.h"
#include "spork.h"
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- records ------------------------------------------------------------------------------------------------- */

/* 2026-11-25 10:26:38.123456 */
static const spk_record_t usual = {
    APR_INT64_C(1795602398123456), UINT64_C(1795602398123456789), SPORK_LOG_INFO, 4711, 2, 1, 17
};
#define USUAL "2026-11-25T10:26:38.123456Z 1795602398.123456789 INFO pid=4711 worker=2 item=17 "

static char line[SPORK_LOG_MAX + 1];

static const char *written(const spk_record_t *record, const char *message, size_t size, int is_cut)
{
    size_t n;

    memset(line, '#', sizeof line);
    n = spk_record_write(line, record, message, size, is_cut);
    assert_in_range(n, 1, SPORK_LOG_MAX);
    assert_int_equal(line[n - 1], '\n');
    assert_int_equal(line[SPORK_LOG_MAX], '#');
    line[n] = '\0';
    assert_ptr_equal(strchr(line, '\n'), line + n - 1);
    return line;
}

static void test_format(void **state)
{
    spk_record_t early = { 0, 7, SPORK_LOG_ERROR, 1, 0, 0, 99 };

    (void)state;
    assert_string_equal(written(&usual, "hello", 5, 0), USUAL "hello\n");
    assert_string_equal(written(&usual, "", 0, 0), USUAL "\n");
    assert_string_equal(written(&early, "x", 1, 0),
                        "1970-01-01T00:00:00.000000Z 0.000000007 ERROR pid=1 worker=0 item=- x\n");
}

static void test_a_record_is_a_line(void **state)
{
    static const char wild[] = "a\nb\r\tc\\d\x1b[0m\x7f\0z",
                      utf8[] = "K\xc3\xb6ln \xe6\x97\xa5 \xf0\x9f\x90\x99";

    (void)state;
    assert_string_equal(written(&usual, wild, sizeof wild - 1, 0),
                        USUAL "a\\nb\\r\tc\\\\d\\x1b[0m\\x7f\\x00z\n");
    assert_string_equal(written(&usual, utf8, sizeof utf8 - 1, 0),
                        USUAL "K\xc3\xb6ln \xe6\x97\xa5 \xf0\x9f\x90\x99\n");
}

static void test_long_messages_are_cut_at_a_character(void **state)
{
    static char message[SPORK_LOG_MAX];
    size_t head = strlen(USUAL), room = SPORK_LOG_MAX - 1 - head, fits = room - strlen(SPK_RECORD_CUT);

    (void)state;
    memset(message, 'x', sizeof message);
    (void)written(&usual, message, fits, 0);
    assert_null(strstr(line, SPK_RECORD_CUT));
    (void)written(&usual, message, sizeof message, 0);
    assert_int_equal(strlen(line), SPORK_LOG_MAX);
    assert_string_equal(line + head + fits, SPK_RECORD_CUT "\n");
    for (size_t before = 1; before < 4; before++) { /* of the four bytes of a character so many would fit */
        memcpy(message + fits - before, "\xf0\x9f\x90\x99", 4);
        (void)written(&usual, message, sizeof message, 0);
        assert_string_equal(line + head + fits - before, SPK_RECORD_CUT "\n");
        memset(message, 'x', sizeof message);
    }
    memcpy(message + fits - 4, "\xf0\x9f\x90\x99", 4); /* all of them */
    (void)written(&usual, message, sizeof message, 0);
    assert_string_equal(line + head + fits - 4, "\xf0\x9f\x90\x99" SPK_RECORD_CUT "\n");
    memset(message, '\n', sizeof message); /* no half escape, */
    message[0] = 'x';                      /* whatever is even or odd */
    (void)written(&usual, message, sizeof message, 0);
    assert_string_equal(line + strlen(line) - 9, "\\n" SPK_RECORD_CUT "\n");
    message[0] = '\n';
    (void)written(&usual, message, sizeof message, 0);
    assert_string_equal(line + strlen(line) - 9, "\\n" SPK_RECORD_CUT "\n");
    (void)written(&usual, "short", 5, 1);
    assert_string_equal(line, USUAL "short" SPK_RECORD_CUT "\n");
}

static void test_reading(void **state)
{
    static const char *const none[] = {
        "",
        "\n",
        "hello",
        "2026-11-25T10:26:38.123456Z",
        "2026-11-25T10:26:38.123456Z 1795602398.123456789 NOTICE pid=1 worker=0 item=- x",
        "2026-11-25T10:26:38.123456Z 1795602398.12345678 INFO pid=1 worker=0 item=- x",
        "2026-11-25T10:26:38.123456Z .123456789 INFO pid=1 worker=0 item=- x",
        "2026-11-25T10:26:38.123456Z 99999999999.123456789 INFO pid=1 worker=0 item=- x",
        "2026-11-25T10:26:38.123456Z 123456789012.123456789 INFO pid=1 worker=0 item=- x",
        "2026-11-25 10:26:38.123456Z 1795602398.123456789 INFO pid=1 worker=0 item=- x",
        " 2026-11-25T10:26:38.123456Z 1795602398.123456789 INFO pid=1 worker=0 item=- x",
    };
    uint64_t clock = 0;
    size_t size;

    (void)state;
    for (int level = SPORK_LOG_DEBUG; level <= SPORK_LOG_ERROR; level++) {
        spk_record_t record = usual;

        record.level = (spork_level_e)level;
        record.pid = INT64_MAX;
        record.clock += (uint64_t)level;
        (void)written(&record, "x", 1, 0);
        assert_int_equal(spk_record_read(line, SPK_RECORD_HEAD, &clock), 1);
        assert_true(clock == record.clock);
    }
    for (size_t i = 0; i < LENGTH(none); i++)
        if (spk_record_read(none[i], strlen(none[i]), &clock)) fail_msg("taken for a record: %s", none[i]);
    for (size = 0; size < strlen("2026-11-25T10:26:38.123456Z 1795602398.123456789 INFO pid="); size++)
        assert_int_equal(spk_record_read(USUAL, size, &clock), 0);
    assert_int_equal(spk_record_read(USUAL, size, &clock), 1);
}

static void test_names_of_files(void **state)
{
    static const char *const good[] = { "a_1.log", "csv_sum_4711.log",
                                        "K\xc3\xb6ln_12345678901234567890.log" };
    static const char *const bad[] = { "",         ".log",     "_1.log",   "a.log",
                                       "a_.log",   "1.log",    "a1.log",   "a_1.txt",
                                       "a_1.log2", "a_1x.log", "a_-1.log", "a_123456789012345678901.log" };

    (void)state;
    for (size_t i = 0; i < LENGTH(good); i++) assert_int_equal(spk_record_file(good[i]), 1);
    for (size_t i = 0; i < LENGTH(bad); i++) assert_int_equal(spk_record_file(bad[i]), 0);
}

/* ---- merging ---------------------------------------------------------------------------------------------------- */

static apr_pool_t *memory;
static char *directory;

static int make_directory(void **state)
{
    const char *base;
    static int n;

    (void)state;
    fake_reset();
    if (apr_pool_create(&memory, NULL) != APR_SUCCESS || apr_temp_dir_get(&base, memory) != APR_SUCCESS)
        return -1;
    directory =
        apr_psprintf(memory, "%s/spork-log-%" APR_INT64_T_FMT "-%d", base, (apr_int64_t)apr_time_now(), n++);
    return apr_dir_make(directory, APR_FPROT_OS_DEFAULT, memory) == APR_SUCCESS ? 0 : -1;
}

static char *at(const char *name)
{
    return apr_pstrcat(memory, directory, "/", name, (char *)NULL);
}

static int remove_directory(void **state)
{
    apr_dir_t *dir;
    apr_finfo_t info;

    (void)state;
    if (apr_dir_open(&dir, directory, memory) != APR_SUCCESS) return -1;
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS)
        if (info.name[0] != '.' && apr_file_remove(at(info.name), memory) != APR_SUCCESS)
            (void)apr_dir_remove(at(info.name), memory);
    (void)apr_dir_close(dir);
    if (apr_dir_remove(directory, memory) != APR_SUCCESS) return -1;
    apr_pool_destroy(memory);
    return 0;
}

static void put(const char *name, const char *text, size_t size)
{
    apr_file_t *file;

    assert_int_equal(apr_file_open(&file, at(name), APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_APPEND,
                                   APR_FPROT_OS_DEFAULT, memory),
                     APR_SUCCESS);
    assert_int_equal(apr_file_write_full(file, text, size, NULL), APR_SUCCESS);
    assert_int_equal(apr_file_close(file), APR_SUCCESS);
}

static void put_text(const char *name, const char *text)
{
    put(name, text, strlen(text));
}

static char *content(const char *name, size_t *size)
{
    apr_file_t *file;
    apr_off_t end = 0, begin = 0;
    apr_size_t n;
    char *text;

    assert_int_equal(apr_file_open(&file, at(name), APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, memory),
                     APR_SUCCESS);
    assert_int_equal(apr_file_seek(file, APR_END, &end), APR_SUCCESS);
    assert_int_equal(apr_file_seek(file, APR_SET, &begin), APR_SUCCESS);
    n = (apr_size_t)end;
    text = apr_pcalloc(memory, n + 1);
    if (n > 0) assert_int_equal(apr_file_read_full(file, text, n, &n), APR_SUCCESS);
    assert_int_equal(apr_file_close(file), APR_SUCCESS);
    if (size != NULL) *size = n;
    return text;
}

static int n_files(void)
{
    apr_dir_t *dir;
    apr_finfo_t info;
    int n = 0;

    assert_int_equal(apr_dir_open(&dir, directory, memory), APR_SUCCESS);
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) n += info.name[0] != '.';
    (void)apr_dir_close(dir);
    return n;
}

static void merges(const char *wanted)
{
    assert_int_equal(spork_logs_merge(directory, at("all"), memory), APR_SUCCESS);
    assert_string_equal(content("all", NULL), wanted);
    assert_int_equal(spork_logs_merge(directory, at("all"), NULL), APR_SUCCESS); /* replaces it */
    assert_string_equal(content("all", NULL), wanted);
}

#define AT(second, words) \
    "2026-11-25T10:26:38.123456Z " #second ".000000000 INFO pid=1 worker=0 item=- " words "\n"

static void test_merge_by_time(void **state)
{
    (void)state;
    put_text("p_1.log", AT(10, "a") AT(30, "c") AT(50, "e"));
    put_text("p_2.log", AT(20, "b") AT(40, "d") AT(60, "f"));
    put_text("q_3.log", "");
    put_text("other.log", AT(1, "not a worker's"));
    put_text("p_9.txt", AT(1, "nor this"));
    assert_int_equal(apr_dir_make(at("p_4.log"), APR_FPROT_OS_DEFAULT, memory), APR_SUCCESS);
    merges(AT(10, "a") AT(20, "b") AT(30, "c") AT(40, "d") AT(50, "e") AT(60, "f"));
    assert_int_equal(n_files(), 7);
}

static void test_equal_times_keep_their_order(void **state)
{
    (void)state;
    put_text("b_1.log", AT(10, "b1") AT(10, "b2") AT(20, "b3"));
    put_text("a_2.log", AT(10, "a1") AT(20, "a2") AT(20, "a3"));
    merges(AT(10, "a1") AT(10, "b1") AT(10, "b2") AT(20, "a2") AT(20, "a3") AT(20, "b3"));
}

/* The wall clock was set back between two processes of the same number. */
static void test_no_record_passes_the_one_above_it(void **state)
{
    (void)state;
    put_text("a_1.log", AT(50, "a1") AT(10, "a2") AT(60, "a3"));
    put_text("b_1.log", AT(20, "b1") AT(55, "b2"));
    merges(AT(20, "b1") AT(50, "a1") AT(10, "a2") AT(55, "b2") AT(60, "a3"));
}

static void test_other_lines_stay_behind_their_record(void **state)
{
    (void)state;
    put_text("a_1.log", "before all\n" AT(10, "a1") "printed\n\nat ten\r\n" AT(30, "a2") "printed last");
    put_text("b_1.log", AT(20, "b1") "x" AT(40, "not a line of its own"));
    merges("before all\n" AT(10, "a1") "printed\n\nat ten\r\n" AT(20, "b1") "x" AT(
        40, "not a line of its own") AT(30, "a2") "printed last" SPK_RECORD_CUT "\n");
}

static void test_cut_lines_are_marked(void **state)
{
    (void)state;
    put_text("a_1.log",
             AT(10, "a1") "2026-11-25T10:26:38.123456Z 30.000000000 INFO pid=1 worker=0 item=- half a mess");
    put_text("b_1.log", AT(20, "b1") "2026-11-25T10:2");
    put_text("c_1.log", AT(25, "c1") AT(35, "c2"));
    merges(AT(10, "a1") AT(20, "b1") "2026-11-25T10:2" SPK_RECORD_CUT "\n" AT(
        25,
        "c1") "2026-11-25T10:26:38.123456Z 30.000000000 INFO pid=1 worker=0 item=- half a mess" SPK_RECORD_CUT
              "\n" AT(35, "c2"));
}

static void test_binary_files_and_huge_lines(void **state)
{
    const size_t huge = 5 * 1000 * 1000;
    char *text = malloc(huge), *all;
    size_t size;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < huge; i++) text[i] = (char)(i * 7 % 251 == '\n' ? 0 : i * 7 % 251);
    put_text("a_1.log", AT(10, "a1"));
    put("a_1.log", text, huge);
    put_text("a_1.log", "\n" AT(30, "a2"));
    put_text("b_1.log", AT(20, "b1"));
    put("c_1.log", "\0\xff\n\0", 4);
    assert_int_equal(spork_logs_merge(directory, at("all"), memory), APR_SUCCESS);
    all = content("all", &size);
    assert_int_equal(size, 4 + 7 + 3 * strlen(AT(10, "a1")) + huge + 1);
    assert_memory_equal(all, "\0\xff\n\0" SPK_RECORD_CUT "\n" AT(10, "a1"), 11 + strlen(AT(10, "a1")));
    assert_memory_equal(all + 11 + strlen(AT(10, "a1")), text, huge);
    assert_string_equal(all + 11 + strlen(AT(10, "a1")) + huge, "\n" AT(20, "b1") AT(30, "a2"));
    free(text);
}

/* Files of many records, so that windows are filled often and at every place of a line. */
static void test_many_files(void **state)
{
    enum { FILES = 700, RECORDS = 40 };
    static char text[RECORDS * 200];
    char *all, *next;
    uint64_t last = 0, clock = 0;
    int seen = 0;

    (void)state;
    for (int f = 0; f < FILES; f++) {
        size_t used = 0, n;
        for (int r = 0; r < RECORDS; r++) {
            spk_record_t record = usual;
            char message[SPORK_LOG_MAX];

            record.clock = UINT64_C(1000000007) * (uint64_t)(r * 31 + f % 29);
            record.item = (uint64_t)(f * RECORDS + r);
            (void)memset(message, 'm', (size_t)(f + r) % 90);
            n = spk_record_write(line, &record, message, (size_t)(f + r) % 90, 0);
            memcpy(text + used, line, n);
            used += n;
        }
        put(apr_psprintf(memory, "w_%d.log", f), text, used);
    }
    assert_int_equal(spork_logs_merge(directory, at("all"), memory), APR_SUCCESS);
    all = content("all", NULL);
    for (; *all != '\0'; all = next + 1, seen++) {
        next = strchr(all, '\n');
        assert_non_null(next);
        assert_int_equal(spk_record_read(all, (size_t)(next - all), &clock), 1);
        assert_true(clock >= last);
        last = clock;
    }
    assert_int_equal(seen, FILES * RECORDS);
}

static void refuses(const char *dir, const char *out, apr_status_t status)
{
    int before = n_files();

    assert_int_equal(spork_logs_merge(dir, out, memory), status);
    assert_true(strncmp(spork_error(), "spork_logs_merge: ", 18) == 0);
    assert_int_equal(n_files(), before);
}

static void test_what_is_refused(void **state)
{
    apr_status_t status;

    (void)state;
    put_text("a_1.log", AT(10, "a1"));
    assert_int_equal(apr_file_link(at("a_1.log"), at("linked")), APR_SUCCESS);
    refuses(NULL, at("all"), APR_EINVAL);
    refuses(directory, NULL, APR_EINVAL);
    refuses("", at("all"), APR_EINVAL);
    refuses(directory, "", APR_EINVAL);
    refuses(directory, at("a_1.log"), APR_EINVAL);
    refuses(directory, at("linked"), APR_EINVAL); /* the same file */
    refuses(directory, at("b_2.log"), APR_EINVAL);
    refuses(directory, directory, APR_EINVAL);
    assert_string_equal(content("a_1.log", NULL), AT(10, "a1"));
    status = spork_logs_merge(at("missing"), at("all"), memory);
    assert_true(APR_STATUS_IS_ENOENT(status));
    assert_non_null(strstr(spork_error(), "missing"));
    status = spork_logs_merge(directory, at("missing/all"), memory);
    assert_true(APR_STATUS_IS_ENOENT(status));
    assert_non_null(strstr(spork_error(), "missing/all"));
    assert_int_equal(n_files(), 2);
}

static void test_nothing_to_merge(void **state)
{
    (void)state;
    merges("");
    put_text("a_1.log", "");
    merges("");
}

int main(void)
{
#define MERGE(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_a_record_is_a_line),
        cmocka_unit_test(test_long_messages_are_cut_at_a_character),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_names_of_files),
        MERGE(test_merge_by_time),
        MERGE(test_equal_times_keep_their_order),
        MERGE(test_no_record_passes_the_one_above_it),
        MERGE(test_other_lines_stay_behind_their_record),
        MERGE(test_cut_lines_are_marked),
        MERGE(test_binary_files_and_huge_lines),
        MERGE(test_many_files),
        MERGE(test_what_is_refused),
        MERGE(test_nothing_to_merge),
    };

    if (apr_initialize() != APR_SUCCESS) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
