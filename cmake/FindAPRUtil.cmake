# Finds apr-util 1.x and makes the target APR::util. Only the benchmarks use it: for its thread pool.
# SPDX-License-Identifier: Apache-2.0

if(NOT CMAKE_CROSSCOMPILING)
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
        pkg_check_modules(PC_APRUTIL QUIET apr-util-1)
    endif()
endif()
set(apr_util_homebrew /opt/homebrew/opt/apr-util /usr/local/opt/apr-util)
find_path(APRUtil_INCLUDE_DIR apr_thread_pool.h HINTS ${PC_APRUTIL_INCLUDE_DIRS} PATHS ${apr_util_homebrew}
    PATH_SUFFIXES apr-1 apr-1.0 include/apr-1 include/apr-1.0)
find_library(APRUtil_LIBRARY NAMES aprutil-1 libaprutil-1 HINTS ${PC_APRUTIL_LIBRARY_DIRS}
    PATHS ${apr_util_homebrew} PATH_SUFFIXES lib)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(APRUtil REQUIRED_VARS APRUtil_LIBRARY APRUtil_INCLUDE_DIR)
mark_as_advanced(APRUtil_INCLUDE_DIR APRUtil_LIBRARY)

if(APRUtil_FOUND AND NOT TARGET APR::util)
    add_library(APR::util INTERFACE IMPORTED)
    set_target_properties(APR::util PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${APRUtil_INCLUDE_DIR}"
        INTERFACE_LINK_LIBRARIES "${APRUtil_LIBRARY};APR::apr")
endif()
