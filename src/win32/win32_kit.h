/*
 * How the kit travels to a spawned worker: as handles that it inherits, named on its command line.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_WIN32_KIT_H
#define SPK_WIN32_KIT_H

#include "win32_common.h"

/* In the order of the numbers. The last is the parent itself, for nothing but waiting: an anonymous
 * pipe cannot be waited for. */
enum {
    SPK_WIN32_KIT_SHM,
    SPK_WIN32_KIT_BELL,
    SPK_WIN32_KIT_PARENT_BELL,
    SPK_WIN32_KIT_LINE,
    SPK_WIN32_KIT_PARENT,
    SPK_WIN32_KIT_COUNT
};

/* 16 digits and a comma, or the end, each. */
#define SPK_WIN32_NUMBERS_MAX ((size_t)SPK_WIN32_KIT_COUNT * 17)

/* Write the numbers; into SPK_WIN32_NUMBERS_MAX bytes. */
void spk_win32_kit_numbers(char *numbers, const HANDLE *handles);

/* In a worker, once spk_os_kit_adopt() succeeded: the parent's process; else NULL. */
HANDLE spk_win32_parent(void);

#endif
