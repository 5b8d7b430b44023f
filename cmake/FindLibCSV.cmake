# Finds libcsv, which brings neither a CMake package nor a pkg-config file, and makes the target LibCSV::csv.
# SPDX-License-Identifier: Apache-2.0

find_path(LIBCSV_INCLUDE_DIR csv.h)
find_library(LIBCSV_LIBRARY NAMES csv libcsv)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(LibCSV REQUIRED_VARS LIBCSV_LIBRARY LIBCSV_INCLUDE_DIR)
mark_as_advanced(LIBCSV_INCLUDE_DIR LIBCSV_LIBRARY)

if(LibCSV_FOUND AND NOT TARGET LibCSV::csv)
    add_library(LibCSV::csv UNKNOWN IMPORTED)
    set_target_properties(LibCSV::csv PROPERTIES IMPORTED_LOCATION "${LIBCSV_LIBRARY}"
        INTERFACE_INCLUDE_DIRECTORIES "${LIBCSV_INCLUDE_DIR}")
endif()
