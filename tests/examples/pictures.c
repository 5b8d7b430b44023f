/*
 * The pictures that thumbnails is tested with: good ones, broken ones and hostile ones; and a look at what it made.
 *
 *   pictures make DIR      makes them all
 *   pictures look FILE     the format, the size, and the colours in the middle of the four quarters
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "make_files.h"

#include <stdlib.h>
#include <string.h>

#include <apr_file_io.h>
#include <apr_general.h>
#include <apr_strings.h>
#include <png.h>

/* ---- JPEG --------------------------------------------------------------------------------------------------- */

/* The last scan many times over: a small file that takes long. */
static void write_slow(const char *name)
{
    size_t size, last = 0, scan;
    unsigned char *data = jpeg(4000, 4000, PROGRESSIVE, &size), *slow;
    const size_t times = 4000;

    for (size_t i = 0; i + 1 < size; i++)
        if (data[i] == 0xFF && data[i + 1] == 0xDA) last = i;
    scan = size - 2 - last;
    slow = malloc(size + times * scan);
    check(slow != NULL && last > 0, "no memory");
    memcpy(slow, data, size - 2);
    for (size_t i = 0; i < times; i++) memcpy(slow + size - 2 + i * scan, data + last, scan);
    memcpy(slow + size - 2 + times * scan, "\xFF\xD9", 2);
    write_file(name, slow, size + times * scan);
    free(slow);
}

static void write_jpegs(void)
{
    size_t size;
    unsigned char *data = jpeg(640, 480, BASELINE, &size);

    write_file("good.jpg", data, size);
    write_file("a sub ü/png inside.jpg.JPG", data, size);
    write_file("cut.jpg", data, size / 2);
    write_file("head only.jpg", data, 20);
    set_size(data, size, 640, 0);
    write_file("no height.jpg", data, size);
    memset(data + size / 2, 0xFF, size / 4);
    set_size(data, size, 640, 480);
    write_file("spoilt.jpg", data, size);
    data = jpeg(480, 640, PROGRESSIVE, &size);
    write_file("progressive.jpeg", data, size);
    set_size(data, size, 65500, 65500);
    write_file("bomb.jpg", data, size);
    data = jpeg(3000, 400, GREY, &size);
    write_file("grey.jpg", data, size);
    data = jpeg(320, 320, CMYK, &size);
    write_file("cmyk.jpg", data, size);
    data = jpeg(31, 17, BASELINE, &size);
    write_file("small.jpg", data, size);
    write_slow("slow.jpg");
}

/* ---- PNG ---------------------------------------------------------------------------------------------------- */

static unsigned char *png(unsigned width, unsigned height, png_uint_32 format, size_t *size)
{
    unsigned char *pixels = quarters(width, height, PNG_IMAGE_SAMPLE_CHANNELS(format)), *data;
    png_alloc_size_t length = 0;
    png_image image;

    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    image.width = width;
    image.height = height;
    image.format = format;
    check(png_image_write_to_memory(&image, NULL, &length, 0, pixels, 0, NULL), image.message);
    data = apr_palloc(mem, length);
    check(png_image_write_to_memory(&image, data, &length, 0, pixels, 0, NULL), image.message);
    free(pixels);
    *size = length;
    return data;
}

/* The head of a PNG: 8 bytes of signature, then length, "IHDR", width, height, five bytes, checksum. */
static void claim(unsigned char *data, unsigned width, unsigned height)
{
    png_uint_32 crc = 0xFFFFFFFF;

    png_save_uint_32(data + 16, width);
    png_save_uint_32(data + 20, height);
    for (int i = 12; i < 29; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320 : 0);
    }
    png_save_uint_32(data + 29, ~crc);
}

static void write_pngs(void)
{
    size_t size;
    unsigned char *data = png(640, 480, PNG_FORMAT_RGBA, &size);

    write_file("good.png", data, size);
    write_file("a sub ü/deeper/named wrongly.jpg", data, size);
    write_file("cut.png", data, size / 2);
    data[size / 2] ^= 0x55;
    write_file("spoilt.png", data, size);
    data = png(640, 480, PNG_FORMAT_RGB, &size);
    write_file("opaque.png", data, size);
    claim(data, 60000, 60000);
    write_file("bomb.png", data, size);
    claim(data, 640, 481);
    write_file("a row short.png", data, size);
    data = png(1, 1000, PNG_FORMAT_RGBA, &size);
    write_file("a sub ü/thin.png", data, size);
}

static void make(void)
{
    check(apr_dir_make_recursive(apr_pstrcat(mem, folder, "/a sub ü/deeper", NULL), APR_FPROT_OS_DEFAULT,
                                 mem) == APR_SUCCESS,
          folder);
    write_jpegs();
    write_pngs();
    write_file("empty.png", "", 0);
    write_file("text.jpg", "no picture at all\n", 18);
    write_file("not a picture.txt", "nothing\n", 8);
}

/* ---- looking ------------------------------------------------------------------------------------------------- */

/* Rounded to six steps: JPEG is not exact. */
static void print_quarters(const char *format, const unsigned char *pixels, unsigned width, unsigned height,
                           unsigned channels)
{
    printf("%s %ux%u", format, width, height);
    for (unsigned quarter = 0; quarter < 4; quarter++) {
        const unsigned x = (1 + 2 * (quarter % 2)) * width / 4, y = (1 + 2 * (quarter / 2)) * height / 4;
        const unsigned char *pixel = pixels + ((size_t)y * width + x) * channels;
        for (unsigned i = 0; i < channels; i++) printf("%c%d", i ? ',' : ' ', (pixel[i] + 25) / 51 * 51);
    }
    putchar('\n');
}

static void look_at_jpeg(const unsigned char *data, size_t size)
{
    struct jpeg_decompress_struct in;
    struct jpeg_error_mgr errors;
    unsigned char *pixels;

    memset(&in, 0, sizeof in);
    in.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&in);
    jpeg_mem_src(&in, data, (unsigned long)size);
    (void)jpeg_read_header(&in, TRUE);
    in.out_color_space = JCS_RGB;
    (void)jpeg_start_decompress(&in);
    pixels = apr_palloc(mem, (size_t)in.output_width * in.output_height * 3);
    while (in.output_scanline < in.output_height) {
        JSAMPROW row = pixels + (size_t)in.output_scanline * in.output_width * 3;
        (void)jpeg_read_scanlines(&in, &row, 1);
    }
    print_quarters("jpeg", pixels, in.output_width, in.output_height, 3);
    jpeg_destroy_decompress(&in);
}

static void look(const char *path)
{
    size_t size;
    const unsigned char *data = read_file(path, &size);
    unsigned char *pixels;
    png_image image;

    if (size > 2 && data[0] == 0xFF) {
        look_at_jpeg(data, size);
        return;
    }
    memset(&image, 0, sizeof image);
    image.version = PNG_IMAGE_VERSION;
    check(png_image_begin_read_from_memory(&image, data, size), image.message);
    image.format = PNG_FORMAT_RGBA;
    pixels = apr_palloc(mem, PNG_IMAGE_SIZE(image));
    check(png_image_finish_read(&image, NULL, pixels, 0, NULL), image.message);
    print_quarters("png", pixels, image.width, image.height, 4);
}

int main(int argc, char **argv)
{
    const char *const *args = (const char *const *)argv;

    check(apr_app_initialize(&argc, &args, NULL) == APR_SUCCESS && apr_pool_create(&mem, NULL) == APR_SUCCESS,
          "cannot start");
    check(argc == 3, "usage: pictures make DIR | pictures look FILE");
    folder = args[2];
    if (strcmp(args[1], "make") == 0)
        make();
    else
        look(args[2]);
    return 0;
}
