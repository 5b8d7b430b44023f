/*
 * This very executable, wherever it is by now.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_WIN32_EXE_H
#define SPK_WIN32_EXE_H

/* Its present path, UTF-8, in malloc()ed memory; NULL if it cannot be found (GetLastError()). */
char *spk_win32_exe_path(void);

#endif
