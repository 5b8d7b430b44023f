/*
 * The guard: every descriptor and shared mapping that spork holds in this process, over all pools.
 *
 * A child that the host forks must not hold a worker's line: the worker would outlive its parent by it.
 * So fork handlers close in every child what the guard knows. The child's copies of spork's objects
 * then name numbers that may soon be somebody else's; therefore nothing is closed that the guard does
 * not know, and a handle carries the number of forks in its upper bits, so that it is not mistaken for
 * a later one that got the same descriptor.
 *
 * The lock is held while descriptors are made, and by the fork handlers: no child is born with a
 * descriptor that the guard has not heard of yet.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define GENERATIONS ((intptr_t)1 << 11) /* with the number they fit into a positive 32-bit word */

typedef struct {
    unsigned char *base;
    size_t size;
    spk_os_handle_t handle;
} mapping_t;

static struct {
    pthread_mutex_t lock;
    spk_os_handle_t *held;
    size_t n_held, held_room;
    mapping_t *maps;
    size_t n_maps, maps_room;
    intptr_t generation;
} guard = { PTHREAD_MUTEX_INITIALIZER, NULL, 0, 0, NULL, 0, 0, 0 };

/* This process's id, 0 until the handlers keep it right: every call of the API asks for it, and glibc
 * asks the kernel each time since 2.25. */
static _Atomic pid_t own_pid;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int install_error;

/* What this thread's fork() spares; NULL: a fork of the host's. */
static _Thread_local const spk_os_handle_t *spared_list;
static _Thread_local int spared_count;

apr_status_t spk_posix_error(void)
{
    return errno != 0 ? APR_FROM_OS_ERROR(errno) : APR_EGENERAL;
}

/* ---- the fork handlers -------------------------------------------------------------------------- */

static int is_spared(spk_os_handle_t handle)
{
    int i;

    for (i = 0; i < spared_count; i++) {
        if (spared_list[i].v == handle.v) return 1;
    }
    return 0;
}

static void before_fork(void)
{
    pthread_mutex_lock(&guard.lock);
}

static void after_fork_parent(void)
{
    pthread_mutex_unlock(&guard.lock);
}

/* A worker sees no other pool's memory. The host's own child keeps what it might still read. */
static void unmap_others(void)
{
    size_t i, kept = 0;

    for (i = 0; i < guard.n_maps; i++) {
        if (is_spared(guard.maps[i].handle)) {
            guard.maps[kept++] = guard.maps[i];
        } else {
            munmap(guard.maps[i].base, guard.maps[i].size);
        }
    }
    guard.n_maps = kept;
}

static void after_fork_child(void)
{
    size_t i, kept = 0;

    for (i = 0; i < guard.n_held; i++) {
        if (is_spared(guard.held[i])) {
            guard.held[kept++] = guard.held[i];
        } else {
            close(spk_posix_fd(guard.held[i]));
        }
    }
    guard.n_held = kept;
    if (spared_list != NULL) unmap_others();
    guard.generation = (guard.generation + 1) % GENERATIONS;
    own_pid = getpid();
    pthread_mutex_unlock(&guard.lock);
}

static void install(void)
{
    install_error = pthread_atfork(before_fork, after_fork_parent, after_fork_child);
    if (install_error == 0) own_pid = getpid();
}

pid_t spk_posix_guard_pid(void)
{
    pid_t pid = atomic_load_explicit(&own_pid, memory_order_relaxed);

    return pid != 0 ? pid : getpid();
}

pid_t spk_posix_guard_fork(const spk_os_handle_t *spared, int n)
{
    pid_t pid;

    spared_list = spared;
    spared_count = n;
    pid = fork();
    spared_list = NULL;
    spared_count = 0;
    return pid;
}

/* ---- inside ------------------------------------------------------------------------------------- */

apr_status_t spk_posix_guard_enter(void)
{
    pthread_once(&once, install);
    if (install_error != 0) return APR_FROM_OS_ERROR(install_error);
    pthread_mutex_lock(&guard.lock);
    return APR_SUCCESS;
}

void spk_posix_guard_leave(void)
{
    pthread_mutex_unlock(&guard.lock);
}

/* Room for `more` further elements, or NULL: then the old block stands. */
static void *grown(void *block, size_t used, size_t more, size_t *room, size_t element)
{
    size_t wanted = used + more > 32 ? 2 * (used + more) : 32;

    if (used + more <= *room) return block;
    block = realloc(block, wanted * element);
    if (block != NULL) *room = wanted;
    return block;
}

static int make_room(size_t more)
{
    void *block = grown(guard.held, guard.n_held, more, &guard.held_room, sizeof *guard.held);

    if (block != NULL) guard.held = block;
    return block != NULL;
}

static spk_os_handle_t held(int fd)
{
    spk_os_handle_t handle;

    handle.v = (intptr_t)fd | (guard.generation << SPK_POSIX_FD_BITS);
    guard.held[guard.n_held++] = handle;
    return handle;
}

apr_status_t spk_posix_guard_keep(int fd, spk_os_handle_t *handle)
{
    apr_status_t status = APR_SUCCESS;
    int moved = fcntl(fd, F_DUPFD_CLOEXEC, SPK_POSIX_FD_MIN);

    *handle = spk_posix_none();
    if (moved < 0) {
        status = errno == EINVAL ? APR_FROM_OS_ERROR(EMFILE) : spk_posix_error();
    } else if (moved >= 1 << SPK_POSIX_FD_BITS) {
        status = APR_FROM_OS_ERROR(EMFILE);
    } else if (!make_room(1)) {
        status = APR_ENOMEM;
    } else {
        *handle = held(moved);
    }
    if (status != APR_SUCCESS && moved >= 0) close(moved);
    close(fd);
    return status;
}

apr_status_t spk_posix_guard_keep_pair(const int fds[2], spk_os_handle_t *first, spk_os_handle_t *second)
{
    apr_status_t status = spk_posix_guard_keep(fds[0], first);

    *second = spk_posix_none();
    if (status != APR_SUCCESS) {
        close(fds[1]);
    } else {
        status = spk_posix_guard_keep(fds[1], second);
        if (status != APR_SUCCESS) spk_posix_guard_drop(first);
    }
    return status;
}

apr_status_t spk_posix_guard_adopt(const int *fds, int n)
{
    int i;

    if (!make_room((size_t)n)) return APR_ENOMEM;
    for (i = 0; i < n; i++) held(fds[i]);
    return APR_SUCCESS;
}

apr_status_t spk_posix_guard_map(unsigned char *base, size_t size, spk_os_handle_t handle)
{
    mapping_t mapping;
    void *block = grown(guard.maps, guard.n_maps, 1, &guard.maps_room, sizeof *guard.maps);

    if (block == NULL) return APR_ENOMEM;
    mapping.base = base;
    mapping.size = size;
    mapping.handle = handle;
    guard.maps = block;
    guard.maps[guard.n_maps++] = mapping;
    return APR_SUCCESS;
}

void spk_posix_guard_drop(spk_os_handle_t *handle)
{
    size_t i = 0;

    while (i < guard.n_held && guard.held[i].v != handle->v) i++;
    if (handle->v >= 0 && i < guard.n_held) {
        guard.held[i] = guard.held[--guard.n_held];
        close(spk_posix_fd(*handle));
    }
    *handle = spk_posix_none();
}

/* ---- outside -------------------------------------------------------------------------------------- */

void spk_posix_guard_close(spk_os_handle_t *handle)
{
    int kept_errno = errno;

    if (handle->v >= 0) {
        pthread_mutex_lock(&guard.lock);
        spk_posix_guard_drop(handle);
        pthread_mutex_unlock(&guard.lock);
    }
    errno = kept_errno;
}

void spk_posix_guard_unmap(unsigned char *base, size_t size)
{
    size_t i = 0;

    pthread_mutex_lock(&guard.lock);
    while (i < guard.n_maps && (guard.maps[i].base != base || guard.maps[i].size != size)) i++;
    if (i < guard.n_maps) {
        guard.maps[i] = guard.maps[--guard.n_maps];
        munmap(base, size);
    }
    pthread_mutex_unlock(&guard.lock);
}

int spk_posix_guard_is_inherited(spk_os_handle_t handle)
{
    return handle.v >> SPK_POSIX_FD_BITS != guard.generation;
}

int spk_posix_guard_has(spk_os_handle_t handle)
{
    size_t i = 0;
    int has;

    pthread_mutex_lock(&guard.lock);
    while (i < guard.n_held && guard.held[i].v != handle.v) i++;
    has = handle.v >= 0 && i < guard.n_held;
    pthread_mutex_unlock(&guard.lock);
    return has;
}
