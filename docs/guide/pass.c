/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>
#include <string.h>

/* [struct] */
typedef struct {
    double latitude, longitude; /* numbers: yes */
    char name[32];              /* text of a bounded length: yes */
    int heights[4];             /* arrays, nested structs: yes */
} place_t;                      /* pointers, FILE *, handles: no */
/* [end] */

static apr_status_t highest(spork_task_t *task, const void *in, void *out)
{
    const place_t *place = in;
    int *height = out;
    (void)task;
    *height = place->heights[0];
    for (int i = 1; i < 4; i++)
        if (place->heights[i] > *height) *height = place->heights[i];
    return APR_SUCCESS;
}

/* [reply] */
/* Input: text of any length. Reply: each word of it, and a zero byte behind each. */
static apr_status_t split(spork_task_t *task, const void *in, void *out)
{
    const char *text = in;
    const apr_size_t size = spork_task_in_size(task);
    char *words = apr_palloc(spork_task_pool(task), size + 1), *end = words;
    (void)out; /* NULL in a submitted item */
    for (apr_size_t i = 0; i < size; i++)
        if (text[i] != ' ')
            *end++ = text[i];
        else if (end > words && end[-1] != '\0')
            *end++ = '\0';
    if (end > words && end[-1] != '\0') *end++ = '\0';
    return spork_reply(task, words, (apr_size_t)(end - words));
}
/* [end] */

static const spork_entry_t tasks[] = { SPORK_ENTRY(highest), SPORK_ENTRY(split), SPORK_END };

/* [ask] */
static apr_status_t print_words(spork_pool_t *pool, const char *text)
{
    spork_future_t *future;
    apr_status_t status = spork_submit(&future, pool, split, text, strlen(text)); /* copies the text */
    if (status != APR_SUCCESS) return status;
    status = spork_future_wait(future, -1);
    if (status == APR_SUCCESS) {
        const spork_outcome_t *outcome = spork_future_outcome(future);
        const char *word = outcome->out, *end = word + outcome->out_size;
        status = outcome->status;
        for (; word < end; word += strlen(word) + 1) puts(word);
    }
    spork_future_destroy(future); /* the outcome's bytes end here */
    return status;
}
/* [end] */

int main(int argc, char **argv)
{
    place_t places[] = { { 47.42, 10.98, "Zugspitze", { 2962, 2960, 2950, 2941 } },
                         { 51.80, 10.62, "Brocken", { 1138, 1141, 1137, 1130 } } };
    int heights[2];
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    if (spork_map(pool, highest, places, sizeof *places, heights, sizeof *heights, 2, NULL) != APR_SUCCESS)
        return 1;
    for (int i = 0; i < 2; i++) printf("%s: %d m\n", places[i].name, heights[i]);
    if (print_words(pool, "any number of  words") != APR_SUCCESS) return 1;
    spork_pool_destroy(pool);
    return 0;
}
