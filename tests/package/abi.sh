#!/bin/sh
# That the ABI changes on purpose only. Usage: abi.sh [--update] LIBSPORK.SO APR-INCLUDE-FOLDER SCRATCH-FOLDER
#
#  - what the library exports is what symbols.txt lists, line by line, what debian/libspork0.symbols lists, and what the
#    header declares;
#  - what the header says of them, types, members, enumerators, status codes, is compatible with abi.xml (abidiff; x86-64
#    Linux; left out aloud where abigail-tools are missing). spork_config_t may grow at its end: it knows its size.
#
# abi.xml is made from the header alone, by a library of nothing but pointers to all its functions: so it does not change with
# what is behind an opaque type, nor with the compiler.
#
# When it fails: a new function needs SPORK_API and --update. One that went away or changed breaks programs: raise
# SPORK_ABI in cmake/SporkLibrary.cmake, rename libspork0 in debian/, and then --update.
#
# SPDX-License-Identifier: Apache-2.0
set -eu
LC_ALL=C
export LC_ALL

update=
if [ "${1:-}" = --update ]; then update=yes; shift; fi
[ $# -eq 3 ] || { echo "usage: $0 [--update] LIBSPORK.SO APR-INCLUDE-FOLDER SCRATCH-FOLDER" >&2; exit 2; }
library=$1 apr=$2 scratch=$3
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
header=$root/include/spork.h
debian=$root/debian/libspork0.symbols
mkdir -p "$scratch"
fails=0
fail() {
    echo "abi: $*" >&2
    fails=1
}

# same WHAT FILE FILE: fails with the difference
same() { diff -u "$2" "$3" || fail "$1"; }

# what the header declares: a word before an opening bracket, in a line that begins with a type
"${CC:-cc}" -E -P -DSPORK_API=SPORK_API -I"$apr" "$header" >"$scratch/header.i"
tr '\n' ' ' <"$scratch/header.i" | tr ';{}' '[\n*]' | grep -v typedef |
    sed -nE 's/^[^(]*[ *](spork_[a-z0-9_]+)\(.*/\1/p' | sort >"$scratch/declared.txt"
tr '\n' ' ' <"$scratch/header.i" | tr ';{}' '[\n*]' |
    sed -nE 's/^ *SPORK_API [^(]*[ *](spork_[a-z0-9_]+)\(.*/\1/p' | sort >"$scratch/marked.txt"
same "a function of the header without SPORK_API" "$scratch/marked.txt" "$scratch/declared.txt"

"${NM:-nm}" -D --defined-only "$library" | awk '{ print $3 }' | grep -vE '^(_init|_fini|__bss_start|_edata|_end)$' |
    sort >"$scratch/exported.txt"
same "what the header declares and what $library exports differ" "$scratch/declared.txt" "$scratch/exported.txt"

version=$(sed -n 's/^#define SPORK_VERSION_STRING "\(.*\)"/\1/p' "$header")
if [ "$update" ]; then
    cp "$scratch/exported.txt" "$here/symbols.txt"
    { # the version that first had each stays as it is
        sed '/^ spork_/d' "$debian"
        while read -r name; do
            grep "^ $name@Base " "$debian" || echo " $name@Base $version"
        done <"$scratch/exported.txt"
    } >"$scratch/debian.symbols"
    cp "$scratch/debian.symbols" "$debian"
fi
same "the library's symbols are not those of symbols.txt" "$here/symbols.txt" "$scratch/exported.txt"
sed -n 's/^ \(spork_[a-z0-9_]*\)@Base .*/\1/p' "$debian" | sort >"$scratch/debian.txt"
same "the library's symbols are not those of debian/libspork0.symbols" "$scratch/debian.txt" "$scratch/exported.txt"

if [ "$(uname -sm)" != 'Linux x86_64' ] || ! command -v abidiff >/dev/null 2>&1; then
    echo "abi: types are not compared: that takes x86-64 Linux and abidiff (abigail-tools)"
    exit "$fails"
fi
{
    echo '#include <spork.h>'
    sed 's/.*/__typeof__(\&&) abi_&;/' "$scratch/declared.txt"
    echo 'enum abi_codes {'
    sed -nE 's/^#define (SPORK_[A-Z_0-9]+) [^"]*$/    abi_\1 = (int)(\1),/p' "$header" | grep -vE 'VERSION|_API |_INIT|SPORK_END'
    echo '} abi_codes;'
} >"$scratch/stub.c"
"${CC:-cc}" -g -shared -fPIC -D_LARGEFILE64_SOURCE -I"$root/include" -I"$apr" "$scratch/stub.c" -o "$scratch/stub.so"
abidw --no-corpus-path --no-comp-dir-path --no-show-locs --no-elf-needed --no-architecture --type-id-style hash \
    --out-file "$scratch/abi.xml" "$scratch/stub.so"
if [ "$update" ]; then cp "$scratch/abi.xml" "$here/abi.xml"; fi
abidiff --no-architecture --no-added-syms --suppressions "$here/abi_grows.txt" "$here/abi.xml" "$scratch/abi.xml" ||
    fail "types differ from abi.xml in a way that programs would notice"
[ "$fails" -ne 0 ] || echo "abi: $(wc -l <"$scratch/exported.txt") symbols as listed, types compatible with abi.xml"
exit "$fails"
