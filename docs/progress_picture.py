"""A picture of a program's progress line: progress_picture.py SECONDS PNG PROGRAM [ARGUMENT...]

Runs the program on a pseudo-terminal of 80 columns and draws what stands there after so many seconds, with the
command above it. Knows what spork writes: carriage return, newline, backspace. Needs Pillow and the DejaVu fonts;
docs/progress.png was made by it.
SPDX-License-Identifier: Apache-2.0
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

from PIL import Image, ImageDraw, ImageFont

COLUMNS, SIZE, BORDER = 80, 18, 12
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf"

seconds, path, command = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
until, text = time.monotonic() + seconds, b""
while (left := until - time.monotonic()) > 0:
    if select.select([terminal], [], [], left)[0]:
        try:
            text += os.read(terminal, 65536)
        except OSError:
            break
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)

rows, column = [[" "] * COLUMNS], 0
for letter in text.decode():
    if letter == "\r":
        column = 0
    elif letter == "\n":
        rows.append([" "] * COLUMNS)
    elif letter == "\b":
        column -= 1
    else:
        rows[-1][column] = letter
        column += 1
lines = ["$ " + " ".join([os.path.basename(command[0])] + command[1:])] + ["".join(row).rstrip() for row in rows]

font = ImageFont.truetype(FONT, SIZE)
width, height = int(font.getlength("x" * COLUMNS)), SIZE * 4 // 3
picture = Image.new("RGB", (width + 2 * BORDER, height * len(lines) + 2 * BORDER), "#1d1f21")
draw = ImageDraw.Draw(picture)
for number, line in enumerate(lines):
    draw.text((BORDER, BORDER + number * height), line, font=font, fill="#c5c8c6")
left = BORDER + font.getlength("x" * column)
top = BORDER + (len(lines) - 1) * height
draw.rectangle((left, top, left + font.getlength("x"), top + height - 2), fill="#c5c8c6")
picture.save(path, optimize=True)
