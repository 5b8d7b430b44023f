/*
 * spork_init(): find out whether this process is a worker, and become it.
 *
 * A worker's command line only says where it may find its kit. What proves that spork started it
 * comes through the inherited line: a secret that also stands at the head of the inherited segment.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "role.h"

#include "error.h"
#include "hello.h"
#include "mem.h"
#include "os.h"
#include "registry.h"
#include "step.h"
#include "worker.h"

#include <apr_general.h>
#include <stdio.h>
#include <string.h>

enum { ROLE_NONE, ROLE_PARENT, ROLE_WORKER };

static int role = ROLE_NONE;

int spk_role_is_parent(void)
{
    return role == ROLE_PARENT;
}

int spk_role_is_worker(void)
{
    return role == ROLE_WORKER;
}

void spk_role_become_worker(void)
{
    role = ROLE_WORKER;
}

const char *spk_role_parse(int argc, const char *const *argv)
{
    size_t length = strlen(SPK_ROLE);

    if (argc < 2 || argv == NULL || argv[1] == NULL || strncmp(argv[1], SPK_ROLE, length) != 0) return NULL;
    return argv[1] + length;
}

/* ---- the program's name ----------------------------------------------------------------------------------- */

static char program[SPK_ROLE_PROGRAM_MAX] = "spork";

const char *spk_role_program(void)
{
    return program;
}

static int is_exe(const char *end)
{
    return end[0] == '.' && (end[1] | 0x20) == 'e' && (end[2] | 0x20) == 'x' && (end[3] | 0x20) == 'e';
}

void spk_role_name(const char *argv0)
{
    const char *name = argv0, *at;
    size_t length;

    for (at = argv0; *at != '\0'; at++)
        if (*at == '/' || *at == '\\') name = at + 1;
    length = strlen(name);
    if (length > 4 && is_exe(name + length - 4)) length -= 4;
    if (length >= sizeof program) length = sizeof program - 1;
    while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80) length--; /* no half character */
    if (length == 0) return;
    memcpy(program, name, length);
    program[length] = '\0';
    for (; length > 0; length--)
        if ((unsigned char)program[length - 1] < 0x20 || program[length - 1] == ':')
            program[length - 1] = '_';
}

static void no_parent(const char *why)
{
    fprintf(
        stderr,
        "spork: this is a worker's command line, but no parent started it (%s); run the program without it\n",
        why);
    fflush(stderr);
    spk_os_exit(SPK_EXIT_NO_PARENT);
}

/* How long a parent may take to have written the hello: it did so before it started this process. */
#define HELLO_PATIENCE ((apr_interval_time_t)10 * APR_USEC_PER_SEC)

static void be_spawned_worker(const char *numbers)
{
    static spk_worker_t worker;
    unsigned char bytes[sizeof(spk_hello_t)];
    static spk_hello_t hello; /* the worker goes on reading in it */

    memset(&worker, 0, sizeof worker);
    SPK_STEP("born");
    if (spk_os_kit_adopt(&worker.kit, numbers) != APR_SUCCESS) no_parent("its handles are not there");
    if (spk_os_line_read(worker.kit.line, bytes, sizeof bytes, HELLO_PATIENCE) != APR_SUCCESS)
        no_parent("nothing came through its line");
    switch (spk_hello_check(bytes, sizeof bytes, spk_registry_fingerprint(), &hello)) {
    case SPK_HELLO_GOOD: break;
    case SPK_HELLO_NONSENSE: no_parent("its message makes no sense"); break;
    case SPK_HELLO_MISMATCH: spk_os_exit(SPK_EXIT_MISMATCH);
    }
    if (spk_os_shm_attach(&worker.shm, worker.kit.shm, (size_t)hello.reserved) != APR_SUCCESS ||
        spk_os_shm_commit(&worker.shm, (size_t)hello.arena) != APR_SUCCESS)
        no_parent("its segment cannot be mapped");
    SPK_STEP("attached");
    worker.head = (spk_header_t *)(void *)worker.shm.base;
    if (!spk_hello_is_of(&hello, worker.head)) no_parent("its segment belongs to somebody else");
    worker.id = hello.id;
    worker.kit.memory_limit = (size_t)hello.memory_limit;
    spk_role_name(hello.program); /* by which its parent was started */
    if (hello.log.prefix[0] != '\0') worker.log_setup = &hello.log;
    role = ROLE_WORKER;
    spk_worker_main(&worker);
}

/* What makes this process a worker: its own command line as main has it, or, if a framework took
 * arguments away before, as the system has it. A worker that missed it would be a parent, and start workers: so
 * where the system could tell and does not this time, it is nobody. */
static apr_status_t find_role(const char **numbers, int *argc, char ***argv, apr_pool_t *mem)
{
    int is_told = argc != NULL && argv != NULL, n = 0;
    char **args = NULL;
    apr_status_t status;

    *numbers = is_told ? spk_role_parse(*argc, (const char *const *)*argv) : NULL;
    if (*numbers != NULL) return APR_SUCCESS;
    if (is_told && *argc > 0 && *argv != NULL && (*argv)[0] != NULL) spk_role_name((*argv)[0]);
    status = spk_os_command_line(&n, &args, mem);
    if (status == APR_SUCCESS && n > 0 && args != NULL)
        spk_role_name(args[0]); /* on Windows the one that is surely UTF-8 */
    if (status == APR_SUCCESS) *numbers = spk_role_parse(n, (const char *const *)args);
    if (status == APR_SUCCESS || (is_told && status == APR_ENOTIMPL)) return APR_SUCCESS;
    return spk_error_os(status, "spork_init: the system does not tell the command line%s",
                        is_told ? "" : ", and there is no argc and argv");
}

apr_status_t spork_init(int *argc, char ***argv, const spork_entry_t *entries)
{
    apr_pool_t *mem;
    apr_status_t status;
    const char *numbers = NULL;

    if (role != ROLE_NONE) return spk_error(APR_EINVAL, "spork_init: called a second time");
    status = apr_initialize();
    if (status == APR_SUCCESS) status = spk_mem_create(&mem, NULL);
    if (status != APR_SUCCESS) return spk_error_os(status, "spork_init: APR cannot be initialized");
    status = find_role(&numbers, argc, argv, mem);
    if (status == APR_SUCCESS && (status = spk_os_init()) != APR_SUCCESS)
        (void)spk_error_os(status, "spork_init: this process cannot have workers");
    if (status == APR_SUCCESS)
        status = spk_registry_build(entries, mem); /* last: it says that spork is there */
    if (status != APR_SUCCESS && numbers != NULL) no_parent(spork_error());
    if (status == APR_SUCCESS && numbers != NULL) be_spawned_worker(numbers);
    if (status == APR_SUCCESS)
        role = ROLE_PARENT;
    else
        apr_pool_destroy(mem);
    return status;
}
