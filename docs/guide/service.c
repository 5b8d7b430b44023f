/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>
#include <string.h>

/* [service] */
/* In the parent. The baton is its own: a connection, a model, a cache. */
static apr_status_t price(void *baton, const void *in, apr_size_t in_size, spork_answer_t *answer)
{
    const int *prices = baton;
    int article;
    if (in_size != sizeof article) return APR_EINVAL; /* a worker asks: look at it as at a stranger's */
    memcpy(&article, in, sizeof article);
    if (article < 0 || article > 2) {
        spork_answer_fail(answer, "no article %d", article);
        return APR_EINVAL;
    }
    return spork_answer(answer, &prices[article], sizeof *prices);
}

/* In a worker. */
static apr_status_t twelve_of(spork_task_t *task, const void *in, void *out)
{
    const void *one;
    apr_size_t size;
    apr_status_t status = spork_call(task, "price", in, sizeof(int), &one, &size);
    if (status != APR_SUCCESS) {
        spork_fail(task, "%s", spork_error());
        return status;
    }
    *(int *)out = 12 * *(const int *)one;
    return APR_SUCCESS;
}
/* [end] */

static const spork_entry_t tasks[] = { SPORK_ENTRY(twelve_of), SPORK_END };

int main(int argc, char **argv)
{
    int articles[] = { 0, 2, 1, 1 }, sums[4];
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    /* [serve] */
    static int prices[] = { 5, 7, 10 };
    if (spork_pool_serve(pool, "price", price, prices) != APR_SUCCESS) return 1;
    /* [end] */
    if (spork_map(pool, twelve_of, articles, sizeof *articles, sums, sizeof *sums, 4, NULL) != APR_SUCCESS)
        return 1;
    printf("%d %d %d %d\n", sums[0], sums[1], sums[2], sums[3]);
    spork_pool_destroy(pool);
    return 0;
}
