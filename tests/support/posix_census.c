/*
 * The census of a POSIX process. What /proc would tell is asked of it; the rest is portable.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "census.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define DESCRIPTORS_SEEN 8192

static int count_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < DESCRIPTORS_SEEN; fd++) count += fcntl(fd, F_GETFD) != -1;
    return count;
}

/* Reaping in passing is fine here: a zombie fails the test anyway. */
static void count_children(census_t *census)
{
    pid_t pid;
    census->zombies = 0;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) census->zombies++;
    census->children = pid == 0;
}

static int count_threads(void)
{
    int count = 0;
    struct dirent *entry;
    DIR *tasks = opendir("/proc/self/task");

    if (tasks == NULL) return -1;
    while ((entry = readdir(tasks)) != NULL) count += entry->d_name[0] != '.';
    (void)closedir(tasks);
    return count;
}

/* The fourth letter of a mapping's permissions is 's' when it is shared. */
static int count_mappings(void)
{
    int count = 0;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");

    if (maps == NULL) return -1;
    while (fgets(line, sizeof line, maps) != NULL) {
        const char *space = strchr(line, ' ');
        count += space != NULL && strlen(space) > 4 && space[4] == 's';
    }
    (void)fclose(maps);
    return count;
}

static int count_names(void)
{
    int count = 0;
    struct dirent *entry;
    DIR *names = opendir("/dev/shm");

    if (names == NULL) return -1;
    while ((entry = readdir(names)) != NULL) {
        char path[512];
        struct stat info;
        (void)snprintf(path, sizeof path, "/dev/shm/%.480s", entry->d_name);
        count += entry->d_name[0] != '.' && lstat(path, &info) == 0 && info.st_uid == geteuid();
    }
    (void)closedir(names);
    return count;
}

static unsigned long mix(unsigned long digest, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++) digest = (digest ^ bytes[i]) * 16777619UL;
    return digest;
}

/* SIGALRM is left out: it is the watchdog's. */
static unsigned long digest_dispositions(void)
{
    unsigned long digest = 2166136261UL;
    sigset_t mask;

    for (int number = 1; number < 32; number++) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        if (number == SIGALRM || sigaction(number, NULL, &action) != 0) continue;
        digest = mix(digest, &action.sa_handler, sizeof action.sa_handler);
    }
    if (pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0)
        for (int number = 1; number < 32; number++)
            digest = digest * 31 + (unsigned long)(sigismember(&mask, number) == 1);
    return digest;
}

void census_take(census_t *census)
{
    memset(census, 0, sizeof *census);
    census->descriptors = count_descriptors();
    count_children(census);
    census->threads = count_threads();
    census->mappings = count_mappings();
    census->names = count_names();
    census->dispositions = digest_dispositions();
}

int census_guest_differs(const census_t *before, const census_t *after, char *words, size_t size)
{
    (void)snprintf(words, size, "threads %d -> %d, signal dispositions or mask %s", before->threads,
                   after->threads, before->dispositions == after->dispositions ? "as they were" : "changed");
    return after->threads != before->threads || after->dispositions != before->dispositions;
}

int census_differs(const census_t *before, const census_t *after, char *words, size_t size)
{
    if (census_guest_differs(before, after, words, size)) return 1;
    (void)snprintf(words, size,
                   "descriptors %d -> %d, children %d -> %d, zombies %d, shared mappings %d -> %d, "
                   "names in /dev/shm %d -> %d",
                   before->descriptors, after->descriptors, before->children, after->children, after->zombies,
                   before->mappings, after->mappings, before->names, after->names);
    return after->descriptors != before->descriptors || after->children != before->children ||
           after->zombies != 0 || after->mappings != before->mappings || after->names > before->names;
}
