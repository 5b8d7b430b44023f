/*
 * A scripted os.h: see fake_os.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "fake_os.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BELLS 4096
#define WAITS_MAX 200000
#define PAGE ((size_t)4096)

fake_os_t fake;

static int rung[BELLS];
static jmp_buf running; /* the process that fake_serve() plays */
static int plays = -1;

void fake_reset(void)
{
    memset(&fake, 0, sizeof fake);
    memset(rung, 0, sizeof rung);
    fake.facts.can_fork = 1;
    fake.facts.page_size = PAGE;
    fake.facts.memory = (uint64_t)1 << 30;
    fake.facts.reserve = (size_t)1 << 20;
    fake.cpus = fake.threads = fake.trusted = 1;
    fake.columns = -1;
    fake.pid = 4711;
    fake.now = UINT64_C(3600000000000);
    fake.on_start = fake_start_well;
    fake.on_wait = fake_work_well;
}

static void give_up(const char *why)
{
    fprintf(stderr, "fake os: %s\n", why);
    abort();
}

/* ---- facts --------------------------------------------------------------------------------------- */

void spk_os_facts(spk_os_facts_t *facts)
{
    *facts = fake.facts;
}

int spk_os_cpu(void)
{
    return -1;
}

int spk_os_cpu_count(void)
{
    return fake.cpus;
}

int spk_os_thread_count(void)
{
    return fake.threads;
}

int64_t spk_os_pid(void)
{
    return fake.pid;
}

uint64_t spk_os_clock(void)
{
    return fake.now;
}

void spk_os_yield(void)
{
}

int spk_os_env_trusted(void)
{
    return fake.trusted;
}

apr_status_t spk_os_command_line(int *argc, char ***argv, apr_pool_t *mem)
{
    static char name[] = "program";
    static char *words[] = { name, NULL };

    (void)mem;
    *argc = 1;
    *argv = words;
    return APR_SUCCESS;
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

/* ---- the terminal: a piece of text -------------------------------------------------------------- */

int spk_os_terminal_columns(void)
{
    return fake.columns;
}

void spk_os_terminal_write(const char *text, size_t size)
{
    if (size >= sizeof fake.terminal - fake.terminal_size) give_up("too much for the terminal");
    memcpy(fake.terminal + fake.terminal_size, text, size);
    fake.terminal_size += size;
    fake.n_terminal++;
}

/* ---- shared memory: malloc, so that a sanitizer sees its end ------------------------------------- */

apr_status_t spk_os_shm_create(spk_os_shm_t *shm, size_t reserve, size_t at_least)
{
    unsigned char *whole;

    (void)at_least;
    reserve = (reserve + PAGE - 1) / PAGE * PAGE;
    whole = calloc(1, reserve + PAGE);
    if (whole == NULL) return APR_ENOMEM;
    shm->base = whole + (PAGE - (uintptr_t)whole % PAGE);
    shm->base[-1] = (unsigned char)((PAGE - (uintptr_t)whole % PAGE) / 256);
    shm->base[-2] = (unsigned char)((PAGE - (uintptr_t)whole % PAGE) % 256);
    shm->handle.v = 1;
    shm->reserved = reserve;
    shm->committed = 0;
    fake.n_segments++;
    fake.head = (spk_header_t *)(void *)shm->base;
    return APR_SUCCESS;
}

apr_status_t spk_os_shm_commit(spk_os_shm_t *shm, size_t size)
{
    if (++fake.n_commits == fake.fail_commit || size > shm->reserved) return APR_ENOSPC;
    if (size > shm->committed) shm->committed = size;
    return APR_SUCCESS;
}

int spk_os_shm_discard(spk_os_shm_t *shm, size_t offset, size_t size)
{
    memset(shm->base + offset, 0, size);
    return 1;
}

apr_status_t spk_os_shm_restore(spk_os_shm_t *shm, size_t offset, size_t size)
{
    if (++fake.n_restores == fake.fail_restore) return APR_ENOSPC;
    return offset + size <= shm->committed ? APR_SUCCESS : APR_EINVAL;
}

apr_status_t spk_os_shm_attach(spk_os_shm_t *shm, spk_os_handle_t handle, size_t reserved)
{
    (void)shm;
    (void)handle;
    (void)reserved;
    return APR_EINVAL;
}

void spk_os_shm_destroy(spk_os_shm_t *shm)
{
    if (shm->base == NULL) return;
    free(shm->base - ((size_t)shm->base[-1] * 256 + shm->base[-2]));
    shm->base = NULL;
    fake.n_segments--;
    fake.head = NULL;
}

/* ---- bells --------------------------------------------------------------------------------------- */

apr_status_t spk_os_bell_create(spk_os_bell_t *bell)
{
    if (fake.n_bells + 1 == BELLS) give_up("too many bells");
    if (++fake.n_bells == fake.fail_bell) return APR_ENOMEM;
    bell->wait.v = bell->ring.v = fake.n_bells;
    return APR_SUCCESS;
}

void spk_os_bell_ring(const spk_os_bell_t *bell)
{
    fake.n_rings++;
    if (bell->ring.v >= 0) rung[bell->ring.v] = 1;
}

void spk_os_bell_destroy(spk_os_bell_t *bell)
{
    bell->wait.v = bell->ring.v = SPK_OS_NONE_V;
}

/* ---- processes ----------------------------------------------------------------------------------- */

static apr_status_t start(spk_os_process_t *process, const spk_os_kit_t *kit, int forked)
{
    fake_process_t *one = &fake.processes[fake.n_processes];

    fake.n_starts++;
    if (fake.fail_start > 0 && fake.n_starts >= fake.fail_start &&
        fake.n_starts <= fake.fail_start + fake.fail_more)
        return fake.fail_status;
    if (fake.n_processes == FAKE_PROCESSES) give_up("too many processes");
    memset(one, 0, sizeof *one);
    one->member = (int)(kit->bell.ring.v - kit->parent_bell.ring.v - 1);
    one->forked = forked;
    one->alive = 1;
    one->worker.kit = *kit;
    process->pid = 1000 + fake.n_processes++;
    process->gone = 0;
    if (fake.on_start != NULL) fake.on_start(fake.n_processes - 1);
    return APR_SUCCESS;
}

apr_status_t spk_os_process_fork(spk_os_process_t *process, spk_os_kit_t *kit, int *in_child)
{
    *in_child = 0;
    return start(process, kit, 1);
}

apr_status_t spk_os_process_spawn(spk_os_process_t *process, const spk_os_kit_t *kit, const char *program,
                                  const char *role, const void *hello, size_t hello_size)
{
    (void)program;
    (void)role;
    (void)hello;
    (void)hello_size;
    return start(process, kit, 0);
}

static fake_process_t *of(const spk_os_process_t *process)
{
    if (process->pid < 1000 || process->pid >= 1000 + fake.n_processes) give_up("no such process");
    return &fake.processes[process->pid - 1000];
}

apr_status_t spk_os_process_poll(spk_os_process_t *process, spk_os_exit_t *exit)
{
    fake_process_t *one = of(process);

    if (fake.on_poll != NULL) fake.on_poll((int)(process->pid - 1000));
    if (one->alive) return APR_CHILD_NOTDONE;
    one->reaped = process->gone = 1;
    *exit = one->end;
    return APR_CHILD_DONE;
}

void spk_os_process_kill(const spk_os_process_t *process)
{
    fake_process_t *one;

    if (process->pid == 0 || process->gone) return;
    one = of(process);
    one->killed = 1;
    fake.n_kills++;
    if (!fake.deaf_to_kill && one->alive) fake_end((int)(process->pid - 1000), 9, 0);
}

void spk_os_process_destroy(spk_os_process_t *process)
{
    static const spk_os_process_t none = SPK_OS_PROCESS_NONE;

    if (process->pid != 0) {
        of(process)->destroyed = 1;
        if (!process->gone) of(process)->alive = 0;
    }
    *process = none;
}

/* ---- waiting ------------------------------------------------------------------------------------- */

struct spk_os_watch_t {
    spk_os_bell_t bell;
    int max;
    spk_os_process_t processes[SPORK_WORKERS_MAX];
};

apr_status_t spk_os_watch_create(spk_os_watch_t **watch, const spk_os_bell_t *bell, int max, apr_pool_t *mem)
{
    *watch = apr_pcalloc(mem, sizeof **watch);
    (*watch)->bell = *bell;
    (*watch)->max = max;
    return APR_SUCCESS;
}

void spk_os_watch_set(spk_os_watch_t *watch, int i, const spk_os_process_t *process)
{
    static const spk_os_process_t none = SPK_OS_PROCESS_NONE;

    if (i < 0 || i >= watch->max) give_up("no such place in the watch");
    watch->processes[i] = process != NULL ? *process : none;
}

int spk_os_watch_fired(const spk_os_watch_t *watch, int i)
{
    return watch->processes[i].pid != 0 && !of(&watch->processes[i])->alive;
}

static int has_happened(spk_os_watch_t *watch)
{
    int i, happened = rung[watch->bell.wait.v];

    rung[watch->bell.wait.v] = 0;
    for (i = 0; i < watch->max; i++) happened |= spk_os_watch_fired(watch, i);
    return happened;
}

apr_status_t spk_os_watch_wait(spk_os_watch_t *watch, apr_interval_time_t timeout)
{
    if (++fake.n_waits > WAITS_MAX) give_up("the parent waits for ever");
    if (has_happened(watch)) return APR_SUCCESS;
    if (fake.on_wait != NULL && fake.on_wait()) return APR_SUCCESS;
    if (has_happened(watch)) return APR_SUCCESS;
    if (timeout < 0) give_up("the parent waits for ever");
    fake.now += (uint64_t)timeout * 1000;
    return APR_TIMEUP;
}

/* ---- the worker's side, when the test plays one -------------------------------------------------- */

apr_status_t spk_os_kit_adopt(spk_os_kit_t *kit, const char *numbers)
{
    (void)kit;
    (void)numbers;
    return APR_EINVAL;
}

apr_status_t spk_os_line_read(spk_os_handle_t line, void *hello, size_t size, apr_interval_time_t timeout)
{
    (void)line;
    (void)hello;
    (void)size;
    (void)timeout;
    return APR_EOF;
}

apr_status_t spk_os_worker_enter(const spk_os_kit_t *kit)
{
    (void)kit;
    return APR_SUCCESS;
}

/* A played worker cannot wait for the parent, whose thread it runs on: whoever sleeps is gone. */
apr_status_t spk_os_worker_sleep(const spk_os_kit_t *kit, apr_interval_time_t timeout)
{
    (void)kit;
    (void)timeout;
    return APR_EOF;
}

void spk_os_exit(int code)
{
    if (plays < 0) give_up("the parent ends");
    fake_die(0, (uint32_t)code);
    abort();
}

/* ---- processes that are played ------------------------------------------------------------------- */

int fake_process_of(int member)
{
    int p;

    for (p = fake.n_processes - 1; p >= 0; p--)
        if (fake.processes[p].member == member && fake.processes[p].alive) return p;
    return -1;
}

void fake_end(int process, int signal, uint32_t exit_code)
{
    fake.processes[process].alive = 0;
    fake.processes[process].end.signal = signal;
    fake.processes[process].end.exit_code = exit_code;
}

void fake_be_ready(int process)
{
    fake_process_t *one = &fake.processes[process];
    spk_worker_t *worker = &one->worker;

    worker->head = fake.head;
    worker->id = (unsigned)one->member;
    worker->seat = &fake.head->seats[one->member];
    worker->shm.base = (unsigned char *)fake.head;
    worker->shm.reserved = worker->shm.committed = (size_t)fake.head->reserved;
    worker->task.base = worker->shm.base;
    worker->task.arena = (size_t)fake.head->arena;
    worker->task.arena_end = worker->shm.reserved;
    worker->task.worker_id = one->member;
    worker->task.keeper = worker;
    spk_worker_begin_replies(worker);
    atomic_store_explicit(&worker->seat->phase, SPK_PHASE_READY, memory_order_release);
    spk_worker_wake_parent(worker);
}

static int serve_all(spk_worker_t *worker)
{
    uint64_t open = atomic_load_explicit(&worker->head->open, memory_order_acquire), serial;
    unsigned slot;
    int did = 0;

    for (slot = 0; slot < SPK_SLOTS; slot++) {
        serial = atomic_load_explicit(&worker->head->serials[slot], memory_order_acquire);
        if (!(open >> slot & 1) || serial == worker->through[slot]) continue;
        atomic_store_explicit(&worker->seat->looking, slot + 1, memory_order_relaxed);
        spk_worker_serve(worker, slot);
        worker->through[slot] = serial;
        atomic_store_explicit(&worker->seat->cur, 0, memory_order_release);
        atomic_store_explicit(&worker->seat->looking, 0, memory_order_release);
        did = 1;
    }
    return did;
}

int fake_serve(int process)
{
    volatile int did = 1;

    if (plays >= 0) give_up("a process inside a process");
    plays = process;
    if (setjmp(running) == 0) did = serve_all(&fake.processes[process].worker);
    plays = -1;
    return did;
}

void fake_die(int signal, uint32_t exit_code)
{
    fake_end(plays, signal, exit_code);
    fake.processes[plays].end.no_memory = fake.no_memory;
    longjmp(running, 1);
}

void fake_hang(void)
{
    fake.processes[plays].hangs = 1;
    longjmp(running, 1);
}

void fake_start_well(int process)
{
    fake_be_ready(process);
}

/* What spk_worker_wait() stores before it sleeps. */
static void go_to_sleep(spk_worker_t *worker)
{
    atomic_store_explicit(&worker->seat->mood, SPK_MOOD_ASLEEP, memory_order_relaxed);
    atomic_store_explicit(&worker->seat->answered,
                          atomic_load_explicit(&worker->head->roll, memory_order_acquire),
                          memory_order_release);
}

int fake_work_well(void)
{
    int p, did = 0;

    for (p = 0; p < fake.n_processes; p++) {
        fake_process_t *one = &fake.processes[p];

        if (!one->alive || one->hangs || one->worker.seat == NULL) continue;
        atomic_store_explicit(&one->worker.seat->mood, SPK_MOOD_AWAKE, memory_order_relaxed);
        if (fake_serve(p))
            did = 1;
        else
            go_to_sleep(&one->worker);
    }
    return did;
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
