# What .ci/run and .ci/nightly have in common: sourced by both, with the current folder at the project's root. The closing line
# sums it all up: each CTest test counts one, each other check counts one. A failing stage does not stop the next
# ones. What a stage says is in build/ci/STAGE.log.
# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
exec </dev/null
export CI=true
logs=build/ci
mkdir -p $logs
passed=0
failed=0
failures= # a line each

headline() { printf '\n== %s\n' "$*"; }

fails() {
    failures="$failures$1
"
}

# count NAME STATUS: a check by itself
count() {
    if [ "$2" -eq 0 ]; then
        passed=$((passed + 1))
        echo "passed: $1"
    else
        failed=$((failed + 1))
        fails "$1"
        echo "FAILED: $1"
        return 1
    fi
}

# count_ctest NAME STATUS: what CTest says in the log; a stage that never got so far is one failure
count_ctest() {
    summary=$(grep -E 'tests passed, [0-9]+ tests? failed out of [0-9]+' "$logs/$1.log" | tail -n 1)
    bad=$(printf '%s' "$summary" | sed -E 's/.*passed, ([0-9]+) .*/\1/')
    all=$(printf '%s' "$summary" | sed -E 's/.*out of ([0-9]+).*/\1/')
    if [ -z "$summary" ] || { [ "$2" -ne 0 ] && [ "$bad" -eq 0 ]; }; then
        count "$1" 1
        return
    fi
    passed=$((passed + all - bad))
    failed=$((failed + bad))
    echo "$1: $((all - bad)) passed, $bad failed"
    if [ "$bad" -gt 0 ]; then
        fails "$1: $(sed -n '/^The following tests FAILED/,$p' "$logs/$1.log" | grep -oE '[0-9]+ - [^ ]+' | tr '\n' ' ')"
    fi
}

# A test gone wrong may kill its process group: not this one.
apart() { setsid --wait "$@"; }

# quietly NAME COMMAND...: into the log; its last words are shown if it fails
quietly() {
    log=$logs/$1.log
    shift
    "$@" >>"$log" 2>&1 && return 0
    tail -n 80 "$log"
    return 1
}

# aloud NAME COMMAND...: into the log, and shown
aloud() {
    log=$logs/$1.log
    shift
    {
        status=0
        "$@" || status=$?
        echo $status >"$log.status"
    } 2>&1 | tee -a "$log"
    status=$(cat "$log.status")
    rm -f "$log.status"
    return "$status"
}

# check NAME COMMAND...: one check; its words are shown if it fails
check() {
    name=$1 status=0
    shift
    headline "$name"
    : >"$logs/$name.log"
    quietly "$name" "$@" || status=1
    count "$name" "$status"
}

build_preset() { cmake --preset "$1" && cmake --build --preset "$1"; }

# tests NAME PRESET COMMAND...: build the preset, then run CTest by the command, and count its tests
tests() {
    name=$1 preset=$2 status=0
    shift 2
    headline "$name"
    : >"$logs/$name.log"
    quietly "$name" build_preset "$preset" && aloud "$name" apart "$@" || status=1
    count_ctest "$name" "$status"
}

# suite PRESET: configure, build, run the tests that it names
suite() { tests "$1" "$1" ctest --preset "$1"; }

# what preset mingw needs first; a check if it fails
mingw_deps() {
    : >"$logs/mingw-deps.log"
    quietly mingw-deps sh cmake/mingw-deps.sh build/mingw-deps && return 0
    count mingw-deps 1
    return 1
}

# The last words, and the exit status.
sum_up() {
    headline 'all'
    printf '%s' "$failures" | sed 's/^/FAILED: /'
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}
