/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>

#define COUNT 10000

static apr_status_t collatz(spork_task_t *task, const void *in, void *out)
{
    long n = (long)spork_task_index(task) + 1;
    int *steps = out;
    (void)in;
    for (*steps = 0; n != 1; ++*steps) n = n % 2 ? 3 * n + 1 : n / 2;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(collatz), SPORK_END };

int main(int argc, char **argv)
{
    int best = 0, steps[COUNT];
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    if (spork_map(pool, collatz, NULL, 0, steps, sizeof *steps, COUNT, NULL) != APR_SUCCESS) return 1;
    spork_pool_destroy(pool);

    for (int i = 0; i < COUNT; i++)
        if (steps[i] > steps[best]) best = i;
    printf("%d takes %d steps\n", best + 1, steps[best]);
    return 0;
}
