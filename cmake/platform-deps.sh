#!/bin/sh
# APR and CMocka for a platform that is not this machine's: platform-deps.sh PLATFORM PREFIX, for cmake/platform-*.cmake.
#
#   linux-arm64 linux-armhf linux-i386 linux-s390x   Debian's own packages for that architecture, unpacked, not installed
#   linux-musl                                       static, from Debian's source packages, by musl-gcc
#   macos-x86_64 macos-arm64 freebsd-x86_64 netbsd-x86_64   the same by zig, which has the headers and the link libraries
#                                                    of these systems; PREFIX/bin/cc is it, for that platform
#
#   windows-arm64                                    zig likewise, with the headers of PREFIX/../../mingw-deps: to compile only
#
# cmake/mingw-deps.sh is the same for Windows of other processors; cmake/debian-sources.sh says how packages come. A second run with the same
# script does nothing.
# SPDX-License-Identifier: Apache-2.0
set -eu

script="platform-deps"
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=cmake/debian-sources.sh
. "$here/debian-sources.sh"

[ $# -eq 2 ] || die "usage: $0 PLATFORM PREFIX"
platform=$1
mkdir -p "$2"
prefix=$(cd "$2" && pwd)
stamp=$prefix/.stamp
work=$prefix/.work
log=$prefix/build.log
version="$platform $(cat "$0" "$here/debian-sources.sh" | cksum)"

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$version" ]; then
    exit 0
fi

# need TOOL PACKAGE
need() { command -v "$1" >/dev/null 2>&1 || die "$1 is missing (apt package: $2); ./bootstrap deps --platforms"; }

# ---- Debian's packages of another architecture ------------------------------------------------------------

unpack_packages() {
    architecture=$1
    prepare_apt deb "$architecture"
    # What APR's library itself is linked to, too.
    (cd "$work" && step apt_private apt-get download libapr1 libapr1-dev libcmocka0 libcmocka-dev libuuid1 libcrypt1)
    for package in "$work"/*.deb; do step dpkg-deb -x "$package" "$work/root"; done
    mkdir -p "$prefix/include" "$prefix/lib"
    cp "$work"/root/usr/include/apr-1.0/apr*.h "$work"/root/usr/include/cmocka*.h "$prefix/include/"
    # Development links are relative, and some point to where a system keeps what it starts with.
    for folder in "$work"/root/usr/lib/*-linux-gnu* "$work"/root/lib/*-linux-gnu*; do
        for file in "$folder"/lib*.so*; do
            if [ -e "$file" ]; then cp -L "$file" "$prefix/lib/"; fi
        done
    done
}

# ---- from the sources, static -------------------------------------------------------------------------------

fetch() {
    prepare_apt deb-src
    for package in apr cmocka; do fetch_source "$package" || die "no sources of $package (see $log)"; done
}

# build_apr HOST [NAME=VALUE...]: what configure cannot find out without running a program is named
build_apr() {
    host=$1
    shift
    source=$(source_of apr)
    mkdir -p "$work/build-apr"
    cd "$work/build-apr"
    step "$source/configure" --host="$host" --prefix="$prefix" --disable-shared --enable-static --disable-util-dso \
        --enable-threads "CC=$cc" "CFLAGS=-O2 -w -fPIC" "AR=$ar" "RANLIB=$ranlib" CC_FOR_BUILD=cc ac_cv_file__dev_zero=yes \
        ac_cv_func_setpgrp_void=yes apr_cv_process_shared_works=yes apr_cv_mutex_robust_shared=no \
        apr_cv_tcp_nodelay_with_cork=no "$@"
    step make -j2 libapr-1.la
    cd "$work"
    mkdir -p "$prefix/include" "$prefix/lib"
    cp "$source"/include/apr*.h "$work"/build-apr/include/apr.h "$prefix/include/"
    cp "$work"/build-apr/.libs/libapr-1.a "$prefix/lib/"
}

# One C file: CMake would want to know the platform.
build_cmocka() {
    source=$(source_of cmocka)
    # shellcheck disable=SC2086 # one word a flag
    step $cc -O2 -w -fPIC -D_POSIX_C_SOURCE=200809L -D_DARWIN_C_SOURCE -D_NETBSD_SOURCE -D__BSD_VISIBLE -DHAVE_CLOCK_GETTIME=1 \
        -DHAVE_STRUCT_TIMESPEC=1 -DHAVE_UNISTD_H=1 -DHAVE_INTTYPES_H=1 -DHAVE_STDINT_H=1 -DHAVE_SIGNAL_H=1 -DHAVE_STRINGS_H=1 \
        -DHAVE_STRSIGNAL=1 -DHAVE_SETJMP_H=1 -DHAVE_SNPRINTF=1 -DHAVE_VSNPRINTF=1 -DHAVE_GCC_THREAD_LOCAL_STORAGE=1 \
        -DHAVE_CLOCK_REALTIME=1 -I"$source/include" -c "$source/src/cmocka.c" -o "$work/cmocka.o"
    rm -f "$prefix/lib/libcmocka.a"
    # shellcheck disable=SC2086
    step $ar cr "$prefix/lib/libcmocka.a" "$work/cmocka.o"
    # shellcheck disable=SC2086
    step $ranlib "$prefix/lib/libcmocka.a"
    cp "$source/include/cmocka.h" "$prefix/include/"
}

# musl-gcc finds nothing of this machine's; the kernel's headers are nobody's C library.
kernel_headers() {
    mkdir -p "$prefix/include"
    for folder in linux asm-generic; do ln -sfn "/usr/include/$folder" "$prefix/include/$folder"; done
    ln -sfn "/usr/include/$(cc -print-multiarch)/asm" "$prefix/include/asm"
}

find_zig() {
    for candidate in "${ZIG:-}" "$here/../build/platforms/zig/ziglang/zig" "$(command -v zig || true)"; do
        if [ -n "$candidate" ] && [ -x "$candidate" ]; then
            zig=$candidate
            return 0
        fi
    done
    die "zig is missing; ./bootstrap deps --platforms"
}

# zig_tools TARGET: PREFIX/bin/cc, ar, ranlib
zig_tools() {
    find_zig
    mkdir -p "$prefix/bin"
    printf '#!/bin/sh\nexec "%s" cc -target %s "$@"\n' "$zig" "$1" >"$prefix/bin/cc"
    for tool in ar ranlib; do printf '#!/bin/sh\nexec "%s" %s "$@"\n' "$zig" "$tool" >"$prefix/bin/$tool"; done
    chmod +x "$prefix/bin/cc" "$prefix/bin/ar" "$prefix/bin/ranlib"
    cc=$prefix/bin/cc ar=$prefix/bin/ar ranlib=$prefix/bin/ranlib
}

from_sources() {
    fetch
    case $platform in
    linux-musl)
        need musl-gcc musl-tools
        cc=musl-gcc ar=ar ranlib=ranlib
        kernel_headers
        build_apr x86_64-linux-musl apr_cv_epoll=yes apr_cv_epoll_create1=yes apr_cv_dup3=yes apr_cv_accept4=yes \
            apr_cv_sock_cloexec=yes ac_cv_strerror_r_rc_int=yes ;;
    macos-x86_64)
        zig_tools x86_64-macos
        build_apr x86_64-apple-darwin ac_cv_strerror_r_rc_int=yes ;;
    macos-arm64)
        zig_tools aarch64-macos
        build_apr aarch64-apple-darwin ac_cv_strerror_r_rc_int=yes ;;
    freebsd-x86_64)
        zig_tools x86_64-freebsd
        build_apr x86_64-unknown-freebsd ac_cv_strerror_r_rc_int=yes ;;
    netbsd-x86_64)
        zig_tools x86_64-netbsd
        build_apr x86_64-unknown-netbsd ac_cv_strerror_r_rc_int=yes ;;
    *) die "no such platform: $platform" ;;
    esac
    build_cmocka
}

# APR's headers are the same for every processor. The libraries are not: they are here to be found, not to be linked.
borrow_headers() {
    zig_tools aarch64-windows-gnu
    cp -r "$prefix/../../mingw-deps/include" "$prefix/"
    mkdir -p "$prefix/lib"
    cp "$prefix"/../../mingw-deps/lib/libapr-1.a "$prefix"/../../mingw-deps/lib/libcmocka.a "$prefix/lib/"
}

rm -rf "$work" "$stamp" "${prefix:?}/include" "${prefix:?}/lib"
mkdir -p "$work"
: >"$log"
need apt-get apt
say "APR and CMocka for $platform, in $prefix"
case $platform in
linux-arm64) unpack_packages arm64 ;;
linux-armhf) unpack_packages armhf ;;
linux-i386) unpack_packages i386 ;;
linux-s390x) unpack_packages s390x ;;
windows-arm64) borrow_headers ;;
*)
    need dpkg-source dpkg-dev
    need make make
    from_sources ;;
esac
rm -rf "$work"
printf '%s\n' "$version" >"$stamp"
say 'done'
