/*
 * The smallest program, as a user writes it; check.sh builds it against an installed spork.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <spork.h>
#include <stdio.h>

static apr_status_t heavy_sum(spork_task_t *task, const void *in, void *out)
{
    apr_uint64_t n = *(const apr_uint64_t *)in, s = 0;
    (void)task;
    for (apr_uint64_t i = 0; i < n; i++) s += i * i;
    *(apr_uint64_t *)out = s;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(heavy_sum), SPORK_END };

int main(int argc, char **argv)
{
    spork_init(&argc, &argv, tasks); /* a worker never returns from this line */

    apr_uint64_t in[] = { 1000000, 2000000, 3000000, 4000000 }, out[4];
    spork_pool_t *pool;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    if (spork_map(pool, heavy_sum, in, sizeof *in, out, sizeof *out, 4, NULL) != APR_SUCCESS) return 1;
    for (int i = 0; i < 4; i++) printf("%" APR_UINT64_T_FMT "\n", out[i]);
    return spork_pool_close(pool) != APR_SUCCESS;
}
