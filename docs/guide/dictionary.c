/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>

/* [task] */
static apr_status_t count_word(spork_task_t *task, const void *in, void *out)
{
    spork_dict_t *counts;
    apr_status_t status = spork_dict_open(&counts, task, "counts");
    (void)out;
    if (status == APR_SUCCESS) status = spork_dict_add(counts, in, 1, NULL); /* one step, for all */
    return status;
}
/* [end] */

static const spork_entry_t tasks[] = { SPORK_ENTRY(count_word), SPORK_END };

int main(int argc, char **argv)
{
    char words[][8] = { "to", "be", "or", "not", "to", "be" };
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    /* [parent] */
    spork_dict_t *counts;
    const void *value;
    if (spork_dict_create(&counts, pool, "counts", 0) != APR_SUCCESS) return 1;
    if (spork_map(pool, count_word, words, sizeof *words, NULL, 0, 6, NULL) != APR_SUCCESS) return 1;
    if (spork_dict_get(counts, "be", &value, NULL) != APR_SUCCESS) return 1;
    printf("be: %d\n", (int)*(const apr_int64_t *)value);
    /* [end] */
    spork_pool_destroy(pool);
    return 0;
}
