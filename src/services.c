/*
 * Services: functions of the parent's that its tasks may call by name, and the answers that they give. All of it is
 * the parent's private memory.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "error.h"
#include "pool.h"

#include <apr_strings.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* ---- the table ---------------------------------------------------------------------------------------------- */

const spk_service_t *spk_service_find(const spork_pool_t *pool, const char *name)
{
    int i;

    for (i = 0; i < pool->n_services; i++)
        if (strcmp(pool->services[i].name, name) == 0) return &pool->services[i];
    return NULL;
}

static apr_status_t check_name(const spork_pool_t *pool, const char *what, const char *name)
{
    if (name == NULL || name[0] == '\0' || strlen(name) >= SPK_CALL_NAME)
        return spk_error(APR_EINVAL, "%s: a name has 1 to %d bytes", what, SPORK_NAME_MAX);
    if (spk_service_find(pool, name) != NULL)
        return spk_error(APR_EEXIST, "%s: the pool already serves a \"%s\"", what, name);
    return APR_SUCCESS;
}

apr_status_t spk_service_add(spork_pool_t *pool, const char *what, const char *name,
                             const spk_service_t *service)
{
    apr_status_t status = spk_pool_check(pool, what);
    spk_service_t *grown;

    if (status == APR_SUCCESS) status = check_name(pool, what, name);
    if (status != APR_SUCCESS) return status;
    if (pool->closed) return spk_error(SPORK_ECLOSED, "%s: the pool was closed", what);
    grown = realloc(pool->services, ((size_t)pool->n_services + 1) * sizeof *grown);
    if (grown == NULL) return spk_error(APR_ENOMEM, "%s: no memory", what);
    pool->services = grown;
    grown[pool->n_services] = *service;
    apr_cpystrn(grown[pool->n_services].name, name, SPK_CALL_NAME);
    pool->n_services++;
    return APR_SUCCESS;
}

void spk_service_remove(spork_pool_t *pool, const char *name)
{
    int i;

    for (i = 0; i < pool->n_services && strcmp(pool->services[i].name, name) != 0; i++) continue;
    if (i == pool->n_services) return;
    if (pool->services[i].end != NULL) pool->services[i].end(pool->services[i].baton);
    pool->n_services--;
    memmove(&pool->services[i], &pool->services[i + 1],
            (size_t)(pool->n_services - i) * sizeof *pool->services);
}

void spk_services_free(spork_pool_t *pool)
{
    int i;

    for (i = 0; i < pool->n_services; i++)
        if (pool->services[i].end != NULL) pool->services[i].end(pool->services[i].baton);
    free(pool->services);
    pool->services = NULL;
    pool->n_services = 0;
}

apr_status_t spork_pool_serve(spork_pool_t *pool, const char *name, spork_service_t fn, void *baton)
{
    spk_service_t service;
    apr_status_t status;

    memset(&service, 0, sizeof service);
    service.fn = fn;
    service.baton = baton;
    if (fn != NULL) return spk_service_add(pool, "spork_pool_serve", name, &service);
    status = spk_pool_check(pool, "spork_pool_serve");
    if (status != APR_SUCCESS) return status;
    if (name == NULL || spk_service_find(pool, name) == NULL)
        return spk_error(SPORK_ENOTFOUND, "spork_pool_serve: the pool serves no \"%.63s\"",
                         name != NULL ? name : "");
    if (spk_service_find(pool, name)->end != NULL)
        return spk_error(APR_EINVAL, "spork_pool_serve: \"%s\" is a queue or a dictionary", name);
    spk_service_remove(pool, name);
    return APR_SUCCESS;
}

/* ---- answers ------------------------------------------------------------------------------------------------ */

/* What an answer's memory may be kept for the next one. */
#define KEPT_MOST ((size_t)64 * 1024)

void spk_answer_reset(spork_answer_t *answer)
{
    if (answer->room > KEPT_MOST) spk_answer_free(answer);
    answer->size = 0;
    answer->trouble = APR_SUCCESS;
    answer->words[0] = '\0';
    answer->later = 0;
    answer->of = answer->held = NULL;
    answer->before = answer->after = NULL;
}

void spk_answer_free(spork_answer_t *answer)
{
    free(answer->data);
    answer->data = NULL;
    answer->size = answer->room = 0;
}

static int make_room(spork_answer_t *answer, size_t size)
{
    unsigned char *grown;

    if (size <= answer->room) return 1;
    grown = realloc(answer->data, size);
    if (grown == NULL) return 0;
    answer->data = grown;
    answer->room = size;
    return 1;
}

static apr_status_t keep(spork_answer_t *answer, const void *data, size_t size)
{
    size_t most = answer->pool->shm.reserved - answer->pool->payloads;

    if (size > most)
        return spk_error(SPORK_ETOOBIG,
                         "spork_answer: %" APR_SIZE_T_FMT
                         " bytes are more than the arena of %" APR_SIZE_T_FMT,
                         size, most);
    if (!make_room(answer, size))
        return spk_error(APR_ENOMEM, "spork_answer: no memory for %" APR_SIZE_T_FMT " bytes", size);
    if (size > 0) memcpy(answer->data, data, size);
    answer->size = size;
    return APR_SUCCESS;
}

apr_status_t spork_answer(spork_answer_t *answer, const void *data, apr_size_t size)
{
    if (answer == NULL || (data == NULL && size > 0))
        return spk_error(APR_EINVAL, "spork_answer: the answer is NULL, or the data of a size is");
    answer->size = 0;
    answer->trouble = keep(answer, data, size);
    if (answer->trouble != APR_SUCCESS) spork_answer_fail(answer, "%s", spork_error());
    return answer->trouble;
}

void spork_answer_fail(spork_answer_t *answer, const char *format, ...)
{
    va_list args;

    if (answer == NULL || format == NULL) return;
    va_start(args, format);
    apr_vsnprintf(answer->words, sizeof answer->words, format, args);
    va_end(args);
}

void spk_answer_later(spork_answer_t *answer, uint64_t until, void (*gone)(spork_answer_t *answer))
{
    answer->later = 1;
    answer->until = until;
    answer->gone = gone;
}

apr_status_t spk_service_run(const spk_service_t *service, const void *in, size_t in_size,
                             spork_answer_t *answer)
{
    spork_service_t fn = service->fn; /* the table may grow meanwhile */
    int was_inside = answer->pool->inside;
    char words[SPK_ERROR_WORDS];
    apr_status_t status;

    spk_error_keep(words); /* what fails in a service is the caller's to know, not who waits in the pool */
    spk_answer_reset(answer);
    answer->pool->inside = SPK_IN_SERVICE;
    status = fn(service->baton, in_size > 0 ? in : NULL, in_size, answer);
    answer->pool->inside = was_inside;
    spk_error_restore(words);
    return status == APR_SUCCESS ? answer->trouble : status;
}
