/*
 * The words of a text, see word_text.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "word_text.h"

#include <string.h>

/* Of what lies beyond ASCII all are taken for letters but the blocks of punctuation, spaces and symbols. */
static int is_letter(apr_uint32_t c)
{
    if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c < 0xC0) return c == 0xAA || c == 0xB5 || c == 0xBA;
    return c != 0xD7 && c != 0xF7 && !(c >= 0x2000 && c <= 0x2BFF) && !(c >= 0x3000 && c <= 0x3004) &&
           !(c >= 0x3008 && c <= 0x3020) && !(c >= 0xFF00 && c <= 0xFF0F) && c != 0xFEFF && c != 0xFFFD;
}

/* Where a capital is followed by its small letter, and that by the next capital: the first and the last of these capitals. */
static const apr_uint32_t pairs[][2] = { { 0x100, 0x12E },   { 0x132, 0x136 },  { 0x139, 0x147 },
                                         { 0x14A, 0x176 },   { 0x179, 0x17D },  { 0x1A0, 0x1A4 },
                                         { 0x1AF, 0x1AF },   { 0x1CD, 0x1DB },  { 0x1DE, 0x1EE },
                                         { 0x1F8, 0x21E },   { 0x222, 0x232 },  { 0x460, 0x480 },
                                         { 0x48A, 0x4BE },   { 0x4C1, 0x4CD },  { 0x4D0, 0x52E },
                                         { 0x1E00, 0x1E94 }, { 0x1EA0, 0x1EFE } };

static apr_uint32_t small_beyond_latin_1(apr_uint32_t c)
{
    for (apr_size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (c >= pairs[i][0] && c <= pairs[i][1]) return c + ((c - pairs[i][0]) % 2 == 0);
    if (c >= 0x0391 && c <= 0x03AB && c != 0x03A2) return c + 0x20; /* Greek */
    if (c >= 0x0388 && c <= 0x038A) return c + 0x25;
    if (c >= 0x0410 && c <= 0x042F) return c + 0x20; /* Cyrillic */
    if (c >= 0x0400 && c <= 0x040F) return c + 0x50;
    switch (c) {
    case 0x0178: return 0xFF;
    case 0x0386: return 0x03AC;
    case 0x038C: return 0x03CC;
    case 0x038E:
    case 0x038F: return c + 0x3F;
    case 0x1E9E: return 0xDF;
    default: return c;
    }
}

static apr_uint32_t small(apr_uint32_t c)
{
    if (c >= 'A' && c <= 'Z') return c + 0x20;
    if (c < 0xC0) return c;
    if (c <= 0xDE) return c == 0xD7 ? c : c + 0x20; /* Latin-1 */
    return c < 0x100 ? c : small_beyond_latin_1(c);
}

static void end_word(word_text_t *text)
{
    if (text->size > 0 && text->size <= WORD_MAX)
        text->found(text->baton, text->word, text->size, text->line);
    text->size = 0;
}

static void put(word_text_t *text, apr_uint32_t bits)
{
    text->word[text->size++] = (char)(unsigned char)bits;
}

static void take_character(word_text_t *text, apr_uint32_t c)
{
    if (!is_letter(c)) {
        end_word(text);
        text->line += c == '\n';
        return;
    }
    if (text->size > WORD_MAX) return;
    c = small(c);
    if (c < 0x80) {
        put(text, c);
    } else if (c < 0x800) {
        put(text, 0xC0 | c >> 6);
        put(text, 0x80 | (c & 0x3F));
    } else {
        if (c < 0x10000) {
            put(text, 0xE0 | c >> 12);
        } else {
            put(text, 0xF0 | c >> 18);
            put(text, 0x80 | (c >> 12 & 0x3F));
        }
        put(text, 0x80 | (c >> 6 & 0x3F));
        put(text, 0x80 | (c & 0x3F));
    }
}

static void take_damage(word_text_t *text, int bytes)
{
    text->damaged += (apr_uint64_t)bytes;
    text->to_come = text->seen = 0;
    end_word(text);
}

static void begin_character(word_text_t *text, int to_come, apr_uint32_t least, apr_uint32_t bits)
{
    text->to_come = to_come;
    text->seen = 1;
    text->least = least;
    text->code = bits;
}

static void take_first(word_text_t *text, unsigned char byte)
{
    if (byte < 0x80)
        take_character(text, byte);
    else if (byte >= 0xC2 && byte <= 0xDF)
        begin_character(text, 1, 0x80, byte & 0x1F);
    else if (byte >= 0xE0 && byte <= 0xEF)
        begin_character(text, 2, 0x800, byte & 0x0F);
    else if (byte >= 0xF0 && byte <= 0xF4)
        begin_character(text, 3, 0x10000, byte & 0x07);
    else
        take_damage(text, 1);
}

void word_text_init(word_text_t *text, void (*found)(void *, const char *, apr_size_t, apr_uint64_t),
                    void *baton)
{
    memset(text, 0, sizeof *text);
    text->found = found;
    text->baton = baton;
    text->line = 1;
}

void word_text_feed(word_text_t *text, const char *bytes, apr_size_t size)
{
    for (apr_size_t i = 0; i < size; i++) {
        const unsigned char byte = (unsigned char)bytes[i];
        if (text->to_come > 0 && (byte & 0xC0) != 0x80) take_damage(text, text->seen);
        if (text->to_come == 0) {
            take_first(text, byte);
            continue;
        }
        text->code = text->code << 6 | (byte & 0x3Fu);
        text->seen++;
        if (--text->to_come > 0) continue;
        const apr_uint32_t c = text->code;
        if (c < text->least || c > 0x10FFFF ||
            (c >= 0xD800 && c <= 0xDFFF)) /* too long, too large, half a pair */
            take_damage(text, text->seen);
        else
            take_character(text, c);
    }
}

void word_text_end(word_text_t *text)
{
    if (text->to_come > 0) take_damage(text, text->seen);
    end_word(text);
}
