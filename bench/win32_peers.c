/*
 * On Windows there is no fork(): the peers made of it say so. The clock is real.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "peers.h"

#include <windows.h>

apr_uint64_t peer_clock(void)
{
    LARGE_INTEGER ticks, frequency;
    QueryPerformanceFrequency(&frequency);
    QueryPerformanceCounter(&ticks);
    const apr_uint64_t whole = (apr_uint64_t)(ticks.QuadPart / frequency.QuadPart);
    const apr_uint64_t rest = (apr_uint64_t)(ticks.QuadPart % frequency.QuadPart);
    return whole * 1000000000u + rest * 1000000000u / (apr_uint64_t)frequency.QuadPart;
}

apr_status_t peer_cursor_create(peer_t **peer, int workers, apr_size_t items, apr_pool_t *mem)
{
    (void)workers;
    (void)items;
    (void)mem;
    *peer = NULL;
    return APR_ENOTIMPL;
}

apr_uint64_t *peer_cursor_in(peer_t *peer)
{
    (void)peer;
    return NULL;
}

apr_uint64_t *peer_cursor_out(peer_t *peer)
{
    (void)peer;
    return NULL;
}

apr_status_t peer_cursor_run(peer_t *peer, apr_size_t items, apr_size_t chunk)
{
    (void)peer;
    (void)items;
    (void)chunk;
    return APR_ENOTIMPL;
}

apr_status_t peer_pipe_create(peer_t **peer, int workers, apr_pool_t *mem)
{
    (void)workers;
    (void)mem;
    *peer = NULL;
    return APR_ENOTIMPL;
}

apr_status_t peer_pipe_run(peer_t *peer, const apr_uint64_t *in, apr_uint64_t *out, apr_size_t items)
{
    (void)peer;
    (void)in;
    (void)out;
    (void)items;
    return APR_ENOTIMPL;
}
