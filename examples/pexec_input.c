/*
 * Where arguments come from: the command line, a file, or standard input.
 *
 * A file is read when an argument is wanted. Standard input may have its next line in an hour, and meanwhile there are
 * deadlines to keep and output to print, which spork does in the calls that wait in the pool. So a thread of
 * its own reads it, a few lines ahead, and wakes the pool's waiting call by spork_pool_interrupt().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "pexec.h"
#include "pexec_os.h"

#include <apr_strings.h>
#include <apr_thread_cond.h>
#include <apr_thread_proc.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 65536u
#define AHEAD 64 /* arguments */

/* How long nobody looks for Ctrl-C while there is nothing but input to wait for. Microseconds. */
#define LOOK_AROUND 100000

typedef struct {
    apr_pool_t *mem;
    apr_file_t *file;
    char separator;
    char *text;
    apr_size_t begin, end, room; /* of what was read and not taken */
    int over;
} reader_t;

struct input_t {
    const apr_array_header_t *args; /* or NULL */
    int next;
    reader_t reader;

    /* the rest only with a thread, which shares it */
    int threaded;
    spork_pool_t *pool;
    apr_thread_mutex_t *lock;
    apr_thread_cond_t *changed;
    char *ahead[AHEAD];
    unsigned head, tail;
    int wanted;
    int closed;
    apr_status_t status; /* what the thread ended with */
};

/* ---- reading ------------------------------------------------------------------------------------------ */

static apr_status_t read_more(reader_t *reader)
{
    apr_size_t size;

    memmove(reader->text, reader->text + reader->begin, reader->end - reader->begin);
    reader->end -= reader->begin;
    reader->begin = 0;
    if (reader->room - reader->end <
        BLOCK_SIZE) { /* what is given up adds up to no more than what is in use */
        char *larger = apr_palloc(reader->mem, 2 * reader->room);
        memcpy(larger, reader->text, reader->end);
        reader->text = larger;
        reader->room *= 2;
    }
    size = reader->room - reader->end - 1;
    const apr_status_t status = apr_file_read(reader->file, reader->text + reader->end, &size);
    reader->end += size;
    reader->over = APR_STATUS_IS_EOF(status);
    return reader->over ? APR_SUCCESS : status;
}

/* The argument in the next `length` bytes; a zero byte in it could not be given to a program. */
static apr_status_t take(reader_t *reader, apr_size_t length, const char **arg)
{
    char *text = reader->text + reader->begin;

    reader->begin += length + (reader->begin + length < reader->end);
    if (memchr(text, '\0', length)) return APR_EINVAL;
    if (os_lines_have_cr && reader->separator == '\n' && length > 0 && text[length - 1] == '\r') length--;
    text[length] = '\0';
    *arg = text;
    return APR_SUCCESS;
}

/* Valid until the next call. */
static apr_status_t read_argument(reader_t *reader, const char **arg)
{
    apr_size_t searched = 0;
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS) {
        const char *from = reader->text + reader->begin;
        const apr_size_t size = reader->end - reader->begin;
        const char *found =
            size > searched ? memchr(from + searched, reader->separator, size - searched) : NULL;
        if (found) return take(reader, (apr_size_t)(found - from), arg);
        if (reader->over) return size > 0 ? take(reader, size, arg) : APR_EOF;
        searched = size;
        status = read_more(reader);
    }
    return status;
}

/* ---- the thread ----------------------------------------------------------------------------------------- */

/* Tells whoever waits, here or in the pool, that there is news. Under the lock. */
static void announce(input_t *input)
{
    (void)apr_thread_cond_broadcast(input->changed);
    if (input->wanted) spork_pool_interrupt(input->pool);
    input->wanted = 0;
}

static apr_status_t pass_on(input_t *input, const char *arg)
{
    char *copy = malloc(strlen(arg) + 1);

    if (copy == NULL) return APR_ENOMEM;
    strcpy(copy, arg);
    (void)apr_thread_mutex_lock(input->lock);
    while (input->head - input->tail == AHEAD && !input->closed)
        (void)apr_thread_cond_wait(input->changed, input->lock);
    const int closed = input->closed;
    if (closed) {
        free(copy);
    } else {
        input->ahead[input->head++ % AHEAD] = copy;
        announce(input);
    }
    (void)apr_thread_mutex_unlock(input->lock);
    return closed ? APR_EOF : APR_SUCCESS;
}

static void *APR_THREAD_FUNC read_ahead(apr_thread_t *thread, void *baton)
{
    input_t *input = baton;
    const char *arg;
    apr_status_t status;

    (void)thread;
    do {
        status = read_argument(&input->reader, &arg);
        if (status == APR_SUCCESS) status = pass_on(input, arg);
    } while (status == APR_SUCCESS);
    (void)apr_thread_mutex_lock(input->lock);
    input->status = status;
    announce(input);
    (void)apr_thread_mutex_unlock(input->lock);
    return NULL;
}

static apr_status_t take_read(input_t *input, const char **arg, apr_pool_t *mem)
{
    apr_status_t status = APR_SUCCESS;

    (void)apr_thread_mutex_lock(input->lock);
    if (input->head != input->tail) {
        char *copy = input->ahead[input->tail++ % AHEAD];
        *arg = apr_pstrdup(mem, copy);
        free(copy);
        (void)apr_thread_cond_broadcast(input->changed);
    } else if (input->status != APR_SUCCESS) {
        status = input->status;
    } else {
        input->wanted = 1;
        status = APR_EAGAIN;
    }
    (void)apr_thread_mutex_unlock(input->lock);
    return status;
}

/* ---- for pexec_run.c ---------------------------------------------------------------------------------- */

void input_wait(input_t *input)
{
    if (!input->threaded) return;
    (void)apr_thread_mutex_lock(input->lock);
    if (input->head == input->tail && input->status == APR_SUCCESS)
        (void)apr_thread_cond_timedwait(input->changed, input->lock, LOOK_AROUND);
    (void)apr_thread_mutex_unlock(input->lock);
}

/* The thread may be in the middle of a read: it is left there. But it calls the pool no more. */
void input_close(input_t *input)
{
    if (!input->threaded) return;
    (void)apr_thread_mutex_lock(input->lock);
    input->closed = 1;
    input->wanted = 0;
    while (input->tail != input->head) free(input->ahead[input->tail++ % AHEAD]);
    (void)apr_thread_cond_broadcast(input->changed);
    (void)apr_thread_mutex_unlock(input->lock);
}

apr_status_t input_open(input_t **made, const options_t *options, apr_pool_t *mem)
{
    input_t *input = apr_pcalloc(mem, sizeof *input);
    apr_status_t status = APR_SUCCESS;

    *made = input;
    input->args = options->args;
    if (input->args) return APR_SUCCESS;
    input->reader.separator = options->separator;
    input->reader.room = BLOCK_SIZE;
    input->reader.mem = mem;
    input->reader.text = apr_palloc(mem, BLOCK_SIZE);
    if (options->input)
        status = apr_file_open(&input->reader.file, options->input, APR_FOPEN_READ | APR_FOPEN_BINARY,
                               APR_FPROT_OS_DEFAULT, mem);
    else
        status = apr_file_open_stdin(&input->reader.file, mem);
    return status;
}

apr_status_t input_start(input_t *input, spork_pool_t *pool, apr_pool_t *mem)
{
    apr_thread_t *thread;
    apr_status_t status;

    status = apr_thread_mutex_create(&input->lock, APR_THREAD_MUTEX_DEFAULT, mem);
    if (status == APR_SUCCESS) status = apr_thread_cond_create(&input->changed, mem);
    input->pool = pool;
    if (status == APR_SUCCESS) status = apr_thread_create(&thread, NULL, read_ahead, input, mem);
    input->threaded = status == APR_SUCCESS;
    return status;
}

apr_status_t input_next(input_t *input, const char **arg, apr_pool_t *mem)
{
    apr_status_t status;

    if (input->args) {
        if (input->next == input->args->nelts) return APR_EOF;
        *arg = APR_ARRAY_IDX(input->args, input->next++, const char *);
        return APR_SUCCESS;
    }
    if (input->threaded) return take_read(input, arg, mem);
    status = read_argument(&input->reader, arg);
    if (status == APR_SUCCESS) *arg = apr_pstrdup(mem, *arg);
    return status;
}
