# What the toolchain files platform-*.cmake have in common: a POSIX system that is not this machine's, with APR and CMocka from
# cmake/platform-deps.sh. The file that includes this sets spork_platform, CMAKE_SYSTEM_NAME and CMAKE_SYSTEM_PROCESSOR before, and its
# compiler after.
#
#   sh cmake/platform-deps.sh linux-arm64 build/platforms/linux-arm64-deps
#   cmake -S . -B build/platforms/linux-arm64 -DCMAKE_TOOLCHAIN_FILE=cmake/platform-linux-arm64.cmake
#
# SPORK_PLATFORM_DEPS: where platform-deps.sh put its libraries.
# SPDX-License-Identifier: Apache-2.0

set(SPORK_PLATFORM_DEPS "${CMAKE_CURRENT_LIST_DIR}/../build/platforms/${spork_platform}-deps" CACHE PATH
    "Prefix of APR and CMocka for ${spork_platform}")
# try_compile() reads the toolchain file again, in a scratch folder: it must see the same value.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SPORK_PLATFORM_DEPS)
get_filename_component(spork_platform_deps "${SPORK_PLATFORM_DEPS}" ABSOLUTE)

# This machine's libraries are none of the other's.
set(CMAKE_FIND_ROOT_PATH "${spork_platform_deps}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} "${spork_platform_deps}/lib/pkgconfig")
set(ENV{PKG_CONFIG_PATH} "")

# Linux of another architecture: Debian's cross compiler, and its C library where that compiler has it. A program
# finds both where they are, without a root folder of its own (and by a path that holds for what its libraries need, too).
macro(spork_debian_cross triple loader)
    set(CMAKE_C_COMPILER ${triple}-gcc)
    set(CMAKE_AR ${triple}-ar CACHE FILEPATH "")
    set(CMAKE_RANLIB ${triple}-ranlib CACHE FILEPATH "")
    list(APPEND CMAKE_FIND_ROOT_PATH /usr/${triple})
    string(CONCAT spork_found_at_run "-Wl,--dynamic-linker=/usr/${triple}/lib/${loader}"
        " -Wl,--disable-new-dtags -Wl,-rpath,/usr/${triple}/lib:${spork_platform_deps}/lib -Wl,-rpath-link,${spork_platform_deps}/lib")
    set(CMAKE_EXE_LINKER_FLAGS_INIT "${spork_found_at_run}")
endmacro()

# Another system: zig, by the name that platform-deps.sh gave it.
macro(spork_zig_cross)
    set(CMAKE_C_COMPILER "${spork_platform_deps}/bin/cc")
    set(CMAKE_AR "${spork_platform_deps}/bin/ar" CACHE FILEPATH "")
    set(CMAKE_RANLIB "${spork_platform_deps}/bin/ranlib" CACHE FILEPATH "")
endmacro()
