#!/usr/bin/env python3
"""The examples print what docs/examples.md shows: each ```console block, a command behind "$ " and what it prints.

Usage: shown.py DOCUMENT FOLDER PROGRAMS
FOLDER: where the commands are run; PROGRAMS: the folder in which the programs are

SPDX-License-Identifier: Apache-2.0
"""
import os
import re
import shlex
import subprocess
import sys


def commands(text):
    """Pairs of a command and what it is said to print."""
    for block in re.findall(r"^```console\n(.*?)^```$", text, re.M | re.S):
        parts = re.split(r"^\$ (.*)\n", block, flags=re.M)
        if parts[0] or len(parts) < 3:
            raise SystemExit(f"a block does not begin with a command:\n{block}")
        yield from zip(parts[1::2], parts[2::2])


def main():
    document, folder, programs = sys.argv[1:]
    with open(document, encoding="utf-8") as file:
        shown = list(commands(file.read()))
    if not shown:
        raise SystemExit(f"{document} shows no command")
    faults = 0
    for command, wanted in shown:
        words = shlex.split(command)
        words[0] = os.path.join(os.path.abspath(programs), words[0])
        done = subprocess.run(words, cwd=folder, capture_output=True, timeout=240, check=False, stdin=subprocess.DEVNULL)
        got = (done.stdout + done.stderr).decode("utf-8")
        if got != wanted:
            print(f"$ {command}\nis shown with\n{wanted}and prints\n{got}", file=sys.stderr)
            faults += 1
    if faults:
        sys.exit(1)
    print(f"{len(shown)} commands print what {os.path.basename(document)} shows")


if __name__ == "__main__":
    main()
