# A listing's program prints what the document says: nothing else, and nothing on stderr.
#   cmake -DROOT=project's folder -DDOCUMENT=… -DFILE=… -DPROGRAM=… -DSTART=… [-DEMULATOR=…] -DSCRATCH=… -P run.cmake
# SPDX-License-Identifier: Apache-2.0
cmake_policy(VERSION 3.20)
include("${CMAKE_CURRENT_LIST_DIR}/listings.cmake")
include("${CMAKE_CURRENT_LIST_DIR}/../examples/expect.cmake")

file(REMOVE_RECURSE "${SCRATCH}")
file(MAKE_DIRECTORY "${SCRATCH}")
promised_output(wanted "${DOCUMENT}" "${FILE}" ${START})
run("${SCRATCH}" 0)
if(NOT "${out}" STREQUAL "${wanted}")
    fail("expected on stdout:\n${wanted}")
endif()
expect_silence(err)
