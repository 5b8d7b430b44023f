# CMake toolchain file: Windows programs (x86-64) built by mingw-w64, run under Wine.
#
#   sh cmake/mingw-deps.sh build/mingw-deps
#   cmake -S . -B build/mingw -DCMAKE_TOOLCHAIN_FILE=cmake/mingw-w64-x86_64.cmake
#
# SPORK_MINGW_DEPS: where mingw-deps.sh put the libraries. SPORK_WINEPREFIX: Wine's folder for the tests.
#
# SPDX-License-Identifier: Apache-2.0

if(NOT spork_mingw_processor) # else mingw-w64-i686.cmake has included this
    set(spork_mingw_processor x86_64)
endif()
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR ${spork_mingw_processor})

set(SPORK_MINGW_DEPS "${CMAKE_CURRENT_LIST_DIR}/../build/mingw-deps" CACHE PATH
    "Prefix of APR, CMocka, libcsv and MessagePack for mingw-w64")
set(SPORK_WINEPREFIX "${CMAKE_BINARY_DIR}/wine" CACHE PATH "Wine prefix in which the tests run")
# try_compile() reads this file again, in a scratch folder: it must see the same values.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES SPORK_MINGW_DEPS SPORK_WINEPREFIX)
get_filename_component(spork_mingw_deps "${SPORK_MINGW_DEPS}" ABSOLUTE)

set(CMAKE_C_COMPILER ${spork_mingw_processor}-w64-mingw32-gcc)
set(CMAKE_RC_COMPILER ${spork_mingw_processor}-w64-mingw32-windres)

set(CMAKE_FIND_ROOT_PATH "${spork_mingw_deps}" /usr/${spork_mingw_processor}-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
# pkg-config must not answer with the build machine's libraries.
set(ENV{PKG_CONFIG_LIBDIR} "${spork_mingw_deps}/lib/pkgconfig")
set(ENV{PKG_CONFIG_PATH} "")

# APR's formats for printf (APR_SIZE_T_FMT) are Microsoft's on Windows, which -pedantic takes for a slip.
set(CMAKE_C_FLAGS_INIT "-Wno-pedantic-ms-format")

# Programs that need no DLL beside them. The static libraries are made for a static runtime.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-static -static-libgcc")
set(CMAKE_SHARED_LINKER_FLAGS_INIT "-static-libgcc")

set(CMAKE_CROSSCOMPILING_EMULATOR
    sh "${CMAKE_CURRENT_LIST_DIR}/run-under-wine.sh" "${SPORK_WINEPREFIX}")
