/*
 * The markers that a JPEG file holds beside the picture: what they are, and which are kept.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "jpegopt.h"

#include <stdio.h> /* jpeglib.h needs it, and does not include it */
#include <string.h>

#include <jpeglib.h>

#define APP(n) (JPEG_APP0 + (n))

typedef struct {
    int marker;
    apr_uint32_t strip; /* by which options it goes */
    const char *name;   /* that it begins with, zero included */
    size_t size;
} known_t;

#define NAME(text) text, sizeof(text)

static const known_t known[] = {
    { APP(0), 0, NAME("JFIF") },
    { APP(14), 0, "Adobe", 5 }, /* how the colours are to be read: without it others would be seen */
    { APP(1), STRIP_EXIF, NAME("Exif") },
    { APP(1), STRIP_XMP, NAME("http://ns.adobe.com/xap/1.0/") },
    { APP(1), STRIP_XMP, NAME("http://ns.adobe.com/xmp/extension/") },
    { APP(2), STRIP_ICC, NAME("ICC_PROFILE") },
    { APP(13), STRIP_IPTC, NAME("Photoshop 3.0") },
};

static int begins(const unsigned char *data, size_t size, const char *name, size_t length)
{
    return size >= length && memcmp(data, name, length) == 0;
}

int marker_is_kept(apr_uint32_t strip, int marker, const unsigned char *data, size_t size)
{
    if (marker == JPEG_COM) return (strip & (STRIP_COM | STRIP_ALL)) == 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].marker == marker && begins(data, size, known[i].name, known[i].size))
            return known[i].strip == 0 || (strip & (known[i].strip | STRIP_ALL)) == 0;
    return (strip & STRIP_ALL) == 0;
}

int marker_is_index(int marker, const unsigned char *data, size_t size)
{
    return marker == APP(2) && begins(data, size, NAME("MPF"));
}
