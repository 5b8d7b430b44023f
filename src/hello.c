/*
 * What a spawned worker believes, see hello.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "hello.h"

#include "spork.h"

#include <string.h>

/* A fingerprint that differs comes before the layout, which may differ with it. */
spk_hello_e spk_hello_check(const void *bytes, size_t size, uint64_t fingerprint, spk_hello_t *hello)
{
    if (size != sizeof *hello) return SPK_HELLO_NONSENSE;
    memcpy(hello, bytes, size);
    if (hello->magic != SPK_MAGIC || hello->n_seats == 0 || hello->n_seats > SPORK_WORKERS_MAX ||
        hello->id >= hello->n_seats || hello->arena >= hello->reserved || hello->reserved > PTRDIFF_MAX ||
        memchr(hello->program, '\0', sizeof hello->program) == NULL ||
        memchr(hello->log.prefix, '\0', sizeof hello->log.prefix) == NULL)
        return SPK_HELLO_NONSENSE;
    if (hello->fingerprint != fingerprint) return SPK_HELLO_MISMATCH;
    if (hello->arena < offsetof(spk_header_t, seats) + hello->n_seats * sizeof(spk_seat_t))
        return SPK_HELLO_NONSENSE;
    return SPK_HELLO_GOOD;
}

int spk_hello_is_of(const spk_hello_t *hello, const spk_header_t *head)
{
    return head->magic == SPK_MAGIC && memcmp(head->secret, hello->secret, SPK_SECRET) == 0;
}
