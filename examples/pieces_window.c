/*
 * Large files in pieces: the worker's side, see pieces.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pieces.h"

#include <apr_strings.h>
#include <string.h>

#define STEP 262144   /* bytes that are read at once: they fit a processor's second cache */
#define STEP_END 8192 /* behind the piece's end, where only the rest of one record is wanted */
#define KEPT 65536    /* what of one step may be kept for the next without growing */

static apr_status_t say(spork_task_t *task, const char *what, apr_status_t status)
{
    char words[128];
    spork_fail(task, "cannot %s: %s", what, apr_strerror(status, words, sizeof words));
    return status;
}

/* Room for at least one more step behind what is kept. */
static apr_status_t make_room(window_t *window, spork_task_t *task)
{
    if (window->size >= WINDOW_MAX) return APR_ENOSPC;
    if (window->room - window->size >= STEP || window->room == WINDOW_MAX) return APR_SUCCESS;
    const apr_size_t twice = 2 * window->room + STEP, room = twice < WINDOW_MAX ? twice : WINDOW_MAX;
    char *bytes = apr_palloc(window->mem, room + 1);
    if (bytes == NULL) return say(task, "read", APR_ENOMEM);
    memcpy(bytes, window->bytes, window->size);
    window->bytes = bytes;
    window->room = room;
    return APR_SUCCESS;
}

static apr_status_t read_step(window_t *window, spork_task_t *task)
{
    const apr_uint64_t from = window->at + window->size;
    apr_uint64_t step = from < window->end ? window->end - from + STEP_END : STEP_END;
    apr_size_t got;

    if (step > STEP) step = STEP;
    /* Whoever needs more of a long record looks at it from its start again: by doubling, seldom. */
    if (step < window->size) step = window->size;
    if (step > window->room - window->size) step = window->room - window->size;
    if (step > window->limit - from) step = window->limit - from;
    const apr_status_t status =
        apr_file_read_full(window->file, window->bytes + window->size, (apr_size_t)step, &got);
    if (status == APR_EOF) {
        spork_fail(task, "has become shorter while it was read");
        return APR_EGENERAL;
    }
    if (status != APR_SUCCESS) return say(task, "read", status);
    window->size += got;
    window->bytes[window->size] = '\n';
    return APR_SUCCESS;
}

apr_status_t window_open(window_t *window, spork_task_t *task, const char *path, apr_uint64_t at,
                         const piece_t *piece)
{
    apr_off_t where = (apr_off_t)at;
    apr_status_t status;

    memset(window, 0, sizeof *window);
    window->mem = spork_task_pool(task);
    window->at = at;
    window->end = piece->end;
    window->limit = piece->limit;
    window->room = STEP + KEPT;
    window->bytes = apr_palloc(window->mem, window->room + 1);
    if (window->bytes == NULL) return say(task, "read", APR_ENOMEM);
    status = apr_file_open(&window->file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT,
                           window->mem);
    if (status != APR_SUCCESS) return say(task, "open", status);
    status = apr_file_seek(window->file, APR_SET, &where);
    return status == APR_SUCCESS ? read_step(window, task) : say(task, "read", status);
}

apr_status_t window_move(window_t *window, spork_task_t *task, apr_size_t used)
{
    memmove(window->bytes, window->bytes + used, window->size - used);
    window->at += used;
    window->size -= used;
    const apr_status_t status = make_room(window, task);
    return status == APR_SUCCESS ? read_step(window, task) : status;
}

int window_is_last(const window_t *window)
{
    return window->at + window->size >= window->limit;
}

void window_close(window_t *window)
{
    if (window->file) apr_file_close(window->file);
    window->file = NULL;
}
