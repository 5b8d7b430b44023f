/*
 * What memory a process has, by /proc.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ways.h"

#include <apr_strings.h>
#include <stdio.h>
#include <string.h>

/* "Name:   123 kB" */
static void look_for(const char *line, const char *name, apr_uint64_t *kib)
{
    unsigned long long n;
    const size_t length = strlen(name);
    if (strncmp(line, name, length) == 0 && sscanf(line + length, ": %llu kB", &n) == 1) *kib = n;
}

static apr_status_t read_lines(const char *file, const char *const *names, apr_uint64_t *const *kib, int n)
{
    char line[256];
    FILE *lines = fopen(file, "r");
    if (!lines) return APR_ENOTIMPL;
    while (fgets(line, sizeof line, lines))
        for (int i = 0; i < n; i++) look_for(line, names[i], kib[i]);
    return fclose(lines) == 0 ? APR_SUCCESS : APR_EGENERAL;
}

apr_status_t memory_of(apr_int64_t pid, memory_t *memory)
{
    static const char *const in_status[] = { "RssAnon", "RssShmem", "VmRSS", "VmHWM" };
    static const char *const in_rollup[] = { "Pss_Shmem" };
    apr_uint64_t *const status_kib[] = { &memory->anonymous, &memory->shared, &memory->resident,
                                         &memory->most_resident };
    apr_uint64_t *const rollup_kib[] = { &memory->shared_part };
    char who[32] = "self", file[64];

    memset(memory, 0, sizeof *memory);
    if (pid) apr_snprintf(who, sizeof who, "%" APR_INT64_T_FMT, pid);
    apr_snprintf(file, sizeof file, "/proc/%s/status", who);
    const apr_status_t status = read_lines(file, in_status, status_kib, 4);
    if (status != APR_SUCCESS) return status;
    apr_snprintf(file, sizeof file, "/proc/%s/smaps_rollup", who);
    return read_lines(file, in_rollup, rollup_kib, 1);
}
