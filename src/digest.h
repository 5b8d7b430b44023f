/*
 * A hash of 64 bits, by which a journal finds damage, and other inputs. APR 1 has none but MD5 and SHA-1 (in apr-util 1, another
 * library), and cryptography is not asked for: who can write to the journal can write to the results.
 *
 * Eight bytes a step, each step a bijection of what was before and of the bytes: so a change within one aligned word
 * always shows, and any other but once in about 2^64. About 4 GB/s. The words are taken in the machine's byte order.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_DIGEST_H
#define SPK_DIGEST_H

#include <stddef.h>
#include <stdint.h>

uint64_t spk_digest(uint64_t seed, const void *data, size_t size);

#endif
