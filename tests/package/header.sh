#!/bin/sh
# That include/spork.h is self-contained, and good C and C++ of every age, without a warning. What does not know a standard, or is not
# installed, is left out aloud. Usage: header.sh APR-INCLUDE-FOLDER SCRATCH-FOLDER [C-COMPILER...]
# SPDX-License-Identifier: Apache-2.0
set -eu

[ $# -ge 2 ] || { echo "usage: $0 APR-INCLUDE-FOLDER SCRATCH-FOLDER [C-COMPILER...]" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
apr=$1 scratch=$2
shift 2
[ $# -gt 0 ] || set -- gcc clang
mkdir -p "$scratch"
good=0
fails=0

# The header alone, twice, then each macro that a program writes.
cat >"$scratch/use.c" <<'END'
#include <spork.h>
#include <spork.h>

static apr_status_t task(spork_task_t *it, const void *in, void *out)
{
    (void)it;
    (void)in;
    (void)out;
    return SPORK_EFAILED;
}
static const spork_entry_t tasks[] = { SPORK_ENTRY(task), SPORK_END };

int main(int argc, char **argv)
{
    spork_config_t config;
    spork_pool_t *pool;
    spork_config_init(&config);
    config.memory_limit = SPORK_MEMORY_LIMIT_MIN;
    return spork_init(&argc, &argv, tasks) != APR_SUCCESS || spork_pool_create(&pool, &config, NULL) != APR_SUCCESS;
}
END
cp "$scratch/use.c" "$scratch/use.cc"

# knows COMPILER STANDARD
knows() { echo 'int x;' | "$1" -std="$2" "-x$3" -fsyntax-only - >/dev/null 2>&1; }

# What apr.h itself needs of glibc in strict ISO C: the names off64_t and PATH_MAX.
needed='-D_LARGEFILE64_SOURCE -D_POSIX_C_SOURCE=200809L'

# compiles COMPILER STANDARD LANGUAGE FILE WARNING...
compiles() {
    compiler=$1 standard=$2 language=$3 file=$4
    shift 4
    if ! command -v "$compiler" >/dev/null 2>&1; then
        echo "left out: $compiler is not installed ($standard)"
    elif ! knows "$compiler" "$standard" "$language"; then
        echo "left out: $compiler does not know $standard"
    elif
        # shellcheck disable=SC2086 # one word a flag
        "$compiler" -std="$standard" -fsyntax-only -pedantic-errors -Wall -Wextra -Werror "$@" -I"$root/include" \
            -isystem "$apr" $needed "$scratch/$file"
    then
        good=$((good + 1))
    else
        echo "FAILED: $compiler $standard" >&2
        fails=1
    fi
}

for cc in "$@"; do
    for standard in c99 c11 c17 c2x; do # c2x is C23, also to newer compilers
        compiles "$cc" $standard c use.c -Wconversion -Wshadow -Wstrict-prototypes -Wundef
    done
    case ${cc##*/} in # the C++ compiler beside it
    *gcc*) name=$(printf '%s' "${cc##*/}" | sed 's/gcc/g++/') ;;
    *) name=${cc##*/}++ ;;
    esac
    case $cc in */*) cxx=${cc%/*}/$name ;; *) cxx=$name ;; esac
    for standard in c++11 c++14 c++17 c++20; do
        compiles "$cxx" $standard c++ use.cc -Wconversion -Wshadow -Wundef
    done
done
[ $good -gt 0 ] || { echo 'no compiler was tried' >&2; exit 1; }
echo "good: $good compilers and standards"
exit $fails
