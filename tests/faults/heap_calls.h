/*
 * In front of the library's sources: memory, of the C library and of APR, and what else of APR can fail.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_HEAP_CALLS_H
#define TEST_HEAP_CALLS_H

#include <apr_allocator.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"

#define malloc(size) fault_malloc(size)
#define calloc(n, size) fault_calloc(n, size)
#define realloc(block, size) fault_realloc(block, size)
#define free(block) fault_free(block)

#define apr_palloc(pool, size) FAULT(apr_palloc, (pool, size), fault_no_memory(pool), ENOMEM)
#define apr_pool_create_ex(made, parent, abort_function, allocator)      \
    FAULT(apr_pool_create_ex, (made, parent, abort_function, allocator), \
          (*(made) = NULL, fault_no_pool(parent, abort_function)), ENOMEM)
#define apr_initialize() FAULT(apr_initialize, (), APR_ENOMEM, ENOMEM)
#define apr_generate_random_bytes(...) FAULT(apr_generate_random_bytes, (__VA_ARGS__), APR_EGENERAL, EIO)
#define apr_thread_mutex_lock(...) FAULT(apr_thread_mutex_lock, (__VA_ARGS__), APR_EGENERAL, EINVAL)

#endif
