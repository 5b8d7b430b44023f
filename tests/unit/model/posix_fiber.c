/*
 * Fibers by ucontext, which POSIX had until 2008 and all systems still have.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _XOPEN_SOURCE 700
#include "fiber.h"

#include <stdlib.h>
#include <ucontext.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#endif

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
/* A fiber that begins anew leaves frames behind: none of them may lie on a heap of the sanitizer's own. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_stack_use_after_return=0";
}
#else
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define STACK ((size_t)256 * 1024)

struct fiber_t {
    ucontext_t context;
    void (*body)(void *of);
    void *of;
    unsigned char *stack;
};

static ucontext_t thread;
static fiber_t *beginning;

static void enter(void)
{
    beginning->body(beginning->of);
    abort();
}

fiber_t *fiber_create(void)
{
    fiber_t *fiber = calloc(1, sizeof *fiber);

    if (fiber != NULL && (fiber->stack = malloc(STACK)) == NULL) {
        free(fiber);
        fiber = NULL;
    }
    return fiber;
}

void fiber_destroy(fiber_t *fiber)
{
    if (fiber != NULL) free(fiber->stack);
    free(fiber);
}

void fiber_prepare(fiber_t *fiber, void (*body)(void *of), void *of)
{
    fiber->body = body;
    fiber->of = of;
    ASAN_UNPOISON_MEMORY_REGION(fiber->stack, STACK);
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = STACK;
    fiber->context.uc_link = NULL;
    makecontext(&fiber->context, enter, 0);
}

void fiber_switch(fiber_t *from, fiber_t *to)
{
    beginning = to; /* if it does begin */
    swapcontext(from != NULL ? &from->context : &thread, to != NULL ? &to->context : &thread);
}
