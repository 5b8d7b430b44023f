# Listings in documents, and what they print. In a document stands
#
#   <!-- listing: FILE -->             in the line before ```c or ```python: the block is FILE's text, below its first comment
#   <!-- listing: FILE, part WORDS --> … what stands in FILE between /* [WORDS] */ and /* [end] */
#   <!-- output: FILE -->              in the line before ```text: what the program of FILE prints
#   <!-- output: FILE, START -->       … under this start method
#
# FILE counts from the project's folder. Texts are only ever handed on in quotes: they hold brackets and semicolons.
# SPDX-License-Identifier: Apache-2.0

# listing(VARIABLE FILE PART): the text; PART may be ""
function(listing variable file part)
    file(READ "${ROOT}/${file}" text)
    string(REPLACE "\r\n" "\n" text "${text}")
    if(file MATCHES "[.]py$")
        string(REGEX REPLACE "^(#[^\n]*\n)+\n*" "" text "${text}")
    elseif(part STREQUAL "")
        string(FIND "${text}" "*/\n" begin)
        if(NOT "${text}" MATCHES "^/[*]")
            message(FATAL_ERROR "${file} does not begin with a comment")
        endif()
        math(EXPR begin "${begin} + 3")
        string(SUBSTRING "${text}" ${begin} -1 text)
        string(REGEX REPLACE "^\n" "" text "${text}")
    else()
        string(FIND "${text}" "/* [${part}] */\n" begin)
        if(begin EQUAL -1)
            message(FATAL_ERROR "${file} has no part /* [${part}] */")
        endif()
        string(LENGTH "/* [${part}] */\n" length)
        math(EXPR begin "${begin} + ${length}")
        string(SUBSTRING "${text}" ${begin} -1 text)
        string(REGEX MATCH "\n *[/][*] [[]end[]] [*][/]\n" end_line "${text}")
        if(end_line STREQUAL "")
            message(FATAL_ERROR "${file}: /* [${part}] */ has no /* [end] */")
        endif()
        string(FIND "${text}" "${end_line}" end)
        math(EXPR end "${end} + 1")
        string(SUBSTRING "${text}" 0 ${end} text)
    endif()
    set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# fenced(VARIABLE TEXT): what a text that begins inside of a fenced block has of it
function(fenced variable text)
    string(FIND "${text}" "\n```" end)
    math(EXPR end "${end} + 1")
    string(SUBSTRING "${text}" 0 ${end} text)
    set(${variable} "${text}" PARENT_SCOPE)
endfunction()

# promised_output(VARIABLE DOCUMENT FILE START): what the document says that it prints
function(promised_output variable document file start)
    file(READ "${ROOT}/${document}" text)
    string(REPLACE "\r\n" "\n" text "${text}")
    foreach(line IN ITEMS "<!-- output: ${file}, ${start} -->\n```text\n" "<!-- output: ${file} -->\n```text\n")
        string(FIND "${text}" "${line}" begin)
        if(NOT begin EQUAL -1)
            string(LENGTH "${line}" length)
            math(EXPR begin "${begin} + ${length}")
            string(SUBSTRING "${text}" ${begin} -1 text)
            fenced(text "${text}")
            set(${variable} "${text}" PARENT_SCOPE)
            return()
        endif()
    endforeach()
    set(${variable} "" PARENT_SCOPE)
endfunction()
