# CMake toolchain file: Windows on 64-bit ARM, by zig. To compile only: of APR there are the headers here, not the library.
# SPDX-License-Identifier: Apache-2.0
set(spork_platform windows-arm64)
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
include("${CMAKE_CURRENT_LIST_DIR}/platform-cross.cmake")
spork_zig_cross()
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres) # CMake asks for one; nothing here has resources
# APR's formats for printf (APR_SIZE_T_FMT) are Microsoft's on Windows, which -pedantic takes for a slip; zig names the oldest
# Windows itself, in other letters.
set(CMAKE_C_FLAGS_INIT "-Wno-format-non-iso -Wno-macro-redefined")
