/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>
#include <string.h>

/* [initializer] */
static char table[256]; /* in every worker: its own */

/* Runs once in each worker, before its first item. */
static apr_status_t fill_table(spork_task_t *task, const void *in, void *out)
{
    const char *vowels = in;
    (void)out;
    for (; *vowels; vowels++) table[(unsigned char)*vowels] = 1;
    if (!table['a']) {
        spork_fail(task, "a vowel is missing");
        return APR_EINVAL;
    }
    return APR_SUCCESS;
}

static apr_status_t count_vowels(spork_task_t *task, const void *in, void *out)
{
    int *vowels = out;
    (void)task;
    *vowels = 0;
    for (const char *word = in; *word; word++) *vowels += table[(unsigned char)*word];
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(fill_table), SPORK_ENTRY(count_vowels), SPORK_END };
/* [end] */

int main(int argc, char **argv)
{
    char words[][16] = { "banana", "rhythm", "queue" };
    int vowels[3];
    spork_pool_t *pool;
    spork_config_t config;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    /* [config] */
    spork_config_init(&config);
    config.initializer = fill_table;
    config.init_arg = "aeiou"; /* copied, and sent to each worker */
    config.init_size = sizeof "aeiou";
    if (spork_pool_create(&pool, &config, NULL) != APR_SUCCESS) return 1;
    /* [end] */
    if (spork_map(pool, count_vowels, words, sizeof *words, vowels, sizeof *vowels, 3, NULL) != APR_SUCCESS)
        return 1;
    for (int i = 0; i < 3; i++) printf("%s: %d\n", words[i], vowels[i]);
    spork_pool_destroy(pool);
    return 0;
}
