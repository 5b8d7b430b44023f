/*
 * Words for what failed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "error.h"

#include <apr_strings.h>
#include <stdarg.h>

static SPK_THREAD_LOCAL char last_words[SPK_ERROR_WORDS];

static const char *const words_of_codes[] = {
    "a pool cannot be made here: call spork_init() first in main(), and no pools inside a worker",
    "the function is not in a task table given to spork_init() or spork_register()",
    "not every item succeeded",
    "the worker died while it ran the item",
    "the item ran longer than the timeout",
    "cancelled",
    "the pool is closed",
    "a worker's initializer failed",
    "workers cannot be started",
    "parent and worker are not of one build",
    "too big for its slot or for the arena",
    "the worker died of its memory limit",
    "there is no service, key, queue or dictionary of that name",
    "the journal is another batch's, in use, or damaged at its head",
};
#define N_CODES ((int)(sizeof words_of_codes / sizeof *words_of_codes))

const char *spork_strerror(apr_status_t status, char *buffer, apr_size_t size)
{
    if (buffer == NULL || size == 0) return buffer;
    if (status >= SPORK_STATUS_BASE && status < SPORK_STATUS_BASE + N_CODES)
        apr_cpystrn(buffer, words_of_codes[status - SPORK_STATUS_BASE], size);
    else
        apr_strerror(status, buffer, size);
    return buffer;
}

const char *spork_error(void)
{
    return last_words;
}

apr_status_t spk_error(apr_status_t status, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    apr_vsnprintf(last_words, sizeof last_words, format, args);
    va_end(args);
    return status;
}

apr_status_t spk_error_os(apr_status_t status, const char *format, ...)
{
    char words[256], cause[160];
    va_list args;

    va_start(args, format);
    apr_vsnprintf(words, sizeof words, format, args);
    va_end(args);
    return spk_error(status, "%s: %s", words, spork_strerror(status, cause, sizeof cause));
}

void spk_error_keep(char words[SPK_ERROR_WORDS])
{
    apr_cpystrn(words, last_words, SPK_ERROR_WORDS);
}

void spk_error_restore(const char words[SPK_ERROR_WORDS])
{
    apr_cpystrn(last_words, words, SPK_ERROR_WORDS);
}
