"""Load a trace as a viewer would, and compare it with itself: check_trace.py ITEMS TRACE PROGRAM [ARGUMENT...]

Runs the program with SPORK_TRACE=TRACE, and wants so many items in the file, rows of slices that do not overlap, but may lie in each other, and
a name for each row.
SPDX-License-Identifier: Apache-2.0
"""
import collections
import json
import os
import subprocess
import sys

items, path, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
if os.path.exists(path):
    os.remove(path)
subprocess.run(command, env=dict(os.environ, SPORK_TRACE=path), check=True)
with open(path, encoding="utf-8") as file:
    events = json.load(file)
os.remove(path)

rows = collections.defaultdict(list)
names = set()
for event in events:
    if event["ph"] == "X":
        assert event["ts"] >= 0 and event["dur"] >= 0, event
        rows[event["tid"]].append((event["ts"], event["ts"] + event["dur"], event))
    if event["name"] == "thread_name":
        names.add(event["tid"])
for row, slices in rows.items():
    slices.sort(key=lambda each: (each[0], -each[1]))
    around = []
    for each in slices:
        # microseconds with three digits: what touches may overlap by a rounding of the sum
        while around and around[-1][1] <= each[0] + 0.002:
            around.pop()
        assert not around or each[1] <= around[-1][1] + 0.002, (around[-1], each)
        around.append(each)
assert set(rows) <= names, (set(rows), names)

own = sum(1 for event in events if event.get("cat") == "item")
bulk = sum(event["args"]["items"] for event in events if event.get("cat") == "bulk")
assert events[-1]["name"] == "trace", events[-1]
assert events[-1]["args"] == {"items": own, "in_bulk": bulk, "left_out": 0}, events[-1]
assert own + bulk == items, (own, bulk, items)
starts = [event["args"]["process"] for event in events if event["name"] == "start"]
ends = [event["args"]["process"] for event in events if event["name"] == "end"]
assert sorted(starts) == sorted(ends) and len(set(starts)) == len(starts), (starts, ends)
print(f"{len(events)} events, {own} items of their own, {bulk} in bulk, {len(starts)} workers")
