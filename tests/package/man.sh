#!/bin/sh
# That every function has a man page, which says how it is called, and that man(1) finds nothing wrong in any.
# Usage: man.sh MAN-FOLDER
# SPDX-License-Identifier: Apache-2.0
set -eu

[ $# -eq 1 ] || { echo "usage: $0 MAN-FOLDER" >&2; exit 2; }
symbols=$(dirname "$0")/symbols.txt
fails=0
fail() {
    echo "man: $*" >&2
    fails=1
}

while read -r name; do
    page=$1/man3/$name.3
    if [ ! -s "$page" ]; then
        fail "$name has no page"
        continue
    fi
    for section in NAME SYNOPSIS DESCRIPTION 'SEE ALSO'; do
        grep -qx "\.SH $section" "$page" || fail "$name(3) has no $section"
    done
    grep -q "[ *]$name(" "$page" || fail "$name(3) does not say how it is declared"
done <"$symbols"

if ! command -v man >/dev/null 2>&1; then
    echo "man: pages are not rendered, there is no man"
    exit $fails
fi
# words PAGE...: what man(1) complains of
words() { { LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -Tutf8 -l "$@" >/dev/null; } 2>&1; }
if [ -n "$(words "$1"/man3/*.3)" ]; then
    for page in "$1"/man3/*.3; do
        of_it=$(words "$page")
        [ -z "$of_it" ] || fail "$page: $of_it"
    done
    fails=1
fi
pages=$(find "$1/man3" -name '*.3' | wc -l)
[ $fails -ne 0 ] || echo "man: $pages pages"
exit $fails
