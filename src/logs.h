/*
 * The logs of a pool, or of a directory, as the parent has to do with them.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_LOGS_H
#define SPK_LOGS_H

#include "spork.h"

/* ---- logs_merge.c ---- */

/* APR_EINVAL if logs of `dir` cannot be merged into `out`: it is one of them, or would be at the next time, or is no file. Both
 * are absolute. */
apr_status_t spk_logs_check_out(const char *caller, const char *dir, const char *out, apr_pool_t *scratch);
/* spork_logs_merge() for a caller of another name. */
apr_status_t spk_logs_merge(const char *caller, const char *dir, const char *out, apr_pool_t *parent);

/* ---- logs_list.c ---- */

typedef struct {
    const char *path;
    apr_off_t end; /* what was there when the list was made; later records are not looked at */
} spk_logs_file_t;

typedef struct {
    spk_logs_file_t *files; /* malloc()ed; sorted by name */
    apr_size_t n, room;
} spk_logs_list_t;

/* The logs in a directory; names in mem. A log that is the file `out` (NULL: none) is APR_EINVAL. To be freed after a
 * failure, too. */
apr_status_t spk_logs_list(spk_logs_list_t *list, const char *caller, const char *dir, const char *out,
                           apr_pool_t *mem);
void spk_logs_list_free(spk_logs_list_t *list);

#endif
