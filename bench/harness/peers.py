"""Peers as processes: started, asked, ended. See bench/ways.c for the protocol.

SPDX-License-Identifier: Apache-2.0
"""

import os
import queue
import signal
import subprocess
import tempfile
import threading

CANNOT = 3


class Absent(Exception):
    """It cannot be done here."""


class Failed(Exception):
    """It went wrong."""


class Peer:
    def __init__(self, command, patience, environment):
        self.patience = patience
        self.errors = tempfile.TemporaryFile()
        try:
            # A session of its own, so that all that it has started can be ended with it.
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=self.errors, env=environment, start_new_session=True)
        except OSError as error:
            self.errors.close()
            raise Absent("%s: %s" % (command[0], error.strerror)) from error
        self.lines = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()
        try:
            if self.read_line() != "ready":
                raise Failed("said something else than ready")
        except BaseException:
            self.kill()
            raise

    def listen(self):
        """In a thread, for no system's pipes but POSIX's can be waited for with a time-out."""
        for line in self.process.stdout:
            self.lines.put(line.decode(errors="replace").strip())
        self.lines.put(None)

    def words(self):
        """The last of what it said on stderr."""
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "no words"

    def read_line(self):
        try:
            line = self.lines.get(timeout=self.patience)
        except queue.Empty:
            raise Failed("no answer within %d s" % self.patience) from None
        if line is None:
            self.has_ended()
        return line

    def has_ended(self):
        code = self.process.wait()
        if code == CANNOT:
            raise Absent(self.words())
        raise Failed("%s (exit status %d)" % (self.words(), code))

    def ask(self, request):
        """What one run gives: {"ns": …, …}."""
        try:
            self.process.stdin.write(request.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.has_ended()
        line = self.read_line()
        try:
            return {name: float(value) for name, value in (word.split("=") for word in line.split())}
        except ValueError as error:
            raise Failed("answered %r" % line) from error

    def close(self):
        """Its input ends, and so does it."""
        try:
            self.process.stdin.close()
            code = self.process.wait(self.patience)
        except (OSError, subprocess.TimeoutExpired):
            self.kill()
            raise Failed("does not end") from None
        words = self.words()
        self.errors.close()
        if code != 0:
            raise Failed("%s (exit status %d)" % (words, code))

    def kill(self):
        if self.process.poll() is None:
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.errors):
            try:
                stream.close()
            except OSError:
                pass
