#!/bin/sh
# Install a built spork into a prefix with a space in its path, move that, and build and run a user's program
# against it: by pkg-config and by find_package, under each start method.
# Usage: check.sh BUILD-FOLDER SCRATCH-FOLDER
# SPDX-License-Identifier: Apache-2.0
set -eu

[ $# -eq 2 ] || { echo "usage: $0 BUILD-FOLDER SCRATCH-FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
rm -rf "$2"
mkdir -p "$2"
scratch=$(cd "$2" && pwd)
prefix="$scratch/moved prefix"
expected='333332833333500000
2666664666667000000
8999995500000500000
2886581259624448384'

cmake --install "$build" --prefix "$scratch/first prefix"
mv "$scratch/first prefix" "$prefix"
pkgconfig=$(dirname "$(find "$prefix" -name spork.pc)")
# what apr and others say comes after
export PKG_CONFIG_PATH="$pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"

# pkg-config escapes the space in the prefix; eval reads it again, as a makefile's shell would.
flags=$(pkg-config --cflags --libs spork)
echo "pkg-config: $flags"
eval "${CC:-cc} -o \"\$scratch/by-pkg-config\" \"\$here/main.c\" $flags"

cmake -S "$here" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix"
cmake --build "$scratch/build"

for program in "$scratch/by-pkg-config" "$scratch/build/consumer"; do
    for start in fork spawn inline; do
        got=$(SPORK_START=$start timeout 60 "$program")
        if [ "$got" != "$expected" ]; then
            printf '%s under %s said:\n%s\n' "$program" "$start" "$got" >&2
            exit 1
        fi
        echo "good: $(basename "$program") under $start"
    done
done
