/*
 * The registry of tasks: built once by spork_init(), read-only and so safe from any thread after.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "registry.h"

#include "error.h"
#include "shared.h"
#include "track.h"
#include <stdlib.h>
#include <string.h>

#define MAX_TABLES 64

static const spork_entry_t *tables[MAX_TABLES];
static int n_tables;
static const spork_entry_t *sorted;
static int n_sorted;
static int built;

static int is_end(const spork_entry_t *entry)
{
    return entry->name == NULL && entry->fn == NULL;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const spork_entry_t *)a)->name, ((const spork_entry_t *)b)->name);
}

apr_status_t spork_register(const spork_entry_t *entries)
{
    if (built) return spk_error(APR_EINVAL, "spork_register: too late, spork_init() was called already");
    if (entries == NULL) return spk_error(APR_EINVAL, "spork_register: the table is NULL");
    if (n_tables == MAX_TABLES)
        return spk_error(APR_EINVAL, "spork_register: more than %d tables", MAX_TABLES);
    tables[n_tables++] = entries;
    return APR_SUCCESS;
}

static apr_status_t check_entry(const spork_entry_t *entry, int i)
{
    if (entry->name == NULL)
        return spk_error(APR_EINVAL, "spork_init: entry %d of a task table has a function but no name", i);
    if (entry->name[0] == '\0')
        return spk_error(APR_EINVAL, "spork_init: entry %d of a task table has an empty name", i);
    if (entry->fn == NULL)
        return spk_error(APR_EINVAL, "spork_init: task \"%s\" has no function (NULL)", entry->name);
    return APR_SUCCESS;
}

static apr_status_t count_entries(const spork_entry_t *table, int *count)
{
    apr_status_t status = APR_SUCCESS;
    int i;

    for (i = 0; status == APR_SUCCESS && table != NULL && !is_end(&table[i]); i++)
        status = check_entry(&table[i], i);
    *count += i;
    return status;
}

static apr_status_t check_duplicates(const spork_entry_t *all, int n)
{
    int i;

    for (i = 1; i < n; i++)
        if (strcmp(all[i - 1].name, all[i].name) == 0)
            return spk_error(APR_EINVAL, "spork_init: the task name \"%s\" stands twice in the tables",
                             all[i].name);
    return APR_SUCCESS;
}

/* All tables, one behind the other, by name; there is room for them. */
static void collect(spork_entry_t *all, const spork_entry_t *entries)
{
    int t, i, n = 0;

    for (t = 0; t < n_tables; t++)
        for (i = 0; !is_end(&tables[t][i]); i++) all[n++] = tables[t][i];
    for (i = 0; entries != NULL && !is_end(&entries[i]); i++) all[n++] = entries[i];
    qsort(all, (size_t)n, sizeof *all, by_name);
}

apr_status_t spk_registry_build(const spork_entry_t *entries, apr_pool_t *mem)
{
    apr_status_t status = count_entries(entries, &n_sorted);
    spork_entry_t *all = NULL;
    int t;

    for (t = 0; status == APR_SUCCESS && t < n_tables; t++) status = count_entries(tables[t], &n_sorted);
    if (status == APR_SUCCESS) {
        all = apr_palloc(mem, sizeof *all * (size_t)(n_sorted + 1));
        if (all == NULL) status = spk_error(APR_ENOMEM, "spork_init: no memory for %d tasks", n_sorted);
    }
    if (all != NULL) {
        collect(all, entries);
        sorted = all;
        status = check_duplicates(all, n_sorted);
    }
    built = status == APR_SUCCESS;
    if (!built) n_sorted = 0;
    return status;
}

int spk_registry_built(void)
{
    return built;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *p = data;
    size_t i;

    for (i = 0; i < size; i++) hash = (hash ^ p[i]) * UINT64_C(1099511628211);
    return hash;
}

uint64_t spk_registry_fingerprint(void)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    size_t sizes[] = { sizeof(void *), sizeof(spk_header_t), sizeof(spk_seat_t), sizeof(spk_item_t),
                       sizeof(spk_track_t) };
    int i;

    hash = hash_bytes(hash, SPORK_VERSION_STRING, sizeof SPORK_VERSION_STRING);
    hash = hash_bytes(hash, sizes, sizeof sizes);
    for (i = 0; i < n_sorted; i++) hash = hash_bytes(hash, sorted[i].name, strlen(sorted[i].name) + 1);
    return hash;
}

int spk_registry_find(spork_fn_t fn)
{
    int i;

    for (i = 0; fn != NULL && i < n_sorted; i++)
        if (sorted[i].fn == fn) return i;
    return SPK_NOT_A_TASK;
}

spork_fn_t spk_registry_fn(uint32_t number)
{
    return number < (uint32_t)n_sorted ? sorted[number].fn : NULL;
}

const char *spk_registry_name(uint32_t number)
{
    return number < (uint32_t)n_sorted ? sorted[number].name : "?";
}
