/*
 * Atomic operations on words of shared memory, for hosts and tasks. Those of C11, which need no lock (APR's may take
 * one, of the process: of no use between two).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "spork.h"

#include <stdatomic.h>

/* A lock would be a process's own (C11 7.17.5), and a plain word could not be reached as an atomic one. */
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2,
               "spork needs lock-free 32 and 64 bit atomics");
_Static_assert(sizeof(_Atomic apr_uint32_t) == sizeof(apr_uint32_t), "an atomic word is a word");
_Static_assert(sizeof(_Atomic apr_uint64_t) == sizeof(apr_uint64_t), "an atomic word is a word");

typedef _Atomic apr_uint32_t word32_t;
typedef _Atomic apr_uint64_t word64_t;

apr_uint32_t spork_atomic_load32(const apr_uint32_t *at)
{
    return atomic_load((const word32_t *)at);
}

void spork_atomic_store32(apr_uint32_t *at, apr_uint32_t value)
{
    atomic_store((word32_t *)at, value);
}

apr_uint32_t spork_atomic_exchange32(apr_uint32_t *at, apr_uint32_t value)
{
    return atomic_exchange((word32_t *)at, value);
}

apr_uint32_t spork_atomic_add32(apr_uint32_t *at, apr_uint32_t n)
{
    return atomic_fetch_add((word32_t *)at, n);
}

int spork_atomic_cas32(apr_uint32_t *at, apr_uint32_t *expected, apr_uint32_t desired)
{
    return atomic_compare_exchange_strong((word32_t *)at, expected, desired);
}

apr_uint64_t spork_atomic_load64(const apr_uint64_t *at)
{
    return atomic_load((const word64_t *)at);
}

void spork_atomic_store64(apr_uint64_t *at, apr_uint64_t value)
{
    atomic_store((word64_t *)at, value);
}

apr_uint64_t spork_atomic_exchange64(apr_uint64_t *at, apr_uint64_t value)
{
    return atomic_exchange((word64_t *)at, value);
}

apr_uint64_t spork_atomic_add64(apr_uint64_t *at, apr_uint64_t n)
{
    return atomic_fetch_add((word64_t *)at, n);
}

int spork_atomic_cas64(apr_uint64_t *at, apr_uint64_t *expected, apr_uint64_t desired)
{
    return atomic_compare_exchange_strong((word64_t *)at, expected, desired);
}
