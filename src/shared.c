/*
 * The layout of the shared segment: where the arena begins.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "shared.h"

size_t spk_shared_arena(int n_seats, size_t page)
{
    size_t size = offsetof(spk_header_t, seats) + (size_t)n_seats * sizeof(spk_seat_t);

    return (size + page - 1) / page * page;
}
