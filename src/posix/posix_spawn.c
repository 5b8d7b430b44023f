/*
 * Starting a worker by posix_spawn(): this executable, or another, with a role on its command line. The
 * kit's descriptors get low fixed numbers there, for no descriptor of spork's has one here; all else that
 * the host left inheritable is closed by spk_os_kit_adopt().
 *
 * Signals: exec puts handled ones back to their defaults; ignored ones stay ignored, as after fork(). SIGINT
 * alone is blocked until spk_os_worker_enter() ignores it: a Ctrl-C can come before the worker has left
 * the parent's process group, stays pending through exec, and would end a worker that is hardly born.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL /* macOS; it is not needed: both ends are open here */
#define MSG_NOSIGNAL 0
#endif

#define HELLO_MAX 4096

extern char **environ;

static apr_status_t write_hello(spk_os_handle_t line, const void *hello, size_t size)
{
    apr_status_t status = APR_SUCCESS;
    size_t done = 0;
    ssize_t n;

    while (status == APR_SUCCESS && done < size) {
        n = send(spk_posix_fd(line), (const char *)hello + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            status = spk_posix_error();
        }
    }
    return status;
}

static int fill_attributes(posix_spawnattr_t *attributes)
{
    sigset_t blocked;
    int error;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGINT);
    error = posix_spawnattr_setpgroup(attributes, 0);
    if (error == 0) error = posix_spawnattr_setsigmask(attributes, &blocked);
    if (error == 0) {
        error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    }
    return error;
}

static int fill_actions(posix_spawn_file_actions_t *actions, const spk_os_handle_t list[SPK_POSIX_KIT],
                        const int numbers[SPK_POSIX_KIT])
{
    int i, error = 0, next = SPK_POSIX_KIT_FIRST;

    for (i = 0; error == 0 && i < SPK_POSIX_KIT; i++) {
        if (numbers[i] == next) {
            error = posix_spawn_file_actions_adddup2(actions, spk_posix_fd(list[i]), next);
            next++;
        }
    }
    return error;
}

static apr_status_t start(pid_t *pid, const spk_os_handle_t list[SPK_POSIX_KIT],
                          const int numbers[SPK_POSIX_KIT], const char *program, char *const argv[])
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);

    if (error == 0) {
        error = posix_spawnattr_init(&attributes);
        if (error == 0) {
            error = fill_attributes(&attributes);
            if (error == 0) error = fill_actions(&actions, list, numbers);
            if (error == 0) error = posix_spawn(pid, program, &actions, &attributes, argv, environ);
            posix_spawnattr_destroy(&attributes);
        }
        posix_spawn_file_actions_destroy(&actions);
    }
    return error == 0 ? APR_SUCCESS : APR_FROM_OS_ERROR(error);
}

/* argv[0] and the role with its numbers, in one block; NULL if there is no memory. */
static char **command_line(const char *name, const char *role, const char *numbers)
{
    size_t name_size = strlen(name) + 1, role_size = strlen(role), numbers_size = strlen(numbers) + 1;
    char **argv = malloc(3 * sizeof *argv + name_size + role_size + numbers_size), *text;

    if (argv != NULL) {
        text = (char *)(argv + 3);
        argv[0] = memcpy(text, name, name_size);
        argv[1] = memcpy(text + name_size, role, role_size);
        memcpy(argv[1] + role_size, numbers, numbers_size);
        argv[2] = NULL;
    }
    return argv;
}

static int is_complete(const spk_os_handle_t list[SPK_POSIX_KIT])
{
    int i;

    for (i = 0; i < SPK_POSIX_KIT && list[i].v >= 0; i++) continue;
    return i == SPK_POSIX_KIT;
}

/* The line's worker's end stands in the list already. */
static apr_status_t spawn_listed(pid_t *pid, const spk_os_handle_t list[SPK_POSIX_KIT], const char *program,
                                 const char *role)
{
    const char *name = program;
    char text[SPK_POSIX_KIT_NUMBERS], **argv;
    int numbers[SPK_POSIX_KIT];
    apr_status_t status;

    if (program == NULL) {
        program = spk_posix_self_program();
        name = spk_posix_self_name();
    }
    if (program == NULL || name == NULL) return APR_FROM_OS_ERROR(ENOENT);
    if (!is_complete(list)) return APR_EINVAL;
    spk_posix_kit_number(list, numbers, text);
    argv = command_line(name, role, text);
    if (argv == NULL) return APR_ENOMEM;
    status = start(pid, list, numbers, program, argv);
    free(argv);
    return status;
}

apr_status_t spk_os_process_spawn(spk_os_process_t *process, const spk_os_kit_t *kit, const char *program,
                                  const char *role, const void *hello, size_t hello_size)
{
    static const spk_os_process_t none = SPK_OS_PROCESS_NONE;
    spk_os_handle_t list[SPK_POSIX_KIT], parents = { SPK_OS_NONE_V };
    spk_os_kit_t full = *kit;
    apr_status_t status = hello_size <= HELLO_MAX ? APR_SUCCESS : APR_EINVAL;
    pid_t pid = 0;

    *process = none;
    full.line = spk_posix_none();
    if (status == APR_SUCCESS) status = spk_posix_line_create(&parents, &full.line);
    if (status == APR_SUCCESS) status = write_hello(parents, hello, hello_size);
    if (status == APR_SUCCESS) {
        spk_posix_kit_list(&full, list);
        status = spawn_listed(&pid, list, program, role);
    }
    if (status == APR_SUCCESS) {
        spk_posix_lifeline_arm_early(spk_posix_fd(full.line), pid);
        spk_posix_process_record(process, pid, parents);
    } else {
        spk_posix_guard_close(&parents);
    }
    spk_posix_guard_close(&full.line);
    return status;
}
