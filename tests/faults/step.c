/*
 * step.h, and what src/step.h calls in a test build.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "step.h"

#include "conformance.h"

#include <apr_env.h>
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORDER "SPORK_TEST_STEP"
#define NAME_MOST 32

/* ORDER=how skip deaths parent's-pid name|directory */
typedef struct {
    int how, skip, deaths;
    long long parent;
    char name[NAME_MOST];
    const char *directory;
} order_t;

static int armed_skip;

static char *ticket_path(const char *where, int number, apr_pool_t *mem)
{
    return apr_psprintf(mem, "%s/ticket-%d", where, number);
}

/* ---- in the parent ------------------------------------------------------------------------------ */

void step_arm(const char *name, die_e how, int skip, int deaths)
{
    const char *order = apr_psprintf(test_memory(), "%d %d %d %ld %s|%s", (int)how, skip, deaths,
                                     (long)host_pid(), name, test_directory());

    assert_true(strlen(name) < NAME_MOST);
    armed_skip = skip;
    assert_success(apr_env_set(ORDER, order, test_memory()));
}

/* Asked again and again: what that takes is given back. */
static int is_taken(int number)
{
    apr_finfo_t info;
    apr_pool_t *mem;
    int taken;

    assert_success(apr_pool_create(&mem, test_memory()));
    taken = apr_stat(&info, ticket_path(test_directory(), number, mem), APR_FINFO_TYPE, mem) == APR_SUCCESS;
    apr_pool_destroy(mem);
    return taken;
}

void step_disarm(void)
{
    (void)apr_env_delete(ORDER, test_memory());
    for (int i = 0; is_taken(i); i++)
        assert_success(apr_file_remove(ticket_path(test_directory(), i, test_memory()), test_memory()));
}

int step_deaths(void)
{
    int n = 0;

    while (is_taken(armed_skip + n)) n++;
    return n;
}

int64_t step_victim(int death)
{
    char digits[32] = "";
    apr_size_t size = sizeof digits - 1;
    apr_file_t *file;

    if (apr_file_open(&file, ticket_path(test_directory(), armed_skip + death, test_memory()), APR_FOPEN_READ,
                      APR_FPROT_OS_DEFAULT, test_memory()) != APR_SUCCESS)
        return 0;
    if (apr_file_read(file, digits, &size) != APR_SUCCESS) size = 0;
    (void)apr_file_close(file);
    digits[size] = '\0';
    return strchr(digits, '\n') != NULL ? (int64_t)apr_atoi64(digits) : 0;
}

/* ---- in a worker ---------------------------------------------------------------------------------- */

/* 1 if there is an order, and it is not this process that gave it. */
static int read_order(order_t *order)
{
    const char *words = getenv(ORDER), *bar;
    int length = 0;

    if (words == NULL || (bar = strchr(words, '|')) == NULL) return 0;
    if (sscanf(words, "%d %d %d %lld %n", &order->how, &order->skip, &order->deaths, &order->parent,
               &length) != 4 ||
        bar - words - length >= NAME_MOST)
        return 0;
    memcpy(order->name, words + length, (size_t)(bar - words - length));
    order->name[bar - words - length] = '\0';
    order->directory = bar + 1;
    return order->parent != (long long)host_pid();
}

/* 1 if this ticket was still there, and now is this process's. */
static int take_ticket(const order_t *order, int number, apr_pool_t *mem)
{
    apr_file_t *file;

    if (apr_file_open(&file, ticket_path(order->directory, number, mem),
                      APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_EXCL, APR_FPROT_OS_DEFAULT,
                      mem) != APR_SUCCESS)
        return 0;
    (void)apr_file_printf(file, "%ld\n", (long)host_pid());
    (void)apr_file_close(file);
    return 1;
}

/* Which pass of the step this is, over all processes, as far as passes are counted. */
static int count_pass(const order_t *order)
{
    apr_pool_t *mem;
    int number, end = order->skip + order->deaths;

    if (apr_pool_create(&mem, NULL) != APR_SUCCESS) return end;
    for (number = 0; number < end && !take_ticket(order, number, mem);) number++;
    apr_pool_destroy(mem);
    return number;
}

void spk_step(const char *name)
{
    order_t order;
    int number;

    if (!read_order(&order)) return;
    if (!step_is_known(name)) {
        (void)fprintf(stderr, "no test says what a death at step \"%s\" may cost\n", name);
        (void)fflush(stderr);
        _Exit(EXIT_FAILURE);
    }
    if (strcmp(name, order.name) != 0) return;
    number = count_pass(&order);
    if (number >= order.skip && number < order.skip + order.deaths) die((die_e)order.how);
}

void spk_step_copy(const char *name, void *to, const void *from, size_t size)
{
    memcpy(to, from, size / 2);
    spk_step(name);
    memcpy((unsigned char *)to + size / 2, (const unsigned char *)from + size / 2, size - size / 2);
}
