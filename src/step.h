/*
 * Steps: the places between two stores of a worker's protocol, by name. In the product they are nothing; a test
 * build (SPK_STEPS, tests/CMakeLists.txt) calls out at each, and so can let a worker die exactly there
 * (tests/faults/test_steps.c, where the table says what each death may cost).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_STEP_H
#define SPK_STEP_H

#include <stddef.h>
#include <string.h>

#if defined(SPK_STEPS)

void spk_step(const char *name);
/* memcpy(), with the step when half of it is done. */
void spk_step_copy(const char *name, void *to, const void *from, size_t size);

#define SPK_STEP(name) spk_step(name)
#define SPK_STEP_COPY(name, to, from, size) spk_step_copy(name, to, from, size)

#else

#define SPK_STEP(name) ((void)0)
#define SPK_STEP_COPY(name, to, from, size) ((void)memcpy(to, from, size))

#endif
#endif
