/*
 * Faults: every call that the library makes of the system, the C library or APR fails once, at each of its uses in turn,
 * in the parent and in the workers, with each of its likely errors (fault.h). Whatever fails: the pool does its
 * work all the same, or a status with words says that it cannot; what comes out is never wrong; and at
 * the end the process holds what it held before.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "conformance.h"

#include <apr_env.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "census.h"
#include "fault.h"
#include "holdings.h"
#include "scene.h"
#include "watchdog.h"

#define RUN_SECONDS 60
#define USES_MOST 2000 /* of one call in one run: more would be a loop that does not end */

typedef void (*scene_t)(apr_pool_t *parent, const fate_t *fate);

static char plan_words[160]; /* what fails in this run */
static char *board_path;

static long n_failed, n_calls;

/* ---- one run --------------------------------------------------------------------------------------------------- */

static int is_lack(int error)
{
    apr_status_t status = APR_FROM_OS_ERROR(error);

    return error == ENOMEM || APR_STATUS_IS_EMFILE(status) || APR_STATUS_IS_ENFILE(status) ||
           APR_STATUS_IS_ENOMEM(status) || APR_STATUS_IS_EAGAIN(status) || APR_STATUS_IS_ENOSPC(status);
}

/* A signal came, or the parent is told to try again: nobody is to notice. */
static int passes(int error, int side)
{
    apr_status_t status = APR_FROM_OS_ERROR(error);

    return error != 0 &&
           (APR_STATUS_IS_EINTR(status) || (side == FAULT_PARENT && APR_STATUS_IS_EAGAIN(status)));
}

static void describe(int call, int side, unsigned k, int error, int lasting)
{
    (void)apr_snprintf(plan_words, sizeof plan_words, "%s %u of %s in the %s fails with %d",
                       lasting ? "from use" : "use", k, fault_name(call),
                       side == FAULT_PARENT ? "parent" : "workers", error);
    watchdog_start(plan_words, RUN_SECONDS * slow_factor());
    if (getenv("SPORK_TEST_VERBOSE") != NULL) (void)fprintf(stderr, "%s\n", plan_words);
}

/* A host ends itself by this when its own memory is out. Spork's want of memory is not the host's. */
static int host_aborts(int status)
{
    (void)status;
    (void)fprintf(stderr, "%s: the host's abort function was called\n", plan_words);
    abort();
}

/* Names of shared memory are the machine's: another program's may come and go. A leak stays. */
static void take_census(census_t *after, const census_t *before)
{
    census_t again;

    census_take(after);
    for (int looks = 0; looks < 20 && after->names > before->names; looks++) {
        apr_sleep(50 * MILLISECOND);
        census_take(&again);
        after->names = again.names;
    }
}

static void run_scene(scene_t scene, const fate_t *fate)
{
    census_t before, after;
    char words[512];
    long blocks = fault_blocks();
    apr_pool_t *parent;

    census_take(&before);
    assert_success(apr_pool_create_ex(&parent, NULL, host_aborts, NULL));
    scene(parent, fate);
    apr_pool_destroy(parent);
    take_census(&after, &before);
    if (census_differs(&before, &after, words, sizeof words))
        fail_msg("%s: left behind: %s", plan_words, words);
    if (fault_blocks() != blocks)
        fail_msg("%s: %ld blocks of memory are left", plan_words, fault_blocks() - blocks);
}

/* ---- all of them ------------------------------------------------------------------------------------------------ */

/* Each use of this call in turn, until a run comes to its end without it. How many failed. */
static long fail_each_use(scene_t scene, int call, int side, int e, int lasting)
{
    int error = fault_error_number(call, e);
    unsigned k;
    fate_t fate;

    fate.side = side;
    fate.lasting = lasting;
    fate.must_succeed = passes(error, side) && !lasting;
    fate.plan = plan_words;
    for (k = 1; k <= USES_MOST; k++) {
        describe(call, side, k, error, lasting);
        fault_plan(call, side, k, e, lasting);
        run_scene(scene, &fate);
        if (fault_struck() == 0) return (long)k - 1;
    }
    fail_msg("%s: there is always another use", plan_words);
    return 0;
}

/* Where everything is slow a call's first error stands for all; at night each has its turn. */
static int most_errors(int call)
{
    return getenv("SPORK_TEST_FIRST_ERRORS") != NULL ? 1 : fault_errors(call);
}

static void fail_every_call(scene_t scene, int side, int lasting)
{
    static const fate_t nothing = { FAULT_PARENT, 0, 1, "nothing fails" };
    long failed;
    int64_t memory;

    fault_clear();
    (void)apr_snprintf(plan_words, sizeof plan_words, "nothing fails");
    run_scene(scene, &nothing); /* the guard's tables grow once */
    run_scene(scene, &nothing);
    memory = holdings_memory();
    n_failed = n_calls = 0;
    for (int call = 0; call < fault_calls(); call++) {
        failed = 0;
        for (int e = 0; fault_name(call)[0] != '\0' && e < most_errors(call); e++)
            if (!lasting || is_lack(fault_error_number(call, e)))
                failed += fail_each_use(scene, call, side, e, lasting);
        n_failed += failed;
        n_calls += failed > 0;
    }
    fault_clear();
    assert_true(n_calls > 0);
    assert_true(holdings_memory() - memory <= holdings_memory_slack());
    print_message("%ld failures of %ld calls\n", n_failed, n_calls);
}

static void work_in_the_parent(void **state)
{
    (void)state;
    fail_every_call(scene_work, FAULT_PARENT, 0);
}

static void work_in_the_workers(void **state)
{
    (void)state;
    needs_workers();
    fail_every_call(scene_work, FAULT_WORKER, 0);
}

static void work_in_a_parent_that_lacks_it_for_good(void **state)
{
    (void)state;
    fail_every_call(scene_work, FAULT_PARENT, 1);
}

static void ends_in_the_parent(void **state)
{
    (void)state;
    needs_workers();
    fail_every_call(scene_ends, FAULT_PARENT, 0);
}

static void ends_in_the_workers(void **state)
{
    (void)state;
    needs_workers();
    fail_every_call(scene_ends, FAULT_WORKER, 0);
}

static void logs_in_the_parent(void **state)
{
    (void)state;
    fail_every_call(scene_logs, FAULT_PARENT, 0);
}

static void logs_in_the_workers(void **state)
{
    (void)state;
    needs_workers();
    fail_every_call(scene_logs, FAULT_WORKER, 0);
}

static void logs_in_a_parent_that_lacks_it_for_good(void **state)
{
    (void)state;
    fail_every_call(scene_logs, FAULT_PARENT, 1);
}

static void journals_in_the_parent(void **state)
{
    (void)state;
    fail_every_call(scene_journals, FAULT_PARENT, 0);
}

static void journals_in_a_parent_that_lacks_it_for_good(void **state)
{
    (void)state;
    fail_every_call(scene_journals, FAULT_PARENT, 1);
}

static void records_that_were_not_synced(void **state)
{
    static const fate_t nothing = { FAULT_PARENT, 0, 0, "syncs of a journal" };

    (void)state;
    fault_clear();
    (void)apr_snprintf(plan_words, sizeof plan_words, "%s", nothing.plan);
    watchdog_start(plan_words, RUN_SECONDS * slow_factor());
    run_scene(scene_syncs, &nothing);
}

/* ---- what is done once in a process ---------------------------------------------------------------------------------- */

#define PRINTED "printed once\n"

/* spork_init() without argc and argv, as WinMain would call it, and a first pool. What was printed before is in a
 * buffer of which forked workers have a copy. argv[1]: the side, argv[2]: the plan */
static int first_steps(int argc, char **argv)
{
    apr_pool_t *parent;
    fate_t fate = { FAULT_PARENT, 0, 0, "" };
    census_t before, after;
    char words[512];

    role_check(argc == 3);
    fate.side = atoi(argv[1]);
    fate.plan = argv[2];
    fault_be_parent();
    (void)fputs(PRINTED, stdout);
    if (spork_init(NULL, NULL, scene_tasks()) != APR_SUCCESS) {
        role_check(spork_error()[0] != '\0');
        return EXIT_SUCCESS;
    }
    (void)spork_error(); /* mingw-w64 opens something for a process's first thread-local variable */
    census_take(&before);
    role_check(apr_pool_create_ex(&parent, NULL, host_aborts, NULL) == APR_SUCCESS);
    scene_first(parent, &fate);
    apr_pool_destroy(parent);
    take_census(&after, &before);
    if (!census_differs(&before, &after, words, sizeof words)) return EXIT_SUCCESS;
    (void)fprintf(stderr, "%s: left behind: %s\n", fate.plan, words);
    return EXIT_FAILURE;
}

static void run_first_steps(apr_pool_t *parent, const fate_t *fate)
{
    const char *const role[] = { "first_steps", apr_itoa(parent, fate->side), fate->plan, NULL };
    run_t run;

    run_role(&run, role, NULL);
    if (run.exit_code != 0) fail_msg("%s: exit code %d\n%s%s", fate->plan, run.exit_code, run.out, run.err);
    if (strncmp(run.out, "printed once", 12) != 0 || strstr(run.out + 1, "printed") != NULL)
        fail_msg("%s: it printed %s", fate->plan, run.out);
}

static void first_steps_of_a_parent(void **state)
{
    (void)state;
    fail_every_call(run_first_steps, FAULT_PARENT, 0);
    fault_be_parent();
}

static void first_steps_of_the_workers(void **state)
{
    (void)state;
    needs_workers();
    fail_every_call(run_first_steps, FAULT_WORKER, 0);
    fault_be_parent();
}

/* The same with a trace: what cannot be written at first is an error, later nothing but the trace's own loss. */
static void traced_first_steps(int side)
{
    const char *path = test_path("trace.json");

    assert_success(apr_env_set("SPORK_TRACE", path, test_memory()));
    fail_every_call(run_first_steps, side, 0);
    fault_be_parent();
    assert_success(apr_env_delete("SPORK_TRACE", test_memory()));
    assert_success(apr_file_remove(path, test_memory()));
}

static void traced_first_steps_of_a_parent(void **state)
{
    (void)state;
    traced_first_steps(FAULT_PARENT);
}

static void traced_first_steps_of_the_workers(void **state)
{
    (void)state;
    needs_workers();
    traced_first_steps(FAULT_WORKER);
}

/* ---- the program --------------------------------------------------------------------------------------------------------- */

static int begin(void **state)
{
    int result = conformance_begin(state);

    if (result == 0) {
        static apr_pool_t *memory;
        assert_success(apr_pool_create(&memory, NULL));
        board_path = apr_pstrcat(memory, test_directory(), ".board", (char *)NULL);
        fault_begin(board_path, memory);
    }
    return result;
}

static int end(void **state)
{
    (void)remove(board_path);
    return conformance_end(state);
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "first_steps", first_steps } };
    static const struct CMUnitTest tests[] = {
        TEST(work_in_the_parent),
        TEST(work_in_the_workers),
        TEST(work_in_a_parent_that_lacks_it_for_good),
        TEST(ends_in_the_parent),
        TEST(ends_in_the_workers),
        TEST(logs_in_the_parent),
        TEST(logs_in_the_workers),
        TEST(logs_in_a_parent_that_lacks_it_for_good),
        TEST(journals_in_the_parent),
        TEST(journals_in_a_parent_that_lacks_it_for_good),
        TEST(records_that_were_not_synced),
        TEST(first_steps_of_a_parent),
        TEST(first_steps_of_the_workers),
        TEST(traced_first_steps_of_a_parent),
        TEST(traced_first_steps_of_the_workers),
    };

    fault_attach();
    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, scene_tasks()) != APR_SUCCESS) return EXIT_FAILURE;
    return cmocka_run_group_tests_name(conformance_title("calls"), tests, begin, end);
}
