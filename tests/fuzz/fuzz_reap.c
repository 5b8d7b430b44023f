/*
 * Fuzz target: the parent over arbitrary shared memory. The input is a little program that runs while the parent
 * waits: write words into the segment, end workers, let time pass. Workers are honest until the first write; then none
 * serves any more, since a played worker would fall over what it reads there. When the program is over, all workers
 * die, and so does each that is started: whatever stands in the segment, the calls must return.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fuzz.h"

#include "fake_os.h"
#include "pool.h"

#include <string.h>

#define ITEMS 16
#define FUTURES 5
#define WORKERS 3

static const uint8_t *program;
static size_t left;
static int written; /* something was written into the segment */
static spork_pool_t *pool;

static uint64_t next(size_t bytes)
{
    uint64_t value = 0;

    for (; bytes > 0 && left > 0; bytes--, left--) value = value << 8 | *program++;
    return value;
}

static apr_status_t twice(spork_task_t *task, const void *in, void *out)
{
    (void)task;
    if (out != NULL) *(int *)out = *(const int *)in * 2;
    return APR_SUCCESS;
}

static const spork_entry_t tasks[] = { SPORK_ENTRY(twice), SPORK_END };

/* ---- the program's instructions ------------------------------------------------------------------------ */

static void write_at(uint64_t offset)
{
    uint64_t value = next(8);

    written = 1;
    memcpy((unsigned char *)fake.head + offset % (pool->shm.reserved / 8) * 8, &value, sizeof value);
}

/* A message in a worker's mailbox, to the queue or the dictionary; most of its bytes are the next ones of the program. */
static void send_letter(uint64_t of, uint64_t to)
{
    spk_seat_t *seat = &fake.head->seats[of % WORKERS];
    spk_mailbox_t *mail = &seat->mail;
    size_t i, n;

    written = 1;
    memset(mail->name, 0, sizeof mail->name);
    memcpy(mail->name, to % 2 == 0 ? "queue" : "dict", to % 2 == 0 ? 5 : 4);
    mail->kind = (uint32_t)next(1) % 5;
    mail->part = (uint32_t)next(2);
    mail->size = mail->part + next(1);
    for (i = 0, n = (size_t)next(1) % 64; i < n; i++) seat->mail_bytes[i] = (unsigned char)next(1);
    atomic_store(&mail->asked, atomic_load(&mail->asked) + 1);
}

/* The first half of a seat's words, its ring's first entries, or a job: what the parent looks at most. */
static void write_where_it_matters(void)
{
    uint64_t where = next(1), word = next(1), of = next(1);
    size_t at = where % 2 == 0 ? offsetof(spk_header_t, seats) + (size_t)of % WORKERS * sizeof(spk_seat_t)
                               : offsetof(spk_header_t, jobs) + (size_t)of % 4 * sizeof(spk_job_t);

    if (where % 16 == 4) {
        send_letter(of, word);
        return;
    }
    if (where % 4 == 2) at += offsetof(spk_seat_t, ring);
    write_at(at / 8 + word);
}

static void end_somebody(void)
{
    int p = (int)(next(1) % (unsigned)fake.n_processes), signal = (int)next(1) % 32;

    if (fake.processes[p].alive) fake_end(p, signal, 3);
}

static void end_all(void)
{
    int p;

    for (p = 0; p < fake.n_processes; p++)
        if (fake.processes[p].alive) fake_end(p, 9, 0);
}

static int step(void)
{
    if (left == 0) {
        end_all();
        return 0;
    }
    switch (next(1) % 6) {
    case 0: write_at(next(3)); break;
    case 1:
    case 2: write_where_it_matters(); break;
    case 3: end_somebody(); break;
    case 4: return 0; /* time passes */
    default: return written ? 0 : fake_work_well();
    }
    return 1;
}

static void start(int process)
{
    if (left == 0)
        fake_end(process, 9, 0);
    else
        fake_be_ready(process);
}

/* ---- what must hold ------------------------------------------------------------------------------------- */

static void run_map(void)
{
    int in[ITEMS] = { 0 }, out[ITEMS];
    spork_map_t options;
    apr_size_t i;

    memset(&options, 0, sizeof options);
    options.chunk = 2;
    (void)spork_map(pool, twice, in, sizeof *in, out, sizeof *out, ITEMS, &options);
    check(options.n_failures <= ITEMS, "at most one outcome an item");
    for (i = 0; i < options.n_failures; i++) {
        check(options.failures[i].index < ITEMS, "failures are of the map's items");
        check(i == 0 || options.failures[i].index > options.failures[i - 1].index, "each item fails once");
    }
}

static void submit_all(void)
{
    spork_future_t *future;
    int i;

    for (i = 0; i < FUTURES; i++)
        if (spork_submit(&future, pool, twice, &i, sizeof i) != APR_SUCCESS) break;
}

static void wait_for_all(void)
{
    spork_future_t *done;
    int n = 0;

    while (spork_wait_any(pool, -1, &done) == APR_SUCCESS) {
        check(++n <= FUTURES, "each future is done once");
        check(spork_future_outcome(done) != NULL, "it has an outcome");
        spork_future_destroy(done);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int initialized;
    spork_config_t config;
    spork_queue_t *queue;
    spork_dict_t *dict;

    if (!initialized) check(spork_init(NULL, NULL, tasks) == APR_SUCCESS, "spork_init");
    initialized = 1;
    if (size > 1024) return 0;
    fake_reset();
    fake.cpus = 0;
    program = data;
    left = size + 1; /* the pool starts well in any case */
    written = 0;
    spork_config_init(&config);
    config.workers = WORKERS;
    config.start = SPORK_START_SPAWN;
    config.retries = size > 0 ? data[0] % 2 : 0;
    config.timeout = size > 0 && data[0] % 4 > 1 ? 300000 : 0;
    check(spork_pool_create(&pool, &config, NULL) == APR_SUCCESS, "the pool is made");
    check(spork_queue_create(&queue, pool, "queue", 500) == APR_SUCCESS, "the queue is made");
    check(spork_dict_create(&dict, pool, "dict", 2000) == APR_SUCCESS, "the dictionary is made");
    left = size;
    fake.on_start = start;
    fake.on_wait = step;
    submit_all();
    run_map();
    wait_for_all();
    spork_pool_destroy(pool);
    check(fake.n_segments == 0, "no segment is left");
    return 0;
}
