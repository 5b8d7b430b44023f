# CMake toolchain file: Linux on x86-64 with musl as its C library, all static; this machine runs the programs.
# SPDX-License-Identifier: Apache-2.0
set(spork_platform linux-musl)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
include("${CMAKE_CURRENT_LIST_DIR}/platform-cross.cmake")
set(CMAKE_C_COMPILER musl-gcc)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static")
