/* SPDX-License-Identifier: Apache-2.0 */

#include <math.h>
#include <spork.h>
#include <stdio.h>

/* [task] */
static apr_status_t root(spork_task_t *task, const void *in, void *out)
{
    const double x = *(const double *)in;
    if (x < 0) {
        spork_fail(task, "%g is negative", x);
        return APR_EINVAL;
    }
    *(double *)out = sqrt(x);
    return APR_SUCCESS;
}
/* [end] */

static const spork_entry_t tasks[] = { SPORK_ENTRY(root), SPORK_END };

int main(int argc, char **argv)
{
    double in[] = { 4, 9, -16, 25 }, out[4];
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    /* [map] */
    spork_map_t map = { 0 };
    apr_status_t status = spork_map(pool, root, in, sizeof *in, out, sizeof *out, 4, &map);
    if (status != APR_SUCCESS && status != SPORK_EFAILED) return 1; /* spork_error() says why */

    apr_size_t failure = 0; /* they come in the order of the items */
    for (apr_size_t i = 0; i < 4; i++)
        if (failure < map.n_failures && map.failures[failure].index == i)
            printf("item %d failed: %s\n", (int)i, map.failures[failure++].message);
        else
            printf("item %d: %g\n", (int)i, out[i]);
    /* [end] */
    spork_pool_destroy(pool);
    return 0;
}
