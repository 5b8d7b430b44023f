"""Peers as processes: started, asked, ended. See bench/ways.c for the protocol.

SPDX-License-Identifier: Apache-2.0
"""

import os
import selectors
import signal
import subprocess
import tempfile
import time

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
        self.buffer = b""
        os.set_blocking(self.process.stdout.fileno(), False)
        try:
            if self.read_line() != "ready":
                raise Failed("said something else than ready")
        except BaseException:
            self.kill()
            raise

    def words(self):
        """The last of what it said on stderr."""
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "no words"

    def read_line(self):
        until = time.monotonic() + self.patience
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"\n" not in self.buffer:
                if not selector.select(max(0, until - time.monotonic())):
                    raise Failed("no answer within %d s" % self.patience)
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    self.has_ended()
                self.buffer += data
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line.decode().strip()

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
            raise Failed("does not end")
        self.process.stdout.close()
        words = self.words()
        self.errors.close()
        if code != 0:
            raise Failed("%s (exit status %d)" % (words, code))

    def kill(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            try:
                stream.close()
            except OSError:
                pass
