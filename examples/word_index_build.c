/*
 * word_index's parent side: the files through the pool, and the index made of their words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pieces.h"
#include "word_index.h"

#include <apr_strings.h>
#include <stdio.h>

typedef struct {
    word_index_t *index;
    int out, back; /* the files to be handed out and taken next */
    msgpack_sbuffer job;
    int short_of_memory;
    spork_pool_t *pool;
} way_t;

static const void *next_file(void *baton, apr_size_t *size)
{
    way_t *way = baton;
    const word_index_t *index = way->index;
    if (way->out == index->files->nelts) return NULL;
    const word_job_t job = { APR_ARRAY_IDX(index->files, way->out++, const char *), index->only };
    msgpack_sbuffer_clear(&way->job);
    if (!word_job_pack(&way->job, &job)) {
        way->short_of_memory = 1;
        return NULL;
    }
    *size = way->job.size;
    return way->job.data;
}

static void add_posting(word_index_t *index, int file, const word_t *word, const word_place_t *place)
{
    word_entry_t *entry = apr_hash_get(index->entries, word->text, (apr_ssize_t)word->size);
    if (entry == NULL) {
        entry = apr_pcalloc(index->mem, sizeof *entry);
        entry->word = apr_pmemdup(index->mem, word->text, word->size);
        entry->size = word->size;
        apr_hash_set(index->entries, entry->word, (apr_ssize_t)word->size, entry);
    }
    word_posting_t *posting = apr_pcalloc(index->mem, sizeof *posting);
    posting->file = file;
    posting->place = *place;
    if (entry->last)
        entry->last->next = posting;
    else
        entry->first = posting;
    entry->last = posting;
}

/* 0 if it is damaged. */
static int add_file(word_index_t *index, int file, const void *reply, apr_size_t size)
{
    word_reader_t reader;
    word_place_t place;
    word_t word;
    int more = -1;

    if (word_found_open(&reader, reply, size)) {
        index->binary += reader.head.binary != 0;
        index->words += reader.head.words;
        index->damaged += reader.head.damaged;
        while ((more = word_found_next(&reader, &word, &place)) > 0) add_posting(index, file, &word, &place);
    }
    word_found_close(&reader);
    return more == 0;
}

/* A file that failed fails alone. */
static apr_status_t take_file(void *baton, const spork_outcome_t *outcome)
{
    way_t *way = baton;
    word_index_t *index = way->index;
    const int file = way->back++;
    const char *failure = NULL;
    char words[128];

    if (outcome->status != APR_SUCCESS)
        failure =
            outcome->message[0] ? outcome->message : spork_strerror(outcome->status, words, sizeof words);
    else if (!add_file(index, file, outcome->out, outcome->out_size))
        failure = "a worker's reply is damaged";
    if (failure) {
        spork_progress_clear(way->pool);
        fprintf(stderr, "word_index: %s: %s\n", APR_ARRAY_IDX(index->files, file, const char *), failure);
        index->failed++;
    }
    return APR_SUCCESS;
}

apr_status_t word_index_build(word_index_t *index, spork_pool_t *pool)
{
    way_t way = { 0 };
    const pieces_t pieces = { word_file, next_file, take_file, &way, (apr_uint64_t)index->files->nelts };
    way.index = index;
    way.pool = pool;
    index->entries = apr_hash_make(index->mem);
    msgpack_sbuffer_init(&way.job);
    const apr_status_t status = pieces_run(pool, &pieces);
    msgpack_sbuffer_destroy(&way.job);
    return way.short_of_memory ? APR_ENOMEM : status;
}
