/*
 * Every interleaving of small cases of the claims: the real claim.c, worker_serve.c and the parent's half
 * of it in jobs.c, hear.c and crew.c, with deaths at every step, successors in the seats of the dead, and job after
 * job in one slot. model/engine.c says what is checked.
 *
 * Workers come to a job here when there is one and leave it when it is served, as worker.c does it, but they
 * do not sleep: that is test_wake_model.c's.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/engine.h"

#include "../../src/worker.c"

/* ---- a worker without sleep --------------------------------------------------------------------- */

static int has_work(void *of)
{
    const spk_worker_t *worker = of;
    const spk_header_t *head = worker->head;

    return (*(const volatile uint64_t *)(const volatile void *)&head->open & 1) != 0 &&
           *(const volatile uint64_t *)(const volatile void *)&head->serials[0] != worker->through[0];
}

static void serve_without_sleep(spk_worker_t *worker)
{
    worker->seat = &worker->head->seats[worker->id];
    fill_task(worker);
    worker->published = atomic_load_explicit(&worker->seat->head, memory_order_relaxed);
    if (atomic_load_explicit(&worker->seat->phase, memory_order_relaxed) != SPK_PHASE_READY)
        atomic_store_explicit(&worker->seat->phase, SPK_PHASE_READY, memory_order_release);
    for (;;) {
        model_local(worker->id);
        model_block(has_work, worker);
        serve(worker, 0);
    }
}

/* ---- cases: all interleavings, or those with few preemptions; SPORK_MODEL=full lifts the bounds ---- */

static const engine_case_t cases[] = {
    { { .workers = 2, .items = 3, .chunk = 1, .lanes = 1, .again = 1 },
      { .name = "three items, twice", .preemptions = -1 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1 },
      { .name = "two items, a death", .preemptions = -1, .deaths = 1 } },
    { { .workers = 2, .items = 3, .chunk = 1, .lanes = 1 },
      { .name = "three items, a death", .preemptions = 3, .deaths = 1 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1, .again = 1 },
      { .name = "two items, twice, a death", .preemptions = 2, .deaths = 1 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1 },
      { .name = "two items, two deaths", .preemptions = 1, .deaths = 2 } },
    { { .workers = 2, .items = 4, .chunk = 2, .lanes = 1 },
      { .name = "claims of two, a death", .preemptions = 2, .deaths = 1 } },
    { { .workers = 2, .items = 3, .chunk = 2, .lanes = 2 },
      { .name = "two lanes, a death", .preemptions = 2, .deaths = 1 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1, .flags = SPK_JOB_TABLE },
      { .name = "every item reports, a death", .preemptions = 2, .deaths = 1 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1, .flags = SPK_JOB_TABLE, .extends = 1 },
      { .name = "an item comes later, a death", .preemptions = 2, .deaths = 1 } },
    { { .workers = 1, .items = 3, .chunk = 1, .lanes = 1, .flags = SPK_JOB_TABLE, .extends = 2 },
      { .name = "items come later", .preemptions = -1 } },
    { { .workers = 2, .items = 3, .chunk = 3, .lanes = 1, .fails = 2 },
      { .name = "one item fails, a death", .preemptions = 2, .deaths = 1 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1, .flags = SPK_JOB_GUARDED, .condemned = 1 },
      { .name = "one item is condemned, a death", .preemptions = 2, .deaths = 1 } },
    { { .workers = 1, .items = 2, .chunk = 2, .lanes = 1, .max_tasks = 1 },
      { .name = "workers give back and retire, a death", .preemptions = -1, .deaths = 1 } },
    { { .workers = 2, .items = 3, .chunk = 3, .lanes = 1, .stops = 1 },
      { .name = "the job is stopped, a death", .preemptions = 2, .deaths = 1 } },
    { { .workers = 2, .items = 3, .chunk = 1, .lanes = 1 },
      { .name = "spurious failures", .preemptions = 3, .spurious = 2 } },
    { { .workers = 3, .items = 4, .chunk = 1, .lanes = 1 }, { .name = "three workers", .preemptions = 3 } },
    { { .workers = 3, .items = 3, .chunk = 1, .lanes = 1 },
      { .name = "three workers, a death", .preemptions = 1, .deaths = 1 } },
    { { .workers = 2, .items = 3, .chunk = 1, .lanes = 1, .harvests = 2 },
      { .name = "harvests", .preemptions = 3 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1, .harvests = 1 },
      { .name = "a harvest and a death", .preemptions = 2, .deaths = 1 } },
    { { .workers = 2, .items = 4, .chunk = 2, .lanes = 1, .harvests = 1 },
      { .name = "a harvest of claims of two, a death", .preemptions = 2, .deaths = 1 } },
    { { .workers = 2, .items = 3, .chunk = 2, .lanes = 2, .harvests = 1 },
      { .name = "a harvest of two lanes, a death", .preemptions = 2, .deaths = 1 } },
    { { .workers = 2, .items = 3, .chunk = 3, .lanes = 1, .fails = 2, .harvests = 1 },
      { .name = "a harvest where one item fails, a death", .preemptions = 2, .deaths = 1 } },
    { { .workers = 2,
        .items = 2,
        .chunk = 1,
        .lanes = 1,
        .flags = SPK_JOB_GUARDED,
        .condemned = 1,
        .harvests = 1 },
      { .name = "a harvest where one item is condemned", .preemptions = 2 } },
    { { .workers = 1, .items = 3, .chunk = 3, .lanes = 1, .max_tasks = 1, .harvests = 1 },
      { .name = "a harvest of what is given back, a death", .preemptions = -1, .deaths = 1 } },
    { { .workers = 2, .items = 3, .chunk = 3, .lanes = 1, .stops = 1, .harvests = 1 },
      { .name = "a harvest of a job that is stopped", .preemptions = 2 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1, .harvests = 1 },
      { .name = "weak memory, a harvest", .weak = 1, .preemptions = 2, .stale = 1 } },
    { { .workers = 2, .items = 2, .chunk = 2, .lanes = 1, .fails = 2, .harvests = 1 },
      { .name = "weak memory, a harvest where one item fails", .weak = 1, .preemptions = 2, .stale = 1 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1, .again = 1 },
      { .name = "weak memory, twice", .weak = 1, .preemptions = 2, .stale = 1 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1 },
      { .name = "weak memory, a death", .weak = 1, .preemptions = 1, .stale = 1, .deaths = 1 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1, .flags = SPK_JOB_TABLE, .extends = 1 },
      { .name = "weak memory, an item comes later", .weak = 1, .preemptions = 1, .stale = 2 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1, .fails = 2 },
      { .name = "weak memory, one item fails", .weak = 1, .preemptions = 2, .stale = 2 } },
};

int main(void)
{
    engine_worker = serve_without_sleep;
    return engine_main(cases, sizeof cases / sizeof *cases);
}
