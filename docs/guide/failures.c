/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>
#include <stdlib.h>

/* [task] */
static apr_status_t try_it(spork_task_t *task, const void *in, void *out)
{
    static volatile int for_ever = 1;
    switch (*(const int *)in) {
    case 1: spork_fail(task, "no such colour: blue"); return APR_EINVAL;
    case 2: abort();
    case 3: exit(0);
    case 4:
        while (for_ever) continue;
        break;
    default: *(int *)out = 42; break;
    }
    return APR_SUCCESS;
}
/* [end] */

static const spork_entry_t tasks[] = { SPORK_ENTRY(try_it), SPORK_END };

int main(int argc, char **argv)
{
    int in[] = { 0, 1, 2, 3, 4, 0 }, out[6];
    spork_config_t config;
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    /* [config] */
    spork_config_init(&config);
    config.timeout = 3 * APR_USEC_PER_SEC;       /* an item's, from its own start */
    config.memory_limit = (apr_size_t)256 << 20; /* a worker's */
    config.retries = 1;                          /* once more, what died or overran */
    if (spork_pool_create(&pool, &config, NULL) != APR_SUCCESS) return 1;

    spork_map_t map = { 0 };
    if (spork_map(pool, try_it, in, sizeof *in, out, sizeof *out, 6, &map) != SPORK_EFAILED) return 1;
    for (apr_size_t i = 0; i < map.n_failures; i++) {
        const spork_outcome_t *failure = &map.failures[i];
        char words[120];
        printf("item %d, tried %d times: %s\n", (int)failure->index, failure->attempts,
               failure->message[0] ? failure->message : spork_strerror(failure->status, words, sizeof words));
    }
    printf("the others: %d %d\n", out[0], out[5]);
    /* [end] */
    spork_pool_destroy(pool);
    return 0;
}
