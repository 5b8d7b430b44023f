/*
 * A process about itself, on Linux: /proc. Its executable is found there even if the file was renamed,
 * replaced or deleted. Under an emulator (valgrind, for one) the kernel's executable is the emulator, while
 * readlink() tells the program's own: starting the first would not start the program.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include "../mem.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define EXE "/proc/self/exe"
/* The same, but valgrind does not answer open() of it in the kernel's place. */
#define KERNELS_EXE "/proc/thread-self/exe"

static char path[4096];
static int is_emulated;

/* 1 if this is for sure not the beginning of this program's file: it lists other segments than there are in memory. */
static int is_other_program(const unsigned char *file, size_t size)
{
    size_t listed = (size_t)getauxval(AT_PHNUM) * (size_t)getauxval(AT_PHENT);
    const void *list = (const void *)(uintptr_t)getauxval(AT_PHDR);
    ElfW(Ehdr) head;

    if (list == NULL || size < sizeof head) return 0;
    memcpy(&head, file, sizeof head);
    if (head.e_phoff > size || listed > size - head.e_phoff) return 0; /* far behind: who can tell */
    return memcmp(file + head.e_phoff, list, listed) != 0;
}

/* What cannot be read is taken for the program, which it is nearly always. */
static int kernel_runs_another(void)
{
    unsigned char beginning[4096];
    int fd = open(KERNELS_EXE, O_RDONLY | O_CLOEXEC);
    ssize_t n = -1;

    if (fd >= 0) {
        do {
            n = read(fd, beginning, sizeof beginning);
        } while (n == -1 && errno == EINTR);
        close(fd);
    }
    return n > 0 && is_other_program(beginning, (size_t)n);
}

void spk_posix_self_remember(void)
{
    ssize_t n;

    if (path[0] == '\0') {
        n = readlink(EXE, path, sizeof path - 1);
        path[n > 0 ? n : 0] = '\0';
        is_emulated = kernel_runs_another();
    }
}

const char *spk_posix_self_program(void)
{
    spk_posix_self_remember();
    if (!is_emulated && access(EXE, X_OK) == 0) return EXE;
    return path[0] != '\0' ? path : NULL;
}

const char *spk_posix_self_name(void)
{
    spk_posix_self_remember();
    return path[0] != '\0' ? path : EXE;
}

int spk_posix_self_forks_well(void)
{
    return 1;
}

apr_status_t spk_os_command_line(int *argc, char ***argv, apr_pool_t *mem)
{
    size_t size = 0, at;
    char *text = spk_posix_file_read("/proc/self/cmdline", &size), *kept;
    int n = 0, room = 0;

    if (text == NULL) return errno == ENOENT || errno == EACCES ? APR_ENOTIMPL : spk_posix_error();
    kept = spk_mem_copy(mem, text, size + 1);
    free(text);
    if (kept == NULL) return APR_ENOMEM;
    for (at = 0; at < size; at++) room += kept[at] == '\0';
    *argv = spk_mem_zeroed(mem, ((size_t)room + 2) * sizeof **argv);
    if (*argv == NULL) return APR_ENOMEM;
    for (at = 0; at < size; at += strlen(kept + at) + 1) (*argv)[n++] = kept + at;
    *argc = n;
    return APR_SUCCESS;
}
