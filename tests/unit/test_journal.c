/*
 * The file of a journal: what is found again after every cut and every flipped byte, and what is refused.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "fake_os.h"
#include "journal.h"
#include "journal_head.h"

#define FILE_NAME "unit_journal.file"
#define MOST ((size_t)8 << 20) /* of a journal here */
#define HEAD sizeof(spk_journal_head_t)

static apr_pool_t *mem;

static spk_journal_batch_t batch_of(const char *task)
{
    spk_journal_batch_t batch = { "spork_map", SPK_JOURNAL_MAP, task, 8, 16, 100 };
    return batch;
}

/* ---- the file as bytes ------------------------------------------------------------------------------------- */

static void put_file(const unsigned char *bytes, size_t size)
{
    FILE *file = fopen(FILE_NAME, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* malloc()ed. */
static unsigned char *get_file(size_t *size)
{
    unsigned char *bytes = malloc(MOST);
    FILE *file = fopen(FILE_NAME, "rb");
    assert_non_null(bytes);
    assert_non_null(file);
    *size = fread(bytes, 1, MOST, file);
    assert_int_equal(fclose(file), 0);
    return bytes;
}

static void assert_file(const unsigned char *bytes, size_t size)
{
    size_t n;
    unsigned char *found = get_file(&n);
    assert_int_equal(n, size);
    assert_memory_equal(found, bytes, size);
    free(found);
}

/* ---- records ------------------------------------------------------------------------------------------------ */

static const size_t small[] = { 8, 0, 1, 7, 9, 40 }, large[] = { 70000, 3, 2 << 20, 1 };

typedef struct {
    const size_t *sizes;
    size_t n, ends; /* found; where the next begins */
} found_t;

static unsigned char byte_of(size_t record, size_t i)
{
    return (unsigned char)(record * 77 + i * 3 + i / 253 + 1);
}

static apr_status_t check_record(void *of, const spk_journal_record_t *record, const unsigned char *data)
{
    found_t *found = of;

    assert_int_equal(record->first, found->n * 10);
    assert_int_equal(record->count, found->n + 1);
    assert_int_equal(record->input, found->n + 1000);
    assert_int_equal(record->size, found->sizes[found->n]);
    assert_int_equal(record->words, record->size / 3);
    for (size_t i = 0; i < record->size; i++)
        if (data[i] != byte_of(found->n, i)) fail_msg("record %zu, byte %zu", found->n, i);
    found->n++;
    return APR_SUCCESS;
}

static apr_status_t add(spk_journal_t *journal, const size_t *sizes, size_t i)
{
    spk_journal_record_t record = { i * 10, i + 1, i + 1000, sizes[i], sizes[i] / 3, 0 };
    unsigned char *data = malloc(sizes[i] + 1);
    apr_status_t status;

    assert_non_null(data);
    for (size_t k = 0; k < sizes[i]; k++) data[k] = byte_of(i, k);
    status = spk_journal_add(journal, &record, data);
    free(data);
    return status;
}

static spk_journal_t *open_it(void)
{
    spk_journal_batch_t batch = batch_of("work");
    spk_journal_t *journal = NULL;
    apr_status_t status = spk_journal_open(&journal, FILE_NAME, &batch);

    if (status != APR_SUCCESS) fail_msg("%s", spork_error());
    assert_non_null(journal);
    return journal;
}

/* How many whole records are there; afterwards it can be added to. */
static size_t scan(spk_journal_t *journal, const size_t *sizes)
{
    found_t found = { sizes, 0, 0 };
    assert_int_equal(spk_journal_scan(journal, check_record, &found), APR_SUCCESS);
    assert_int_equal(spk_journal_begin(journal), APR_SUCCESS);
    return found.n;
}

/* Only looking: a disk is spared that. */
static size_t look_at_records(const size_t *sizes)
{
    spk_journal_t *journal = open_it();
    found_t found = { sizes, 0, 0 };
    assert_int_equal(spk_journal_scan(journal, check_record, &found), APR_SUCCESS);
    spk_journal_close(journal);
    return found.n;
}

static size_t count_records(const size_t *sizes)
{
    spk_journal_t *journal = open_it();
    size_t n = scan(journal, sizes);
    spk_journal_close(journal);
    return n;
}

static void make_journal(const size_t *sizes, size_t n)
{
    spk_journal_t *journal;

    (void)remove(FILE_NAME);
    journal = open_it();
    assert_int_equal(scan(journal, sizes), 0);
    for (size_t i = 0; i < n; i++) assert_int_equal(add(journal, sizes, i), APR_SUCCESS);
    assert_int_equal(spk_journal_commit(journal), APR_SUCCESS);
    spk_journal_close(journal);
}

/* Where the records end in the file, from the format's page: 56 bytes, and the data in steps of 8. */
static size_t end_of(const size_t *sizes, size_t n)
{
    size_t end = HEAD;
    for (size_t i = 0; i < n; i++) end += 56 + (sizes[i] + 7) / 8 * 8;
    return end;
}

static size_t whole_in(size_t length)
{
    size_t n = 0;
    while (n < LENGTH(small) && end_of(small, n + 1) <= length) n++;
    return n;
}

/* It must be refused with this word, and stay as it is. */
static void assert_refused(const spk_journal_batch_t *batch, const char *word)
{
    spk_journal_t *journal = NULL;
    size_t size;
    unsigned char *before = get_file(&size);

    assert_int_equal(spk_journal_open(&journal, FILE_NAME, batch), SPORK_EJOURNAL);
    assert_null(journal);
    assert_non_null(strstr(spork_error(), FILE_NAME));
    if (strstr(spork_error(), word) == NULL) fail_msg("not \"%s\": %s", word, spork_error());
    assert_file(before, size);
    free(before);
}

/* ---- tests ---------------------------------------------------------------------------------------------------- */

static void records_are_found_again(void **state)
{
    (void)state;
    make_journal(small, LENGTH(small));
    assert_int_equal(count_records(small), LENGTH(small));
    assert_int_equal(count_records(small), LENGTH(small));
    make_journal(large, LENGTH(large));
    assert_int_equal(count_records(large), LENGTH(large));
}

static void what_was_not_committed_is_lost(void **state)
{
    spk_journal_t *journal;

    (void)state;
    make_journal(small, 2);
    journal = open_it();
    assert_int_equal(scan(journal, small), 2);
    assert_int_equal(add(journal, small, 2), APR_SUCCESS);
    spk_journal_close(journal);
    assert_int_equal(count_records(small), 2);
}

static void every_cut_leaves_the_records_before_it(void **state)
{
    size_t size, kept;
    unsigned char *bytes;
    spk_journal_t *journal;

    (void)state;
    make_journal(small, LENGTH(small));
    bytes = get_file(&size);
    assert_int_equal(size, end_of(small, LENGTH(small)));
    for (size_t length = 0; length <= size; length++) {
        put_file(bytes, length);
        journal = open_it();
        kept = scan(journal, small);
        assert_int_equal(kept, whole_in(length));
        for (size_t i = kept; i < LENGTH(small); i++) assert_int_equal(add(journal, small, i), APR_SUCCESS);
        assert_int_equal(spk_journal_commit(journal), APR_SUCCESS);
        spk_journal_close(journal);
        assert_int_equal(look_at_records(small), LENGTH(small));
        if (length >= HEAD) assert_file(bytes, size); /* the same records, to the byte */
    }
    free(bytes);
}

/* Of every byte one bit, and all of it. */
static void every_flipped_byte_shows(void **state)
{
    spk_journal_batch_t batch = batch_of("work");
    unsigned char flip;
    size_t size;
    unsigned char *bytes;

    (void)state;
    make_journal(small, LENGTH(small));
    bytes = get_file(&size);
    for (size_t i = 0; i < 2 * size; i++) {
        flip = (unsigned char)(i < size ? 1U << i % 8 : 0xffU);
        bytes[i % size] ^= flip;
        put_file(bytes, size);
        if (i % size < HEAD)
            assert_refused(&batch, "journal");
        else
            assert_int_equal(look_at_records(small), whole_in(i % size));
        bytes[i % size] ^= flip;
    }
    free(bytes);
}

static void a_head_alone_is_looked_at_as_closely(void **state)
{
    spk_journal_batch_t batch = batch_of("work");
    size_t size;
    unsigned char *bytes;

    (void)state;
    make_journal(small, 0);
    bytes = get_file(&size);
    assert_int_equal(size, HEAD);
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0x10;
        put_file(bytes, size);
        if (memcmp(bytes, "sporkjnl", 8) != 0)
            assert_refused(&batch, "no journal");
        else
            assert_refused(&batch, i < 12 ? "byte order" : i < 16 ? "format" : "damaged");
        bytes[i] ^= 0x10;
    }
    free(bytes);
}

/* A crash of the machine: the file has its size, but not its bytes. */
static void zeros_are_a_journal_that_was_never_born(void **state)
{
    static const unsigned char zeros[1024];
    spk_journal_batch_t batch = batch_of("work");

    (void)state;
    for (size_t size = 1; size <= HEAD; size += 51) {
        put_file(zeros, size);
        assert_int_equal(count_records(small), 0);
    }
    put_file(zeros, HEAD + 1);
    assert_refused(&batch, "no journal");
}

static void garbage_behind_it_is_cut(void **state)
{
    size_t size;
    unsigned char *bytes;
    unsigned random = 12345;

    (void)state;
    make_journal(small, LENGTH(small));
    bytes = get_file(&size);
    for (int turn = 0; turn < 60; turn++) {
        size_t more = 1 + (size_t)turn * 23;
        for (size_t i = 0; i < more; i++)
            bytes[size + i] = turn % 2 == 0 ? 0 : (unsigned char)((random = random * 69069 + 1) >> 24);
        put_file(bytes, size + more);
        assert_int_equal(count_records(small), LENGTH(small));
        assert_file(bytes, size);
    }
    free(bytes);
}

/* A record is one only where it was written, and in its own journal. */
static void records_of_elsewhere_are_none(void **state)
{
    size_t size, other_size;
    unsigned char *bytes, *others;

    (void)state;
    make_journal(small, LENGTH(small));
    bytes = get_file(&size);
    memcpy(bytes + size, bytes + HEAD, size - HEAD);
    put_file(bytes, size + size - HEAD);
    assert_int_equal(count_records(small), LENGTH(small));
    fake.now += 1000;
    make_journal(small, LENGTH(small));
    others = get_file(&other_size);
    assert_int_equal(other_size, size);
    memcpy(others + HEAD, bytes + HEAD, size - HEAD);
    put_file(others, size);
    assert_int_equal(count_records(small), 0);
    free(bytes);
    free(others);
}

/* What says that it is so large is looked at before it is believed. */
static void large_sizes_are_not_believed(void **state)
{
    size_t size;
    unsigned char *bytes;
    uint64_t huge[] = { UINT64_MAX, UINT64_MAX - 7, UINT64_MAX / 2, (uint64_t)1 << 40 };

    (void)state;
    make_journal(small, LENGTH(small));
    bytes = get_file(&size);
    for (size_t i = 0; i < LENGTH(huge); i++) {
        memcpy(bytes + end_of(small, 2) + 40, &huge[i], sizeof huge[i]);
        put_file(bytes, size);
        assert_int_equal(count_records(small), 2);
        make_journal(small, LENGTH(small));
        free(bytes);
        bytes = get_file(&size);
    }
    free(bytes);
}

static void another_batch_is_refused(void **state)
{
    spk_journal_batch_t batch;

    (void)state;
    make_journal(small, 3);
    batch = batch_of("walk");
    assert_refused(&batch, "\"walk\"");
    batch = batch_of("work");
    batch.in_size = 9;
    assert_refused(&batch, "8 + 16 bytes");
    batch = batch_of("work");
    batch.out_size = 17;
    assert_refused(&batch, "8 + 16 bytes");
    batch = batch_of("work");
    batch.count = 101;
    assert_refused(&batch, "100 items");
    batch = batch_of("work");
    batch.kind = SPK_JOURNAL_STREAM;
    assert_refused(&batch, "of a map");
    assert_int_equal(count_records(small), 3);
}

/* Of names that are long the whole counts, not only what the head has room for. */
static void long_names_differ_at_their_ends(void **state)
{
    char name[400], same[400];
    spk_journal_batch_t batch;
    spk_journal_t *journal = NULL;

    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    memcpy(same, name, sizeof name);
    (void)remove(FILE_NAME);
    batch = batch_of(name);
    assert_int_equal(spk_journal_open(&journal, FILE_NAME, &batch), APR_SUCCESS);
    spk_journal_close(journal);
    name[sizeof name - 2] = 'm';
    assert_refused(&batch, "another batch");
    batch = batch_of(same);
    assert_int_equal(spk_journal_open(&journal, FILE_NAME, &batch), APR_SUCCESS);
    spk_journal_close(journal);
}

static void what_is_no_journal_is_left_alone(void **state)
{
    static const char text[] = "A list of things to do.\n";
    spk_journal_batch_t batch = batch_of("work");
    spk_journal_t *journal = NULL;
    char page[1000];

    (void)state;
    put_file((const unsigned char *)text, sizeof text - 1);
    assert_refused(&batch, "no journal");
    memset(page, 'x', sizeof page);
    put_file((const unsigned char *)page, sizeof page);
    assert_refused(&batch, "no journal");
    (void)remove(FILE_NAME);
    assert_int_equal(apr_dir_make(FILE_NAME, APR_FPROT_OS_DEFAULT, mem), APR_SUCCESS);
    assert_int_equal(spk_journal_open(&journal, FILE_NAME, &batch), SPORK_EJOURNAL);
    assert_non_null(strstr(spork_error(), "no file"));
    assert_int_equal(apr_dir_remove(FILE_NAME, mem), APR_SUCCESS);
    assert_true(APR_STATUS_IS_ENOENT(spk_journal_open(&journal, "no such directory/journal", &batch)));
    assert_non_null(strstr(spork_error(), "no such directory"));
    assert_int_equal(spk_journal_open(&journal, "", &batch), APR_EINVAL);
}

static void one_batch_at_a_time(void **state)
{
    spk_journal_batch_t batch = batch_of("work");
    spk_journal_t *first, *second = NULL;

    (void)state;
    make_journal(small, 1);
    first = open_it();
    assert_int_equal(spk_journal_open(&second, FILE_NAME, &batch), SPORK_EJOURNAL);
    assert_non_null(strstr(spork_error(), "in use"));
    assert_int_equal(spk_journal_open(&second, "./" FILE_NAME, &batch), SPORK_EJOURNAL);
    assert_null(second);
    assert_int_equal(scan(first, small), 1);
    assert_int_equal(add(first, small, 1), APR_SUCCESS);
    assert_int_equal(spk_journal_commit(first), APR_SUCCESS);
    spk_journal_close(first);
    assert_int_equal(count_records(small), 2);
}

static void a_refusal_takes_back_what_was_added(void **state)
{
    spk_journal_t *journal;
    size_t size;
    unsigned char *before;

    (void)state;
    make_journal(small, 2);
    before = get_file(&size);
    journal = open_it();
    assert_int_equal(scan(journal, small), 2);
    assert_int_equal(add(journal, small, 2), APR_SUCCESS);
    assert_int_equal(spk_journal_commit(journal), APR_SUCCESS);
    assert_int_equal(add(journal, small, 3), APR_SUCCESS);
    assert_int_equal(spk_journal_refuse(journal, "is of other inputs"), SPORK_EJOURNAL);
    assert_int_equal(add(journal, small, 4), SPORK_EJOURNAL);
    assert_int_equal(spk_journal_commit(journal), SPORK_EJOURNAL);
    assert_non_null(strstr(spork_error(), "other inputs"));
    spk_journal_close(journal);
    assert_file(before, size);
    free(before);
}

/* A commit is due when something was added and the last is a while ago. */
static void commits_keep_their_distance(void **state)
{
    spk_journal_t *journal;

    (void)state;
    make_journal(small, 0);
    journal = open_it();
    assert_int_equal(scan(journal, small), 0);
    assert_true(spk_journal_patience(journal) < 0);
    assert_int_equal(add(journal, small, 0), APR_SUCCESS);
    assert_int_equal(spk_journal_patience(journal), 0);
    assert_int_equal(spk_journal_commit(journal), APR_SUCCESS);
    assert_true(spk_journal_patience(journal) < 0);
    assert_int_equal(add(journal, small, 1), APR_SUCCESS);
    assert_int_equal(spk_journal_patience(journal), 1000);
    fake.now += 400000;
    assert_int_equal(spk_journal_patience(journal), 600);
    fake.now += 600000;
    assert_int_equal(spk_journal_patience(journal), 0);
    spk_journal_close(journal);
}

/* Journals of earlier builds must be read by later ones: these values are the format. */
static void digests_stay_what_they_are(void **state)
{
    const uint32_t one = 1;
    unsigned char bytes[64];

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)i;
    for (size_t i = 0; i < sizeof bytes; i++) {
        assert_true(spk_digest(0, bytes, i) != spk_digest(0, bytes, i + 1));
        assert_true(spk_digest(0, bytes, i) != spk_digest(1, bytes, i));
    }
    if (*(const unsigned char *)&one != 1) return; /* the words are the machine's */
    assert_true(spk_digest(0, "", 0) == UINT64_C(0xfcbd27882166f6a7));
    assert_true(spk_digest(0, "spork", 5) == UINT64_C(0x1cf2b15b5b960a5e));
    assert_true(spk_digest(7, bytes, sizeof bytes) == UINT64_C(0x2d79f3c838a5b301));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_found_again),
        cmocka_unit_test(what_was_not_committed_is_lost),
        cmocka_unit_test(every_cut_leaves_the_records_before_it),
        cmocka_unit_test(every_flipped_byte_shows),
        cmocka_unit_test(a_head_alone_is_looked_at_as_closely),
        cmocka_unit_test(zeros_are_a_journal_that_was_never_born),
        cmocka_unit_test(garbage_behind_it_is_cut),
        cmocka_unit_test(records_of_elsewhere_are_none),
        cmocka_unit_test(large_sizes_are_not_believed),
        cmocka_unit_test(another_batch_is_refused),
        cmocka_unit_test(long_names_differ_at_their_ends),
        cmocka_unit_test(what_is_no_journal_is_left_alone),
        cmocka_unit_test(one_batch_at_a_time),
        cmocka_unit_test(a_refusal_takes_back_what_was_added),
        cmocka_unit_test(commits_keep_their_distance),
        cmocka_unit_test(digests_stay_what_they_are),
    };
    int failed;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS) return 1;
    fake_reset();
    failed = cmocka_run_group_tests_name("journal", tests, NULL, NULL);
    (void)remove(FILE_NAME);
    return failed;
}
