# CMake toolchain file: FreeBSD on x86-64, by zig, which has the system's headers and link libraries. Nothing here can run what it makes.
# SPDX-License-Identifier: Apache-2.0
set(spork_platform freebsd-x86_64)
set(CMAKE_SYSTEM_NAME FreeBSD)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
include("${CMAKE_CURRENT_LIST_DIR}/platform-cross.cmake")
spork_zig_cross()
