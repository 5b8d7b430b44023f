#!/bin/sh
# That every package is of the version in include/spork.h, and what can be said of the formula without Homebrew.
# SPDX-License-Identifier: Apache-2.0
set -eu
cd "$(dirname "$0")/../.."
version=$(sed -n 's/^#define SPORK_VERSION_STRING "\(.*\)"/\1/p' include/spork.h)
numbers=$(sed -n 's/^#define SPORK_VERSION_\(MAJOR\|MINOR\|PATCH\) \([0-9]*\).*/\2/p' include/spork.h | tr '\n' '.')
abi=$(sed -n 's/^set(SPORK_ABI \([0-9]*\))$/\1/p' cmake/SporkLibrary.cmake)
fails=0

# says FILE PATTERN: a line of the file matches
says() {
    if ! grep -qE "$2" "$1"; then
        echo "versions: $1 does not say $2" >&2
        fails=1
    fi
}

escaped=$(printf '%s' "$version" | sed 's/[.]/[.]/g')
[ "$numbers" = "$version." ] || { echo "versions: the numbers in include/spork.h differ: $numbers, $version" >&2; fails=1; }
says meson.build "version: '$escaped'"
says debian/changelog "^spork \($escaped-"
says "debian/libspork$abi.symbols" "^libspork[.]so[.]$abi libspork$abi "
says debian/control "^Package: libspork$abi$"
says packaging/vcpkg/ports/spork/vcpkg.json "\"version\": \"$escaped\""
says packaging/homebrew/spork.rb "/spork-${escaped}[.]tar[.]gz\""
says packaging/meson/spork.wrap "^directory = spork-$escaped$"
says packaging/meson/spork.wrap "^source_url = .*/spork-${escaped}[.]tar[.]gz$"
says CHANGELOG.md "^## \[$escaped\] - "
minor=$(printf '%s' "$version" | sed 's/[.][0-9]*$//; s/[.]/[.]/g')
says examples/adopters/jpegopt/CMakeLists.txt "find_package[(]spork $minor REQUIRED[)]"
newest=$(sed -n '1s/.*(\([^-]*\)-.*/\1/p' debian/changelog)
[ "$newest" = "$version" ] || { echo "versions: debian/changelog begins with $newest" >&2; fails=1; }

if command -v ruby >/dev/null 2>&1; then
    ruby -c packaging/homebrew/spork.rb >/dev/null || fails=1
else
    echo 'versions: the formula is not looked at, there is no Ruby'
fi
[ $fails -ne 0 ] || echo "versions: all are of $version"
exit $fails
