/* SPDX-License-Identifier: Apache-2.0 */

#include <windows.h>

#include <spork.h>
#include <stdio.h>

static apr_status_t square(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    *(int *)out = *(const int *)in * *(const int *)in;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(square), SPORK_END };

/* [main] */
int WINAPI WinMain(HINSTANCE instance, HINSTANCE previous, LPSTR command_line, int show)
{
    (void)instance, (void)previous, (void)command_line, (void)show;
    if (spork_init(NULL, NULL, tasks) != APR_SUCCESS) return 1; /* before the first window */
    /* [end] */
    int in = 12, out;
    spork_pool_t *pool;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    if (spork_map(pool, square, &in, sizeof in, &out, sizeof out, 1, NULL) != APR_SUCCESS) return 1;
    printf("%d\n", out);
    spork_pool_destroy(pool);
    return 0;
}
