/*
 * Making files and pictures, see make_files.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "make_files.h"

#include <stdlib.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_strings.h>

apr_pool_t *mem;
const char *folder;

void check(int good, const char *what)
{
    if (good) return;
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* ---- files ------------------------------------------------------------------------------------------------ */

void write_file(const char *name, const void *data, size_t size)
{
    apr_file_t *file;
    check(apr_file_open(&file, apr_pstrcat(mem, folder, "/", name, NULL),
                        APR_FOPEN_WRITE | APR_FOPEN_CREATE | APR_FOPEN_TRUNCATE | APR_FOPEN_BINARY,
                        APR_FPROT_OS_DEFAULT, mem) == APR_SUCCESS &&
              (size == 0 || apr_file_write_full(file, data, size, NULL) == APR_SUCCESS) &&
              apr_file_close(file) == APR_SUCCESS,
          name);
}

unsigned char *read_file(const char *path, size_t *size)
{
    apr_file_t *file;
    apr_finfo_t info;
    unsigned char *data;
    check(apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT, mem) ==
                  APR_SUCCESS &&
              apr_file_info_get(&info, APR_FINFO_SIZE, file) == APR_SUCCESS,
          path);
    *size = (size_t)info.size;
    data = apr_palloc(mem, *size + 1);
    check(apr_file_read_full(file, data, *size, size) == APR_SUCCESS && apr_file_close(file) == APR_SUCCESS,
          path);
    return data;
}

/* ---- pixels: a colour a quarter ---------------------------------------------------------------------------- */

static const unsigned char colours[4][4] = {
    { 255, 0, 0, 255 }, { 0, 255, 0, 255 }, { 0, 0, 255, 255 }, { 255, 255, 255, 0 }
};

unsigned char *quarters(unsigned width, unsigned height, unsigned channels)
{
    unsigned char *pixels = malloc((size_t)width * height * channels), *to = pixels;
    check(pixels != NULL, "no memory");
    for (unsigned y = 0; y < height; y++)
        for (unsigned x = 0; x < width; x++, to += channels)
            memcpy(to, colours[(x >= width / 2) + 2 * (y >= height / 2)], channels);
    return pixels;
}

/* ---- JPEG --------------------------------------------------------------------------------------------------- */

/* What libjpeg allocated, into mem. */
static unsigned char *take(unsigned char *data, size_t size)
{
    unsigned char *copy = apr_pmemdup(mem, data, size);
    free(data);
    return copy;
}

unsigned char *jpeg_of(unsigned char *pixels, unsigned width, unsigned height, kind_e kind,
                       jpeg_hook_t *before, jpeg_hook_t *markers, size_t *size)
{
    static const int components[] = { 3, 3, 1, 4 };
    static const J_COLOR_SPACE spaces[] = { JCS_RGB, JCS_RGB, JCS_GRAYSCALE, JCS_CMYK };
    unsigned char *data = NULL;
    struct jpeg_compress_struct out;
    struct jpeg_error_mgr errors;
    unsigned long length = 0;

    memset(&out, 0, sizeof out);
    out.err = jpeg_std_error(&errors);
    jpeg_create_compress(&out);
    jpeg_mem_dest(&out, &data, &length);
    out.image_width = width;
    out.image_height = height;
    out.input_components = components[kind];
    out.in_color_space = spaces[kind];
    jpeg_set_defaults(&out);
    if (kind == PROGRESSIVE) jpeg_simple_progression(&out);
    if (before) before(&out);
    jpeg_start_compress(&out, TRUE);
    if (markers) markers(&out);
    while (out.next_scanline < height) {
        JSAMPROW row = pixels + (size_t)out.next_scanline * width * (unsigned)components[kind];
        (void)jpeg_write_scanlines(&out, &row, 1);
    }
    jpeg_finish_compress(&out);
    jpeg_destroy_compress(&out);
    free(pixels);
    *size = length;
    return take(data, length);
}

unsigned char *jpeg(unsigned width, unsigned height, kind_e kind, size_t *size)
{
    static const unsigned channels[] = { 3, 3, 1, 4 };
    return jpeg_of(quarters(width, height, channels[kind]), width, height, kind, NULL, NULL, size);
}

void set_size(unsigned char *data, size_t size, unsigned width, unsigned height)
{
    for (size_t i = 2; i + 9 < size; i += 2 + ((size_t)data[i + 2] << 8 | data[i + 3]))
        if (data[i] == 0xFF && (data[i + 1] == 0xC0 || data[i + 1] == 0xC2)) { /* SOF: height, width */
            data[i + 5] = (unsigned char)(height >> 8);
            data[i + 6] = (unsigned char)height;
            data[i + 7] = (unsigned char)(width >> 8);
            data[i + 8] = (unsigned char)width;
            return;
        }
    check(0, "no frame in it");
}
