/*
 * The board of faults, see fault.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fault.h"

#include <apr_env.h>
#include <apr_errno.h>
#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_mmap.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define NAME_SIZE 48

typedef struct {
    _Atomic uint64_t key; /* a digest of the name; 0: free */
    _Atomic unsigned counts[FAULT_SIDES];
    char name[NAME_SIZE];
    int errors[FAULT_ERRORS];
} call_t;

typedef struct {
    int64_t parent; /* process id; all others are workers */
    /* the plan */
    _Atomic uint64_t key; /* of the call; 0: none */
    int side;
    unsigned k;
    int error, lasting;
    _Atomic unsigned struck;
    call_t calls[FAULT_CALLS]; /* by key, the next free place where that one is taken */
} board_t;

static board_t *board;
static int last_error;
static _Atomic long blocks;

/* ---- counting and failing ----------------------------------------------------------------------------------- */

static uint64_t digest(const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *name != '\0'; name++) hash = (hash ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return hash != 0 ? hash : 1;
}

/* Several processes may meet a call for the first time at once: all write the same. */
static call_t *place_of(uint64_t key, const char *name, const int *errors)
{
    size_t i, at;

    for (i = 0; i < FAULT_CALLS; i++) {
        call_t *call = &board->calls[(key + i) % FAULT_CALLS];
        uint64_t found = atomic_load(&call->key);

        if (found == key) return call;
        if (found != 0) continue;
        if (!atomic_compare_exchange_strong(&call->key, &found, key) && found != key) continue;
        (void)snprintf(call->name, sizeof call->name, "%s", name);
        for (at = 0; at < FAULT_ERRORS - 1 && errors[at] != 0; at++) call->errors[at] = errors[at];
        return call;
    }
    (void)fprintf(stderr, "the board of faults has no room for %s\n", name);
    abort();
}

int fault_here(const char *name, const int *errors)
{
    uint64_t key;
    call_t *call;
    unsigned count;
    int side;

    if (board == NULL) return 0;
    key = digest(name);
    call = place_of(key, name, errors);
    side = host_pid() == board->parent ? FAULT_PARENT : FAULT_WORKER;
    count = atomic_fetch_add(&call->counts[side], 1) + 1;
    if (atomic_load(&board->key) != key || board->side != side || count < board->k) return 0;
    if (count > board->k && !board->lasting) return 0;
    atomic_fetch_add(&board->struck, 1);
    last_error = board->error;
    if (last_error != 0) host_set_error(last_error);
    return 1;
}

int fault_error(void)
{
    return last_error;
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

static const int no_memory[] = { ENOMEM, 0 };

static void own(const void *block)
{
    if (block != NULL) (void)atomic_fetch_add(&blocks, 1);
}

void *fault_malloc(size_t size)
{
    void *block = fault_here("malloc", no_memory) ? NULL : malloc(size);

    own(block);
    return block;
}

void *fault_calloc(size_t n, size_t size)
{
    void *block = fault_here("calloc", no_memory) ? NULL : calloc(n, size);

    own(block);
    return block;
}

void *fault_realloc(void *block, size_t size)
{
    void *grown = fault_here("realloc", no_memory) ? NULL : realloc(block, size);

    if (block == NULL) own(grown);
    return grown;
}

char *fault_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = fault_malloc(size);

    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

void fault_free(void *block)
{
    if (block != NULL) (void)atomic_fetch_sub(&blocks, 1);
    free(block);
}

long fault_blocks(void)
{
    return atomic_load(&blocks);
}

void *fault_no_memory(apr_pool_t *pool)
{
    apr_abortfunc_t abort_function = apr_pool_abort_get(pool);

    if (abort_function != NULL) (void)abort_function(APR_ENOMEM);
    return NULL;
}

apr_status_t fault_no_pool(apr_pool_t *parent, apr_abortfunc_t abort_function)
{
    if (abort_function == NULL && parent != NULL) abort_function = apr_pool_abort_get(parent);
    if (abort_function != NULL) (void)abort_function(APR_ENOMEM);
    return APR_ENOMEM;
}

/* ---- the board --------------------------------------------------------------------------------------------------- */

static void stop(const char *what, apr_status_t status)
{
    char words[120];

    (void)fprintf(stderr, "the board of faults: %s: %s\n", what, apr_strerror(status, words, sizeof words));
    abort();
}

static void map_board(apr_file_t *file, apr_pool_t *mem)
{
    apr_mmap_t *map;
    apr_status_t status = apr_mmap_create(&map, file, 0, sizeof *board, APR_MMAP_READ | APR_MMAP_WRITE, mem);

    if (status != APR_SUCCESS) stop("it cannot be mapped", status);
    board = map->mm;
    (void)apr_file_close(file);
}

void fault_attach(void)
{
    const char *path = getenv(FAULT_BOARD);
    apr_pool_t *mem = NULL;
    apr_file_t *file = NULL;
    apr_status_t status;

    if (path == NULL) return;
    status = apr_initialize();
    if (status == APR_SUCCESS) status = apr_pool_create(&mem, NULL);
    if (status == APR_SUCCESS) status = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_WRITE, 0, mem);
    if (status != APR_SUCCESS) stop(path, status);
    map_board(file, mem);
}

void fault_begin(const char *path, apr_pool_t *mem)
{
    apr_file_t *file;
    apr_status_t status =
        apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE,
                      APR_FPROT_OS_DEFAULT, mem);

    if (status == APR_SUCCESS) status = apr_file_trunc(file, sizeof *board);
    if (status == APR_SUCCESS) status = apr_env_set(FAULT_BOARD, path, mem);
    if (status != APR_SUCCESS) stop(path, status);
    map_board(file, mem);
    fault_be_parent();
}

void fault_be_parent(void)
{
    if (board != NULL) board->parent = host_pid();
}

void fault_clear(void)
{
    atomic_store(&board->key, 0);
    atomic_store(&board->struck, 0);
    for (size_t i = 0; i < FAULT_CALLS; i++)
        for (int side = 0; side < FAULT_SIDES; side++) atomic_store(&board->calls[i].counts[side], 0);
}

void fault_plan(int call, int side, unsigned k, int e, int lasting)
{
    fault_clear();
    board->side = side;
    board->k = k;
    board->error = board->calls[call].errors[e];
    board->lasting = lasting;
    atomic_store(&board->key, atomic_load(&board->calls[call].key));
}

unsigned fault_struck(void)
{
    return atomic_load(&board->struck);
}

int fault_calls(void)
{
    return FAULT_CALLS;
}

const char *fault_name(int call)
{
    return board->calls[call].name;
}

int fault_errors(int call)
{
    int n = 0;

    while (board->calls[call].errors[n] != 0) n++;
    return n > 0 ? n : 1;
}

int fault_error_number(int call, int e)
{
    return board->calls[call].errors[e];
}

unsigned fault_count(int call, int side)
{
    return atomic_load(&board->calls[call].counts[side]);
}
