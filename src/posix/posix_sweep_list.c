/*
 * Closing all descriptors but some, by what the system lists in a folder; never by counting to a limit
 * that may be a thousand million.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#define UNLISTED_MAX 65536

static int is_kept(int fd, const int *kept, int n)
{
    int i;

    for (i = 0; i < n && kept[i] != fd; i++) continue;
    return i < n;
}

/* Reading a folder while closing what it lists is undefined: one pass closes a batch that was read before,
 * until there is none. Returns 0 if the folder is not there or does not list what is above 2. */
static int sweep_folder(const char *path, const int *kept, int n)
{
    int batch[256], n_batch, fd, i, sees_itself = 0;
    struct dirent *entry;
    DIR *folder;

    do {
        folder = opendir(path);
        if (folder == NULL) return 0;
        n_batch = 0;
        while (n_batch < (int)(sizeof batch / sizeof *batch) && (entry = readdir(folder)) != NULL) {
            fd = (int)strtol(entry->d_name, NULL, 10);
            if (fd > 2 && fd == dirfd(folder)) {
                sees_itself = 1;
            } else if (fd > 2 && !is_kept(fd, kept, n)) {
                batch[n_batch++] = fd;
            }
        }
        closedir(folder);
        for (i = 0; i < n_batch; i++) close(batch[i]);
    } while (n_batch > 0);
    return sees_itself;
}

void spk_posix_sweep(const int *kept, int n)
{
    long limit = sysconf(_SC_OPEN_MAX);
    int fd;

    if (!sweep_folder("/proc/self/fd", kept, n) && !sweep_folder("/dev/fd", kept, n)) {
        if (limit < 0 || limit > UNLISTED_MAX) limit = UNLISTED_MAX;
        for (fd = 3; fd < (int)limit; fd++) {
            if (!is_kept(fd, kept, n)) close(fd);
        }
    }
}
