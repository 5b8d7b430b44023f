# CMake toolchain file: Linux on 32-bit x86, by Debian's cross compiler. A 64-bit kernel runs its programs itself.
# SPDX-License-Identifier: Apache-2.0
set(spork_platform linux-i386)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR i686)
include("${CMAKE_CURRENT_LIST_DIR}/platform-cross.cmake")
spork_debian_cross(i686-linux-gnu ld-linux.so.2)
set(CMAKE_C_FLAGS_INIT "-Wno-psabi") # 64-bit atomics were aligned otherwise before gcc 11, which is nobody's here
