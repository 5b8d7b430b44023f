# CMake toolchain file: Linux on 32-bit ARM with an FPU, by Debian's cross compiler; tests run under qemu-arm.
# SPDX-License-Identifier: Apache-2.0
set(spork_platform linux-armhf)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR armv7)
include("${CMAKE_CURRENT_LIST_DIR}/platform-cross.cmake")
spork_debian_cross(arm-linux-gnueabihf ld-linux-armhf.so.3)
set(CMAKE_CROSSCOMPILING_EMULATOR sh "${CMAKE_CURRENT_LIST_DIR}/run-under-qemu.sh" arm)
