# The program in the comment at the beginning of spork.h is that of docs/guide/header.c.
#   cmake -DROOT=project's folder -P header.cmake
# SPDX-License-Identifier: Apache-2.0
cmake_policy(VERSION 3.20)
include("${CMAKE_CURRENT_LIST_DIR}/listings.cmake")

listing(program docs/guide/header.c header)
string(REGEX REPLACE "\n$" "" program "${program}")
string(REPLACE "\n" "\n *     " program "\n${program}")
string(REPLACE "\n *     \n" "\n *\n" program "${program}")
file(READ "${ROOT}/include/spork.h" header)
string(REPLACE "\r\n" "\n" header "${header}")
string(FIND "${header}" "${program}\n" at)
if(at EQUAL -1)
    message(FATAL_ERROR "include/spork.h does not have:${program}")
endif()
