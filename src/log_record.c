/*
 * Records as text, see log_record.h.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "log_record.h"

#include <apr_time.h>
#include <string.h>

#define NANOSECONDS UINT64_C(1000000000)

static const char *const levels[] = { "", "DEBUG", "INFO", "WARNING", "ERROR" };
#define N_LEVELS (sizeof levels / sizeof *levels)

/* ---- writing --------------------------------------------------------------------------------------------- */

/* By hand: a format string would take most of a record's time. */
static char *put_text(char *at, const char *text)
{
    while (*text != '\0') *at++ = *text++;
    return at;
}

/* At least so many digits. */
static char *put_number(char *at, uint64_t number, int least)
{
    char digits[20];
    int n = 0;

    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0 || n < least);
    while (n > 0) *at++ = digits[--n];
    return at;
}

static char *put_wall(char *at, apr_time_t wall)
{
    apr_time_exp_t parts;

    (void)apr_time_exp_gmt(&parts, wall);
    at = put_number(at, (uint64_t)parts.tm_year + 1900, 4);
    at = put_number(put_text(at, "-"), (uint64_t)parts.tm_mon + 1, 2);
    at = put_number(put_text(at, "-"), (uint64_t)parts.tm_mday, 2);
    at = put_number(put_text(at, "T"), (uint64_t)parts.tm_hour, 2);
    at = put_number(put_text(at, ":"), (uint64_t)parts.tm_min, 2);
    at = put_number(put_text(at, ":"), (uint64_t)parts.tm_sec, 2);
    at = put_number(put_text(at, "."), (uint64_t)parts.tm_usec, 6);
    return put_text(at, "Z ");
}

static size_t write_head(char *line, const spk_record_t *record)
{
    char *at = put_wall(line, record->wall);

    at = put_number(at, record->clock / NANOSECONDS, 1);
    at = put_number(put_text(at, "."), record->clock % NANOSECONDS, 9);
    at = put_text(put_text(at, " "), levels[record->level]);
    at = put_number(put_text(at, " pid="), (uint64_t)record->pid, 1);
    at = put_number(put_text(at, " worker="), (uint64_t)record->worker, 1);
    at = put_text(at, " item=");
    at = record->has_item ? put_number(at, record->item, 1) : put_text(at, "-");
    return (size_t)(put_text(at, " ") - line);
}

/* The byte as it stands in the line: itself, or a sequence that begins with a backslash. How many bytes. */
static size_t escape(unsigned char byte, char text[4])
{
    static const char digits[] = "0123456789abcdef";

    text[0] = '\\';
    switch (byte) {
    case '\n': text[1] = 'n'; return 2;
    case '\r': text[1] = 'r'; return 2;
    case '\\': text[1] = '\\'; return 2;
    case '\t': text[0] = '\t'; return 1;
    default: break;
    }
    if (byte >= 0x20 && byte != 0x7f) {
        text[0] = (char)byte;
        return 1;
    }
    text[1] = 'x';
    text[2] = digits[byte >> 4];
    text[3] = digits[byte & 15];
    return 4;
}

/* How many of the first n bytes are whole characters of UTF-8; of other text, all but a few at most. */
static size_t whole_characters(const char *text, size_t n)
{
    size_t begin = n, length;
    unsigned char lead;

    while (begin > 0 && n - begin < 3 && ((unsigned char)text[begin - 1] & 0xc0) == 0x80) begin--;
    if (begin == 0) return n;
    lead = (unsigned char)text[--begin];
    length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    return length > n - begin ? begin : n;
}

size_t spk_record_write(char *line, const spk_record_t *record, const char *message, size_t size, int is_cut)
{
    const size_t most =
        SPORK_LOG_MAX - sizeof SPK_RECORD_CUT; /* behind it the mark and the newline have room */
    size_t head = write_head(line, record), used = head, i, n = 0;
    char text[4];

    for (i = 0; i < size; i++) {
        n = escape((unsigned char)message[i], text);
        if (used + n > most) break;
        memcpy(line + used, text, n);
        used += n;
    }
    if (i < size || is_cut) {
        used = head + whole_characters(line + head, used - head);
        memcpy(line + used, SPK_RECORD_CUT, sizeof SPK_RECORD_CUT - 1);
        used += sizeof SPK_RECORD_CUT - 1;
    }
    line[used++] = '\n';
    return used;
}

/* ---- reading --------------------------------------------------------------------------------------------- */

typedef struct {
    const char *text, *end;
} reader_t;

/* One character; of the pattern 'd' stands for a digit. */
static int take_pattern(reader_t *reader, const char *pattern)
{
    for (; *pattern != '\0'; pattern++, reader->text++) {
        if (reader->text == reader->end) return 0;
        if (*pattern == 'd' ? *reader->text < '0' || *reader->text > '9' : *reader->text != *pattern)
            return 0;
    }
    return 1;
}

static int take_number(reader_t *reader, int least, int most, uint64_t *number)
{
    int digits = 0;

    *number = 0;
    while (reader->text < reader->end && *reader->text >= '0' && *reader->text <= '9' && digits < most) {
        *number = *number * 10 + (uint64_t)(*reader->text++ - '0');
        digits++;
    }
    return digits >= least;
}

static int take_word(reader_t *reader, const char *word)
{
    size_t length = strlen(word);

    if ((size_t)(reader->end - reader->text) < length || memcmp(reader->text, word, length) != 0) return 0;
    reader->text += length;
    return 1;
}

static int take_level(reader_t *reader)
{
    size_t i;

    for (i = 1; i < N_LEVELS; i++)
        if (take_word(reader, levels[i])) return 1;
    return 0;
}

/* Eleven digits of seconds and nine behind the point fit 64 bits: until the year 2554. */
int spk_record_read(const char *text, size_t size, uint64_t *clock)
{
    reader_t reader = { text, text + size };
    uint64_t seconds, nanoseconds;

    if (!take_pattern(&reader, "dddd-dd-ddTdd:dd:dd.ddddddZ ") || !take_number(&reader, 1, 11, &seconds) ||
        !take_word(&reader, ".") || !take_number(&reader, 9, 9, &nanoseconds) || !take_word(&reader, " ") ||
        !take_level(&reader) || !take_word(&reader, " pid=") || seconds > UINT64_MAX / NANOSECONDS - 1)
        return 0;
    *clock = seconds * NANOSECONDS + nanoseconds;
    return 1;
}

int spk_record_file(const char *name)
{
    size_t length = strlen(name), digits = 0;

    if (length < 4 || strcmp(name + length - 4, ".log") != 0) return 0;
    length -= 4;
    while (length > 0 && name[length - 1] >= '0' && name[length - 1] <= '9') {
        length--;
        digits++;
    }
    return digits > 0 && digits <= 20 && length > 1 && name[length - 1] == '_';
}
