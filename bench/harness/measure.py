"""Runs a workload: all rows take turns, so that whatever else the machine does hits all alike.

SPDX-License-Identifier: Apache-2.0
"""

import sys
import time

from .peers import Absent, Failed, Peer

# Idle workers and threads of others still spin for a moment; nothing tells when they have stopped.
SETTLE = 0.02


def available_mib():
    """Memory that can be had without swapping; None: the system does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) // 1024
    except OSError:
        pass
    return None


class Runner:
    def __init__(self, say, patience, environment):
        self.say, self.patience, self.environment = say, patience, environment
        self.peers = {}

    # ---- what can go wrong with a row ---------------------------------------------------------------------

    def give_up(self, workload, row, error):
        if isinstance(error, Absent):
            row.skipped = str(error)
            self.say("skipped: %s: %s: %s" % (workload.name, row.title, error))
        else:
            row.failed = str(error)
            self.say("FAILED: %s: %s: %s" % (workload.name, row.title, error))
        row.answers = []

    def attempt(self, workload, row, action):
        """What action() gives; None if the row is out of the race."""
        try:
            return action()
        except (Absent, Failed) as error:
            self.give_up(workload, row, error)
            return None

    # ---- peers --------------------------------------------------------------------------------------------

    def start(self, row):
        if row.command not in self.peers:
            self.peers[row.command] = Peer(row.command, self.patience, self.environment)
        return self.peers[row.command]

    def end(self, command):
        peer = self.peers.pop(command, None)
        if peer:
            peer.close()

    def drop(self, command):
        peer = self.peers.pop(command, None)
        if peer:
            peer.kill()

    def end_all(self):
        for command in list(self.peers):
            self.drop(command)

    # ---- rounds -------------------------------------------------------------------------------------------

    def ask(self, row):
        peer = self.start(row)
        time.sleep(SETTLE)
        try:
            return peer.ask(row.request)
        except (Absent, Failed):
            self.drop(row.command)
            raise

    def one_turn(self, workload, row, keep):
        answer = self.attempt(workload, row, lambda: self.ask(row))
        if answer is not None and keep:
            row.answers.append(answer)

    def fresh_turn(self, workload, row):
        """The peer lives for this turn only."""
        for turn in range(workload.repeat + workload.warm):
            if not row.skipped and not row.failed:
                self.one_turn(workload, row, turn >= workload.warm)
        if not row.failed and not row.skipped:
            self.attempt(workload, row, lambda: self.end(row.command))

    def check_memory(self, workload):
        """Rather than have the system kill somebody."""
        free = available_mib()
        if free is not None and free < workload.memory:
            for row in workload.rows:
                row.skipped = row.skipped or "needs %d MiB of memory, %d are available" % (workload.memory, free)

    def run(self, workload, rounds):
        self.check_memory(workload)
        for row in workload.rows:
            if row.skipped:
                self.say("skipped: %s: %s: %s" % (workload.name, row.title, row.skipped))
        try:
            self.run_rounds(workload, rounds)
        finally:
            self.end_all()
        workload.evaluate()

    def run_rounds(self, workload, rounds):
        for number in range(rounds + (workload.warm and not workload.fresh)):
            for row in workload.rows:
                if row.skipped or row.failed:
                    continue
                if workload.fresh:
                    self.fresh_turn(workload, row)
                else:
                    self.one_turn(workload, row, number > 0 or not workload.warm)
            if sys.stderr.isatty():
                print("\r%s: round %d " % (workload.name, number), end="\r", file=sys.stderr)
        if not workload.fresh:
            self.end_quietly(workload)

    def end_quietly(self, workload):
        """A peer that does not end well has not done its work, whatever it said."""
        for row in workload.rows:
            if row.command in self.peers:
                self.attempt(workload, row, lambda: self.end(row.command))
