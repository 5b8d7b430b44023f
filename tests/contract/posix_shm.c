/*
 * Contract, POSIX only: shared memory under limits and interruptions.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "actor.h"
#include "sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB ((size_t)1 << 20)
#define UNLIMITED 77 /* an exit code: this system knows the limit but does not mind it */

/* A limit would hit the test program itself: the check is done by a child, which answers with 0. */
static int in_child(int (*check)(void))
{
    int how;
    pid_t child = fork();

    if (child == 0) _exit(check());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how)); /* no SIGXFSZ, no SIGBUS */
    return WEXITSTATUS(how);
}

static int limit_to(int resource, size_t most)
{
    struct rlimit limit;

    limit.rlim_cur = limit.rlim_max = (rlim_t)most;
    return setrlimit(resource, &limit);
}

static int halve_under_a_file_size_limit(void)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;

    if (limit_to(RLIMIT_FSIZE, 8 * MIB) != 0) return 1;
    if (spk_os_shm_create(&shm, 100 * MIB, 1 * MIB) != APR_SUCCESS) return 2;
    if (shm.reserved < 1 * MIB || shm.reserved > 8 * MIB) return 3;
    if (spk_os_shm_commit(&shm, shm.reserved) != APR_SUCCESS) return 4;
    memset(shm.base, 1, shm.reserved);
    spk_os_shm_destroy(&shm);
    if (spk_os_shm_create(&shm, 100 * MIB, 9 * MIB) == APR_SUCCESS) return 5;
    return shm.base == NULL ? 0 : 6;
}

static void a_file_size_limit_makes_it_smaller(void **state)
{
    (void)state;
    assert_int_equal(in_child(halve_under_a_file_size_limit), 0);
}

static int halve_under_an_address_space_limit(void)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;
    int before = sys_descriptors();
    void *volatile much;

    if (limit_to(RLIMIT_AS, 512 * MIB) != 0) return 1;
    if ((much = malloc(1024 * MIB)) != NULL) {
        free(much);
        return UNLIMITED;
    }
    if (spk_os_shm_create(&shm, 4096 * MIB, 16 * MIB) != APR_SUCCESS) return 2;
    if (shm.reserved < 16 * MIB || shm.reserved > 512 * MIB) return 3;
    spk_os_shm_destroy(&shm);
    if (spk_os_shm_create(&shm, 4096 * MIB, 1024 * MIB) == APR_SUCCESS) return 4;
    return sys_descriptors() == before ? 0 : 5;
}

static void an_address_space_limit_makes_it_smaller(void **state)
{
    int result;

    (void)state;
#if defined(__SANITIZE_ADDRESS__) || !defined(RLIMIT_AS) /* whose shadow alone is larger */
    skip();
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    skip();
#endif
#endif
    result = in_child(halve_under_an_address_space_limit);
    if (result == UNLIMITED) skip();
    assert_int_equal(result, 0);
}

static int open_without_descriptors(void)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;
    spk_os_bell_t bell = SPK_OS_BELL_NONE;
    int before = sys_descriptors();

    if (limit_to(RLIMIT_NOFILE, 17) != 0) return 1;
    if (spk_os_bell_create(&bell) == APR_SUCCESS) {
        if (spk_os_shm_create(&shm, MIB, MIB) == APR_SUCCESS) return 2; /* no room for two */
        spk_os_bell_destroy(&bell);
    }
    if (bell.wait.v != SPK_OS_NONE_V || bell.ring.v != SPK_OS_NONE_V) return 4;
    return sys_descriptors() == before ? 0 : 5;
}

static void without_descriptors_it_fails_cleanly(void **state)
{
    (void)state;
    assert_int_equal(in_child(open_without_descriptors), 0);
}

static int is_full(apr_status_t status)
{
    return APR_STATUS_IS_ENOSPC(status) || APR_STATUS_IS_ENOMEM(status);
}

static void handle(int signal)
{
    (void)signal;
}

/* The kernel gives a whole step up for a signal: it must end all the same. */
static void interruptions_do_not_keep_commit_from_ending(void **state)
{
    struct itimerval often = { { 0, 500 }, { 0, 500 } }, never = { { 0, 0 }, { 0, 0 } };
    spk_os_shm_t shm = SPK_OS_SHM_NONE;
    struct sigaction action;
    apr_status_t status;

    (void)state;
    action.sa_handler = handle;
    action.sa_flags = 0;
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    assert_int_equal(spk_os_shm_create(&shm, 300 * MIB, 300 * MIB), APR_SUCCESS);
    status = spk_os_shm_commit(&shm, 300 * MIB);
    assert_true(status == APR_SUCCESS || is_full(status)); /* a container's /dev/shm may have 64 MiB */
    spk_os_shm_discard(&shm, 0, shm.committed);
    spk_os_shm_destroy(&shm);
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
}

/* A system that is full says so; it does not kill whoever touches the memory. It shows where memory comes
 * from /dev/shm and that is small (the portable twins in a container). */
static void a_full_system_is_an_error(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;
    size_t size = 64 * MIB;
    apr_status_t status;

    (void)state;
    assert_int_equal(spk_os_shm_create(&shm, size, size), APR_SUCCESS);
    status = spk_os_shm_commit(&shm, size);
    assert_true(status == APR_SUCCESS ? shm.committed >= size : shm.committed < size);
    memset(shm.base, 7, shm.committed);
    assert_true(status == APR_SUCCESS || is_full(status));
    spk_os_shm_destroy(&shm);
}

static int names_of_ours(void)
{
    DIR *folder = opendir("/dev/shm");
    struct dirent *entry;
    int names = 0;

    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        names += strncmp(entry->d_name, "spork", 5) == 0;
    }
    if (folder != NULL) closedir(folder);
    return names;
}

static void it_has_no_name(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;

    (void)state;
    assert_int_equal(spk_os_shm_create(&shm, MIB, MIB), APR_SUCCESS);
    assert_int_equal(names_of_ours(), 0);
    assert_true((fcntl((int)shm.handle.v, F_GETFD) & FD_CLOEXEC) != 0);
    spk_os_shm_destroy(&shm);
}

static void a_file_with_a_name_is_not_attached(void **state)
{
    spk_os_shm_t shm = SPK_OS_SHM_NONE;
    spk_os_handle_t file;
    char path[] = "/tmp/spork-contract-XXXXXX";

    (void)state;
    file.v = mkstemp(path);
    assert_true(file.v >= 0);
    assert_int_equal(ftruncate((int)file.v, (off_t)MIB), 0);
    assert_int_equal(spk_os_shm_attach(&shm, file, MIB), APR_EINVAL);
    assert_int_equal(close((int)file.v), 0);
    unlink(path);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(a_file_size_limit_makes_it_smaller),
                                               cmocka_unit_test(an_address_space_limit_makes_it_smaller),
                                               cmocka_unit_test(without_descriptors_it_fails_cleanly),
                                               cmocka_unit_test(interruptions_do_not_keep_commit_from_ending),
                                               cmocka_unit_test(a_full_system_is_an_error),
                                               cmocka_unit_test(it_has_no_name),
                                               cmocka_unit_test(a_file_with_a_name_is_not_attached) };

    actor_begin(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
