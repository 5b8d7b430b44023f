/*
 * The words of a UTF-8 text, which may come in any portions and be damaged anywhere. A word is a run of letters and
 * digits; capitals of the Latin, Greek and Cyrillic alphabets are made small, but for letters of African languages and of
 * phonetics. What is no UTF-8 parts words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef WORD_TEXT_H
#define WORD_TEXT_H

#include <apr.h>

#define WORD_MAX 96 /* bytes; what is longer is no word (encoded data) */

typedef struct {
    void (*found)(void *baton, const char *word, apr_size_t size, apr_uint64_t line);
    void *baton;
    apr_uint64_t line;    /* from 1 */
    apr_uint64_t damaged; /* bytes that are no UTF-8 */
    char word[WORD_MAX + 4];
    apr_size_t size; /* of it so far; may go beyond WORD_MAX by one character */
    /* the character being read: bytes to come and seen, the least that needs so many, its bits so far */
    int to_come, seen;
    apr_uint32_t least, code;
} word_text_t;

void word_text_init(word_text_t *text, void (*found)(void *, const char *, apr_size_t, apr_uint64_t),
                    void *baton);
void word_text_feed(word_text_t *text, const char *bytes, apr_size_t size);
void word_text_end(word_text_t *text);

#endif
