/*
 * For cmake/msvc-dialect.sh: mingw-w64's header of this name knows MSVC for x86 only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#if !defined(_M_ARM64)
#include_next <vadefs.h>
#elif !defined(_INC_VADEFS)
#define _INC_VADEFS
#define _VA_LIST_DEFINED
typedef __builtin_va_list va_list;
typedef __builtin_va_list __gnuc_va_list;
#define _crt_va_start(list, last) __builtin_va_start(list, last)
#define _crt_va_arg(list, type) __builtin_va_arg(list, type)
#define _crt_va_end(list) __builtin_va_end(list)
#define _crt_va_copy(to, from) __builtin_va_copy(to, from)
#endif
