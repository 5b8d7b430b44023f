/*
 * The parent's waiting: poll() over its bell and one descriptor for each worker: the pidfd, which fires
 * exactly when it is dead; or the line, which breaks a moment before, and also when a worker that lives
 * has closed all its descriptors. A place whose line broke is therefore looked at again and again, but
 * less and less often; and since a worker's own children may hold the line, after a time-out every
 * such place is worth a look.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "posix.h"

#include "../mem.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

#define SUSPECT_FIRST 1000 /* microseconds */
#define SUSPECT_MOST 100000

typedef struct {
    int is_line;
    int fired;
    apr_interval_time_t suspect; /* its line broke: look again after so long; 0: it did not */
} place_t;

struct spk_os_watch_t {
    spk_os_bell_t bell;
    int max;
    struct pollfd *fds; /* the places', then the bell's */
    place_t *places;
};

apr_status_t spk_os_watch_create(spk_os_watch_t **watch, const spk_os_bell_t *bell, int max, apr_pool_t *mem)
{
    spk_os_watch_t *made;
    size_t places;
    int i;

    *watch = NULL;
    if (max < 0) return APR_EINVAL;
    places = (size_t)max + 1;
    made = spk_mem_zeroed(mem, sizeof *made);
    if (made == NULL) return APR_ENOMEM;
    made->bell = *bell;
    made->max = max;
    made->fds = spk_mem_zeroed(mem, places * sizeof *made->fds);
    made->places = spk_mem_zeroed(mem, places * sizeof *made->places);
    if (made->fds == NULL || made->places == NULL) return APR_ENOMEM;
    for (i = 0; i < max; i++) made->fds[i].fd = -1;
    for (i = 0; i <= max; i++) made->fds[i].events = POLLIN;
    made->fds[max].fd = spk_posix_fd(bell->wait);
    *watch = made;
    return APR_SUCCESS;
}

void spk_os_watch_set(spk_os_watch_t *watch, int i, const spk_os_process_t *process)
{
    place_t *place = &watch->places[i];

    place->fired = 0;
    place->suspect = 0;
    place->is_line = process != NULL && process->process.v < 0;
    watch->fds[i].fd = -1;
    watch->fds[i].revents = 0;
    if (process != NULL) watch->fds[i].fd = spk_posix_fd(place->is_line ? process->line : process->process);
}

/* The sooner of the time-out and the next look at a suspect. */
static apr_interval_time_t patience(const spk_os_watch_t *watch, apr_interval_time_t timeout)
{
    apr_interval_time_t soonest = timeout;
    int i;

    for (i = 0; i < watch->max; i++) {
        if (watch->places[i].suspect > 0 && (soonest < 0 || watch->places[i].suspect < soonest)) {
            soonest = watch->places[i].suspect;
        }
    }
    return soonest;
}

/* poll(), rounded up to milliseconds, begun again after a signal; 0 when the time is over. */
static int poll_for(spk_os_watch_t *watch, apr_interval_time_t timeout)
{
    uint64_t start = timeout > 0 ? spk_os_clock() : 0, wanted = timeout > 0 ? (uint64_t)timeout : 0;
    uint64_t passed = 0, ms;
    int n;

    do {
        ms = passed < wanted ? (wanted - passed + 999) / 1000 : 0;
        n = poll(watch->fds, (nfds_t)watch->max + 1, timeout < 0 ? -1 : ms > INT_MAX ? INT_MAX : (int)ms);
        if (n == -1 && timeout > 0) passed = (spk_os_clock() - start) / 1000;
    } while (n == -1 && errno == EINTR);
    return n;
}

/* Returns 1 if this place is a reason to end the wait. */
static int judge(spk_os_watch_t *watch, int i, int time_is_up)
{
    place_t *place = &watch->places[i];
    struct pollfd *fd = &watch->fds[i];
    int has_fired = fd->fd >= 0 && fd->revents != 0;

    place->fired = has_fired;
    if (place->suspect > 0) {
        place->fired = 1;
        if (time_is_up && place->suspect < SUSPECT_MOST) place->suspect *= 2;
        has_fired = time_is_up;
    } else if (has_fired && place->is_line) {
        place->suspect = SUSPECT_FIRST;
        fd->fd = -1;
    }
    return has_fired;
}

apr_status_t spk_os_watch_wait(spk_os_watch_t *watch, apr_interval_time_t timeout)
{
    apr_interval_time_t shorter = patience(watch, timeout);
    int i, n = poll_for(watch, shorter), something;

    if (n == -1) return spk_posix_error();
    something = (watch->fds[watch->max].revents & POLLIN) != 0;
    if (something) spk_posix_bell_drain(&watch->bell);
    for (i = 0; i < watch->max; i++) something |= judge(watch, i, n == 0);
    if (n == 0) {
        for (i = 0; i < watch->max; i++) watch->places[i].fired |= watch->places[i].is_line;
    }
    return something ? APR_SUCCESS : APR_TIMEUP;
}

int spk_os_watch_fired(const spk_os_watch_t *watch, int i)
{
    return watch->places[i].fired;
}
