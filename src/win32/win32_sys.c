/*
 * Facts, clock and the other small things that are asked of the system. (Processors: win32_cpu.c.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "../mem.h"
#include "win32_common.h"

#include <shellapi.h>

#include <stdlib.h>
#include <string.h>

#define NANOSECONDS_PER_SECOND 1000000000u
#define GIBIBYTE ((uint64_t)1 << 30)
#define RESERVE_64BIT (4 * GIBIBYTE)
#define RESERVE_32BIT (GIBIBYTE / 4)

static uint64_t physical_memory(void)
{
    MEMORYSTATUSEX memory;
    memory.dwLength = sizeof memory;
    return GlobalMemoryStatusEx(&memory) && memory.ullTotalPhys > 0 ? memory.ullTotalPhys : GIBIBYTE;
}

/* Moderate, because a reserved section costs its page tables: 8 MiB of kernel memory for 4 GiB. */
static size_t sensible_reserve(uint64_t memory, size_t granularity)
{
    uint64_t reserve = sizeof(void *) > 4 ? RESERVE_64BIT : RESERVE_32BIT;
    if (reserve > memory / 2) reserve = memory / 2;
    return (size_t)(reserve / granularity * granularity);
}

void spk_os_facts(spk_os_facts_t *facts)
{
    SYSTEM_INFO info;

    GetSystemInfo(&info);
    facts->can_fork = 0;
    facts->fork_by_default = 0;
    facts->page_size = info.dwPageSize;
    facts->memory = physical_memory();
    facts->reserve = sensible_reserve(facts->memory, info.dwAllocationGranularity);
}

/* The count decides whether fork() is safe; there is none, and counting is slow: it lists all the
 * threads of the machine. */
int spk_os_thread_count(void)
{
    return 0;
}

int64_t spk_os_pid(void)
{
    return (int64_t)GetCurrentProcessId();
}

/* The counter's frequency is fixed at boot and about 10 MHz, never above some GHz: the remainder's
 * product fits 64 bits. Neither call fails since Windows XP. */
uint64_t spk_os_clock(void)
{
    LARGE_INTEGER count;
    LARGE_INTEGER frequency;
    uint64_t ticks;
    uint64_t per_second;

    (void)QueryPerformanceFrequency(&frequency);
    (void)QueryPerformanceCounter(&count);
    ticks = (uint64_t)count.QuadPart;
    per_second = (uint64_t)frequency.QuadPart;
    return ticks / per_second * NANOSECONDS_PER_SECOND +
           ticks % per_second * NANOSECONDS_PER_SECOND / per_second;
}

void spk_os_yield(void)
{
    (void)SwitchToThread();
}

/* There are no set-user-id programs; who raises a program's rights starts it with an environment of
 * that user's. */
int spk_os_env_trusted(void)
{
    return 1;
}

static apr_status_t copy_arguments(char **argv, WCHAR *const *wide, int argc, apr_pool_t *mem)
{
    for (int i = 0; i < argc; i++) {
        char *text = spk_win32_narrow(wide[i]);
        if (text == NULL) return spk_win32_error();
        argv[i] = spk_mem_copy(mem, text, strlen(text) + 1);
        free(text);
        if (argv[i] == NULL) return APR_ENOMEM;
    }
    return APR_SUCCESS;
}

apr_status_t spk_os_command_line(int *argc, char ***argv, apr_pool_t *mem)
{
    apr_status_t status;
    int count = 0;
    WCHAR **wide = CommandLineToArgvW(GetCommandLineW(), &count);

    if (wide == NULL) return spk_win32_error();
    *argv = spk_mem_zeroed(mem, ((size_t)count + 1) * sizeof **argv);
    *argc = count;
    status = *argv != NULL ? copy_arguments(*argv, wide, count, mem) : APR_ENOMEM;
    (void)LocalFree((HLOCAL)wide);
    return status;
}

/* The C runtimes hide what their FILEs hold; flushing one that holds nothing costs a lock. */
int spk_os_stdio_pending(void)
{
    return -1;
}

/* No process here starts with a copy of another's buffers. */
void spk_os_stdio_forget(void)
{
}

/* ExitProcess() would tell each DLL, which may wait for a lock that a thread held. */
void spk_os_exit(int code)
{
    for (;;) (void)TerminateProcess(GetCurrentProcess(), (UINT)code);
}
