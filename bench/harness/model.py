"""What is measured, as data: a workload has rows (one way each) and goals (ratios between rows' medians).

SPDX-License-Identifier: Apache-2.0
"""

import statistics


class Row:
    """One way to do the workload's work.

    command: the words that start a peer that speaks bench/ways.c's protocol; rows with equal commands share one.
    request: the line it is sent each time.
    items, size: how much work a run is, for values by item or by byte.
    field, scale: which part of the answer counts, and in what unit, where it is no time.
    why_absent: the peer is not installed, and why.
    """

    def __init__(self, key, title, command, items=1, size=0, request="", why_absent=None, field="ns",
                 scale=1, x=None, series=None):
        self.key, self.title, self.command, self.request = key, title, tuple(command), request
        self.items, self.size, self.field, self.scale, self.x, self.series = items, size, field, scale, x, series
        self.skipped = why_absent   # why there is no value, or None
        self.failed = None          # what went wrong, or None
        self.answers = []           # of each round, a dict
        self.values = []

    @property
    def median(self):
        return statistics.median(self.values) if self.values else None


class Goal:
    """At most, or at least, `limit`; value(medians by key) computes what was reached from the rows it needs."""

    def __init__(self, words, needs, value, at_most=None, at_least=None, unit=""):
        self.words, self.needs, self.value, self.unit = words, needs, value, unit
        self.at_most, self.at_least = at_most, at_least
        self.reached = None
        self.why_not = None

    @property
    def limit(self):
        return self.at_most if self.at_most is not None else self.at_least

    @property
    def met(self):
        """None: not measured."""
        if self.reached is None:
            return None
        return self.reached <= self.at_most if self.at_most is not None else self.reached >= self.at_least

    def judge(self, rows):
        medians = {row.key: row.median for row in rows}
        missing = [row for row in rows if row.key in self.needs and row.median is None]
        if missing:
            first = missing[0]
            self.why_not = "%s: %s" % (first.title.replace("*", ""), first.failed or first.skipped)
            if len(missing) > 1:
                self.why_not += "; and %d more" % (len(missing) - 1)
        else:
            self.reached = self.value(medians)


class Workload:
    """fresh: each round starts the peers anew, one after the other, so that only one has its memory at a time, and
    asks each `repeat` times. warm: whether a peer's first run is thrown away. memory: what all that runs at a time
    takes, MiB. baseline: the row that a column compares all others with."""

    def __init__(self, name, title, unit, rows, goals, baseline=None, fresh=False, warm=True, repeat=1, rounds=5,
                 note="", memory=256):
        self.name, self.title, self.unit, self.rows, self.goals = name, title, unit, rows, goals
        self.baseline, self.fresh, self.warm, self.repeat = baseline, fresh, warm, repeat
        self.rounds, self.note = rounds, note
        self.memory = memory

    def evaluate(self):
        for row in self.rows:
            row.values = [UNITS[self.unit](answer, row) for answer in row.answers]
        for goal in self.goals:
            goal.judge(self.rows)

    @property
    def more_is_better(self):
        return self.unit == "GB/s"


# What a row's answer is worth, in each unit.
UNITS = {
    "ns an item": lambda answer, row: answer["ns"] / row.items,
    "µs an item": lambda answer, row: answer["ns"] / row.items / 1e3,
    "ms": lambda answer, row: answer["ns"] / 1e6,
    "GB/s": lambda answer, row: row.items * row.size / answer["ns"],
    "as the row says": lambda answer, row: answer[row.field] * row.scale,
}
