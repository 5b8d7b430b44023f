/*
 * The parts of jpegopt: the files, one file, its coefficients, the rows.
 *
 * What stands here knows nothing of workers: it is the program as it was before it had any, and both ways of giving it
 * some are built on it, posix_before.c and jpegopt.c.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef JPEGOPT_H
#define JPEGOPT_H

#include <apr_hash.h>
#include <apr_tables.h>
#include <apr_time.h>
#include <stddef.h>

/* ---- the command line: jpegopt_options.c -------------------------------------------------------------------- */

#define USAGE_ERROR 2
#define GO_ON (-1)

typedef enum { FORM_AS_IT_IS, FORM_NORMAL, FORM_PROGRESSIVE } form_e;

/* What is not kept, bits. */
enum { STRIP_COM = 1, STRIP_EXIF = 2, STRIP_ICC = 4, STRIP_IPTC = 8, STRIP_XMP = 16, STRIP_ALL = 32 };

/* What it takes to do one file. No pointers are in it, so it can be handed to another process as it is. */
typedef struct {
    apr_uint64_t memory;    /* bytes that a picture may need */
    apr_uint32_t form;      /* form_e */
    apr_uint32_t strip;     /* STRIP_ bits */
    apr_uint32_t threshold; /* percent that have to be gained */
    apr_uint32_t no_action; /* nothing is written */
    apr_uint32_t preserve;  /* the time of the last change, too */
    apr_uint32_t copy;      /* the result goes elsewhere: there it is made in any case */
} request_t;

typedef struct {
    request_t request;
    const char *dest; /* the folder where results go; NULL: in the places of the files */
    int overwrite, quiet, totals;
    int workers;                 /* 0: as many as there are processors */
    apr_interval_time_t timeout; /* for one file */
    apr_array_header_t *files;   /* of const char *, each once, in the order of the rows */
    int unlisted;                /* what could not be looked into, and was said */
} options_t;

/* GO_ON, or the exit status. */
int options_parse(options_t *options, int argc, const char *const *argv, apr_pool_t *mem);

/* ---- the list of files: jpegopt_list.c ---------------------------------------------------------------------- */

typedef struct {
    apr_array_header_t *files; /* of const char * */
    apr_hash_t *seen;
    int failed;
} list_t;

void list_begin(list_t *list, apr_pool_t *mem);
/* A file; or a folder: all *.jpg and *.jpeg below it. */
void list_add(list_t *list, const char *path);
/* The lines of a file, each as list_add(); "-": of standard input. 0, and words on stderr, if it cannot be read. */
int list_add_from(list_t *list, const char *path);

/* ---- one file: jpegopt_file.c ------------------------------------------------------------------------------- */

enum { WORDS_MAX = 200 }; /* JMSG_LENGTH_MAX */

typedef enum {
    ROW_OPTIMIZED,
    ROW_NO_GAIN, /* or less than the threshold */
    ROW_LINK,    /* replacing it would make a file of it */
    ROW_SEVERAL  /* more pictures follow, and an index of them that would be wrong then */
} row_e;

/* What is told of a file. No pointers in it, either. */
typedef struct {
    apr_uint64_t old_size, new_size;
    apr_time_t mtime;  /* of the file, when it was read */
    apr_uint32_t what; /* row_e */
    apr_uint32_t width, height, bits, progressive;
    apr_uint32_t written;  /* the temporary file is complete, and on the disk */
    char words[WORDS_MAX]; /* why it failed */
} row_t;

/* Read a file, and write what becomes of it to `part`, a file that is not there yet. If it fails `part` may be left. */
apr_status_t file_optimise(const request_t *request, const char *path, const char *part, row_t *row,
                           apr_pool_t *mem);

/* ---- its coefficients: jpegopt_jpeg.c, and jpegopt_markers.c ------------------------------------------------ */

typedef enum { JPEG_FAILED, JPEG_SMALLER, JPEG_NOT_SMALLER, JPEG_SEVERAL } jpeg_e;

typedef struct {
    const unsigned char *data; /* the file */
    size_t size;
    unsigned char *result; /* room for `size` bytes: what needs as much is no gain */
    size_t result_size;
    const request_t *request;
    row_t *row; /* gets what is known of the picture, or words */
} picture_t;

/* The same picture in fewer bytes: no coefficient changes, only how they are coded. */
jpeg_e jpeg_optimise(picture_t *picture);

/* Of what JPEG_COM and JPEG_APP0 … 15 hold: is it kept? */
int marker_is_kept(apr_uint32_t strip, int marker, const unsigned char *data, size_t size);
/* An index of further pictures behind this one (CIPA DC-007). */
int marker_is_index(int marker, const unsigned char *data, size_t size);

/* ---- rows: jpegopt_rows.c ----------------------------------------------------------------------------------- */

typedef struct {
    const options_t *options;
    apr_pool_t *mem;
    apr_hash_t *taken; /* paths that results were given */
    const char *tag;   /* of this run's temporary files */
    int failed, optimised;
    apr_uint64_t before, after; /* bytes of the files that did not fail */
} rows_t;

apr_status_t rows_begin(rows_t *rows, const options_t *options, apr_pool_t *mem);
/* Where the result of the i-th file goes at first, beside its place; in `mem`. */
const char *rows_part(const rows_t *rows, int i, apr_pool_t *mem);
/* The file is done: put the result in its place, and print the row. */
void rows_done(rows_t *rows, int i, const row_t *row);
/* It failed: nothing of it is left. The caller prints why, and then the line's end. */
void rows_failed(rows_t *rows, int i);
/* Of a file that nobody works on any more: its temporary file, if there is one. */
void rows_forget(const rows_t *rows, int i);
void rows_totals(const rows_t *rows);

#endif
