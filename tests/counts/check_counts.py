"""Counts what work costs that does not depend on the machine's mood, and compares it with a bound.

    check_counts.py calls PROGRAM          system calls, and of these the rings of bells, by strace
    check_counts.py instructions PROGRAM   instructions an item, by valgrind's callgrind
    check_counts.py copies PROGRAM         bytes copied for each byte of payload, by valgrind's dhat

PROGRAM is tests/counts/counts.c. The bounds are two to five times what was measured when they were written (beside them), for what
waits counts a little more where processors are short. A spinning process's sched_yield() is left out: how often it
looks is the mood.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import json
import os
import re
import subprocess
import sys
import tempfile

MILLION = 1000000
MIB = 1 << 20

# work: most calls for a million items, most of them write(); measured: 402 and 23, 443 and 24, 371 and 10, 1667 and
# 445, 2087 and 810
CALLS = {
    "map": (1000, 200),
    "map_one": (1000, 200),
    "map_shared": (1000, 200),
    "submit": (50000, 20000),
    "stream": (50000, 20000),
}

# work, function of the parent or of a worker, most instructions an item; measured: 83, 320, 725, 510, 71, 580
INSTRUCTIONS = [
    ("map", "spk_worker_run_mapped", 110),
    ("map_one", "spk_worker_serve", 450),
    ("submit", "spk_worker_serve", 1500),
    ("submit", "spork_submit", 750),
    ("submit", "spork_future_destroy", 120),
    ("stream", "spk_worker_serve", 1200),
]

# work, most bytes copied by the parent, by its worker, for each byte of input and result; measured: 1 and 0, 0 and 0, 1 and
# a half: a reply is copied out of the task
COPIES = [
    ("map", 1.01, 0.01),
    ("map_shared", 0.01, 0.01),
    ("submit", 1.01, 0.51),
]

wrong = []


def say(what, value, most):
    print(f"{what}: {value:g}, at most {most:g}")
    if value > most:
        wrong.append(what)


def run(command, **more):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **more)


# ---- system calls -------------------------------------------------------------------------------------------

def calls_of(program, work, items, folder):
    path = os.path.join(folder, "calls")
    run(["strace", "-f", "-c", "-o", path, program, work, str(items), "8", "2"], stderr=subprocess.DEVNULL)
    calls = {}
    with open(path, encoding="utf-8") as table:
        for line in table:
            row = re.match(r"\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", line)
            if row and row[2] != "total":
                calls[row[2]] = int(row[1])
    calls.pop("sched_yield", None)
    return calls


def count_calls(program, folder):
    for work, (most, most_writes) in CALLS.items():
        calls = calls_of(program, work, MILLION, folder)
        assert calls, "strace has counted nothing"
        say(f"{work}, a million items: system calls", sum(calls.values()), most)
        say(f"{work}, a million items: bells", calls.get("write", 0), most_writes)


# ---- instructions --------------------------------------------------------------------------------------------

def profiles_of(program, work, items, folder):
    """What each process's functions have cost, with what they call."""
    for path in glob.glob(os.path.join(folder, "callgrind.*")):
        os.remove(path)
    run(["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/callgrind.%p", program, work, str(items),
         "8", "1"], stderr=subprocess.DEVNULL)
    costs = {}
    for path in glob.glob(os.path.join(folder, "callgrind.*")):
        table = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", path], check=True,
                               capture_output=True, text=True).stdout
        for count, name in re.findall(r"^\s*([\d,]+) .*?:(\w+)(?:'\d+)? \[", table, re.M):
            costs[name] = max(costs.get(name, 0), int(count.replace(",", "")))
    return costs


def count_instructions(program, folder):
    items = 50000
    costs = {}
    for work, function, most in INSTRUCTIONS:
        if work not in costs:
            costs[work] = profiles_of(program, work, items, folder)
        assert function in costs[work], f"{work}: nothing is known of {function}()"
        say(f"{work}: instructions an item in {function}()", costs[work][function] / items, most)


# ---- copies -----------------------------------------------------------------------------------------------------

def copied(program, work, items, size, folder):
    """Bytes that each process has copied; the parent's, which is the oldest, come first."""
    for path in glob.glob(os.path.join(folder, "dhat.*")):
        os.remove(path)
    run(["valgrind", "-q", "--tool=dhat", "--mode=copy", f"--dhat-out-file={folder}/dhat.%p", program, work, str(items),
         str(size), "1"], stderr=subprocess.DEVNULL)
    sums = {}
    for path in glob.glob(os.path.join(folder, "dhat.*")):
        with open(path, encoding="utf-8") as file:
            sums[int(path.rsplit(".", 1)[1])] = sum(point["tb"] for point in json.load(file)["pps"])
    return [sums[pid] for pid in sorted(sums)]


def count_copies(program, folder):
    items, size = 32, MIB
    payload = 2 * items * size
    for work, most_parent, most_worker in COPIES:
        sums = copied(program, work, items, size, folder)
        assert len(sums) == 2, f"{work}: {len(sums)} processes were counted"
        say(f"{work}: bytes copied by the parent for each of payload", sums[0] / payload, most_parent)
        say(f"{work}: bytes copied by the worker for each of payload", sums[1] / payload, most_worker)


def main():
    count = {"calls": count_calls, "instructions": count_instructions, "copies": count_copies}[sys.argv[1]]
    with tempfile.TemporaryDirectory() as folder:
        count(os.path.abspath(sys.argv[2]), folder)
    for what in wrong:
        print("TOO MANY:", what)
    return 1 if wrong else 0


sys.exit(main())
