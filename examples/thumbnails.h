/*
 * The parts of thumbnails: the task, decoding and encoding of the two formats, making smaller.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef THUMBNAILS_H
#define THUMBNAILS_H

#include <setjmp.h>
#include <spork.h>

/* The task. Input: a request_t, then the paths of the picture and of its thumbnail, each with its final zero. The
 * reply: a made_t. */
apr_status_t make_thumbnail(spork_task_t *task, const void *in, void *out);

typedef struct {
    apr_uint32_t size;   /* a thumbnail's longer side has at most so many pixels */
    apr_uint64_t memory; /* bytes that a picture may need */
} request_t;

typedef struct {
    apr_uint32_t width, height;             /* of the picture */
    apr_uint32_t thumb_width, thumb_height; /* of its thumbnail */
} made_t;

/* What is written to before it has the thumbnail's name, so that half a one never has. */
#define PART ".part"

/* ---- making smaller: rows in, a small picture out --------------------------------------------------------- */

typedef struct {
    unsigned width, height,
        channels; /* of the result: 3 red, green, blue, or 4 with alpha, not premultiplied */
    unsigned char *pixels;
    unsigned from_width, from_height, row, line;
    apr_uint64_t *sums; /* of the line that is being made */
} scale_t;

/* The size of a thumbnail: within size × size, as wide to its height as the picture, never larger than it. */
void scale_fit(unsigned width, unsigned height, unsigned size, unsigned *to_width, unsigned *to_height);
/* 0: no memory. The result's sides are no longer than the source's. */
int scale_begin(scale_t *scale, unsigned from_width, unsigned from_height, unsigned channels, unsigned width,
                unsigned height);
void scale_row(scale_t *scale, const unsigned char *row);
void scale_end(scale_t *scale);

/* ---- the formats ------------------------------------------------------------------------------------------ */

#define WORDS_MAX 200 /* JMSG_LENGTH_MAX */

typedef struct {
    const unsigned char *data; /* the file */
    size_t data_size;
    unsigned size; /* of the thumbnail */
    apr_uint64_t memory;
    made_t made;
    unsigned char *result; /* the thumbnail's file, to be freed by free() */
    size_t result_size;
    char words[WORDS_MAX]; /* what is wrong */
} work_t;

/* 0, and words, if it fails. */
int jpeg_thumbnail(work_t *work);
int png_thumbnail(work_t *work);

int is_jpeg(const unsigned char *data, size_t size);
int is_png(const unsigned char *data, size_t size);

#endif
