/*
 * OpenMP beside spork: threads of one process, no isolation, the price to look up to.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "peers.h"

#include <limits.h>

apr_status_t peer_openmp_run(int workers, const apr_uint64_t *in, apr_uint64_t *out, apr_size_t items,
                             apr_size_t chunk)
{
#ifdef _OPENMP
    const peer_item_t item = peer_item();
    const long long count = (long long)items; /* signed: MSVC's OpenMP 2.0 knows no other loops */
    const int size = chunk < INT_MAX ? (int)chunk : INT_MAX;
    long long i;
#pragma omp parallel for num_threads(workers) schedule(dynamic, size)
    for (i = 0; i < count; i++) item(&in[i], &out[i]);
    return APR_SUCCESS;
#else
    (void)workers;
    (void)in;
    (void)out;
    (void)items;
    (void)chunk;
    return APR_ENOTIMPL;
#endif
}
