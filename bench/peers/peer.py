"""What Python's peers share: the protocol of bench/run (see bench/ways.c), and the items.

SPDX-License-Identifier: Apache-2.0
"""

import sys
import time

CANNOT = 3


def cannot(why):
    print("cannot be done here: %s" % why, file=sys.stderr)
    sys.exit(CANNOT)


class Job:
    """NAME=VALUE words, with ways.c's defaults."""

    def __init__(self, words):
        self.kind, self.items, self.size, self.cost = "echo", 1000000, 8, 100
        self.workers, self.chunk, self.flight, self.pause, self.start = 2, 0, 64, 0, "fork"
        self.set(words)

    def set(self, words):
        for word in words:
            name, value = word.split("=", 1)
            if not hasattr(self, name):
                sys.exit("what is %s?" % word)
            setattr(self, name, value if name in ("kind", "start") else int(value))

    def inputs(self):
        if self.kind == "blob":
            return [bytes([i % 251]) * self.size for i in range(self.items)]
        if self.kind == "spin":
            return [self.cost] * self.items
        if self.kind == "reply":
            return [self.size] * self.items
        return list(range(self.items))

    def item(self):
        return {"echo": echo, "blob": echo, "spin": spin, "reply": reply}[self.kind]

    def check(self, inputs, outputs):
        item = self.item()
        if self.kind == "spin":
            good = len(outputs) == len(inputs) and all(o == outputs[0] for o in outputs)
            good = good and outputs[0] == (self.cost - 1) * self.cost * (2 * self.cost - 1) // 6
        elif self.kind == "reply":
            good = outputs == len(inputs)  # they were looked at as they came
        else:
            good = list(outputs) == [item(i) for i in inputs]
        if not good:
            sys.exit("wrong answers")


def echo(x):
    return x


def spin(n):
    total = 0
    for i in range(n):
        total += i * i
    return total


def reply(size):
    return bytes(size)


def serve(job, run):
    """run(job, inputs) gives nanoseconds and outputs."""
    inputs = None
    print("ready", flush=True)
    for line in sys.stdin:
        job.set(line.split())
        if inputs is None or len(inputs) != job.items:
            inputs = job.inputs()
        took, outputs = run(job, inputs)
        job.check(inputs, outputs)
        print("ns=%d" % took, flush=True)


def clock():
    return time.perf_counter_ns()
