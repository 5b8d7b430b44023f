/*
 * Files and pictures for the tests of examples: made in one folder, or the program ends with words.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef MAKE_FILES_H
#define MAKE_FILES_H

#include <apr_pools.h>
#include <stdio.h> /* jpeglib.h needs it, and does not include it */

#include <jpeglib.h>

/* The program's own, set by its main(). */
extern apr_pool_t *mem;
extern const char *folder;

void check(int good, const char *what);
void write_file(const char *name, const void *data, size_t size);
/* In mem, with room for one more byte. */
unsigned char *read_file(const char *path, size_t *size);

/* A colour a quarter, red, green, blue and transparent white; to be freed. */
unsigned char *quarters(unsigned width, unsigned height, unsigned channels);

typedef enum { BASELINE, PROGRESSIVE, GREY, CMYK } kind_e;

typedef void jpeg_hook_t(j_compress_ptr out);

/* A file of pixels, which are freed, in mem. The hooks may be NULL: before compression starts, and then, for markers. */
unsigned char *jpeg_of(unsigned char *pixels, unsigned width, unsigned height, kind_e kind,
                       jpeg_hook_t *before, jpeg_hook_t *markers, size_t *size);
/* Of quarters. */
unsigned char *jpeg(unsigned width, unsigned height, kind_e kind, size_t *size);
/* Its head claims another size. */
void set_size(unsigned char *data, size_t size, unsigned width, unsigned height);

#endif
