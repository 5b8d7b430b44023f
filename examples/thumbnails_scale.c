/*
 * Making a picture smaller by a box filter: a pixel is the mean of those that it stands for. A row at a time, so
 * that the memory depends on the thumbnail and not on the picture.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "thumbnails.h"

#include <stdlib.h>
#include <string.h>

static unsigned part_of(unsigned side, unsigned longer, unsigned size)
{
    const unsigned part = (unsigned)(((apr_uint64_t)side * size + longer / 2) / longer);
    return part > 0 ? part : 1;
}

void scale_fit(unsigned width, unsigned height, unsigned size, unsigned *to_width, unsigned *to_height)
{
    const unsigned longer = width > height ? width : height;

    *to_width = longer > size ? part_of(width, longer, size) : width;
    *to_height = longer > size ? part_of(height, longer, size) : height;
}

int scale_begin(scale_t *scale, unsigned from_width, unsigned from_height, unsigned channels, unsigned width,
                unsigned height)
{
    memset(scale, 0, sizeof *scale);
    scale->width = width;
    scale->height = height;
    scale->channels = channels;
    scale->from_width = from_width;
    scale->from_height = from_height;
    scale->pixels = calloc((size_t)width * height, channels);
    scale->sums = calloc((size_t)width * channels, sizeof *scale->sums);
    return scale->pixels != NULL && scale->sums != NULL;
}

/* Where the part number `index` of `parts` begins. */
static unsigned edge(unsigned index, unsigned whole, unsigned parts)
{
    return (unsigned)((apr_uint64_t)index * whole / parts);
}

/* Colours count as much as they are opaque, or what is transparent would shine through at edges. */
static void add_pixel(apr_uint64_t *sums, const unsigned char *pixel, unsigned channels)
{
    const unsigned weight = channels == 4 ? pixel[3] : 1;

    for (unsigned i = 0; i < 3; i++) sums[i] += (apr_uint64_t)pixel[i] * weight;
    if (channels == 4) sums[3] += weight;
}

static void end_line(scale_t *scale)
{
    const unsigned rows = edge(scale->line + 1, scale->from_height, scale->height) -
                          edge(scale->line, scale->from_height, scale->height);
    unsigned char *to = scale->pixels + (size_t)scale->line * scale->width * scale->channels;
    apr_uint64_t *sums = scale->sums;

    for (unsigned x = 0; x < scale->width; x++, sums += scale->channels, to += scale->channels) {
        const unsigned columns =
            edge(x + 1, scale->from_width, scale->width) - edge(x, scale->from_width, scale->width);
        const apr_uint64_t count = (apr_uint64_t)rows * columns,
                           weight = scale->channels == 4 ? sums[3] : count;
        for (unsigned i = 0; i < 3; i++)
            to[i] = (unsigned char)(weight > 0 ? (sums[i] + weight / 2) / weight : 0);
        if (scale->channels == 4) to[3] = (unsigned char)((sums[3] + count / 2) / count);
    }
    memset(scale->sums, 0, (size_t)scale->width * scale->channels * sizeof *scale->sums);
    scale->line++;
}

void scale_row(scale_t *scale, const unsigned char *row)
{
    apr_uint64_t *sums = scale->sums;

    if (scale->line == scale->height) return;
    for (unsigned x = 0, from = 0; x < scale->width; x++, sums += scale->channels)
        for (const unsigned end = edge(x + 1, scale->from_width, scale->width); from < end; from++)
            add_pixel(sums, row + (size_t)from * scale->channels, scale->channels);
    scale->row++;
    if (scale->row == edge(scale->line + 1, scale->from_height, scale->height)) end_line(scale);
}

void scale_end(scale_t *scale)
{
    free(scale->pixels);
    free(scale->sums);
    scale->pixels = NULL;
    scale->sums = NULL;
}
