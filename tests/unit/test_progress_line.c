/*
 * The progress line: from a record and a width to text.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "columns.h"
#include "progress_line.h"
#include <string.h>

#define S ((apr_interval_time_t)1000000)

static const spork_progress_worker_t four[] = {
    { 1, 1240, -1 }, { 1, 1238, 0.456 }, { 0, 0, -1 }, { 1, 1241, -1 }
};

static spork_progress_t record(void)
{
    spork_progress_t p;

    memset(&p, 0, sizeof p);
    p.done = 1234;
    p.total = 10000;
    p.failed = 3;
    p.rate = 812.3;
    p.elapsed = 2 * S;
    p.left = 12 * S;
    p.n_workers = 4;
    p.workers = four;
    return p;
}

static void expect(const spork_progress_t *p, const char *label, int columns, const char *wanted)
{
    char line[SPK_LINE_BYTES];
    int width = spk_progress_line(line, label, p, columns);

    assert_string_equal(line, wanted);
    assert_int_equal(width, spk_columns(line));
    assert_true(width < columns || width == 0);
}

static void all_of_it(void **state)
{
    spork_progress_t p = record();

    (void)state;
    expect(&p, "label", 100, "label: 1234/10000 12%, 3 failed, 812/s, eta 0:12 | #1240 #1238:45% - #1241");
    expect(&p, NULL, 100, "1234/10000 12%, 3 failed, 812/s, eta 0:12 | #1240 #1238:45% - #1241");
    p.failed = 0;
    p.rate = 0;
    p.left = -1;
    p.n_workers = 0;
    expect(&p, NULL, 100, "1234/10000 12%");
}

static void a_total_that_is_not_known(void **state)
{
    spork_progress_t p = record();

    (void)state;
    p.total = 0;
    p.left = -1;
    p.workers = NULL;
    expect(&p, NULL, 100, "1234 done, 3 failed, 812/s");
}

static void the_last_line(void **state)
{
    spork_progress_t p = record();

    (void)state;
    p.done = p.total;
    p.ended = 1;
    p.left = 0;
    p.elapsed = 3723 * S;
    expect(&p, "all", 100, "all: 10000/10000 100%, 3 failed, 812/s, in 1:02:03");
}

/* What is worth most stays longest, and the last column stays free. */
static void a_narrow_terminal(void **state)
{
    static const struct {
        int columns;
        const char *wanted;
    } cases[] = {
        { 76, "label: 1234/10000 12%, 3 failed, 812/s, eta 0:12 | #1240 #1238:45% - #1241" },
        { 75, "label: 1234/10000 12%, 3 failed, 812/s, eta 0:12 | #1240 #1238:45% - #1241" },
        { 74, "label: 1234/10000 12%, 3 failed, 812/s, eta 0:12 | #1240 #1238:45% - +1" },
        { 60, "label: 1234/10000 12%, 3 failed, 812/s, eta 0:12 | #1240 +3" },
        { 59, "label: 1234/10000 12%, 3 failed, 812/s, eta 0:12" },
        { 49, "label: 1234/10000 12%, 3 failed, 812/s, eta 0:12" },
        { 48, "1234/10000 12%, 3 failed, 812/s, eta 0:12" },
        { 47, "1234/10000 12%, 3 failed, 812/s, eta 0:12" },
        { 42, "1234/10000 12%, 3 failed, 812/s, eta 0:12" },
        { 41, "1234/10000 12%, 3 failed, eta 0:12" },
        { 35, "1234/10000 12%, 3 failed, eta 0:12" },
        { 34, "1234/10000, 3 failed, eta 0:12" },
        { 25, "1234/10000 12%, 3 failed" },
        { 24, "1234/10000, 3 failed" },
        { 21, "1234/10000, 3 failed" },
        { 20, "1234/10000 12%" },
        { 11, "1234/10000" },
        { 10, "1234/1000" },
        { 2, "1" },
        { 1, "" },
        { 0, "" },
        { -1, "" },
    };
    spork_progress_t p = record();

    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) expect(&p, "label", cases[i].columns, cases[i].wanted);
}

static void labels_are_measured_in_columns(void **state)
{
    spork_progress_t p = record();

    (void)state;
    p.failed = 0;
    p.rate = 0;
    p.left = -1;
    p.workers = NULL;
    expect(&p, "\xe6\xbc\xa2\xe5\xad\x97", 21, "\xe6\xbc\xa2\xe5\xad\x97: 1234/10000 12%");
    expect(&p, "\xe6\xbc\xa2\xe5\xad\x97", 20, "1234/10000 12%");
    expect(&p, "na\xc3\xafve", 22, "na\xc3\xafve: 1234/10000 12%");
    expect(&p, "long long label", 20, "1234/10000 12%");
    expect(&p, "a label of 24 characters", 36, "a label of 24 char: 1234/10000 12%");
    expect(&p, "a\nb\x1b", 80, "a?b?: 1234/10000 12%");
}

static void rates_have_three_digits(void **state)
{
    static const struct {
        double rate;
        const char *wanted;
    } cases[] = {
        { 1e-9, "0 done, 0.0/h" },   { 0.001, "0 done, 3.6/h" },  { 0.1, "0 done, 6/min" },
        { 0.05, "0 done, 3/min" },   { 0.02, "0 done, 1.2/min" }, { 1, "0 done, 1/s" },
        { 1.2, "0 done, 1.2/s" },    { 9.96, "0 done, 10/s" },    { 12.6, "0 done, 13/s" },
        { 999.4, "0 done, 999/s" },  { 999.6, "0 done, 1.0k/s" }, { 123456, "0 done, 123k/s" },
        { 2.5e6, "0 done, 2.5M/s" }, { 7e9, "0 done, 7.0G/s" },   { 1e300, "0 done, 999T/s" },
    };

    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        spork_progress_t p;
        memset(&p, 0, sizeof p);
        p.left = -1;
        p.rate = cases[i].rate;
        expect(&p, NULL, 80, cases[i].wanted);
    }
}

static void times_of_every_length(void **state)
{
    static const struct {
        apr_interval_time_t left;
        const char *wanted;
    } cases[] = {
        { 0, "0/1 0%, eta 0:00" },
        { 499999, "0/1 0%, eta 0:00" },
        { 500000, "0/1 0%, eta 0:01" },
        { 59 * S, "0/1 0%, eta 0:59" },
        { 3599 * S, "0/1 0%, eta 59:59" },
        { 3600 * S, "0/1 0%, eta 1:00:00" },
        { 86400 * S, "0/1 0%, eta 1d 0h" },
        { 86400 * S * 400, "0/1 0%, eta 400d 0h" },
        { INT64_MAX, "0/1 0%, eta 99999d 4h" },
    };

    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        spork_progress_t p;
        memset(&p, 0, sizeof p);
        p.total = 1;
        p.left = cases[i].left;
        expect(&p, NULL, 80, cases[i].wanted);
    }
}

/* The largest numbers, a thousand workers, any width: within bounds, which a sanitizer sees. */
static void no_record_is_too_much(void **state)
{
    static spork_progress_worker_t workers[1000];
    spork_progress_t p = record();
    char label[3000], *line = test_malloc(SPK_LINE_BYTES);

    (void)state;
    memset(label, 'x', sizeof label - 1);
    label[sizeof label - 1] = '\0';
    for (size_t i = 0; i < LENGTH(workers); i++) {
        workers[i].running = 1;
        workers[i].index = SIZE_MAX;
        workers[i].part = 1;
    }
    p.done = p.total = p.failed = UINT64_MAX;
    p.rate = 1e308;
    p.left = p.elapsed = INT64_MAX;
    p.n_workers = LENGTH(workers);
    p.workers = workers;
    for (int columns = -1; columns < 40000; columns += columns < 300 ? 1 : 997) {
        int width = spk_progress_line(line, label, &p, columns);
        assert_int_equal(width, strlen(line));
        assert_true(width == 0 || width < columns);
    }
    test_free(line);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_it),
        cmocka_unit_test(a_total_that_is_not_known),
        cmocka_unit_test(the_last_line),
        cmocka_unit_test(a_narrow_terminal),
        cmocka_unit_test(labels_are_measured_in_columns),
        cmocka_unit_test(rates_have_three_digits),
        cmocka_unit_test(times_of_every_length),
        cmocka_unit_test(no_record_is_too_much),
    };
    return cmocka_run_group_tests_name("progress_line", tests, NULL, NULL);
}
