# What qemu-user cannot run, each with the reason: included last by tests/CMakeLists.txt where it is the emulator. tools/platforms
# prints it, from left_out.txt. A whole test is left out by being disabled, which ctest says; a function of one by
# SPORK_TEST_SKIP, which the test says.
# SPDX-License-Identifier: Apache-2.0

set(left_out)

# leave_out(REASON TEST[:FUNCTION]…): a test of ctest's, or with every start method; or a function in it
function(leave_out reason)
    foreach(what IN LISTS ARGN)
        string(REGEX MATCH "^[^:]+" test ${what})
        string(REGEX MATCH "[^:]+$" named ${what})
        set(found)
        foreach(name IN ITEMS ${test} ${test}.fork ${test}.spawn ${test}.inline)
            if(NOT TEST ${name})
                continue()
            endif()
            list(APPEND found ${name})
            if(what MATCHES ":")
                set_property(TEST ${name} APPEND PROPERTY ENVIRONMENT "SPORK_TEST_SKIP=${named}")
            else()
                set_tests_properties(${name} PROPERTIES DISABLED ON)
            endif()
        endforeach()
        if(NOT found)
            message(FATAL_ERROR "tests/left_out.cmake: there is no test ${test}")
        endif()
        string(APPEND left_out "- ${what}: ${reason}\n")
    endforeach()
    set(left_out "${left_out}" PARENT_SCOPE)
endfunction()

leave_out("a failed start shows as a start, for qemu makes vfork() a fork(): what the child says of exec() does not arrive"
    contract.process:a_program_that_is_not_there_is_an_error)

file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/left_out.txt" "${left_out}")
