/*
 * All files below a folder.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef FOLDER_WALK_H
#define FOLDER_WALK_H

#include <apr_tables.h>

/* Adds to `files` (of const char *, in the pool of which all is allocated) the path of each file below `top` of which
 * `wanted` says so, relative to it, in the order of the paths' bytes: the same on every system. Links to folders are left
 * alone: they may go in circles. So is the folder `except` with all below it, however it is called; it need not be there, and may be NULL.
 * `failed` is told of what cannot be read. */
void folder_walk(apr_array_header_t *files, const char *top, const char *except,
                 int (*wanted)(const char *name),
                 void (*failed)(void *baton, const char *path, apr_status_t status), void *baton);

/* Are both there, and the same folder? Names do not tell: of links, of "a" and "./a/", of capitals on Windows. */
int folder_is_same(const char *one, const char *other, apr_pool_t *mem);

#endif
