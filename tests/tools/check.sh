#!/bin/sh
# That tools/check finds what it is for, and keeps it out of commits: sh check.sh SCRATCH-FOLDER
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016 # what is written here are the texts of scripts
set -eu

[ $# -eq 1 ] || { echo "usage: $0 SCRATCH-FOLDER" >&2; exit 2; }
root=$(cd "$(dirname "$0")/../.." && pwd)
rm -rf "$1"
mkdir -p "$1"
copy="$(cd "$1" && pwd)/a copy"
unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE CI # this may run in a hook

die() { echo "$*" >&2; exit 1; }

# What is in the working folder now, as a project of its own.
mkdir "$copy"
(cd "$root" && git ls-files --cached --others --exclude-standard -z | xargs -0 cp -P --parents -t "$copy" 2>/dev/null) || true
cd "$copy"
[ -x tools/check ] || die 'the copy is not whole'
git init -q
git config user.name spork
git config user.email spork@localhost
git add -A
git commit -q -m all

# says WORDS COMMAND...: fails, and says so
says() {
    words=$1
    shift
    if "$@" >said 2>&1; then
        cat said
        die "expected to fail: $*"
    fi
    grep -q "$words" said || { cat said; die "expected to say '$words': $*"; }
    rm said
}

tools/check --install
tools/check format walls shellcheck
git commit -q --allow-empty -m 'nothing'

# a format slip; a wall; a script: in the folder, and in commits
printf 'int  slip;\n' >>src/arena.c
says 'format: FAILED' tools/check format
says 'format: FAILED' git commit -q -a -m slip
git checkout -q src/arena.c

printf '#include <unistd.h>\n' >src/new.c
says 'walls: FAILED' tools/check walls
git add src/new.c
says 'walls: FAILED' git commit -q -m wall
git rm -q -f src/new.c

printf '#!/bin/sh\necho $1\n' >tools/new
says 'shellcheck: FAILED' tools/check shellcheck
git add tools/new
says 'shellcheck: FAILED' git commit -q -m script

# what counts is what is committed: not what the folder has besides
printf '#!/bin/sh\necho "$1"\n' >tools/new
git add tools/new
printf 'echo $1\n' >>tools/new
git commit -q -m 'a good script'
says 'shellcheck: FAILED' tools/check shellcheck

# a hook of somebody else's stays
printf '#!/bin/sh\n' >.git/hooks/pre-commit
says 'another hook' tools/check --install
says 'tools/check --all' tools/check --no-such
echo 'tools/check keeps it out'
