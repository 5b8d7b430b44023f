/*
 * The kit of a spawned worker: which descriptors, under which numbers, and finding them again.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include "../numbers.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

enum { SHM, BELL_WAIT, BELL_RING, PARENT_WAIT, PARENT_RING, LINE };

void spk_posix_kit_list(const spk_os_kit_t *kit, spk_os_handle_t list[SPK_POSIX_KIT])
{
    list[SHM] = kit->shm;
    list[BELL_WAIT] = kit->bell.wait;
    list[BELL_RING] = kit->bell.ring;
    list[PARENT_WAIT] = kit->parent_bell.wait;
    list[PARENT_RING] = kit->parent_bell.ring;
    list[LINE] = kit->line;
}

void spk_posix_kit_number(const spk_os_handle_t list[SPK_POSIX_KIT], int numbers[SPK_POSIX_KIT],
                          char text[SPK_POSIX_KIT_NUMBERS])
{
    int i, same, next = SPK_POSIX_KIT_FIRST, length = 0;

    for (i = 0; i < SPK_POSIX_KIT; i++) {
        for (same = 0; list[same].v != list[i].v; same++) continue;
        numbers[i] = same < i ? numbers[same] : next++;
        length += snprintf(text + length, (size_t)(SPK_POSIX_KIT_NUMBERS - length), i == 0 ? "%d" : ",%d",
                           numbers[i]);
    }
}

/* Not a standard stream's, and none that a handle has no room for. */
static int parse(const char *text, int fds[SPK_POSIX_KIT])
{
    static const spk_numbers_t descriptors = { 10, SPK_POSIX_KIT_FIRST, (1 << SPK_POSIX_FD_BITS) - 1, 1, 0 };
    uint64_t values[SPK_POSIX_KIT];
    int i, well = spk_numbers_read(&descriptors, text, values, SPK_POSIX_KIT);

    for (i = 0; well && i < SPK_POSIX_KIT; i++) fds[i] = (int)values[i];
    return well;
}

static int is_line(int fd)
{
    struct stat about;
    struct sockaddr_storage address;
    socklen_t size = sizeof address, type_size = sizeof(int);
    int type = 0;

    memset(&address, 0, sizeof address);
    return fstat(fd, &about) == 0 && S_ISSOCK(about.st_mode) &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM &&
           getsockname(fd, (struct sockaddr *)&address, &size) == 0 && address.ss_family == AF_UNIX;
}

/* The kinds differ, so that only the two bells could be one. */
static int is_kit(const int fds[SPK_POSIX_KIT])
{
    return spk_posix_shm_is_object(fds[SHM]) && spk_posix_bell_is(fds[BELL_WAIT], fds[BELL_RING]) &&
           spk_posix_bell_is(fds[PARENT_WAIT], fds[PARENT_RING]) && fds[BELL_WAIT] != fds[PARENT_WAIT] &&
           fds[BELL_RING] != fds[PARENT_RING] && is_line(fds[LINE]);
}

/* The descriptors ascending, each once; how many. */
static int sort_distinct(const int fds[SPK_POSIX_KIT], int sorted[SPK_POSIX_KIT])
{
    int i, at, n = 0;

    for (i = 0; i < SPK_POSIX_KIT; i++) {
        for (at = 0; at < n && sorted[at] < fds[i]; at++) continue;
        if (at < n && sorted[at] == fds[i]) continue;
        memmove(sorted + at + 1, sorted + at, (size_t)(n - at) * sizeof *sorted);
        sorted[at] = fds[i];
        n++;
    }
    return n;
}

static void fill(spk_os_kit_t *kit, const int fds[SPK_POSIX_KIT])
{
    kit->shm.v = fds[SHM];
    kit->bell.wait.v = fds[BELL_WAIT];
    kit->bell.ring.v = fds[BELL_RING];
    kit->parent_bell.wait.v = fds[PARENT_WAIT];
    kit->parent_bell.ring.v = fds[PARENT_RING];
    kit->line.v = fds[LINE];
    kit->memory_limit = 0;
}

apr_status_t spk_os_kit_adopt(spk_os_kit_t *kit, const char *numbers)
{
    int fds[SPK_POSIX_KIT], sorted[SPK_POSIX_KIT], n, i;
    apr_status_t status = parse(numbers, fds) && is_kit(fds) ? APR_SUCCESS : APR_EINVAL;

    if (status == APR_SUCCESS) status = spk_posix_guard_enter();
    if (status == APR_SUCCESS) {
        n = sort_distinct(fds, sorted);
        status = spk_posix_guard_adopt(sorted, n);
        spk_posix_guard_leave();
        if (status == APR_SUCCESS) {
            for (i = 0; i < n; i++) fcntl(sorted[i], F_SETFD, FD_CLOEXEC);
            spk_posix_sweep(sorted, n);
            fill(kit, fds);
        }
    }
    return status;
}
