/*
 * The dictionary: a table that the parent keeps, and a service by which tasks use it. What a task sends is looked at
 * as a stranger's: all lengths in it are checked.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "error.h"
#include "pool.h"
#include "table.h"
#include "task.h"

#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_USUAL ((size_t)64 * 1024 * 1024)

struct spork_dict_t {
    spork_pool_t *pool; /* the parent's handle, or NULL: */
    spork_task_t *task; /* a task's */
    char name[SPK_CALL_NAME];
    spk_table_t table; /* the parent's */
    int walked;        /* spork_dict_each() is at it */
};

/* ---- what is done to the table ---------------------------------------------------------------------------------- */

enum { PUT, GET, TAKE_OUT, REPLACE, ADD, COUNT };

#define ABSENT UINT64_MAX

/* How a request begins; the key, what is expected and the value follow. */
typedef struct {
    uint32_t op, key_size;
    uint64_t expected_size; /* ABSENT: the key must not be in */
    int64_t n;
} head_t;

/* A request whose lengths are known to be right, and its outcome. */
typedef struct {
    head_t head;
    const char *key;
    const unsigned char *expected, *value;
    size_t size;

    const unsigned char *out; /* in the table, or in number */
    size_t out_size;
    int64_t number;
} action_t;

static apr_status_t not_in(const action_t *a)
{
    return spk_error(SPORK_ENOTFOUND, "the dictionary has no key \"%.*s\"",
                     (int)(a->head.key_size < 80 ? a->head.key_size : 80), a->key);
}

static apr_status_t set(spk_table_t *table, const action_t *a, const void *value, size_t size)
{
    apr_status_t status = spk_table_put(table, a->key, a->head.key_size, value, size);

    if (status == SPORK_ETOOBIG)
        return spk_error(status,
                         "the dictionary has no room for %" APR_SIZE_T_FMT
                         " bytes, its capacity is %" APR_SIZE_T_FMT,
                         size, table->capacity);
    return status == APR_SUCCESS ? status : spk_error(status, "the dictionary has no memory");
}

static apr_status_t get(const spk_table_t *table, action_t *a)
{
    const spk_pair_t *pair = spk_table_find(table, a->key, a->head.key_size);

    if (pair == NULL) return not_in(a);
    a->out = pair->value;
    a->out_size = pair->size;
    return APR_SUCCESS;
}

static void answer_number(action_t *a, int64_t number)
{
    a->number = number;
    a->out = (const unsigned char *)&a->number;
    a->out_size = sizeof a->number;
}

static apr_status_t replace(spk_table_t *table, action_t *a)
{
    const spk_pair_t *pair = spk_table_find(table, a->key, a->head.key_size);
    int same = pair == NULL ? a->head.expected_size == ABSENT : a->head.expected_size == pair->size;

    if (pair != NULL && same && pair->size > 0)
        same = a->expected != NULL && memcmp(pair->value, a->expected, pair->size) == 0;
    answer_number(a, same);
    return same ? set(table, a, a->value, a->size) : APR_SUCCESS;
}

static apr_status_t add(spk_table_t *table, action_t *a)
{
    const spk_pair_t *pair = spk_table_find(table, a->key, a->head.key_size);
    int64_t sum = 0, n = a->head.n;

    if (pair != NULL && pair->size != sizeof sum)
        return spk_error(APR_EINVAL, "the dictionary's value is no number: it has %" APR_SIZE_T_FMT " bytes",
                         pair->size);
    if (pair != NULL) memcpy(&sum, pair->value, sizeof sum);
    if (n > 0 ? sum > INT64_MAX - n : sum < INT64_MIN - n)
        return spk_error(APR_EINVAL, "the dictionary's number would overflow");
    sum += n;
    answer_number(a, sum);
    if (pair == NULL) return set(table, a, &sum, sizeof sum);
    memcpy(pair->value, &sum, sizeof sum);
    return APR_SUCCESS;
}

static apr_status_t act(spk_table_t *table, action_t *a)
{
    switch (a->head.op) {
    case PUT: return set(table, a, a->value, a->size);
    case GET: return get(table, a);
    case TAKE_OUT: return spk_table_remove(table, a->key, a->head.key_size) ? APR_SUCCESS : not_in(a);
    case REPLACE: return replace(table, a);
    case ADD: return add(table, a);
    case COUNT: answer_number(a, (int64_t)table->count); return APR_SUCCESS;
    default: return spk_error(APR_EINVAL, "the dictionary does not know this request");
    }
}

/* ---- the service ------------------------------------------------------------------------------------------------- */

/* Find the request's parts. 0: it cannot be one. */
static int parse(action_t *a, const unsigned char *in, size_t in_size)
{
    size_t left, expected;

    if (in_size < sizeof a->head) return 0;
    left = in_size - sizeof a->head;
    memcpy(&a->head, in, sizeof a->head);
    in += sizeof a->head;
    if (a->head.key_size > left) return 0;
    a->key = (const char *)in;
    in += a->head.key_size;
    left -= a->head.key_size;
    expected = a->head.expected_size == ABSENT ? 0 : (size_t)a->head.expected_size;
    if (a->head.expected_size != ABSENT && a->head.expected_size > left) return 0;
    a->expected = in;
    a->value = in + expected;
    a->size = left - expected;
    return 1;
}

static apr_status_t serve(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    spork_dict_t *dict = baton;
    apr_status_t status;
    action_t a;

    memset(&a, 0, sizeof a);
    status = parse(&a, in, in_size) ? act(&dict->table, &a)
                                    : spk_error(APR_EINVAL, "the dictionary does not know this request");
    if (status == APR_SUCCESS) return a.out_size > 0 ? spork_answer(answer, a.out, a.out_size) : APR_SUCCESS;
    spork_answer_fail(answer, "%s", spork_error());
    return status;
}

static void end(void *baton)
{
    spork_dict_t *dict = baton;

    spk_table_free(&dict->table);
    free(dict);
}

/* ---- the API: the same action, here or by a call ------------------------------------------------------------------- */

static apr_status_t call(spork_dict_t *dict, action_t *a)
{
    size_t expected = a->head.expected_size == ABSENT ? 0 : (size_t)a->head.expected_size;
    size_t size = sizeof a->head + a->head.key_size + expected + a->size;
    unsigned char *request = malloc(size), *to = request;
    const void *out = NULL;
    apr_status_t status;

    if (request == NULL) return spk_error(APR_ENOMEM, "the dictionary's request has no memory");
    memcpy(to, &a->head, sizeof a->head);
    to += sizeof a->head;
    if (a->head.key_size > 0) memcpy(to, a->key, a->head.key_size);
    to += a->head.key_size;
    if (expected > 0) memcpy(to, a->expected, expected);
    if (a->size > 0) memcpy(to + expected, a->value, a->size);
    status = spork_call(dict->task, dict->name, request, size, &out, &a->out_size);
    a->out = out;
    free(request);
    return status;
}

static apr_status_t perform(spork_dict_t *dict, const char *what, const char *key, action_t *a)
{
    size_t key_size = key != NULL ? strlen(key) : 0;

    if (dict == NULL || (key == NULL && a->head.op != COUNT))
        return spk_error(APR_EINVAL, "%s: the dictionary or the key is NULL", what);
    if (a->value == NULL && a->size > 0)
        return spk_error(APR_EINVAL, "%s: value is NULL, but size is not 0", what);
    if (key_size > UINT32_MAX || a->size > SIZE_MAX / 4 ||
        (a->head.expected_size != ABSENT && a->head.expected_size > SIZE_MAX / 4))
        return spk_error(SPORK_ETOOBIG, "%s: more bytes than a dictionary can have", what);
    a->key = key;
    a->head.key_size = (uint32_t)key_size;
    if (dict->task != NULL) return call(dict, a);
    if (dict->pool->owner != spk_os_pid())
        return spk_error(APR_EINVAL, "%s: the pool belongs to another process", what);
    if (dict->walked && a->head.op != GET && a->head.op != COUNT)
        return spk_error(APR_EINVAL, "%s: called from inside spork_dict_each()", what);
    return act(&dict->table, a);
}

/* The number that an action answers with. */
static int64_t number_of(const action_t *a)
{
    int64_t number = 0;

    if (a->out_size == sizeof number) memcpy(&number, a->out, sizeof number);
    return number;
}

static action_t action(uint32_t op)
{
    action_t a;

    memset(&a, 0, sizeof a);
    a.head.op = op;
    a.head.expected_size = ABSENT;
    return a;
}

apr_status_t spork_dict_create(spork_dict_t **dict, spork_pool_t *pool, const char *name, apr_size_t capacity)
{
    spk_service_t service;
    apr_status_t status;
    spork_dict_t *made;

    if (dict == NULL) return spk_error(APR_EINVAL, "spork_dict_create: dict is NULL");
    *dict = NULL;
    made = calloc(1, sizeof *made);
    if (made == NULL) return spk_error(APR_ENOMEM, "spork_dict_create: no memory");
    made->pool = pool;
    made->table.capacity = capacity > 0 ? capacity : CAPACITY_USUAL;
    memset(&service, 0, sizeof service);
    service.fn = serve;
    service.baton = made;
    service.end = end;
    status = spk_service_add(pool, "spork_dict_create", name, &service);
    if (status != APR_SUCCESS) {
        free(made);
        return status;
    }
    apr_cpystrn(made->name, name, sizeof made->name);
    *dict = made;
    return APR_SUCCESS;
}

apr_status_t spork_dict_open(spork_dict_t **dict, spork_task_t *task, const char *name)
{
    apr_pool_t *mem = spork_task_pool(task);
    spork_dict_t *made;

    if (dict != NULL) *dict = NULL;
    if (dict == NULL || task == NULL || name == NULL || name[0] == '\0' || strlen(name) > SPORK_NAME_MAX)
        return spk_error(APR_EINVAL,
                         "spork_dict_open: dict or task is NULL, or the name has not 1 to %d bytes",
                         SPORK_NAME_MAX);
    made = mem != NULL ? apr_palloc(mem, sizeof *made) : NULL;
    if (made == NULL) return spk_error(APR_ENOMEM, "spork_dict_open: no memory");
    memset(made, 0, sizeof *made);
    made->task = task;
    apr_cpystrn(made->name, name, sizeof made->name);
    *dict = made;
    return APR_SUCCESS;
}

apr_status_t spork_dict_put(spork_dict_t *dict, const char *key, const void *value, apr_size_t size)
{
    action_t a = action(PUT);

    a.value = value;
    a.size = size;
    return perform(dict, "spork_dict_put", key, &a);
}

apr_status_t spork_dict_get(spork_dict_t *dict, const char *key, const void **value, apr_size_t *size)
{
    action_t a = action(GET);
    apr_status_t status = perform(dict, "spork_dict_get", key, &a);
    int found = status == APR_SUCCESS;

    if (value != NULL) *value = found && a.out_size > 0 ? a.out : NULL;
    if (size != NULL) *size = found ? a.out_size : 0;
    return status;
}

apr_status_t spork_dict_delete(spork_dict_t *dict, const char *key)
{
    action_t a = action(TAKE_OUT);

    return perform(dict, "spork_dict_delete", key, &a);
}

apr_status_t spork_dict_replace(spork_dict_t *dict, const char *key, const void *expected,
                                apr_size_t expected_size, const void *value, apr_size_t size, int *done)
{
    action_t a = action(REPLACE);
    apr_status_t status;

    if (done != NULL) *done = 0;
    if (expected == NULL && expected_size > 0)
        return spk_error(APR_EINVAL, "spork_dict_replace: expected is NULL, but expected_size is not 0");
    a.expected = expected;
    a.head.expected_size = expected != NULL ? expected_size : ABSENT;
    a.value = value;
    a.size = size;
    status = perform(dict, "spork_dict_replace", key, &a);
    if (status == APR_SUCCESS && done != NULL) *done = number_of(&a) != 0;
    return status;
}

apr_status_t spork_dict_add(spork_dict_t *dict, const char *key, apr_int64_t n, apr_int64_t *sum)
{
    action_t a = action(ADD);
    apr_status_t status;

    a.head.n = n;
    status = perform(dict, "spork_dict_add", key, &a);
    if (sum != NULL) *sum = status == APR_SUCCESS ? number_of(&a) : 0;
    return status;
}

apr_status_t spork_dict_count(spork_dict_t *dict, apr_size_t *count)
{
    action_t a = action(COUNT);
    apr_status_t status = perform(dict, "spork_dict_count", NULL, &a);

    if (count != NULL) *count = status == APR_SUCCESS ? (apr_size_t)number_of(&a) : 0;
    return status;
}

apr_status_t spork_dict_each(spork_dict_t *dict,
                             apr_status_t (*each)(void *baton, const char *key, const void *value,
                                                  apr_size_t size),
                             void *baton)
{
    const spk_pair_t *pair;
    apr_status_t status = APR_SUCCESS;
    size_t i;
    int was_inside;

    if (dict == NULL || each == NULL || dict->task != NULL || dict->pool->owner != spk_os_pid())
        return spk_error(APR_EINVAL,
                         "spork_dict_each: dict or each is NULL, or this is not the pool's parent");
    dict->walked++;
    was_inside = dict->pool->inside;
    dict->pool->inside = SPK_IN_SERVICE; /* and so nothing of the pool's goes on meanwhile */
    for (i = 0; i < dict->table.n_buckets && status == APR_SUCCESS; i++)
        for (pair = dict->table.buckets[i]; pair != NULL && status == APR_SUCCESS; pair = pair->next)
            status = each(baton, pair->key, pair->size > 0 ? pair->value : NULL, pair->size);
    dict->pool->inside = was_inside;
    dict->walked--;
    return status;
}

void spork_dict_destroy(spork_dict_t *dict)
{
    if (dict != NULL && dict->task == NULL && !dict->pool->inside && dict->pool->owner == spk_os_pid())
        spk_service_remove(dict->pool, dict->name);
}
