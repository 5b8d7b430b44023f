/*
 * Starting a worker: CreateProcessW with exactly the handles that it is to have, inside a job object of
 * its own. The steps, each a function: line, job, kit, streams, attributes, command line, start.
 *
 * The job kills all that is in it when its last handle is closed. The parent has the only one: however the
 * parent ends, the worker, with all that its tasks have started, ends too. (Children cannot leave
 * the job, which does not allow breakaway; a host that is in a job itself nests ours, since Windows 8.)
 *
 * What is still open: Windows wants the handles in a handle list to be inheritable, so the kit's
 * duplicates are, from their making until CreateProcessW() has returned. A thread of the host that calls
 * CreateProcess() meanwhile, with bInheritHandles and without a handle list of its own, gives them to
 * its child. Such a child holds memory and an idle event, but neither the job nor the parent's end of
 * the line: no worker lives longer by it. Launches of our own do not disturb each other: each has a list.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "quote.h"
#include "win32_exe.h"
#include "win32_kit.h"
#include "win32_line.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define COMMAND_UNITS_MAX 32767u /* with the final zero ("CreateProcessW", processthreadsapi.h) */
#define STREAMS 3
#define ATTRIBUTES 2
#define CONSOLE_BITS 3u

/* Windows 10; older headers lack it, older systems refuse it. */
#ifndef PROC_THREAD_ATTRIBUTE_JOB_LIST
#define PROC_THREAD_ATTRIBUTE_JOB_LIST 0x0002000D
#endif

/* Everything between the call and its end; what is still here then is closed. */
typedef struct {
    HANDLE line_read;
    HANDLE line_write;
    HANDLE job;
    HANDLE kit[SPK_WIN32_KIT_COUNT]; /* inheritable duplicates */
    HANDLE streams[STREAMS];         /* likewise, or NULL */
    HANDLE list[SPK_WIN32_KIT_COUNT + STREAMS];
    DWORD listed;
    LPPROC_THREAD_ATTRIBUTE_LIST attributes;
    int join_later; /* the job could not be an attribute */
    char *program;
    WCHAR *wide_program;
    WCHAR *command;
    PROCESS_INFORMATION started;
} launch_t;

/* "Die on unhandled exception" keeps the crash dialogs away from the first instruction on, and from what
 * tasks start; the worker itself then sees to the C runtime's (spk_os_worker_enter()). */
static apr_status_t make_job(launch_t *launch, size_t memory_limit)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;

    memset(&limits, 0, sizeof limits);
    limits.BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    if (memory_limit > 0) spk_win32_limit_memory(&limits, memory_limit);
    launch->job = CreateJobObjectW(NULL, NULL);
    if (launch->job == NULL) return spk_win32_error();
    if (!SetInformationJobObject(launch->job, JobObjectExtendedLimitInformation, &limits, sizeof limits))
        return spk_win32_error();
    return APR_SUCCESS;
}

/* An inheritable duplicate, on the list. Access 0 keeps the source's. (Before Windows 8 consoles were
 * no kernel objects: their handles have the low bits set, are inherited anyway, and refused in a list.) */
static apr_status_t give(launch_t *launch, HANDLE source, DWORD access, HANDLE *given)
{
    HANDLE self = GetCurrentProcess();

    if (!DuplicateHandle(self, source, self, given, access, TRUE, access == 0 ? DUPLICATE_SAME_ACCESS : 0)) {
        *given = NULL;
        return spk_win32_error();
    }
    if (((uintptr_t)*given & CONSOLE_BITS) == 0) launch->list[launch->listed++] = *given;
    return APR_SUCCESS;
}

/* No more access than a worker needs: above all it may only wait for its parent. */
static apr_status_t give_kit(launch_t *launch, const spk_os_kit_t *kit)
{
    const struct {
        HANDLE source;
        DWORD access;
    } gifts[SPK_WIN32_KIT_COUNT] = {
        [SPK_WIN32_KIT_SHM] = { spk_win32_handle(kit->shm), FILE_MAP_READ | FILE_MAP_WRITE },
        [SPK_WIN32_KIT_BELL] = { spk_win32_handle(kit->bell.wait), SYNCHRONIZE | EVENT_MODIFY_STATE },
        [SPK_WIN32_KIT_PARENT_BELL] = { spk_win32_handle(kit->parent_bell.ring), EVENT_MODIFY_STATE },
        [SPK_WIN32_KIT_LINE] = { launch->line_read, 0 },
        [SPK_WIN32_KIT_PARENT] = { GetCurrentProcess(), SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION },
    };
    apr_status_t status = APR_SUCCESS;

    if (spk_win32_is_none(kit->shm) || spk_win32_is_none(kit->bell.wait) ||
        spk_win32_is_none(kit->parent_bell.ring))
        return APR_EINVAL;
    for (int i = 0; i < SPK_WIN32_KIT_COUNT && status == APR_SUCCESS; i++)
        status = give(launch, gifts[i].source, gifts[i].access, &launch->kit[i]);
    return status;
}

/* A stream that is closed here is closed there. */
static void give_streams(launch_t *launch)
{
    static const DWORD names[STREAMS] = { STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE };

    for (int i = 0; i < STREAMS; i++) {
        HANDLE stream = GetStdHandle(names[i]);
        if (stream != NULL && stream != INVALID_HANDLE_VALUE)
            (void)give(launch, stream, 0, &launch->streams[i]);
    }
}

static apr_status_t make_attributes(launch_t *launch)
{
    SIZE_T size = 0;

    (void)InitializeProcThreadAttributeList(NULL, ATTRIBUTES, 0, &size);
    launch->attributes = malloc(size);
    if (launch->attributes == NULL) return APR_ENOMEM;
    if (!InitializeProcThreadAttributeList(launch->attributes, ATTRIBUTES, 0, &size)) {
        apr_status_t status = spk_win32_error();
        free(launch->attributes);
        launch->attributes = NULL;
        return status;
    }
    if (!UpdateProcThreadAttribute(launch->attributes, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, launch->list,
                                   launch->listed * sizeof *launch->list, NULL, NULL))
        return spk_win32_error();
    if (!UpdateProcThreadAttribute(launch->attributes, 0, PROC_THREAD_ATTRIBUTE_JOB_LIST, &launch->job,
                                   sizeof launch->job, NULL, NULL))
        launch->join_later = 1;
    return APR_SUCCESS;
}

static apr_status_t find_program(launch_t *launch, const char *program)
{
    launch->program = program != NULL ? _strdup(program) : spk_win32_exe_path();
    if (launch->program == NULL) return program != NULL ? APR_ENOMEM : spk_win32_error();
    launch->wide_program = spk_win32_wide(launch->program);
    return launch->wide_program != NULL ? APR_SUCCESS : spk_win32_error();
}

/* UTF-8 has never fewer bytes than UTF-16 has units, so a quarter of the bytes can still be too many. */
static apr_status_t make_command(launch_t *launch, const char *role)
{
    apr_status_t status = APR_ENOMEM;
    size_t role_length = strlen(role);
    char *argument = malloc(role_length + SPK_WIN32_NUMBERS_MAX);
    const char *argv[] = { launch->program, argument, NULL };
    char *command = NULL;
    size_t length;

    if (argument == NULL) goto out;
    memcpy(argument, role, role_length);
    spk_win32_kit_numbers(argument + role_length, launch->kit);
    length = spk_quote(NULL, 0, argv);
    if (length == SPK_QUOTE_IMPOSSIBLE) {
        status = APR_EINVAL;
        goto out;
    }
    command = malloc(length + 1);
    if (command == NULL) goto out;
    (void)spk_quote(command, length + 1, argv);
    launch->command = spk_win32_wide(command);
    if (launch->command == NULL)
        status = spk_win32_error();
    else
        status = wcslen(launch->command) < COMMAND_UNITS_MAX ? APR_SUCCESS : APR_ENAMETOOLONG;
out:
    free(command);
    free(argument);
    return status;
}

/* A parent with a window of its own and no console: its workers, and what those start, open none. */
static int has_console(void)
{
    return GetConsoleWindow() != NULL || GetConsoleCP() != 0;
}

/* A process group of its own does not get Ctrl-C, from birth on and with all that it starts: as on POSIX,
 * where SIGINT is ignored, the parent decides. */
static DWORD creation_flags(const launch_t *launch)
{
    DWORD flags = EXTENDED_STARTUPINFO_PRESENT | CREATE_NEW_PROCESS_GROUP;
    if (!has_console()) flags |= CREATE_NO_WINDOW;
    if (launch->join_later) flags |= CREATE_SUSPENDED;
    return flags;
}

/* Before Windows 10 the job is joined here, by a process that has not run yet. (Should the parent be
 * killed between the two calls, that process stays, suspended: the reason for the attribute.) Windows 7
 * refuses it to a host that is in a job itself; then there is no worker, but this status. */
static apr_status_t join_job(launch_t *launch)
{
    apr_status_t status = APR_SUCCESS;

    if (!AssignProcessToJobObject(launch->job, launch->started.hProcess) ||
        ResumeThread(launch->started.hThread) == (DWORD)-1) {
        status = spk_win32_error();
        (void)TerminateProcess(launch->started.hProcess, SPK_WIN32_KILLED);
    }
    return status;
}

/* What may pass is said as EAGAIN, so that the core tries again. ERROR_INTERNAL_ERROR is Wine's: the process
 * that it had made died before it said that it was there (NtCreateUserProcess in Wine's ntdll/unix/process.c);
 * under load that befalls one start in ten thousand or so, and the next one is well. */
static apr_status_t start_error(void)
{
    switch (GetLastError()) {
    case ERROR_INTERNAL_ERROR:
    case ERROR_NO_SYSTEM_RESOURCES: return APR_EAGAIN;
    default: return spk_win32_error();
    }
}

static apr_status_t start(launch_t *launch)
{
    STARTUPINFOEXW info;

    memset(&info, 0, sizeof info);
    info.StartupInfo.cb = sizeof info;
    info.StartupInfo.dwFlags = STARTF_USESTDHANDLES | STARTF_FORCEOFFFEEDBACK;
    info.StartupInfo.hStdInput = launch->streams[0];
    info.StartupInfo.hStdOutput = launch->streams[1];
    info.StartupInfo.hStdError = launch->streams[2];
    info.lpAttributeList = launch->attributes;
    if (!CreateProcessW(launch->wide_program, launch->command, NULL, NULL, TRUE, creation_flags(launch), NULL,
                        NULL, &info.StartupInfo, &launch->started))
        return start_error();
    return launch->join_later ? join_job(launch) : APR_SUCCESS;
}

/* What the caller gets is taken out of the launch. */
static void deliver(launch_t *launch, spk_os_process_t *process)
{
    process->pid = (int64_t)launch->started.dwProcessId;
    process->process = spk_win32_word(launch->started.hProcess);
    process->line = spk_win32_word(launch->line_write);
    process->job = spk_win32_word(launch->job);
    process->gone = 0;
    launch->started.hProcess = launch->line_write = launch->job = NULL;
}

static void close_all(const HANDLE *handles, int count)
{
    for (int i = 0; i < count; i++)
        if (handles[i] != NULL) (void)CloseHandle(handles[i]);
}

static void clean_up(launch_t *launch)
{
    const HANDLE rest[] = { launch->line_read, launch->line_write, launch->job, launch->started.hProcess,
                            launch->started.hThread };

    close_all(launch->kit, SPK_WIN32_KIT_COUNT);
    close_all(launch->streams, STREAMS);
    close_all(rest, (int)(sizeof rest / sizeof *rest));
    if (launch->attributes != NULL) DeleteProcThreadAttributeList(launch->attributes);
    free(launch->attributes);
    free(launch->command);
    free(launch->wide_program);
    free(launch->program);
}

/* The duplicates come last before the start: they are inheritable, see above. */
static apr_status_t prepare(launch_t *launch, const spk_os_kit_t *kit, const char *program, const char *role,
                            const void *hello, size_t hello_size)
{
    apr_status_t status = find_program(launch, program);

    if (status == APR_SUCCESS)
        status = spk_win32_line_open(&launch->line_read, &launch->line_write, hello, hello_size);
    if (status == APR_SUCCESS) status = make_job(launch, kit->memory_limit);
    if (status == APR_SUCCESS) status = give_kit(launch, kit);
    if (status == APR_SUCCESS) {
        give_streams(launch);
        status = make_attributes(launch);
    }
    if (status == APR_SUCCESS) status = make_command(launch, role);
    return status;
}

apr_status_t spk_os_process_spawn(spk_os_process_t *process, const spk_os_kit_t *kit, const char *program,
                                  const char *role, const void *hello, size_t hello_size)
{
    static const spk_os_process_t none = SPK_OS_PROCESS_NONE;
    apr_status_t status;
    launch_t launch;

    *process = none;
    memset(&launch, 0, sizeof launch);
    status = prepare(&launch, kit, program, role, hello, hello_size);
    if (status == APR_SUCCESS) status = start(&launch);
    if (status == APR_SUCCESS) deliver(&launch, process);
    clean_up(&launch);
    return status;
}
