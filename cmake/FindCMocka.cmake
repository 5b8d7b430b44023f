# Finds CMocka and makes the target CMocka::cmocka. Its own package names its library in three ways, by
# version; the header and the library by themselves do not change.
# SPDX-License-Identifier: Apache-2.0

if(NOT CMAKE_CROSSCOMPILING)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
        pkg_check_modules(PC_CMOCKA QUIET cmocka)
    endif()
endif()
find_path(CMOCKA_INCLUDE_DIR cmocka.h HINTS ${PC_CMOCKA_INCLUDE_DIRS})
find_library(CMOCKA_LIBRARY NAMES cmocka cmocka-static HINTS ${PC_CMOCKA_LIBRARY_DIRS})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(CMocka REQUIRED_VARS CMOCKA_LIBRARY CMOCKA_INCLUDE_DIR
    REASON_FAILURE_MESSAGE "install libcmocka-dev (Debian), libcmocka-devel (Fedora) or cmocka, or set SPORK_BUILD_TESTS=OFF")
mark_as_advanced(CMOCKA_INCLUDE_DIR CMOCKA_LIBRARY)

if(CMocka_FOUND AND NOT TARGET CMocka::cmocka)
    add_library(CMocka::cmocka UNKNOWN IMPORTED)
    set_target_properties(CMocka::cmocka PROPERTIES IMPORTED_LOCATION "${CMOCKA_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${CMOCKA_INCLUDE_DIR}")
endif()
