/*
 * The one config header: what differs between compilers, never between systems.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_COMPILER_H
#define SPK_COMPILER_H

/* Storage per thread. C11 has _Thread_local as an option; MSVC has its own word for it. */
#if defined(_MSC_VER)
#define SPK_THREAD_LOCAL __declspec(thread)
#else
#define SPK_THREAD_LOCAL _Thread_local
#endif

/* A hint to the processor that this is a spin loop. */
#if defined(_MSC_VER) && (defined(_M_X64) || defined(_M_IX86))
#include <intrin.h>
#define SPK_RELAX() _mm_pause()
#elif defined(_MSC_VER) && defined(_M_ARM64)
#include <intrin.h>
#define SPK_RELAX() __yield()
#elif defined(__GNUC__) && (defined(__x86_64__) || defined(__i386__))
#define SPK_RELAX() __builtin_ia32_pause()
#elif defined(__GNUC__) && defined(__aarch64__)
#define SPK_RELAX() __asm__ __volatile__("yield")
#else
#define SPK_RELAX() ((void)0)
#endif

/* Fetch the line at this address into the cache, for reading or for writing; any address will do. */
#if defined(__GNUC__)
#define SPK_PREFETCH(address) __builtin_prefetch(address, 0)
#define SPK_PREFETCH_WRITE(address) __builtin_prefetch(address, 1)
#else
#define SPK_PREFETCH(address) ((void)(address))
#define SPK_PREFETCH_WRITE(address) ((void)(address))
#endif

/* printf checking, where the compiler has it. */
#if defined(__GNUC__)
#define SPK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define SPK_PRINTF(fmt, args)
#endif

#endif
