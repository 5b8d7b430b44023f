# The library in its two forms, and its ABI.
# SPDX-License-Identifier: Apache-2.0

# The number in libspork.so.N. Raised by one with each release that takes away or changes what the last one exported, and
# by that only: it has nothing to do with the version's numbers. tests/package/ watches over it.
set(SPORK_ABI 0)

# What the source is compiled with where a shared library is made of it: the rest stays hidden. Both forms are made of
# the same objects then. A static library alone hides everything, so that what embeds it does not export it again.
function(spork_export_api target)
    if(WIN32)
        target_compile_definitions(${target} PRIVATE "SPORK_API=__declspec(dllexport)")
    else()
        target_compile_definitions(${target} PRIVATE "SPORK_API=__attribute__((visibility(\"default\")))")
        if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
            # what the library calls of its own is its own, and can be inlined, whatever a program defines under that name
            target_compile_options(${target} PRIVATE -fno-semantic-interposition)
        endif()
    endif()
endfunction()

# The same bytes whatever folders it is built in, tools/reproducible: none is named in what is optimised, neither in what the
# debugger reads nor by __FILE__. (Paths there count from the project's folder: that is where to start the debugger.) Of several
# that match gcc takes the last one, clang the longest.
include(CheckCCompilerFlag)
check_c_compiler_flag(-ffile-prefix-map=/a=/b SPORK_PREFIX_MAP)
function(spork_forget_folders target)
    if(SPORK_PREFIX_MAP)
        target_compile_options(${target} PRIVATE
            "$<$<NOT:$<CONFIG:Debug>>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}=.>"
            "$<$<NOT:$<CONFIG:Debug>>:-ffile-prefix-map=${PROJECT_BINARY_DIR}=.>")
    endif()
endfunction()

# An archive has no times and no users in it, however binutils were configured. (Apple's and BSD's ar know no D.)
if(CMAKE_AR AND spork_top_level)
    execute_process(COMMAND ${CMAKE_AR} --version OUTPUT_VARIABLE spork_ar ERROR_QUIET)
    if(spork_ar MATCHES "GNU ar")
        set(CMAKE_C_ARCHIVE_CREATE "<CMAKE_AR> qcD <TARGET> <LINK_FLAGS> <OBJECTS>")
        set(CMAKE_C_ARCHIVE_APPEND "<CMAKE_AR> qD <TARGET> <LINK_FLAGS> <OBJECTS>")
        set(CMAKE_C_ARCHIVE_FINISH "<CMAKE_RANLIB> -D <TARGET>")
    endif()
endif()

# spork_add_library(NAME STATIC|SHARED): of the objects that are compiled once for all forms
function(spork_add_library name form)
    add_library(${name} ${form} $<TARGET_OBJECTS:spork_core_objects> $<TARGET_OBJECTS:spork_backend_objects>)
    set_target_properties(${name} PROPERTIES OUTPUT_NAME spork EXPORT_NAME spork LINKER_LANGUAGE C
        VERSION ${SPORK_ABI}.${PROJECT_VERSION_MINOR}.${PROJECT_VERSION_PATCH} SOVERSION ${SPORK_ABI})
    target_include_directories(${name} PUBLIC $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${name} PRIVATE Threads::Threads ${system_libraries})
    if(form STREQUAL "SHARED")
        # spork.h needs APR's headers. A program that calls APR itself links it itself.
        target_link_libraries(${name} PUBLIC APR::headers PRIVATE APR::apr)
        if(CMAKE_SYSTEM_NAME STREQUAL "Linux" AND NOT SPORK_SANITIZE)
            target_link_options(${name} PRIVATE LINKER:-z,defs LINKER:-Bsymbolic-functions)
        endif()
        if(SPORK_SANITIZE)
            target_link_options(${name} PRIVATE -fsanitize=${SPORK_SANITIZE})
        endif()
    else()
        target_link_libraries(${name} PUBLIC APR::apr)
    endif()
    if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.23)
        target_sources(${name} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/include
            FILES ${PROJECT_SOURCE_DIR}/include/spork.h)
    else()
        target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>)
        set_target_properties(${name} PROPERTIES PUBLIC_HEADER ${PROJECT_SOURCE_DIR}/include/spork.h)
    endif()
endfunction()

# spork_install_library(NAME): the package has a file of targets for each form, spork-static-targets.cmake and
# spork-shared-targets.cmake, in which the one target is spork::spork.
function(spork_install_library name)
    get_target_property(form ${name} TYPE)
    string(REGEX REPLACE "_LIBRARY$" "" form ${form})
    string(TOLOWER ${form} form)
    if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.23)
        set(headers FILE_SET HEADERS COMPONENT development)
    else()
        set(headers PUBLIC_HEADER DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
    endif()
    install(TARGETS ${name} EXPORT spork-${form}-targets ${headers}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT development
        RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT runtime
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT runtime NAMELINK_COMPONENT development)
    install(EXPORT spork-${form}-targets NAMESPACE spork:: DESTINATION ${package_dir} COMPONENT development)
endfunction()
