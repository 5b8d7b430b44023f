/*
 * See crew.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "crew.h"

#define LONGEST_WAIT UINT64_C(100000000)

static uint64_t last_wait; /* the clock when the parent last began to wait */

void crew_reset(spork_config_t *config, int workers)
{
    fake_reset();
    fake.cpus = 0;
    fake.on_wait = crew_work;
    last_wait = fake.now;
    spork_config_init(config);
    config->workers = workers;
    config->start = SPORK_START_SPAWN;
}

int crew_watch(void)
{
    assert_true(fake.now - last_wait <= LONGEST_WAIT);
    last_wait = fake.now;
    return 0;
}

int crew_work(void)
{
    return crew_watch() | fake_work_well();
}

void crew_close(spork_pool_t *pool)
{
    int p;

    spork_pool_destroy(pool);
    assert_int_equal(fake.n_segments, 0);
    for (p = 0; p < fake.n_processes; p++) {
        assert_false(fake.processes[p].alive);
        assert_true(fake.processes[p].destroyed);
    }
}
