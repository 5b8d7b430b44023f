# How every target of this project is compiled, and what spork.pc says.
# SPDX-License-Identifier: Apache-2.0

# ISO C11 with the house's warnings. On the target, not in CMAKE_C_FLAGS: probes and dependants stay as
# they are. POSIX is asked for by name and version; whoever needs more of a system says so in his file.
function(spork_target_defaults target)
    set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
        POSITION_INDEPENDENT_CODE ON
        C_VISIBILITY_PRESET hidden)
    if(MSVC)
        target_compile_options(${target} PRIVATE /W4 /experimental:c11atomics /utf-8 $<$<BOOL:${SPORK_WERROR}>:/WX>)
        target_compile_definitions(${target} PRIVATE _CRT_SECURE_NO_WARNINGS)
    else()
        target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes
            -pedantic-errors $<$<BOOL:${SPORK_WERROR}>:-Werror>)
        if(MINGW AND CMAKE_C_COMPILER_ID STREQUAL "GNU") # APR_SIZE_T_FMT is "I64u" there, and apr_vsnprintf() reads it
            target_compile_options(${target} PRIVATE -Wno-pedantic-ms-format)
        endif()
    endif()
    if(WIN32)
        target_compile_definitions(${target} PRIVATE _WIN32_WINNT=0x0A00)
    else()
        target_compile_definitions(${target} PRIVATE _POSIX_C_SOURCE=200809L)
        if(CMAKE_SIZEOF_VOID_P EQUAL 4) # glibc has to be asked for files beyond 2 GiB: logs, journals
            target_compile_definitions(${target} PRIVATE _FILE_OFFSET_BITS=64)
        endif()
    endif()
    if(SPORK_SANITIZE)
        target_compile_options(${target} PRIVATE -fsanitize=${SPORK_SANITIZE} -fno-sanitize-recover=all
            -fno-omit-frame-pointer)
        target_link_options(${target} PRIVATE -fsanitize=${SPORK_SANITIZE})
        if(SPORK_SANITIZE STREQUAL "thread" AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
            # It does not know atomic_thread_fence(), and says so at each. Ours are between processes.
            target_compile_options(${target} PRIVATE -Wno-tsan)
        endif()
    endif()
    if(SPORK_COVERAGE)
        spork_count_lines(${target})
    endif()
endfunction()

# For tools/coverage. A program writes the counts down when it ends, by _exit() as well, which workers end by, and children
# that were forked count from 0: tests/support/posix_coverage.c.
function(spork_count_lines target)
    get_target_property(type ${target} TYPE)
    target_compile_options(${target} PRIVATE --coverage)
    if(type STREQUAL "EXECUTABLE")
        target_sources(${target} PRIVATE ${spork_SOURCE_DIR}/tests/support/posix_coverage.c)
        target_link_options(${target} PRIVATE --coverage LINKER:--wrap=_exit LINKER:--wrap=_Exit)
    endif()
endfunction()

# A program of this project: an example, a test, a benchmark. It stands directly in its build folder,
# also with generators that would put it into Release/ or Debug/.
function(spork_add_executable name)
    add_executable(${name} ${ARGN})
    spork_target_defaults(${name})
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY $<1:${CMAKE_CURRENT_BINARY_DIR}>)
    target_link_libraries(${name} PRIVATE APR::apr) # they call it themselves; a shared spork does not hand it on
endfunction()

# spork.pc finds its own prefix from where it lies, however deep CMAKE_INSTALL_LIBDIR is. Where there is a shared library,
# what only that needs is private: `pkg-config --static` says it. Its headers' flags pkg-config says always.
function(spork_configure_pkg_config file)
    file(RELATIVE_PATH up "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
    string(REGEX REPLACE "/$" "" PKG_CONFIG_PREFIX "\${pcfiledir}/${up}")
    list(TRANSFORM system_libraries PREPEND "-l" OUTPUT_VARIABLE PKG_CONFIG_LIBS)
    string(JOIN " " PKG_CONFIG_LIBS ${PKG_CONFIG_LIBS} ${CMAKE_THREAD_LIBS_INIT})
    if(BUILD_SHARED_LIBS OR SPORK_BUILD_BOTH)
        string(CONCAT PKG_CONFIG_LINES "Requires.private: apr-1\nLibs: -L\${libdir} -lspork\n"
            "Libs.private: ${PKG_CONFIG_LIBS}")
    else()
        set(PKG_CONFIG_LINES "Requires: apr-1\nLibs: -L\${libdir} -lspork ${PKG_CONFIG_LIBS}")
    endif()
    configure_file("${PROJECT_SOURCE_DIR}/cmake/spork.pc.in" ${file} @ONLY)
endfunction()
