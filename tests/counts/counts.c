/*
 * One kind of work, for those who count what it costs: counts WORK ITEMS SIZE WORKERS. Everybody ends by himself, as counting
 * tools want it. check_counts.py looks at the figures.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <spork.h>

#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLIGHT 64

typedef struct {
    apr_size_t items, size;
    unsigned char *in, *out;
} load_t;

/* ---- tasks ---------------------------------------------------------------------------------- */

/* No copy: word by word, all changed. */
static apr_status_t flip(spork_task_t *task, const void *in, void *out)
{
    const apr_uint64_t *from = in;
    apr_uint64_t *to = out;
    const apr_size_t words = spork_task_in_size(task) / sizeof *from;

    for (apr_size_t i = 0; i < words; i++) to[i] = ~from[i];
    return APR_SUCCESS;
}

static apr_status_t echo(spork_task_t *task, const void *in, void *out)
{
    (void)out;
    return spork_reply(task, in, spork_task_in_size(task));
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(flip), SPORK_ENTRY(echo), SPORK_END };

/* ---- work ----------------------------------------------------------------------------------- */

static int are_flipped(const load_t *load)
{
    const apr_uint64_t *in = (const apr_uint64_t *)(const void *)load->in;
    const apr_uint64_t *out = (const apr_uint64_t *)(const void *)load->out;
    const apr_size_t words = load->items * load->size / sizeof *in;
    apr_size_t i = 0;

    while (i < words && out[i] == ~in[i]) i++;
    return i == words;
}

static apr_status_t map(spork_pool_t *pool, load_t *load, apr_size_t chunk)
{
    spork_map_t options = { 0 };
    apr_status_t status;

    options.chunk = chunk;
    status = spork_map(pool, flip, load->in, load->size, load->out, load->size, load->items, &options);
    if (status == APR_SUCCESS && !are_flipped(load)) status = APR_EGENERAL;
    return status;
}

static apr_status_t map_own(spork_pool_t *pool, load_t *load)
{
    return map(pool, load, 0);
}

static apr_status_t map_one(spork_pool_t *pool, load_t *load)
{
    return map(pool, load, 1);
}

static apr_status_t map_shared(spork_pool_t *pool, load_t *load)
{
    load_t shared = *load;
    const apr_size_t bytes = load->items * load->size + 1;

    shared.in = spork_alloc(pool, bytes);
    shared.out = spork_alloc(pool, bytes);
    if (shared.in == NULL || shared.out == NULL) return APR_ENOMEM;
    return map(pool, &shared, 0);
}

static apr_status_t collect(spork_future_t *future, const void *want, apr_size_t size)
{
    const spork_outcome_t *outcome;
    apr_status_t status = spork_future_wait(future, -1);

    if (status == APR_SUCCESS) {
        outcome = spork_future_outcome(future);
        status = outcome->status;
        if (status == APR_SUCCESS && (outcome->out_size != size || memcmp(outcome->out, want, size) != 0))
            status = APR_EGENERAL;
    }
    spork_future_destroy(future);
    return status;
}

static apr_status_t submit(spork_pool_t *pool, load_t *load)
{
    spork_future_t *futures[FLIGHT];
    apr_status_t status = APR_SUCCESS;

    for (apr_size_t i = 0; i < load->items + FLIGHT && status == APR_SUCCESS; i++) {
        if (i >= FLIGHT && i - FLIGHT < load->items)
            status = collect(futures[i % FLIGHT], load->in + (i - FLIGHT) * load->size, load->size);
        if (status == APR_SUCCESS && i < load->items)
            status = spork_submit(&futures[i % FLIGHT], pool, echo, load->in + i * load->size, load->size);
    }
    return status;
}

typedef struct {
    const load_t *load;
    apr_size_t drawn, delivered;
} flow_t;

static apr_status_t draw(void *baton, const void **in, apr_size_t *in_size)
{
    flow_t *flow = baton;

    if (flow->drawn == flow->load->items) return APR_EOF;
    *in = flow->load->in + flow->drawn++ * flow->load->size;
    *in_size = flow->load->size;
    return APR_SUCCESS;
}

static apr_status_t deliver(void *baton, const spork_outcome_t *outcome)
{
    flow_t *flow = baton;
    const unsigned char *want = flow->load->in + flow->delivered++ * flow->load->size;

    if (outcome->status != APR_SUCCESS) return outcome->status;
    return outcome->out_size == flow->load->size && memcmp(outcome->out, want, outcome->out_size) == 0
               ? APR_SUCCESS
               : APR_EGENERAL;
}

static apr_status_t stream(spork_pool_t *pool, load_t *load)
{
    flow_t flow = { load, 0, 0 };

    return spork_stream(pool, echo, draw, deliver, &flow, NULL);
}

static const struct {
    const char *name;
    apr_status_t (*run)(spork_pool_t *pool, load_t *load);
} works[] = {
    { "map", map_own },   { "map_one", map_one }, { "map_shared", map_shared },
    { "submit", submit }, { "stream", stream },
};

/* ---- main ----------------------------------------------------------------------------------- */

static apr_status_t fill(load_t *load)
{
    const apr_size_t bytes = load->items * load->size;

    load->in = malloc(bytes + 1);
    load->out = malloc(bytes + 1);
    if (load->in == NULL || load->out == NULL) return APR_ENOMEM;
    for (apr_size_t i = 0; i < bytes; i++) load->in[i] = (unsigned char)(i * 7 >> 3);
    return APR_SUCCESS;
}

static apr_status_t run(const char *name, load_t *load, int workers)
{
    spork_config_t config;
    spork_pool_t *pool = NULL;
    apr_status_t status = fill(load), closed;

    spork_config_init(&config);
    config.workers = workers;
    if (status == APR_SUCCESS) status = spork_pool_create(&pool, &config, NULL);
    for (size_t i = 0; i < sizeof works / sizeof *works && status == APR_SUCCESS; i++)
        if (strcmp(works[i].name, name) == 0) status = works[i].run(pool, load);
    if (pool != NULL) {
        closed = spork_pool_close(pool);
        if (status == APR_SUCCESS) status = closed;
    }
    spork_pool_destroy(pool);
    free(load->in);
    free(load->out);
    return status;
}

int main(int argc, char **argv)
{
    load_t load = { 0, 0, NULL, NULL };
    char words[120];
    apr_status_t status;

    if (spork_init(&argc, &argv, tasks) != APR_SUCCESS) return 2;
    if (argc != 5) {
        fprintf(stderr, "usage: counts WORK ITEMS SIZE WORKERS\n");
        return 2;
    }
    load.items = (apr_size_t)apr_atoi64(argv[2]);
    load.size = (apr_size_t)apr_atoi64(argv[3]);
    status = run(argv[1], &load, (int)apr_atoi64(argv[4]));
    if (status != APR_SUCCESS)
        fprintf(stderr, "counts: %s: %s\n", argv[1], spork_strerror(status, words, sizeof words));
    return status != APR_SUCCESS;
}
