/*
 * Faults, POSIX only: a good guest. Hosts with threads that allocate, print, fork and exec all the time, with
 * full buffers, without standard streams, with no descriptor to spare, whose SIGCHLD is ignored, or whose
 * children a thread reaps. Each host is a role: a process of its own, which it spoils.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conformance.h"
#include "watchdog.h"

#define ROUNDS 15
#define WORKERS 3
#define ITEMS 200
#define CRASHES 4
#define CODE_FORKED 18
#define CODE_CLEAN 17
#define HOST_SECONDS 60

/* ---- tasks: they allocate and print as well -------------------------------------------------------- */

/* An item below 0 kills its worker. */
static apr_status_t use_all(spork_task_t *task, const void *in, void *out)
{
    long n = *(const long *)in;
    apr_pool_t *mem;
    char *block;

    if (n < 0) die(DIE_KILLED);
    if (apr_pool_create(&mem, NULL) != APR_SUCCESS) return APR_ENOMEM;
    block = malloc((size_t)n * 64 + 1);
    if (block == NULL || spork_task_pool(task) == NULL || apr_palloc(mem, 100) == NULL) return APR_ENOMEM;
    (void)printf("(item %ld)\n", n);
    free(block);
    apr_pool_destroy(mem);
    *(long *)out = 2 * n;
    return APR_SUCCESS;
}

static apr_status_t spin(spork_task_t *task, const void *in, void *out)
{
    volatile int for_ever = 1;

    (void)task;
    (void)in;
    (void)out;
    while (for_ever) apr_sleep(MILLISECOND);
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(use_all), SPORK_ENTRY(spin), SPORK_END };

/* ---- a pool, used, with crashes that are seen and mended -------------------------------------------- */

static int use_pool(spork_pool_t *pool, int crashes)
{
    long in[ITEMS], out[ITEMS];
    spork_map_t options = { 0 };
    apr_status_t status;

    for (long i = 0; i < ITEMS; i++) in[i] = i % (ITEMS / CRASHES) == 7 && crashes ? -1 : i;
    status = spork_map(pool, use_all, in, sizeof in[0], out, sizeof out[0], ITEMS, &options);
    role_check(status == (crashes ? SPORK_EFAILED : APR_SUCCESS));
    role_check(options.n_failures == (crashes ? CRASHES : 0));
    for (apr_size_t i = 0; i < options.n_failures; i++)
        role_check(options.failures[i].status == SPORK_ECRASHED && in[options.failures[i].index] == -1);
    for (long i = 0; i < ITEMS; i++) role_check(in[i] == -1 || out[i] == 2 * i);
    return 0;
}

static int open_pool(spork_pool_t **pool)
{
    spork_config_t config;

    make_config(&config, WORKERS);
    role_check(spork_pool_create(pool, &config, NULL) == APR_SUCCESS);
    role_check(spork_pool_start(*pool) == start_method());
    return 0;
}

static int close_pool(spork_pool_t *pool)
{
    role_check(spork_pool_close(pool) == APR_SUCCESS);
    spork_pool_destroy(pool);
    return 0;
}

static int use_pools(int rounds)
{
    spork_pool_t *pool = NULL;

    for (int round = 0; round < rounds; round++)
        if (open_pool(&pool) != 0 || use_pool(pool, 1) != 0 || use_pool(pool, 0) != 0 ||
            close_pool(pool) != 0)
            return EXIT_FAILURE;
    return 0;
}

static int enter(int *argc, char ***argv)
{
    watchdog_start((*argv)[0], HOST_SECONDS * slow_factor());
    role_check(spork_init(argc, argv, tasks) == APR_SUCCESS);
    return 0;
}

/* ---- busy threads -------------------------------------------------------------------------------------- */

static _Atomic int enough;
static _Atomic int wrong; /* children that did not end as they should have */
static _Atomic long turns[4];
static const char *own_program;
static char given[16]; /* descriptors that this process has started with */

static void *allocate(void *unused)
{
    (void)unused;
    for (; !enough; turns[0]++) {
        apr_pool_t *mem;
        char *block = malloc(1 + (size_t)turns[0] % 5000);
        if (apr_pool_create(&mem, NULL) == APR_SUCCESS) {
            (void)apr_palloc(mem, 10000);
            apr_pool_destroy(mem);
        }
        free(block);
    }
    return NULL;
}

static void *print(void *unused)
{
    (void)unused;
    for (; !enough; turns[1]++) (void)printf("(host's line %ld)\n", turns[1]);
    return NULL;
}

static void expect_code(pid_t pid, int code)
{
    int status = 0;
    while (waitpid(pid, &status, 0) != pid) {
        if (errno != EINTR) {
            wrong++;
            return;
        }
    }
    wrong += !WIFEXITED(status) || WEXITSTATUS(status) != code;
}

static void *fork_children(void *unused)
{
    (void)unused;
    for (; !enough; turns[2]++) {
        pid_t pid = fork();
        if (pid == 0) _exit(CODE_FORKED);
        if (pid > 0) expect_code(pid, CODE_FORKED);
    }
    return NULL;
}

static void *execute_children(void *unused)
{
    (void)unused;
    for (; !enough; turns[3]++) {
        pid_t pid = fork();
        if (pid == 0) {
            (void)execl(own_program, own_program, "role", "clean_child", given, (char *)NULL);
            _exit(EXIT_FAILURE);
        }
        if (pid > 0) expect_code(pid, CODE_CLEAN);
    }
    return NULL;
}

/* What the host executes holds as many descriptors as the host was given itself: none of spork's. */
static int clean_child(int argc, char **argv)
{
    return argc == 2 && host_descriptors() == atoi(argv[1]) ? CODE_CLEAN : EXIT_FAILURE;
}

static int busy_host(int argc, char **argv)
{
    static void *(*const work[])(void *) = { allocate, print, fork_children, execute_children };
    pthread_t threads[LENGTH(work)];
    int result;

    role_check(argc == 2);
    own_program = argv[1];
    (void)snprintf(given, sizeof given, "%d", host_descriptors());
    role_check(freopen("/dev/null", "w", stdout) != NULL);
    if (enter(&argc, &argv) != 0) return EXIT_FAILURE;
    for (size_t i = 0; i < LENGTH(work); i++)
        role_check(pthread_create(&threads[i], NULL, work[i], NULL) == 0);
    result = use_pools(ROUNDS);
    for (size_t i = 0; i < LENGTH(work); i++)
        while (turns[i] == 0) apr_sleep(MILLISECOND);
    enough = 1;
    for (size_t i = 0; i < LENGTH(work); i++) role_check(pthread_join(threads[i], NULL) == 0);
    role_check(result == 0 && wrong == 0);
    role_check(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    return 0;
}

/* ---- a thread that reaps whatever ends ------------------------------------------------------------------- */

static void *reap_all(void *unused)
{
    (void)unused;
    while (!enough)
        if (waitpid(-1, NULL, 0) == -1) apr_sleep(MILLISECOND); /* there are no children just now */
    return NULL;
}

/* Deadlines, cancelling and crashes, although nobody tells how a worker ended. */
static int end_in_every_way(void)
{
    spork_config_t config;
    spork_pool_t *pool;
    spork_future_t *future, *stuck;

    make_config(&config, WORKERS);
    config.timeout = 50 * MILLISECOND;
    role_check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS);
    role_check(spork_submit(&future, pool, spin, NULL, 0) == APR_SUCCESS);
    role_check(spork_future_wait(future, -1) == APR_SUCCESS);
    role_check(spork_future_outcome(future)->status == SPORK_EDEADLINE);
    if (close_pool(pool) != 0 || open_pool(&pool) != 0) return EXIT_FAILURE;
    role_check(spork_submit(&stuck, pool, spin, NULL, 0) == APR_SUCCESS);
    role_check(spork_future_wait(stuck, 5 * MILLISECOND) == APR_TIMEUP);
    role_check(spork_future_cancel(stuck) == APR_SUCCESS && spork_future_wait(stuck, -1) == APR_SUCCESS);
    role_check(spork_future_outcome(stuck)->status == SPORK_ECANCELLED);
    if (use_pool(pool, 1) != 0 || close_pool(pool) != 0) return EXIT_FAILURE;
    return use_pools(3);
}

static int reaped_host(int argc, char **argv)
{
    pthread_t thread;

    if (enter(&argc, &argv) != 0) return EXIT_FAILURE;
    role_check(pthread_create(&thread, NULL, reap_all, NULL) == 0);
    if (end_in_every_way() != 0) return EXIT_FAILURE;
    enough = 1;
    role_check(pthread_join(thread, NULL) == 0);
    return 0;
}

static int ignoring_host(int argc, char **argv)
{
    role_check(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    if (enter(&argc, &argv) != 0) return EXIT_FAILURE;
    if (end_in_every_way() != 0) return EXIT_FAILURE;
    role_check(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    return 0;
}

/* ---- buffers, streams, descriptors ------------------------------------------------------------------------ */

static int printing_host(int argc, char **argv)
{
    spork_pool_t *pool = NULL;

    if (enter(&argc, &argv) != 0) return EXIT_FAILURE;
    role_check(setvbuf(stdout, NULL, _IOFBF, 1 << 16) == 0 && setvbuf(stderr, NULL, _IOFBF, 1 << 16) == 0);
    (void)printf("[before]\n");
    (void)fputs("[complaint]\n", stderr);
    if (open_pool(&pool) != 0) return EXIT_FAILURE;
    (void)printf("[between]\n");
    if (use_pool(pool, 1) != 0) return EXIT_FAILURE; /* replacements inherit even more */
    (void)printf("[after]\n");
    return close_pool(pool);
}

/* The host's next files get the numbers of the streams. */
static int streamless_host(int argc, char **argv)
{
    spork_pool_t *pool = NULL;
    char path[] = "/tmp/spork-guest-XXXXXX";
    int fd;

    for (fd = 0; fd < 3; fd++) (void)close(fd);
    if (enter(&argc, &argv) != 0 || open_pool(&pool) != 0) return EXIT_FAILURE;
    fd = mkstemp(path);
    role_check(fd == STDIN_FILENO && unlink(path) == 0);
    if (use_pool(pool, 1) != 0 || close_pool(pool) != 0) return EXIT_FAILURE;
    role_check(lseek(fd, 0, SEEK_END) == 0); /* nobody has written to it */
    role_check(fcntl(1, F_GETFD) == -1 && fcntl(2, F_GETFD) == -1);
    return 0;
}

/* No descriptor is left when a worker has to be replaced; later there is. */
static int full_host(int argc, char **argv)
{
    spork_pool_t *pool = NULL;
    struct rlimit limit;
    rlim_t usual;
    long in[2] = { -1, 1 }, out[2];
    spork_map_t options = { 0 };
    int before = host_descriptors();

    if (enter(&argc, &argv) != 0 || open_pool(&pool) != 0) return EXIT_FAILURE;
    role_check(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    usual = limit.rlim_cur;
    limit.rlim_cur = 3;
    role_check(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    options.chunk = 1;
    role_check(spork_map(pool, use_all, in, sizeof in[0], out, sizeof out[0], 2, &options) == SPORK_EFAILED);
    role_check(options.n_failures == 1 && options.failures[0].status == SPORK_ECRASHED && out[1] == 2);
    limit.rlim_cur = usual;
    role_check(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (use_pool(pool, 1) != 0 || close_pool(pool) != 0) return EXIT_FAILURE;
    role_check(host_descriptors() == before);
    return 0;
}

/* ---- tests ------------------------------------------------------------------------------------------------- */

/* Whose allocator is not made for a fork beside other threads. */
static int fork_is_unsafe_here(void)
{
    if (!under_sanitizer() || start_method() != SPORK_START_FORK) return 0;
    print_message("left out: the sanitizer's own locks do not survive a fork beside threads\n");
    return 1;
}

static void threads_may_allocate_print_fork_and_execute(void **state)
{
    (void)state;
    if (fork_is_unsafe_here()) skip();
    assert_role("busy_host", self_path(), NULL);
}

static void a_thread_may_reap_whatever_ends(void **state)
{
    (void)state;
    if (fork_is_unsafe_here()) skip();
    assert_role("reaped_host", NULL, NULL);
}

static void sigchld_may_be_ignored(void **state)
{
    (void)state;
    assert_role("ignoring_host", NULL, NULL);
}

static int count(const char *text, const char *words)
{
    int n = 0;
    for (; (text = strstr(text, words)) != NULL; text += strlen(words)) n++;
    return n;
}

static void full_buffers_are_written_once(void **state)
{
    static const char *const args[] = { "printing_host", NULL };
    static const char *const lines[] = { "[before]\n", "[between]\n", "[after]\n" };
    run_t run;

    (void)state;
    run_role(&run, args, NULL);
    if (run.exit_code != 0) fail_msg("exit code %d: %s", run.exit_code, run.err);
    for (size_t i = 0; i < LENGTH(lines); i++) assert_int_equal(count(run.out, lines[i]), 1);
    assert_string_equal(run.err, "[complaint]\n");
    assert_int_equal(count(run.out, "(item "), ITEMS - CRASHES);
    assert_int_equal(count(run.out, "\n"), ITEMS - CRASHES + (int)LENGTH(lines));
}

static void streams_may_be_closed_and_their_numbers_used(void **state)
{
    (void)state;
    assert_role("streamless_host", NULL, NULL);
}

static void no_descriptor_for_a_replacement_is_survived(void **state)
{
    (void)state;
    assert_role("full_host", NULL, NULL);
}

int main(int argc, char **argv)
{
    static const role_t roles[] = {
        { "busy_host", busy_host },         { "clean_child", clean_child },
        { "reaped_host", reaped_host },     { "ignoring_host", ignoring_host },
        { "printing_host", printing_host }, { "streamless_host", streamless_host },
        { "full_host", full_host },
    };
    static const struct CMUnitTest tests[] = {
        TEST(threads_may_allocate_print_fork_and_execute),
        TEST(a_thread_may_reap_whatever_ends),
        TEST(sigchld_may_be_ignored),
        TEST(full_buffers_are_written_once),
        TEST(streams_may_be_closed_and_their_numbers_used),
        TEST(no_descriptor_for_a_replacement_is_survived),
    };

    conformance_enter(argc, argv, roles, LENGTH(roles));
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return EXIT_FAILURE;
    return RUN_TESTS("guest", tests);
}
