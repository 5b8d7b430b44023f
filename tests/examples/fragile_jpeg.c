/*
 * For jpegopt's test: its coder, but that it obeys a picture's comment, "crash", "exit" or "hang", as a decoder with a hole
 * in it obeys a hostile file. (The ones at hand have no known hole.)
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "jpegopt.h"

#include <stdlib.h>
#include <string.h>

jpeg_e jpeg_optimise_really(picture_t *picture); /* what jpegopt_jpeg.c is compiled as here */

static int is_told(const picture_t *picture, const char *order)
{
    const size_t length = strlen(order);
    for (size_t i = 0; i + 4 + length <= picture->size; i++)
        if (picture->data[i] == 0xFF && picture->data[i + 1] == 0xFE && picture->data[i + 2] == 0 &&
            picture->data[i + 3] == length + 2 && memcmp(picture->data + i + 4, order, length) == 0)
            return 1;
    return 0;
}

jpeg_e jpeg_optimise(picture_t *picture)
{
    volatile int for_ever = is_told(picture, "hang");

    if (is_told(picture, "crash")) abort();
    if (is_told(picture, "exit")) exit(0);
    while (for_ever) {}
    return jpeg_optimise_really(picture);
}
