# CMake toolchain file: macOS on arm64, by zig, which has the system's headers and link libraries. Nothing here can run what it makes.
# SPDX-License-Identifier: Apache-2.0
set(spork_platform macos-arm64)
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_PROCESSOR arm64)
include("${CMAKE_CURRENT_LIST_DIR}/platform-cross.cmake")
spork_zig_cross()
# They would be asked for an SDK, and for Apple's own tools.
set(CMAKE_OSX_SYSROOT "" CACHE STRING "")
set(CMAKE_OSX_DEPLOYMENT_TARGET "" CACHE STRING "")
set(CMAKE_SKIP_RPATH ON)
