/*
 * In front of the library's sources: memory, of the C library and of APR, and what else of APR can fail.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_HEAP_CALLS_H
#define TEST_HEAP_CALLS_H

#include <apr_allocator.h>
#include <apr_env.h>
#include <apr_file_info.h>
#include <apr_file_io.h>
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
#define apr_env_get(...) FAULT(apr_env_get, (__VA_ARGS__), APR_ENOENT, ENOENT)
#define apr_file_open(...) \
    FAULT(apr_file_open, (__VA_ARGS__), APR_FROM_OS_ERROR(fault_error()), FAULT_NO_FILE)
#define apr_file_seek(...) FAULT(apr_file_seek, (__VA_ARGS__), APR_EGENERAL, EIO)
#define apr_file_write_full(...) FAULT(apr_file_write_full, (__VA_ARGS__), APR_ENOSPC, EIO)
#define apr_file_trunc(...) FAULT(apr_file_trunc, (__VA_ARGS__), APR_EGENERAL, EIO)
#define apr_thread_mutex_lock(...) FAULT(apr_thread_mutex_lock, (__VA_ARGS__), APR_EGENERAL, EINVAL)

/* ---- logs ---- */
#define vsnprintf(...) FAULT(vsnprintf, (__VA_ARGS__), -1, ENOMEM)
#define apr_filepath_merge(...) FAULT(apr_filepath_merge, (__VA_ARGS__), APR_EGENERAL, EIO)
#define apr_dir_make_recursive(...) FAULT(apr_dir_make_recursive, (__VA_ARGS__), APR_EGENERAL, EIO)
#define apr_dir_open(...) FAULT(apr_dir_open, (__VA_ARGS__), APR_EGENERAL, EIO)
#define apr_dir_read(...) FAULT(apr_dir_read, (__VA_ARGS__), APR_EGENERAL, EIO)
#define apr_stat(...) FAULT(apr_stat, (__VA_ARGS__), APR_EGENERAL, EIO)
#define apr_file_info_get(...) FAULT(apr_file_info_get, (__VA_ARGS__), APR_EGENERAL, EIO)
#define apr_file_read_full(...) FAULT(apr_file_read_full, (__VA_ARGS__), APR_EGENERAL, EIO)
#define apr_file_sync(...) FAULT(apr_file_sync, (__VA_ARGS__), APR_EGENERAL, ENOSPC)
#define apr_file_close(...) FAULT(apr_file_close, (__VA_ARGS__), APR_EGENERAL, ENOSPC)
#define apr_file_rename(...) FAULT(apr_file_rename, (__VA_ARGS__), APR_EGENERAL, EIO)
#define apr_file_remove(...) FAULT(apr_file_remove, (__VA_ARGS__), APR_EGENERAL, EIO)

/* ---- journals ---- */
#define apr_file_lock(...) FAULT(apr_file_lock, (__VA_ARGS__), APR_EGENERAL, EIO)
#define apr_file_datasync(...) FAULT(apr_file_datasync, (__VA_ARGS__), APR_EGENERAL, EIO)

#endif
