/*
 * The parts of word_index. What parent and task tell each other is MessagePack:
 *
 *   an item's input   { "path": text, "only": [ word… ] }              only: empty if all words are wanted
 *   its reply         { "binary": bool, "words": n, "damaged": n, "index": { word: [ count, first line ] … } }
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WORD_INDEX_H
#define WORD_INDEX_H

#include <apr_hash.h>
#include <apr_tables.h>
#include <msgpack.h>
#include <spork.h>

/* A text with a length, as it lies in a message. */
typedef struct {
    const char *text;
    apr_size_t size;
} word_t;

/* Where and how often a word is in a file. */
typedef struct {
    apr_uint64_t count, line;
} word_place_t;

typedef struct {
    const char *path;
    apr_array_header_t *only; /* of word_t */
} word_job_t;

typedef struct {
    int binary;
    apr_uint64_t words, damaged;
    apr_hash_t *index; /* word to word_place_t */
} word_found_t;

/* ---- messages: 0 if memory is short ---- */

int word_job_pack(msgpack_sbuffer *buffer, const word_job_t *job);
int word_found_pack(msgpack_sbuffer *buffer, const word_found_t *found, apr_pool_t *mem);

/* ---- and back: 0 if it is not as above. Texts lie in data. ---- */

int word_job_unpack(word_job_t *job, const void *data, apr_size_t size, apr_pool_t *mem);

/* The reply's head, then each word by word_found_next(): 1, at the end 0, -1 if it is damaged. */
typedef struct {
    msgpack_unpacked message;
    word_found_t head; /* without index */
    msgpack_object_map index;
    apr_uint32_t at;
} word_reader_t;

int word_found_open(word_reader_t *reader, const void *data, apr_size_t size);
int word_found_next(word_reader_t *reader, word_t *word, word_place_t *place);
void word_found_close(word_reader_t *reader);

/* ---- in the parent ---- */

/* One file that has a word; of one word they are in the files' order. */
typedef struct word_posting_t {
    int file;
    word_place_t place;
    struct word_posting_t *next;
} word_posting_t;

typedef struct {
    const char *word;
    apr_size_t size;
    word_posting_t *first, *last;
} word_entry_t;

typedef struct {
    apr_pool_t *mem;
    apr_array_header_t *files; /* of const char * */
    apr_array_header_t *only;  /* of word_t: those asked for */
    apr_hash_t *entries;       /* word to word_entry_t */
    apr_uint64_t words, damaged;
    int binary, failed; /* files */
} word_index_t;

/* All files through the pool. What fails is said on stderr and counted. */
apr_status_t word_index_build(word_index_t *index, spork_pool_t *pool);
/* Every word, in the order of their bytes, and its files. */
void word_index_print(const word_index_t *index);
/* The files that have all words asked for: first those that have them most often. */
void word_index_print_files(const word_index_t *index);

/* ---- the task ---- */

apr_status_t word_file(spork_task_t *task, const void *in, void *out);

#endif
