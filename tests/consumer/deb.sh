#!/bin/sh
# The Debian packages: built, looked at by lintian, unpacked below a folder with a space in its name, and a user's program
# built with them and run, shared and static. Usage: deb.sh SCRATCH-FOLDER
#
# By default the packages are built without the tests, which have been run elsewhere: DEB_BUILD_OPTIONS= for all. Nothing
# is installed: --clean-root FOLDER, as root, makes a fresh Debian there (debootstrap), and installs them in it.
#
# SPDX-License-Identifier: Apache-2.0
set -eu

clean_root=
if [ "${1:-}" = --clean-root ]; then
    clean_root=$2
    shift 2
fi
[ $# -eq 1 ] || { echo "usage: $0 [--clean-root FOLDER] SCRATCH-FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
mkdir -p "$1"
scratch=$(cd "$1" && pwd)
debs=$scratch/debs
installed="$scratch/installed debs"
expected='333332833333500000
2666664666667000000
8999995500000500000
2886581259624448384'

die() { echo "deb: $*" >&2; exit 1; }
for tool in dpkg-buildpackage dh lintian; do
    command -v $tool >/dev/null 2>&1 || die "$tool is missing: ./bootstrap deps --ci"
done

# what a version control system would give, but as it stands here now
copy_tree() {
    rm -rf "$debs"
    mkdir -p "$debs/spork-copy"
    (cd "$root" && tar cf - --exclude=./build --exclude=./.git --exclude=./.cache .) | tar xf - -C "$debs/spork-copy"
}

build() {
    version=$(dpkg-parsechangelog -l "$root/debian/changelog" -S Version)
    grep -q "^#define SPORK_VERSION_STRING \"${version%-*}\"" "$root/include/spork.h" ||
        die "debian/changelog is of another version than include/spork.h: $version"
    (cd "$debs/spork-copy" && DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS-nocheck}" dpkg-buildpackage -us -uc -b)
    lintian --fail-on error,warning "$debs"/spork_*.changes
}

good() {
    for start in fork spawn; do
        got=$(SPORK_START=$start timeout 200 "$@") || die "$* failed under $start"
        [ "$got" = "$expected" ] || die "$* under $start said:
$got"
        echo "good: deb, $* under $start"
    done
}

# The packages' files are for /usr: pkg-config and CMake find out that they lie elsewhere.
use() {
    rm -rf "$installed"
    for deb in "$debs"/libspork0_*.deb "$debs"/libspork-dev_*.deb; do
        dpkg-deb -x "$deb" "$installed"
    done
    libdir=$(dirname "$(find "$installed" -name libspork.a)")
    PKG_CONFIG_PATH="$libdir/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
    LD_LIBRARY_PATH=$libdir
    export PKG_CONFIG_PATH LD_LIBRARY_PATH
    cp "$here/main.c" "$here/Makefile" "$scratch/"
    make -B -C "$scratch" consumer
    ldd "$scratch/consumer" | grep -q 'libspork[.]so[.]0 => .*installed debs' || die 'it is not the packages that are used'
    good "$scratch/consumer"
    for form in static shared; do
        cmake -S "$here" -B "$scratch/$form build" -DCMAKE_PREFIX_PATH="$installed/usr" -DFORM=$form
        cmake --build "$scratch/$form build"
        good "$scratch/$form build/consumer"
    done
    man -l "$installed/usr/share/man/man3/spork_map.3.gz" >/dev/null
}

# the README's program in a fresh Debian, as a stranger would
use_in_clean_root() {
    codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
    debootstrap --variant=minbase --include=gcc,libc6-dev,pkg-config,libapr1-dev "$codename" "$clean_root"
    cp "$debs"/libspork0_*.deb "$debs"/libspork-dev_*.deb "$here/main.c" "$clean_root/root/"
    # shellcheck disable=SC2016 # for the shell in there
    chroot "$clean_root" sh -euc 'cd /root; dpkg -i libspork*.deb; cc -o program main.c $(pkg-config --cflags --libs spork)'
    mount -t proc proc "$clean_root/proc" # a program finds itself by it
    trap 'umount "$clean_root/proc"' EXIT
    good chroot "$clean_root" /root/program
}

copy_tree
build
use
[ -z "$clean_root" ] || use_in_clean_root
