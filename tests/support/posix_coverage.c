/*
 * In every program of a build that counts lines (SPORK_COVERAGE): the counts are written down at exit(), but
 * workers end by _exit(), and tests' own children, too: the linker sends these calls here (--wrap), so that the product
 * knows nothing of it. And a forked child begins at 0: it would write down its parent's counts once more. Who is killed
 * writes nothing down.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <pthread.h>

/* libgcov's; it locks each file, and adds to what is in it */
void __gcov_dump(void);
void __gcov_reset(void);

_Noreturn void __real__exit(int code);
_Noreturn void __wrap__exit(int code);
_Noreturn void __wrap__Exit(int code);

/* Before main(), so before the library has handlers for fork(): what they do in the child counts. */
__attribute__((constructor)) static void watch_forks(void)
{
    (void)pthread_atfork(NULL, NULL, __gcov_reset);
}

_Noreturn void __wrap__exit(int code)
{
    __gcov_dump();
    __real__exit(code);
}

_Noreturn void __wrap__Exit(int code)
{
    __wrap__exit(code);
}
