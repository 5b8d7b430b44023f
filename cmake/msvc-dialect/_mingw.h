/*
 * For cmake/msvc-dialect.sh: in front of mingw-w64's header of this name, which takes clang in the guise of MSVC for the real one:
 * its attributes stand where only GNU's may, and clang's own headers lose theirs.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include_next <_mingw.h>

#undef __attribute__
#undef __MINGW_ATTRIB_NORETURN
#define __MINGW_ATTRIB_NORETURN __attribute__((__noreturn__))
#undef __MINGW_ATTRIB_MALLOC
#define __MINGW_ATTRIB_MALLOC
#undef __MINGW_ATTRIB_DEPRECATED
#define __MINGW_ATTRIB_DEPRECATED
