/*
 * Words for statuses.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "error.h"
#include <apr_general.h>
#include <apr_thread_proc.h>
#include <string.h>

static void test_every_code_has_words_of_its_own(void **state)
{
    char words[SPORK_EJOURNAL - SPORK_STATUS_BASE + 1][200], unknown[200];
    apr_status_t code;
    int i, k;

    (void)state;
    apr_strerror(SPORK_EJOURNAL + 1, unknown, sizeof unknown);
    for (code = SPORK_EGUARD; code <= SPORK_EJOURNAL; code++) {
        i = code - SPORK_STATUS_BASE;
        assert_ptr_equal(spork_strerror(code, words[i], sizeof words[i]), words[i]);
        assert_true(strlen(words[i]) > 5);
        assert_string_not_equal(words[i], unknown); /* APR's for all codes of ours */
        for (k = 0; k < i; k++) assert_string_not_equal(words[i], words[k]);
    }
    assert_int_equal(SPORK_EJOURNAL - SPORK_STATUS_BASE, 13);
}

static void test_words_of_others(void **state)
{
    static const apr_status_t codes[] = {
        APR_SUCCESS,      APR_EINVAL,         APR_ENOMEM, APR_TIMEUP, APR_EOF, APR_ENOTIMPL,
        SPORK_EGUARD - 1, SPORK_EJOURNAL + 1, -1,         1,          99999999
    };
    char ours[200], theirs[200];
    size_t i;

    (void)state;
    for (i = 0; i < LENGTH(codes); i++) {
        apr_strerror(codes[i], theirs, sizeof theirs);
        assert_string_equal(spork_strerror(codes[i], ours, sizeof ours), theirs);
    }
}

static void test_every_size_of_buffer(void **state)
{
    static const apr_status_t codes[] = { SPORK_ECRASHED, APR_EINVAL, APR_TIMEUP };
    char buffer[200], whole[200];
    size_t i, size;

    (void)state;
    assert_null(spork_strerror(SPORK_ECRASHED, NULL, 0));
    assert_null(spork_strerror(SPORK_ECRASHED, NULL, 10));
    for (i = 0; i < LENGTH(codes); i++) {
        spork_strerror(codes[i], whole, sizeof whole);
        for (size = 0; size < sizeof buffer; size++) {
            memset(buffer, 'X', sizeof buffer);
            assert_ptr_equal(spork_strerror(codes[i], buffer, size), buffer);
            assert_int_equal(buffer[size], 'X');
            if (size == 0) continue;
            assert_true(memchr(buffer, '\0', size) != NULL);
            assert_memory_equal(buffer, whole, strlen(buffer));
        }
        assert_string_equal(spork_strerror(codes[i], buffer, sizeof buffer), whole);
    }
}

static void test_last_words(void **state)
{
    char cause[160], long_one[2000];
    const char *words = spork_error();

    (void)state;
    assert_string_equal(words, "");
    assert_int_equal(spk_error(SPORK_EFAILED, "%d of %s", 3, "five"), SPORK_EFAILED);
    assert_string_equal(spork_error(), "3 of five");
    assert_int_equal(spk_error_os(APR_ENOMEM, "no room for %d", 7), APR_ENOMEM);
    apr_strerror(APR_ENOMEM, cause, sizeof cause);
    assert_memory_equal(spork_error(), "no room for 7: ", 15);
    assert_string_equal(spork_error() + 15, cause);
    memset(long_one, 'y', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = '\0';
    spk_error(APR_EINVAL, "%s", long_one);
    assert_true(strlen(spork_error()) > 100 && strlen(spork_error()) < sizeof long_one);
    spk_error_os(APR_EINVAL, "%s", long_one);
    assert_true(strlen(spork_error()) < sizeof long_one);
}

static void *APR_THREAD_FUNC speak(apr_thread_t *thread, void *of)
{
    *(int *)of = spork_error()[0] == '\0';
    spk_error(APR_EINVAL, "of the other thread");
    *(int *)of += strcmp(spork_error(), "of the other thread") == 0;
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

static void test_each_thread_has_its_own(void **state)
{
    apr_pool_t *mem;
    apr_thread_t *thread;
    apr_status_t status;
    int good = 0;

    (void)state;
    assert_int_equal(apr_pool_create(&mem, NULL), APR_SUCCESS);
    spk_error(APR_EINVAL, "of this thread");
    assert_int_equal(apr_thread_create(&thread, NULL, speak, &good, mem), APR_SUCCESS);
    assert_int_equal(apr_thread_join(&status, thread), APR_SUCCESS);
    assert_int_equal(good, 2);
    assert_string_equal(spork_error(), "of this thread");
    apr_pool_destroy(mem);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_words),
        cmocka_unit_test(test_every_code_has_words_of_its_own),
        cmocka_unit_test(test_words_of_others),
        cmocka_unit_test(test_every_size_of_buffer),
        cmocka_unit_test(test_each_thread_has_its_own),
    };
    int failed;

    if (apr_initialize() != APR_SUCCESS) return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
