/*
 * A process about itself, on FreeBSD, DragonFly and NetBSD: sysctl. They differ in the order of the words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define __BSD_VISIBLE 1
#define _NETBSD_SOURCE 1
#include "posix.h"

#include "../mem.h"

#include <string.h>
#include <sys/param.h>
#include <sys/sysctl.h>
#include <unistd.h>

static char path[4096];

static void ask_for(int name[4], int is_path)
{
    name[0] = CTL_KERN;
#if defined(KERN_PROC_ARGV) /* NetBSD */
    name[1] = KERN_PROC_ARGS;
    name[2] = (int)getpid();
    name[3] = is_path ? KERN_PROC_PATHNAME : KERN_PROC_ARGV;
#else
    name[1] = KERN_PROC;
    name[2] = is_path ? KERN_PROC_PATHNAME : KERN_PROC_ARGS;
    name[3] = (int)getpid();
#endif
}

void spk_posix_self_remember(void)
{
    size_t size = sizeof path;
    int name[4];

    ask_for(name, 1);
    if (path[0] == '\0' && sysctl(name, 4, path, &size, NULL, 0) != 0) path[0] = '\0';
}

const char *spk_posix_self_program(void)
{
    spk_posix_self_remember();
    return path[0] != '\0' ? path : NULL;
}

const char *spk_posix_self_name(void)
{
    return spk_posix_self_program();
}

int spk_posix_self_forks_well(void)
{
    return 1;
}

apr_status_t spk_os_command_line(int *argc, char ***argv, apr_pool_t *mem)
{
    size_t size = 0, at;
    char *text;
    int name[4], n = 0, room = 0;

    ask_for(name, 0);
    if (sysctl(name, 4, NULL, &size, NULL, 0) != 0) return spk_posix_error();
    text = spk_mem_zeroed(mem, size + 1);
    if (text == NULL) return APR_ENOMEM;
    if (sysctl(name, 4, text, &size, NULL, 0) != 0) return spk_posix_error();
    for (at = 0; at < size; at++) room += text[at] == '\0';
    *argv = spk_mem_zeroed(mem, ((size_t)room + 2) * sizeof **argv);
    if (*argv == NULL) return APR_ENOMEM;
    for (at = 0; at < size; at += strlen(text + at) + 1) (*argv)[n++] = text + at;
    *argc = n;
    return APR_SUCCESS;
}
