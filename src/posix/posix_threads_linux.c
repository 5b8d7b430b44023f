/*
 * How many threads this process has, on Linux.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <stdlib.h>
#include <string.h>

int spk_os_thread_count(void)
{
    static const char key[] = "\nThreads:";
    char *text = spk_posix_file_read("/proc/self/status", NULL), *at;
    int threads = 0;

    if (text != NULL) {
        at = strstr(text, key);
        if (at != NULL) threads = (int)strtol(at + sizeof key - 1, NULL, 10);
        free(text);
    }
    return threads > 0 ? threads : 0;
}
