#!/bin/sh
# The walls of the house, held by grep: what is portable includes the C library, APR and this project's
# own headers, and asks for no operating system. Files with posix or win32 in their names are the other side.
# bench/ is free: it stands beside its peers, which are the system's own.
# Usage: check-walls.sh [ROOT]; prints every breach, exit status 1 if there is one.
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "${1:-$(dirname "$0")/..}"

portable=$(find include src tests examples docs -name '*.[ch]' \
    ! -path 'src/posix/*' ! -path 'src/win32/*' ! -name '*posix*' ! -name '*win32*' | sort)
posix=$(find src/posix -name '*.[ch]' | sort)
win32=$(find src/win32 -name '*.[ch]' | sort)
if [ -z "$portable" ] || [ -z "$posix" ] || [ -z "$win32" ]; then
    echo "sources are missing in $PWD" >&2
    exit 1
fi

breaches=0
# forbid WHY PATTERN FILES: no line may match; EXCEPT is what may
forbid() {
    why=$1 pattern=$2
    shift 2
    found=$(grep -nHE "$pattern" "$@" | grep -vE "$EXCEPT" || true)
    if [ -n "$found" ]; then
        printf '%s:\n%s\n' "$why" "$found"
        breaches=$((breaches + $(printf '%s\n' "$found" | wc -l)))
    fi
}

iso_c='assert|complex|ctype|errno|fenv|float|inttypes|iso646|limits|locale|math|setjmp|signal|stdalign|stdarg'
iso_c="$iso_c|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|tgmath|time|uchar|wchar|wctype"
system_macros='_?_?(WIN32|WIN64|linux|gnu_linux|APPLE|MACH|unix|FreeBSD|NetBSD|OpenBSD|DragonFly|CYGWIN|MINGW32'
system_macros="$system_macros|MINGW64|ANDROID|sun|BSD|HAIKU|EMSCRIPTEN)_?_?|_POSIX_VERSION|_XOPEN_VERSION|_MSC_VER"

set -f # file names come from find and hold no spaces; nothing else is split
# shellcheck disable=SC2086
{
    EXCEPT="<(apr|apr_[a-z0-9_]+|spork|cmocka|csv|msgpack|jpeglib|jerror|png|$iso_c)\.h>|^src/compiler\.h:[0-9]+:#include <intrin\.h>"
    forbid 'a header that portable code may not include' '^[[:space:]]*#[[:space:]]*include[[:space:]]*<' $portable
    EXCEPT='^src/compiler\.h:'
    forbid 'an #if that asks for a system' \
        "^[[:space:]]*#[[:space:]]*(el)?if.*(^|[^A-Za-z0-9_])($system_macros)([^A-Za-z0-9_]|$)" $portable
    EXCEPT='^$'
    forbid 'a system asked for by macro' '^[[:space:]]*#[[:space:]]*define[[:space:]]+_[A-Z0-9_]*SOURCE' $portable
    EXCEPT='"((\.\./)?(os|compiler|mem|numbers|quote)|posix|posix_[a-z0-9_]+)\.h"'
    forbid 'a backend that includes what is above os.h' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' $posix
    EXCEPT='"((\.\./)?(os|compiler|mem|numbers|quote)|win32_[a-z0-9_]+)\.h"'
    forbid 'a backend that includes what is above os.h' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' $win32
    EXCEPT='^$'
    forbid 'a backend that includes the public header' '^[[:space:]]*#[[:space:]]*include[[:space:]]*<spork\.h>' $posix $win32
}

# Tests and examples may: they are no guests.
apr_unchecked='apr_(pcalloc|pmemdup|pstrdup|pstrndup|pstrmemdup|pstrcat|psprintf|pvsprintf|hash_[a-z]+|array_[a-z]+'
apr_unchecked="$apr_unchecked|table_[a-z]+|pool_create)[[:space:]]*\("
EXCEPT='^src/mem\.h:|:[0-9]+:[[:space:]]*\*'
# shellcheck disable=SC2046
forbid 'a function of APR that does not survive a lack of memory: see src/mem.h' "$apr_unchecked" \
    $(find src -name '*.[ch]' | sort)

if [ "$breaches" -gt 0 ]; then
    echo "$breaches breaches of the walls"
    exit 1
fi
echo 'the walls stand'
