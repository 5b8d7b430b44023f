/*
 * A file, read whole, see whole_file.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "whole_file.h"

#include <apr_file_io.h>
#include <stdlib.h>

static apr_status_t read_open(whole_file_t *whole, apr_file_t *file, apr_uint64_t most)
{
    apr_status_t status = apr_file_info_get(
        &whole->info, APR_FINFO_SIZE | APR_FINFO_MTIME | APR_FINFO_TYPE | APR_FINFO_PROT, file);

    if (status == APR_INCOMPLETE) status = APR_SUCCESS; /* Windows knows no protection */
    if (status != APR_SUCCESS) return status;
    if ((apr_uint64_t)whole->info.size > most) return APR_EGENERAL;
    whole->size = (size_t)whole->info.size;
    whole->data = malloc(whole->size + 1);
    if (whole->data == NULL) return APR_ENOMEM;
    status = apr_file_read_full(file, whole->data, whole->size, &whole->size);
    return APR_STATUS_IS_EOF(status) ? APR_SUCCESS : status; /* it has become shorter */
}

apr_status_t whole_file_read(whole_file_t *whole, const char *path, apr_uint64_t most, int *opened,
                             apr_pool_t *mem)
{
    apr_file_t *file;
    apr_status_t status =
        apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, mem);

    whole->data = NULL;
    whole->size = 0;
    *opened = status == APR_SUCCESS;
    if (!*opened) return status;
    status = read_open(whole, file, most);
    (void)apr_file_close(file);
    return status;
}
