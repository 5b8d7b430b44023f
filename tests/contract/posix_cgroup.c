/*
 * The quota of faked control groups (Linux, native build only): a folder stands for the root of the file
 * system.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200809L
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1 /* macOS takes mkdtemp() for a name of its own */
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "posix/posix.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define V2 "30 1 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1 "33 32 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:8 - cgroup cgroup rw,cpu,cpuacct\n"
#define V1_SET "34 32 0:30 / /sys/fs/cgroup/cpuset rw shared:9 - cgroup cgroup rw,cpuset\n"
#define OTHER "22 1 254:1 / / rw,relatime - ext4 /dev/sda1 rw\n"

#define FILES_MAX 6

typedef struct {
    const char *what;
    int cpus;
    const char *groups, *mounts;
    struct {
        const char *path, *text;
    } files[FILES_MAX];
} case_t;

static const case_t cases[] = {
    { "no control groups", 0, NULL, NULL, { { NULL, NULL } } },
    { "empty files", 0, "", "", { { NULL, NULL } } },
    { "version 2 without a limit", 0, "0::/\n", OTHER V2, { { "/sys/fs/cgroup/cpu.max", "max 100000\n" } } },
    { "version 2, two", 2, "0::/\n", OTHER V2, { { "/sys/fs/cgroup/cpu.max", "200000 100000\n" } } },
    { "version 2, rounded up", 3, "0::/\n", V2, { { "/sys/fs/cgroup/cpu.max", "200001 100000\n" } } },
    { "version 2, a half", 1, "0::/\n", V2, { { "/sys/fs/cgroup/cpu.max", "50000 100000\n" } } },
    { "version 2, another period", 5, "0::/\n", V2, { { "/sys/fs/cgroup/cpu.max", "50000 10000\n" } } },
    { "version 2, the parent's is less",
      2,
      "0::/a/b\n",
      V2,
      { { "/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n" },
        { "/sys/fs/cgroup/a/cpu.max", "200000 100000\n" } } },
    { "version 2, its own is less",
      3,
      "0::/a/b\n",
      V2,
      { { "/sys/fs/cgroup/a/b/cpu.max", "300000 100000\n" },
        { "/sys/fs/cgroup/a/cpu.max", "max 100000\n" },
        { "/sys/fs/cgroup/cpu.max", "900000 100000\n" } } },
    { "version 2, no file at the leaf",
      4,
      "0::/a/b/c\n",
      V2,
      { { "/sys/fs/cgroup/a/cpu.max", "400000 100000\n" } } },
    { "version 2, a container's part",
      2,
      "0::/docker/x\n",
      "30 1 0:26 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup ro\n",
      { { "/sys/fs/cgroup/cpu.max", "150000 100000\n" } } },
    { "version 2, a folder below the part",
      1,
      "0::/docker/x/y\n",
      "30 1 0:26 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup ro\n",
      { { "/sys/fs/cgroup/y/cpu.max", "100000 100000\n" },
        { "/sys/fs/cgroup/cpu.max", "150000 100000\n" } } },
    { "version 2, another's part",
      7,
      "0::/../z\n",
      "30 1 0:26 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup ro\n",
      { { "/sys/fs/cgroup/cpu.max", "700000 100000\n" } } },
    { "version 2, a name that is only the beginning",
      7,
      "0::/docker/xyz\n",
      "30 1 0:26 /docker/x /sys/fs/cgroup ro - cgroup2 cgroup ro\n",
      { { "/sys/fs/cgroup/cpu.max", "700000 100000\n" },
        { "/sys/fs/cgroup/yz/cpu.max", "100000 100000\n" } } },
    { "version 2, a mount point with a space",
      6,
      "0::/\n",
      "30 1 0:26 / /my\\040groups rw - cgroup2 none rw\n",
      { { "/my groups/cpu.max", "600000 100000\n" } } },
    { "version 1 without a limit",
      0,
      "4:cpu,cpuacct:/\n",
      V1,
      { { "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n" },
        { "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n" } } },
    { "version 1, three",
      3,
      "9:memory:/m\n4:cpu,cpuacct:/\n",
      V1_SET V1,
      { { "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "250000\n" },
        { "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n" } } },
    { "version 1, cpuset is not cpu",
      0,
      "4:cpuset:/\n",
      V1_SET,
      { { "/sys/fs/cgroup/cpuset/cpu.cfs_quota_us", "250000\n" },
        { "/sys/fs/cgroup/cpuset/cpu.cfs_period_us", "100000\n" } } },
    { "version 1, nested",
      2,
      "4:cpuacct,cpu:/a/b\n",
      V1,
      { { "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "150000\n" },
        { "/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n" },
        { "/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n" },
        { "/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n" } } },
    { "both versions, the least",
      1,
      "4:cpu,cpuacct:/\n0::/\n",
      V1 "40 1 0:40 / /u rw - cgroup2 c rw\n",
      { { "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n" },
        { "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n" },
        { "/u/cpu.max", "90000 100000\n" } } },
    { "rubbish in the quota", 0, "0::/\n", V2, { { "/sys/fs/cgroup/cpu.max", "many 100000\n" } } },
    { "no period", 0, "0::/\n", V2, { { "/sys/fs/cgroup/cpu.max", "200000\n" } } },
    { "a period of zero", 0, "0::/\n", V2, { { "/sys/fs/cgroup/cpu.max", "200000 0\n" } } },
    { "a negative quota", 0, "0::/\n", V2, { { "/sys/fs/cgroup/cpu.max", "-5 100000\n" } } },
    { "a quota beyond all numbers",
      INT32_MAX,
      "0::/\n",
      V2,
      { { "/sys/fs/cgroup/cpu.max", "99999999999999999999999 1\n" } } },
    { "rubbish in the tables",
      0,
      "\n:\n::\n4:cpu\n0:\n0::",
      "\n \n- \n1 2 3 4 5\n1 2 3 4 5 - cgroup2\n- cgroup2 x y\n",
      { { NULL, NULL } } }
};

static char root[64];

/* With all folders on the way. */
static void write_file(const char *path, const char *text)
{
    char full[256], *at;
    FILE *file;

    snprintf(full, sizeof full, "%s%s", root, path);
    for (at = strchr(full + strlen(root) + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        mkdir(full, 0700);
        *at = '/';
    }
    file = fopen(full, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void remove_tree(void)
{
    char command[128];

    snprintf(command, sizeof command, "rm -rf '%s'", root);
    assert_int_equal(system(command), 0);
}

static void quotas_are_as_tabulated(void **state)
{
    size_t i, j;

    (void)state;
    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        strcpy(root, "/tmp/spork-cgroup-XXXXXX");
        assert_non_null(mkdtemp(root));
        if (cases[i].groups != NULL) write_file("/proc/self/cgroup", cases[i].groups);
        if (cases[i].mounts != NULL) write_file("/proc/self/mountinfo", cases[i].mounts);
        for (j = 0; j < FILES_MAX && cases[i].files[j].path != NULL; j++) {
            write_file(cases[i].files[j].path, cases[i].files[j].text);
        }
        if (spk_posix_cgroup_cpus(root) != cases[i].cpus) {
            fail_msg("%s: %d instead of %d", cases[i].what, spk_posix_cgroup_cpus(root), cases[i].cpus);
        }
        remove_tree();
    }
}

static void this_systems_own_are_readable(void **state)
{
    (void)state;
    assert_true(spk_posix_cgroup_cpus("") >= 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = { cmocka_unit_test(quotas_are_as_tabulated),
                                               cmocka_unit_test(this_systems_own_are_readable) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
