/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>

/* ---- a library ---- */

static apr_status_t triple(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(int *)out = 3 * *(const int *)in;
    return APR_SUCCESS;
}

/* [register] */
static const spork_entry_t library_tasks[] = { SPORK_ENTRY(triple), SPORK_END };

/* The library's users call this before spork_init(). */
static apr_status_t library_register(void)
{
    return spork_register(library_tasks);
}
/* [end] */

/* ---- its user ---- */

/* [no arguments] */
int main(void)
{
    if (library_register() != APR_SUCCESS) return 1;
    if (spork_init(NULL, NULL, NULL) != APR_SUCCESS) return 1; /* no argc, no argv, no tasks of its own */
    /* [end] */

    int in[] = { 1, 2, 3 }, out[3];
    spork_pool_t *pool;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    if (spork_map(pool, triple, in, sizeof *in, out, sizeof *out, 3, NULL) != APR_SUCCESS) return 1;
    printf("%d %d %d\n", out[0], out[1], out[2]);
    spork_pool_destroy(pool);
    return 0;
}
