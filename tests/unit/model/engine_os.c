/*
 * The os.h of the model: processes are actors, bells are words, time stands still unless there is nothing
 * else to wait for.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "engine_inside.h"

#include "hello.h"

#include <stdlib.h>
#include <string.h>

/* ---- facts ------------------------------------------------------------------------------------- */

void spk_os_facts(spk_os_facts_t *facts)
{
    memset(facts, 0, sizeof *facts);
    facts->page_size = 4096;
    facts->reserve = 1 << 20;
}

int spk_os_cpu(void)
{
    return -1;
}

int spk_os_cpu_count(void)
{
    return 1;
}

int spk_os_thread_count(void)
{
    return 1;
}

int64_t spk_os_pid(void)
{
    return 1;
}

uint64_t spk_os_clock(void)
{
    return engine.now;
}

void spk_os_yield(void)
{
}

int spk_os_env_trusted(void)
{
    return 0;
}

apr_status_t spk_os_command_line(int *argc, char ***argv, apr_pool_t *mem)
{
    (void)argc;
    (void)argv;
    (void)mem;
    return APR_ENOTIMPL;
}

apr_status_t spk_os_init(void)
{
    return APR_SUCCESS;
}

int spk_os_stdio_pending(void)
{
    return 0;
}

void spk_os_stdio_forget(void)
{
}

int spk_os_terminal_columns(void)
{
    return -1;
}

void spk_os_terminal_write(const char *text, size_t size)
{
    (void)text;
    (void)size;
}

/* ---- shared memory: there is one segment, and it is there ---------------------------------------- */

apr_status_t spk_os_shm_create(spk_os_shm_t *shm, size_t reserve, size_t at_least)
{
    (void)shm;
    (void)reserve;
    (void)at_least;
    return APR_ENOTIMPL;
}

apr_status_t spk_os_shm_commit(spk_os_shm_t *shm, size_t size)
{
    return size <= shm->committed ? APR_SUCCESS : APR_ENOMEM;
}

int spk_os_shm_discard(spk_os_shm_t *shm, size_t offset, size_t size)
{
    (void)shm;
    (void)offset;
    (void)size;
    return 0;
}

apr_status_t spk_os_shm_restore(spk_os_shm_t *shm, size_t offset, size_t size)
{
    return offset + size <= shm->committed ? APR_SUCCESS : APR_EINVAL;
}

apr_status_t spk_os_shm_attach(spk_os_shm_t *shm, spk_os_handle_t handle, size_t reserved)
{
    (void)shm;
    (void)handle;
    (void)reserved;
    return APR_ENOTIMPL;
}

void spk_os_shm_destroy(spk_os_shm_t *shm)
{
    (void)shm;
}

/* ---- bells: 0 is the parent's ---------------------------------------------------------------------- */

static int is_rung(void *of)
{
    return *(const volatile uint32_t *)of != 0;
}

/* Wait until it rings, and take that. */
static void wait_for_bell(int bell)
{
    _Atomic uint32_t *word = &engine.bells[bell];

    model_block(is_rung, (void *)word);
    atomic_exchange_explicit(word, 0, memory_order_acq_rel);
}

apr_status_t spk_os_bell_create(spk_os_bell_t *bell)
{
    (void)bell;
    return APR_ENOTIMPL;
}

void spk_os_bell_ring(const spk_os_bell_t *bell)
{
    atomic_exchange_explicit(&engine.bells[bell->ring.v], 1, memory_order_acq_rel);
}

void spk_os_bell_destroy(spk_os_bell_t *bell)
{
    (void)bell;
}

/* ---- processes ---------------------------------------------------------------------------------------- */

static void be_worker(void *of)
{
    engine_worker(of);
}

apr_status_t spk_os_process_fork(spk_os_process_t *process, spk_os_kit_t *kit, int *in_child)
{
    (void)process;
    (void)kit;
    (void)in_child;
    return APR_ENOTIMPL;
}

apr_status_t spk_os_process_spawn(spk_os_process_t *process, const spk_os_kit_t *kit, const char *program,
                                  const char *role, const void *hello, size_t hello_size)
{
    int p = engine.n_processes++;
    spk_worker_t *worker = &engine.workers[p];
    spk_hello_t words;

    (void)program;
    (void)role;
    memcpy(&words, hello, hello_size);
    memset(worker, 0, sizeof *worker);
    worker->kit = *kit;
    worker->shm = engine.pool.shm;
    worker->head = engine.pool.head;
    worker->id = words.id;
    engine.processes[p].member = (int)words.id;
    engine.processes[p].actor = model_spawn(be_worker, worker, 1);
    process->pid = p + 1;
    process->gone = 0;
    return APR_SUCCESS;
}

static engine_process_t *process_of(const spk_os_process_t *process)
{
    return &engine.processes[process->pid - 1];
}

apr_status_t spk_os_process_poll(spk_os_process_t *process, spk_os_exit_t *exit)
{
    engine_process_t *one = process_of(process);
    int gone = model_is_gone(one->actor);

    model_saw((uint64_t)gone);
    if (!gone) return APR_CHILD_NOTDONE;
    model_join(one->actor);
    one->reaped = 1;
    process->gone = 1;
    exit->signal = one->exited ? 0 : 9;
    exit->exit_code = one->exit_code;
    exit->no_memory = 0;
    return APR_CHILD_DONE;
}

void spk_os_process_kill(const spk_os_process_t *process)
{
    if (!process->gone) model_kill(process_of(process)->actor, 0);
}

void spk_os_process_destroy(spk_os_process_t *process)
{
    memset(process, 0, sizeof *process);
}

/* ---- the parent's waiting ---------------------------------------------------------------------------- */

int engine_is_unreaped(const spk_os_process_t *process)
{
    return process->pid != 0 && model_is_gone(process_of(process)->actor) && !process_of(process)->reaped;
}

apr_status_t spk_os_watch_create(spk_os_watch_t **watch, const spk_os_bell_t *bell, int max, apr_pool_t *mem)
{
    (void)watch;
    (void)bell;
    (void)max;
    (void)mem;
    return APR_ENOTIMPL;
}

void spk_os_watch_set(spk_os_watch_t *watch, int i, const spk_os_process_t *process)
{
    (void)watch;
    (void)i;
    (void)process;
}

int spk_os_watch_fired(const spk_os_watch_t *watch, int i)
{
    int fired = engine_is_unreaped(&engine.members[i].process);

    (void)watch;
    model_saw((uint64_t)fired);
    return fired;
}

/* When somebody waits to be started, the parent's sleep ends with time; else it must be woken. */
static uint64_t start_time(void)
{
    uint64_t soonest = 0;
    int m;

    for (m = 0; m < engine.pool.n; m++)
        if (engine.members[m].state == SPK_ABSENT && (soonest == 0 || engine.members[m].since < soonest))
            soonest = engine.members[m].since;
    return soonest;
}

static int has_happened(void *of)
{
    int m;

    (void)of;
    for (m = 0; m < engine.pool.n; m++)
        if (engine_is_unreaped(&engine.members[m].process)) return 1;
    return is_rung(&engine.bells[0]) || start_time() != 0 || engine_awaits_slot();
}

apr_status_t spk_os_watch_wait(spk_os_watch_t *watch, apr_interval_time_t timeout)
{
    (void)watch;
    (void)timeout;
    if (engine.calls < engine.play->calls && model_choose(2) == 1) {
        engine.calls++;
        engine.now += UINT64_C(2000000000);
        engine.pool.contradictions = 2; /* the next contradiction would be believed */
        return APR_TIMEUP;
    }
    model_block(has_happened, NULL);
    if (start_time() > engine.now) engine.now = start_time();
    atomic_exchange_explicit(&engine.bells[0], 0, memory_order_acq_rel);
    return APR_SUCCESS;
}

/* ---- the worker's side --------------------------------------------------------------------------------- */

apr_status_t spk_os_kit_adopt(spk_os_kit_t *kit, const char *numbers)
{
    (void)kit;
    (void)numbers;
    return APR_ENOTIMPL;
}

apr_status_t spk_os_line_read(spk_os_handle_t line, void *hello, size_t size, apr_interval_time_t timeout)
{
    (void)line;
    (void)hello;
    (void)size;
    (void)timeout;
    return APR_ENOTIMPL;
}

apr_status_t spk_os_worker_enter(const spk_os_kit_t *kit)
{
    (void)kit;
    return APR_SUCCESS;
}

apr_status_t spk_os_worker_sleep(const spk_os_kit_t *kit, apr_interval_time_t timeout)
{
    (void)timeout;
    wait_for_bell((int)kit->bell.ring.v);
    return APR_SUCCESS;
}

void spk_os_exit(int code)
{
    int p;

    for (p = 0; p < engine.n_processes; p++) {
        if (engine.processes[p].actor != model_self()) continue;
        engine.processes[p].exited = 1;
        engine.processes[p].exit_code = (uint32_t)code;
    }
    model_exit();
    abort();
}

/* ---- files that are appended to: none ----------------------------------------------------------- */

apr_status_t spk_os_append_open(spk_os_handle_t *file, const char *path)
{
    (void)path;
    file->v = SPK_OS_NONE_V;
    return APR_ENOTIMPL;
}

apr_status_t spk_os_append(spk_os_handle_t file, const void *data, size_t size, size_t *written)
{
    (void)file;
    (void)data;
    (void)size;
    *written = 0;
    return APR_ENOTIMPL;
}

int spk_os_append_at_line(spk_os_handle_t file)
{
    (void)file;
    return 1;
}

apr_status_t spk_os_append_stdio(spk_os_handle_t file)
{
    (void)file;
    return APR_ENOTIMPL;
}

void spk_os_append_close(spk_os_handle_t *file)
{
    file->v = SPK_OS_NONE_V;
}

int spk_os_growth_hold(void)
{
    return 0;
}

void spk_os_growth_release(int held)
{
    (void)held;
}
