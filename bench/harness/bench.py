"""How peers are started, how large a run is: what the builders of workloads ask.

SPDX-License-Identifier: Apache-2.0
"""

import os
import shutil
import sys

from .model import Row

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SCRIPTS = os.path.join(HERE, "peers")


class Bench:
    def __init__(self, build, portable_build, workers, smoke, python, launcher):
        self.workers, self.smoke, self.launcher = workers, smoke, launcher
        self.native, self.portable_build = build, portable_build
        self.python_program = python
        self.suffix = ""
        if os.path.exists(self.program("ways") + ".exe"):
            self.suffix = ".exe"

    def n(self, full, smoke):
        return smoke if self.smoke else full

    # ---- rows of C -------------------------------------------------------------------------------------

    def program(self, name, build=None):
        return os.path.join(build or self.native, "bench", name + self.suffix)

    def row(self, key, title, words, items, options, why_absent=None):
        options = dict(options)
        field, scale = options.pop("field", "ns"), options.pop("scale", 1)
        options.setdefault("workers", self.workers)
        options["items"] = items
        words = words + ["%s=%s" % pair for pair in sorted(options.items())]
        return Row(key, title, words, items=items, field=field, scale=scale, why_absent=why_absent)

    def ways(self, key, title, way, items, **options):
        return self.row(key, title, self.launcher + [self.program("ways"), way], items, options)

    def threads(self, key, title, way, items, **options):
        """Ways of the program that has OpenMP and apr-util linked to it."""
        return self.row(key, title, self.launcher + [self.program("ways_threads"), way], items, options)

    def portable(self, key, title, way, items, **options):
        program = self.program("ways", self.portable_build)
        why = None if os.path.exists(program) else "no %s (cmake --workflow --preset portable)" % program
        return self.row(key, title, self.launcher + [program, way], items, options, why)

    def is_foreign(self, row):
        return not any(word.startswith((self.native, self.portable_build)) for word in row.command)

    # ---- rows of other languages -------------------------------------------------------------------------

    def script(self, name):
        return os.path.join(SCRIPTS, name)

    def interpreted(self, program, script, key, title, way, items, options):
        why = None if shutil.which(program) else "no %s" % program
        return self.row(key, title, [program, self.script(script), way], items, options, why)

    def python(self, key, title, way, items, **options):
        return self.interpreted(self.python_program, "python_peer.py", key, title, way, items, options)

    def command(self, key, title, way, items, **options):
        row = self.interpreted(sys.executable, "command_peer.py", key, title, way, items, options)
        if not shutil.which(way):
            row.skipped = "no %s" % way
        return row

    def ruby(self, key, title, way, items, **options):
        return self.interpreted("ruby", "ruby_peer.rb", key, title, way, items, options)

    def perl(self, key, title, way, items, **options):
        return self.interpreted("perl", "perl_peer.pl", key, title, way, items, options)

    def r(self, key, title, way, items, **options):
        return self.interpreted("Rscript", "r_peer.R", key, title, way, items, options)

    def mpi(self, key, title, way, items, **options):
        words = ["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", str(self.workers + 1),
                 self.python_program, "-m", "mpi4py.futures", self.script("python_peer.py"), way]
        why = None if shutil.which("mpirun") else "no mpirun"
        return self.row(key, title, words, items, options, why)
