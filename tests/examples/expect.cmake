# Running an example and looking at all that it says.
#   cmake -DPROGRAM=… -DSTART=fork|spawn|inline [-DEMULATOR=word|word…] -P this folder's *.cmake
# EMULATOR: what runs PROGRAM where this system cannot (Wine), its words parted by "|".
# SPDX-License-Identifier: Apache-2.0

foreach(name IN ITEMS PROGRAM START)
    if(NOT DEFINED ${name})
        message(FATAL_ERROR "say -D${name}=…")
    endif()
endforeach()
string(REPLACE "|" ";" command "${EMULATOR}")
list(APPEND command "${PROGRAM}")
set(ENV{SPORK_START} ${START})
unset(ENV{SPORK_WORKERS})
if(DEFINED EMULATOR)
    set(ENV{LC_ALL} C.UTF-8) # Wine takes the encoding of file names from it
endif()

# fail(WORDS): with all that the last run said
function(fail words)
    message(NOTICE "${words}\nexit status: ${code}\nstdout:\n${out}\nstderr:\n${err}")
    message(FATAL_ERROR "not as promised: see above")
endfunction()

# run(FOLDER CODE ARGUMENT…): run there, within a minute, and expect that exit status; sets out and err
macro(run folder expected)
    execute_process(COMMAND ${command} ${ARGN} WORKING_DIRECTORY "${folder}" TIMEOUT 60
        RESULT_VARIABLE code OUTPUT_VARIABLE out ERROR_VARIABLE err)
    string(REPLACE "\r\n" "\n" out "${out}")
    string(REPLACE "\r\n" "\n" err "${err}")
    string(REGEX REPLACE "^making the Wine prefix [^\n]*\n" "" err "${err}")
    if(NOT code STREQUAL "${expected}")
        fail("expected exit status ${expected} of: ${ARGN}")
    endif()
endmacro()

# expect(VARIABLE REGEX): what it said there matches
function(expect where regex)
    if(NOT "${${where}}" MATCHES "${regex}")
        fail("expected in ${where}: ${regex}")
    endif()
endfunction()

function(expect_silence where)
    if(NOT "${${where}}" STREQUAL "")
        fail("expected nothing in ${where}")
    endif()
endfunction()

# expect_file(VARIABLE FILE): it said this, byte for byte
function(expect_file where file)
    file(READ "${file}" wanted)
    if(NOT "${${where}}" STREQUAL "${wanted}")
        fail("expected in ${where}:\n${wanted}")
    endif()
endfunction()

# expect_no_dash(FOLDER CODE ARGUMENT…): a lone "-" among these is wrong usage, in plain words
macro(expect_no_dash folder expected)
    run("${folder}" ${expected} ${ARGN})
    expect_silence(out)
    expect(err "^[a-z_]+([.]exe)?: '-' is no file here: .*\nTry '[a-z_]+ --help'[.]\n$")
endmacro()

# expect_no_room(FOLDER CODE ARGUMENT…): what it prints goes to a device that is full: a line on stderr, and that status
macro(expect_no_room folder expected)
    if(EXISTS /dev/full AND NOT DEFINED EMULATOR)
        execute_process(COMMAND ${command} ${ARGN} WORKING_DIRECTORY "${folder}" TIMEOUT 60
            RESULT_VARIABLE code OUTPUT_FILE /dev/full ERROR_VARIABLE err)
        set(out)
        if(NOT code STREQUAL "${expected}")
            fail("expected exit status ${expected}, without room, of: ${ARGN}")
        endif()
        expect(err "[a-z_]+: cannot write [^\n]*\n$")
    endif()
endmacro()
