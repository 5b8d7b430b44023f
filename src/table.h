/*
 * A hash table from byte strings to byte strings, bounded in bytes. Its own, where APR has one, for apr_hash_t does not
 * survive a lack of memory, and what it took for a key that was deleted it never gives back. Pure.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef SPK_TABLE_H
#define SPK_TABLE_H

#include <apr_errno.h>
#include <stddef.h>

/* One pair; the key, with a zero behind it, and the value stand at bytes. */
typedef struct spk_pair_t spk_pair_t;
struct spk_pair_t {
    spk_pair_t *next; /* in its bucket */
    size_t hash, key_size, size;
    unsigned char *value; /* aligned for any type */
    char *key;
};

typedef struct {
    spk_pair_t **buckets; /* a power of two; NULL: none yet */
    size_t n_buckets, count;
    size_t used, capacity; /* bytes, with SPK_PAIR_COST for each pair */
} spk_table_t;

#define SPK_PAIR_COST ((size_t)64)

/* NULL: the key is not in. */
spk_pair_t *spk_table_find(const spk_table_t *table, const char *key, size_t key_size);
/* SPORK_ETOOBIG or APR_ENOMEM: then the table is as it was. */
apr_status_t spk_table_put(spk_table_t *table, const char *key, size_t key_size, const void *value,
                           size_t size);
/* 1 if the key was in. */
int spk_table_remove(spk_table_t *table, const char *key, size_t key_size);
void spk_table_free(spk_table_t *table);

#endif
