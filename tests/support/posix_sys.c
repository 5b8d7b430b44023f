/*
 * sys.h over POSIX.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _NETBSD_SOURCE
#define _NETBSD_SOURCE 1 /* dirfd() */
#endif
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#include "sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int sys_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    struct dirent *entry;
    int count = 0;

    if (folder == NULL) folder = opendir("/dev/fd");
    if (folder == NULL) return -1;
    while ((entry = readdir(folder)) != NULL)
        count += entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(folder);
    closedir(folder);
    return count;
}

/* Where nobody reaps orphans a zombie may stay: only Linux shows it, in /proc. */
static int is_zombie(int64_t pid)
{
    char path[64], line[512], *state;
    FILE *file;
    int zombie = 0;

    snprintf(path, sizeof path, "/proc/%lld/stat", (long long)pid);
    file = fopen(path, "r");
    if (file != NULL) {
        if (fgets(line, sizeof line, file) != NULL) {
            state = strrchr(line, ')');
            zombie = state != NULL && (state[2] == 'Z' || state[2] == 'X');
        }
        fclose(file);
    }
    return zombie;
}

int sys_is_gone(int64_t pid)
{
    return (kill((pid_t)pid, 0) == -1 && errno == ESRCH) || is_zombie(pid);
}

int sys_await_gone(int64_t pid, int seconds)
{
    struct timespec moment = { 0, 5000000 };
    int looks = seconds * 200;

    while (!sys_is_gone(pid) && looks-- > 0) nanosleep(&moment, NULL);
    return looks > 0;
}

void sys_kill_self(void)
{
    kill(getpid(), SIGKILL);
}

void sys_kill(int64_t pid)
{
    kill((pid_t)pid, SIGKILL);
}

int64_t sys_start_sleeper(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        for (;;) pause();
    }
    return pid > 0 ? pid : 0;
}

void sys_sleep_if_sleeper(int argc, char **argv)
{
    (void)argc;
    (void)argv;
}

intptr_t sys_open_inheritable(void)
{
    int fd = open("/dev/null", O_RDONLY), far;

    if (fd < 0) return -1;
    far = fcntl(fd, F_DUPFD, 100);
    close(fd);
    return far;
}

void sys_close_inheritable(intptr_t open)
{
    close((int)open);
}

int sys_is_open(intptr_t number)
{
    return fcntl((int)number, F_GETFD) != -1;
}
