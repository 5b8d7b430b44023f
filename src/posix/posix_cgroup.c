/*
 * The processor quota of Linux control groups, version 1 and 2.
 *
 * /proc/self/cgroup says where in each hierarchy the process is, /proc/self/mountinfo where the hierarchies
 * are mounted, and which part of one: in a container that is often just the container's own. From the
 * process's group up to the mount point every group may limit; the least counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    const char *root; /* what goes before every path */
    char *groups;     /* /proc/self/cgroup */
    int best;         /* processors; 0: no limit so far */
} search_t;

/* Is the word in a list that is separated by commas? */
static int lists(const char *list, const char *word)
{
    size_t length = strlen(word);
    const char *at = list;

    while (at != NULL && (strncmp(at, word, length) != 0 || (at[length] != ',' && at[length] != '\0'))) {
        at = strchr(at, ',');
        if (at != NULL) at++;
    }
    return at != NULL;
}

static char *read_at(const search_t *search, const char *folder, const char *name)
{
    size_t size = strlen(search->root) + strlen(folder) + strlen(name) + 2;
    char *path = malloc(size), *text = NULL;

    if (path != NULL) {
        snprintf(path, size, "%s%s/%s", search->root, folder, name);
        text = spk_posix_file_read(path, NULL);
        free(path);
    }
    return text;
}

static void limit_to(search_t *search, long long quota, long long period)
{
    long long cpus;

    if (quota <= 0 || period <= 0) return;
    cpus = quota / period + (quota % period != 0);
    if (cpus > INT_MAX) cpus = INT_MAX;
    if (search->best == 0 || cpus < search->best) search->best = (int)cpus;
}

/* "max 100000" or "150000 100000" */
static void look_v2(search_t *search, const char *folder)
{
    char *text = read_at(search, folder, "cpu.max"), *end;
    long long quota;

    if (text != NULL) {
        quota = strtoll(text, &end, 10);
        if (end != text) limit_to(search, quota, strtoll(end, NULL, 10));
        free(text);
    }
}

/* two files; -1 is no quota */
static void look_v1(search_t *search, const char *folder)
{
    char *quota = read_at(search, folder, "cpu.cfs_quota_us");
    char *period = read_at(search, folder, "cpu.cfs_period_us");

    if (quota != NULL && period != NULL) {
        limit_to(search, strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
    }
    free(quota);
    free(period);
}

/* All groups from mount point + path up to the mount point. */
static void climb(search_t *search, const char *mount, const char *path, int version)
{
    size_t base = strlen(mount), size = base + strlen(path) + 1;
    char *folder = malloc(size), *slash;

    if (folder == NULL) return;
    snprintf(folder, size, "%s%s", mount, strcmp(path, "/") == 0 ? "" : path);
    do {
        if (version == 2) {
            look_v2(search, folder);
        } else {
            look_v1(search, folder);
        }
        slash = strrchr(folder, '/');
        if (slash != NULL) *slash = '\0';
    } while (slash != NULL && slash >= folder + base);
    free(folder);
}

/* The process's path in the hierarchy with the processor controller, malloc'ed; NULL if there is none.
 * Lines are "0::/path" for version 2, "4:cpu,cpuacct:/path" for version 1. */
static char *group_path(const search_t *search, int version)
{
    const char *line = search->groups, *controllers, *path, *end;
    char list[256], *found = NULL;
    size_t length;

    while (line != NULL && *line != '\0' && found == NULL) {
        end = strchr(line, '\n');
        controllers = strchr(line, ':');
        path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (path != NULL && (end == NULL || path < end)) {
            length = (size_t)(path - controllers - 1);
            snprintf(list, sizeof list, "%.*s", (int)length, controllers + 1);
            if (version == 2 ? length == 0 && strncmp(line, "0:", 2) == 0 : lists(list, "cpu")) {
                length = end != NULL ? (size_t)(end - path - 1) : strlen(path + 1);
                found = malloc(length + 1);
                if (found != NULL) {
                    memcpy(found, path + 1, length);
                    found[length] = '\0';
                }
            }
        }
        line = end != NULL ? end + 1 : NULL;
    }
    return found;
}

/* mountinfo writes spaces and the like as \040. */
static void unescape(char *text)
{
    char *to = text;

    while (*text != '\0') {
        if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' && text[2] <= '7' &&
            text[3] >= '0' && text[3] <= '7') {
            *to++ = (char)((text[1] - '0') * 64 + (text[2] - '0') * 8 + (text[3] - '0'));
            text += 4;
        } else {
            *to++ = *text++;
        }
    }
    *to = '\0';
}

/* One mounted hierarchy, of which `part` is what is seen at `mount`. A path outside of that part is another
 * container's view: then the mount point itself is all that can be asked. */
static void look_mounted(search_t *search, char *part, char *mount, int version)
{
    char *path = group_path(search, version);
    size_t length = strcmp(part, "/") == 0 ? 0 : strlen(part);

    unescape(part);
    unescape(mount);
    if (path != NULL) {
        if (strncmp(path, part, length) == 0 && (path[length] == '/' || path[length] == '\0')) {
            climb(search, mount, path + length, version);
        } else {
            climb(search, mount, "", version);
        }
        free(path);
    }
}

/* "36 35 0:30 /part /mount options … - type source superoptions"; the line is cut into pieces. */
static void look_mount_line(search_t *search, char *line)
{
    char *field[5], *rest, *type, *options;
    int i;

    rest = line;
    for (i = 0; i < 5 && rest != NULL; i++) {
        field[i] = rest;
        rest = strchr(rest, ' ');
        if (rest != NULL) *rest++ = '\0';
    }
    type = rest != NULL ? strstr(rest, "- ") : NULL;
    if (type == NULL) return;
    type += 2;
    options = strrchr(type, ' ');
    if (strncmp(type, "cgroup2 ", 8) == 0) {
        look_mounted(search, field[3], field[4], 2);
    } else if (strncmp(type, "cgroup ", 7) == 0 && options != NULL && lists(options + 1, "cpu")) {
        look_mounted(search, field[3], field[4], 1);
    }
}

int spk_posix_cgroup_cpus(const char *root)
{
    search_t search;
    char *mounts, *line, *end;

    search.root = root;
    search.best = 0;
    search.groups = read_at(&search, "/proc/self", "cgroup");
    mounts = read_at(&search, "/proc/self", "mountinfo");
    if (search.groups != NULL && mounts != NULL) {
        for (line = mounts; line != NULL; line = end) {
            end = strchr(line, '\n');
            if (end != NULL) *end++ = '\0';
            look_mount_line(&search, line);
        }
    }
    free(search.groups);
    free(mounts);
    return search.best;
}
