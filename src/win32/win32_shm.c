/*
 * Shared memory: an unnamed section of the paging file, reserved whole and committed in steps.
 *
 * Reserving costs the page tables (8 bytes for every 4 KiB), committing counts against the system's
 * limit at once: what VirtualAlloc() has granted can always be touched. Committed pages belong to the
 * section, so all processes have them; they stay until the section ends (VirtualFree() does not
 * decommit views: "VirtualFree", memoryapi.h), hence discard cannot be.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "win32_common.h"

static size_t page_size(void)
{
    SYSTEM_INFO info;
    GetSystemInfo(&info);
    return info.dwPageSize;
}

/* Up to the next multiple of the page; 0 if there is none. */
static size_t round_up(size_t size)
{
    size_t page = page_size();
    return size > SIZE_MAX - (page - 1) ? 0 : (size + (page - 1)) / page * page;
}

static apr_status_t memory_error(void)
{
    DWORD error = GetLastError();
    /* APR_STATUS_IS_ENOMEM() does not know these. */
    if (error == ERROR_COMMITMENT_LIMIT || error == ERROR_COMMITMENT_MINIMUM ||
        error == ERROR_NO_SYSTEM_RESOURCES || error == ERROR_PAGEFILE_QUOTA)
        return APR_ENOMEM;
    return spk_win32_error();
}

static apr_status_t map(spk_os_shm_t *shm, HANDLE section, size_t size)
{
    void *base = MapViewOfFile(section, FILE_MAP_READ | FILE_MAP_WRITE, 0, 0, size);

    if (base == NULL) return memory_error();
    shm->handle = spk_win32_word(section);
    shm->base = base;
    shm->reserved = size;
    shm->committed = 0;
    return APR_SUCCESS;
}

static apr_status_t create_of_size(spk_os_shm_t *shm, size_t size)
{
    apr_status_t status;
    HANDLE section = CreateFileMappingW(INVALID_HANDLE_VALUE, NULL, PAGE_READWRITE | SEC_RESERVE,
                                        (DWORD)((uint64_t)size >> 32), (DWORD)(size & 0xFFFFFFFFu), NULL);

    if (section == NULL) return memory_error();
    status = map(shm, section, size);
    if (status != APR_SUCCESS) (void)CloseHandle(section);
    return status;
}

apr_status_t spk_os_shm_create(spk_os_shm_t *shm, size_t reserve, size_t at_least)
{
    static const spk_os_shm_t none = SPK_OS_SHM_NONE;
    apr_status_t status;
    size_t least = round_up(at_least > 0 ? at_least : 1);
    size_t size = round_up(reserve);

    *shm = none;
    if (least == 0 || (size == 0 && reserve > 0)) return APR_ENOMEM;
    if (size < least) size = least;
    for (;;) {
        status = create_of_size(shm, size);
        if (status == APR_SUCCESS || size == least) break;
        size = round_up(size / 2);
        if (size < least) size = least;
    }
    return status;
}

apr_status_t spk_os_shm_commit(spk_os_shm_t *shm, size_t size)
{
    size_t end = round_up(size);

    if (size <= shm->committed) return APR_SUCCESS;
    if (shm->base == NULL || end == 0 || end > shm->reserved) return APR_EINVAL;
    /* Committing what another process has committed already changes nothing, its contents included. */
    if (VirtualAlloc(shm->base + shm->committed, end - shm->committed, MEM_COMMIT, PAGE_READWRITE) == NULL)
        return memory_error();
    shm->committed = end;
    return APR_SUCCESS;
}

int spk_os_shm_discard(spk_os_shm_t *shm, size_t offset, size_t size)
{
    (void)shm;
    (void)offset;
    (void)size;
    return 0;
}

/* Nothing ever was. */
apr_status_t spk_os_shm_restore(spk_os_shm_t *shm, size_t offset, size_t size)
{
    return offset <= shm->committed && size <= shm->committed - offset ? APR_SUCCESS : APR_EINVAL;
}

apr_status_t spk_os_shm_attach(spk_os_shm_t *shm, spk_os_handle_t handle, size_t reserved)
{
    static const spk_os_shm_t none = SPK_OS_SHM_NONE;
    apr_status_t status;

    *shm = none;
    if (spk_win32_is_none(handle) || reserved == 0) return APR_EINVAL;
    status = map(shm, spk_win32_handle(handle), reserved);
    /* Not a handle, not a section (which is told apart by type), not as large: all the caller's doing. */
    if (status != APR_SUCCESS && !APR_STATUS_IS_ENOMEM(status)) status = APR_EINVAL;
    return status;
}

void spk_os_shm_destroy(spk_os_shm_t *shm)
{
    static const spk_os_shm_t none = SPK_OS_SHM_NONE;

    if (shm->base != NULL) (void)UnmapViewOfFile(shm->base);
    spk_win32_close(&shm->handle);
    *shm = none;
}
