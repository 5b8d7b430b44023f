/*
 * The logs of a pool: where they go, found out before a worker is started; and their merge when it is closed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "logs.h"

#include "error.h"
#include "mem.h"
#include "pool.h"
#include "role.h"
#include <apr_file_info.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <string.h>

/* Absolute: the host may go to another directory before the last worker is started, or the pool closed. APR's functions for
 * paths and files look at no allocation; what they take of a new pool for a path of the usual length is in
 * its first block, which is there. */
static apr_status_t make_absolute(const char **path, const char *field, apr_pool_t *mem, apr_pool_t *scratch)
{
    char *merged = NULL;
    apr_status_t status = apr_filepath_merge(&merged, NULL, *path, 0, scratch);
    const char *copy = NULL;

    if (status == APR_SUCCESS) {
        copy = spk_mem_copy(mem, merged, strlen(merged) + 1);
        if (copy == NULL) status = APR_ENOMEM;
    }
    if (status != APR_SUCCESS)
        return spk_error_os(status, "spork_pool_create: config.%s, %.300s", field, *path);
    *path = copy;
    return APR_SUCCESS;
}

/* What cannot be written later, by a worker or when the pool is closed, is better known now. */
static apr_status_t try_to_write(const char *prefix, const char *parted, apr_pool_t *scratch)
{
    apr_size_t room = strlen(prefix) + 40;
    char *path = apr_palloc(scratch, room);
    apr_file_t *file;
    apr_status_t status;

    if (path == NULL) return APR_ENOMEM;
    (void)apr_snprintf(path, room, "%s%s%" APR_INT64_T_FMT ".probe", prefix, parted,
                       (apr_int64_t)spk_os_pid());
    status = apr_file_open(&file, path, APR_FOPEN_WRITE | APR_FOPEN_CREATE, APR_FPROT_OS_DEFAULT, scratch);
    if (status != APR_SUCCESS) return status;
    (void)apr_file_close(file);
    (void)apr_file_remove(path, scratch);
    return APR_SUCCESS;
}

static apr_status_t prepare_directory(spork_pool_t *pool, apr_pool_t *scratch)
{
    const char *dir = pool->config.log_dir, *name = spk_role_program();
    size_t length = strlen(dir);
    apr_status_t status;

    if (length + strlen(name) + 3 > SPK_LOG_PREFIX_MAX)
        return spk_error(APR_EINVAL,
                         "spork_pool_create: config.log_dir is too long, %" APR_SIZE_T_FMT " bytes", length);
    (void)apr_snprintf(pool->log_setup->prefix, SPK_LOG_PREFIX_MAX, "%s%s%s_", dir,
                       dir[length - 1] == '/' ? "" : "/", name);
    status = apr_dir_make_recursive(dir, APR_FPROT_OS_DEFAULT, scratch);
    if (status == APR_SUCCESS) status = try_to_write(pool->log_setup->prefix, "", scratch);
    if (status != APR_SUCCESS)
        return spk_error_os(status, "spork_pool_create: no logs can be written to config.log_dir, %.300s",
                            dir);
    return APR_SUCCESS;
}

/* It may lie in log_dir, which is there by now. */
static apr_status_t prepare_merge(spork_pool_t *pool, apr_pool_t *scratch)
{
    const char *out = pool->config.log_merge;
    apr_status_t status = spk_logs_check_out("spork_pool_create", pool->config.log_dir, out, scratch);

    if (status != APR_SUCCESS) return status;
    status = try_to_write(out, ".", scratch);
    if (status != APR_SUCCESS)
        return spk_error_os(status, "spork_pool_create: config.log_merge, %.300s, cannot be written", out);
    return APR_SUCCESS;
}

static apr_status_t prepare(spork_pool_t *pool, apr_pool_t *scratch)
{
    apr_status_t status = make_absolute(&pool->config.log_dir, "log_dir", pool->mem, scratch);

    if (status == APR_SUCCESS && pool->config.log_merge != NULL)
        status = make_absolute(&pool->config.log_merge, "log_merge", pool->mem, scratch);
    if (status == APR_SUCCESS) status = prepare_directory(pool, scratch);
    if (status == APR_SUCCESS && pool->config.log_merge != NULL) status = prepare_merge(pool, scratch);
    return status;
}

apr_status_t spk_logs_prepare(spork_pool_t *pool)
{
    apr_pool_t *scratch;
    apr_status_t status;

    if (pool->config.log_dir == NULL) return APR_SUCCESS;
    pool->log_setup = spk_mem_zeroed(pool->mem, sizeof *pool->log_setup);
    if (pool->log_setup == NULL || spk_mem_create(&scratch, NULL) != APR_SUCCESS)
        return spk_error(APR_ENOMEM, "spork_pool_create: no memory for logs");
    pool->log_setup->epoch = spk_log_epoch();
    pool->log_setup->level =
        pool->config.log_level != 0 ? (uint32_t)pool->config.log_level : (uint32_t)SPORK_LOG_INFO;
    pool->log_setup->output = pool->n > 0 && pool->config.log_output; /* INLINE: the streams are the host's */
    status = prepare(pool, scratch);
    apr_pool_destroy(scratch);
    if (status == APR_SUCCESS && pool->n == 0) spk_log_open(&pool->log, pool->log_setup, 0, &pool->log_lost);
    return status;
}

apr_status_t spk_logs_finish(spork_pool_t *pool)
{
    if (pool->config.log_dir == NULL || pool->config.log_merge == NULL) return APR_SUCCESS;
    return spk_logs_merge("spork_pool_close", pool->config.log_dir, pool->config.log_merge, NULL);
}

apr_uint64_t spork_logs_lost(const spork_pool_t *pool)
{
    apr_uint64_t lost;
    int m;

    if (pool == NULL) return 0;
    lost = atomic_load_explicit(&pool->log_lost, memory_order_relaxed);
    for (m = 0; m < pool->n; m++)
        lost += atomic_load_explicit(&pool->members[m].seat->log_lost, memory_order_relaxed);
    return lost;
}
