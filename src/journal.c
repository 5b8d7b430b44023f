/*
 * Journals: the file's format, see journal.h and docs/design/journal.md.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "journal.h"

#include "digest.h"
#include "error.h"
#include "journal_file.h"
#include "journal_head.h"
#include "mem.h"
#include "os.h"
#include <apr_strings.h>
#include <stdlib.h>
#include <string.h>

#define READ_AHEAD ((size_t)64 << 10)
#define WRITE_AT_ONCE ((size_t)1 << 20) /* so much is written before it is committed */
#define ROOM_KEPT ((size_t)4 << 20)     /* of buffers that had to grow for one record */

/* Between two commits at least as long as a commit takes, and this: nanoseconds. */
#define GAP UINT64_C(1000000)

#define HEAD ((apr_off_t)sizeof(spk_journal_head_t))

/* Before the data of a record, which takes multiples of 8 bytes. */
typedef struct {
    uint64_t check; /* of what follows, and of where it stands: so that its size can be relied on */
    uint64_t data;  /* digest of the data */
    uint64_t first, count, input, size, words;
} label_t;
_Static_assert(sizeof(label_t) == 56, "the file's format");

struct spk_journal_t {
    apr_pool_t *mem;
    spk_journal_file_t file;
    const char *caller, *path;
    uint64_t salt;
    apr_off_t size;   /* as it was found */
    apr_off_t end;    /* of the last record that is whole */
    apr_off_t begun;  /* the end when it was begun; 0: it is not */
    apr_off_t synced; /* up to here it is on disk */

    unsigned char *seen; /* of the file, as many bytes from there on */
    size_t seen_room, seen_size;
    apr_off_t seen_at;

    unsigned char *added; /* not written yet */
    size_t added_room, added_size;
    int unsynced;
    uint64_t committed, took; /* clock: when the last commit ended; how long it took */

    apr_status_t status;
    char words[420];
};

/* ---- failing ------------------------------------------------------------------------------------------------ */

/* For good: what stands in the file is not known any more, or is not to be touched. The last words say why. */
static apr_status_t give_up(spk_journal_t *journal, apr_status_t status)
{
    journal->status = status;
    apr_cpystrn(journal->words, spork_error(), sizeof journal->words);
    return status;
}

static apr_status_t fail(spk_journal_t *journal, apr_status_t status)
{
    return give_up(journal, spk_error_os(status, "%s: journal %.300s", journal->caller, journal->path));
}

apr_status_t spk_journal_status(const spk_journal_t *journal)
{
    return journal->status == APR_SUCCESS ? APR_SUCCESS : spk_error(journal->status, "%s", journal->words);
}

static apr_status_t refuse(spk_journal_t *journal, const char *why)
{
    return give_up(journal,
                   spk_error(SPORK_EJOURNAL, "%s: journal %.300s %s", journal->caller, journal->path, why));
}

/* ---- bytes of the file --------------------------------------------------------------------------------------- */

static int make_room(unsigned char **buffer, size_t *room, size_t wanted)
{
    unsigned char *grown;

    if (wanted <= *room) return 1;
    grown = realloc(*buffer, wanted);
    if (grown == NULL) return 0;
    *buffer = grown;
    *room = wanted;
    return 1;
}

static void drop_room(unsigned char **buffer, size_t *room)
{
    if (*room <= ROOM_KEPT) return;
    free(*buffer);
    *buffer = NULL;
    *room = 0;
}

static int is_seen(const spk_journal_t *journal, apr_off_t at, size_t size)
{
    return at >= journal->seen_at && (uint64_t)(at - journal->seen_at) <= journal->seen_size &&
           size <= journal->seen_size - (size_t)(at - journal->seen_at);
}

static apr_status_t fill(spk_journal_t *journal, apr_off_t at, size_t size)
{
    apr_size_t n = 0;
    apr_off_t from = at;
    apr_status_t status;

    journal->seen_size = 0;
    drop_room(&journal->seen, &journal->seen_room);
    if (!make_room(&journal->seen, &journal->seen_room, size < READ_AHEAD ? READ_AHEAD : size))
        return APR_ENOMEM;
    status = apr_file_seek(journal->file.file, APR_SET, &from);
    if (status == APR_SUCCESS)
        status = apr_file_read_full(journal->file.file, journal->seen, journal->seen_room, &n);
    if (status != APR_SUCCESS && !APR_STATUS_IS_EOF(status)) return status;
    journal->seen_at = at;
    journal->seen_size = n;
    return APR_SUCCESS;
}

/* APR_EOF: the file has not as many. */
static apr_status_t look(spk_journal_t *journal, apr_off_t at, size_t size, const unsigned char **bytes)
{
    apr_status_t status = is_seen(journal, at, size) ? APR_SUCCESS : fill(journal, at, size);

    if (status != APR_SUCCESS) return status;
    if (!is_seen(journal, at, size)) return APR_EOF;
    *bytes = journal->seen + (at - journal->seen_at);
    return APR_SUCCESS;
}

/* A file that cannot grow is a status, no signal. What does not fit is taken back: the rest stays whole. */
static apr_status_t write_at(spk_journal_t *journal, apr_off_t at, const void *bytes, size_t size)
{
    int held = spk_os_growth_hold();
    apr_off_t to = at;
    apr_status_t status = apr_file_seek(journal->file.file, APR_SET, &to);

    if (status == APR_SUCCESS) status = apr_file_write_full(journal->file.file, bytes, size, NULL);
    if (status != APR_SUCCESS) (void)apr_file_trunc(journal->file.file, at);
    spk_os_growth_release(held);
    return status;
}

static apr_status_t sync_file(spk_journal_t *journal)
{
    apr_status_t status;

    do status = apr_file_datasync(journal->file.file);
    while (APR_STATUS_IS_EINTR(status));
    if (APR_STATUS_IS_ENOTIMPL(status) || APR_STATUS_IS_EINVAL(status))
        return APR_SUCCESS; /* no such thing here */
    return status;
}

/* ---- the head ------------------------------------------------------------------------------------------------ */

/* Also anew, if it was cut before there could be a record. */
static apr_status_t write_head(spk_journal_t *journal, const spk_journal_batch_t *batch)
{
    spk_journal_head_t head;
    apr_status_t status = APR_SUCCESS;

    spk_journal_head_make(&head, batch);
    if (journal->size > 0) status = apr_file_trunc(journal->file.file, 0);
    if (status == APR_SUCCESS) status = write_at(journal, 0, &head, sizeof head);
    if (status == APR_SUCCESS) status = sync_file(journal);
    if (status != APR_SUCCESS) return fail(journal, status);
    journal->salt = head.salt;
    journal->size = HEAD;
    journal->seen_size = 0;
    return APR_SUCCESS;
}

static apr_status_t read_head(spk_journal_t *journal, const spk_journal_batch_t *batch)
{
    size_t size = journal->size < HEAD ? (size_t)journal->size : (size_t)HEAD;
    const unsigned char *bytes = NULL;
    spk_journal_head_t head;
    char why[160];
    apr_status_t status = look(journal, 0, size, &bytes);

    if (status != APR_SUCCESS) return fail(journal, status);
    if (journal->size <= HEAD && spk_journal_head_is_unborn(bytes, size)) return write_head(journal, batch);
    memset(&head, 0, sizeof head);
    memcpy(&head, bytes, size);
    if (spk_journal_head_differs(&head, batch, why, sizeof why)) return refuse(journal, why);
    journal->salt = head.salt;
    return APR_SUCCESS;
}

/* ---- records -------------------------------------------------------------------------------------------------- */

static uint64_t padded(uint64_t size)
{
    return (size + 7) & ~UINT64_C(7);
}

/* A record that stands elsewhere than where it was written is none. */
static uint64_t check_of_label(const spk_journal_t *journal, apr_off_t at, const label_t *label)
{
    return spk_digest(journal->salt ^ (uint64_t)at, &label->data, sizeof *label - offsetof(label_t, data));
}

static uint64_t digest_of_data(const spk_journal_t *journal, apr_off_t at, const void *data, size_t size)
{
    return spk_digest(~(journal->salt ^ (uint64_t)at), data, size);
}

/* APR_EOF: no whole record stands there. */
static apr_status_t read_record(spk_journal_t *journal, apr_off_t at, spk_journal_record_t *record,
                                const unsigned char **data)
{
    uint64_t left = (uint64_t)(journal->size - at);
    const unsigned char *bytes = NULL;
    label_t label;
    apr_status_t status;

    if (left < sizeof label) return APR_EOF;
    status = look(journal, at, sizeof label, &bytes);
    if (status != APR_SUCCESS) return status;
    memcpy(&label, bytes, sizeof label);
    if (label.check != check_of_label(journal, at, &label) || label.count == 0 || label.words > label.size ||
        label.size > left - sizeof label || padded(label.size) > left - sizeof label ||
        label.size > SIZE_MAX - 8)
        return APR_EOF;
    status = look(journal, at + (apr_off_t)sizeof label, (size_t)padded(label.size), data);
    if (status != APR_SUCCESS) return status;
    if (digest_of_data(journal, at, *data, (size_t)padded(label.size)) != label.data) return APR_EOF;
    record->first = label.first;
    record->count = label.count;
    record->input = label.input;
    record->size = label.size;
    record->words = label.words;
    record->at = at;
    return APR_SUCCESS;
}

static apr_off_t end_of(const spk_journal_record_t *record)
{
    return record->at + (apr_off_t)(sizeof(label_t) + padded(record->size));
}

apr_status_t spk_journal_scan(spk_journal_t *journal, spk_journal_each_t each, void *of)
{
    spk_journal_record_t record;
    const unsigned char *data = NULL;
    apr_status_t status;

    journal->end = HEAD;
    for (;;) {
        status = read_record(journal, journal->end, &record, &data);
        if (status == APR_EOF) return APR_SUCCESS;
        if (status != APR_SUCCESS) return fail(journal, status);
        status = each(of, &record, data);
        if (status != APR_SUCCESS) return status;
        journal->end = end_of(&record);
    }
}

apr_status_t spk_journal_read(spk_journal_t *journal, apr_off_t at, spk_journal_record_t *record,
                              const unsigned char **data)
{
    apr_status_t status = read_record(journal, at, record, data);

    if (status == APR_EOF) return refuse(journal, "has changed meanwhile");
    return status == APR_SUCCESS ? APR_SUCCESS : fail(journal, status);
}

/* Who wrote the records, or made the file, may have been killed before that was on disk. */
apr_status_t spk_journal_begin(spk_journal_t *journal)
{
    apr_status_t status = APR_SUCCESS;

    if (journal->end < journal->size) status = apr_file_trunc(journal->file.file, journal->end);
    if (status == APR_SUCCESS && journal->end > HEAD) status = sync_file(journal);
    if (status != APR_SUCCESS) return fail(journal, status);
    spk_journal_file_keep(journal->path, journal->mem);
    journal->size = journal->begun = journal->synced = journal->end;
    return APR_SUCCESS;
}

/* ---- adding ---------------------------------------------------------------------------------------------------- */

static apr_status_t write_added(spk_journal_t *journal)
{
    apr_status_t status;

    if (journal->added_size == 0) return APR_SUCCESS;
    status = write_at(journal, journal->end, journal->added, journal->added_size);
    if (status != APR_SUCCESS) return fail(journal, status);
    journal->end += (apr_off_t)journal->added_size;
    journal->added_size = 0;
    journal->unsynced = 1;
    drop_room(&journal->added, &journal->added_room);
    return APR_SUCCESS;
}

apr_status_t spk_journal_add(spk_journal_t *journal, const spk_journal_record_t *record, const void *data)
{
    size_t size = (size_t)padded(record->size), wanted = journal->added_size + sizeof(label_t) + size;
    apr_off_t at = journal->end + (apr_off_t)journal->added_size;
    unsigned char *copy;
    label_t label;

    if (journal->status != APR_SUCCESS) return spk_journal_status(journal);
    if (wanted > journal->added_room &&
        !make_room(&journal->added, &journal->added_room, wanted < WRITE_AT_ONCE ? wanted * 2 : wanted))
        return fail(journal, APR_ENOMEM);
    copy = journal->added + journal->added_size + sizeof label;
    if (size > 0) memset(copy + size - 8, 0, 8);
    /* a digest of the copy: results may lie where a worker can still write */
    if (record->size > 0) memcpy(copy, data, (size_t)record->size);
    label.first = record->first;
    label.count = record->count;
    label.input = record->input;
    label.size = record->size;
    label.words = record->words;
    label.data = digest_of_data(journal, at, copy, size);
    label.check = check_of_label(journal, at, &label);
    memcpy(journal->added + journal->added_size, &label, sizeof label);
    journal->added_size = wanted;
    return journal->added_size >= WRITE_AT_ONCE ? write_added(journal) : APR_SUCCESS;
}

apr_status_t spk_journal_commit(spk_journal_t *journal)
{
    uint64_t from = spk_os_clock();
    apr_status_t status = spk_journal_status(journal);

    if (status == APR_SUCCESS) status = write_added(journal);
    if (status != APR_SUCCESS || !journal->unsynced) return status;
    /* Never tried again: what a sync that failed has dropped, the next one does not know of. Nor would the next run, to which
     * the system may still show it. */
    status = sync_file(journal);
    if (status != APR_SUCCESS) {
        (void)apr_file_trunc(journal->file.file, journal->synced);
        return fail(journal, status);
    }
    journal->unsynced = 0;
    journal->synced = journal->end;
    journal->committed = spk_os_clock();
    journal->took = journal->committed - from;
    return APR_SUCCESS;
}

apr_interval_time_t spk_journal_patience(const spk_journal_t *journal)
{
    uint64_t now = spk_os_clock(), gap = journal->took > GAP ? journal->took : GAP;

    if (journal->status != APR_SUCCESS || (journal->added_size == 0 && !journal->unsynced)) return -1;
    if (now - journal->committed >= gap) return 0;
    return (apr_interval_time_t)((gap - (now - journal->committed)) / 1000);
}

apr_status_t spk_journal_refuse(spk_journal_t *journal, const char *why)
{
    apr_status_t status = spk_journal_status(journal);

    if (status != APR_SUCCESS) return status;
    status = refuse(journal, why);
    if (journal->begun > 0 && journal->end > journal->begun) {
        (void)apr_file_trunc(journal->file.file, journal->begun);
        (void)sync_file(journal);
    }
    return status;
}

/* ---- opening and closing ------------------------------------------------------------------------------------------ */

static apr_status_t open_in(spk_journal_t *journal, const char *path, const spk_journal_batch_t *batch)
{
    apr_finfo_t info;
    apr_status_t status;

    journal->path = spk_mem_copy(journal->mem, path, strlen(path) + 1);
    if (journal->path == NULL) return spk_error(APR_ENOMEM, "%s: no memory", batch->caller);
    status = spk_journal_file_open(&journal->file, batch->caller, path, journal->mem);
    if (status != APR_SUCCESS) return status;
    status = apr_file_info_get(&info, APR_FINFO_SIZE, journal->file.file);
    if (status != APR_SUCCESS) return fail(journal, status);
    journal->size = info.size;
    if (info.size > 0) return read_head(journal, batch);
    status = write_head(journal, batch);
    if (status != APR_SUCCESS && journal->file.is_new) (void)apr_file_remove(path, journal->mem);
    return status;
}

apr_status_t spk_journal_open(spk_journal_t **journal, const char *path, const spk_journal_batch_t *batch)
{
    spk_journal_t *made = calloc(1, sizeof *made);
    apr_status_t status = APR_ENOMEM;

    *journal = NULL;
    if (path[0] == '\0') {
        free(made);
        return spk_error(APR_EINVAL, "%s: the journal's name is empty", batch->caller);
    }
    if (made != NULL) status = spk_mem_create(&made->mem, NULL);
    if (status != APR_SUCCESS) {
        free(made);
        return spk_error(APR_ENOMEM, "%s: no memory", batch->caller);
    }
    made->caller = batch->caller;
    status = open_in(made, path, batch);
    if (status == APR_SUCCESS)
        *journal = made;
    else
        spk_journal_close(made);
    return status;
}

void spk_journal_close(spk_journal_t *journal)
{
    if (journal == NULL) return;
    spk_journal_file_close(&journal->file);
    apr_pool_destroy(journal->mem);
    free(journal->seen);
    free(journal->added);
    free(journal);
}
