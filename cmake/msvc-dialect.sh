#!/bin/sh
# Is the source what MSVC takes? As far as clang can tell without Microsoft's headers: it compiles as MSVC 19.38 (_MSC_VER is
# defined, __GNUC__ is not, Microsoft's extensions are on), with mingw-w64's Windows headers and APR's, ISO C11, and what
# /W4 asks for. What it cannot tell: what MSVC's own compiler makes of it. Usage: msvc-dialect.sh x86_64 | aarch64 [JOBS]
# CLANG: which clang, else `clang`. Needs build/mingw-deps (cmake/mingw-deps.sh); for aarch64 the headers that zig has.
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/.."

case ${1:-} in
x86_64) windows=/usr/share/mingw-w64/include ;;
aarch64)
    zig=$(readlink -f build/platforms/zig/ziglang/zig || command -v zig)
    windows=$(dirname "$zig")/lib/libc/include/any-windows-any ;;
*) echo "usage: $0 x86_64 | aarch64 [JOBS]" >&2; exit 2 ;;
esac

# _PID_T_: a type that MSVC's headers have not, and APR's define.
set -- "--target=$1-pc-windows-msvc" "$windows" "${2:-2}"
files=$(find src examples tests -name '*.c' ! -path 'src/posix/*' ! -path 'tests/unit/model/*' ! -path 'tests/consumer/*' \
    ! -name '*posix*' ! -name fuzz_\* ! -name word_index\* ! -name thumbnail\* ! -name pictures.c | sort)
printf '%s\n' "$files" | xargs -P "$3" -n 8 "${CLANG:-clang}" "$1" -fsyntax-only -std=c11 -fms-extensions -fms-compatibility \
    -fms-compatibility-version=19.38 -pedantic-errors -Wall -Wextra -Wshadow -Wconversion -Werror '-Wno-#warnings' \
    -Iinclude -Isrc -Iexamples -Itests/support -Itests/unit -Itests/contract -Itests/faults \
    -DAPR_DECLARE_STATIC -D_WIN32_WINNT=0x0A00 -D_CRT_SECURE_NO_WARNINGS -D_PID_T_ \
    -isystem cmake/msvc-dialect -isystem build/mingw-deps/include -isystem "$2"
echo "$(printf '%s\n' "$files" | wc -l) files"
