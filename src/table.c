/*
 * The dictionary's table: chained buckets, twice as many whenever there are more pairs than buckets.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "table.h"

#include "spork.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS_FIRST ((size_t)64)

/* FNV-1a. Who wants to spoil it by keys that collide spoils the speed of his own pool. */
static size_t hash_of(const char *key, size_t key_size)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    size_t i;

    for (i = 0; i < key_size; i++) hash = (hash ^ (unsigned char)key[i]) * UINT64_C(1099511628211);
    return (size_t)(hash ^ hash >> 32);
}

static spk_pair_t **bucket_of(const spk_table_t *table, size_t hash)
{
    return &table->buckets[hash & (table->n_buckets - 1)];
}

/* The link that leads to the pair, or to the end of its bucket. There are buckets. */
static spk_pair_t **link_of(const spk_table_t *table, const char *key, size_t key_size, size_t hash)
{
    spk_pair_t **link = bucket_of(table, hash);

    while (*link != NULL && ((*link)->hash != hash || (*link)->key_size != key_size ||
                             memcmp((*link)->key, key, key_size) != 0))
        link = &(*link)->next;
    return link;
}

spk_pair_t *spk_table_find(const spk_table_t *table, const char *key, size_t key_size)
{
    if (table->buckets == NULL) return NULL;
    return *link_of(table, key, key_size, hash_of(key, key_size));
}

/* More buckets, if they can be had; a full table only is slower. */
static void grow(spk_table_t *table)
{
    spk_table_t larger = *table;
    spk_pair_t *pair, *next;
    size_t i;

    larger.n_buckets = table->n_buckets == 0 ? BUCKETS_FIRST : table->n_buckets * 2;
    larger.buckets = calloc(larger.n_buckets, sizeof(spk_pair_t *));
    if (larger.buckets == NULL) return;
    for (i = 0; i < table->n_buckets; i++) {
        for (pair = table->buckets[i]; pair != NULL; pair = next) {
            next = pair->next;
            pair->next = *bucket_of(&larger, pair->hash);
            *bucket_of(&larger, pair->hash) = pair;
        }
    }
    free(table->buckets);
    *table = larger;
}

static size_t rounded(size_t size)
{
    return (size + 15) / 16 * 16;
}

static spk_pair_t *make_pair(const char *key, size_t key_size, const void *value, size_t size)
{
    spk_pair_t *pair = malloc(rounded(sizeof *pair) + rounded(size) + key_size + 1);

    if (pair == NULL) return NULL;
    pair->hash = hash_of(key, key_size);
    pair->key_size = key_size;
    pair->size = size;
    pair->value = (unsigned char *)pair + rounded(sizeof *pair);
    pair->key = (char *)pair->value + rounded(size);
    if (size > 0) memcpy(pair->value, value, size);
    memcpy(pair->key, key, key_size);
    pair->key[key_size] = '\0';
    return pair;
}

static size_t cost_of(const spk_pair_t *pair)
{
    return pair == NULL ? 0 : pair->key_size + pair->size + SPK_PAIR_COST;
}

static int fits(const spk_table_t *table, const spk_pair_t *old, size_t key_size, size_t size)
{
    size_t left = table->capacity - (table->used - cost_of(old));

    return SPK_PAIR_COST <= left && key_size <= left - SPK_PAIR_COST &&
           size <= left - SPK_PAIR_COST - key_size;
}

apr_status_t spk_table_put(spk_table_t *table, const char *key, size_t key_size, const void *value,
                           size_t size)
{
    spk_pair_t *old, *pair, **link;

    if (table->count >= table->n_buckets) grow(table);
    if (table->buckets == NULL) return APR_ENOMEM;
    old = spk_table_find(table, key, key_size);
    if (!fits(table, old, key_size, size)) return SPORK_ETOOBIG;
    pair = make_pair(key, key_size, value, size);
    if (pair == NULL) return APR_ENOMEM;
    link = link_of(table, key, key_size, pair->hash);
    pair->next = old != NULL ? old->next : NULL;
    *link = pair;
    table->used += cost_of(pair) - cost_of(old);
    table->count += old == NULL;
    free(old);
    return APR_SUCCESS;
}

int spk_table_remove(spk_table_t *table, const char *key, size_t key_size)
{
    spk_pair_t **link, *pair;

    if (table->buckets == NULL) return 0;
    link = link_of(table, key, key_size, hash_of(key, key_size));
    pair = *link;
    if (pair == NULL) return 0;
    *link = pair->next;
    table->used -= cost_of(pair);
    table->count--;
    free(pair);
    return 1;
}

void spk_table_free(spk_table_t *table)
{
    spk_pair_t *pair;
    size_t i;

    for (i = 0; i < table->n_buckets; i++)
        while ((pair = table->buckets[i]) != NULL) {
            table->buckets[i] = pair->next;
            free(pair);
        }
    free(table->buckets);
    memset(table, 0, sizeof *table);
}
