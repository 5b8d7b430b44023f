# Finds the Apache Portable Runtime 1.x and makes the target APR::apr, and APR::headers for what needs no more than these.
# APR_IS_STATIC says which form of it (on Windows, where the two differ for the compiler, too).
# SPDX-License-Identifier: Apache-2.0
#
# In this order: the package that newer APRs install themselves (vcpkg has it), what pkg-config says, a
# prefix in CMAKE_PREFIX_PATH (the cross-built one for mingw-w64), and where Homebrew hides it. Of
# pkg-config only the places are taken: Debian's apr-1.pc also says -D_GNU_SOURCE, which would let slips
# pass that fail on macOS and the BSDs.

find_package(apr CONFIG QUIET)
foreach(candidate apr::apr-1 apr::libapr-1)
    if(TARGET ${candidate} AND NOT TARGET APR::apr)
        get_target_property(APR_INCLUDE_DIR ${candidate} INTERFACE_INCLUDE_DIRECTORIES)
        set(APR_LIBRARY ${candidate})
        string(COMPARE EQUAL ${candidate} apr::apr-1 apr_is_static)
    endif()
endforeach()

if(NOT APR_LIBRARY)
    if(NOT CMAKE_CROSSCOMPILING)
        find_package(PkgConfig QUIET)
        if(PkgConfig_FOUND)
            pkg_check_modules(PC_APR QUIET apr-1)
        endif()
    endif()
    set(apr_homebrew /opt/homebrew/opt/apr /usr/local/opt/apr)
    find_path(APR_INCLUDE_DIR apr.h HINTS ${PC_APR_INCLUDE_DIRS} PATHS ${apr_homebrew}
        PATH_SUFFIXES apr-1 apr-1.0 include/apr-1 include/apr-1.0)
    find_library(APR_LIBRARY NAMES apr-1 libapr-1 HINTS ${PC_APR_LIBRARY_DIRS} PATHS ${apr_homebrew} PATH_SUFFIXES lib)
endif()
if(NOT DEFINED apr_is_static AND APR_LIBRARY)
    # libapr-1.dll.a and MSVC's libapr-1.lib stand for a DLL; libapr-1.a and MSVC's apr-1.lib are the thing.
    if(APR_LIBRARY MATCHES "\\.dll\\.a$|/libapr-1\\.lib$")
        set(apr_is_static OFF)
    else()
        set(apr_is_static ON)
    endif()
endif()

foreach(dir IN LISTS APR_INCLUDE_DIR)
    if(EXISTS "${dir}/apr_version.h")
        file(STRINGS "${dir}/apr_version.h" apr_numbers REGEX "^#define APR_(MAJOR|MINOR|PATCH)_VERSION +[0-9]+")
        string(REGEX REPLACE "[^;0-9]*([0-9]+)[^;]*" "\\1" apr_numbers "${apr_numbers}")
        string(REPLACE ";" "." APR_VERSION "${apr_numbers}")
    endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(APR REQUIRED_VARS APR_LIBRARY APR_INCLUDE_DIR VERSION_VAR APR_VERSION
    REASON_FAILURE_MESSAGE "install libapr1-dev (Debian), apr-devel (Fedora) or apr, or name its prefix in CMAKE_PREFIX_PATH")
mark_as_advanced(APR_INCLUDE_DIR APR_LIBRARY)

set(APR_IS_STATIC ${apr_is_static})
# Global: they are a part of what spork::spork means, also where spork is a subproject's subproject. A parent project may have
# an APR::apr of its own: then that is linked.
if(APR_FOUND AND NOT TARGET APR::headers)
    add_library(APR::headers INTERFACE IMPORTED GLOBAL)
    set_target_properties(APR::headers PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${APR_INCLUDE_DIR}")
    if(WIN32 AND apr_is_static)
        set_property(TARGET APR::headers PROPERTY INTERFACE_COMPILE_DEFINITIONS APR_DECLARE_STATIC)
    elseif(CMAKE_SYSTEM_NAME STREQUAL "Linux")
        # apr.h names off64_t, which glibc and musl have under this name only.
        set_property(TARGET APR::headers PROPERTY INTERFACE_COMPILE_DEFINITIONS _LARGEFILE64_SOURCE)
    endif()
endif()
if(APR_FOUND AND NOT TARGET APR::apr)
    add_library(APR::apr INTERFACE IMPORTED GLOBAL)
    set_target_properties(APR::apr PROPERTIES INTERFACE_LINK_LIBRARIES "APR::headers;${APR_LIBRARY}")
    if(WIN32 AND apr_is_static)
        set_property(TARGET APR::apr APPEND PROPERTY INTERFACE_LINK_LIBRARIES
            ws2_32 mswsock rpcrt4 advapi32 shell32 iphlpapi)
    endif()
endif()
