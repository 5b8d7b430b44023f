#!/bin/sh
# Run a Windows program under Wine: run-under-wine.sh WINEPREFIX PROGRAM [ARGUMENT...]
# CMake's CMAKE_CROSSCOMPILING_EMULATOR. The prefix is made on first use (0.7 GB: Wine copies its DLLs), and
# the last program to end also ends the prefix's server and services, so that no process is left behind.
#
# Two lock files beside the prefix: who is in it holds "users" shared; "gate" is held while somebody enters
# or leaves, so that one who finds no other user may start or end the server undisturbed. The server and
# the services are started apart from the program: they would inherit its output, and whoever reads that would
# wait for their end as well. For the same reason Wine gets neither of the locks' descriptors.
#
# SPDX-License-Identifier: Apache-2.0
set -eu

[ $# -ge 2 ] || { echo "usage: $0 WINEPREFIX PROGRAM [ARGUMENT...]" >&2; exit 2; }
WINEPREFIX=$1
shift
mkdir -p "$(dirname "$WINEPREFIX")"
WINEPREFIX=$(cd "$(dirname "$WINEPREFIX")" && pwd)/$(basename "$WINEPREFIX")
WINEDEBUG=${WINEDEBUG:--all}
# No offers to download Mono and Gecko, no menu entries in the user's home, no debugger for each crash.
WINEDLLOVERRIDES='mscoree=;mshtml=;winemenubuilder.exe=;winedbg.exe='
export WINEPREFIX WINEDEBUG WINEDLLOVERRIDES

exec 8>"$WINEPREFIX.gate" 9>"$WINEPREFIX.users"
apart() { "$@" </dev/null >/dev/null 2>&1 8>&- 9>&-; }

flock -x 8
if flock -n -x 9; then
    [ -d "$WINEPREFIX" ] || echo "making the Wine prefix $WINEPREFIX" >&2
    apart wine wineboot
fi
flock -s 9
flock -u 8

code=0
wine "$@" 8>&- 9>&- || code=$?

flock -x 8
flock -u 9
if flock -n -x 9; then
    apart wineserver -k || true
fi
exit $code
