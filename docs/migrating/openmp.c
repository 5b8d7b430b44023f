/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>

#define SIZE 200

/* A row of the Mandelbrot set, in fixed point; how many of its points belong to it. */
static int draw(int row, unsigned char *pixels)
{
    const long long one = 1 << 20;
    int inside = 0;
    for (int column = 0; column < SIZE; column++) {
        const long long a = 3 * one * column / SIZE - 2 * one, b = 2 * one * row / SIZE - one;
        long long x = 0, y = 0;
        int turn = 0;
        for (; turn < 200 && x * x + y * y < 4 * one * one; turn++) {
            const long long next = (x * x - y * y) / one + a;
            y = 2 * x * y / one + b;
            x = next;
        }
        pixels[column] = (unsigned char)turn;
        inside += turn == 200;
    }
    return inside;
}

/* [loop] */
typedef struct {
    unsigned char pixels[SIZE];
    int inside; /* this row's part of the sum */
} row_t;

/* The loop's body. What it reads from outside comes as input, here its number only; what it writes is its slot. */
static apr_status_t draw_row(spork_task_t *task, const void *in, void *out)
{
    row_t *row = out;
    (void)in;
    row->inside = draw((int)spork_task_index(task), row->pixels);
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(draw_row), SPORK_END };

int main(int argc, char **argv)
{
    int inside = 0;
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1; /* once, as OpenMP's threads */

    row_t *image = spork_alloc(pool, SIZE * sizeof *image); /* workers write into it in place */
    if (image == NULL) return 1;
    if (spork_map(pool, draw_row, NULL, 0, image, sizeof *image, SIZE, NULL) != APR_SUCCESS) return 1;
    for (int row = 0; row < SIZE; row++) inside += image[row].inside; /* the reduction */

    printf("%d points are inside; the middle has %d\n", inside, image[SIZE / 2].pixels[SIZE / 2]);
    spork_pool_destroy(pool); /* and the image with it */
    return 0;
}
/* [end] */
