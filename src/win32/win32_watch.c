/*
 * The parent's waiting: for its bell and for the deaths of workers.
 *
 * WaitForMultipleObjects() takes 64 handles: the bell and the first 63 processes are watched. When there
 * are more, no wait is longer than a tenth of a second, and after that time the others count as "may
 * have died" once. No thread is made to wait for more: a guest makes none.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../mem.h"
#include "win32_common.h"

#include <string.h>

#define WATCHED_MAX (MAXIMUM_WAIT_OBJECTS - 1)
#define LOOK_ROUND_MILLISECONDS 100u

struct spk_os_watch_t {
    HANDLE handles[MAXIMUM_WAIT_OBJECTS]; /* the bell, then the watched */
    int places[MAXIMUM_WAIT_OBJECTS];     /* whose they are, same index; 0 is not used */
    DWORD count;                          /* of them, the bell included */
    int max;
    int others;           /* processes that found no room there */
    int stale;            /* the places have changed since the handles were chosen */
    ULONGLONG looked;     /* when the others were last said to have fired, milliseconds */
    HANDLE *process;      /* per place; NULL: nobody */
    unsigned char *fired; /* per place, since the last wait */
    unsigned char *other; /* per place: has somebody, but found no room */
};

apr_status_t spk_os_watch_create(spk_os_watch_t **watch, const spk_os_bell_t *bell, int max, apr_pool_t *mem)
{
    spk_os_watch_t *made;

    *watch = NULL;
    if (max < 0 || spk_win32_is_none(bell->wait)) return APR_EINVAL;
    made = spk_mem_zeroed(mem, sizeof *made);
    if (made == NULL) return APR_ENOMEM;
    made->max = max;
    made->handles[0] = spk_win32_handle(bell->wait);
    made->count = 1;
    made->looked = GetTickCount64();
    made->process = spk_mem_zeroed(mem, ((size_t)max + 1) * sizeof *made->process);
    made->fired = spk_mem_zeroed(mem, (size_t)max + 1);
    made->other = spk_mem_zeroed(mem, (size_t)max + 1);
    if (made->process == NULL || made->fired == NULL || made->other == NULL) return APR_ENOMEM;
    *watch = made;
    return APR_SUCCESS;
}

void spk_os_watch_set(spk_os_watch_t *watch, int i, const spk_os_process_t *process)
{
    if (i < 0 || i >= watch->max) return;
    watch->process[i] = NULL;
    if (process != NULL && !process->gone && !spk_win32_is_none(process->process))
        watch->process[i] = spk_win32_handle(process->process);
    watch->fired[i] = 0;
    watch->stale = 1;
}

static void choose(spk_os_watch_t *watch)
{
    watch->count = 1;
    watch->others = 0;
    for (int i = 0; i < watch->max; i++) {
        watch->other[i] = watch->process[i] != NULL && watch->count > WATCHED_MAX;
        watch->others += watch->other[i];
        if (watch->process[i] != NULL && !watch->other[i]) {
            watch->places[watch->count] = i;
            watch->handles[watch->count++] = watch->process[i];
        }
    }
    watch->stale = 0;
}

/* Whom did the wait end for? It names the first only: those behind may have died as well, and with the
 * bell anybody may. So they are looked at from there on, one death at a time: deaths are rare. */
static void mark_watched(spk_os_watch_t *watch, DWORD from)
{
    while (from < watch->count) {
        DWORD left = watch->count - from;
        DWORD which = WaitForMultipleObjects(left, watch->handles + from, FALSE, 0);
        if (which >= WAIT_OBJECT_0 + left) {
            if (which == WAIT_FAILED)
                for (DWORD i = from; i < watch->count; i++) watch->fired[watch->places[i]] = 1;
            return;
        }
        from += which - WAIT_OBJECT_0;
        watch->fired[watch->places[from]] = 1;
        from++;
    }
}

/* Returns 1 if it was time to. */
static int mark_others(spk_os_watch_t *watch)
{
    ULONGLONG now;

    if (watch->others == 0) return 0;
    now = GetTickCount64();
    if (now - watch->looked < LOOK_ROUND_MILLISECONDS) return 0;
    watch->looked = now;
    for (int i = 0; i < watch->max; i++)
        if (watch->other[i]) watch->fired[i] = 1;
    return 1;
}

apr_status_t spk_os_watch_wait(spk_os_watch_t *watch, apr_interval_time_t timeout)
{
    apr_status_t status = APR_SUCCESS;
    DWORD milliseconds = spk_win32_milliseconds(timeout);
    DWORD which;

    if (watch->stale) choose(watch);
    memset(watch->fired, 0, (size_t)watch->max);
    if (watch->others > 0 && milliseconds > LOOK_ROUND_MILLISECONDS) milliseconds = LOOK_ROUND_MILLISECONDS;
    which = WaitForMultipleObjects(watch->count, watch->handles, FALSE, milliseconds);
    if (which == WAIT_FAILED)
        status = spk_win32_error();
    else if (which == WAIT_TIMEOUT)
        status = APR_TIMEUP;
    else
        mark_watched(watch, which == WAIT_OBJECT_0 ? 1 : which - WAIT_OBJECT_0);
    if (mark_others(watch) && status == APR_TIMEUP)
        status = APR_SUCCESS; /* nobody knows yet that nothing happened */
    return status;
}

int spk_os_watch_fired(const spk_os_watch_t *watch, int i)
{
    return i >= 0 && i < watch->max && watch->fired[i];
}
