/*
 * Fuzz target: the start-up message, which whoever starts the program by hand may write, and the head of the segment that
 * came with it. The input is a hello as a parent would write it, and words that are written over it; or just bytes. What a
 * worker then believes must keep its seat in its segment, and every hello that a parent could write must be believed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz.h"

#include "hello.h"
#include "spork.h"

#include <string.h>

#define FINGERPRINT UINT64_C(0x66696e6765727072)
#define PAGE 4096u

/* As crew.c fills it in, for a pool of so many. */
static void say_hello(spk_hello_t *hello, fuzz_input_t *input)
{
    uint32_t n = (uint32_t)(fuzz_next(input, 2) % SPORK_WORKERS_MAX) + 1;

    memset(hello, 0, sizeof *hello);
    hello->magic = SPK_MAGIC;
    hello->fingerprint = FINGERPRINT;
    hello->n_seats = n;
    hello->id = (uint32_t)fuzz_next(input, 2) % n;
    hello->arena = spk_shared_arena((int)n, PAGE);
    hello->reserved = hello->arena + (fuzz_next(input, 4) + 1) * PAGE;
    hello->memory_limit = fuzz_next(input, 4);
    memset(hello->secret, (int)fuzz_next(input, 1), SPK_SECRET);
    memset(hello->program, 'p', (size_t)fuzz_next(input, 1) % sizeof hello->program);
    memset(hello->log.prefix, '/', (size_t)fuzz_next(input, 2) % sizeof hello->log.prefix);
}

static int is_good(const spk_hello_t *hello)
{
    return hello->magic == SPK_MAGIC && hello->fingerprint == FINGERPRINT && hello->n_seats >= 1 &&
           hello->n_seats <= SPORK_WORKERS_MAX && hello->id < hello->n_seats &&
           hello->reserved <= PTRDIFF_MAX && hello->arena < hello->reserved &&
           memchr(hello->program, '\0', sizeof hello->program) != NULL &&
           memchr(hello->log.prefix, '\0', sizeof hello->log.prefix) != NULL &&
           hello->arena / sizeof(spk_seat_t) >= hello->n_seats &&
           hello->arena - hello->n_seats * sizeof(spk_seat_t) >= offsetof(spk_header_t, seats);
}

/* In a block of its own, so that AddressSanitizer sees who reads beyond it; anywhere, for the line knows no alignment. */
static spk_hello_e hear(const void *bytes, size_t size, spk_hello_t *hello)
{
    unsigned char *heard = malloc(size + 1);
    spk_hello_e found;

    check(heard != NULL, "there is memory");
    memcpy(heard + 1, bytes, size);
    found = spk_hello_check(heard + 1, size, FINGERPRINT, hello);
    check((found == SPK_HELLO_GOOD) == (size == sizeof *hello && is_good(hello)), "what is sound is good");
    check(found != SPK_HELLO_GOOD || memcmp(hello, bytes, size) == 0, "what is good is taken as it is");
    check(found != SPK_HELLO_MISMATCH || (hello->magic == SPK_MAGIC && hello->fingerprint != FINGERPRINT),
          "only another program is a mismatch");
    free(heard);
    return found;
}

static void look_at_head(const spk_hello_t *hello, const unsigned char *bytes, size_t size)
{
    static spk_header_t head;

    memset(&head, 0, sizeof head);
    memcpy(&head, bytes, size < sizeof head ? size : sizeof head);
    check(spk_hello_is_of(hello, &head) ==
              (head.magic == SPK_MAGIC && memcmp(head.secret, hello->secret, SPK_SECRET) == 0),
          "magic and secret tell whose it is");
    head.magic = SPK_MAGIC;
    memcpy(head.secret, hello->secret, SPK_SECRET);
    check(spk_hello_is_of(hello, &head), "the parent's own is believed");
}

static void bend_a_good_one(fuzz_input_t *input)
{
    unsigned char bytes[sizeof(spk_hello_t) + 8];
    spk_hello_t hello, heard;
    uint64_t value;
    size_t at;

    say_hello(&hello, input);
    check(hear(&hello, sizeof hello, &heard) == SPK_HELLO_GOOD, "what a parent writes is good");
    look_at_head(&heard, input->data, input->left);
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, &hello, sizeof hello);
    while (input->left > 0) {
        at = (size_t)fuzz_next(input, 2) % (sizeof hello / 4) * 4;
        value = fuzz_next(input, (size_t)fuzz_next(input, 1) % 9);
        memcpy(bytes + at, &value, sizeof value);
        (void)hear(bytes, sizeof hello, &heard);
    }
    (void)hear(bytes, sizeof hello - 1, &heard);
    (void)hear(bytes, sizeof hello + 1, &heard);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input_t input = { data, size };
    spk_hello_t hello;
    size_t length;

    memset(&hello, 0, sizeof hello);
    if (fuzz_next(&input, 1) % 2 == 0) {
        bend_a_good_one(&input);
    } else {
        length = input.left < sizeof hello ? input.left : sizeof hello;
        (void)hear(input.data, length, &hello);
        look_at_head(&hello, input.data + length, input.left - length);
    }
    return 0;
}
