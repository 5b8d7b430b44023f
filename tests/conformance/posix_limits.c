/*
 * Conformance, POSIX only: a system that has no more to give: processes, descriptors, memory, file size
 * (behaviour 18 and the bad input of a full system). Each in a process of its own, which it spoils.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance.h"

#define NOBODYS_UID 54321

static apr_status_t times_two(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(long *)out = 2 * *(const long *)in;
    return APR_SUCCESS;
}

static int lift(int resource)
{
    struct rlimit limit;
    limit.rlim_cur = limit.rlim_max = RLIM_INFINITY;
    return setrlimit(resource, &limit) == 0;
}

/* How many MiB it gets; after an attempt to lift its limit, if so told. */
static apr_status_t break_out(spork_task_t *task, const void *in, void *out)
{
    static void *blocks[160];
    long n = 0;

    (void)task;
    if (*(const int *)in && lift(RLIMIT_DATA) && lift(RLIMIT_AS)) return APR_EGENERAL;
    while (n < (long)LENGTH(blocks) && (blocks[n] = malloc(MIB)) != NULL) n++;
    *(long *)out = n;
    while (n > 0) free(blocks[--n]);
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(times_two), SPORK_ENTRY(break_out), SPORK_END };

static int limit(int resource, rlim_t value)
{
    struct rlimit now;
    if (getrlimit(resource, &now) != 0) return 0;
    now.rlim_cur = value;
    return setrlimit(resource, &now) == 0;
}

static int has_children(void)
{
    return waitpid(-1, NULL, WNOHANG) != -1;
}

/* Creation fails with words, or there is a pool that works; either way nothing is left. */
static int fails_or_works(int workers, int must_fail)
{
    spork_config_t config;
    spork_pool_t *pool = NULL;
    int before = host_descriptors();
    long in = 21, out = 0;
    apr_status_t status;

    make_config(&config, workers);
    status = spork_pool_create(&pool, &config, NULL);
    if (status == APR_SUCCESS) {
        role_check(!must_fail);
        role_check(spork_map(pool, times_two, &in, sizeof in, &out, sizeof out, 1, NULL) == APR_SUCCESS &&
                   out == 42);
        role_check(spork_pool_close(pool) == APR_SUCCESS);
        spork_pool_destroy(pool);
    } else {
        role_check(pool == NULL && spork_error()[0] != '\0');
        (void)printf("%s\n", spork_error());
    }
    role_check(!has_children());
    role_check(host_descriptors() == before);
    return 0;
}

/* Root has no limit of processes, so it becomes somebody else, whose directory this is not. */
static int full_process_table(int argc, char **argv)
{
    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
#ifdef RLIMIT_NPROC /* not in POSIX, but in all its systems but Solaris */
    role_check(geteuid() != 0 || setuid(NOBODYS_UID) == 0);
    role_check(limit(RLIMIT_NPROC, geteuid() == NOBODYS_UID ? 4 : 1));
    return fails_or_works(13, 1);
#else
    return 0;
#endif
}

/* So many descriptors are free; with none the pool must fail, at each number in between it must not leak. */
static int few_descriptors(int argc, char **argv)
{
    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    for (int left = 0; left < 24; left++) {
        int lowest_free = dup(STDERR_FILENO);
        role_check(lowest_free >= 0 && close(lowest_free) == 0);
        role_check(limit(RLIMIT_NOFILE, (rlim_t)(lowest_free + left)));
        if (fails_or_works(3, left == 0) != 0) {
            (void)fprintf(stderr, "with %d descriptors left\n", left);
            return EXIT_FAILURE;
        }
        role_check(limit(RLIMIT_NOFILE, 1024));
    }
    return 0;
}

static int little_address_space(int argc, char **argv)
{
    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    role_check(limit(RLIMIT_AS, (rlim_t)(argc == 2 ? atoi(argv[1]) : 0) << 20));
    return fails_or_works(2, 0);
}

/* What a worker gets in MiB, with the host's own (soft) limit of data and a pool's limit, both in MiB; 0: none.
 * A soft limit is there to be lifted, so there it does not try. */
static int memory_under(long host, long pools, long *got)
{
    spork_config_t config;
    spork_pool_t *pool = NULL;
    int lifts = host == 0;

    if (host != 0) role_check(limit(RLIMIT_DATA, (rlim_t)host << 20));
    make_config(&config, 1);
    config.memory_limit = (apr_size_t)pools << 20;
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    role_check(spork_map(pool, break_out, &lifts, sizeof lifts, got, sizeof *got, 1, NULL) == APR_SUCCESS);
    role_check(spork_pool_close(pool) == APR_SUCCESS);
    spork_pool_destroy(pool);
    return EXIT_SUCCESS;
}

/* As somebody who may not: the super-user may. */
static int limited_memory(int argc, char **argv)
{
    long got;

    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    role_check(geteuid() != 0 || setuid(NOBODYS_UID) == 0);
    role_check(memory_under(0, 32, &got) == EXIT_SUCCESS && got >= 16 && got <= 36);
    role_check(memory_under(0, 1024, &got) == EXIT_SUCCESS && got == 160);
    role_check(memory_under(64, 1024, &got) == EXIT_SUCCESS && got >= 32 && got <= 64);
    role_check(memory_under(64, 32, &got) == EXIT_SUCCESS && got >= 16 && got <= 36);
    return EXIT_SUCCESS;
}

/* Shared memory is a file on some systems, and a file beyond this limit is a deadly SIGXFSZ by default. */
static int small_files(int argc, char **argv)
{
    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    role_check(limit(RLIMIT_FSIZE, 1 << 20));
    return fails_or_works(2, 0);
}

static int unwritable_directory(int argc, char **argv)
{
    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    role_check(chdir("/") == 0);
    role_check(geteuid() != 0 || setuid(NOBODYS_UID) == 0);
    return fails_or_works(2, 0);
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void a_full_process_table_is_told(void **state)
{
    (void)state;
    needs_workers();
    assert_role("full_process_table", NULL, NULL);
}

static void few_descriptors_are_told_and_none_is_lost(void **state)
{
    (void)state;
    needs_workers();
    assert_role("few_descriptors", NULL, NULL);
}

static void little_memory_is_told_or_suffices(void **state)
{
    static const char *const mebibytes[] = { "32", "64", "128", "512", "2048" };
    (void)state;
    if (under_sanitizer()) /* which maps terabytes itself */
        skip();
    for (size_t i = 0; i < LENGTH(mebibytes); i++) assert_role("little_address_space", mebibytes[i], NULL);
}

static void a_task_cannot_lift_its_limit_and_the_hosts_stays(void **state)
{
    (void)state;
    needs_workers();
    if (under_sanitizer()) /* which has terabytes of data itself */
        skip();
    assert_role("limited_memory", NULL, NULL);
}

static void a_limit_of_file_sizes_kills_nobody(void **state)
{
    (void)state;
    assert_role("small_files", NULL, NULL);
}

static void an_unwritable_directory_does_not_matter(void **state)
{
    (void)state;
    assert_role("unwritable_directory", NULL, NULL);
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "full_process_table", full_process_table },
                                    { "few_descriptors", few_descriptors },
                                    { "little_address_space", little_address_space },
                                    { "limited_memory", limited_memory },
                                    { "small_files", small_files },
                                    { "unwritable_directory", unwritable_directory } };
    static const struct CMUnitTest tests[] = {
        TEST(a_full_process_table_is_told),       TEST(few_descriptors_are_told_and_none_is_lost),
        TEST(little_memory_is_told_or_suffices),  TEST(a_task_cannot_lift_its_limit_and_the_hosts_stays),
        TEST(a_limit_of_file_sizes_kills_nobody), TEST(an_unwritable_directory_does_not_matter),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("limits", tests);
}
