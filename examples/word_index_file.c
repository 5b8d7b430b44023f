/*
 * The task of word_index: the words of one file.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "word_index.h"
#include "word_text.h"

#include <apr_file_io.h>
#include <apr_strings.h>
#include <string.h>

#define BLOCK_SIZE 65536

typedef struct {
    apr_pool_t *mem;
    word_found_t found;
    int all; /* words are wanted; else those that are in the index beforehand */
} reading_t;

static word_place_t *new_place(reading_t *reading, const char *word, apr_size_t size)
{
    word_place_t *place = apr_pcalloc(reading->mem, sizeof *place);
    apr_hash_set(reading->found.index, apr_pmemdup(reading->mem, word, size), (apr_ssize_t)size, place);
    return place;
}

static void word_found(void *baton, const char *word, apr_size_t size, apr_uint64_t line)
{
    reading_t *reading = baton;
    word_place_t *place = apr_hash_get(reading->found.index, word, (apr_ssize_t)size);
    reading->found.words++;
    if (place == NULL) {
        if (!reading->all) return;
        place = new_place(reading, word, size);
    }
    if (place->count++ == 0) place->line = line;
}

static apr_status_t say(spork_task_t *task, const char *what, apr_status_t status)
{
    char words[128];
    spork_fail(task, "cannot %s: %s", what, apr_strerror(status, words, sizeof words));
    return status;
}

static apr_status_t read_file(reading_t *reading, spork_task_t *task, const char *path)
{
    char *block = apr_palloc(reading->mem, BLOCK_SIZE);
    apr_size_t size;
    apr_file_t *file;
    word_text_t text;
    apr_status_t status =
        apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, reading->mem);
    if (status != APR_SUCCESS) return say(task, "open", status);

    word_text_init(&text, word_found, reading);
    status = apr_file_read_full(file, block, BLOCK_SIZE, &size);
    reading->found.binary = memchr(block, '\0', size) != NULL; /* no text has a zero byte */
    while (!reading->found.binary && size > 0) {
        word_text_feed(&text, block, size);
        if (status != APR_SUCCESS) break;
        status = apr_file_read_full(file, block, BLOCK_SIZE, &size);
    }
    apr_file_close(file);
    if (status != APR_SUCCESS && status != APR_EOF) return say(task, "read", status);
    word_text_end(&text);
    reading->found.damaged = text.damaged;
    return APR_SUCCESS;
}

/* Those that were asked for and are not there need not travel. */
static void drop_absent(reading_t *reading)
{
    for (apr_hash_index_t *i = apr_hash_first(reading->mem, reading->found.index); i; i = apr_hash_next(i)) {
        const word_place_t *place = apr_hash_this_val(i);
        if (place->count == 0)
            apr_hash_set(reading->found.index, apr_hash_this_key(i), apr_hash_this_key_len(i), NULL);
    }
}

static apr_status_t reply(reading_t *reading, spork_task_t *task)
{
    msgpack_sbuffer buffer;
    msgpack_sbuffer_init(&buffer);
    const apr_status_t status = word_found_pack(&buffer, &reading->found, reading->mem)
                                    ? spork_reply(task, buffer.data, buffer.size)
                                    : APR_ENOMEM;
    msgpack_sbuffer_destroy(&buffer);
    return status;
}

apr_status_t word_file(spork_task_t *task, const void *in, void *out)
{
    reading_t reading = { 0 };
    word_job_t job;
    (void)out; /* a submitted item has none: it replies */
    reading.mem = spork_task_pool(task);
    reading.found.index = apr_hash_make(reading.mem);
    if (!word_job_unpack(&job, in, spork_task_in_size(task), reading.mem)) {
        spork_fail(task, "the item's input is damaged");
        return APR_EINVAL;
    }
    reading.all = job.only->nelts == 0;
    for (int i = 0; i < job.only->nelts; i++) {
        const word_t *word = &APR_ARRAY_IDX(job.only, i, word_t);
        (void)new_place(&reading, word->text, word->size);
    }
    const apr_status_t status = read_file(&reading, task, job.path);
    if (status != APR_SUCCESS) return status;
    if (reading.found.binary) apr_hash_clear(reading.found.index);
    drop_absent(&reading);
    return reply(&reading, task);
}
