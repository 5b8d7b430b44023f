/*
 * A pool's configuration: defaults, checks, and what the environment overrides.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "config.h"

#include "error.h"
#include "os.h"
#include "registry.h"
#include "role.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_START_TIMEOUT ((apr_interval_time_t)60 * APR_USEC_PER_SEC)
#define ARENA_LEAST ((apr_size_t)64 * 1024)

void spork_config_init_size(spork_config_t *config, apr_size_t size)
{
    if (config == NULL || size < sizeof config->size) return;
    memset(config, 0, size);
    config->size = size;
}

/* The caller may have been compiled with an older, shorter struct, or with a newer one whose new
 * fields it did not use. */
static apr_status_t copy_config(spork_config_t *full, const spork_config_t *config)
{
    const unsigned char *bytes = (const unsigned char *)config;
    apr_size_t i;

    memset(full, 0, sizeof *full);
    if (config == NULL) return APR_SUCCESS;
    if (config->size < offsetof(spork_config_t, initializer) || config->size > 65536)
        return spk_error(APR_EINVAL,
                         "spork_pool_create: config.size is %" APR_SIZE_T_FMT
                         ": fill the config with spork_config_init()",
                         config->size);
    for (i = sizeof *full; i < config->size; i++)
        if (bytes[i] != 0)
            return spk_error(APR_ENOTIMPL,
                             "spork_pool_create: the config has a field that this spork does not know");
    memcpy(full, config, config->size < sizeof *full ? config->size : sizeof *full);
    return APR_SUCCESS;
}

static apr_status_t bad(const char *field, const char *why)
{
    return spk_error(APR_EINVAL, "spork_pool_create: config.%s %s", field, why);
}

static apr_status_t check(const spork_config_t *c)
{
    if (c->workers < 0 || c->workers > SPORK_WORKERS_MAX) return bad("workers", "must be 0 to 1000");
    if ((int)c->start < SPORK_START_AUTO || (int)c->start > SPORK_START_INLINE)
        return bad("start", "is no start method");
    if (c->init_size > 0 && c->init_arg == NULL) return bad("init_arg", "is NULL, but init_size is not 0");
    if (c->init_size > 0 && c->initializer == NULL)
        return bad("initializer", "is NULL, but init_size is not 0");
    if (c->start_timeout < 0) return bad("start_timeout", "is negative");
    if (c->timeout < 0) return bad("timeout", "is negative");
    if (c->progress_interval < 0) return bad("progress_interval", "is negative");
    if (c->retries < 0) return bad("retries", "is negative");
    if (c->memory_limit > 0 && c->memory_limit < SPORK_MEMORY_LIMIT_MIN)
        return bad("memory_limit", "must be 0, or at least SPORK_MEMORY_LIMIT_MIN (4 MiB)");
    if (c->program != NULL && c->program[0] == '\0') return bad("program", "is empty");
    if ((int)c->log_level < 0 || (int)c->log_level > SPORK_LOG_ERROR) return bad("log_level", "is no level");
    if (c->log_dir != NULL && c->log_dir[0] == '\0') return bad("log_dir", "is empty");
    if (c->log_dir == NULL && c->log_output != 0) return bad("log_output", "needs a log_dir");
    if (c->log_dir == NULL && c->log_merge != NULL) return bad("log_merge", "needs a log_dir");
    if (c->log_merge != NULL && c->log_merge[0] == '\0') return bad("log_merge", "is empty");
    if (c->initializer != NULL && spk_registry_find(c->initializer) == SPK_NOT_A_TASK)
        return spk_error(SPORK_ENOTTASK, "spork_pool_create: config.initializer is not in a task table");
    return APR_SUCCESS;
}

static const char *environment(const char *name)
{
    const char *value = spk_os_env_trusted() ? getenv(name) : NULL;

    return value != NULL && value[0] != '\0' ? value : NULL;
}

static apr_status_t override_start(spork_config_t *full)
{
    const char *value = environment("SPORK_START");

    if (value == NULL) return APR_SUCCESS;
    if (strcmp(value, "fork") == 0)
        full->start = SPORK_START_FORK;
    else if (strcmp(value, "spawn") == 0)
        full->start = SPORK_START_SPAWN;
    else if (strcmp(value, "inline") == 0)
        full->start = SPORK_START_INLINE;
    else
        return spk_error(APR_EINVAL, "SPORK_START=%.40s in the environment: it must be fork, spawn or inline",
                         value);
    return APR_SUCCESS;
}

static apr_status_t override_workers(spork_config_t *full)
{
    const char *value = environment("SPORK_WORKERS");
    char *end;
    long n;

    if (value == NULL) return APR_SUCCESS;
    errno = 0;
    n = strtol(value, &end, 10);
    if (errno != 0 || *end != '\0' || value[0] < '0' || value[0] > '9' || n < 1 || n > SPORK_WORKERS_MAX)
        return spk_error(APR_EINVAL, "SPORK_WORKERS=%.40s in the environment: it must be 1 to %d", value,
                         SPORK_WORKERS_MAX);
    full->workers = (int)n;
    return APR_SUCCESS;
}

/* Decide AUTO, and refuse what is impossible here. */
static apr_status_t resolve_start(spork_config_t *full, int *automatic)
{
    spk_os_facts_t facts;

    spk_os_facts(&facts);
    *automatic = full->start == SPORK_START_AUTO;
    if (spk_role_is_worker()) {
        if (!*automatic && full->start != SPORK_START_INLINE)
            return spk_error(SPORK_EGUARD,
                             "spork_pool_create: inside a worker only an INLINE pool can be made");
        full->start = SPORK_START_INLINE;
    } else if (*automatic) {
        full->start = facts.fork_by_default && spk_os_thread_count() == 1 && full->program == NULL
                          ? SPORK_START_FORK
                          : SPORK_START_SPAWN;
    }
    if (full->start == SPORK_START_FORK && !facts.can_fork)
        return spk_error(APR_ENOTIMPL, "spork_pool_create: this system has no fork(); use SPORK_START_SPAWN");
    return APR_SUCCESS;
}

static apr_status_t resolve_arena(spork_config_t *full)
{
    spk_os_facts_t facts;

    spk_os_facts(&facts);
    if (full->arena_size == 0)
        full->arena_size = facts.reserve;
    else if (full->arena_size < ARENA_LEAST)
        full->arena_size = ARENA_LEAST;
    if (full->arena_size > SIZE_MAX / 4 || full->init_size > full->arena_size)
        return spk_error(SPORK_ETOOBIG,
                         "spork_pool_create: config.arena_size of %" APR_SIZE_T_FMT
                         " bytes is too large, or too small for init_arg",
                         full->arena_size);
    return APR_SUCCESS;
}

apr_status_t spk_config_resolve(spork_config_t *full, int *automatic, const spork_config_t *config)
{
    apr_status_t status;

    if (!spk_role_is_parent() && !spk_role_is_worker())
        return spk_error(SPORK_EGUARD,
                         "spork_pool_create: call spork_init(&argc, &argv, tasks) first in main()");
    status = copy_config(full, config);
    if (status == APR_SUCCESS) status = check(full);
    if (status == APR_SUCCESS && !spk_role_is_worker()) status = override_start(full);
    if (status == APR_SUCCESS) status = override_workers(full);
    if (status == APR_SUCCESS) status = resolve_start(full, automatic);
    if (status == APR_SUCCESS) status = resolve_arena(full);
    if (full->workers == 0) full->workers = spk_os_cpu_count();
    if (full->workers > SPORK_WORKERS_MAX) full->workers = SPORK_WORKERS_MAX;
    if (full->start_timeout == 0) full->start_timeout = DEFAULT_START_TIMEOUT;
    return status;
}

int spork_cpu_count(void)
{
    return spk_os_cpu_count();
}
