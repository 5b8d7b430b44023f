/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>
#include <string.h>

/* [task] */
static apr_status_t measure(spork_task_t *task, const void *in, void *out)
{
    const int n = *(const int *)in;
    (void)out;
    spork_log(task, SPORK_LOG_DEBUG, "begins"); /* left out: the level is INFO, unless set */
    spork_log(task, SPORK_LOG_INFO, "%d is %s", n, n % 2 ? "odd" : "even");
    return APR_SUCCESS;
}
/* [end] */

static const spork_entry_t tasks[] = { SPORK_ENTRY(measure), SPORK_END };

static int count_lines(const char *path, const char *word)
{
    char line[SPORK_LOG_MAX + 1];
    int lines = 0;
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) lines += strstr(line, word) != NULL;
    if (file) fclose(file);
    return lines;
}

int main(int argc, char **argv)
{
    int in[] = { 1, 2, 3, 4, 5 };
    spork_config_t config;
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    /* [config] */
    spork_config_init(&config);
    config.log_dir = "logs";         /* a file for each worker: logs/NAME_PID.log */
    config.log_merge = "merged.log"; /* and at the end all of them in one, in the order of time */
    if (spork_pool_create(&pool, &config, NULL) != APR_SUCCESS) return 1;
    if (spork_map(pool, measure, in, sizeof *in, NULL, 0, 5, NULL) != APR_SUCCESS) return 1;
    if (spork_pool_close(pool) != APR_SUCCESS) return 1; /* which merges */
    /* [end] */
    spork_pool_destroy(pool);
    printf("%d odd, %d even\n", count_lines("merged.log", "is odd"), count_lines("merged.log", "is even"));
    return 0;
}
