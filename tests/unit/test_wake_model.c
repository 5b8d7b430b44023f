/*
 * The whole engine in the model: workers that look, sleep and are woken (worker.c) and the parent's pump
 * (pump.c, crew.c, hear.c, jobs.c), with weak memory, so that a fence that is missing shows as somebody who waits
 * for ever, or as a worker in a job that is being replaced. A play has some 200 steps: all schedules with
 * few preemptions are tried, then random ones with many.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "model/engine.h"

static const engine_case_t cases[] = {
    { { .workers = 1, .items = 1, .chunk = 1, .lanes = 1, .again = 1, .sleeps = 1 },
      { .name = "one sleeper, twice", .weak = 1, .preemptions = 3, .stale = 1 } },
    { { .workers = 1, .items = 1, .chunk = 1, .lanes = 1, .flags = SPK_JOB_TABLE, .again = 1, .sleeps = 1 },
      { .name = "one sleeper reports, a death", .weak = 1, .preemptions = 2, .deaths = 1 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1, .again = 1, .sleeps = 1 },
      { .name = "two sleepers, twice", .weak = 1, .preemptions = 1, .stale = 2 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1, .sleeps = 1 },
      { .name = "two sleepers, a death", .weak = 1, .preemptions = 1, .stale = 1, .deaths = 1 } },
    { { .workers = 2, .items = 4, .chunk = 1, .lanes = 2, .again = 2, .sleeps = 1 },
      { .name = "two sleepers, at random",
        .weak = 1,
        .preemptions = -1,
        .stale = 6,
        .deaths = 2,
        .spurious = 2,
        .most = 30000,
        .seed = 7 } },
    { { .workers = 1, .items = 2, .chunk = 1, .lanes = 1, .again = 1, .sleeps = 1, .calls = 3 },
      { .name = "the roll is called", .weak = 1, .preemptions = 2, .stale = 1 } },
    { { .workers = 2, .items = 4, .chunk = 1, .lanes = 2, .again = 2, .sleeps = 1, .calls = 6 },
      { .name = "the roll is called, at random",
        .weak = 1,
        .preemptions = -1,
        .stale = 6,
        .deaths = 1,
        .spurious = 2,
        .most = 30000,
        .seed = 13 } },
    { { .workers = 3, .items = 6, .chunk = 2, .lanes = 2, .again = 2, .flags = SPK_JOB_TABLE, .sleeps = 1 },
      { .name = "three reporting sleepers, at random",
        .weak = 1,
        .preemptions = -1,
        .stale = 6,
        .deaths = 2,
        .spurious = 2,
        .most = 30000,
        .seed = 11 } },
    { { .workers = 1, .items = 1, .chunk = 1, .lanes = 1, .again = 1, .sleeps = 1, .asks = 1 },
      { .name = "a caller, twice", .weak = 1, .preemptions = 2, .stale = 1 } },
    { { .workers = 1, .items = 1, .chunk = 1, .lanes = 1, .sleeps = 1, .asks = 1 },
      { .name = "a caller, a death", .weak = 1, .preemptions = 2, .stale = 1, .deaths = 1 } },
    { { .workers = 2, .items = 2, .chunk = 1, .lanes = 1, .sleeps = 1, .asks = 2 },
      { .name = "a caller waits for another", .weak = 1, .preemptions = 1, .stale = 1 } },
    { { .workers = 2, .items = 4, .chunk = 1, .lanes = 2, .again = 1, .sleeps = 1, .asks = 1, .calls = 4 },
      { .name = "callers and roll calls, at random",
        .weak = 1,
        .preemptions = -1,
        .stale = 6,
        .deaths = 2,
        .spurious = 2,
        .most = 20000,
        .seed = 17 } },
    { { .workers = 2,
        .items = 4,
        .chunk = 1,
        .lanes = 1,
        .again = 1,
        .sleeps = 1,
        .asks = 2,
        .flags = SPK_JOB_TABLE },
      { .name = "callers wait for each other, at random",
        .weak = 1,
        .preemptions = -1,
        .stale = 6,
        .spurious = 2,
        .most = 20000,
        .seed = 19 } },
};

int main(void)
{
    return engine_main(cases, sizeof cases / sizeof *cases);
}
