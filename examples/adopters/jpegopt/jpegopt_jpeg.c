/*
 * The same picture in fewer bytes, by libjpeg (or libjpeg-turbo): its coefficients are read and written as they are, with
 * Huffman tables made for them, or in several passes from coarse to fine.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "jpeg_errors.h"
#include "jpegopt.h"

#include <stdlib.h>
#include <string.h>

#include <jerror.h>

#define MARKER_MOST 0xFFFF
#define APP_LAST (JPEG_APP0 + 15)

/* Everything that has to be undone, and nothing in locals, which longjmp() may spoil. */
typedef struct {
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct out;
    struct jpeg_destination_mgr to;
    jpeg_errors_t errors;
    picture_t *picture;
    const unsigned char *tail; /* what is behind the picture in its file */
    size_t tail_size, kept;    /* and how much of it stays there */
    jpeg_e verdict;
} coder_t;

/* The file is going to be replaced: what is damaged is left alone, however well it can be shown. These two only say that a
 * program wrote a number that nobody minds. */
static int is_error(int message)
{
    return message != JWRN_JFIF_MAJOR && message != JWRN_ADOBE_XFORM;
}

/* ---- the result's place: as large as the file, less what is kept behind the picture ------------------------- */

static void begin_result(j_compress_ptr out)
{
    coder_t *coder = out->client_data;
    coder->to.next_output_byte = coder->picture->result;
    coder->to.free_in_buffer = coder->picture->size - coder->kept;
}

/* Full, and so not smaller. That is no error of libjpeg's, but the way out is the same. */
static boolean end_of_room(j_compress_ptr out)
{
    coder_t *coder = out->client_data;
    coder->verdict = JPEG_NOT_SMALLER;
    longjmp(coder->errors.out, 1);
    return FALSE;
}

static void end_result(j_compress_ptr out)
{
    coder_t *coder = out->client_data;
    picture_t *picture = coder->picture;
    const size_t written = picture->size - coder->kept - coder->to.free_in_buffer;

    if (coder->kept > 0) memcpy(picture->result + written, coder->tail, coder->kept);
    picture->result_size = written + coder->kept;
    coder->verdict = picture->result_size < picture->size ? JPEG_SMALLER : JPEG_NOT_SMALLER;
}

/* ---- reading ------------------------------------------------------------------------------------------------ */

static void note_picture(const struct jpeg_decompress_struct *in, row_t *row)
{
    row->width = in->image_width;
    row->height = in->image_height;
    row->bits = (apr_uint32_t)(in->data_precision * in->num_components);
    row->progressive = in->progressive_mode ? 1 : 0;
}

static jvirt_barray_ptr *read_coefficients(coder_t *coder)
{
    struct jpeg_decompress_struct *in = &coder->in;
    const picture_t *picture = coder->picture;
    const apr_uint64_t memory = picture->request->memory - 2 * picture->size; /* the file and the result */
    jvirt_barray_ptr *coefficients;

    jpeg_mem_src(in, picture->data, (unsigned long)picture->size);
    jpeg_save_markers(in, JPEG_COM, MARKER_MOST);
    for (int marker = JPEG_APP0; marker <= APP_LAST; marker++) jpeg_save_markers(in, marker, MARKER_MOST);
    (void)jpeg_read_header(in, TRUE);
    note_picture(in, picture->row);
    in->mem->max_memory_to_use = memory > 0x7fffffff ? 0x7fffffff : (long)memory;
    coefficients = jpeg_read_coefficients(in);
    coder->tail = in->src->next_input_byte;
    coder->tail_size = in->src->bytes_in_buffer;
    coder->kept = picture->request->strip & STRIP_ALL ? 0 : coder->tail_size;
    return coefficients;
}

static int has_index(const struct jpeg_decompress_struct *in)
{
    for (jpeg_saved_marker_ptr marker = in->marker_list; marker; marker = marker->next)
        if (marker_is_index(marker->marker, marker->data, marker->data_length)) return 1;
    return 0;
}

/* ---- writing ------------------------------------------------------------------------------------------------- */

static void choose_form(struct jpeg_compress_struct *out, const struct jpeg_decompress_struct *in,
                        apr_uint32_t form)
{
    out->optimize_coding = TRUE;
    if (form == FORM_PROGRESSIVE || (form == FORM_AS_IT_IS && in->progressive_mode))
        jpeg_simple_progression(out);
}

/* Byte for byte, and in their order: libjpeg would write a JFIF and an Adobe marker of its own. */
static void write_markers(struct jpeg_compress_struct *out, const struct jpeg_decompress_struct *in,
                          apr_uint32_t strip)
{
    for (jpeg_saved_marker_ptr marker = in->marker_list; marker; marker = marker->next)
        if (marker_is_kept(strip, marker->marker, marker->data, marker->data_length))
            jpeg_write_marker(out, marker->marker, marker->data, marker->data_length);
}

static void write_coefficients(coder_t *coder, jvirt_barray_ptr *coefficients)
{
    struct jpeg_compress_struct *out = &coder->out;
    const request_t *request = coder->picture->request;

    coder->to.init_destination = begin_result;
    coder->to.empty_output_buffer = end_of_room;
    coder->to.term_destination = end_result;
    out->client_data = coder;
    out->dest = &coder->to;
    jpeg_copy_critical_parameters(&coder->in, out);
    choose_form(out, &coder->in, request->form);
    out->write_JFIF_header = FALSE;
    out->write_Adobe_marker = FALSE;
    jpeg_write_coefficients(out, coefficients);
    write_markers(out, &coder->in, request->strip);
    jpeg_finish_compress(out);
}

jpeg_e jpeg_optimise(picture_t *picture)
{
    coder_t *coder = calloc(1, sizeof *coder);
    jpeg_e verdict;

    if (coder == NULL) return JPEG_FAILED;
    coder->picture = picture;
    coder->verdict = JPEG_FAILED;
    coder->in.err = coder->out.err = jpeg_errors(&coder->errors, is_error, picture->row->words);
    if (setjmp(coder->errors.out) == 0) {
        jpeg_create_decompress(&coder->in);
        jpeg_create_compress(&coder->out);
        jvirt_barray_ptr *coefficients = read_coefficients(coder);
        if (coder->kept > 0 && has_index(&coder->in))
            coder->verdict = JPEG_SEVERAL;
        else
            write_coefficients(coder, coefficients);
    }
    verdict = coder->verdict;
    jpeg_destroy_compress(&coder->out);
    jpeg_destroy_decompress(&coder->in);
    free(coder);
    return verdict;
}
