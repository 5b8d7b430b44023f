#!/bin/sh
# A user's program by each route to an installed spork, built and run under each start method.
# Usage: check.sh BUILD-FOLDER SCRATCH-FOLDER install ROUTE...
#
#   install              BUILD-FOLDER into a prefix, which is then moved; has a space in its path. First, for all but fetchcontent, meson, zip
#   pkg_config           make and pkg-config, the form that a linker prefers
#   pkg_config_static    the static library, by pkg-config --static
#   find_package_static  CMake, COMPONENTS static; and find_package_shared likewise
#   fetchcontent         CMake, spork as a part of the program's own build
#   meson                Meson, spork as its subproject
#   adopter              examples/adopters/jpegopt by CMake, with both forms; cross_adopter for Windows. Two programs of the
#                        build are used: tests/jpegs and tests/jpegopt_fragile
#   cross                CMake for Windows, run under Wine; BUILD-FOLDER is that of preset mingw
#   zip                  the ZIP for Windows that CPack makes of BUILD-FOLDER: its content, and as cross
#
# SPDX-License-Identifier: Apache-2.0
set -eu

[ $# -ge 3 ] || { echo "usage: $0 BUILD-FOLDER SCRATCH-FOLDER install ROUTE..." >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$(cd "$1" && pwd)
mkdir -p "$2"
scratch=$(cd "$2" && pwd)
prefix="$scratch/moved prefix"
cc=${CC:-cc}
shift 2
expected='333332833333500000
2666664666667000000
8999995500000500000
2886581259624448384'

die() { echo "$*" >&2; exit 1; }

# fresh NAME: an empty folder of the route's own, with a space in its name
fresh() {
    work="$scratch/$1 work"
    rm -rf "$work"
    mkdir -p "$work"
}

# good PROGRAM [START...]: it says what it must
good() {
    program=$1
    shift
    [ $# -gt 0 ] || set -- fork spawn inline
    for start in "$@"; do
        got=$(SPORK_START=$start ${emulator:-timeout 200} "$program" | tr -d '\r')
        [ "$got" = "$expected" ] || die "$program under $start said:
$got"
        echo "good: $route under $start"
    done
}

# linked PROGRAM static|shared: that it is what it was asked to be
linked() {
    if ldd "$1" | grep -q libspork; then is=shared; else is=static; fi
    [ $is = "$2" ] || die "$1 is linked to the $is library"
}

# source_copy FOLDER: of what a user downloads
source_copy() {
    mkdir -p "$1"
    for part in CMakeLists.txt meson.build cmake include src LICENSE README.md; do
        cp -R "$root/$part" "$1/"
    done
}

libdir() { dirname "$(dirname "$(find "$1" -name spork.pc)")"; }

# What apr-1 and others say comes after.
search_pkg_config() {
    PKG_CONFIG_PATH="$(libdir "$1")/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}"
    export PKG_CONFIG_PATH
}

install_spork() {
    rm -rf "$prefix" "$scratch/first prefix"
    cmake --install "$build" --prefix "$scratch/first prefix"
    mv "$scratch/first prefix" "$prefix"
    if grep -rl "$scratch\|$root" "$(libdir "$prefix")/pkgconfig" "$(libdir "$prefix")/cmake"; then
        die 'these files know the folder in which they were built'
    fi
}

pkg_config() {
    fresh pkg_config
    search_pkg_config "$prefix"
    cp "$here/main.c" "$here/Makefile" "$work/"
    make -C "$work" CC="$cc"
    if [ -e "$(libdir "$prefix")/libspork.so" ]; then
        linked "$work/consumer" shared
        ! pkg-config --libs spork | grep -e '-lapr' || die "APR's library leaks to programs that link libspork.so"
    fi
    LD_LIBRARY_PATH=$(libdir "$prefix") good "$work/consumer"
}

pkg_config_static() {
    fresh pkg_config_static
    cp -R "$prefix" "$work/prefix"
    rm -f "$(libdir "$work/prefix")"/libspork.so*
    search_pkg_config "$work/prefix"
    cp "$here/main.c" "$here/Makefile" "$work/"
    make -C "$work" CC="$cc" STATIC=--static
    linked "$work/consumer" static
    good "$work/consumer"
}

# by_find_package FORM
by_find_package() {
    fresh "find_package_$1"
    cmake -S "$here" -B "$work" -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" -DFORM="$1"
    cmake --build "$work"
    linked "$work/consumer" "$1"
    good "$work/consumer"
}

fetchcontent() {
    fresh fetchcontent
    source_copy "$work/spork"
    cmake -S "$here/fetchcontent" -B "$work/build" -DCMAKE_C_COMPILER="$cc" -DFETCHCONTENT_SOURCE_DIR_SPORK="$work/spork"
    cmake --build "$work/build" --parallel 2
    good "$work/build/consumer"
    cmake --install "$work/build" --prefix "$work/prefix"
    [ -z "$(find "$work/prefix" -name '*spork*')" ] || die "a subproject's files were installed with the program"
}

meson_subproject() {
    fresh meson
    cp "$here/main.c" "$work/"
    cp "$here/meson/meson.build" "$work/"
    source_copy "$work/subprojects/spork"
    for form in static shared; do
        CC=$cc meson setup --wrap-mode=forcefallback --default-library=$form "$work/$form" "$work"
        meson compile -j 2 -C "$work/$form"
        linked "$work/$form/consumer" $form
        good "$work/$form/consumer"
    done
}

# adopter_works PROGRAM START...: all that the program's own test asks of it
adopter_works() {
    program=$1
    shift
    for start in "$@"; do
        cmake -DPROGRAM="$program" -DSTART="$start" -DSCRATCH="$build/tests" -DWORK="$work/files" \
            -P "$root/tests/examples/jpegopt.cmake"
        echo "good: $route under $start"
    done
}

# the folder as a project of its own, with what it has in common with the other examples
adopter_source() {
    mkdir -p "$work/adopters"
    cp "$root"/examples/*.[ch] "$work/"
    cp -R "$root/examples/adopters/jpegopt" "$work/adopters/"
}

adopter() {
    fresh adopter
    adopter_source
    for form in static shared; do
        cmake -S "$work/adopters/jpegopt" -B "$work/$form" -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" \
            -DBUILD_SHARED_LIBS="$([ $form = shared ] && echo ON || echo OFF)"
        cmake --build "$work/$form" --parallel 2
        linked "$work/$form/jpegopt" $form
    done
    adopter_works "$work/static/jpegopt" fork spawn inline
    adopter_works "$work/shared/jpegopt" spawn
}

# for_windows SOURCE PREFIX: a project by find_package
for_windows() {
    deps=$(sed -n 's/^SPORK_MINGW_DEPS:PATH=//p' "$build/CMakeCache.txt")
    wineprefix=$(sed -n 's/^SPORK_WINEPREFIX:PATH=//p' "$build/CMakeCache.txt")
    cmake -S "$1" -B "$work/build" -DCMAKE_TOOLCHAIN_FILE="$root/cmake/mingw-w64-x86_64.cmake" \
        -DSPORK_MINGW_DEPS="$deps" -Dspork_DIR="$2/lib/cmake/spork" -DFORM=static
    cmake --build "$work/build" --parallel 2
}

# windows PREFIX: run under Wine
windows() {
    for_windows "$here" "$1"
    printf '#!/bin/sh\nexec sh "%s" "%s" "$@"\n' "$root/cmake/run-under-wine.sh" "$wineprefix" >"$work/wine.sh"
    (cd "$work" && emulator='sh wine.sh' && good build/consumer.exe spawn inline)
}

# That it builds, and starts: under Wine its test takes minutes, and runs for the same program in the build itself.
cross_adopter() {
    fresh cross_adopter
    adopter_source
    for_windows "$work/adopters/jpegopt" "$prefix"
    mkdir "$work/files"
    (cd "$work/files" && sh "$root/cmake/run-under-wine.sh" "$wineprefix" "$build/tests/jpegs.exe" make .)
    (cd "$work/files" && sh "$root/cmake/run-under-wine.sh" "$wineprefix" ../build/jpegopt.exe -t good) | tr -d '\r' >"$work/rows"
    cat "$work/rows"
    grep -q '^[67] of 7 files optimized, 0 failed: ' "$work/rows" || die 'jpegopt.exe does not work'
}

zip_for_windows() {
    fresh zip
    (cd "$build" && cpack -G ZIP -B "$work/package")
    set -- "$work"/package/spork-*.zip
    [ -f "$1" ] || die 'CPack made no ZIP'
    mkdir "$work/unpacked"
    (cd "$work/unpacked" && cmake -E tar xf "$1")
    (cd "$work/unpacked"/* && find . -type f | sed 's,^\./,,' | LC_ALL=C sort) >"$work/content"
    diff -u "$here/zip.txt" "$work/content" || die "the ZIP's content is not zip.txt's"
    set -- "$work"/unpacked/*
    windows "$1"
}

for route in "$@"; do
    case $route in
    install) install_spork ;;
    pkg_config) pkg_config ;;
    pkg_config_static) pkg_config_static ;;
    find_package_static) by_find_package static ;;
    find_package_shared) by_find_package shared ;;
    fetchcontent) fetchcontent ;;
    meson) meson_subproject ;;
    adopter) adopter ;;
    cross_adopter) cross_adopter ;;
    cross) fresh cross && windows "$prefix" ;;
    zip) zip_for_windows ;;
    *) die "$0: no route $route" ;;
    esac
done
