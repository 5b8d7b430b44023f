/* SPDX-License-Identifier: Apache-2.0 */

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

int main(void)
{
    static unsigned char image[SIZE][SIZE];
    int inside = 0;

#pragma omp parallel for schedule(dynamic) reduction(+ : inside)
    for (int row = 0; row < SIZE; row++) inside += draw(row, image[row]);

    printf("%d points are inside; the middle has %d\n", inside, image[SIZE / 2][SIZE / 2]);
    return 0;
}
