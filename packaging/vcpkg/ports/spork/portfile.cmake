# An overlay port: builds the checkout that it lies in. Not run by vcpkg in this project's CI, only by stand-ins of the vcpkg_
# functions: see packaging/README.md.
# SPDX-License-Identifier: Apache-2.0
get_filename_component(SOURCE_PATH "${CMAKE_CURRENT_LIST_DIR}/../../../.." ABSOLUTE)

# static or shared is the triplet's choice, as BUILD_SHARED_LIBS; a shared one needs APR as a DLL, which the same triplet gives
vcpkg_cmake_configure(
    SOURCE_PATH "${SOURCE_PATH}"
    OPTIONS
        -DSPORK_BUILD_TESTS=OFF
        -DSPORK_BUILD_EXAMPLES=OFF
        -DSPORK_BUILD_BENCH=OFF
)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(PACKAGE_NAME spork CONFIG_PATH lib/cmake/spork)
vcpkg_fixup_pkgconfig()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include" "${CURRENT_PACKAGES_DIR}/debug/share"
    "${CURRENT_PACKAGES_DIR}/share/doc")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
