/*
 * Conformance: the program that is started again (behaviours 33 to 37): made-up command lines, where the
 * executable is found, what workers inherit, closed streams, many workers, programs that are no workers.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <apr_env.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_network_io.h>
#include <apr_strings.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conformance.h"

/* Read by main before spork_init(): be a program that does not answer, or one that ends at once. */
#define MANNER "SPORK_TEST_MANNER"

/* ---- tasks ---------------------------------------------------------------------------------- */

static apr_status_t times_two(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(long *)out = 2 * *(const long *)in;
    return APR_SUCCESS;
}

static apr_status_t tell_command_line(spork_task_t *task, const void *in, void *out)
{
    char all[4096] = "";
    (void)in;
    (void)out;
    for (int i = 1; i < conformance_argc(); i++) {
        (void)strncat(all, conformance_argv(i), sizeof all - strlen(all) - 2);
        (void)strcat(all, "\n");
    }
    return spork_reply(task, all, strlen(all) + 1);
}

typedef struct {
    int holds_file;
    int descriptors;
} held_t;

static apr_status_t tell_held(spork_task_t *task, const void *in, void *out)
{
    held_t *held = out;
    (void)task;
    held->holds_file = host_holds_file(in);
    held->descriptors = host_descriptors();
    return APR_SUCCESS;
}

static apr_status_t print_both(spork_task_t *task, const void *in, void *out)
{
    (void)in;
    (void)out;
    (void)printf("(out %d)", (int)spork_task_index(task));
    (void)fprintf(stderr, "(err %d)", (int)spork_task_index(task));
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(times_two), SPORK_ENTRY(tell_command_line),
                                       SPORK_ENTRY(tell_held), SPORK_ENTRY(print_both), SPORK_END };

/* A pool of this size can be made and gives right results. */
static int works(int workers)
{
    spork_config_t config;
    spork_pool_t *pool;
    long in[500], out[500];
    int right = 0;

    for (long i = 0; i < 500; i++) in[i] = i;
    make_config(&config, workers);
    if (spork_pool_create(&pool, &config, NULL) != APR_SUCCESS) return 0;
    if (spork_map(pool, times_two, in, sizeof in[0], out, sizeof out[0], 500, NULL) == APR_SUCCESS)
        for (long i = 0; i < 500; i++) right += out[i] == 2 * i;
    if (spork_pool_close(pool) != APR_SUCCESS) right = 0;
    spork_pool_destroy(pool);
    return right == 500;
}

/* ---- 33: made-up command lines -------------------------------------------------------------- */

/* What a real worker was called with: NULL-ended, into args. */
static void learn_command_line(char **args, int most)
{
    spork_pool_t *pool = start_pool(1);
    spork_future_t *future;
    char *text, *line, *state_of_split;
    int count = 0;

    assert_success(spork_submit(&future, pool, tell_command_line, NULL, 0));
    assert_success(spork_future_wait(future, -1));
    assert_success(spork_future_outcome(future)->status);
    text = apr_pstrdup(test_memory(), spork_future_outcome(future)->out);
    for (line = apr_strtok(text, "\n", &state_of_split); line != NULL;
         line = apr_strtok(NULL, "\n", &state_of_split)) {
        assert_true(count < most - 1);
        args[count++] = line;
    }
    args[count] = NULL;
    assert_true(count > 0);
    end_pool(pool);
}

/* Each number in the word becomes this text. */
static char *renumber(const char *word, const char *number)
{
    char *result = apr_pstrdup(test_memory(), "");
    while (*word != '\0') {
        if (isdigit((unsigned char)*word)) {
            result = apr_pstrcat(test_memory(), result, number, (char *)NULL);
            while (isdigit((unsigned char)*word)) word++;
        } else {
            result = apr_psprintf(test_memory(), "%s%c", result, *word++);
        }
    }
    return result;
}

/* Without what stands behind the first number. */
static char *cut(const char *word)
{
    apr_size_t length = strcspn(word, "0123456789");
    return apr_pstrndup(test_memory(), word, length);
}

static void ends_with_two_and_one_line(const char *const *args)
{
    run_t run;
    const char *newline;

    run_program(&run, self_path(), NULL, args, NULL);
    newline = strchr(run.err, '\n');
    if (run.exit_code != 2 || run.out[0] != '\0' || newline == NULL || newline == run.err ||
        newline[1] != '\0')
        fail_msg("%s: exit code %d, stdout: %s, stderr: %s", args[0], run.exit_code, run.out, run.err);
}

static void a_made_up_command_line_ends_with_one_line(void **state)
{
    static const char *const numbers[] = { "",   "0", "1", "2", "9", "77", "4096", "99999999999999999999999",
                                           "-1", "x" };
    char *real[8];

    (void)state;
    needs_spawn();
    learn_command_line(real, (int)LENGTH(real));
    ends_with_two_and_one_line((const char *const *)real);
    for (size_t i = 0; i < LENGTH(numbers); i++) {
        const char *args[LENGTH(real)] = { NULL };
        for (int k = 0; real[k] != NULL; k++) args[k] = renumber(real[k], numbers[i]);
        ends_with_two_and_one_line(args);
    }
    {
        const char *bare[] = { cut(real[0]), NULL }, *more[] = { real[0], "more", NULL };
        const char *trailing[] = { apr_pstrcat(test_memory(), real[0], ":garbage", (char *)NULL), NULL };
        ends_with_two_and_one_line(bare);
        ends_with_two_and_one_line(more);
        ends_with_two_and_one_line(trailing);
    }
}

/* ---- 34: where the executable is ------------------------------------------------------------ */

static int work(int argc, char **argv)
{
    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    role_check(works(2));
    return 0;
}

/* Moves to another directory first. */
static int work_elsewhere(int argc, char **argv)
{
    apr_pool_t *mem;

    role_check(argc == 2);
    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    role_check(apr_pool_create(&mem, NULL) == APR_SUCCESS);
    role_check(apr_filepath_set(argv[1], mem) == APR_SUCCESS);
    role_check(apr_env_set("PATH", "", mem) == APR_SUCCESS);
    role_check(works(2));
    return 0;
}

/* argv: this executable, its new name, a file to put in its place or "". */
static int work_renamed(int argc, char **argv)
{
    apr_pool_t *mem;

    role_check(argc == 4);
    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    role_check(apr_pool_create(&mem, NULL) == APR_SUCCESS);
    role_check(apr_file_rename(argv[1], argv[2], mem) == APR_SUCCESS);
    if (argv[3][0] != '\0')
        role_check(apr_file_copy(argv[3], argv[1], APR_FPROT_FILE_SOURCE_PERMS, mem) == APR_SUCCESS);
    role_check(works(2));
    return 0;
}

/* Ended with .exe, which Windows asks for and nobody else minds. */
static char *copy_of_self(const char *folder, const char *name)
{
    char *path = apr_pstrcat(test_memory(), folder, "/", name, ".exe", (char *)NULL);
    assert_success(apr_file_copy(self_path(), path, APR_FPROT_FILE_SOURCE_PERMS, test_memory()));
    return path;
}

static void role_succeeds(const char *program, const char *folder, const char *const *args,
                          const char *const *env)
{
    run_t run;
    run_program(&run, program, folder, args, env);
    if (run.exit_code != 0)
        fail_msg("%s %s: exit code %d, stdout: %s, stderr: %s", program, args[1], run.exit_code, run.out,
                 run.err);
}

static void the_executables_path_may_be_odd(void **state)
{
    static const char *const names[] = { "sp ace", "\xc3\xbcml\xc3\xa4ut", "\xe6\x96\x87 \xe5\xad\x97",
                                         "a'b&c;d$e %PATH%" };
    static const char *const args[] = { "role", "work", NULL };

    (void)state;
    for (size_t i = 0; i < LENGTH(names); i++) {
        char *folder = test_path(names[i]), *program;
        assert_success(apr_dir_make(folder, APR_FPROT_OS_DEFAULT, test_memory()));
        program = copy_of_self(folder, names[i]);
        role_succeeds(program, NULL, args, NULL);
        assert_success(apr_file_remove(program, test_memory()));
        assert_success(apr_dir_remove(folder, test_memory()));
    }
}

static void the_working_directory_and_path_do_not_matter(void **state)
{
    const char *folder = test_directory();
    const char *elsewhere[] = { "role", "work_elsewhere", folder, NULL }, *here[] = { "role", "work", NULL };
    static const char *const no_path[] = { "PATH=", NULL };

    (void)state;
    role_succeeds(self_path(), NULL, elsewhere, NULL);
    role_succeeds(self_path(), folder, here, NULL);
    role_succeeds(self_path(), NULL, here, no_path);
}

/* Started by a relative name, which means nothing any more after the move. */
static void a_relative_name_does_not_matter(void **state)
{
    char *program = copy_of_self(test_directory(), "relative");
    const char *args[] = { "role", "work_elsewhere", "..", NULL };
    char *here;

    (void)state;
    assert_success(apr_filepath_get(&here, 0, test_memory()));
    assert_success(apr_filepath_set(test_directory(), test_memory()));
    role_succeeds("./relative.exe", NULL, args, NULL);
    assert_success(apr_filepath_set(here, test_memory()));
    assert_success(apr_file_remove(program, test_memory()));
}

static void the_executable_may_be_renamed_or_replaced_meanwhile(void **state)
{
    char *program, *moved = test_path("moved.exe"), *other = test_path("no program.exe");
    apr_file_t *file;

    (void)state;
    if (getenv("SPORK_TEST_VALGRIND") != NULL) skip(); /* it starts programs by their name only */
    assert_success(
        apr_file_open(&file, other, APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_FPROT_OS_DEFAULT, test_memory()));
    assert_success(apr_file_puts("this is no program\n", file));
    assert_success(apr_file_close(file));
    for (int replace = 0; replace < 2; replace++) {
        const char *args[] = { "role", "work_renamed", NULL, moved, replace ? other : "", NULL };
        program = copy_of_self(test_directory(), "renamed");
        args[2] = program;
        role_succeeds(program, NULL, args, NULL);
        assert_success(apr_file_remove(moved, test_memory()));
        if (replace) assert_success(apr_file_remove(program, test_memory()));
    }
    assert_success(apr_file_remove(other, test_memory()));
}

/* ---- 35: what workers inherit --------------------------------------------------------------- */

/* The reader sees the end of a pipe as soon as the host closes the other end: no worker holds a copy. */
static void workers_hold_no_copy_of_the_hosts_pipes(void **state)
{
    apr_file_t *reader, *writer;
    spork_pool_t *pool;
    char byte;
    apr_size_t one = 1;

    (void)state;
    needs_spawn();
    assert_success(apr_file_pipe_create(&reader, &writer, test_memory()));
    assert_success(host_make_inheritable(reader));
    assert_success(host_make_inheritable(writer));
    pool = start_pool(3);
    assert_success(apr_file_close(writer));
    assert_status(apr_file_read(reader, &byte, &one), APR_EOF);
    assert_success(apr_file_close(reader));
    end_pool(pool);
}

static void workers_hold_none_of_the_hosts_files_and_sockets(void **state)
{
    enum { WORKERS = 3, ITEMS = 60, FILES = 20 };
    char *path = test_path("secret");
    apr_size_t size = strlen(path) + 1;
    char *in = apr_palloc(test_memory(), size * ITEMS);
    held_t held[ITEMS];
    apr_file_t *files[FILES];
    apr_socket_t *socket;
    spork_pool_t *pool, *second;

    (void)state;
    needs_spawn();
    for (int i = 0; i < FILES; i++) {
        assert_success(apr_file_open(&files[i], path, APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_CREATE,
                                     APR_FPROT_OS_DEFAULT, test_memory()));
        assert_success(host_make_inheritable(files[i]));
    }
    assert_success(apr_socket_create(&socket, APR_INET, SOCK_STREAM, APR_PROTO_TCP, test_memory()));
    for (int i = 0; i < ITEMS; i++) memcpy(in + size * (apr_size_t)i, path, size);
    pool = start_pool(WORKERS);
    second = start_pool(WORKERS);
    assert_success(spork_map(second, tell_held, in, size, held, sizeof held[0], ITEMS, NULL));
    for (int i = 0; i < ITEMS; i++) {
        assert_true(held[i].holds_file != 1);
        assert_int_equal(held[i].descriptors, held[0].descriptors);
        assert_true(held[i].descriptors < 3 + FILES);
    }
    for (int i = 0; i < FILES; i++) assert_success(apr_file_close(files[i]));
    assert_success(apr_file_remove(path, test_memory())); /* which Windows refuses while somebody holds it */
    assert_success(apr_socket_close(socket));
    end_pool(second);
    end_pool(pool);
}

/* The later a worker is born, the more ends of its elders' lines there are to inherit by mistake. */
static void every_worker_holds_equally_few_descriptors(void **state)
{
    held_t alone, later[40];
    char path[] = "/";
    spork_pool_t *pools[3];

    (void)state;
    needs_workers();
    if (host_descriptors() < 0) skip();
    pools[0] = start_pool(1);
    assert_success(spork_map(pools[0], tell_held, path, sizeof path, &alone, sizeof alone, 1, NULL));
    end_pool(pools[0]);
    for (int i = 0; i < 3; i++) {
        char in[40][2];
        memset(in, 0, sizeof in);
        pools[i] = start_pool(5);
        assert_success(spork_map(pools[i], tell_held, in, sizeof in[0], later, sizeof later[0], 40, NULL));
        for (int k = 0; k < 40; k++) assert_int_equal(later[k].descriptors, alone.descriptors);
    }
    for (int i = 0; i < 3; i++) end_pool(pools[i]);
}

/* ---- 36: closed and redirected streams ------------------------------------------------------ */

static int work_without_streams(int argc, char **argv)
{
    unsigned which = argc == 2 ? (unsigned)atoi(argv[1]) : 0;

    host_close_streams(which);
    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    role_check(works(3));
    role_check(works(1));
    return 0;
}

static void standard_streams_may_be_closed(void **state)
{
    static const char *const which[] = { "1", "2", "3", "4", "5", "6", "7" };
    (void)state;
    for (size_t i = 0; i < LENGTH(which); i++) assert_role("work_without_streams", which[i], NULL);
}

static int work_and_print(int argc, char **argv)
{
    spork_config_t config;
    spork_pool_t *pool;

    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    make_config(&config, 3);
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    role_check(spork_map(pool, print_both, NULL, 0, NULL, 0, 50, NULL) == APR_SUCCESS);
    role_check(spork_pool_terminate(pool) == APR_SUCCESS); /* what was printed is not lost even so */
    spork_pool_destroy(pool);
    return 0;
}

static void what_workers_print_goes_where_the_streams_go(void **state)
{
    static const char *const args[] = { "work_and_print", NULL };
    run_t run;

    (void)state;
    run_role(&run, args, NULL);
    if (run.exit_code != 0) fail_msg("exit code %d: %s", run.exit_code, run.err);
    for (int i = 0; i < 50; i++) {
        if (strstr(run.out, apr_psprintf(test_memory(), "(out %d)", i)) == NULL ||
            strstr(run.err, apr_psprintf(test_memory(), "(err %d)", i)) == NULL)
            fail_msg("item %d is not among these: %s / %s", i, run.out, run.err);
    }
    assert_int_equal(strlen(run.out), 10 * 7 + 40 * 8);
    assert_int_equal(strlen(run.err), 10 * 7 + 40 * 8);
}

/* ---- 37: many workers ----------------------------------------------------------------------- */

static int work_with_many(int argc, char **argv)
{
    int workers = argc == 2 ? atoi(argv[1]) : 0;

    if (!host_has_room_for(workers)) return 0;
    role_check(spork_init(&argc, &argv, tasks) == APR_SUCCESS);
    role_check(works(workers));
    return 0;
}

static void sixty_five_workers(void **state)
{
    (void)state;
    needs_workers();
    assert_role("work_with_many", "65", NULL);
}

static void a_hundred_and_thirty_workers(void **state)
{
    (void)state;
    needs_workers();
    assert_role("work_with_many", "130", NULL);
}

static void three_hundred_workers(void **state)
{
    (void)state;
    needs_workers();
    if (slow_factor() > 1) skip();
    assert_role("work_with_many", "300", NULL);
}

/* Also the last of them are watched. */
static void among_many_workers_each_death_is_seen(void **state)
{
    spork_pool_t *pool;
    apr_int64_t pids[70];
    long in[100], out[100];

    (void)state;
    needs_workers();
    pool = start_pool(70);
    assert_int_equal(spork_pool_pids(pool, pids, 70), 70);
    host_kill(pids[0]);
    host_kill(pids[63]);
    host_kill(pids[69]);
    for (long i = 0; i < 100; i++) in[i] = i;
    assert_success(spork_map(pool, times_two, in, sizeof in[0], out, sizeof out[0], 100, NULL));
    assert_full_size(pool, tell_command_line);
    end_pool(pool);
}

/* ---- programs that are no workers ----------------------------------------------------------- */

/* The start fails with words, in time, and nobody is left. */
static void fails_to_start(const char *program, const char *manner)
{
    spork_config_t config;
    spork_pool_t *pool = NULL;
    apr_status_t status;

    make_config(&config, 3);
    config.program = program;
    config.start_timeout = 500 * MILLISECOND;
    assert_success(apr_env_set(MANNER, manner, test_memory()));
    status = spork_pool_create(&pool, &config, test_memory());
    assert_success(apr_env_delete(MANNER, test_memory()));
    if (status == APR_SUCCESS || pool != NULL || spork_error()[0] == '\0')
        fail_msg("%s (%s): status %d", program, manner, status);
    if (manner[0] != '\0') assert_status(status, SPORK_ESTART);
    assert_no_children();
}

static void programs_that_are_no_workers_are_given_up(void **state)
{
    char *text = test_path("text.exe");
    apr_file_t *file;

    (void)state;
    needs_spawn();
    fails_to_start(self_path(), "mute");
    fails_to_start(self_path(), "deaf");
    fails_to_start(test_path("missing.exe"), "");
    assert_non_null(strstr(spork_error(), "config.program is "));
    fails_to_start(test_directory(), "");
    assert_success(
        apr_file_open(&file, text, APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_FPROT_OS_DEFAULT, test_memory()));
    assert_success(apr_file_puts("this is no program\n", file));
    assert_success(apr_file_close(file));
    fails_to_start(text, "");
    assert_success(apr_file_remove(text, test_memory()));
    fails_to_start("", "");
}

static void a_program_may_be_named(void **state)
{
    char *program;
    spork_config_t config;
    spork_pool_t *pool;
    long in = 4, out = 0;

    (void)state;
    needs_workers();
    program = copy_of_self(test_directory(), "w\xc3\xb6rker copy");
    make_config(&config, 2);
    config.program = program;
    pool = make_pool(&config);
    assert_success(spork_map(pool, times_two, &in, sizeof in, &out, sizeof out, 1, NULL));
    assert_int_equal(out, 8);
    end_pool(pool);
    assert_success(apr_file_remove(program, test_memory()));
}

int main(int argc, char **argv)
{
    static const role_t roles[] = { { "work", work },
                                    { "work_elsewhere", work_elsewhere },
                                    { "work_renamed", work_renamed },
                                    { "work_without_streams", work_without_streams },
                                    { "work_and_print", work_and_print },
                                    { "work_with_many", work_with_many } };
    static const struct CMUnitTest tests[] = {
        TEST(a_made_up_command_line_ends_with_one_line),
        TEST(the_executables_path_may_be_odd),
        TEST(the_working_directory_and_path_do_not_matter),
        TEST(a_relative_name_does_not_matter),
        TEST(the_executable_may_be_renamed_or_replaced_meanwhile),
        TEST(workers_hold_no_copy_of_the_hosts_pipes),
        TEST(workers_hold_none_of_the_hosts_files_and_sockets),
        TEST(every_worker_holds_equally_few_descriptors),
        TEST(standard_streams_may_be_closed),
        TEST(what_workers_print_goes_where_the_streams_go),
        TEST(sixty_five_workers),
        TEST(a_hundred_and_thirty_workers),
        TEST(three_hundred_workers),
        TEST(among_many_workers_each_death_is_seen),
        TEST(programs_that_are_no_workers_are_given_up),
        TEST(a_program_may_be_named),
    };
    const char *manner;

    conformance_enter(argc, argv, roles, LENGTH(roles));
    manner = getenv(MANNER);
    while (manner != NULL && strcmp(manner, "mute") == 0) apr_sleep(SECOND);
    if (manner != NULL && strcmp(manner, "deaf") == 0) return EXIT_SUCCESS;
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("spawn", tests);
}
