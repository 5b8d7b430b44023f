# CMake toolchain file: 32-bit Windows programs, as mingw-w64-x86_64.cmake makes those of 64 bits.
#
#   sh cmake/mingw-deps.sh build/platforms/windows-i686-deps i686
#
# SPDX-License-Identifier: Apache-2.0
set(spork_mingw_processor i686)
set(SPORK_MINGW_DEPS "${CMAKE_CURRENT_LIST_DIR}/../build/platforms/windows-i686-deps" CACHE PATH
    "Prefix of APR, CMocka, libcsv and MessagePack for mingw-w64")
include("${CMAKE_CURRENT_LIST_DIR}/mingw-w64-x86_64.cmake")
