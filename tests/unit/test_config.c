/*
 * The configuration: the guard, every bad value, structs of other sizes, what the environment overrides and
 * what AUTO becomes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "unit.h"

#include "config.h"
#include "error.h"
#include "fake_os.h"
#include "role.h"
#include <apr_env.h>
#include <apr_general.h>
#include <stdlib.h>
#include <string.h>

static apr_status_t prepare(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    (void)in;
    (void)out;
    return APR_SUCCESS;
}

static apr_status_t unknown(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    return task != NULL && in != NULL ? APR_EGENERAL : APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(prepare), SPORK_END };
static apr_pool_t *mem;

static void forget_environment(void)
{
    (void)apr_env_delete("SPORK_START", mem);
    (void)apr_env_delete("SPORK_WORKERS", mem);
}

static int setup(void **state)
{
    (void)state;
    forget_environment();
    fake_reset();
    return 0;
}

static apr_status_t resolve(const spork_config_t *config, spork_config_t *full)
{
    int automatic;

    return spk_config_resolve(full, &automatic, config);
}

static void test_guard(void **state)
{
    spork_config_t full;

    (void)state;
    assert_int_equal(resolve(NULL, &full), SPORK_EGUARD);
    assert_non_null(strstr(spork_error(), "spork_init"));
    assert_int_equal(spork_init(NULL, NULL, tasks), APR_SUCCESS); /* for all tests behind this one */
    assert_int_equal(resolve(NULL, &full), APR_SUCCESS);
}

static void test_defaults(void **state)
{
    spork_config_t full, config;
    int automatic = -1;

    (void)state;
    fake.cpus = 6;
    memset(&config, 0xff, sizeof config);
    spork_config_init(&config);
    assert_int_equal(config.size, sizeof config);
    assert_int_equal(spk_config_resolve(&full, &automatic, &config), APR_SUCCESS);
    assert_int_equal(full.workers, 6);
    assert_int_equal(automatic, 1);
    assert_int_equal(full.start, SPORK_START_SPAWN);
    assert_int_equal(full.start_timeout, 60 * APR_USEC_PER_SEC);
    assert_int_equal(full.arena_size, fake.facts.reserve);
    assert_int_equal(full.timeout, 0);
    assert_int_equal(full.retries, 0);
    fake.cpus = 5000;
    assert_int_equal(resolve(NULL, &full), APR_SUCCESS);
    assert_int_equal(full.workers, SPORK_WORKERS_MAX);
    assert_int_equal(spork_cpu_count(), 5000);
    spork_config_init_size(NULL, sizeof config);
}

static void test_auto(void **state)
{
    spork_config_t full, config;

    (void)state;
    fake.facts.fork_by_default = 1;
    assert_int_equal(resolve(NULL, &full), APR_SUCCESS);
    assert_int_equal(full.start, SPORK_START_FORK);
    fake.threads = 2;
    assert_int_equal(resolve(NULL, &full), APR_SUCCESS);
    assert_int_equal(full.start, SPORK_START_SPAWN);
    fake.threads = 0; /* the system does not tell: a fork could be one too many */
    assert_int_equal(resolve(NULL, &full), APR_SUCCESS);
    assert_int_equal(full.start, SPORK_START_SPAWN);
    fake.threads = 1;
    spork_config_init(&config);
    config.program = "worker";
    assert_int_equal(resolve(&config, &full), APR_SUCCESS);
    assert_int_equal(full.start, SPORK_START_SPAWN);
    fake.facts.can_fork = fake.facts.fork_by_default = 0;
    config.start = SPORK_START_FORK;
    assert_int_equal(resolve(&config, &full), APR_ENOTIMPL);
}

static void test_bad_values(void **state)
{
#define BAD(status, field, value) { status, #field, offsetof(spork_config_t, field), sizeof bad.field, value }
    spork_config_t bad, full;
    static const struct {
        apr_status_t status;
        const char *field;
        size_t offset, size;
        apr_int64_t value;
    } cases[] = {
        BAD(APR_EINVAL, workers, -1),
        BAD(APR_EINVAL, workers, SPORK_WORKERS_MAX + 1),
        BAD(APR_EINVAL, workers, 100000),
        BAD(APR_EINVAL, start, SPORK_START_INLINE + 1),
        BAD(APR_EINVAL, init_size, 1),
        BAD(APR_EINVAL, start_timeout, -1),
        BAD(APR_EINVAL, timeout, -5),
        BAD(APR_EINVAL, retries, -1),
        BAD(APR_EINVAL, memory_limit, 1),
        BAD(APR_EINVAL, memory_limit, (apr_int64_t)SPORK_MEMORY_LIMIT_MIN - 1),
        BAD(APR_EINVAL, log_level, -1),
        BAD(APR_EINVAL, log_level, SPORK_LOG_ERROR + 1),
        BAD(APR_EINVAL, log_output, 1),
        BAD(APR_EINVAL, progress_interval, -1),
    };
    size_t i;
    int narrow;

    (void)state;
    for (i = 0; i < LENGTH(cases); i++) {
        spork_config_init(&bad);
        narrow = (int)cases[i].value;
        memcpy((unsigned char *)&bad + cases[i].offset,
               cases[i].size == sizeof narrow ? (const void *)&narrow : (const void *)&cases[i].value,
               cases[i].size);
        assert_int_equal(resolve(&bad, &full), cases[i].status);
        assert_non_null(
            strstr(spork_error(), strcmp(cases[i].field, "init_size") == 0 ? "init_" : cases[i].field));
    }
}

static void test_bad_pointers(void **state)
{
    spork_config_t bad, full;
    int number = 0;

    (void)state;
    spork_config_init(&bad);
    bad.program = "";
    assert_int_equal(resolve(&bad, &full), APR_EINVAL);
    spork_config_init(&bad);
    bad.log_dir = "";
    assert_int_equal(resolve(&bad, &full), APR_EINVAL);
    bad.log_dir = "logs";
    bad.log_output = 1;
    assert_int_equal(resolve(&bad, &full), APR_SUCCESS);
    bad.log_merge = "";
    assert_int_equal(resolve(&bad, &full), APR_EINVAL);
    spork_config_init(&bad);
    bad.log_merge = "all";
    assert_int_equal(resolve(&bad, &full), APR_EINVAL);
    assert_non_null(strstr(spork_error(), "log_merge"));
    spork_config_init(&bad);
    bad.init_arg = &number;
    bad.init_size = sizeof number;
    assert_int_equal(resolve(&bad, &full), APR_EINVAL);
    bad.initializer = unknown;
    assert_int_equal(resolve(&bad, &full), SPORK_ENOTTASK);
    bad.initializer = prepare;
    assert_int_equal(resolve(&bad, &full), APR_SUCCESS);
    bad.arena_size = SIZE_MAX;
    assert_int_equal(resolve(&bad, &full), SPORK_ETOOBIG);
    bad.arena_size = 1;
    assert_int_equal(resolve(&bad, &full), APR_SUCCESS);
    assert_true(full.arena_size > 1);
    bad.init_size = full.arena_size + 1;
    assert_int_equal(resolve(&bad, &full), SPORK_ETOOBIG);
}

static void test_structs_of_other_sizes(void **state)
{
    union {
        spork_config_t config;
        unsigned char bytes[sizeof(spork_config_t) + 64];
    } newer;
    spork_config_t full;
    spork_config_t older;

    (void)state;
    memset(&older, 0xff, sizeof older);
    spork_config_init_size(&older, offsetof(spork_config_t, retries));
    older.workers = 3;
    assert_int_equal(resolve(&older, &full), APR_SUCCESS); /* what lies behind is not read */
    assert_int_equal(full.workers, 3);
    assert_int_equal(full.retries, 0);
    assert_null(full.program);
    spork_config_init_size(&newer.config, sizeof newer);
    newer.config.workers = 4;
    assert_int_equal(resolve(&newer.config, &full), APR_SUCCESS);
    assert_int_equal(full.workers, 4);
    newer.bytes[sizeof newer - 1] = 1;
    assert_int_equal(resolve(&newer.config, &full), APR_ENOTIMPL);
    memset(&older, 0, sizeof older); /* not initialised at all */
    assert_int_equal(resolve(&older, &full), APR_EINVAL);
    assert_non_null(strstr(spork_error(), "spork_config_init"));
    older.size = SIZE_MAX;
    assert_int_equal(resolve(&older, &full), APR_EINVAL);
    older.size = sizeof older.size;
    assert_int_equal(resolve(&older, &full), APR_EINVAL);
    older.workers = 77;
    spork_config_init_size(&older, 1); /* too small to hold even its size: left alone */
    assert_int_equal(older.workers, 77);
}

/* What getenv() sees is not what APR sets on every system. */
static void set_environment(const char *name, const char *value)
{
    const char *seen;

    assert_int_equal(apr_env_set(name, value, mem), APR_SUCCESS);
    seen = getenv(name);
    if (seen == NULL || strcmp(seen, value) != 0) skip();
}

static void test_environment_overrides(void **state)
{
    spork_config_t config, full;
    int automatic;

    (void)state;
    spork_config_init(&config);
    config.workers = 2;
    config.start = SPORK_START_INLINE;
    set_environment("SPORK_WORKERS", "7");
    set_environment("SPORK_START", "fork");
    assert_int_equal(spk_config_resolve(&full, &automatic, &config), APR_SUCCESS);
    assert_int_equal(full.workers, 7);
    assert_int_equal(full.start, SPORK_START_FORK);
    assert_int_equal(automatic, 0);
    set_environment("SPORK_START", "spawn");
    assert_int_equal(resolve(&config, &full), APR_SUCCESS);
    assert_int_equal(full.start, SPORK_START_SPAWN);
    set_environment("SPORK_START", "inline");
    config.start = SPORK_START_AUTO;
    assert_int_equal(resolve(&config, &full), APR_SUCCESS);
    assert_int_equal(full.start, SPORK_START_INLINE);
}

static void test_bad_environment(void **state)
{
    static const char *const workers[] = {
        "0", "-3", "1001", "x", "3x", "99999999999999999999", "3 ", "0x3"
    };
    static const char *const starts[] = { "banana", "FORK", "auto", "fork " };
    spork_config_t full;
    size_t i;

    (void)state;
    for (i = 0; i < LENGTH(workers); i++) {
        set_environment("SPORK_WORKERS", workers[i]);
        assert_int_equal(resolve(NULL, &full), APR_EINVAL);
        assert_non_null(strstr(spork_error(), "SPORK_WORKERS"));
    }
    forget_environment();
    for (i = 0; i < LENGTH(starts); i++) {
        set_environment("SPORK_START", starts[i]);
        assert_int_equal(resolve(NULL, &full), APR_EINVAL);
        assert_non_null(strstr(spork_error(), "SPORK_START"));
    }
}

static void test_untrusted_environment(void **state)
{
    spork_config_t full;

    (void)state;
    set_environment("SPORK_WORKERS", "banana");
    set_environment("SPORK_START", "inline");
    fake.trusted = 0;
    fake.cpus = 3;
    assert_int_equal(resolve(NULL, &full), APR_SUCCESS);
    assert_int_equal(full.workers, 3);
    assert_int_equal(full.start, SPORK_START_SPAWN);
}

static void test_inside_a_worker(void **state)
{
    spork_config_t config, full;

    (void)state;
    spk_role_become_worker(); /* the last test: there is no way back */
    assert_int_equal(resolve(NULL, &full), APR_SUCCESS);
    assert_int_equal(full.start, SPORK_START_INLINE);
    spork_config_init(&config);
    config.start = SPORK_START_INLINE;
    assert_int_equal(resolve(&config, &full), APR_SUCCESS);
    config.start = SPORK_START_SPAWN;
    assert_int_equal(resolve(&config, &full), SPORK_EGUARD);
    config.start = SPORK_START_FORK;
    assert_int_equal(resolve(&config, &full), SPORK_EGUARD);
    set_environment("SPORK_START", "fork"); /* is for the parent */
    assert_int_equal(resolve(NULL, &full), APR_SUCCESS);
    assert_int_equal(full.start, SPORK_START_INLINE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_guard, setup),
        cmocka_unit_test_setup(test_defaults, setup),
        cmocka_unit_test_setup(test_auto, setup),
        cmocka_unit_test_setup(test_bad_values, setup),
        cmocka_unit_test_setup(test_bad_pointers, setup),
        cmocka_unit_test_setup(test_structs_of_other_sizes, setup),
        cmocka_unit_test_setup(test_environment_overrides, setup),
        cmocka_unit_test_setup(test_bad_environment, setup),
        cmocka_unit_test_setup(test_untrusted_environment, setup),
        cmocka_unit_test_setup(test_inside_a_worker, setup),
    };
    int failed;

    if (apr_initialize() != APR_SUCCESS || apr_pool_create(&mem, NULL) != APR_SUCCESS) return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
