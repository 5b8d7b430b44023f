/*
 * Pools: made, closed, terminated, destroyed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pool.h"

#include "config.h"
#include "error.h"
#include "mem.h"
#include "progress.h"
#include "registry.h"
#include "trace.h"

#include <apr_general.h>
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

static apr_status_t check(const spork_pool_t *pool, const char *name, int inside_most)
{
    static const char *const who[] = { "",
                                       "the source of its stream",
                                       "the sink of its stream",
                                       "its own task",
                                       "one of its services",
                                       "its progress_fn" };

    if (pool == NULL) return spk_error(APR_EINVAL, "%s: pool is NULL", name);
    if (pool->owner != spk_os_pid())
        return spk_error(APR_EINVAL, "%s: the pool belongs to another process", name);
    if (pool->inside > inside_most)
        return spk_error(APR_EINVAL, "%s: called on a pool from inside %s", name, who[pool->inside]);
    return APR_SUCCESS;
}

apr_status_t spk_pool_check(const spork_pool_t *pool, const char *name)
{
    return check(pool, name, 0);
}

apr_status_t spk_pool_check_look(const spork_pool_t *pool, const char *name)
{
    return check(pool, name, SPK_IN_SINK);
}

/* What workers only read. */
static void fill_head(spork_pool_t *pool)
{
    spk_header_t *head = pool->head;

    head->magic = SPK_MAGIC;
    memcpy(head->secret, pool->secret, SPK_SECRET);
    head->fingerprint = pool->fingerprint;
    head->reserved = pool->shm.reserved;
    head->arena = pool->payloads;
    head->n_seats = (uint32_t)pool->n;
    head->max_tasks = pool->config.max_tasks;
    head->initializer =
        pool->config.initializer != NULL ? (uint32_t)spk_registry_find(pool->config.initializer) + 1 : 0;
    head->spin = pool->spin;
    if (pool->init_arg != NULL) {
        head->init_arg = spk_block_offset(pool->init_arg);
        head->init_size = pool->config.init_size;
    }
    head->trace = spk_trace_offset(pool);
    memcpy(pool->constants, head, sizeof pool->constants);
}

/* What spork itself takes of the arena, beside what the user reserves: tables of submitted items, and a little
 * room for the replies of each worker. */
static size_t upkeep(const spork_pool_t *pool)
{
    return (size_t)SPK_SLOTS * SPK_BATCH_MAX * sizeof(spk_item_t) + (size_t)pool->n * 8192 +
           spk_trace_room(pool);
}

static apr_status_t make_segment(spork_pool_t *pool)
{
    spk_os_facts_t facts;
    apr_status_t status;
    size_t arena;

    spk_os_facts(&facts);
    arena = spk_shared_arena(pool->n, facts.page_size);
    status = spk_os_shm_create(&pool->shm, arena + upkeep(pool) + pool->config.arena_size,
                               arena + facts.page_size);
    if (status == APR_SUCCESS) status = spk_os_shm_commit(&pool->shm, arena);
    if (status != APR_SUCCESS)
        return spk_error_os(status, "spork_pool_create: no shared memory for the pool");
    status = apr_generate_random_bytes(pool->secret, sizeof pool->secret);
    if (status != APR_SUCCESS) return spk_error_os(status, "spork_pool_create: no random numbers");
    pool->head = (spk_header_t *)(void *)pool->shm.base;
    pool->payloads = arena;
    pool->fingerprint = spk_registry_fingerprint();
    spk_arena_init(&pool->arena, arena, pool->shm.reserved);
    pool->touched = arena;
    return APR_SUCCESS;
}

static apr_status_t place_init_arg(spork_pool_t *pool)
{
    size_t size = pool->config.init_size;

    if (size == 0) return APR_SUCCESS;
    pool->init_arg = spk_memory_alloc(pool, size);
    if (pool->init_arg == NULL)
        return spk_error(SPORK_ETOOBIG,
                         "spork_pool_create: no room in the arena for init_arg, %" APR_SIZE_T_FMT " bytes",
                         size);
    memcpy(spk_memory_at(pool, pool->init_arg), pool->config.init_arg, size);
    pool->init_copy = spk_mem_copy(pool->mem, pool->config.init_arg, size);
    if (pool->init_copy == NULL)
        return spk_error(APR_ENOMEM, "spork_pool_create: no memory for init_arg, %" APR_SIZE_T_FMT " bytes",
                         size);
    return APR_SUCCESS;
}

static apr_status_t make_members(spork_pool_t *pool)
{
    apr_status_t status = spk_os_bell_create(&pool->bell);
    int m;

    pool->members = spk_mem_zeroed(pool->mem, sizeof *pool->members * (size_t)pool->n);
    if (pool->members == NULL)
        return spk_error(APR_ENOMEM, "spork_pool_create: no memory for %d workers", pool->n);
    for (m = 0; m < pool->n; m++) {
        static const spk_os_process_t none = SPK_OS_PROCESS_NONE;
        static const spk_os_bell_t silent = SPK_OS_BELL_NONE;

        pool->members[m].process = none;
        pool->members[m].bell = silent;
        pool->members[m].seat = &pool->head->seats[m];
    }
    for (m = 0; status == APR_SUCCESS && m < pool->n; m++)
        status = spk_os_bell_create(&pool->members[m].bell);
    if (status == APR_SUCCESS) status = spk_os_watch_create(&pool->watch, &pool->bell, pool->n, pool->mem);
    if (status != APR_SUCCESS)
        return spk_error_os(status, "spork_pool_create: no handles for %d workers", pool->n);
    return APR_SUCCESS;
}

static apr_status_t run_initializer_here(spork_pool_t *pool)
{
    char message[SPORK_MESSAGE_MAX], cause[120];
    spk_trace_t *trace = pool->trace;
    apr_status_t status;

    pool->was_ready = pool->config.initializer == NULL;
    if (pool->was_ready) return APR_SUCCESS;
    pool->log.initializing = 1;
    pool->trace = NULL; /* it is no item */
    status = spk_inline_run(pool, pool->config.initializer, 0,
                            pool->config.init_size > 0 ? pool->config.init_arg : NULL, pool->config.init_size,
                            NULL, 0, NULL, NULL, message);
    pool->trace = trace;
    pool->log.initializing = 0;
    pool->was_ready = status == APR_SUCCESS;
    if (status == APR_SUCCESS) return APR_SUCCESS;
    return spk_error(SPORK_EINITIALIZER, "spork_pool_create: the initializer failed: %s",
                     message[0] != '\0' ? message : spork_strerror(status, cause, sizeof cause));
}

/* Everything that a pool holds, in any state of being made. */
static apr_status_t release(void *of)
{
    spork_pool_t *pool = of;
    int ours = pool->owner == spk_os_pid();

    pool->closed = 1;
    pool->foreign = !ours;
    if (ours && pool->n > 0 && pool->members != NULL && pool->watch != NULL) spk_crew_end(pool, 0);
    if (ours) spk_progress_close(pool);
    spk_trace_close(pool, ours);
    spk_run_free(pool);
    spk_stream_free(pool);
    spk_queue_free(pool);
    spk_crew_free(pool);
    spk_calls_free(pool);
    spk_services_free(pool);
    spk_os_bell_destroy(&pool->bell);
    spk_arena_destroy(&pool->arena);
    spk_log_close(&pool->log);
    spk_allocs_free(pool->allocs);
    pool->allocs = NULL;
    spk_os_shm_destroy(&pool->shm);
    return APR_SUCCESS;
}

static spork_pool_t *make_pool(apr_pool_t *parent)
{
    static const spk_os_shm_t unmapped = SPK_OS_SHM_NONE;
    static const spk_os_bell_t silent = SPK_OS_BELL_NONE;
    apr_pool_t *mem;
    spork_pool_t *pool;

    if (spk_mem_create(&mem, parent) != APR_SUCCESS) return NULL;
    pool = spk_mem_zeroed(mem, sizeof *pool);
    if (pool == NULL) {
        apr_pool_destroy(mem);
        return NULL;
    }
    pool->mem = mem;
    pool->owner = spk_os_pid();
    pool->shm = unmapped;
    pool->bell = silent;
    apr_pool_pre_cleanup_register(mem, pool, release);
    return pool;
}

static apr_status_t fill_pool(spork_pool_t *pool)
{
    apr_status_t status = spk_trace_open(pool);

    if (status == APR_SUCCESS) status = make_segment(pool);
    if (status == APR_SUCCESS) status = place_init_arg(pool);
    if (status == APR_SUCCESS) status = spk_trace_place(pool);
    if (status == APR_SUCCESS) status = spk_queue_create(pool);
    if (status == APR_SUCCESS) status = spk_logs_prepare(pool);
    if (status == APR_SUCCESS) fill_head(pool);
    if (status == APR_SUCCESS && spk_progress_create(pool) != APR_SUCCESS)
        status =
            spk_error(APR_ENOMEM, "spork_pool_create: no memory for the progress of %d workers", pool->n);
    if (status != APR_SUCCESS || pool->n == 0)
        return status == APR_SUCCESS ? run_initializer_here(pool) : status;
    status = make_members(pool);
    if (status == APR_SUCCESS) status = spk_crew_start(pool);
    return status;
}

apr_status_t spork_pool_create(spork_pool_t **pool, const spork_config_t *config, apr_pool_t *parent)
{
    spork_config_t full;
    apr_status_t status;
    spork_pool_t *made;
    int automatic = 0;

    if (pool == NULL) return spk_error(APR_EINVAL, "spork_pool_create: pool is NULL");
    *pool = NULL;
    status = spk_config_resolve(&full, &automatic, config);
    if (status != APR_SUCCESS) return status;
    made = make_pool(parent);
    if (made == NULL) return spk_error(APR_ENOMEM, "spork_pool_create: no memory");
    made->config = full;
    if (full.program != NULL)
        made->config.program = spk_mem_copy(made->mem, full.program, strlen(full.program) + 1);
    made->start = full.start;
    made->automatic = automatic;
    made->n = full.start == SPORK_START_INLINE ? 0 : full.workers;
    made->spin = made->n <= spk_os_cpu_count() ? SPK_SPIN : 0;
    status = (made->config.program == NULL) == (full.program == NULL)
                 ? fill_pool(made)
                 : spk_error(APR_ENOMEM, "spork_pool_create: no memory");
    made->config.init_arg = NULL;       /* the caller's; the arena has a copy */
    made->config.progress_label = NULL; /* likewise */
    if (status != APR_SUCCESS) {
        apr_pool_destroy(made->mem);
        return status;
    }
    *pool = made;
    return APR_SUCCESS;
}

static int nothing_left(void *of)
{
    return spk_queue_is_empty(of);
}

apr_status_t spork_pool_close(spork_pool_t *pool)
{
    apr_status_t status = spk_pool_check(pool, "spork_pool_close"), merged;

    if (status != APR_SUCCESS || pool->closed) return status;
    if (pool->n > 0) {
        status = spk_pump_until(pool, nothing_left, pool, -1, 0);
        pool->closed = 1;
        spk_crew_end(pool, status == APR_SUCCESS);
        spk_queue_cancel(pool);
    }
    pool->closed = 1;
    spk_progress_close(pool);
    spk_trace_close(pool, 1);
    merged = spk_logs_finish(pool);
    if (status == SPORK_ECANCELLED) return spk_error(status, "spork_pool_close: interrupted");
    if (status != APR_SUCCESS) return spk_error(status, "spork_pool_close: %s", pool->broken_words);
    return merged;
}

apr_status_t spork_pool_terminate(spork_pool_t *pool)
{
    apr_status_t status = spk_pool_check(pool, "spork_pool_terminate");

    if (status != APR_SUCCESS || pool->closed) return status;
    pool->closed = 1;
    if (pool->n > 0) {
        spk_crew_end(pool, 0);
        spk_queue_cancel(pool);
    }
    spk_progress_close(pool);
    spk_trace_close(pool, 1);
    return APR_SUCCESS;
}

void spork_pool_destroy(spork_pool_t *pool)
{
    if (pool == NULL || pool->inside) return;
    apr_pool_destroy(pool->mem);
}

void spork_pool_interrupt(spork_pool_t *pool)
{
    if (pool == NULL || pool->owner != spk_os_pid()) return;
    atomic_store(&pool->interrupted, 1);
    if (pool->n > 0) spk_os_bell_ring(&pool->bell);
}

int spork_pool_workers(const spork_pool_t *pool)
{
    return pool == NULL ? 0 : pool->n;
}

int spork_pool_pids(const spork_pool_t *pool, apr_int64_t *pids, int capacity)
{
    int m;

    if (pool == NULL || pids == NULL) return 0;
    for (m = 0; m < pool->n && m < capacity; m++)
        pids[m] = pool->members[m].state == SPK_ABSENT ? 0 : pool->members[m].process.pid;
    return m;
}

spork_start_e spork_pool_start(const spork_pool_t *pool)
{
    return pool == NULL ? SPORK_START_INLINE : pool->start;
}
