/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>

/* [trap] */
static int factor; /* set in main(): wrong, see below */

static apr_status_t scale(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(int *)out = factor * *(const int *)in;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(scale), SPORK_END };

int main(int argc, char **argv)
{
    int in = 6, out;
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    factor = 7; /* a worker that was started anew never came here */
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    if (spork_map(pool, scale, &in, sizeof in, &out, sizeof out, 1, NULL) != APR_SUCCESS) return 1;
    printf("%d\n", out);
    /* [end] */
    spork_pool_destroy(pool);
    return 0;
}
