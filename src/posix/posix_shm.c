/*
 * Shared memory: one mapped object, reserved large, allocated from its start in steps.
 *
 * Allocated means: the system has set the pages aside. Touching a page of a full tmpfs would be SIGBUS;
 * allocating it is ENOSPC.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The kernel gives up a whole step when a signal comes: with a timer that fires every millisecond a large
 * one would never end. So steps are bounded, and halved when interrupted. */
#define STEP_MAX ((size_t)16 << 20)

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static size_t page_up(size_t size)
{
    size_t page = page_size();

    return size > SIZE_MAX - page ? SIZE_MAX / page * page : (size + page - 1) / page * page;
}

static size_t page_down(size_t size)
{
    size_t page = page_size();

    return size / page * page;
}

static void reset(spk_os_shm_t *shm)
{
    shm->handle = spk_posix_none();
    shm->base = NULL;
    shm->reserved = 0;
    shm->committed = 0;
}

/* Inside the guard. */
static apr_status_t map(spk_os_shm_t *shm, spk_os_handle_t handle, size_t size)
{
    apr_status_t status;
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, spk_posix_fd(handle), 0);

    if (base == MAP_FAILED) {
        status = spk_posix_error();
    } else {
        status = spk_posix_guard_map(base, size, handle);
        if (status != APR_SUCCESS) {
            munmap(base, size);
        } else {
            spk_posix_shm_no_dump(base, size);
            shm->handle = handle;
            shm->base = base;
            shm->reserved = size;
        }
    }
    return status;
}

static apr_status_t create_sized(spk_os_shm_t *shm, size_t size)
{
    spk_os_handle_t handle = { SPK_OS_NONE_V };
    apr_status_t status;
    int fd = spk_posix_shm_object(size);

    status = fd >= 0 ? spk_posix_guard_keep(fd, &handle) : spk_posix_error();
    if (status == APR_SUCCESS) {
        status = map(shm, handle, size);
        if (status != APR_SUCCESS) spk_posix_guard_drop(&handle);
    }
    return status;
}

/* Could a smaller one be granted? */
static int is_refusal(apr_status_t status)
{
    return status == ENOMEM || status == EFBIG || status == ENOSPC || status == EOVERFLOW || status == EINVAL;
}

/* Growing a file beyond RLIMIT_FSIZE is not just an error but SIGXFSZ. */
static size_t file_size_limit(void)
{
    struct rlimit limit;
    size_t most = SIZE_MAX;

    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        (uint64_t)limit.rlim_cur < SIZE_MAX) {
        most = (size_t)limit.rlim_cur;
    }
    return page_down(most);
}

apr_status_t spk_os_shm_create(spk_os_shm_t *shm, size_t reserve, size_t at_least)
{
    size_t size, least = page_up(at_least > 0 ? at_least : 1), most = file_size_limit();
    apr_status_t status = least <= most ? spk_posix_guard_enter() : APR_FROM_OS_ERROR(EFBIG);

    reset(shm);
    if (status == APR_SUCCESS) {
        size = page_up(reserve > least ? reserve : least);
        if (size > most) size = most;
        status = create_sized(shm, size);
        while (is_refusal(status) && size > least) {
            size = page_up(size / 2 > least ? size / 2 : least);
            status = create_sized(shm, size);
        }
        spk_posix_guard_leave();
    }
    return status;
}

/* Have the system set pages [*at, end) aside, as far as it goes: *at is where it ended. */
static apr_status_t make_room(int fd, size_t *at, size_t end)
{
    size_t page = page_size(), step = STEP_MAX, part;
    int error = 0;

    while (error == 0 && *at < end) {
        part = end - *at < step ? end - *at : step;
        error = spk_posix_shm_room(fd, *at, part);
        if (error == 0) {
            *at += part;
            step = step < STEP_MAX ? step * 2 : step;
        } else if (error == EINTR) {
            step = part / 2 > page ? page_up(part / 2) : page;
            error = 0;
        }
    }
    return error == 0 ? APR_SUCCESS : APR_FROM_OS_ERROR(error);
}

/* What was reached before a failure stays. In a process that inherited the segment by fork there is nothing
 * to do: it touches what the creator has committed meanwhile, and going through that again is not cheap. */
apr_status_t spk_os_shm_commit(spk_os_shm_t *shm, size_t size)
{
    if (shm->base == NULL || size > shm->reserved) return APR_ENOMEM;
    if (spk_posix_guard_is_inherited(shm->handle)) shm->committed = shm->reserved;
    return make_room(spk_posix_fd(shm->handle), &shm->committed, page_up(size));
}

int spk_os_shm_discard(spk_os_shm_t *shm, size_t offset, size_t size)
{
    size_t first, end;
    int done = 0;

    if (shm->base != NULL && offset <= shm->committed && size <= shm->committed - offset) {
        first = page_up(offset);
        end = page_down(offset + size);
        done = first >= end || spk_posix_shm_punch(spk_posix_fd(shm->handle), first, end - first);
    }
    return done;
}

apr_status_t spk_os_shm_restore(spk_os_shm_t *shm, size_t offset, size_t size)
{
    size_t at = page_down(offset);

    if (shm->base == NULL || offset > shm->committed || size > shm->committed - offset) return APR_EINVAL;
    return make_room(spk_posix_fd(shm->handle), &at, page_up(offset + size));
}

apr_status_t spk_os_shm_attach(spk_os_shm_t *shm, spk_os_handle_t handle, size_t reserved)
{
    struct stat about;
    apr_status_t status = APR_EINVAL;
    int fd = spk_posix_fd(handle);

    reset(shm);
    if (fd >= 0 && reserved > 0 && fstat(fd, &about) == 0 && spk_posix_shm_is_object(fd) &&
        about.st_size > 0 && (uintmax_t)about.st_size >= reserved) {
        status = spk_posix_guard_enter();
        if (status == APR_SUCCESS) {
            status = map(shm, handle, reserved);
            shm->committed = shm->reserved;
            spk_posix_guard_leave();
        }
    }
    return status;
}

void spk_os_shm_destroy(spk_os_shm_t *shm)
{
    if (shm->base != NULL) spk_posix_guard_unmap(shm->base, shm->reserved);
    spk_posix_guard_close(&shm->handle);
    reset(shm);
}
