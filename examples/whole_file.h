/*
 * A file, read whole.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WHOLE_FILE_H
#define WHOLE_FILE_H

#include <apr_file_info.h>
#include <stddef.h>

typedef struct {
    apr_finfo_t info;    /* size, mtime, protection as they were when it was opened */
    unsigned char *data; /* NULL, or to be freed by free() */
    size_t size;
} whole_file_t;

/* *opened says whether a failure came before or after that. APR_EGENERAL: it has more than `most` bytes, info.size. */
apr_status_t whole_file_read(whole_file_t *whole, const char *path, apr_uint64_t most, int *opened,
                             apr_pool_t *mem);

#endif
