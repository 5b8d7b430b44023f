/*
 * What word_index prints.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "word_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What would move the cursor is shown as a space. */
static void print_place(const word_index_t *index, apr_uint64_t count, int file, apr_uint64_t line)
{
    printf("%llu\t", (unsigned long long)count);
    for (const char *p = APR_ARRAY_IDX(index->files, file, const char *); *p; p++)
        putchar((unsigned char)*p < ' ' || *p == 0x7F ? ' ' : *p);
    printf(":%llu\n", (unsigned long long)line);
}

static int by_word(const void *left, const void *right)
{
    const word_entry_t *a = *(const word_entry_t *const *)left, *b = *(const word_entry_t *const *)right;
    const int order = memcmp(a->word, b->word, a->size < b->size ? a->size : b->size);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

void word_index_print(const word_index_t *index)
{
    const apr_size_t count = apr_hash_count(index->entries);
    const word_entry_t **entries = apr_palloc(index->mem, (count + 1) * sizeof(word_entry_t *));
    apr_size_t n = 0;

    for (apr_hash_index_t *i = apr_hash_first(index->mem, index->entries); i; i = apr_hash_next(i))
        entries[n++] = apr_hash_this_val(i);
    qsort(entries, n, sizeof(word_entry_t *), by_word);
    for (apr_size_t i = 0; i < n; i++) {
        for (const word_posting_t *posting = entries[i]->first; posting; posting = posting->next) {
            (void)fwrite(entries[i]->word, 1, entries[i]->size, stdout);
            putchar('\t');
            print_place(index, posting->place.count, posting->file, posting->place.line);
        }
    }
}

typedef struct {
    int file, words; /* how many of those asked for it has */
    apr_uint64_t count, line;
} hit_t;

static int by_count(const void *left, const void *right)
{
    const hit_t *a = left, *b = right;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    return (a->file > b->file) - (a->file < b->file);
}

void word_index_print_files(const word_index_t *index)
{
    const int files = index->files->nelts, words = index->only->nelts;
    hit_t *hits = apr_pcalloc(index->mem, ((apr_size_t)files + 1) * sizeof *hits);

    for (int i = 0; i < words; i++) {
        const word_t *word = &APR_ARRAY_IDX(index->only, i, word_t);
        const word_entry_t *entry = apr_hash_get(index->entries, word->text, (apr_ssize_t)word->size);
        for (const word_posting_t *posting = entry ? entry->first : NULL; posting; posting = posting->next) {
            hit_t *hit = &hits[posting->file];
            hit->words++;
            hit->count += posting->place.count;
            if (hit->line == 0 || posting->place.line < hit->line) hit->line = posting->place.line;
        }
    }
    for (int i = 0; i < files; i++) {
        hits[i].file = i;
        if (hits[i].words < words) hits[i].count = 0;
    }
    qsort(hits, (size_t)files, sizeof *hits, by_count);
    for (int i = 0; i < files && hits[i].count > 0; i++)
        print_place(index, hits[i].count, hits[i].file, hits[i].line);
}
