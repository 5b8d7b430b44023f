/*
 * JPEG, by libjpeg's (or libjpeg-turbo's) plain interface: it decodes at an eighth of the size and more where that is
 * enough, row by row, and reports by longjmp().
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "jpeg_errors.h"
#include "thumbnails.h"

#include <stdlib.h>
#include <string.h>

#include <jerror.h>

#define QUALITY 85
#define REDUCTION_MAX 8

/* Everything that has to be undone, and nothing in locals, which longjmp() may spoil. */
typedef struct {
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct out;
    jpeg_errors_t errors;
    scale_t scale;
    unsigned long result_size;
} coder_t;

/* What says that a part of the picture is missing is an error here; other slips are common, and harmless. */
static int is_error(int message)
{
    return message == JWRN_JPEG_EOF || message == JWRN_HIT_MARKER || message == JWRN_HUFF_BAD_CODE ||
           message == JWRN_MUST_RESYNC;
}

/* As coarsely as does for the thumbnail. */
static void choose_reduction(struct jpeg_decompress_struct *in, unsigned width, unsigned height)
{
    unsigned reduction = 1;
    while (reduction < REDUCTION_MAX && in->image_width / (2 * reduction) >= width &&
           in->image_height / (2 * reduction) >= height)
        reduction *= 2;
    in->scale_num = 1;
    in->scale_denom = reduction;
}

/* Inks to light, in place. As Adobe's programs write it, 255 is no ink. */
static void cmyk_to_rgb(unsigned char *row, unsigned width)
{
    const unsigned char *from = row;
    for (unsigned x = 0; x < width; x++, from += 4, row += 3)
        for (int i = 0; i < 3; i++) row[i] = (unsigned char)(from[i] * from[3] / 255);
}

static int decode(coder_t *coder, work_t *work)
{
    struct jpeg_decompress_struct *in = &coder->in;
    made_t *made = &work->made;
    JSAMPARRAY rows;

    jpeg_mem_src(in, work->data, (unsigned long)work->data_size);
    (void)jpeg_read_header(in, TRUE);
    made->width = in->image_width;
    made->height = in->image_height;
    scale_fit(made->width, made->height, work->size, &made->thumb_width, &made->thumb_height);
    choose_reduction(in, made->thumb_width, made->thumb_height);
    const int is_cmyk = in->jpeg_color_space == JCS_CMYK || in->jpeg_color_space == JCS_YCCK;
    in->out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    /* the coefficients of a progressive picture are all in memory */
    in->mem->max_memory_to_use = work->memory > 0x7fffffff ? 0x7fffffff : (long)work->memory;
    (void)jpeg_start_decompress(in);
    if (!scale_begin(&coder->scale, in->output_width, in->output_height, 3, made->thumb_width,
                     made->thumb_height))
        return 0;
    rows = in->mem->alloc_sarray((j_common_ptr)in, JPOOL_IMAGE,
                                 in->output_width * (JDIMENSION)in->output_components, 1);
    while (in->output_scanline < in->output_height) {
        (void)jpeg_read_scanlines(in, rows, 1);
        if (is_cmyk) cmyk_to_rgb(rows[0], in->output_width);
        scale_row(&coder->scale, rows[0]);
    }
    (void)jpeg_finish_decompress(in);
    return 1;
}

static void encode(coder_t *coder, work_t *work)
{
    struct jpeg_compress_struct *out = &coder->out;
    JSAMPROW row;

    jpeg_mem_dest(out, &work->result, &coder->result_size);
    out->image_width = coder->scale.width;
    out->image_height = coder->scale.height;
    out->input_components = 3;
    out->in_color_space = JCS_RGB;
    jpeg_set_defaults(out);
    jpeg_set_quality(out, QUALITY, TRUE);
    jpeg_start_compress(out, TRUE);
    while (out->next_scanline < out->image_height) {
        row = coder->scale.pixels + (size_t)out->next_scanline * coder->scale.width * 3;
        (void)jpeg_write_scanlines(out, &row, 1);
    }
    jpeg_finish_compress(out);
}

int jpeg_thumbnail(work_t *work)
{
    coder_t *coder = calloc(1, sizeof *coder);
    volatile int made = 0;

    if (coder == NULL) return 0;
    coder->in.err = coder->out.err = jpeg_errors(&coder->errors, is_error, work->words);
    if (setjmp(coder->errors.out) == 0) {
        jpeg_create_decompress(&coder->in);
        jpeg_create_compress(&coder->out);
        if (decode(coder, work)) {
            encode(coder, work);
            work->result_size = coder->result_size;
            made = 1;
        }
    }
    jpeg_destroy_compress(&coder->out);
    jpeg_destroy_decompress(&coder->in);
    scale_end(&coder->scale);
    free(coder);
    return made;
}

int is_jpeg(const unsigned char *data, size_t size)
{
    return size >= 3 && memcmp(data, "\xFF\xD8\xFF", 3) == 0;
}
