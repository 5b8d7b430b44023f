/*
 * In front of the library's sources on Windows: each call that can fail, what it returns then, and its errors that are
 * worth trying. All headers of the system that the sources use come first.
 *
 * One line a call: tests/faults/check_calls.cmake reads them. What is called without standing here must stand in
 * win32_cannot_fail.txt.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef TEST_WIN32_CALLS_H
#define TEST_WIN32_CALLS_H

#define WIN32_LEAN_AND_MEAN
#ifndef UNICODE
#define UNICODE
#endif
#define PSAPI_VERSION 2
#include <windows.h>

/* mingw's has tell(), a name that portable sources may give to a function of their own */
#define tell tell_of_io_h
#include <fcntl.h>
#include <io.h>
#undef tell
#include <psapi.h>
#include <shellapi.h>
#include <wchar.h>

#define FAULT_NO_FILE ERROR_TOO_MANY_OPEN_FILES, ERROR_ACCESS_DENIED

#include "heap_calls.h"

#define FAULT_LACK ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_SYSTEM_RESOURCES

/* ---- the C library ---- */
#define _strdup(text) fault_strdup(text)

#define freopen(...) FAULT(freopen, (__VA_ARGS__), NULL, EMFILE)
#define _open_osfhandle(...) FAULT(_open_osfhandle, (__VA_ARGS__), -1, EMFILE)
#define _dup2(...) FAULT(_dup2, (__VA_ARGS__), -1, EMFILE)

/* ---- objects ---- */
#define CreateEventW(...) FAULT(CreateEventW, (__VA_ARGS__), NULL, FAULT_LACK)
#define CreatePipe(...) FAULT(CreatePipe, (__VA_ARGS__), FALSE, FAULT_LACK)
#define CreateFileW(...) \
    FAULT(CreateFileW, (__VA_ARGS__), INVALID_HANDLE_VALUE, ERROR_TOO_MANY_OPEN_FILES, ERROR_ACCESS_DENIED)
#define DuplicateHandle(...) FAULT(DuplicateHandle, (__VA_ARGS__), FALSE, FAULT_LACK)
#define GetHandleInformation(...) FAULT(GetHandleInformation, (__VA_ARGS__), FALSE, ERROR_INVALID_HANDLE)
#define GetFileType(...) FAULT(GetFileType, (__VA_ARGS__), FILE_TYPE_UNKNOWN, ERROR_NOT_ENOUGH_MEMORY)
#define GetFileInformationByHandle(...) \
    FAULT(GetFileInformationByHandle, (__VA_ARGS__), FALSE, ERROR_NOT_SUPPORTED)
#define GetFinalPathNameByHandleW(...) FAULT(GetFinalPathNameByHandleW, (__VA_ARGS__), 0, FAULT_LACK)
#define GetFullPathNameW(...) FAULT(GetFullPathNameW, (__VA_ARGS__), 0, ERROR_NOT_ENOUGH_MEMORY)
#define GetModuleFileNameW(...) FAULT(GetModuleFileNameW, (__VA_ARGS__), 0, FAULT_LACK)
#define FindFirstFileW(...) \
    FAULT(FindFirstFileW, (__VA_ARGS__), INVALID_HANDLE_VALUE, ERROR_NOT_ENOUGH_MEMORY)
#define FindNextFileW(...) FAULT(FindNextFileW, (__VA_ARGS__), FALSE, ERROR_NOT_ENOUGH_MEMORY)
#define GetFileSizeEx(...) FAULT(GetFileSizeEx, (__VA_ARGS__), FALSE, ERROR_NOT_ENOUGH_MEMORY)
#define SetStdHandle(...) FAULT(SetStdHandle, (__VA_ARGS__), FALSE, ERROR_NOT_ENOUGH_MEMORY)
#define GetStdHandle(...) FAULT(GetStdHandle, (__VA_ARGS__), INVALID_HANDLE_VALUE, ERROR_INVALID_HANDLE)

/* ---- reading, writing, waiting ---- */
#define ReadFile(...) FAULT(ReadFile, (__VA_ARGS__), FALSE, ERROR_NO_SYSTEM_RESOURCES)
#define WriteFile(...) FAULT(WriteFile, (__VA_ARGS__), FALSE, FAULT_LACK)
#define PeekNamedPipe(...) FAULT(PeekNamedPipe, (__VA_ARGS__), FALSE, ERROR_NO_SYSTEM_RESOURCES)
#define WaitForSingleObject(...) FAULT(WaitForSingleObject, (__VA_ARGS__), WAIT_FAILED, ERROR_INVALID_HANDLE)
#define WaitForMultipleObjects(...) \
    FAULT(WaitForMultipleObjects, (__VA_ARGS__), WAIT_FAILED, ERROR_INVALID_HANDLE)

/* ---- the console, where there is one ---- */
#define GetConsoleMode(...) FAULT(GetConsoleMode, (__VA_ARGS__), FALSE, ERROR_INVALID_HANDLE)
#define GetConsoleScreenBufferInfo(...) \
    FAULT(GetConsoleScreenBufferInfo, (__VA_ARGS__), FALSE, ERROR_INVALID_HANDLE)
#define WriteConsoleW(...) FAULT(WriteConsoleW, (__VA_ARGS__), FALSE, FAULT_LACK)

/* ---- memory ---- */
#define CreateFileMappingW(...) \
    FAULT(CreateFileMappingW, (__VA_ARGS__), NULL, ERROR_COMMITMENT_LIMIT, FAULT_LACK)
#define MapViewOfFile(...) FAULT(MapViewOfFile, (__VA_ARGS__), NULL, FAULT_LACK)
#define VirtualAlloc(...) \
    FAULT(VirtualAlloc, (__VA_ARGS__), NULL, ERROR_COMMITMENT_LIMIT, ERROR_NOT_ENOUGH_MEMORY)
#define GlobalMemoryStatusEx(...) FAULT(GlobalMemoryStatusEx, (__VA_ARGS__), FALSE, ERROR_INVALID_PARAMETER)
#define CommandLineToArgvW(...) FAULT(CommandLineToArgvW, (__VA_ARGS__), NULL, ERROR_NOT_ENOUGH_MEMORY)
#undef GetProcessMemoryInfo
#define GetProcessMemoryInfo(...) FAULT(K32GetProcessMemoryInfo, (__VA_ARGS__), FALSE, ERROR_ACCESS_DENIED)

/* ---- processes ---- */
#define CreateJobObjectW(...) FAULT(CreateJobObjectW, (__VA_ARGS__), NULL, FAULT_LACK)
#define SetInformationJobObject(...) FAULT(SetInformationJobObject, (__VA_ARGS__), FALSE, FAULT_LACK)
#define AssignProcessToJobObject(...) \
    FAULT(AssignProcessToJobObject, (__VA_ARGS__), FALSE, ERROR_ACCESS_DENIED)
#define QueryInformationJobObject(...) \
    FAULT(QueryInformationJobObject, (__VA_ARGS__), FALSE, ERROR_ACCESS_DENIED)
#define InitializeProcThreadAttributeList(...) \
    FAULT(InitializeProcThreadAttributeList, (__VA_ARGS__), FALSE, FAULT_LACK)
#define UpdateProcThreadAttribute(...) \
    FAULT(UpdateProcThreadAttribute, (__VA_ARGS__), FALSE, FAULT_LACK, ERROR_NOT_SUPPORTED)
#define CreateProcessW(...) \
    FAULT(CreateProcessW, (__VA_ARGS__), FALSE, FAULT_LACK, ERROR_ACCESS_DENIED, ERROR_FILE_NOT_FOUND)
#define ResumeThread(...) FAULT(ResumeThread, (__VA_ARGS__), (DWORD)-1, ERROR_ACCESS_DENIED)
#define TerminateProcess(...) FAULT(TerminateProcess, (__VA_ARGS__), FALSE, ERROR_ACCESS_DENIED)
#define TerminateJobObject(...) FAULT(TerminateJobObject, (__VA_ARGS__), FALSE, ERROR_ACCESS_DENIED)
#define GetExitCodeProcess(...) FAULT(GetExitCodeProcess, (__VA_ARGS__), FALSE, ERROR_ACCESS_DENIED)
#define GetProcessId(...) FAULT(GetProcessId, (__VA_ARGS__), 0, ERROR_ACCESS_DENIED)
#define GetProcessAffinityMask(...) FAULT(GetProcessAffinityMask, (__VA_ARGS__), FALSE, ERROR_ACCESS_DENIED)
#define GetActiveProcessorCount(...) FAULT(GetActiveProcessorCount, (__VA_ARGS__), 0, ERROR_INVALID_PARAMETER)
#define SetConsoleCtrlHandler(...) FAULT(SetConsoleCtrlHandler, (__VA_ARGS__), FALSE, ERROR_NOT_ENOUGH_MEMORY)

#endif
