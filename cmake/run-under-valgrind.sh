#!/bin/sh
# Run a program and all that it starts under valgrind's memcheck: run-under-valgrind.sh PROGRAM [ARGUMENT...]. Every process writes a log of
# its own, for a worker ends by SIGKILL and has no exit status to tell by; they are looked through when the program has ended.
# Exit status: the program's; 99 if it is 0 and any of the processes did wrong. Preset memcheck runs each test by it.
# SPDX-License-Identifier: Apache-2.0
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
logs=$(mktemp -d "${TMPDIR:-/tmp}/spork-valgrind-XXXXXX") || exit 1

# A segment is reserved as large as the machine's memory, but never larger than a file may be. The search for leaks, at each process's end,
# reads all of it, whereby the system fills it with zeros: without this limit (in blocks of 512 bytes) workers would be minutes
# in ending, and the machine out of memory.
ulimit -f 524288

# For what valgrind itself cannot do.
SPORK_TEST_VALGRIND=1
export SPORK_TEST_VALGRIND

# Possibly lost: glibc's block for a thread that still runs. The system's own programs are not ours to mend.
valgrind --tool=memcheck --quiet --vgdb=no --trace-children=yes --trace-children-skip='/bin/*,/usr/bin/*' \
    --child-silent-after-fork=no --log-file="$logs/%p" --suppressions="$here/valgrind.supp" \
    --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite "$@"
status=$?

# Blocks of lines that begin with ==PID==, with an empty one between. A death by a signal is not an error (the
# test looks at it, and brings some about), nor is advice; all else is.
# What begins with --PID-- is valgrind's own matter: system calls that are younger than it.
found=0
for log in "$logs"/*; do
    [ -f "$log" ] || continue
    sed -n 's/^==[0-9]*== \{0,1\}//p' "$log" |
        awk -v log_name="${log##*/}" 'BEGIN { RS = ""; bad = 0 }
            /^(Process terminating with default action of signal|Stack overflow in thread|Warning: set address range perms: large range)/ { next }
            { bad = 1; print "in process " log_name ":"; print; print "" }
            END { exit bad }' >&2 || found=1
done
rm -rf "$logs"
[ "$status" -ne 0 ] || [ "$found" -eq 0 ] || status=99
exit "$status"
