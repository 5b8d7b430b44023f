/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>

/* [task] */
static apr_status_t simulate(spork_task_t *task, const void *in, void *out)
{
    apr_uint32_t x = *(const apr_uint32_t *)in;
    for (int step = 0; step < 1000; step++) {
        for (int i = 0; i < 1000; i++) x = x * 1664525u + 1013904223u;
        spork_task_progress(task, step / 1000.0); /* for items that take long */
    }
    *(apr_uint32_t *)out = x;
    return APR_SUCCESS;
}
/* [end] */

static const spork_entry_t tasks[] = { SPORK_ENTRY(simulate), SPORK_END };

int main(int argc, char **argv)
{
    apr_uint32_t in[8] = { 0, 1, 2, 3, 4, 5, 6, 7 }, out[8];
    spork_config_t config;
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    /* [config] */
    spork_config_init(&config);
    config.progress = 1; /* on stderr, and only if that is a terminal */
    config.progress_label = "simulate";
    if (spork_pool_create(&pool, &config, NULL) != APR_SUCCESS) return 1;
    /* [end] */
    if (spork_map(pool, simulate, in, sizeof *in, out, sizeof *out, 8, NULL) != APR_SUCCESS) return 1;
    printf("%lu\n", (unsigned long)out[7]);
    spork_pool_destroy(pool);
    return 0;
}
