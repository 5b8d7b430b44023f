/*
 * The terminal on stderr: a console. Text goes there as UTF-16, so that no code page has to be changed.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "win32_common.h"

#define USUAL_COLUMNS 80
#define PIECE 512 /* UTF-16 units that are written at once */

/* NULL: stderr is no console. GetConsoleMode() fails for everything else. */
static HANDLE console(void)
{
    HANDLE handle = GetStdHandle(STD_ERROR_HANDLE);
    DWORD mode;

    if (handle == NULL || handle == INVALID_HANDLE_VALUE) return NULL;
    return GetConsoleMode(handle, &mode) ? handle : NULL;
}

int spk_os_terminal_columns(void)
{
    CONSOLE_SCREEN_BUFFER_INFO info;
    HANDLE handle = console();
    int columns = 0;

    if (handle == NULL) return -1;
    if (GetConsoleScreenBufferInfo(handle, &info)) columns = info.srWindow.Right - info.srWindow.Left + 1;
    return columns > 0 ? columns : USUAL_COLUMNS;
}

/* At most this many bytes of UTF-8 give no more units, and no character is cut. */
static size_t piece_of(const char *text, size_t size)
{
    if (size <= PIECE) return size;
    size = PIECE;
    while (size > 1 && ((unsigned char)text[size] & 0xc0U) == 0x80U) size--;
    return size;
}

void spk_os_terminal_write(const char *text, size_t size)
{
    HANDLE handle = console();
    WCHAR wide[PIECE];
    size_t bytes;
    DWORD written;
    int units;

    for (; handle != NULL && size > 0; text += bytes, size -= bytes) {
        bytes = piece_of(text, size);
        units = MultiByteToWideChar(CP_UTF8, 0, text, (int)bytes, wide, PIECE);
        if (units <= 0 || !WriteConsoleW(handle, wide, (DWORD)units, &written, NULL)) return;
    }
}
