/* SPDX-License-Identifier: Apache-2.0 */

#include <spork.h>
#include <stdio.h>
#include <string.h>

static apr_status_t reversed(spork_task_t *task, const void *in, void *out)
{
    const apr_size_t size = spork_task_in_size(task);
    char *text = apr_palloc(spork_task_pool(task), size + 1);
    (void)out;
    for (apr_size_t i = 0; i < size; i++) text[i] = ((const char *)in)[size - 1 - i];
    return spork_reply(task, text, size);
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(reversed), SPORK_END };

typedef struct {
    const char *text;
    char answer[16];
} question_t;

/* [ask] */
static apr_status_t ask(spork_pool_t *pool, question_t *question)
{
    spork_future_t *future;
    apr_status_t status = spork_submit(&future, pool, reversed, question->text, strlen(question->text));
    if (status == APR_SUCCESS) spork_future_set_baton(future, question); /* to know it again */
    return status;
}

/* Whichever is done next, until none is left. */
static apr_status_t collect(spork_pool_t *pool)
{
    spork_future_t *future;
    apr_status_t status;
    while ((status = spork_wait_any(pool, -1, &future)) == APR_SUCCESS) {
        question_t *question = spork_future_baton(future);
        const spork_outcome_t *outcome = spork_future_outcome(future);
        if (outcome->status == APR_SUCCESS && outcome->out_size < sizeof question->answer)
            memcpy(question->answer, outcome->out, outcome->out_size);
        spork_future_destroy(future);
    }
    return APR_STATUS_IS_EOF(status) ? APR_SUCCESS : status;
}
/* [end] */

int main(int argc, char **argv)
{
    question_t questions[] = { { "stressed", "" }, { "drawer", "" }, { "lager", "" } };
    spork_pool_t *pool;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 1;
    if (spork_pool_create(&pool, NULL, NULL) != APR_SUCCESS) return 1;
    for (int i = 0; i < 3; i++)
        if (ask(pool, &questions[i]) != APR_SUCCESS) return 1;
    if (collect(pool) != APR_SUCCESS) return 1;
    for (int i = 0; i < 3; i++) printf("%s %s\n", questions[i].text, questions[i].answer);
    spork_pool_destroy(pool);
    return 0;
}
