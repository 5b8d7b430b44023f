/*
 * Contract, POSIX only: which descriptors spk_os_kit_adopt() takes for a kit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "actor.h"
#include "sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SHM, BELL_WAIT, BELL_RING, PARENT_WAIT, PARENT_RING, LINE, KIT };

static stage_t stage;
static int line[2], extra[2], file;
static int kit[KIT];

/* A kit that a parent could have given, in this very process. */
static int set_up(void **state)
{
    (void)state;
    if (stage_open(&stage) != APR_SUCCESS || socketpair(AF_UNIX, SOCK_STREAM, 0, line) != 0 ||
        pipe(extra) != 0)
        return -1;
    file = open("/proc/self/exe", O_RDONLY);
    if (file < 0) file = open("/bin/sh", O_RDONLY);
    kit[SHM] = (int)stage.shm.handle.v;
    kit[BELL_WAIT] = (int)stage.kit.bell.wait.v;
    kit[BELL_RING] = (int)stage.kit.bell.ring.v;
    kit[PARENT_WAIT] = (int)stage.parent_bell.wait.v;
    kit[PARENT_RING] = (int)stage.parent_bell.ring.v;
    kit[LINE] = line[1];
    return file >= 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    close(line[0]);
    close(line[1]);
    close(extra[0]);
    close(extra[1]);
    close(file);
    stage_close(&stage);
    return 0;
}

static apr_status_t adopt(const int fds[KIT])
{
    spk_os_kit_t adopted;
    char numbers[100];

    snprintf(numbers, sizeof numbers, "%d,%d,%d,%d,%d,%d", fds[0], fds[1], fds[2], fds[3], fds[4], fds[5]);
    return spk_os_kit_adopt(&adopted, numbers);
}

static void what_is_of_another_kind_is_refused(void **state)
{
    int wrong[KIT], before = sys_descriptors(), i, j, n_others;
    int others[] = { -1, -1, -1, -1, -1, -1 };

    (void)state;
    for (i = 0; i < KIT; i++) {
        n_others = 0;
        others[n_others++] = file;
        others[n_others++] = extra[0]; /* a pipe that blocks */
        others[n_others++] = extra[1];
        others[n_others++] = 4000; /* closed */
        if (i != SHM) others[n_others++] = kit[SHM];
        if (i != LINE) others[n_others++] = kit[LINE];
        for (j = 0; j < n_others; j++) {
            memcpy(wrong, kit, sizeof wrong);
            wrong[i] = others[j];
            assert_int_equal(adopt(wrong), APR_EINVAL);
        }
    }
    memcpy(wrong, kit, sizeof wrong);
    wrong[PARENT_WAIT] = kit[BELL_WAIT];
    wrong[PARENT_RING] = kit[BELL_RING];
    assert_int_equal(adopt(wrong), APR_EINVAL); /* the two bells are not one */
    assert_int_equal(sys_descriptors(), before);
    assert_true(sys_is_open(file) && sys_is_open(extra[0]) && sys_is_open(line[0]));
}

/* In a child, for all else is closed then. */
static int adopt_and_look(void)
{
    int fds[KIT], i;

    for (i = 0; i < KIT; i++) fds[i] = fcntl(kit[i], F_DUPFD, 40);
    if (kit[BELL_WAIT] == kit[BELL_RING]) fds[BELL_RING] = fds[BELL_WAIT];
    if (kit[PARENT_WAIT] == kit[PARENT_RING]) fds[PARENT_RING] = fds[PARENT_WAIT];
    if (adopt(fds) != APR_SUCCESS) return 1;
    for (i = 0; i < KIT; i++) {
        if ((fcntl(fds[i], F_GETFD) & FD_CLOEXEC) == 0) return 2;
    }
    if (sys_is_open(line[0]) || sys_is_open(extra[0]) || sys_is_open(file)) return 3;
    return sys_is_open(0) == 1 ? 0 : 4;
}

/* The guard's fork handler closes the stage in a plain child: so it keeps copies that are not spork's. */
static void a_kit_is_adopted_and_all_else_closed(void **state)
{
    int how, i, kept[KIT];
    pid_t child;

    (void)state;
    memcpy(kept, kit, sizeof kept);
    for (i = 0; i < KIT; i++) kit[i] = dup(kept[i]);
    if (kept[BELL_WAIT] == kept[BELL_RING]) kit[BELL_RING] = kit[BELL_WAIT];
    if (kept[PARENT_WAIT] == kept[PARENT_RING]) kit[PARENT_RING] = kit[PARENT_WAIT];
    child = fork();
    if (child == 0) _exit(adopt_and_look());
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
    for (i = 0; i < KIT; i++) close(kit[i]);
    memcpy(kit, kept, sizeof kept);
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_of_another_kind_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_kit_is_adopted_and_all_else_closed, set_up, tear_down)
    };

    actor_begin(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
