/*
 * For cmake/msvc-dialect.sh: in the place of mingw-w64's header of this name, which declares what clang has built in.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#if defined(_M_X64)
#include <immintrin.h>
#else
void __yield(void);
#endif
