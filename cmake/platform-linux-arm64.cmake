# CMake toolchain file: Linux on 64-bit ARM, by Debian's cross compiler; tests run under qemu-aarch64.
# SPDX-License-Identifier: Apache-2.0
set(spork_platform linux-arm64)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
include("${CMAKE_CURRENT_LIST_DIR}/platform-cross.cmake")
spork_debian_cross(aarch64-linux-gnu ld-linux-aarch64.so.1)
set(CMAKE_CROSSCOMPILING_EMULATOR sh "${CMAKE_CURRENT_LIST_DIR}/run-under-qemu.sh" aarch64)
