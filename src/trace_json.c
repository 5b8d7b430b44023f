/*
 * Trace events as JSON text: see trace_json.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "trace_json.h"

#include <apr_strings.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define TEXT_MOST 200 /* bytes of a string that are taken; each becomes six at most */

/* What does not fit makes the size equal to the room: spk_json_end() sees it. */
static void add(spk_json_t *json, const char *bytes, size_t size)
{
    if (size > json->room - json->size) size = json->room - json->size;
    memcpy(json->text + json->size, bytes, size);
    json->size += size;
}

static void print(spk_json_t *json, const char *format, ...) SPK_PRINTF(2, 3);

static void print(spk_json_t *json, const char *format, ...)
{
    char text[80];
    va_list args;

    va_start(args, format);
    apr_vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add(json, text, strlen(text));
}

/* Bytes of the UTF-8 character that begins here; 0: it is none (RFC 3629). */
static size_t character(const unsigned char *at)
{
    size_t size = at[0] < 0x80   ? 1
                  : at[0] < 0xc2 ? 0
                  : at[0] < 0xe0 ? 2
                  : at[0] < 0xf0 ? 3
                  : at[0] < 0xf5 ? 4
                                 : 0;
    size_t i;

    for (i = 1; i < size; i++)
        if ((at[i] & 0xc0U) != 0x80) return 0;
    if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
        (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
        return 0;
    return size;
}

/* A string (RFC 8259): what is no UTF-8 becomes U+FFFD, for a reader may refuse the whole file else. */
static void quote(spk_json_t *json, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t size, taken = 0;

    add(json, "\"", 1);
    for (; *at != '\0' && taken < TEXT_MOST; at += size, taken += size) {
        size = character(at);
        if (size == 0) {
            add(json, "\\ufffd", 6);
            size = 1;
        } else if (*at < 0x20 || *at == 0x7f) {
            print(json, "\\u%04x", (unsigned)*at);
        } else {
            if (*at == '"' || *at == '\\') add(json, "\\", 1);
            add(json, (const char *)at, size);
        }
    }
    add(json, "\"", 1);
}

static void key(spk_json_t *json, const char *name)
{
    if (json->size > 0 && json->text[json->size - 1] != '{') add(json, ",", 1);
    quote(json, name);
    add(json, ":", 1);
}

void spk_json_event(spk_json_t *json, char phase, const char *name, int64_t pid, int64_t tid)
{
    const char letter[2] = { phase, '\0' };

    json->event = json->size;
    if (json->has_events) add(json, ",\n", 2);
    add(json, "{", 1);
    spk_json_text(json, "name", name);
    spk_json_text(json, "ph", letter);
    spk_json_number(json, "pid", pid);
    spk_json_number(json, "tid", tid);
}

void spk_json_text(spk_json_t *json, const char *name, const char *text)
{
    key(json, name);
    quote(json, text);
}

void spk_json_number(spk_json_t *json, const char *name, int64_t number)
{
    key(json, name);
    print(json, "%" APR_INT64_T_FMT, (apr_int64_t)number);
}

void spk_json_count(spk_json_t *json, const char *name, uint64_t count)
{
    key(json, name);
    print(json, "%" APR_UINT64_T_FMT, (apr_uint64_t)count);
}

void spk_json_time(spk_json_t *json, const char *name, uint64_t time)
{
    key(json, name);
    print(json, "%" APR_UINT64_T_FMT ".%03u", (apr_uint64_t)(time / 1000), (unsigned)(time % 1000));
}

void spk_json_args(spk_json_t *json)
{
    key(json, "args");
    add(json, "{", 1);
}

int spk_json_end(spk_json_t *json)
{
    add(json, "}}", 2);
    if (json->size >= json->room) {
        json->size = json->event;
        return 0;
    }
    json->has_events = 1;
    return 1;
}
