/*
 * Opening a journal, see journal_file.h.
 *
 * apr_file_lock() is LockFileEx() on Windows, of the handle; on POSIX fcntl(F_SETLK), of the process, or flock(), of the open file
 * description: as APR was built (Debian's 1.7 takes flock()). So nothing is relied on that only one of them does:
 *  - A second batch of the same process gets fcntl()'s lock, too, and takes it from the first by closing its own descriptor (POSIX,
 *    close()). Hence a process notes which files it has, and looks before it opens.
 *  - A forked child keeps flock()'s as long as it has the descriptor. Hence workers close it, and who has the lock gives it up
 *    before it closes.
 * Neither lock outlives its processes.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "journal_file.h"

#include "digest.h"
#include "error.h"
#include "os.h"
#include <apr_file_info.h>
#include <stdatomic.h>
#include <string.h>

#define OPEN_MOST 64 /* journals that a process can have open */
#define TRIES 10     /* while others make and remove it */
#define AGAIN APR_INCOMPLETE

struct spk_journal_place_t {
    _Atomic uint64_t id; /* identity of the file, 0: free */
    apr_file_t *volatile file;
};
static spk_journal_place_t open_here[OPEN_MOST];

/* Of a file, for this process: a child that the host forks does not have what its parent has. 0: the system does not tell. */
static uint64_t identity(const apr_finfo_t *info)
{
    uint64_t of[3];

    if ((info->valid & APR_FINFO_IDENT) != APR_FINFO_IDENT) return 0;
    of[0] = (uint64_t)info->device;
    of[1] = (uint64_t)info->inode;
    of[2] = (uint64_t)spk_os_pid();
    return spk_digest(0, of, sizeof of) | 1;
}

static int is_there(apr_status_t status)
{
    return status == APR_SUCCESS || status == APR_INCOMPLETE;
}

static apr_status_t busy(const char *caller, const char *path)
{
    return spk_error(SPORK_EJOURNAL, "%s: journal %.300s is in use by another batch", caller, path);
}

/* Note first, then look who else has: of two threads at the same time one gets it at most. */
static apr_status_t note(spk_journal_file_t *file, uint64_t id, const char *caller, const char *path)
{
    uint64_t nobody;
    int i, mine = -1;

    for (i = 0; i < OPEN_MOST && mine < 0; i++) {
        nobody = 0;
        if (atomic_compare_exchange_strong_explicit(&open_here[i].id, &nobody, id, memory_order_seq_cst,
                                                    memory_order_seq_cst))
            mine = i;
    }
    if (mine < 0)
        return spk_error(SPORK_EJOURNAL, "%s: journal %.300s: this process has %d others open", caller, path,
                         OPEN_MOST);
    file->place = &open_here[mine];
    for (i = 0; i < OPEN_MOST; i++)
        if (i != mine && id != 0 && atomic_load_explicit(&open_here[i].id, memory_order_seq_cst) == id)
            return busy(caller, path);
    return APR_SUCCESS;
}

void spk_journal_file_close(spk_journal_file_t *file)
{
    if (file->place != NULL) file->place->file = NULL;
    if (file->is_locked && file->owner == spk_os_pid()) (void)apr_file_unlock(file->file);
    if (file->file != NULL) (void)apr_file_close(file->file);
    if (file->place != NULL) atomic_store_explicit(&file->place->id, 0, memory_order_seq_cst);
    file->file = NULL;
    file->place = NULL;
    file->is_locked = 0;
}

void spk_journal_file_leave(void)
{
    apr_file_t *file;
    int i;

    for (i = 0; i < OPEN_MOST; i++) {
        file = open_here[i].file;
        open_here[i].file = NULL;
        if (file != NULL) (void)apr_file_close(file);
    }
}

/* It is locked: is it still the one of that name? */
static apr_status_t check_name(const spk_journal_file_t *file, const char *path, apr_pool_t *mem)
{
    apr_finfo_t named, opened;
    apr_status_t status = apr_file_info_get(&opened, APR_FINFO_IDENT, file->file);

    if (is_there(status)) status = apr_stat(&named, path, APR_FINFO_IDENT, mem);
    if (APR_STATUS_IS_ENOENT(status)) return AGAIN;
    if (!is_there(status)) return status;
    return identity(&named) == identity(&opened) ? APR_SUCCESS : AGAIN;
}

static apr_status_t open_there(spk_journal_file_t *file, const char *caller, const char *path,
                               const apr_finfo_t *info, apr_pool_t *mem)
{
    apr_status_t status;

    if (info->filetype != APR_REG)
        return spk_error(SPORK_EJOURNAL, "%s: journal %.300s is there, and no file", caller, path);
    status = note(file, identity(info), caller, path);
    if (status != APR_SUCCESS) return status;
    status = apr_file_open(&file->file, path, APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_BINARY,
                           APR_FPROT_OS_DEFAULT, mem);
    if (status == APR_SUCCESS) return APR_SUCCESS;
    file->file = NULL;
    return APR_STATUS_IS_ENOENT(status) ? AGAIN : spk_error_os(status, "%s: journal %.300s", caller, path);
}

static apr_status_t open_new(spk_journal_file_t *file, const char *caller, const char *path, apr_pool_t *mem)
{
    apr_finfo_t info;
    apr_status_t status =
        apr_file_open(&file->file, path,
                      APR_FOPEN_READ | APR_FOPEN_WRITE | APR_FOPEN_BINARY | APR_FOPEN_CREATE | APR_FOPEN_EXCL,
                      APR_FPROT_OS_DEFAULT, mem);

    if (status != APR_SUCCESS) file->file = NULL;
    if (APR_STATUS_IS_EEXIST(status)) return AGAIN;
    if (status == APR_SUCCESS) {
        file->is_new = 1;
        memset(&info, 0, sizeof info);
        status = apr_file_info_get(&info, APR_FINFO_IDENT, file->file);
        if (is_there(status)) return note(file, identity(&info), caller, path);
    }
    return spk_error_os(status, "%s: journal %.300s", caller, path);
}

/* AGAIN: somebody has made, removed or replaced it meanwhile. */
static apr_status_t open_once(spk_journal_file_t *file, const char *caller, const char *path, apr_pool_t *mem)
{
    apr_finfo_t info;
    apr_status_t status;

    memset(&info, 0, sizeof info);
    status = apr_stat(&info, path, APR_FINFO_TYPE | APR_FINFO_IDENT, mem);
    if (is_there(status))
        status = open_there(file, caller, path, &info, mem);
    else if (APR_STATUS_IS_ENOENT(status))
        status = open_new(file, caller, path, mem);
    else
        return spk_error_os(status, "%s: journal %.300s", caller, path);
    if (status != APR_SUCCESS) return status;
    status = apr_file_lock(file->file, APR_FLOCK_EXCLUSIVE | APR_FLOCK_NONBLOCK);
    if (APR_STATUS_IS_EAGAIN(status)) return busy(caller, path);
    if (status != APR_SUCCESS)
        return spk_error_os(status, "%s: journal %.300s cannot be locked", caller, path);
    file->is_locked = 1;
    file->owner = spk_os_pid();
    if (file->place != NULL) file->place->file = file->file;
    status = check_name(file, path, mem);
    return status == APR_SUCCESS || status == AGAIN
               ? status
               : spk_error_os(status, "%s: journal %.300s", caller, path);
}

apr_status_t spk_journal_file_open(spk_journal_file_t *file, const char *caller, const char *path,
                                   apr_pool_t *mem)
{
    apr_status_t status = AGAIN;
    int i;

    for (i = 0; i < TRIES && status == AGAIN; i++) {
        memset(file, 0, sizeof *file);
        status = open_once(file, caller, path, mem);
        if (status == APR_SUCCESS) return APR_SUCCESS;
        spk_journal_file_close(file);
    }
    return status == AGAIN ? busy(caller, path) : status;
}

/* A directory can be opened where that means something: on POSIX. */
void spk_journal_file_keep(const char *path, apr_pool_t *mem)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);
    char *name = apr_palloc(mem, length + 2);
    apr_file_t *directory;

    if (name == NULL) return;
    memcpy(name, length > 0 ? path : ".", length > 0 ? length : 1);
    name[length > 0 ? length : 1] = '\0';
    if (apr_file_open(&directory, name, APR_FOPEN_READ, APR_FPROT_OS_DEFAULT, mem) != APR_SUCCESS) return;
    (void)apr_file_sync(directory);
    (void)apr_file_close(directory);
}
