/*
 * Chrome trace events as JSON text ("Trace Event Format", array form). Pure.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_TRACE_JSON_H
#define SPK_TRACE_JSON_H

#include "compiler.h"
#include <stddef.h>
#include <stdint.h>

/* Text under way. An event for which there is no room is left out as a whole. */
typedef struct {
    char *text;
    size_t size, room;
    size_t event;   /* where the one under way begins */
    int has_events; /* in the file: a comma goes before the next */
} spk_json_t;

#define SPK_JSON_EVENT 2048 /* bytes: with so much room no event is left out */

/* Begin an event: phase is one of the format's letters, tid the row. */
void spk_json_event(spk_json_t *json, char phase, const char *name, int64_t pid, int64_t tid);
/* A member of it, or after spk_json_args() of its arguments. */
void spk_json_text(spk_json_t *json, const char *key, const char *text);
void spk_json_number(spk_json_t *json, const char *key, int64_t number);
void spk_json_count(spk_json_t *json, const char *key, uint64_t count);
/* Nanoseconds, as the format's microseconds. */
void spk_json_time(spk_json_t *json, const char *key, uint64_t time);
void spk_json_args(spk_json_t *json);
/* 1 if the whole of it is in the text now. */
int spk_json_end(spk_json_t *json);

#endif
