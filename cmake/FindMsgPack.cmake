# Finds MessagePack for C, whose package files have had a new name with each version, and makes the target MsgPack::c.
# SPDX-License-Identifier: Apache-2.0

find_path(MSGPACK_INCLUDE_DIR msgpack/pack.h)
find_library(MSGPACK_LIBRARY NAMES msgpack-c msgpackc)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(MsgPack REQUIRED_VARS MSGPACK_LIBRARY MSGPACK_INCLUDE_DIR)
mark_as_advanced(MSGPACK_INCLUDE_DIR MSGPACK_LIBRARY)

if(MsgPack_FOUND AND NOT TARGET MsgPack::c)
    add_library(MsgPack::c UNKNOWN IMPORTED)
    set_target_properties(MsgPack::c PROPERTIES IMPORTED_LOCATION "${MSGPACK_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${MSGPACK_INCLUDE_DIR}")
endif()
