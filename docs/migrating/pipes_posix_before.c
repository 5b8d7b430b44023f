/* SPDX-License-Identifier: Apache-2.0 */

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 4
#define COUNT 10000

typedef struct {
    int n, steps;
} result_t;

static int collatz(long n)
{
    int steps = 0;
    for (; n != 1; steps++) n = n % 2 ? 3 * n + 1 : n / 2;
    return steps;
}

int main(void)
{
    int ends[2], best = 0, steps[COUNT] = { 0 };
    result_t result;

    if (pipe(ends) != 0) return 1;
    for (int child = 0; child < CHILDREN; child++) {
        pid_t pid = fork();
        if (pid < 0) return 1;
        if (pid == 0) {
            for (int i = child; i < COUNT; i += CHILDREN) {
                result_t one = { i, collatz(i + 1) };
                if (write(ends[1], &one, sizeof one) != sizeof one) _exit(1);
            }
            _exit(0);
        }
    }
    close(ends[1]);
    while (read(ends[0], &result, sizeof result) == sizeof result) steps[result.n] = result.steps;
    while (wait(NULL) > 0) continue;

    for (int i = 0; i < COUNT; i++)
        if (steps[i] > steps[best]) best = i;
    printf("%d takes %d steps\n", best + 1, steps[best]);
    return 0;
}
