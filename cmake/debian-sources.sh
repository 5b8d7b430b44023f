# Debian's packages, sources and those of other architectures, without touching the system: for cmake/*-deps.sh, which source this.
# They come through a private apt configuration below $work: a twin of each of the system's own entries, so no privilege is
# needed, and no name of a server stands here.
# The script that sources it sets: script (its own name), work (a scratch folder), log.
# shellcheck shell=sh disable=SC2154
# SPDX-License-Identifier: Apache-2.0

say() { printf '%s: %s\n' "$script" "$*"; }
die() { say "$*" >&2; exit 1; }

# Run a step with its output in the log; show the log's end when it fails.
step() {
    if ! "$@" >>"$log" 2>&1; then
        tail -n 30 "$log" | cut -c 1-300 >&2
        die "failed: $* (all of it: $log)"
    fi
}

# derive_entries deb|deb-src: the system's apt entries as entries of this kind, in a folder of our own
derive_entries() {
    for file in /etc/apt/sources.list.d/*.sources; do
        [ -f "$file" ] || continue
        sed "s/^[Tt]ypes:.*/Types: $1/; /^[Aa]rchitectures:/d" "$file" >"$work/parts/$(basename "$file")"
    done
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [ -f "$file" ] || continue
        sed -n "s/^[[:space:]]*deb[[:space:]]/$1 /p" "$file" >"$work/parts/of-$(basename "$file")"
    done
}

# What every apt command below gets. The paths may not hold commas or quotes; nor does $work, unless PREFIX does.
# set_apt_options [ARCHITECTURE]
set_apt_options() {
    apt_options="-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$work/parts -o Dir::State::lists=$work/lists"
    apt_options="$apt_options -o Dir::Cache=$work/cache -o APT::Sandbox::User=root"
    if [ $# -gt 0 ]; then
        apt_options="$apt_options -o APT::Architecture=$1 -o APT::Architectures::=$1 -o Dir::State::status=/dev/null"
    fi
}

apt_private() {
    tool=$1
    shift
    # shellcheck disable=SC2086 # one word an option
    "$tool" -q $apt_options "$@"
}

# prepare_apt deb|deb-src [ARCHITECTURE]
prepare_apt() {
    kind=$1
    shift
    mkdir -p "$work/parts" "$work/lists/partial" "$work/cache/archives/partial"
    derive_entries "$kind"
    set_apt_options "$@"
    # An entry of a third party may have nothing of this kind: that alone is no failure, a missing package is one later.
    apt_private apt-get update >>"$log" 2>&1 || true
}

# fetch_source PACKAGE: into $work. A mirror's list may name a version that is not there any more: then the one before it.
fetch_source() {
    (cd "$work" && apt_private apt-get source --only-source "$1" >>"$log" 2>&1) && return
    for version_of in $(apt_private apt-cache showsrc "$1" 2>>"$log" | sed -n 's/^Version: //p'); do
        (cd "$work" && apt_private apt-get source --only-source "$1=$version_of" >>"$log" 2>&1) && return
    done
    return 1
}

# The unpacked folder of a source package, whatever its version.
source_of() {
    for dir in "$work/$1"-[0-9]*; do
        [ -d "$dir" ] && { printf '%s\n' "$dir"; return; }
    done
    die "the source package $1 did not unpack"
}
