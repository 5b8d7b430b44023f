/*
 * SPORK_TEST_SKIP in the environment: the name of a test function, or a pattern with * and ?, that this machine cannot run. Set
 * by tests/left_out.cmake, which has the reasons.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_SKIP_H
#define TEST_SKIP_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>

/* Before the tests are run; says what is left out. */
static inline void skip_what_is_left_out(void)
{
    const char *pattern = getenv("SPORK_TEST_SKIP");

    if (pattern != NULL && pattern[0] != '\0') {
        print_message("left out: %s\n", pattern);
        cmocka_set_skip_filter(pattern);
    }
}

#endif
