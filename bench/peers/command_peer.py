"""Programs that start a command for each item: GNU parallel and xargs -P. Each runs echo, and what comes is checked.

Usage: command_peer.py parallel|xargs [NAME=VALUE...]

SPDX-License-Identifier: Apache-2.0
"""

import shutil
import subprocess
import sys

from peer import Job, cannot, clock, serve


def command(way, job):
    return {
        "parallel": ["parallel", "--will-cite", "-j", str(job.workers), "echo"],
        "xargs": ["xargs", "-P", str(job.workers), "-n", "1", "echo"],
    }[way]


def main():
    way, job = sys.argv[1], Job(sys.argv[2:])
    words = command(way, job)
    if not shutil.which(words[0]):
        cannot("no %s" % words[0])

    def run(_, inputs):
        lines = "".join("%d\n" % i for i in inputs).encode()
        start = clock()
        done = subprocess.run(words, input=lines, stdout=subprocess.PIPE, check=True)
        return clock() - start, sorted(int(line) for line in done.stdout.split())

    serve(job, run)


if __name__ == "__main__":
    main()
