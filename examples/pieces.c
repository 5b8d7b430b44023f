/*
 * Large files in pieces: the parent's side, see pieces.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "ctrl_c.h"
#include "pieces.h"

#include <apr_file_info.h>
#include <apr_strings.h>
#include <string.h>

#define PIECE_MIN ((apr_uint64_t)64 << 10)
#define PIECE_MAX ((apr_uint64_t)16 << 20)
#define PIECES 256        /* of a file of usual size: enough that no worker is left with a large last one */
#define AHEAD 4           /* pieces on their way, for each worker */
#define BLOCK_SIZE 262144 /* for counting lines */

apr_status_t pieces_measure(const char *path, apr_uint64_t *size, const char **words, apr_pool_t *mem)
{
    apr_finfo_t info;
    apr_status_t status = apr_stat(&info, path, APR_FINFO_TYPE | APR_FINFO_SIZE, mem);
    if (status != APR_SUCCESS && status != APR_INCOMPLETE) {
        char buffer[128];
        *words = apr_pstrdup(mem, apr_strerror(status, buffer, sizeof buffer));
        return status;
    }
    if (info.filetype != APR_REG) {
        *words = info.filetype == APR_DIR ? "is a folder" : "is no regular file: it cannot be read in pieces";
        return APR_EINVAL;
    }
    *size = (apr_uint64_t)info.size;
    return APR_SUCCESS;
}

apr_uint64_t pieces_size(apr_uint64_t file_size)
{
    const apr_uint64_t size = file_size / PIECES;
    return size < PIECE_MIN ? PIECE_MIN : size > PIECE_MAX ? PIECE_MAX : size;
}

apr_uint64_t pieces_line(const char *path, apr_uint64_t offset, apr_pool_t *mem)
{
    char *block = apr_palloc(mem, BLOCK_SIZE);
    apr_uint64_t line = 1;
    apr_file_t *file;

    if (apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, mem)) return 0;
    while (offset > 0) {
        apr_size_t size = offset < BLOCK_SIZE ? (apr_size_t)offset : BLOCK_SIZE;
        if (apr_file_read_full(file, block, size, &size) != APR_SUCCESS) {
            line = 0;
            break;
        }
        offset -= size;
        for (apr_size_t i = 0; i < size; i++) line += block[i] == '\n';
    }
    apr_file_close(file);
    return line;
}

typedef struct {
    spork_pool_t *pool;
    const pieces_t *pieces;
    spork_future_t **futures; /* a ring of `ahead` */
    apr_size_t ahead;
    apr_size_t first, behind; /* those that are on their way */
    int all;                  /* were handed out */
} way_t;

static apr_status_t hand_out(way_t *way)
{
    apr_status_t status = APR_SUCCESS;
    while (status == APR_SUCCESS && !way->all && way->behind - way->first < way->ahead) {
        apr_size_t size;
        const void *in = way->pieces->next(way->pieces->baton, &size);
        if (in == NULL) {
            way->all = 1;
        } else {
            status =
                spork_submit(&way->futures[way->behind % way->ahead], way->pool, way->pieces->task, in, size);
            if (status == APR_SUCCESS) way->behind++;
        }
    }
    return status;
}

apr_status_t pieces_run(spork_pool_t *pool, const pieces_t *pieces)
{
    const int workers = spork_pool_workers(pool);
    way_t way = { pool, pieces, NULL, AHEAD * (apr_size_t)(workers > 0 ? workers : 1), 0, 0, 0 };
    apr_pool_t *mem;
    apr_status_t status = apr_pool_create(&mem, NULL);

    if (status != APR_SUCCESS) return status;
    spork_progress_total(pool, pieces->count);
    way.futures = apr_pcalloc(mem, way.ahead * sizeof(spork_future_t *));
    for (;;) {
        status = hand_out(&way);
        if (status != APR_SUCCESS || way.first == way.behind || ctrl_c_came()) break;
        spork_future_t *future = way.futures[way.first % way.ahead];
        status = spork_future_wait(future, -1);
        if (status == APR_SUCCESS) status = pieces->take(pieces->baton, spork_future_outcome(future));
        if (status != APR_SUCCESS) break;
        spork_future_destroy(future);
        way.first++;
    }
    for (; way.first < way.behind; way.first++) spork_future_destroy(way.futures[way.first % way.ahead]);
    spork_progress_clear(pool);
    apr_pool_destroy(mem);
    return status;
}
