/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>
#include <string.h>

static int table[16];

static apr_status_t start(spork_task_t *task, const void *in, void *out)
{
    const int base = *(const int *)in;
    (void)task, (void)out;
    table[0] = 1;
    for (int i = 1; i < 16; i++) table[i] = table[i - 1] * base % 1009;
    return APR_SUCCESS;
}

static apr_status_t checksum(spork_task_t *task, const void *in, void *out)
{
    const char *text = in;
    int sum = 0;
    (void)out; /* NULL in a submitted item: the answer is a reply */
    if (*text == '\0') {
        spork_fail(task, "no text");
        return APR_EINVAL;
    }
    for (int i = 0; text[i]; i++) sum += table[i % 16] * text[i];
    sum %= 1009;
    return spork_reply(task, &sum, sizeof sum);
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(start), SPORK_ENTRY(checksum), SPORK_END };

int main(int argc, char **argv)
{
    const char *texts[] = { "alpha", "beta", "", "gamma" };
    const int base = 31;
    spork_future_t *asked[4];
    spork_config_t config;
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1; /* if __name__ == "__main__" */
    spork_config_init(&config);
    config.initializer = start;
    config.init_arg = &base;
    config.init_size = sizeof base;
    if (spork_pool_create(&pool, &config, NULL) != APR_SUCCESS) return 1;
    for (int i = 0; i < 4; i++)
        if (spork_submit(&asked[i], pool, checksum, texts[i], strlen(texts[i]) + 1) != APR_SUCCESS) return 1;
    for (int i = 0; i < 4; i++) {
        if (spork_future_wait(asked[i], -1) != APR_SUCCESS) return 1;
        const spork_outcome_t *outcome = spork_future_outcome(asked[i]);
        if (outcome->status == APR_SUCCESS && outcome->out_size == sizeof(int))
            printf("%s %d\n", texts[i], *(const int *)outcome->out);
        else
            printf("failed: %s\n", outcome->message);
    }
    spork_pool_destroy(pool); /* with its futures */
    return 0;
}
