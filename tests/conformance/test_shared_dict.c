/*
 * Conformance: the dictionary: one for all processes of the pool, each operation in one step.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

#define KEYS 40

/* ---- the same play, by parent and task ---------------------------------------------------------- */

#define must(condition)                    \
    do {                                   \
        if (!(condition)) return __LINE__; \
    } while (0)

static int has(spork_dict_t *dict, const char *key, const void *bytes, apr_size_t size)
{
    const void *value = "";
    apr_size_t got = 1;

    if (spork_dict_get(dict, key, &value, &got) != APR_SUCCESS || got != size) return 0;
    return size == 0 ? value == NULL : memcmp(value, bytes, size) == 0;
}

static int counts(spork_dict_t *dict, apr_size_t wanted)
{
    apr_size_t count = 77777;

    return spork_dict_count(dict, &count) == APR_SUCCESS && count == wanted;
}

static int put_get_delete(spork_dict_t *dict)
{
    const void *value = "";
    apr_size_t size = 1;

    must(counts(dict, 0));
    must(spork_dict_get(dict, "a", &value, &size) == SPORK_ENOTFOUND && value == NULL && size == 0);
    must(strstr(spork_error(), "\"a\"") != NULL);
    must(spork_dict_delete(dict, "a") == SPORK_ENOTFOUND);
    must(spork_dict_put(dict, "a", "one", 3) == APR_SUCCESS);
    must(spork_dict_put(dict, "", "of no name", 10) == APR_SUCCESS);
    must(spork_dict_put(dict, "empty", NULL, 0) == APR_SUCCESS);
    must(has(dict, "a", "one", 3) && has(dict, "", "of no name", 10) && has(dict, "empty", NULL, 0));
    must(counts(dict, 3));
    must(spork_dict_put(dict, "a", "another", 7) == APR_SUCCESS);
    must(has(dict, "a", "another", 7) && counts(dict, 3));
    must(spork_dict_delete(dict, "a") == APR_SUCCESS && spork_dict_delete(dict, "a") == SPORK_ENOTFOUND);
    must(spork_dict_delete(dict, "") == APR_SUCCESS && spork_dict_delete(dict, "empty") == APR_SUCCESS);
    must(counts(dict, 0));
    return 0;
}

static int replace_and_add(spork_dict_t *dict)
{
    apr_int64_t sum = 5;
    int done = 7;

    must(spork_dict_replace(dict, "r", "x", 1, "y", 1, &done) == APR_SUCCESS && done == 0);
    must(spork_dict_replace(dict, "r", NULL, 0, "x", 1, &done) == APR_SUCCESS && done == 1);
    must(spork_dict_replace(dict, "r", NULL, 0, "z", 1, &done) == APR_SUCCESS && done == 0);
    must(spork_dict_replace(dict, "r", "xx", 2, "z", 1, &done) == APR_SUCCESS && done == 0);
    must(spork_dict_replace(dict, "r", "x", 1, NULL, 0, &done) == APR_SUCCESS && done == 1);
    must(spork_dict_replace(dict, "r", "", 0, "end", 3, &done) == APR_SUCCESS && done == 1);
    must(has(dict, "r", "end", 3));
    must(spork_dict_add(dict, "n", 40, &sum) == APR_SUCCESS && sum == 40);
    must(spork_dict_add(dict, "n", -42, &sum) == APR_SUCCESS && sum == -2);
    must(spork_dict_add(dict, "n", 0, NULL) == APR_SUCCESS);
    must(spork_dict_add(dict, "r", 1, &sum) == APR_EINVAL && sum == 0 && has(dict, "r", "end", 3));
    must(spork_dict_add(dict, "n", INT64_MIN, &sum) == APR_EINVAL);
    must(spork_dict_add(dict, "n", INT64_MAX, &sum) == APR_SUCCESS && sum == INT64_MAX - 2);
    must(spork_dict_add(dict, "n", 3, &sum) == APR_EINVAL);
    must(spork_dict_delete(dict, "r") == APR_SUCCESS && spork_dict_delete(dict, "n") == APR_SUCCESS);
    return 0;
}

/* Many keys and large values, as far as there is room. */
static int fill(spork_dict_t *dict, unsigned char *bytes, apr_size_t size)
{
    char key[20];
    apr_status_t status = APR_SUCCESS;
    int n = 0;

    for (apr_size_t i = 0; i < size; i++) bytes[i] = (unsigned char)(i * 7 + i / 251);
    for (n = 0; status == APR_SUCCESS && n < 100000; n++) {
        (void)snprintf(key, sizeof key, "key %d", n);
        status = spork_dict_put(dict, key, bytes + n % 50, (apr_size_t)(n % 3000));
    }
    must(status == SPORK_ETOOBIG && n > 300);
    must(counts(dict, (apr_size_t)n - 1));
    for (int i = 0; i < n - 1; i++) {
        (void)snprintf(key, sizeof key, "key %d", i);
        must(has(dict, key, bytes + i % 50, (apr_size_t)(i % 3000)));
        must(spork_dict_delete(dict, key) == APR_SUCCESS);
    }
    must(counts(dict, 0));
    must(spork_dict_put(dict, "large", bytes, size) == APR_SUCCESS && has(dict, "large", bytes, size));
    must(spork_dict_put(dict, "large", bytes, 2 * size) == SPORK_ETOOBIG && has(dict, "large", bytes, size));
    must(spork_dict_delete(dict, "large") == APR_SUCCESS);
    return 0;
}

#define LARGE ((apr_size_t)600000)
#define CAPACITY (LARGE + 1000)

static int play(spork_dict_t *dict)
{
    unsigned char *bytes = calloc(2, LARGE);
    int line;

    must(bytes != NULL);
    line = put_get_delete(dict);
    if (line == 0) line = replace_and_add(dict);
    if (line == 0) line = fill(dict, bytes, LARGE);
    free(bytes);
    must(line != 0 || spork_dict_put(NULL, "k", "v", 1) == APR_EINVAL);
    must(line != 0 || spork_dict_put(dict, NULL, "v", 1) == APR_EINVAL);
    must(line != 0 || spork_dict_put(dict, "k", NULL, 1) == APR_EINVAL);
    must(line != 0 || spork_dict_put(dict, "k", "v", (apr_size_t)-1) == SPORK_ETOOBIG);
    must(line != 0 || spork_dict_replace(dict, "k", NULL, 1, "v", 1, NULL) == APR_EINVAL);
    must(line != 0 || counts(dict, 0));
    return line;
}

/* ---- tasks ---------------------------------------------------------------------------------- */

static apr_status_t play_in_task(spork_task_t *task, const void *in, void *out)
{
    spork_dict_t *dict;
    int line;

    (void)in;
    (void)out;
    if (spork_dict_open(&dict, task, "dict") != APR_SUCCESS) return APR_EINVAL;
    if ((line = play(dict)) == 0) return APR_SUCCESS;
    spork_fail(task, "line %d: %s", line, spork_error());
    return APR_EGENERAL;
}

static apr_status_t misuse(spork_task_t *task, const void *in, void *out)
{
    spork_dict_t *dict;

    (void)in;
    (void)out;
    if (spork_dict_open(NULL, task, "dict") != APR_EINVAL ||
        spork_dict_open(&dict, NULL, "dict") != APR_EINVAL)
        return 1;
    if (spork_dict_open(&dict, task, "") != APR_EINVAL || dict != NULL) return 2;
    if (spork_dict_open(&dict, task, "no such") != APR_SUCCESS) return 3;
    if (spork_dict_put(dict, "k", "v", 1) != SPORK_ENOTFOUND) return 4;
    if (spork_dict_each(dict, NULL, NULL) != APR_EINVAL) return 5;
    spork_dict_destroy(dict);
    return APR_SUCCESS;
}

/* Counts its key up, by add and by replace; and a list to which each item puts its number. */
static apr_status_t count_up(spork_task_t *task, const void *in, void *out)
{
    apr_uint64_t item = *(const apr_uint64_t *)in;
    spork_dict_t *dict;
    char key[20];
    const void *value;
    apr_size_t size;
    apr_uint64_t list[600];
    apr_status_t status;
    int done = 0;

    (void)out;
    (void)snprintf(key, sizeof key, "key %d", (int)(item % KEYS));
    if (spork_dict_open(&dict, task, "dict") != APR_SUCCESS) return APR_EINVAL;
    if ((status = spork_dict_add(dict, key, (apr_int64_t)item, NULL)) != APR_SUCCESS) return status;
    while (!done) {
        if ((status = spork_dict_get(dict, "list", &value, &size)) != APR_SUCCESS) return status;
        if (size + sizeof item > sizeof list) return APR_EGENERAL;
        if (size > 0) memcpy(list, value, size);
        memcpy((unsigned char *)list + size, &item, sizeof item);
        status = spork_dict_replace(dict, "list", list, size, list, size + sizeof item, &done);
        if (status != APR_SUCCESS) return status;
    }
    return APR_SUCCESS;
}

static apr_status_t talk_nonsense(spork_task_t *task, const void *in, void *out)
{
    apr_uint64_t seed = 88172645463325252u + *(const apr_uint64_t *)in;
    apr_uint64_t words[40];

    (void)out;
    for (int i = 0; i < 100; i++) {
        apr_size_t size;

        for (size_t w = 0; w < LENGTH(words); w++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            words[w] = seed;
        }
        if (i % 2) words[0] = seed % 6 | seed >> 40 << 32; /* an operation that there is, of a short key */
        if (i % 4 == 1) words[1] = seed >> 55;
        size = (apr_size_t)(seed >> 33) % sizeof words;
        (void)spork_call(task, "dict", words, size, NULL, NULL); /* any status will do */
    }
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(play_in_task), SPORK_ENTRY(misuse), SPORK_ENTRY(count_up),
                                       SPORK_ENTRY(talk_nonsense), SPORK_END };

/* ---- tests ---------------------------------------------------------------------------------- */

static spork_dict_t *open_dict(spork_pool_t **pool, int workers, apr_size_t capacity)
{
    spork_dict_t *dict;

    *pool = start_pool(workers);
    assert_success(spork_dict_create(&dict, *pool, "dict", capacity));
    return dict;
}

static void parent_and_task_find_the_same(void **state)
{
    spork_pool_t *pool;
    spork_dict_t *dict = open_dict(&pool, 2, CAPACITY), *other;
    spork_map_t options;
    int line;

    (void)state;
    memset(&options, 0, sizeof options);
    if ((line = play(dict)) != 0) fail_msg("line %d: %s", line, spork_error());
    if (spork_map(pool, play_in_task, NULL, 0, NULL, 0, 1, &options) != APR_SUCCESS)
        fail_msg("in a task: %s", options.failures[0].message);
    assert_success(spork_map(pool, misuse, NULL, 0, NULL, 0, 5, NULL));
    assert_failed(spork_dict_create(NULL, pool, "other", 0), APR_EINVAL);
    assert_failed(spork_dict_create(&other, NULL, "other", 0), APR_EINVAL);
    assert_failed(spork_dict_create(&other, pool, "dict", 0), APR_EEXIST);
    assert_null(other);
    assert_success(spork_dict_create(&other, pool, "other", 0));
    assert_success(spork_dict_put(other, "k", "v", 1));
    spork_dict_destroy(dict);
    spork_dict_destroy(NULL);
    assert_status(spork_map(pool, play_in_task, NULL, 0, NULL, 0, 1, &options), SPORK_EFAILED);
    assert_success(spork_dict_create(&dict, pool, "dict", CAPACITY));
    assert_success(spork_map(pool, play_in_task, NULL, 0, NULL, 0, 1, &options));
    end_pool(pool);
}

static apr_status_t add_up(void *baton, const char *key, const void *value, apr_size_t size)
{
    apr_int64_t *sums = baton, n = 0;

    if (strncmp(key, "key ", 4) != 0) return APR_SUCCESS;
    assert_int_equal(size, sizeof n);
    memcpy(&n, value, sizeof n);
    sums[0] += n;
    sums[1]++;
    return APR_SUCCESS;
}

static void nothing_is_lost_between_workers(void **state)
{
    (void)state;
    for_each_workers(workers)
    {
        apr_uint64_t in[200], list[200];
        unsigned char seen[200] = { 0 };
        apr_int64_t sums[2] = { 0, 0 };
        spork_pool_t *pool;
        spork_dict_t *dict = open_dict(&pool, workers, 0);
        spork_map_t options;
        const void *value;
        apr_size_t size;

        memset(&options, 0, sizeof options);
        options.chunk = 1;
        for (apr_uint64_t i = 0; i < LENGTH(in); i++) in[i] = i;
        assert_success(spork_dict_put(dict, "list", NULL, 0));
        assert_success(spork_map(pool, count_up, in, sizeof *in, NULL, 0, LENGTH(in), &options));
        assert_success(spork_dict_each(dict, add_up, sums));
        assert_int_equal(sums[0], 199 * 200 / 2);
        assert_int_equal(sums[1], KEYS);
        assert_success(spork_dict_get(dict, "list", &value, &size));
        assert_int_equal(size, sizeof list);
        memcpy(list, value, size);
        for (size_t i = 0; i < LENGTH(list); i++) {
            assert_true(list[i] < LENGTH(list) && !seen[list[i]]);
            seen[list[i]] = 1;
        }
        end_pool(pool);
    }
}

typedef struct {
    spork_dict_t *dict;
    spork_pool_t *pool;
    int calls;
} walk_t;

static apr_status_t meddle(void *baton, const char *key, const void *value, apr_size_t size)
{
    walk_t *walk = baton;

    (void)value;
    (void)size;
    assert_failed(spork_dict_put(walk->dict, "new", "x", 1), APR_EINVAL);
    assert_failed(spork_dict_delete(walk->dict, key), APR_EINVAL);
    assert_failed(spork_map(walk->pool, misuse, NULL, 0, NULL, 0, 1, NULL), APR_EINVAL);
    spork_dict_destroy(walk->dict);
    assert_true(has(walk->dict, key, "x", 1));
    return ++walk->calls == 2 ? APR_EGENERAL : APR_SUCCESS;
}

static void a_walk_is_not_disturbed(void **state)
{
    spork_pool_t *pool;
    spork_dict_t *dict = open_dict(&pool, 2, 0);
    walk_t walk = { dict, pool, 0 };

    (void)state;
    assert_success(spork_dict_put(dict, "a", "x", 1));
    assert_success(spork_dict_put(dict, "b", "x", 1));
    assert_success(spork_dict_put(dict, "c", "x", 1));
    assert_status(spork_dict_each(dict, meddle, &walk), APR_EGENERAL);
    assert_int_equal(walk.calls, 2);
    assert_success(spork_dict_put(dict, "d", "x", 1));
    assert_failed(spork_dict_each(dict, NULL, NULL), APR_EINVAL);
    assert_failed(spork_dict_each(NULL, meddle, NULL), APR_EINVAL);
    end_pool(pool);
}

static void nonsense_does_no_harm(void **state)
{
    apr_uint64_t in[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
    spork_pool_t *pool;
    spork_dict_t *dict = open_dict(&pool, 2, 0);

    (void)state;
    assert_success(spork_dict_put(dict, "precious", "x", 1));
    assert_success(spork_map(pool, talk_nonsense, in, sizeof *in, NULL, 0, LENGTH(in), NULL));
    assert_true(has(dict, "precious", "x", 1));
    end_pool(pool);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        TEST(parent_and_task_find_the_same),
        TEST(nothing_is_lost_between_workers),
        TEST(a_walk_is_not_disturbed),
        TEST(nonsense_does_no_harm),
    };

    conformance_enter(argc, argv, NULL, 0);
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("shared dict", tests);
}
