#!/bin/sh
# Build static APR, CMocka, libcsv, MessagePack, zlib, libpng and libjpeg-turbo for mingw-w64 from Debian's source packages into
# PREFIX/include, PREFIX/lib and PREFIX/lib/pkgconfig. Usage: mingw-deps.sh PREFIX [x86_64 | i686]
#
# Debian has these libraries for Linux only; cmake/debian-sources.sh says how their sources come. A second run with the
# same script does nothing.
#
# SPDX-License-Identifier: Apache-2.0
set -eu

script=mingw-deps
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cmake/debian-sources.sh
. "$here/debian-sources.sh"

processor=${2:-x86_64}
case $#:$processor in
1:x86_64 | 2:x86_64 | 2:i686) ;;
*) die "usage: $0 PREFIX [x86_64 | i686]" ;;
esac
host=$processor-w64-mingw32
mkdir -p "$1"
prefix=$(cd "$1" && pwd)
stamp=$prefix/.stamp
work=$prefix/.work
log=$prefix/build.log
version=$(cat "$0" "$here/debian-sources.sh" | cksum)

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$version" ]; then
    exit 0
fi
for tool in apt-get dpkg-source cmake cc make $host-gcc $host-ar $host-ranlib; do
    command -v "$tool" >/dev/null 2>&1 || die "$tool is missing (apt packages: mingw-w64 dpkg-dev cmake gcc make)"
done

fetch() {
    prepare_apt deb-src
    for package in apr cmocka libcsv msgpack-c; do
        fetch_source "$package" || die "no sources of $package (see $log)"
    done
}

cross_cmake() {
    from=$1 to=$2
    shift 2
    step cmake -S "$from" -B "$to" -DCMAKE_TOOLCHAIN_FILE="$here/mingw-w64-$processor.cmake" \
        -DSPORK_MINGW_DEPS="$prefix" -DCMAKE_BUILD_TYPE=Release -Wno-dev "$@"
}

# APR's CMake is for MSVC: it wants a ShellAPI.h by that spelling, headers that Windows' own pull in, and
# to run its helper gen_test_char.exe, which a native build of the same file stands in for.
build_apr() {
    source=$(source_of apr)
    build=$work/build-apr
    mkdir -p "$build/compat"
    printf '#include <shellapi.h>\n' >"$build/compat/ShellAPI.h"
    step cc -o "$build/gen_test_char_native" "$source/tools/gen_test_char.c"
    step sed -i "s|COMMAND \$<TARGET_FILE:gen_test_char>|COMMAND \"$build/gen_test_char_native\"|" \
        "$source/CMakeLists.txt"
    flags="-w -D_WIN32_WINNT=0x0601 -DHAVE_ATOMIC_BUILTINS=1 -DHAVE_ATOMIC_BUILTINS64=1 -I\"$build/compat\""
    flags="$flags -include winsock2.h -include ws2tcpip.h -include mswsock.h -include netioapi.h"
    cross_cmake "$source" "$build" -DMIN_WINDOWS_VER=Windows7 "-DCMAKE_C_FLAGS=$flags" -DINSTALL_PDB=OFF
    step cmake --build "$build" --target apr-1 --parallel 2
    cp "$source"/include/apr*.h "$build/apr.h" "$prefix/include/"
    cp "$build/libapr-1.a" "$prefix/lib/"
    apr_version=$(basename "$source" | sed 's/^apr-//')
    write_pc apr-1 "$apr_version" '-lapr-1 -lws2_32 -lmswsock -lrpcrt4 -ladvapi32 -lshell32 -liphlpapi' \
        '-DAPR_DECLARE_STATIC'
}

build_cmocka() {
    source=$(source_of cmocka)
    cross_cmake "$source" "$work/build-cmocka" -DWITH_STATIC_LIB=ON -DWITH_EXAMPLES=OFF -DUNIT_TESTING=OFF
    step cmake --build "$work/build-cmocka" --target cmocka-static --parallel 2
    cp "$source/include/cmocka.h" "$prefix/include/"
    cp "$work/build-cmocka/src/libcmocka-static.a" "$prefix/lib/libcmocka.a"
    write_pc cmocka "$(basename "$source" | sed 's/^cmocka-//')" -lcmocka ''
}

build_csv() {
    source=$(source_of libcsv)
    step "$host-gcc" -std=c99 -O2 -w -c "$source/libcsv.c" -o "$work/libcsv.o"
    rm -f "$prefix/lib/libcsv.a"
    step "$host-ar" cr "$prefix/lib/libcsv.a" "$work/libcsv.o"
    step "$host-ranlib" "$prefix/lib/libcsv.a"
    cp "$source/csv.h" "$prefix/include/"
}

# Its CMake asks for a C++ compiler, too, which nothing in it needs.
build_msgpack() {
    source=$(source_of msgpack-c)
    step sed -i 's/^PROJECT (msgpack)/PROJECT (msgpack C)/' "$source/CMakeLists.txt"
    cross_cmake "$source" "$work/build-msgpack" -DBUILD_SHARED_LIBS=OFF -DMSGPACK_BUILD_TESTS=OFF \
        -DMSGPACK_BUILD_EXAMPLES=OFF
    step cmake --build "$work/build-msgpack" --parallel 2
    mkdir -p "$prefix/include/msgpack"
    cp "$source/include/msgpack.h" "$prefix/include/"
    cp "$source"/include/msgpack/*.h "$work"/build-msgpack/include/msgpack/*.h "$prefix/include/msgpack/"
    cp "$work"/build-msgpack/libmsgpack*.a "$prefix/lib/libmsgpack-c.a"
}

# write_pc NAME VERSION LIBS CFLAGS
write_pc() {
    cat >"$prefix/lib/pkgconfig/$1.pc" <<EOF
prefix=\${pcfiledir}/../..
Name: $1
Description: $1 for $host, static
Version: $2
Libs: -L\${prefix}/lib $3
Cflags: -I\${prefix}/include $4
EOF
}

# ---- zlib, libpng, libjpeg-turbo: for examples/thumbnails alone, which is left out if they cannot be had ----

# archive NAME FLAGS SOURCE...: lib/libNAME.a
archive() {
    name=$1 flags=$2
    shift 2
    mkdir -p "$work/objects-$name"
    for file in "$@"; do
        # shellcheck disable=SC2086 # one word a flag
        step "$host-gcc" -O2 -w $flags -c "$file" -o "$work/objects-$name/$(basename "$file" .c).o"
    done
    rm -f "$prefix/lib/lib$name.a"
    step "$host-ar" cr "$prefix/lib/lib$name.a" "$work/objects-$name"/*.o
    step "$host-ranlib" "$prefix/lib/lib$name.a"
}

build_pictures() {
    for package in zlib libpng1.6 libjpeg-turbo; do
        fetch_source "$package" || { say "no sources of $package: examples/thumbnails will be left out"; return; }
    done
    source=$(source_of zlib)
    archive z '' "$source"/*.c
    cp "$source/zlib.h" "$source/zconf.h" "$prefix/include/"
    write_pc zlib "$(basename "$source" | sed 's/^zlib-//')" -lz ''

    source=$(source_of libpng1.6)
    cp "$source/scripts/pnglibconf.h.prebuilt" "$source/pnglibconf.h"
    rm -f "$source/pngtest.c" "$source/example.c"
    archive png "-I$prefix/include -DPNG_INTEL_SSE_OPT=0" "$source"/png*.c
    cp "$source/png.h" "$source/pngconf.h" "$source/pnglibconf.h" "$prefix/include/"
    write_pc libpng "$(basename "$source" | sed 's/^libpng1.6-//')" '-lpng -lz' ''

    source=$(source_of libjpeg-turbo)
    cross_cmake "$source" "$work/build-jpeg" -DENABLE_SHARED=OFF -DWITH_SIMD=OFF -DWITH_TURBOJPEG=OFF \
        -DCMAKE_INSTALL_PREFIX="$work/nowhere"
    step cmake --build "$work/build-jpeg" --target jpeg-static --parallel 2
    cp "$source/jpeglib.h" "$source/jmorecfg.h" "$source/jerror.h" "$work/build-jpeg/jconfig.h" "$prefix/include/"
    cp "$work/build-jpeg/libjpeg.a" "$prefix/lib/"
    write_pc libjpeg "$(basename "$source" | sed 's/^libjpeg-turbo-//')" -ljpeg ''
}

rm -rf "$work" "$stamp"
mkdir -p "$work" "$prefix/include" "$prefix/lib/pkgconfig"
: >"$log"
say "building APR, CMocka, libcsv, MessagePack and what reads pictures for $host in $prefix (a minute or two)"
fetch
build_apr
build_cmocka
build_csv
build_msgpack
build_pictures
rm -rf "$work"
printf '%s\n' "$version" >"$stamp"
say 'done'
