/*
 * Columns of UTF-8 text. wcwidth() would ask the C library's locale, which a host may not have set, and Windows has
 * none; so here is a short table of the wide and the combining ranges (Unicode 15, EastAsianWidth W and F, general
 * categories Mn, Me and Cf, rounded to blocks where that does no harm).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "columns.h"

#include <stdint.h>
#include <string.h>

typedef struct {
    uint32_t first, last;
} span_t;

static const span_t combining[] = {
    { 0x0300, 0x036f }, { 0x0483, 0x0489 }, { 0x0591, 0x05bd },   { 0x05bf, 0x05bf },   { 0x05c1, 0x05c2 },
    { 0x05c4, 0x05c5 }, { 0x05c7, 0x05c7 }, { 0x0610, 0x061a },   { 0x064b, 0x065f },   { 0x0670, 0x0670 },
    { 0x06d6, 0x06dc }, { 0x06df, 0x06e4 }, { 0x06e7, 0x06e8 },   { 0x06ea, 0x06ed },   { 0x0711, 0x0711 },
    { 0x0730, 0x074a }, { 0x0900, 0x0902 }, { 0x093a, 0x093a },   { 0x093c, 0x093c },   { 0x0941, 0x0948 },
    { 0x094d, 0x094d }, { 0x0951, 0x0957 }, { 0x0e31, 0x0e31 },   { 0x0e34, 0x0e3a },   { 0x0e47, 0x0e4e },
    { 0x1160, 0x11ff }, { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff },   { 0x200b, 0x200f },   { 0x202a, 0x202e },
    { 0x2060, 0x206f }, { 0x20d0, 0x20f0 }, { 0x302a, 0x302d },   { 0x3099, 0x309a },   { 0xfe00, 0xfe0f },
    { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff }, { 0x1f3fb, 0x1f3ff }, { 0xe0001, 0xe01ef },
};

static const span_t wide[] = {
    { 0x1100, 0x115f },   { 0x231a, 0x231b },   { 0x2329, 0x232a },   { 0x23e9, 0x23ec },
    { 0x2614, 0x2615 },   { 0x2648, 0x2653 },   { 0x26a1, 0x26a1 },   { 0x26bd, 0x26be },
    { 0x26d4, 0x26d4 },   { 0x2705, 0x2705 },   { 0x270a, 0x270b },   { 0x2728, 0x2728 },
    { 0x274c, 0x274c },   { 0x2753, 0x2755 },   { 0x2795, 0x2797 },   { 0x2b1b, 0x2b1c },
    { 0x2b50, 0x2b50 },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff },   { 0x3400, 0x4dbf },
    { 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },   { 0xa960, 0xa97f },   { 0xac00, 0xd7a3 },
    { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
    { 0x16fe0, 0x18aff }, { 0x1b000, 0x1b2ff }, { 0x1f004, 0x1f004 }, { 0x1f0cf, 0x1f0cf },
    { 0x1f18e, 0x1f19a }, { 0x1f200, 0x1f320 }, { 0x1f32d, 0x1f64f }, { 0x1f680, 0x1f6ff },
    { 0x1f7e0, 0x1f7eb }, { 0x1f90c, 0x1f9ff }, { 0x1fa70, 0x1faff }, { 0x20000, 0x3fffd },
};

static int is_among(uint32_t c, const span_t *spans, size_t n)
{
    size_t low = 0, high = n, middle;

    while (low < high) {
        middle = (low + high) / 2;
        if (c > spans[middle].last)
            low = middle + 1;
        else if (c < spans[middle].first)
            high = middle;
        else
            return 1;
    }
    return 0;
}

static int columns_of(uint32_t c)
{
    if (is_among(c, combining, sizeof combining / sizeof combining[0])) return 0;
    return is_among(c, wide, sizeof wide / sizeof wide[0]) ? 2 : 1;
}

/* Bytes of the character that begins here; 0: it is none that may be printed. */
static size_t decode(const unsigned char *at, uint32_t *c)
{
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t size = at[0] < 0x80   ? 1
                  : at[0] < 0xc2 ? 0
                  : at[0] < 0xe0 ? 2
                  : at[0] < 0xf0 ? 3
                  : at[0] < 0xf5 ? 4
                                 : 0;
    size_t i;

    if (size == 0) return 0;
    *c = size == 1 ? at[0] : at[0] & (0xffU >> (size + 1));
    for (i = 1; i < size; i++) {
        if ((at[i] & 0xc0U) != 0x80) return 0; /* the end's zero, too */
        *c = *c << 6 | (at[i] & 0x3fU);
    }
    if (*c < 0x20 || (*c >= 0x7f && *c < 0xa0) || (*c >= 0xd800 && *c < 0xe000)) return 0;
    if (*c == 0x2028 || *c == 0x2029 || *c < least[size] || *c > 0x10ffff) return 0;
    return size;
}

int spk_columns_copy(char *to, size_t room, const char *text, int columns)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t size, used = 0;
    int taken = 0, width;
    uint32_t c = 0;

    while (*at != '\0') {
        size = decode(at, &c);
        width = size > 0 ? columns_of(c) : 1;
        if (width > columns - taken || used + (size > 0 ? size : 1) >= room) break;
        if (size > 0)
            memcpy(to + used, at, size);
        else
            to[used] = '?';
        used += size > 0 ? size : 1;
        at += size > 0 ? size : 1;
        taken += width;
    }
    if (room > 0) to[used] = '\0';
    return taken;
}

int spk_columns(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    int taken = 0;
    size_t size;
    uint32_t c = 0;

    for (; *at != '\0'; at += size > 0 ? size : 1) {
        size = decode(at, &c);
        taken += size > 0 ? columns_of(c) : 1;
    }
    return taken;
}
