/*
 * JSON as tests look at it: is a text a JSON value, as RFC 8259 says, in UTF-8?
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_JSON_H
#define TEST_JSON_H

/* NULL if it is; else where it stops to be. */
const char *json_error(const char *text);

/* How often `what` stands in text. */
unsigned long json_count(const char *text, const char *what);

/* The number behind the last `"key":`; -1 if there is none. */
long long json_number(const char *text, const char *key);

#endif
