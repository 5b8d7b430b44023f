/*
 * PNG, by libpng's simplified interface: it needs the whole picture in memory, so what its head claims is looked at first.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "thumbnails.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#define CHANNELS 4

static void take_words(work_t *work, const png_image *image)
{
    if (PNG_IMAGE_FAILED(*image)) (void)snprintf(work->words, sizeof work->words, "%s", image->message);
}

static void shrink(scale_t *scale, const unsigned char *pixels, const png_image *image)
{
    for (png_uint_32 y = 0; y < image->height; y++)
        scale_row(scale, pixels + (size_t)y * image->width * CHANNELS);
}

/* The picture in memory, to be freed; NULL and words. */
static unsigned char *decode(work_t *work, png_image *image)
{
    unsigned char *pixels = NULL;

    if (!png_image_begin_read_from_memory(image, work->data, work->data_size)) {
        take_words(work, image);
        return NULL;
    }
    work->made.width = image->width;
    work->made.height = image->height;
    image->format = PNG_FORMAT_RGBA;
    const apr_uint64_t need = (apr_uint64_t)image->width * image->height * CHANNELS;
    if (need > work->memory || need > SIZE_MAX)
        (void)snprintf(work->words, sizeof work->words,
                       "%lu x %lu pixels need %.0f MiB, more than a picture may", (unsigned long)image->width,
                       (unsigned long)image->height, (double)need / (1024.0 * 1024.0));
    else
        pixels = malloc((size_t)need);
    if (pixels != NULL &&
        (!png_image_finish_read(image, NULL, pixels, 0, NULL) || PNG_IMAGE_FAILED(*image))) {
        take_words(work, image);
        free(pixels);
        pixels = NULL;
    }
    return pixels;
}

static int encode(work_t *work, const scale_t *scale)
{
    png_alloc_size_t size = 0;
    png_image image;

    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = scale->width;
    image.height = scale->height;
    image.format = PNG_FORMAT_RGBA;
    if (png_image_write_to_memory(&image, NULL, &size, 0, scale->pixels, 0, NULL)) {
        work->result = malloc(size);
        if (work->result != NULL &&
            png_image_write_to_memory(&image, work->result, &size, 0, scale->pixels, 0, NULL)) {
            work->result_size = size;
            return 1;
        }
    }
    take_words(work, &image);
    png_image_free(&image);
    return 0;
}

int png_thumbnail(work_t *work)
{
    made_t *made = &work->made;
    unsigned char *pixels;
    png_image image;
    scale_t scale;
    int is_made = 0;

    memset(&scale, 0, sizeof scale);
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    pixels = decode(work, &image);
    if (pixels != NULL) {
        scale_fit(made->width, made->height, work->size, &made->thumb_width, &made->thumb_height);
        if (scale_begin(&scale, made->width, made->height, CHANNELS, made->thumb_width, made->thumb_height)) {
            shrink(&scale, pixels, &image);
            is_made = encode(work, &scale);
        }
    }
    scale_end(&scale);
    free(pixels);
    png_image_free(&image);
    return is_made;
}

int is_png(const unsigned char *data, size_t size)
{
    return size >= 8 && memcmp(data, "\x89PNG\r\n\x1A\n", 8) == 0;
}
