/*
 * The files that jpegopt is tested with, and a comparison of what it made with what was there.
 *
 *   jpegs make DIR                 makes them all
 *   jpegs same [FILE FILE]...      the same picture, coefficient by coefficient and pixel by pixel, and the same markers
 *   jpegs picture [FILE FILE]...   the same picture
 *   jpegs markers FILE...          its markers, each by name, and what it begins with
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "make_files.h"

#include <stdlib.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>

/* ---- making ------------------------------------------------------------------------------------------------- */

/* Something of every frequency, and the same each time. */
static unsigned char *pattern(unsigned width, unsigned height, unsigned channels)
{
    const size_t size = (size_t)width * height * channels;
    unsigned char *pixels = malloc(size);
    unsigned seed = 1;
    check(pixels != NULL, "no memory");
    for (size_t i = 0; i < size; i++) {
        const unsigned x = (unsigned)(i / channels % width), y = (unsigned)(i / channels / width);
        seed = seed * 1103515245u + 12345u;
        pixels[i] =
            (unsigned char)((x * (1 + i % channels) + y + (x / 32 + y / 32) % 2 * 90 + (seed >> 16) % 24) %
                            256);
    }
    return pixels;
}

static void write_marker(j_compress_ptr out, int marker, const char *data, size_t size)
{
    jpeg_write_marker(out, marker, (const JOCTET *)data, (unsigned)size);
}

/* One of each kind that is known, some that are not, and one of the greatest length. */
static void all_markers(j_compress_ptr out)
{
    static const char *const known[] = { "Exif\0\0MM", "http://ns.adobe.com/xap/1.0/\0<x/>",
                                         "ICC_PROFILE\0\1\1profile", "Photoshop 3.0\0008BIM" };
    static const size_t sizes[] = { 8, 33, 21, 18 };
    static const int numbers[] = { 1, 1, 2, 13 };
    char *longest = apr_pcalloc(mem, 65533);

    for (int i = 0; i < 4; i++) write_marker(out, JPEG_APP0 + numbers[i], known[i], sizes[i]);
    write_marker(out, JPEG_COM, "a comment: ä\n", 14);
    write_marker(out, JPEG_COM, "", 0);
    write_marker(out, JPEG_APP0 + 5, longest, 65533);
    write_marker(out, JPEG_APP0, "JFXX\0\x10 a thumbnail", 18);
    write_marker(out, JPEG_APP0 + 15, "of nobody's", 11);
}

static void index_marker(j_compress_ptr out)
{
    write_marker(out, JPEG_APP0 + 2, "MPF\0MM\0*", 8);
}

/* As spoken to by fragile_jpeg.c. */
static const char *order;
static void order_marker(j_compress_ptr out)
{
    write_marker(out, JPEG_COM, order, strlen(order));
}

static void with_best_tables(j_compress_ptr out)
{
    out->optimize_coding = TRUE;
}

static void with_restarts(j_compress_ptr out)
{
    out->restart_interval = 3;
}

/* Red, green and blue as they are, and nothing that says so but the components' names. */
static void as_rgb(j_compress_ptr out)
{
    jpeg_set_colorspace(out, JCS_RGB);
    out->write_Adobe_marker = FALSE;
}

static void write_pattern(const char *name, unsigned width, unsigned height, kind_e kind, jpeg_hook_t *before,
                          jpeg_hook_t *markers)
{
    static const unsigned channels[] = { 3, 3, 1, 4 };
    size_t size;
    const unsigned char *data =
        jpeg_of(pattern(width, height, channels[kind]), width, height, kind, before, markers, &size);
    write_file(name, data, size);
}

static void write_orders(void)
{
    static const char *const orders[] = { "crash", "exit", "hang" };
    for (int i = 0; i < 3; i++) {
        order = orders[i];
        write_pattern(apr_pstrcat(mem, "orders/", order, ".jpg", NULL), 64, 64, BASELINE, NULL, order_marker);
    }
}

static void write_good(void)
{
    size_t size;
    unsigned char *data;

    write_pattern("good/plain.jpg", 320, 200, BASELINE, NULL, all_markers);
    write_pattern("good/ünï sub/progressive.JPEG", 200, 320, PROGRESSIVE, NULL, all_markers);
    write_pattern("good/grey.jpg", 97, 31, GREY, NULL, NULL);
    write_pattern("good/cmyk.jpg", 64, 64, CMYK, NULL, NULL);
    write_pattern("good/rgb.jpg", 64, 65, BASELINE, as_rgb, NULL);
    write_pattern("good/restarts.jpg", 160, 100, BASELINE, with_restarts, NULL);
    write_pattern("best.jpg", 160, 100, BASELINE, with_best_tables, NULL);
    data = jpeg_of(pattern(80, 80, 3), 80, 80, BASELINE, NULL, NULL, &size);
    write_file("good/tail.jpg", apr_pstrcat(mem, "", NULL), 0);
    unsigned char *longer = apr_palloc(mem, size + 9);
    memcpy(longer, data, size);
    memcpy(longer + size, "a tail\0\xFF\xD9", 9);
    write_file("good/tail.jpg", longer, size + 9);
    data = jpeg_of(pattern(80, 80, 3), 80, 80, BASELINE, NULL, index_marker, &size);
    longer = apr_palloc(mem, 2 * size);
    memcpy(longer, data, size);
    memcpy(longer + size, data, size);
    write_file("several.jpg", longer, 2 * size);
}

/* ---- bad ones --------------------------------------------------------------------------------------------------- */

/* A scan of a flat picture says "nothing here" in a few bytes, for any coefficient and at any precision. The standard allows
 * one for each of these: some thousand, through all blocks of a large picture. */
static void one_coefficient(j_compress_ptr out)
{
    static const jpeg_scan_info script[] = { { 1, { 0 }, 0, 0, 0, 0 },
                                             { 1, { 0 }, 1, 1, 0, 10 },
                                             { 1, { 0 }, 1, 1, 10, 9 } };
    out->scan_info = script;
    out->num_scans = 3;
}

/* Where the i-th scan begins: with its Huffman table, if it has one. */
static size_t find_scan(const unsigned char *data, size_t size, int i)
{
    size_t at = 2, begin = 0;
    while (at + 4 < size) {
        if (data[at] != 0xFF || data[at + 1] == 0 || data[at + 1] == 0xFF) {
            at++;
            continue;
        }
        if (data[at + 1] == 0xC4 && begin == 0) begin = at;
        if (data[at + 1] == 0xDA) {
            if (begin == 0) begin = at;
            if (i-- == 0) return begin;
            begin = 0;
        }
        at += 2 + ((size_t)data[at + 2] << 8 | data[at + 3]);
    }
    return size - 2;
}

/* The scan, for another coefficient and precision. Its header has one component: FF DA 0 8 1 c t Ss Se AhAl */
static size_t put_scan(unsigned char *to, const unsigned char *scan, size_t size, unsigned k, unsigned high,
                       unsigned low)
{
    size_t at = 0;
    memcpy(to, scan, size);
    while (to[at] != 0xFF || to[at + 1] != 0xDA) at += 2 + ((size_t)to[at + 2] << 8 | to[at + 3]);
    to[at + 7] = to[at + 8] = (unsigned char)k;
    to[at + 9] = (unsigned char)(high << 4 | low);
    return size;
}

static void write_slow(const char *name)
{
    enum { SIDE = 8000 };
    size_t size;
    unsigned char *pixels = calloc(SIDE, SIDE), *data, *slow;

    check(pixels != NULL, "no memory");
    data = jpeg_of(pixels, SIDE, SIDE, GREY, one_coefficient, NULL, &size);
    const size_t first = find_scan(data, size, 1), second = find_scan(data, size, 2), end = size - 2;
    slow = apr_palloc(mem, size + 63 * 11 * size);
    memcpy(slow, data, first);
    size_t at = first;
    for (unsigned k = 1; k < 64; k++) {
        at += put_scan(slow + at, data + first, second - first, k, 0, 10);
        for (unsigned low = 10; low-- > 0;)
            at += put_scan(slow + at, data + second, end - second, k, low + 1, low);
    }
    memcpy(slow + at, "\xFF\xD9", 2);
    write_file(name, slow, at + 2);
}

static void write_bad(void)
{
    size_t size;
    unsigned char *data = jpeg_of(pattern(320, 200, 3), 320, 200, BASELINE, NULL, NULL, &size);

    write_file("bad/cut.jpg", data, size / 2);
    write_file("bad/no end.jpg", data, size - 2);
    write_file("bad/head only.jpg", data, 20);
    memset(data + size / 2, 0xFF, size / 4);
    write_file("bad/spoilt.jpg", data, size);
    write_file("bad/empty.jpg", "", 0);
    write_file("bad/text.jpg", "no picture at all\n", 18);
    data = jpeg(480, 640, PROGRESSIVE, &size);
    set_size(data, size, 65500, 65500);
    write_file("bad/bomb.jpg", data, size);
    write_slow("slow.jpg");
}

static void make(void)
{
    static const char *const folders[] = { "/good/ünï sub", "/bad", "/orders" };
    for (int i = 0; i < 3; i++)
        check(apr_dir_make_recursive(apr_pstrcat(mem, folder, folders[i], NULL), APR_FPROT_OS_DEFAULT, mem) ==
                  APR_SUCCESS,
              folder);
    write_good();
    write_bad();
    write_orders();
    write_file("good/not a picture.txt", "nothing\n", 8);
}

/* ---- looking --------------------------------------------------------------------------------------------------- */

static void open_jpeg(struct jpeg_decompress_struct *in, struct jpeg_error_mgr *errors, const char *path)
{
    size_t size;
    const unsigned char *data = read_file(path, &size);

    memset(in, 0, sizeof *in);
    in->err = jpeg_std_error(errors);
    jpeg_create_decompress(in);
    jpeg_mem_src(in, data, (unsigned long)size);
    jpeg_save_markers(in, JPEG_COM, 0xFFFF);
    for (int i = 0; i < 16; i++) jpeg_save_markers(in, JPEG_APP0 + i, 0xFFFF);
    (void)jpeg_read_header(in, TRUE);
}

static void compare_component(struct jpeg_decompress_struct in[2], jvirt_barray_ptr *coefficients[2], int i)
{
    const jpeg_component_info *a = &in[0].comp_info[i], *b = &in[1].comp_info[i];

    check(a->component_id == b->component_id && a->h_samp_factor == b->h_samp_factor &&
              a->v_samp_factor == b->v_samp_factor && a->width_in_blocks == b->width_in_blocks &&
              a->height_in_blocks == b->height_in_blocks,
          "a component differs");
    check(memcmp(a->quant_table->quantval, b->quant_table->quantval, sizeof a->quant_table->quantval) == 0,
          "a quantization table differs");
    for (JDIMENSION row = 0; row < a->height_in_blocks; row++) {
        const void *rows[2];
        for (int f = 0; f < 2; f++)
            rows[f] =
                in[f].mem->access_virt_barray((j_common_ptr)&in[f], coefficients[f][i], row, 1, FALSE)[0];
        check(memcmp(rows[0], rows[1], a->width_in_blocks * sizeof(JBLOCK)) == 0, "coefficients differ");
    }
}

static void compare_coefficients(const char *const *paths)
{
    struct jpeg_decompress_struct in[2];
    struct jpeg_error_mgr errors[2];
    jvirt_barray_ptr *coefficients[2];

    for (int f = 0; f < 2; f++) {
        open_jpeg(&in[f], &errors[f], paths[f]);
        coefficients[f] = jpeg_read_coefficients(&in[f]);
    }
    check(in[0].image_width == in[1].image_width && in[0].image_height == in[1].image_height &&
              in[0].num_components == in[1].num_components &&
              in[0].jpeg_color_space == in[1].jpeg_color_space,
          "size or colours differ");
    for (int i = 0; i < in[0].num_components; i++) compare_component(in, coefficients, i);
    for (int f = 0; f < 2; f++) jpeg_destroy_decompress(&in[f]);
}

static void compare_pixels(const char *const *paths)
{
    struct jpeg_decompress_struct in[2];
    struct jpeg_error_mgr errors[2];
    JSAMPROW rows[2];

    for (int f = 0; f < 2; f++) {
        open_jpeg(&in[f], &errors[f], paths[f]);
        (void)jpeg_start_decompress(&in[f]);
        rows[f] = apr_palloc(mem, (size_t)in[f].output_width * (size_t)in[f].output_components);
    }
    check(in[0].output_components == in[1].output_components, "components differ");
    while (in[0].output_scanline < in[0].output_height) {
        for (int f = 0; f < 2; f++) (void)jpeg_read_scanlines(&in[f], &rows[f], 1);
        check(memcmp(rows[0], rows[1], (size_t)in[0].output_width * (size_t)in[0].output_components) == 0,
              "pixels differ");
    }
    for (int f = 0; f < 2; f++) jpeg_destroy_decompress(&in[f]);
}

static void compare_markers(const char *const *paths)
{
    struct jpeg_decompress_struct in[2];
    struct jpeg_error_mgr errors[2];
    jpeg_saved_marker_ptr a, b;

    for (int f = 0; f < 2; f++) open_jpeg(&in[f], &errors[f], paths[f]);
    for (a = in[0].marker_list, b = in[1].marker_list; a && b; a = a->next, b = b->next)
        check(a->marker == b->marker && a->data_length == b->data_length &&
                  memcmp(a->data, b->data, a->data_length) == 0,
              "a marker differs");
    check(a == NULL && b == NULL, "one has more markers");
    for (int f = 0; f < 2; f++) jpeg_destroy_decompress(&in[f]);
}

static void print_markers(const char *path)
{
    struct jpeg_decompress_struct in;
    struct jpeg_error_mgr errors;

    open_jpeg(&in, &errors, path);
    printf("== %s\n", path);
    for (jpeg_saved_marker_ptr marker = in.marker_list; marker; marker = marker->next) {
        if (marker->marker == JPEG_COM)
            printf("COM");
        else
            printf("APP%d", marker->marker - JPEG_APP0);
        printf(" %.*s\n", marker->data_length < 4 ? (int)marker->data_length : 4, (const char *)marker->data);
    }
    jpeg_destroy_decompress(&in);
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;

    check(apr_app_initialize(&argc, &args, NULL) == APR_SUCCESS && apr_pool_create(&mem, NULL) == APR_SUCCESS,
          "cannot start");
    check(argc >= 3, "usage: see the head of jpegs.c");
    if (strcmp(args[1], "make") == 0) {
        folder = args[2];
        make();
    } else if (strcmp(args[1], "markers") == 0) {
        for (int i = 2; i < argc; i++) print_markers(args[i]);
    } else {
        for (int i = 2; i + 1 < argc; i += 2) {
            printf("%s %s\n", args[i], args[i + 1]); /* if they differ this is the last line */
            (void)fflush(stdout);
            compare_coefficients(args + i);
            compare_pixels(args + i);
            if (strcmp(args[1], "same") == 0) compare_markers(args + i);
        }
    }
    return 0;
}
