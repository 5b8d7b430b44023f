# CMake toolchain file: Linux on IBM Z, which is big-endian, by Debian's cross compiler; tests run under qemu-s390x.
# SPDX-License-Identifier: Apache-2.0
set(spork_platform linux-s390x)
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR s390x)
include("${CMAKE_CURRENT_LIST_DIR}/platform-cross.cmake")
spork_debian_cross(s390x-linux-gnu ld64.so.1)
set(CMAKE_CROSSCOMPILING_EMULATOR sh "${CMAKE_CURRENT_LIST_DIR}/run-under-qemu.sh" s390x)
