/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>

/* [header] */
static apr_status_t square(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(long *)out = *(const long *)in * *(const long *)in;
    return APR_SUCCESS;
}
static const spork_entry_t tasks[] = { SPORK_ENTRY(square), SPORK_END };

int main(int argc, char **argv)
{
    long in[] = { 1, 2, 3 }, out[3];
    spork_pool_t *pool;
    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1; // a worker never returns
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    if (spork_map(pool, square, in, sizeof *in, out, sizeof *out, 3, NULL) != APR_SUCCESS) return 1;
    return spork_pool_close(pool) != APR_SUCCESS;
}
/* [end] */
