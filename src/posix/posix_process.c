/*
 * A worker as its parent sees it: has it ended, and how; end it.
 *
 * It is looked at before it is reaped: as long as it is a zombie its number, and that of its group, belong
 * to nobody else, so that what it left behind can be killed by number. ECHILD means that the host has
 * reaped it, or ignores SIGCHLD: it is gone then, and nobody knows how.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A killed process ends at once, unless the kernel holds it (a dead network file system): then the parent does not wait
 * for ever. So many looks are taken as well: where the whole machine stood still meanwhile (suspended, or a guest whose
 * host is busy), the clock alone says nothing of how long the process had. */
#define DEATH_NS ((uint64_t)10 * 1000 * 1000 * 1000)
#define DEATH_LOOK_MS 20
#define DEATH_LOOKS 500

static int wait_for(const spk_os_process_t *process, siginfo_t *info, int options)
{
    int result;

    memset(info, 0, sizeof *info);
    do {
        result = spk_posix_pidfd_waitid(spk_posix_fd(process->process), (pid_t)process->pid, info, options);
    } while (result == -1 && errno == EINTR);
    return result;
}

/* Said of wait_for()'s result. Whatever else made it fail, that the process has ended is not known by it. */
static int is_not_there(int result)
{
    return result == -1 && errno == ECHILD;
}

void spk_posix_process_record(spk_os_process_t *process, pid_t pid, spk_os_handle_t line)
{
    int fd;

    setpgid(pid, pid); /* the child does it too: whoever comes first; from here on the group can be killed */
    process->pid = pid;
    process->line = line;
    if (spk_posix_guard_enter() == APR_SUCCESS) {
        fd = spk_posix_pidfd_open(pid);
        if (fd >= 0) spk_posix_guard_keep(fd, &process->process); /* failing that the number has to do */
        spk_posix_guard_leave();
    }
}

/* In a child that the host forked the lines are closed, and the workers are not this process's. */
static int is_ours(const spk_os_process_t *process)
{
    return process->pid > 0 && spk_posix_guard_has(process->line);
}

static void fill_exit(spk_os_exit_t *exit, const siginfo_t *info)
{
    if (info->si_code == CLD_EXITED) {
        exit->exit_code = (uint32_t)info->si_status;
    } else {
        exit->signal = info->si_status;
    }
}

/* Called for the dead, before they are reaped: as long as the number is theirs. A pidfd needs no number. */
static void kill_what_it_left(const spk_os_process_t *process, int is_reaped)
{
    if (process->process.v >= 0) {
        spk_posix_pidfd_kill(spk_posix_fd(process->process), (pid_t)process->pid);
    } else if (!is_reaped) {
        kill((pid_t)-process->pid, SIGKILL);
    }
}

apr_status_t spk_os_process_poll(spk_os_process_t *process, spk_os_exit_t *exit)
{
    siginfo_t info, reaped;
    int is_stolen;

    exit->signal = 0;
    exit->exit_code = 0;
    exit->no_memory = 0;
    if (process->pid <= 0 || process->gone) return APR_CHILD_DONE;
    if (!is_ours(process)) return APR_CHILD_NOTDONE;
    is_stolen = is_not_there(wait_for(process, &info, WEXITED | WNOHANG | WNOWAIT));
    if (!is_stolen && info.si_pid == 0) return APR_CHILD_NOTDONE;
    kill_what_it_left(process, is_stolen);
    if (!is_stolen) {
        fill_exit(exit, &info);
        if (wait_for(process, &reaped, WEXITED | WNOHANG) == -1 && errno != ECHILD) return APR_CHILD_NOTDONE;
    }
    process->gone = 1;
    return APR_CHILD_DONE;
}

void spk_os_process_kill(const spk_os_process_t *process)
{
    siginfo_t info;
    pid_t pid = (pid_t)process->pid;

    if (process->gone || !is_ours(process)) return;
    if (process->process.v >= 0) {
        spk_posix_pidfd_kill(spk_posix_fd(process->process), pid);
    } else if (!is_not_there(wait_for(process, &info, WEXITED | WNOHANG | WNOWAIT))) {
        kill(-pid, SIGKILL); /* it was not reaped: the number is still its own */
        kill(pid, SIGKILL);  /* in case that it left its group */
    }
}

/* Until something can be seen of its death; the line breaks a moment before it is a zombie. */
static void await_sign(const spk_os_process_t *process)
{
    struct pollfd sign;
    int by_line = process->process.v < 0;

    sign.fd = spk_posix_fd(by_line ? process->line : process->process);
    sign.events = POLLIN;
    if (by_line && spk_posix_line_broken(sign.fd)) {
        poll(NULL, 0, 1);
    } else {
        poll(&sign, 1, DEATH_LOOK_MS);
    }
}

void spk_os_process_destroy(spk_os_process_t *process)
{
    static const spk_os_process_t none = SPK_OS_PROCESS_NONE;
    spk_os_exit_t exit;
    uint64_t start;
    int looks = 0;

    if (is_ours(process) && !process->gone) {
        start = spk_os_clock();
        spk_os_process_kill(process);
        while (spk_os_process_poll(process, &exit) != APR_CHILD_DONE &&
               (looks++ < DEATH_LOOKS || spk_os_clock() - start < DEATH_NS)) {
            await_sign(process);
        }
    }
    spk_posix_guard_close(&process->process);
    spk_posix_guard_close(&process->line);
    *process = none;
}
