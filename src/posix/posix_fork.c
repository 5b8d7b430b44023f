/*
 * Starting a worker by fork().
 *
 * All signals are blocked meanwhile: the child must not run a handler of the host's before
 * spk_os_worker_enter() has put them back to their defaults.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <pthread.h>
#include <unistd.h>

apr_status_t spk_os_process_fork(spk_os_process_t *process, spk_os_kit_t *kit, int *in_child)
{
    static const spk_os_process_t none = SPK_OS_PROCESS_NONE;
    spk_os_handle_t spared[SPK_POSIX_KIT], parents, workers;
    apr_status_t status = spk_posix_line_create(&parents, &workers);
    sigset_t all, before;
    pid_t pid = -1;

    *process = none;
    *in_child = 0;
    kit->line = workers;
    if (status == APR_SUCCESS) {
        spk_posix_kit_list(kit, spared);
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, &all, &before);
        pid = spk_posix_guard_fork(spared, SPK_POSIX_KIT);
        if (pid == 0) {
            setpgid(0, 0);
            spk_posix_exit_shield();
            *in_child = 1;
        } else {
            if (pid == -1) status = spk_posix_error();
            pthread_sigmask(SIG_SETMASK, &before, NULL);
        }
    }
    if (pid > 0) spk_posix_process_record(process, pid, parents);
    if (pid == -1) spk_posix_guard_close(&parents);
    if (pid != 0) spk_posix_guard_close(&kit->line);
    return status;
}
